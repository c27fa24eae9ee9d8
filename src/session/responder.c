/*
 * The gateway's side of handshakes, INIT to DONE, and a node's, which is the same without
 * signatures. Until an address has proven itself by its cookie
 * nothing is kept; until an AUTH has verified nothing that exists is touched. The gateway has no
 * timers: it answers, at most once in 100 ms and 16 times for one handshake.
 */
#include "session/responder.h"

#include <head2/hash.h>

static const char ctx_gateway[] = "ch2v1 hs gw";
static const char ctx_drone[] = "ch2v1 hs drone";

/* ---- INIT ---- */

void half_ask(struct head2_session *s, struct half_open *h, enum job_kind kind,
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
        job_message(j, ctx_gateway, h->th, sizeof h->th);
    } else {
        job_message(j, ctx_drone, h->th, sizeof h->th);
        memcpy(j->key, s->peers[h->peer].pk, sizeof j->key);
        memcpy(j->sig, h->auth_buf, sizeof j->sig); /* put there by accept_auth */
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

static void count_refused(struct head2_session *s)
{
    count(s, s->n_half >= s->max_half ? HEAD2_COUNT_HALF_OPEN_FULL : HEAD2_COUNT_RATE);
}

/* Nothing is kept of this INIT. */
static void refuse_init(struct head2_session *s, struct init_entry *e, uint16_t hint, uint32_t arg)
{
    answer_hint(s, &e->from, e->hs_id, hint, arg);
    init_drop(s, e);
}

/* A gateway takes signed handshakes, a node those that name a key of its own: that one is in k. */
static bool mode_served(struct head2_session *s, const struct init_msg *m,
                        const struct held_key **k)
{
    const bool node = s->config.role == HEAD2_ROLE_FALLBACK;

    *k = NULL;
    if (m->auth_mode != (node ? AUTH_MODE_FALLBACK : AUTH_MODE_SIG)) {
        count(s, HEAD2_COUNT_PSK_UNKNOWN);
        return false;
    }
    if (node)
        *k = node_key(s, m);
    return !node || *k != NULL;
}

/* All is well with an INIT, and there is room for its handshake. */
static void half_begin(struct head2_session *s, struct init_entry *e, const struct init_msg *m,
                       const uint8_t *cookie)
{
    struct half_open *h = half_new(s);

    if (h == NULL)
        return;
    s->n_half++;
    h->serial = ++s->serial;
    h->hs_id = e->hs_id;
    h->from = e->from;
    head2_sha3_256(h->init_hash, e->buf, e->r.msg_len);
    memcpy(h->cookie, cookie, COOKIE_BYTES);
    h->suite = choose_suite(s, m);
    h->fallback = m->auth_mode == AUTH_MODE_FALLBACK;
    memcpy(h->psk_id, m->psk_id, sizeof h->psk_id);
    memcpy(h->ek, m->ek, EK_BYTES);
    copy_bytes(h->kx2, m->kx2, suite_hybrid(h->suite) ? KX2_BYTES : 0);
    h->created = h->touched = s->now;
    h->stride = e->r.stride;
    h->tunnel = INDEX_NONE;
    h->wire_bytes = (uint64_t)e->r.msg_len + (uint64_t)e->r.cnt * FRAME_OVERHEAD +
                    2 * FRAME_OVERHEAD + HELLO_BYTES + RETRY_BYTES;
    transcript_start(h->th);
    transcript(h->th, h->th, 0x03, e->buf, e->r.msg_len);
    e->half_open = half_slot(s, h);
    index_add(&s->half_index, h->hs_id, half_slot(s, h));
    half_ask(s, h, JOB_ENCAPS, HALF_ENCAPS);
}

static void init_complete(struct head2_session *s, struct init_entry *e, const uint8_t *cookie)
{
    const struct held_key *k;
    struct init_msg m;
    uint8_t hash[32];

    if (!init_read(&m, e->buf, e->r.msg_len)) {
        count(s, HEAD2_COUNT_BAD_FRAME);
        init_drop(s, e);
        return;
    }
    if (m.version != WIRE_VERSION || m.max_version < WIRE_VERSION) {
        count(s, HEAD2_COUNT_BAD_VERSION);
        refuse_init(s, e, HINT_VERSION, WIRE_VERSION);
        return;
    }
    if (!mode_served(s, &m, &k)) {
        refuse_init(s, e, HINT_PSK_UNKNOWN, 0);
        return;
    }
    if (choose_suite(s, &m) == 0) {
        count(s, HEAD2_COUNT_NO_SUITE);
        refuse_init(s, e, HINT_VERSION, 0);
        return;
    }
    head2_sha3_256(hash, e->buf, e->r.msg_len);
    if (known_init(s, e, hash))
        return;
    if (!limit_half_open(s, &e->from) || !limit_handshakes(s, &e->from)) {
        count_refused(s);
        answer_busy(s, &e->from, e->hs_id);
        init_drop(s, e);
        return;
    }
    if (k != NULL && !node_binder_fits(k, &m, e->buf, e->r.msg_len)) {
        count(s, HEAD2_COUNT_PSK_UNKNOWN);
        refuse_init(s, e, HINT_PSK_UNKNOWN, 0);
        return;
    }
    half_begin(s, e, &m, cookie);
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

/* RESP, with the signature if there is one. */
static void make_resp(struct head2_session *s, struct half_open *h, const uint8_t *sig)
{
    const size_t sig_len = sig != NULL ? SIG_BYTES : 0, box_len = resp_box_len(sig != NULL);
    uint8_t plain[RESP_BOX];
    uint8_t *at = plain + 8 + ID_BYTES + PARAMS_BYTES;
    uint8_t *box = h->resp + resp_clear_len(h->suite);

    memcpy(plain, box, 8 + ID_BYTES + PARAMS_BYTES);
    put_be16(at, (uint16_t)sig_len);
    copy_bytes(at + 2, sig, sig_len);
    transcript(h->th, h->th, 0x24, at + 2, sig_len);
    head2_hmac_sha3_512(at + 2 + sig_len, h->keys.fin_g, 64, h->th, 64);
    transcript(h->th, h->th, 0x34, at + 2 + sig_len, 64); /* th5 */
    enum head2_status st = box_seal(s->box, box, &h->keys, G2D, 0, h->th5, plain, box_len);
    memcpy(h->th5, h->th, 64);
    head2_wipe(plain, sizeof plain);
    if (st != HEAD2_OK) {
        half_drop(s, h);
        return;
    }
    h->state = HALF_RESP;
    limit_served(s, s->now - h->created);
    h->to_send = half_all_resp(h);
    h->reacted = s->now;
    half_wake(s, h);
}

/* The keys of the handshake; false when the fallback key is gone. */
static bool derive_keys(const struct head2_session *s, struct half_open *h,
                        const struct shared_secret *ss)
{
    static const uint8_t no_psk[64];
    const struct held_key *k = h->fallback ? fallback_find(s, h->psk_id) : NULL;
    struct chain early;

    if (h->fallback && (k == NULL || !fallback_alive(s, k)))
        return false;
    derive_early(&early, k != NULL ? k->key.b : no_psk);
    derive_handshake(&h->keys, &early, ss, h->th);
    head2_wipe(&early, sizeof early);
    return true;
}

/* random_g, which no two answers share, whatever repeats in random generators. */
static bool draw_random_g(struct head2_session *s, uint8_t random_g[32])
{
    static const char name[] = "ch2v1 rg";
    uint8_t in[8 + 20 + 32];

    memcpy(in, name, 8);
    put_be64(in + 8, s->config.incarnation);
    put_be32(in + 16, s->config.node_id);
    put_be64(in + 20, ++s->resp_counter);
    if (draw(s, in + 28, 32) != HEAD2_OK)
        return false;
    head2_sha3_256(random_g, in, sizeof in);
    HEAD2_PUBLIC(random_g, 32, "random_g is sent in the clear");
    head2_wipe(in, sizeof in);
    return true;
}

static void encaps_done(struct head2_session *s, struct half_open *h, const struct head2_job *j)
{
    uint8_t random_g[32], mine[8 + ID_BYTES + PARAMS_BYTES];
    const size_t clear = resp_clear_len(h->suite);

    if (!draw_random_g(s, random_g) || draw(s, h->session_id, 8) != HEAD2_OK) {
        half_drop(s, h);
        return;
    }
    HEAD2_PUBLIC(h->session_id, 8, "session ids are identifiers, known to both ends");
    resp_clear_write(h->resp, h->suite, random_g, j->ct, j->kx2);
    transcript(h->th, h->th, 0x04, h->resp, clear); /* th2 */
    if (!derive_keys(s, h, &j->ss)) {
        half_drop(s, h);
        return;
    }
    memcpy(mine, h->session_id, 8);
    memcpy(mine + 8, s->id, ID_BYTES);
    h->params_g = own_params(s);
    params_write(mine + 8 + ID_BYTES, &h->params_g);
    memcpy(h->resp + clear, mine, sizeof mine); /* until the box replaces it */
    memcpy(h->th5, h->th, 64);                  /* th2, until the box is sealed */
    transcript(h->th, h->th, 0x14, mine, sizeof mine);
    if (h->fallback)
        make_resp(s, h, NULL);
    else
        half_ask(s, h, JOB_SIGN, HALF_SIGN);
}

/* ---- dispatch ---- */

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
    if (h->state != HALF_RESP || f->msg_len != auth_len(!h->fallback))
        return;
    if (h->auth.cnt == 0 || !reassembly_fits(&h->auth, f->msg_len, f->stride, f->cnt))
        reassembly_start(&h->auth, h->auth_buf, f->msg_len, f->stride);
    bool news = reassembly_add(&h->auth, f->idx, f->body, f->body_len);
    h->auth_stride = f->stride;
    h->to_send = 0; /* RESP has arrived */
    if (reassembly_complete(&h->auth)) {
        accept_auth(s, h);
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

/* A handshake that is new comes at a time when it would only wait. Those under way go on. */
static bool refused(const struct head2_session *s, const struct frame *f)
{
    if (!limit_reached(s))
        return false;
    for (uint32_t i = index_first(&s->init_index, f->hs_id); i != INDEX_NONE;
         i = index_next(&s->init_index, i))
        if (s->inits[i].hs_id == f->hs_id && s->inits[i].half_open != INDEX_NONE)
            return false;
    return true;
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
    const bool refuse = f->type == FRAME_INIT && refused(s, f);
    if (refuse && !answer_busy_ready(s)) { /* not even worth a MAC */
        count_refused(s);
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
    if (refuse) {
        count_refused(s);
        answer_busy(s, from, f->hs_id);
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
        accept_verified(s, h, j);
    } else if (j->result != HEAD2_OK) {
        count(s, j->result == HEAD2_E_MALFORMED ? HEAD2_COUNT_BAD_EK : HEAD2_COUNT_RNG_FAIL);
        half_drop(s, h);
    } else if (j->kind == JOB_ENCAPS) {
        encaps_done(s, h, j);
    } else {
        make_resp(s, h, j->sig);
    }
}

void responder_resume(struct head2_session *s)
{
    static const enum job_kind kinds[] = {
        [HALF_ENCAPS] = JOB_ENCAPS, [HALF_SIGN] = JOB_SIGN, [HALF_VERIFY] = JOB_VERIFY};

    for (uint32_t i = 0; i < s->half_top; i++)
        if (s->half[i].wanted)
            half_ask(s, &s->half[i], kinds[s->half[i].state], s->half[i].state);
}
