/*
 * The gateway's side of handshakes, INIT to DONE. Until an address has proven itself by its cookie
 * nothing is kept; until an AUTH has verified nothing that exists is touched. The gateway has no
 * timers: it answers, at most once in 100 ms and 16 times for one handshake.
 */
#include "session/responder.h"

#include <head2/hash.h>

static const char ctx_gateway[] = "ch2v1 hs gw";
static const char ctx_drone[] = "ch2v1 hs drone";

/* ---- INIT ---- */

static void ask(struct head2_session *s, struct half_open *h, enum job_kind kind,
                enum half_open_state state)
{
    struct head2_job *j = job_get(s, kind, OWNER_HALF_OPEN, half_slot(s, h), h->serial);

    h->state = state;
    h->wanted = j == NULL;
    if (j == NULL)
        return;
    if (kind == JOB_ENCAPS) {
        uint8_t in[9 + 20 + 32] = "ch2v1 em";
        put_be64(in + 9, s->config.incarnation);
        put_be32(in + 17, s->config.node_id);
        put_be64(in + 21, ++s->resp_counter);
        if (draw(s, in + 29, 32) != HEAD2_OK) {
            job_put(s, j);
            half_drop(s, h);
            return;
        }
        head2_sha3_256(j->m.b, in, sizeof in);
        head2_wipe(in, sizeof in);
        if (draw_kx2(s, &j->seed, suite_hybrid(h->suite)) != HEAD2_OK) {
            job_put(s, j);
            half_drop(s, h);
            return;
        }
        memcpy(j->key, h->ek, EK_BYTES);
        memcpy(j->kx2, h->kx2, KX2_BYTES);
    } else if (kind == JOB_SIGN) {
        j->ctx = ctx_gateway;
        memcpy(j->msg, h->th, sizeof j->msg);
    } else {
        j->ctx = ctx_drone;
        memcpy(j->key, s->peers[h->peer].pk, sizeof j->key);
        memcpy(j->msg, h->th, sizeof j->msg);
        memcpy(j->sig, h->auth_buf, sizeof j->sig); /* put there by open_auth */
    }
    job_start(s, j);
}

static uint16_t choose_suite(const struct head2_session *s, const struct init_msg *m)
{
    for (unsigned i = 0; i < s->n_suites; i++)
        for (unsigned j = 0; j < m->n_suites; j++)
            if (s->suites[i] == m->suites[j] && (m->kx2 != NULL || !suite_hybrid(m->suites[j])))
                return s->suites[i];
    return 0;
}

static void resend(struct head2_session *s, struct half_open *h, uint64_t fragments)
{
    if (h->reactions >= HS_REACTIONS || s->now - h->reacted < HS_REACT_GAP)
        return;
    h->reactions++;
    h->reacted = s->now;
    h->to_send |= fragments;
    half_wake(s, h);
}

static void init_again(struct head2_session *s, struct half_open *h, const struct init_entry *e)
{
    h->touched = s->now;
    if (h->state != HALF_RESP)
        return; /* RESP is being made, or AUTH has come */
    h->stride = e->r.stride;
    h->to_send &= half_all_resp(h);
    resend(s, h, half_all_resp(h));
}

static bool known_init(struct head2_session *s, struct init_entry *e, const uint8_t hash[32])
{
    unsigned same = 0;

    for (uint32_t i = index_first(&s->half_index, e->hs_id); i != INDEX_NONE;
         i = index_next(&s->half_index, i)) {
        struct half_open *h = &s->half[i];
        if (h->hs_id != e->hs_id)
            continue;
        same++;
        if (same_address(&h->from, &e->from) && memcmp(h->init_hash, hash, 32) == 0) {
            e->half_open = i;
            init_again(s, h, e);
            return true;
        }
    }
    return same >= 2; /* nobody may fill the table under one handshake's id */
}

