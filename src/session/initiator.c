/*
 * The drone's side of handshakes: what each message from the gateway leads to. Their timers and
 * retransmissions are in attempts.c.
 */
#include "session/initiator.h"

#include <head2/hash.h>

static const char ctx_gateway[] = "ch2v1 hs gw";
static const char ctx_drone[] = "ch2v1 hs drone";

static void ask(struct head2_session *s, struct attempt *a, enum job_kind kind,
                enum attempt_state state)
{
    struct head2_job *j = job_get(s, kind, OWNER_ATTEMPT, (uint32_t)(a - s->attempts), a->serial);

    a->state = state;
    a->wanted = j == NULL;
    if (j == NULL)
        return;
    switch (kind) {
    case JOB_KEYPAIR:
        j->seed = a->seed;
        break;
    case JOB_DECAPS:
        j->seed = a->seed;
        j->seed.hybrid = suite_hybrid(a->suite); /* what was offered need not have been taken */
        memcpy(j->ct, a->resp_buf + 40, CT_BYTES);
        memcpy(j->kx2, a->resp_buf + RESP_CLEAR, KX2_BYTES); /* not looked at in other suites */
        break;
    case JOB_VERIFY:
        job_message(j, ctx_gateway, a->th, sizeof a->th);
        memcpy(j->key, attempt_gateway(s)->pk, sizeof j->key);
        memcpy(j->sig, a->sig_g, sizeof j->sig);
        break;
    default:
        job_message(j, ctx_drone, a->th, sizeof a->th);
        break;
    }
    job_start(s, j);
}

void attempt_begin(struct head2_session *s, struct attempt *a, uint32_t addr)
{
    uint8_t random_d[32];

    attempt_drop(a);
    a->serial = ++s->serial;
    a->addr = addr;
    a->stride = STRIDE_FULL;
    a->began = a->progress = s->now;
    a->rto = RTO_FIRST;
    put_be16(a->hello, WIRE_VERSION);
    put_be16(a->hello + 2, WIRE_VERSION);
    memset(a->hello + 4, 0, 4);
    if (draw(s, &a->hs_id, sizeof a->hs_id) != HEAD2_OK || draw(s, a->hello + 8, 32) != HEAD2_OK ||
        draw(s, random_d, sizeof random_d) != HEAD2_OK ||
        draw_key(s, &a->seed, hybrid_offered(s)) != HEAD2_OK || a->hs_id == 0) {
        attempt_drop(a);
        return;
    }
    HEAD2_PUBLIC(&a->hs_id, sizeof a->hs_id, "handshake ids are sent in the clear");
    memcpy(a->init + 24, random_d, sizeof random_d);
    ask(s, a, JOB_KEYPAIR, ATTEMPT_KEYPAIR);
}

/* ---- messages from the gateway ---- */

static void take_retry(struct head2_session *s, struct attempt *a, const struct frame *f)
{
    if (f->cnt != 1 || f->msg_len != RETRY_BYTES || ++a->retries > 4)
        return;
    if (be16(f->body) > WIRE_VERSION || be16(f->body + 2) < WIRE_VERSION) {
        count(s, HEAD2_COUNT_BAD_VERSION); /* advice only: another RETRY may say otherwise */
        return;
    }
    memcpy(a->cookie, f->cookie, COOKIE_BYTES);
    if (a->state == ATTEMPT_HELLO)
        attempt_send(s, a, ATTEMPT_INIT);
    else
        a->to_send = attempt_fragments(a) & ~a->acked;
}

static void restart_resp(struct attempt *a)
{
    memset(&a->resp, 0, sizeof a->resp);
    a->hsack_due = 0;
    a->state = ATTEMPT_INIT;
}

static bool suite_offered(const struct head2_session *s, uint16_t suite)
{
    for (unsigned i = 0; i < s->n_suites; i++)
        if (s->suites[i] == suite)
            return true;
    return false;
}

