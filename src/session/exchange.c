/*
 * The exchange of a rotation: ROT_INIT, ROT_RESP and ROT_CONFIRM on the control lane. Both sides
 * sign, unless they have agreed that most exchanges need none, and neither sends under the new
 * generation before the other has shown that it can open it.
 */
#include "session/exchange_layout.h"

#include <head2/hash.h>

static const char ctx_drone[] = "ch2v1 rot drone";
static const char ctx_gateway[] = "ch2v1 rot gw";

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
    pool_put(s, t->rot.mine, ROT_MAX);
    pool_put(s, t->rot.theirs, ROT_MAX);
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
    e->fresh = true;
    e->verified = t->rot.next.verified;
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
    if (draw_key(s, &t->rot.seed, suite_hybrid(t->suite)) != HEAD2_OK) {
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
    job_message(j, s->config.role == HEAD2_ROLE_DRONE ? ctx_drone : ctx_gateway, msg, 64);
    job_start(s, j);
}

static void drone_keypair_done(struct head2_session *s, struct tunnel *t, const struct head2_job *j)
{
    const struct layout l = layout_of(t);
    uint8_t *m = t->rot.mine;
    uint8_t rth0[64];

    put_be32(m, rotation_gen_next(t));
    if (draw(s, m + OFF_RANDOM, 32) != HEAD2_OK) {
        give_up(s, t);
        return;
    }
    memcpy(m + OFF_KEM, j->key, EK_BYTES);
    m[OFF_KX2_LEN] = (uint8_t)l.kx2_len;
    memcpy(m + OFF_KX2, j->kx2, l.kx2_len);
    put_be16(m + l.init_signed, (uint16_t)l.sig_len);
    rotation_start(rth0, t->session_id, rotation_gen_next(t), &t->rb);
    transcript(t->rot.rth1, rth0, 0x10, m, l.init_signed);
    if (l.sig_len != 0)
        sign(s, t, t->rot.rth1);
    else
        exchange_send_init(s, t);
}

void exchange_send_init(struct head2_session *s, struct tunnel *t)
{
    t->rot.state = ROT_SENT;
    t->rot.sent_at = s->now;
    if (!control_queue(s, t, CTL_ROT_INIT, t->rot.mine, layout_of(t).init))
        t->rot.sent_at = s->now - ROT_RETRY + SECOND; /* the queue is full: again in a second */
}

static void verify(struct head2_session *s, struct tunnel *t)
{
    struct head2_job *j = job(s, t, JOB_VERIFY);
    const struct layout l = layout_of(t);
    bool drone = s->config.role == HEAD2_ROLE_DRONE;
    uint8_t msg[64];

    t->rot.state = ROT_VERIFY;
    if (j == NULL)
        return;
    memcpy(j->key, s->peers[t->peer].pk, sizeof j->key);
    memcpy(j->sig, t->rot.theirs + (drone ? l.resp_sig : l.init_sig), SIG_BYTES);
    if (drone)
        transcript(msg, t->rot.rth2, 0x20, t->rot.mine + l.init_sig, SIG_BYTES);
    job_message(j, drone ? ctx_gateway : ctx_drone, drone ? msg : t->rot.rth1, 64);
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
    memcpy(j->kx2, t->rot.theirs + OFF_KX2, layout_of(t).kx2_len);
    job_start(s, j);
}

