/*
 * The exchange of a rotation: ROT_INIT, ROT_RESP and ROT_CONFIRM on the control lane. Both sides
 * sign, and neither sends under the new generation before the other has shown that it can open it.
 */
#include "session/state.h"

#include <head2/hash.h>

static const char ctx_drone[] = "ch2v1 rot drone";
static const char ctx_gateway[] = "ch2v1 rot gw";

/* ROT_INIT and ROT_RESP, by offset */
#define OFF_RANDOM    4
#define OFF_KEM       36
#define INIT_OFF_KX2  (OFF_KEM + EK_BYTES)
#define INIT_OFF_SIG  (ROT_INIT_SIGNED + 2)
#define RESP_OFF_KX2  (OFF_KEM + CT_BYTES)
#define RESP_OFF_SIG  (ROT_RESP_SIGNED + 2)
#define RESP_OFF_CONF (RESP_OFF_SIG + SIG_BYTES)

static struct head2_job *job(struct head2_session *s, struct tunnel *t, enum job_kind kind)
{
    struct head2_job *j = job_get(s, kind, OWNER_TUNNEL, tunnel_slot(s, t), t->serial);
    t->rot.wanted = j == NULL;
    return j;
}

void exchange_free(struct head2_session *s, struct tunnel *t)
{
    if (t->rot.mine != NULL)
        control_cancel(t, t->rot.mine);
    pool_put(s, t->rot.mine, ROT_RESP_BYTES);
    pool_put(s, t->rot.theirs, ROT_RESP_BYTES);
    t->rot.mine = t->rot.theirs = NULL;
}

/* The exchange is over or given up; what the next generation needs is kept. */
static void drop_exchange(struct head2_session *s, struct tunnel *t)
{
    exchange_free(s, t);
    /* a repetition that was on its way is cancelled by the other end as well */
    control_forget(s, t, s->config.role == HEAD2_ROLE_DRONE ? CTL_ROT_RESP : CTL_ROT_INIT);
    t->rot.wanted = false;
    head2_wipe(&t->rot.seed, sizeof t->rot.seed);
    head2_wipe(&t->rot.ss, sizeof t->rot.ss);
}

/* The next generation can be sent under from now on. */
static void ready(struct head2_session *s, struct tunnel *t)
{
    t->rot.next.usable = true;
    t->rot.state = ROT_READY;
    struct head2_event *e = event_new(s, HEAD2_EVENT_NEXT_KEY, t->peer);
    e->suite = t->suite;
    e->old_gen = e->new_gen = epoch_gen(t->tx.epoch);
    e->new_gen++;
    e->verified = true;
    memcpy(e->transcript, t->rot.next.rth3, sizeof e->transcript);
    memcpy(e->pseudonym, t->pseudonym, sizeof e->pseudonym);
}

static void give_up(struct head2_session *s, struct tunnel *t)
{
    drop_exchange(s, t);
    t->rot.state = ROT_IDLE;
}

static void broken(struct head2_session *s, struct tunnel *t, enum head2_counter what,
                   enum close_reason reason)
{
    count(s, what);
    alarm_event(s, t->peer, what);
    give_up(s, t);
    tunnel_close(s, t, reason);
}

/* ---- the drone's side ---- */

void exchange_begin(struct head2_session *s, struct tunnel *t)
{
    if (t->rot.mine == NULL)
        t->rot.mine = pool_get(s);
    struct head2_job *j = t->rot.mine != NULL ? job(s, t, JOB_KEYPAIR) : NULL;
    if (j == NULL)
        return;
    if (draw_key_seed(s, &t->rot.seed) != HEAD2_OK) {
        job_put(s, j);
        give_up(s, t);
        return;
    }
    t->rot.prefetch = false;
    t->rot.state = ROT_KEYPAIR;
    j->seed = t->rot.seed;
    job_start(s, j);
}

static void sign(struct head2_session *s, struct tunnel *t, const uint8_t msg[64])
{
    struct head2_job *j = job(s, t, JOB_SIGN);

    t->rot.state = ROT_SIGN;
    if (j == NULL)
        return;
    j->ctx = s->config.role == HEAD2_ROLE_DRONE ? ctx_drone : ctx_gateway;
    memcpy(j->msg, msg, 64);
    job_start(s, j);
}