/* A RESP that is not the gateway's, perhaps: it is asked for again, once. */
static void bad_resp(struct head2_session *s, struct attempt *a, enum head2_counter why)
{
    count(s, why);
    if (++a->bad_boxes >= 2)
        attempt_drop(a);
    else
        restart_resp(a);
}

static void resp_complete(struct head2_session *s, struct attempt *a)
{
    struct resp_clear clear;

    /* Nothing of this is authentic yet: what cannot be right was poisoned on the way. */
    if (!resp_clear_read(&clear, a->resp_buf, a->resp.msg_len, !a->fallback) ||
        clear.version != WIRE_VERSION || !suite_offered(s, clear.suite)) {
        bad_resp(s, a, HEAD2_COUNT_DOWNGRADE);
        return;
    }
    a->suite = clear.suite;
    transcript_start(a->th);
    transcript(a->th, a->th, 0x03, a->init, a->init_len);
    transcript(a->th, a->th, 0x04, a->resp_buf, resp_clear_len(a->suite));
    ask(s, a, JOB_DECAPS, ATTEMPT_DECAPS);
}

/* The clear part says which suite it is; until then the length may be that of any offered. */
static bool resp_fits(const struct head2_session *s, const struct attempt *a, uint16_t len)
{
    for (unsigned i = 0; i < s->n_suites; i++)
        if (len == resp_len(s->suites[i], !a->fallback))
            return true;
    return false;
}

static void take_resp(struct head2_session *s, struct attempt *a, const struct frame *f)
{
    if (a->state != ATTEMPT_INIT || f->stride != a->stride || !resp_fits(s, a, f->msg_len))
        return;
    if (a->resp.cnt == 0)
        reassembly_start(&a->resp, a->resp_buf, f->msg_len, f->stride);
    else if (!reassembly_fits(&a->resp, f->msg_len, f->stride, f->cnt))
        return;
    if (!reassembly_add(&a->resp, f->idx, f->body, f->body_len))
        return;
    a->to_send = 0; /* INIT has arrived */
    attempt_progress(s, a);
    a->hsack_due = s->now + HSACK_DELAY;
    if (reassembly_complete(&a->resp)) {
        a->hsack_due = 0;
        resp_complete(s, a);
    }
}

static void abandon(struct head2_session *s, struct attempt *a, enum head2_counter why)
{
    count(s, why);
    alarm_event(s, 0, why);
    attempt_drop(a);
}

/* With ss: the keys of the handshake; false when the fallback key is gone. */
static bool derive_keys(const struct head2_session *s, struct attempt *a,
                        const struct shared_secret *ss)
{
    static const uint8_t no_psk[64];
    const struct held_key *k = a->fallback ? fallback_find(s, a->psk_id) : NULL;
    struct chain early;

    if (a->fallback && (k == NULL || !fallback_alive(s, k)))
        return false;
    derive_early(&early, k != NULL ? k->key.b : no_psk);
    derive_handshake(&a->keys, &early, ss, a->th);
    head2_wipe(&early, sizeof early);
    return true;
}

/* AUTH, from what was put together for it, with the signature if there is one. */
static void send_auth(struct head2_session *s, struct attempt *a, const uint8_t *sig)
{
    const size_t sig_len = sig != NULL ? SIG_BYTES : 0, box_len = auth_box_len(sig != NULL);
    uint8_t plain[AUTH_BOX];
    uint8_t *at = plain + ID_BYTES + PARAMS_BYTES;

    memcpy(plain, a->auth, ID_BYTES + PARAMS_BYTES);
    put_be16(at, (uint16_t)sig_len);
    copy_bytes(at + 2, sig, sig_len);
    transcript(a->th, a->th, 0x25, at + 2, sig_len);
    head2_hmac_sha3_512(at + 2 + sig_len, a->keys.fin_d, 64, a->th, 64);
    transcript(a->th, a->th, 0x35, at + 2 + sig_len, 64); /* th8 */
    if (box_seal(s->box, a->auth, &a->keys, D2G, 0, a->resp_buf, plain, box_len) != HEAD2_OK)
        attempt_drop(a);
    else
        attempt_send(s, a, ATTEMPT_AUTH);
    head2_wipe(plain, sizeof plain);
}