static void init_complete(struct head2_session *s, struct init_entry *e, const uint8_t *cookie)
{
    struct init_msg m;
    uint8_t hash[32];

    if (!init_read(&m, e->buf, e->r.msg_len)) {
        count(s, HEAD2_COUNT_BAD_FRAME);
        init_drop(s, e);
        return;
    }
    if (m.version != WIRE_VERSION || m.max_version < WIRE_VERSION) {
        count(s, HEAD2_COUNT_BAD_VERSION);
        answer_hint(s, &e->from, e->hs_id, HINT_VERSION, WIRE_VERSION);
        init_drop(s, e);
        return;
    }
    if (m.auth_mode != AUTH_MODE_SIG) {
        count(s, HEAD2_COUNT_PSK_UNKNOWN);
        answer_hint(s, &e->from, e->hs_id, HINT_PSK_UNKNOWN, 0);
        init_drop(s, e);
        return;
    }
    uint16_t suite = choose_suite(s, &m);
    if (suite == 0) {
        count(s, HEAD2_COUNT_NO_SUITE);
        answer_hint(s, &e->from, e->hs_id, HINT_VERSION, 0);
        init_drop(s, e);
        return;
    }
    head2_sha3_256(hash, e->buf, e->r.msg_len);
    if (known_init(s, e, hash))
        return;
    if (!limit_half_open(s, &e->from) || !limit_handshakes(s, &e->from)) {
        count(s, s->n_half >= s->max_half ? HEAD2_COUNT_HALF_OPEN_FULL : HEAD2_COUNT_RATE);
        answer_hint(s, &e->from, e->hs_id, HINT_BUSY, 500);
        init_drop(s, e);
        return;
    }
    struct half_open *h = half_new(s);
    if (h == NULL)
        return;
    s->n_half++;
    h->serial = ++s->serial;
    h->hs_id = e->hs_id;
    h->from = e->from;
    memcpy(h->init_hash, hash, sizeof hash);
    memcpy(h->cookie, cookie, COOKIE_BYTES);
    memcpy(h->ek, m.ek, EK_BYTES);
    copy_bytes(h->kx2, m.kx2, suite_hybrid(suite) ? KX2_BYTES : 0);
    h->created = h->touched = s->now;
    h->stride = e->r.stride;
    h->suite = suite;
    h->tunnel = INDEX_NONE;
    h->wire_bytes = (uint64_t)e->r.msg_len + (uint64_t)e->r.cnt * FRAME_OVERHEAD +
                    2 * FRAME_OVERHEAD + HELLO_BYTES + RETRY_BYTES;
    transcript_start(h->th);
    transcript(h->th, h->th, 0x03, e->buf, e->r.msg_len);
    e->half_open = half_slot(s, h);
    index_add(&s->half_index, h->hs_id, half_slot(s, h));
    ask(s, h, JOB_ENCAPS, HALF_ENCAPS);
}

static void take_init(struct head2_session *s, const struct head2_address *from,
                      const struct frame *f)
{
    struct init_entry *e = init_find(s, from, f);
    if (e == NULL) {
        count(s, HEAD2_COUNT_HALF_OPEN_FULL);
        return;
    }
    e->touched = s->now;
    bool news = reassembly_add(&e->r, f->idx, f->body, f->body_len);
    if (e->half_open != INDEX_NONE)
        init_again(s, &s->half[e->half_open], e);
    else if (news && reassembly_complete(&e->r))
        init_complete(s, e, f->cookie);
}