static void drone_keypair_done(struct head2_session *s, struct tunnel *t, const uint8_t *ek)
{
    uint8_t *m = t->rot.mine;
    uint8_t rth0[64];

    put_be32(m, rotation_gen_next(t));
    if (draw(s, m + OFF_RANDOM, 32) != HEAD2_OK) {
        give_up(s, t);
        return;
    }
    memcpy(m + OFF_KEM, ek, EK_BYTES);
    m[INIT_OFF_KX2] = 0;
    put_be16(m + ROT_INIT_SIGNED, SIG_BYTES);
    rotation_start(rth0, t->session_id, rotation_gen_next(t), &t->rb);
    transcript(t->rot.rth1, rth0, 0x10, m, ROT_INIT_SIGNED);
    sign(s, t, t->rot.rth1);
}

void exchange_send_init(struct head2_session *s, struct tunnel *t)
{
    t->rot.state = ROT_SENT;
    t->rot.sent_at = s->now;
    if (!control_queue(s, t, CTL_ROT_INIT, t->rot.mine, ROT_INIT_BYTES))
        t->rot.sent_at = s->now - ROT_RETRY + SECOND; /* the queue is full: again in a second */
}

static void verify(struct head2_session *s, struct tunnel *t)
{
    struct head2_job *j = job(s, t, JOB_VERIFY);
    bool drone = s->config.role == HEAD2_ROLE_DRONE;

    t->rot.state = ROT_VERIFY;
    if (j == NULL)
        return;
    j->ctx = drone ? ctx_gateway : ctx_drone;
    memcpy(j->key, s->peers[t->peer].pk, sizeof j->key);
    memcpy(j->sig, t->rot.theirs + (drone ? RESP_OFF_SIG : INIT_OFF_SIG), SIG_BYTES);
    if (drone)
        transcript(j->msg, t->rot.rth2, 0x20, t->rot.mine + INIT_OFF_SIG, SIG_BYTES);
    else
        memcpy(j->msg, t->rot.rth1, 64);
    job_start(s, j);
}

static void decaps(struct head2_session *s, struct tunnel *t)
{
    struct head2_job *j = job(s, t, JOB_DECAPS);

    t->rot.state = ROT_DECAPS;
    if (j == NULL)
        return;
    j->seed = t->rot.seed;
    memcpy(j->ct, t->rot.theirs + OFF_KEM, CT_BYTES);
    job_start(s, j);
}

/* With both signatures and ss known: the next generation's secrets. */
static void make_next(struct tunnel *t, const uint8_t *sig_d, const uint8_t *sig_g)
{
    struct rotation *r = &t->rot;
    struct rotation_secrets out;
    uint8_t sigs[2 * SIG_BYTES];

    memcpy(sigs, sig_d, SIG_BYTES);
    memcpy(sigs + SIG_BYTES, sig_g, SIG_BYTES);
    transcript(r->next.rth3, r->rth2, 0x21, sigs, sizeof sigs);
    derive_rotation(&out, &t->rk, &r->ss, r->next.rth3);
    derive_session_key(&r->next.sk, &out.root, t->session_id, rotation_gen_next(t));
    derive_rotation_keys(&r->next.rk, &r->next.rb, &out.root);
    memcpy(r->next.conf_g, out.conf_g, 32);
    memcpy(r->next.conf_d, out.conf_d, 32);
    head2_wipe(&out, sizeof out);
    head2_wipe(&r->ss, sizeof r->ss);
    head2_wipe(&r->seed, sizeof r->seed);
}

static void install_next(struct head2_session *s, struct tunnel *t)
{
    epoch_install_next(s, t, rotation_gen_next(t), &t->rot.next.sk);
    t->rot.next.installed = true;
    head2_wipe(&t->rk, sizeof t->rk);
    head2_wipe(&t->rb, sizeof t->rb);
}

static void drone_confirm(struct head2_session *s, struct tunnel *t)
{
    uint8_t body[ROT_CONFIRM_BYTES];

    make_next(t, t->rot.mine + INIT_OFF_SIG, t->rot.theirs + RESP_OFF_SIG);
    if (head2_equal(t->rot.next.conf_g, t->rot.theirs + RESP_OFF_CONF, 32) != HEAD2_OK) {
        head2_wipe(&t->rot.next, sizeof t->rot.next);
        broken(s, t, HEAD2_COUNT_BAD_FIN, CLOSE_ROT_AUTH);
        return;
    }
    install_next(s, t);
    ready(s, t);
    put_be32(body, rotation_gen_next(t));
    memcpy(body + 4, t->rot.next.conf_d, 32);
    if (!control_queue(s, t, CTL_ROT_CONFIRM, body, sizeof body))
        count(s, HEAD2_COUNT_REASM_LIMIT); /* the first packet under the new key confirms as well */
    drop_exchange(s, t);
    if (t->rot.requested)
        epoch_arm(s, t);
}

/* Of a generation that is in force already: its packets confirmed it before its message came. */
static bool is_late(const struct tunnel *t, const uint8_t *body, size_t len)
{
    return len >= 4 && be32(body) < rotation_gen_next(t);
}