/* The highest that this gateway, or this node, has said. */
static uint64_t *incarnation_of(struct head2_session *s, const struct attempt *a)
{
    return a->fallback ? &s->fb.node[a->node].incarnation : &attempt_gateway(s)->min_incarnation;
}

/* What the drone reports or uses of its fallback keys; false when it may not go on. */
static bool set_counter(struct head2_session *s, struct attempt *a, struct params *mine)
{
    const struct held_key *k;

    if (a->fallback)
        return standby_use(s, a, &mine->fb_counter);
    k = fallback_newest(s);
    mine->fb_counter = k != NULL ? k->counter : 0;
    return true;
}

/* The other end is who it should be: by its signature, or by a fallback key. */
static void responder_proven(struct head2_session *s, struct attempt *a)
{
    uint8_t own[ID_BYTES + PARAMS_BYTES], fin[64];
    const size_t sig_len = a->fallback ? 0 : SIG_BYTES;
    struct params mine = own_params(s);

    if (a->params_g.incarnation < *incarnation_of(s, a)) {
        abandon(s, a, HEAD2_COUNT_OLD_INCARNATION);
        return;
    }
    if (!set_counter(s, a, &mine)) {
        attempt_drop(a);
        return;
    }
    transcript(a->th, a->th, 0x24, a->sig_g, sig_len);
    head2_hmac_sha3_512(fin, a->keys.fin_g, 64, a->th, 64);
    transcript(a->th, a->th, 0x34, fin, 64); /* th5 */
    memcpy(own, s->id, ID_BYTES);
    mine.incarnation = 0;
    a->params_d = mine;
    params_write(own + ID_BYTES, &mine);
    memcpy(a->auth, own, sizeof own); /* the box's plaintext begins here */
    memcpy(a->resp_buf, a->th, 64);   /* th5, the box's associated data */
    transcript(a->th, a->th, 0x05, own, sizeof own);
    if (a->fallback)
        send_auth(s, a, NULL);
    else
        ask(s, a, JOB_SIGN, ATTEMPT_SIGN);
    head2_wipe(fin, sizeof fin);
}

/* With ss: open the box of RESP, check what needs no signature, then have that verified. */
static void decaps_done(struct head2_session *s, struct attempt *a, const struct shared_secret *ss)
{
    uint8_t plain[RESP_BOX], th4[64], fin[64];
    const size_t box_len = resp_box_len(!a->fallback);
    const size_t sig_len = a->fallback ? 0 : SIG_BYTES;
    const uint8_t *id = a->fallback ? s->fb.node[a->node].id : attempt_gateway(s)->id;

    if (!derive_keys(s, a, ss)) {
        attempt_drop(a);
        return;
    }
    if (box_open(s->box, plain, &a->keys, G2D, 0, a->th, a->resp_buf + resp_clear_len(a->suite),
                 box_len) != HEAD2_OK) {
        bad_resp(s, a, HEAD2_COUNT_BAD_BOX);
        return;
    }
    const uint8_t *params = plain + 8 + ID_BYTES;
    const uint8_t *sig = params + PARAMS_BYTES + 2;
    memcpy(a->session_id, plain, 8);
    memcpy(a->sig_g, sig, sig_len);
    transcript(a->th, a->th, 0x14, plain, 8 + ID_BYTES + PARAMS_BYTES);
    transcript(th4, a->th, 0x24, sig, sig_len);
    head2_hmac_sha3_512(fin, a->keys.fin_g, 64, th4, 64);
    if (head2_equal(fin, sig + sig_len, 64) != HEAD2_OK)
        abandon(s, a, HEAD2_COUNT_BAD_FIN);
    else if (memcmp(plain + 8, id, ID_BYTES) != 0)
        abandon(s, a, HEAD2_COUNT_BAD_ID);
    else if (be16(sig - 2) != sig_len || !params_read(&a->params_g, params))
        abandon(s, a, HEAD2_COUNT_BAD_FRAME);
    else if (a->fallback)
        responder_proven(s, a);
    else
        ask(s, a, JOB_VERIFY, ATTEMPT_VERIFY);
    head2_wipe(plain, sizeof plain);
    head2_wipe(fin, sizeof fin);
}