/* With both signatures, if there are any, and ss known: the next generation's secrets. */
static void make_next(struct tunnel *t, const uint8_t *init, const uint8_t *resp)
{
    const struct layout l = layout_of(t);
    struct rotation *r = &t->rot;
    struct rotation_secrets out;
    uint8_t sigs[2 * SIG_BYTES];

    memcpy(sigs, init + l.init_sig, l.sig_len);
    memcpy(sigs + l.sig_len, resp + l.resp_sig, l.sig_len);
    transcript(r->next.rth3, r->rth2, 0x21, sigs, 2 * l.sig_len);
    r->next.verified = l.sig_len != 0;
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

    make_next(t, t->rot.mine, t->rot.theirs);
    if (head2_equal(t->rot.next.conf_g, t->rot.theirs + layout_of(t).resp_conf, 32) != HEAD2_OK) {
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
    const struct layout l = layout_of(t);
    if (len != l.resp || be32(body) != rotation_gen_next(t) || body[OFF_KX2_LEN] != l.kx2_len ||
        be16(body + l.resp_signed) != l.sig_len) {
        broken(s, t, HEAD2_COUNT_CTL_MALFORMED, CLOSE_PROTOCOL);
        return;
    }
    t->rot.theirs = pool_get(s);
    if (t->rot.theirs == NULL)
        return; /* ROT_INIT is repeated, and the gateway answers again */
    memcpy(t->rot.theirs, body, len);
    transcript(t->rot.rth2, t->rot.rth1, 0x11, body, l.resp_signed);
    decaps(s, t);
}

/* ---- the gateway's side ---- */

static void encaps(struct head2_session *s, struct tunnel *t)
{
    struct head2_job *j = job(s, t, JOB_ENCAPS);

    t->rot.state = ROT_ENCAPS;
    if (j == NULL)
        return;
    if (draw(s, &j->m, sizeof j->m) != HEAD2_OK ||
        draw_kx2(s, &j->seed, suite_hybrid(t->suite)) != HEAD2_OK) {
        job_put(s, j);
        give_up(s, t);
        return;
    }
    memcpy(j->key, t->rot.theirs + OFF_KEM, EK_BYTES);
    memcpy(j->kx2, t->rot.theirs + OFF_KX2, layout_of(t).kx2_len);
    job_start(s, j);
}

static void gateway_answer(struct head2_session *s, struct tunnel *t)
{
    const struct layout l = layout_of(t);
    uint8_t *m = t->rot.mine;

    make_next(t, t->rot.theirs, m);
    memcpy(m + l.resp_conf, t->rot.next.conf_g, 32);
    install_next(s, t);
    pool_put(s, t->rot.theirs, l.init);
    t->rot.theirs = NULL;
    t->rot.state = ROT_SENT;
    if (!control_queue(s, t, CTL_ROT_RESP, m, l.resp))
        count(s, HEAD2_COUNT_REASM_LIMIT); /* a repeated ROT_INIT brings it out */
}

static void gateway_encaps_done(struct head2_session *s, struct tunnel *t,
                                const struct head2_job *j)
{
    const struct layout l = layout_of(t);
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
    m[OFF_KX2_LEN] = (uint8_t)l.kx2_len;
    memcpy(m + OFF_KX2, j->kx2, l.kx2_len);
    put_be32(m + l.resp_signed - 4, 0); /* durable_gen: nothing is replicated */
    put_be16(m + l.resp_signed, (uint16_t)l.sig_len);
    transcript(t->rot.rth2, t->rot.rth1, 0x11, m, l.resp_signed);
    if (l.sig_len == 0) {
        gateway_answer(s, t);
        return;
    }
    transcript(msg, t->rot.rth2, 0x20, t->rot.theirs + l.init_sig, SIG_BYTES);
    sign(s, t, msg);
}

/* A ROT_INIT that does not begin an exchange: the same one again, or one that contradicts it. */
static void init_again(struct head2_session *s, struct tunnel *t, const uint8_t *body,
                       const uint8_t hash[32])
{
    struct rotation *r = &t->rot;

    if (be32(body) != rotation_gen_next(t) || memcmp(hash, r->init_hash, 32) != 0)
        count(s, HEAD2_COUNT_ROT_CONFLICT);
    else if (r->state == ROT_SENT && !control_queued(t, CTL_ROT_RESP) &&
             !control_queue(s, t, CTL_ROT_RESP, r->mine, layout_of(t).resp))
        count(s, HEAD2_COUNT_REASM_LIMIT);
}

static void take_init(struct head2_session *s, struct tunnel *t, const uint8_t *body, size_t len)
{
    const struct layout l = layout_of(t);
    struct rotation *r = &t->rot;
    uint8_t hash[32], rth0[64];

    if (s->config.role == HEAD2_ROLE_DRONE || is_late(t, body, len))
        return;
    head2_sha3_256(hash, body, len);
    if (len >= 4 && (r->state != ROT_IDLE || be32(body) != rotation_gen_next(t))) {
        init_again(s, t, body, hash);
        return;
    }
    if (len != l.init || body[OFF_KX2_LEN] != l.kx2_len ||
        be16(body + l.init_signed) != l.sig_len) {
        broken(s, t, HEAD2_COUNT_CTL_MALFORMED, CLOSE_PROTOCOL);
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
    transcript(r->rth1, rth0, 0x10, body, l.init_signed);
    if (l.sig_len != 0)
        verify(s, t);
    else
        encaps(s, t);
}

static void take_confirm(struct head2_session *s, struct tunnel *t, const uint8_t *body, size_t len)
{
    if (s->config.role == HEAD2_ROLE_DRONE || t->rot.state != ROT_SENT || is_late(t, body, len))
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

void exchange_job_done(struct head2_session *s, struct tunnel *t, const struct head2_job *j)
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
    if (j->kind == JOB_DECAPS && j->result == HEAD2_E_MALFORMED) {
        broken(s, t, HEAD2_COUNT_BAD_EK, CLOSE_PROTOCOL);
        return;
    }
    if (j->result != HEAD2_OK) { /* own key or randomness failed: the ratchet carries on */
        count(s, HEAD2_COUNT_RNG_FAIL);
        give_up(s, t);
        return;
    }
    if (j->kind == JOB_KEYPAIR) {
        drone_keypair_done(s, t, j);
    } else if (j->kind == JOB_DECAPS) {
        t->rot.ss = j->ss;
        if (exchange_signs(t))
            verify(s, t);
        else
            drone_confirm(s, t);
    } else if (drone) {
        memcpy(t->rot.mine + layout_of(t).init_sig, j->sig, SIG_BYTES);
        exchange_send_init(s, t);
    } else {
        memcpy(t->rot.mine + layout_of(t).resp_sig, j->sig, SIG_BYTES);
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
            transcript(msg, t->rot.rth2, 0x20, t->rot.theirs + layout_of(t).init_sig, SIG_BYTES);
        sign(s, t, msg);
        break;
    default:
        break;
    }
}