static void take_resp(struct head2_session *s, struct tunnel *t, const uint8_t *body, size_t len)
{
    if (s->config.role != HEAD2_ROLE_DRONE || t->rot.state != ROT_SENT || is_late(t, body, len))
        return;
    if (len != ROT_RESP_BYTES || be32(body) != rotation_gen_next(t) || body[RESP_OFF_KX2] != 0 ||
        be16(body + ROT_RESP_SIGNED) != SIG_BYTES) {
        broken(s, t, HEAD2_COUNT_CTL_MALFORMED, CLOSE_PROTOCOL);
        return;
    }
    t->rot.theirs = pool_get(s);
    if (t->rot.theirs == NULL)
        return; /* ROT_INIT is repeated, and the gateway answers again */
    memcpy(t->rot.theirs, body, len);
    transcript(t->rot.rth2, t->rot.rth1, 0x11, body, ROT_RESP_SIGNED);
    decaps(s, t);
}

/* ---- the gateway's side ---- */

static void encaps(struct head2_session *s, struct tunnel *t)
{
    struct head2_job *j = job(s, t, JOB_ENCAPS);

    t->rot.state = ROT_ENCAPS;
    if (j == NULL)
        return;
    if (draw(s, &j->m, sizeof j->m) != HEAD2_OK) {
        job_put(s, j);
        give_up(s, t);
        return;
    }
    memcpy(j->key, t->rot.theirs + OFF_KEM, EK_BYTES);
    job_start(s, j);
}

static void gateway_encaps_done(struct head2_session *s, struct tunnel *t, struct head2_job *j)
{
    uint8_t *m = t->rot.mine;
    uint8_t msg[64];

    if (j->result == HEAD2_E_MALFORMED) {
        broken(s, t, HEAD2_COUNT_BAD_EK, CLOSE_PROTOCOL);
        return;
    }
    put_be32(m, rotation_gen_next(t));
    if (j->result != HEAD2_OK || draw(s, m + OFF_RANDOM, 32) != HEAD2_OK) {
        give_up(s, t);
        return;
    }
    t->rot.ss = j->ss;
    memcpy(m + OFF_KEM, j->ct, CT_BYTES);
    m[RESP_OFF_KX2] = 0;
    put_be32(m + RESP_OFF_KX2 + 1, 0); /* durable_gen: nothing is replicated */
    put_be16(m + ROT_RESP_SIGNED, SIG_BYTES);
    transcript(t->rot.rth2, t->rot.rth1, 0x11, m, ROT_RESP_SIGNED);
    transcript(msg, t->rot.rth2, 0x20, t->rot.theirs + INIT_OFF_SIG, SIG_BYTES);
    sign(s, t, msg);
}

static void gateway_answer(struct head2_session *s, struct tunnel *t)
{
    uint8_t *m = t->rot.mine;

    make_next(t, t->rot.theirs + INIT_OFF_SIG, m + RESP_OFF_SIG);
    memcpy(m + RESP_OFF_CONF, t->rot.next.conf_g, 32);
    install_next(s, t);
    pool_put(s, t->rot.theirs, ROT_INIT_BYTES);
    t->rot.theirs = NULL;
    t->rot.state = ROT_SENT;
    if (!control_queue(s, t, CTL_ROT_RESP, m, ROT_RESP_BYTES))
        count(s, HEAD2_COUNT_REASM_LIMIT); /* a repeated ROT_INIT brings it out */
}

static void take_init(struct head2_session *s, struct tunnel *t, const uint8_t *body, size_t len)
{
    struct rotation *r = &t->rot;
    uint8_t hash[32], rth0[64];

    if (s->config.role != HEAD2_ROLE_GATEWAY)
        return;
    if (len != ROT_INIT_BYTES || body[INIT_OFF_KX2] != 0 ||
        be16(body + ROT_INIT_SIGNED) != SIG_BYTES) {
        broken(s, t, HEAD2_COUNT_CTL_MALFORMED, CLOSE_PROTOCOL);
        return;
    }
    if (be32(body) < rotation_gen_next(t))
        return; /* of a generation already in force */
    head2_sha3_256(hash, body, len);
    if (r->state != ROT_IDLE || be32(body) != rotation_gen_next(t)) {
        bool again = be32(body) == rotation_gen_next(t) && memcmp(hash, r->init_hash, 32) == 0;
        if (!again)
            count(s, HEAD2_COUNT_ROT_CONFLICT);
        else if (r->state == ROT_SENT && !control_queued(t, CTL_ROT_RESP) &&
                 !control_queue(s, t, CTL_ROT_RESP, r->mine, ROT_RESP_BYTES))
            count(s, HEAD2_COUNT_REASM_LIMIT);
        return;
    }
    r->mine = pool_get(s);
    r->theirs = pool_get(s);
    if (r->mine == NULL || r->theirs == NULL) {
        give_up(s, t);
        return;
    }
    memcpy(r->theirs, body, len);
    memcpy(r->init_hash, hash, sizeof hash);
    rotation_start(rth0, t->session_id, rotation_gen_next(t), &t->rb);
    transcript(r->rth1, rth0, 0x10, body, ROT_INIT_SIGNED);
    verify(s, t);
}