static void encaps_done(struct head2_session *s, struct half_open *h, struct head2_job *j)
{
    static const uint8_t no_psk[64];
    static const char name[] = "ch2v1 rg";
    uint8_t in[8 + 20 + 32], random_g[32], mine[8 + ID_BYTES + PARAMS_BYTES];
    struct params own = own_params(s);
    struct chain early;

    memcpy(in, name, 8);
    put_be64(in + 8, s->config.incarnation);
    put_be32(in + 16, s->config.node_id);
    put_be64(in + 20, ++s->resp_counter);
    if (draw(s, in + 28, 32) != HEAD2_OK || draw(s, h->session_id, 8) != HEAD2_OK) {
        half_drop(s, h);
        return;
    }
    HEAD2_PUBLIC(h->session_id, 8, "session ids are identifiers, known to both ends");
    head2_sha3_256(random_g, in, sizeof in);
    HEAD2_PUBLIC(random_g, 32, "random_g is sent in the clear");
    const size_t clear = resp_clear_len(h->suite);
    resp_clear_write(h->resp, h->suite, random_g, j->ct, j->kx2);
    transcript(h->th, h->th, 0x04, h->resp, clear); /* th2 */
    derive_early(&early, no_psk);
    derive_handshake(&h->keys, &early, &j->ss, h->th);
    memcpy(mine, h->session_id, 8);
    memcpy(mine + 8, s->id, ID_BYTES);
    params_write(mine + 8 + ID_BYTES, &own);
    memcpy(h->resp + clear, mine, sizeof mine); /* until the box replaces it */
    memcpy(h->th5, h->th, 64);                  /* th2, until the box is sealed */
    transcript(h->th, h->th, 0x14, mine, sizeof mine);
    head2_wipe(in, sizeof in);
    ask(s, h, JOB_SIGN, HALF_SIGN);
}

static void sign_done(struct head2_session *s, struct half_open *h, const uint8_t *sig)
{
    uint8_t plain[RESP_BOX];
    uint8_t *at = plain + 8 + ID_BYTES + PARAMS_BYTES;
    uint8_t *box = h->resp + resp_clear_len(h->suite);

    memcpy(plain, box, 8 + ID_BYTES + PARAMS_BYTES);
    put_be16(at, SIG_BYTES);
    memcpy(at + 2, sig, SIG_BYTES);
    transcript(h->th, h->th, 0x24, sig, SIG_BYTES);
    head2_hmac_sha3_512(at + 2 + SIG_BYTES, h->keys.fin_g, 64, h->th, 64);
    transcript(h->th, h->th, 0x34, at + 2 + SIG_BYTES, 64); /* th5 */
    enum head2_status st = box_seal(s->box, box, &h->keys, G2D, 0, h->th5, plain, RESP_BOX);
    memcpy(h->th5, h->th, 64);
    head2_wipe(plain, sizeof plain);
    if (st != HEAD2_OK) {
        half_drop(s, h);
        return;
    }
    h->state = HALF_RESP;
    h->to_send = half_all_resp(h);
    h->reacted = s->now;
    half_wake(s, h);
}

/* ---- AUTH ---- */

static void finish(struct head2_session *s, struct half_open *h, uint16_t status)
{
    uint8_t plain[DONE_BOX] = {0};

    memcpy(plain, h->session_id, 8);
    put_be16(plain + 8, status);
    head2_wipe(&h->keys.master, sizeof h->keys.master);
    if (box_seal(s->box, h->done, &h->keys, G2D, 1, h->th, plain, DONE_BOX) != HEAD2_OK) {
        half_drop(s, h);
        return;
    }
    h->state = HALF_DONE;
    h->send_done = true;
    h->reacted = s->now;
    half_wake(s, h);
}

static void reject(struct head2_session *s, struct half_open *h, enum head2_counter why)
{
    count(s, why);
    alarm_event(s, h->peer, why);
    event_new(s, HEAD2_EVENT_REJECTED, h->peer)->counter = why;
    finish(s, h, DONE_REJECTED);
}

static uint32_t peer_by_id(const struct head2_session *s, const uint8_t id[ID_BYTES])
{
    for (uint32_t i = index_first(&s->peer_index, be64(id)); i != INDEX_NONE;
         i = index_next(&s->peer_index, i))
        if (s->peers[i].used && memcmp(s->peers[i].id, id, ID_BYTES) == 0)
            return i;
    return HEAD2_SESSION_NO_PEER;
}