static void established(struct head2_session *s, struct attempt *a)
{
    struct tunnel_spec spec = {.peer = 0,
                               .suite = a->suite,
                               .session_id = a->session_id,
                               .th8 = a->th,
                               .master = &a->keys.master,
                               .address = *attempt_address(s, a),
                               .began = a->began,
                               .wire_bytes = a->wire_bytes,
                               .node = a->node};

    params_agree(&spec.params, &a->params_d, &a->params_g);
    if (a->params_g.incarnation > *incarnation_of(s, a))
        *incarnation_of(s, a) = a->params_g.incarnation;
    if (!a->fallback) {
        spec.incarnation = a->params_g.incarnation;
        (void)tunnel_new(s, &spec); /* a drone has room for some */
        initiator_abort_all(s);
        return;
    }
    spec.fallback = fallback_find(s, a->psk_id);
    if (spec.fallback != NULL) { /* else it was dropped meanwhile */
        spec.fb_counter = spec.fallback->counter;
        (void)tunnel_new(s, &spec);
    }
    for (unsigned i = HS_PARALLEL; i < ATTEMPTS; i++) /* those with the gateway go on */
        attempt_drop(&s->attempts[i]);
}

static void take_done(struct head2_session *s, struct attempt *a, const struct frame *f)
{
    uint8_t plain[DONE_BOX];

    if (a->state != ATTEMPT_AUTH || f->msg_len != DONE_BYTES || f->cnt != 1)
        return;
    if (box_open(s->box, plain, &a->keys, G2D, 1, a->th, f->body, DONE_BOX) != HEAD2_OK) {
        count(s, HEAD2_COUNT_BAD_BOX);
        return;
    }
    if (memcmp(plain, a->session_id, 8) == 0 && be16(plain + 8) == DONE_OK) {
        established(s, a);
        return;
    }
    count(s, HEAD2_COUNT_REJECTED);
    struct head2_event *e = event_new(s, HEAD2_EVENT_REJECTED, 0);
    e->reason = be16(plain + 8);
    e->fallback = a->fallback;
    memcpy(e->fallback_id, a->psk_id, sizeof e->fallback_id);
    if (a->fallback) {
        attempt_drop(a);
        return;
    }
    standby_gateway_lives(s); /* and does not want this drone: no node shall */
    attempt_gateway(s)->next_try = s->now + REJECT_PAUSE;
    initiator_abort_all(s);
}

static void take_hsack(struct head2_session *s, struct attempt *a, const struct frame *f)
{
    uint8_t type = a->state == ATTEMPT_AUTH ? FRAME_AUTH : FRAME_INIT;

    if (f->msg_len != HSACK_BYTES || f->cnt != 1 || f->body[0] != type ||
        f->body[1] != frame_count(attempt_message_len(a), a->stride))
        return;
    uint64_t news = be64(f->body + 2) & attempt_fragments(a) & ~a->acked;
    a->acked |= news;
    a->to_send = attempt_fragments(a) & ~a->acked;
    if (news != 0)
        attempt_progress(s, a);
}

static void take_hint(struct head2_session *s, struct attempt *a, const struct frame *f)
{
    if (f->msg_len != HINT_BYTES || f->cnt != 1 || a->progress > s->now)
        return;
    if (be16(f->body) == HINT_BUSY) {
        uint64_t wait = be32(f->body + 2) > 5000 ? 5000 : be32(f->body + 2);
        if (s->now + wait * MS > a->began + BUSY_MOST)
            return; /* anybody who hears this handshake can say it */
        a->due = a->progress = s->now + wait * MS;
        a->silent = 0; /* the path works */
        standby_hint(s, a, false);
    } else if (be16(f->body) == HINT_VERSION) {
        count(s, HEAD2_COUNT_BAD_VERSION);
    } else if (be16(f->body) == HINT_PSK_UNKNOWN) {
        standby_hint(s, a, true);
    }
}