static void take_confirm(struct head2_session *s, struct tunnel *t, const uint8_t *body, size_t len)
{
    if (s->config.role != HEAD2_ROLE_GATEWAY || t->rot.state != ROT_SENT || is_late(t, body, len))
        return;
    if (len != ROT_CONFIRM_BYTES || be32(body) != rotation_gen_next(t)) {
        broken(s, t, HEAD2_COUNT_CTL_MALFORMED, CLOSE_PROTOCOL);
        return;
    }
    if (head2_equal(body + 4, t->rot.next.conf_d, 32) != HEAD2_OK) {
        broken(s, t, HEAD2_COUNT_BAD_FIN, CLOSE_ROT_AUTH);
        return;
    }
    ready(s, t);
    drop_exchange(s, t);
    if (t->rot.requested)
        epoch_arm(s, t);
}

void exchange_heard_next(struct head2_session *s, struct tunnel *t)
{
    if (!t->rot.next.installed || t->rot.next.usable)
        return;
    ready(s, t);
    drop_exchange(s, t);
}

/* ---- both sides ---- */

void exchange_message(struct head2_session *s, struct tunnel *t, uint8_t type, const uint8_t *body,
                      size_t len)
{
    if (t->closing)
        return;
    switch (type) {
    case CTL_ROT_INIT:
        take_init(s, t, body, len);
        break;
    case CTL_ROT_RESP:
        take_resp(s, t, body, len);
        break;
    case CTL_ROT_CONFIRM:
        take_confirm(s, t, body, len);
        break;
    default: /* ROT_REQ */
        if (s->config.role == HEAD2_ROLE_DRONE && len == 4 && be32(body) == rotation_gen_next(t)) {
            t->rot.requested = true;
            if (t->rot.next.usable)
                epoch_arm(s, t);
        }
        break;
    }
}

void exchange_job_done(struct head2_session *s, struct tunnel *t, struct head2_job *j)
{
    bool drone = s->config.role == HEAD2_ROLE_DRONE;

    if (t->closing)
        return;
    if (j->kind == JOB_VERIFY) {
        if (j->result != HEAD2_OK)
            broken(s, t, HEAD2_COUNT_ROT_BAD_SIG, CLOSE_ROT_AUTH);
        else if (drone)
            drone_confirm(s, t);
        else
            encaps(s, t);
        return;
    }
    if (j->kind == JOB_ENCAPS) {
        gateway_encaps_done(s, t, j);
        return;
    }
    if (j->result != HEAD2_OK) { /* own key or randomness failed: the ratchet carries on */
        count(s, HEAD2_COUNT_RNG_FAIL);
        give_up(s, t);
        return;
    }
    if (j->kind == JOB_KEYPAIR) {
        drone_keypair_done(s, t, j->key);
    } else if (j->kind == JOB_DECAPS) {
        t->rot.ss = j->ss;
        verify(s, t);
    } else if (drone) {
        memcpy(t->rot.mine + INIT_OFF_SIG, j->sig, SIG_BYTES);
        exchange_send_init(s, t);
    } else {
        memcpy(t->rot.mine + RESP_OFF_SIG, j->sig, SIG_BYTES);
        gateway_answer(s, t);
    }
}

void exchange_resume(struct head2_session *s, struct tunnel *t)
{
    uint8_t msg[64];

    if (!t->rot.wanted || t->closing)
        return;
    switch (t->rot.state) {
    case ROT_IDLE:
        exchange_begin(s, t);
        break;
    case ROT_VERIFY:
        verify(s, t);
        break;
    case ROT_DECAPS:
        decaps(s, t);
        break;
    case ROT_ENCAPS:
        encaps(s, t);
        break;
    case ROT_SIGN:
        if (s->config.role == HEAD2_ROLE_DRONE)
            memcpy(msg, t->rot.rth1, 64);
        else
            transcript(msg, t->rot.rth2, 0x20, t->rot.theirs + INIT_OFF_SIG, SIG_BYTES);
        sign(s, t, msg);
        break;
    default:
        break;
    }
}