/* AUTH is complete: open it, take the transcript to its end, have the signature verified. */
static void open_auth(struct head2_session *s, struct half_open *h)
{
    uint8_t plain[AUTH_BOX], fin[64];
    const uint8_t *sig = plain + ID_BYTES + PARAMS_BYTES + 2;
    uint8_t th6[64], th7[64];

    if (box_open(s->box, plain, &h->keys, D2G, 0, h->th5, h->auth_buf, AUTH_BOX) != HEAD2_OK) {
        count(s, HEAD2_COUNT_BAD_BOX);
        memset(&h->auth, 0, sizeof h->auth); /* the drone repeats it */
        return;
    }
    transcript(th6, h->th5, 0x05, plain, ID_BYTES + PARAMS_BYTES);
    transcript(th7, th6, 0x25, sig, SIG_BYTES);
    head2_hmac_sha3_512(fin, h->keys.fin_d, 64, th7, 64);
    bool fin_fits = head2_equal(fin, sig + SIG_BYTES, 64) == HEAD2_OK;
    transcript(h->th, th7, 0x35, sig + SIG_BYTES, 64); /* th8, for DONE */
    h->peer = peer_by_id(s, plain);
    if (!fin_fits) {
        reject(s, h, HEAD2_COUNT_BAD_FIN);
    } else if (h->peer == HEAD2_SESSION_NO_PEER) {
        reject(s, h, HEAD2_COUNT_BAD_ID);
    } else if (be16(sig - 2) != SIG_BYTES || !params_read(&h->params_d, plain + ID_BYTES)) {
        reject(s, h, HEAD2_COUNT_BAD_FRAME);
    } else {
        memcpy(h->auth_buf, sig, SIG_BYTES);
        memcpy(h->resp, h->th, 64); /* th8 waits while th6 is verified; RESP is not needed again */
        memcpy(h->th, th6, 64);
        ask(s, h, JOB_VERIFY, HALF_VERIFY);
    }
    head2_wipe(plain, sizeof plain);
    head2_wipe(fin, sizeof fin);
}

static void verify_done(struct head2_session *s, struct half_open *h, const struct head2_job *j)
{
    struct params own = own_params(s);

    memcpy(h->th, h->resp, 64); /* th8 */
    /* meanwhile the drone may have been removed, and its number given to another */
    if (!s->peers[h->peer].used || memcmp(s->peers[h->peer].pk, j->key, sizeof j->key) != 0) {
        h->peer = HEAD2_SESSION_NO_PEER;
        reject(s, h, HEAD2_COUNT_BAD_ID);
        return;
    }
    if (j->result != HEAD2_OK) {
        reject(s, h, HEAD2_COUNT_BAD_SIG);
        return;
    }
    struct tunnel_spec spec = {.peer = h->peer,
                               .suite = h->suite,
                               .session_id = h->session_id,
                               .th8 = h->th,
                               .master = &h->keys.master,
                               .address = h->from,
                               .began = h->created,
                               .wire_bytes = h->wire_bytes + DONE_BYTES + FRAME_OVERHEAD};
    params_agree(&spec.params, &own, &h->params_d);
    h->tunnel = tunnel_new(s, &spec);
    finish(s, h, h->tunnel != INDEX_NONE ? DONE_OK : DONE_BUSY);
}

static struct half_open *half_of(struct head2_session *s, const struct head2_address *from,
                                 const struct frame *f, const uint8_t *d)
{
    for (uint32_t i = index_first(&s->half_index, f->hs_id); i != INDEX_NONE;
         i = index_next(&s->half_index, i)) {
        struct half_open *h = &s->half[i];
        bool ready = h->state == HALF_RESP || h->state == HALF_VERIFY || h->state == HALF_DONE;
        const uint8_t *key = f->type == FRAME_AUTH ? h->keys.frag[D2G] : s->mkey[D2G];
        if (h->hs_id == f->hs_id && ready && same_address(&h->from, from) &&
            frame_check_mac(f, d, key) == HEAD2_OK)
            return h;
    }
    return NULL;
}