void initiator_input(struct head2_session *s, const struct head2_address *from,
                     const struct frame *f, const uint8_t *d, size_t len)
{
    struct attempt *a = NULL;

    for (unsigned i = 0; i < ATTEMPTS; i++)
        if (s->attempts[i].state != ATTEMPT_FREE && s->attempts[i].hs_id == f->hs_id)
            a = &s->attempts[i];
    if (a == NULL || !same_address(from, attempt_address(s, a))) {
        count(s, HEAD2_COUNT_BAD_FRAME);
        return;
    }
    bool secret = a->state == ATTEMPT_AUTH && (f->type == FRAME_DONE || f->type == FRAME_HSACK);
    if (frame_check_mac(f, d, secret ? a->keys.frag[G2D] : attempt_mkey(s, a, G2D)) != HEAD2_OK) {
        count(s, HEAD2_COUNT_BAD_MAC1);
        return;
    }
    a->wire_bytes += len;
    bool waiting =
        a->state == ATTEMPT_HELLO || a->state == ATTEMPT_INIT || a->state == ATTEMPT_AUTH;
    if (f->type == FRAME_RETRY && waiting)
        take_retry(s, a, f);
    else if (f->type == FRAME_RESP)
        take_resp(s, a, f);
    else if (f->type == FRAME_DONE)
        take_done(s, a, f);
    else if (f->type == FRAME_HSACK && waiting && a->state != ATTEMPT_HELLO)
        take_hsack(s, a, f);
    else if (f->type == FRAME_HINT && waiting)
        take_hint(s, a, f);
}

void initiator_job_done(struct head2_session *s, struct head2_job *j)
{
    struct attempt *a = &s->attempts[j->slot];

    if (j->slot >= ATTEMPTS || a->serial != j->serial)
        return;
    if (j->kind == JOB_VERIFY && j->result != HEAD2_OK) {
        abandon(s, a, HEAD2_COUNT_BAD_SIG);
        return;
    }
    if (j->kind == JOB_DECAPS && j->result == HEAD2_E_MALFORMED) {
        bad_resp(s, a, HEAD2_COUNT_BAD_EK);
        return;
    }
    if (j->result != HEAD2_OK) {
        count(s, HEAD2_COUNT_RNG_FAIL);
        attempt_drop(a);
        return;
    }
    a->progress = s->now;
    switch (j->kind) {
    case JOB_KEYPAIR: {
        uint8_t random_d[32];
        memcpy(random_d, a->init + 24, sizeof random_d);
        a->init_len = init_write(a->init, s->suites, s->n_suites, random_d, j->key,
                                 a->seed.hybrid ? j->kx2 : NULL);
        if (a->fallback && !standby_bind(s, a))
            attempt_drop(a);
        else
            attempt_send(s, a, ATTEMPT_HELLO);
        break;
    }
    case JOB_DECAPS:
        decaps_done(s, a, &j->ss);
        break;
    case JOB_VERIFY:
        responder_proven(s, a);
        break;
    default:
        send_auth(s, a, j->sig);
        break;
    }
}

void initiator_resume(struct head2_session *s)
{
    static const enum job_kind kinds[] = {[ATTEMPT_KEYPAIR] = JOB_KEYPAIR,
                                          [ATTEMPT_DECAPS] = JOB_DECAPS,
                                          [ATTEMPT_VERIFY] = JOB_VERIFY,
                                          [ATTEMPT_SIGN] = JOB_SIGN};

    for (unsigned i = 0; s->attempts != NULL && i < ATTEMPTS; i++)
        if (s->attempts[i].wanted)
            ask(s, &s->attempts[i], kinds[s->attempts[i].state], s->attempts[i].state);
}