static void take_auth(struct head2_session *s, struct half_open *h, const struct frame *f,
                      size_t len)
{
    h->touched = s->now;
    h->wire_bytes += len;
    if (h->state == HALF_DONE && s->now - h->reacted >= HS_REACT_GAP &&
        h->reactions < HS_REACTIONS) {
        h->reactions++;
        h->reacted = s->now;
        h->send_done = true;
        half_wake(s, h);
    }
    if (h->state != HALF_RESP || f->msg_len != AUTH_BYTES)
        return;
    if (h->auth.cnt == 0 || !reassembly_fits(&h->auth, f->msg_len, f->stride, f->cnt))
        reassembly_start(&h->auth, h->auth_buf, f->msg_len, f->stride);
    bool news = reassembly_add(&h->auth, f->idx, f->body, f->body_len);
    h->auth_stride = f->stride;
    h->to_send = 0; /* RESP has arrived */
    if (reassembly_complete(&h->auth)) {
        open_auth(s, h);
    } else if (!news || f->idx + 1 == f->cnt) {
        h->send_hsack = true;
        half_wake(s, h);
    }
}

static void take_hsack(struct head2_session *s, struct half_open *h, const struct frame *f)
{
    h->touched = s->now;
    if (h->state != HALF_RESP || f->msg_len != HSACK_BYTES || f->cnt != 1 ||
        f->body[0] != FRAME_RESP)
        return;
    resend(s, h, half_all_resp(h) & ~be64(f->body + 2));
}

void responder_input(struct head2_session *s, const struct head2_address *from,
                     const struct frame *f, const uint8_t *d, size_t len)
{
    if (s->closing)
        return;
    if (f->type == FRAME_HELLO) {
        answer_hello(s, from, f, d);
        return;
    }
    if (f->type != FRAME_INIT && f->type != FRAME_AUTH && f->type != FRAME_HSACK) {
        count(s, HEAD2_COUNT_BAD_FRAME);
        return;
    }
    /* RESP goes out in the same stride, and has to fit a datagram */
    if (f->type == FRAME_INIT && (f->msg_len < INIT_BYTES || f->msg_len > INIT_MAX ||
                                  f->stride > DATAGRAM_MAX - FRAME_OVERHEAD)) {
        count(s, HEAD2_COUNT_BAD_FRAME);
        return;
    }
    if (f->type == FRAME_INIT && frame_check_mac(f, d, s->mkey[D2G]) != HEAD2_OK) {
        count(s, HEAD2_COUNT_BAD_MAC1);
        return;
    }
    if (s->cookies.made == 0 ||
        cookie_check(&s->cookies, f->cookie, s->now, from, f->hs_id) != HEAD2_OK) {
        count(s, HEAD2_COUNT_BAD_COOKIE);
        /* an AUTH is answered if it belongs to a handshake: to strangers the port is silent */
        bool known =
            f->type == FRAME_INIT || (f->type == FRAME_AUTH && half_of(s, from, f, d) != NULL);
        if (f->idx == 0 && known)
            answer_retry(s, from, f->hs_id);
        return;
    }
    if (f->type == FRAME_INIT) {
        take_init(s, from, f);
        return;
    }
    struct half_open *h = half_of(s, from, f, d);
    if (h == NULL)
        count(s, HEAD2_COUNT_BAD_MAC1);
    else if (f->type == FRAME_AUTH)
        take_auth(s, h, f, len);
    else
        take_hsack(s, h, f);
}

void responder_job_done(struct head2_session *s, struct head2_job *j)
{
    struct half_open *h = &s->half[j->slot];

    if (h->state == HALF_FREE || h->serial != j->serial || s->closing)
        return;
    if (j->kind == JOB_VERIFY) {
        verify_done(s, h, j);
    } else if (j->result != HEAD2_OK) {
        count(s, j->result == HEAD2_E_MALFORMED ? HEAD2_COUNT_BAD_EK : HEAD2_COUNT_RNG_FAIL);
        half_drop(s, h);
    } else if (j->kind == JOB_ENCAPS) {
        encaps_done(s, h, j);
    } else {
        sign_done(s, h, j->sig);
    }
}

void responder_resume(struct head2_session *s)
{
    static const enum job_kind kinds[] = {
        [HALF_ENCAPS] = JOB_ENCAPS, [HALF_SIGN] = JOB_SIGN, [HALF_VERIFY] = JOB_VERIFY};

    for (uint32_t i = 0; i < s->half_top; i++)
        if (s->half[i].wanted)
            ask(s, &s->half[i], kinds[s->half[i].state], s->half[i].state);
}
