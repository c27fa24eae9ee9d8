/* see bench_ends.h */
#include "cli/bench_ends.h"

#include <head2/random.h>

static enum head2_status random_bytes(void *arg, void *out, size_t len)
{
    (void)arg;
    return head2_random(out, len);
}

static enum head2_status sign(void *arg, uint8_t sig[HEAD2_SESSION_SIG_BYTES], const uint8_t *msg,
                              size_t len, const char *ctx)
{
    size_t sig_len;
    return head2_key_sign(arg, sig, &sig_len, msg, len, ctx, strlen(ctx), false);
}

static bool step(struct bench_pair *p, struct bench_end *from, struct bench_end *to)
{
    struct head2_action a;
    struct head2_session_data data;

    if (!head2_session_next(from->s, p->now, &a))
        return false;
    if (a.kind == HEAD2_ACTION_JOB) {
        head2_job_run(a.job, sign, from->key);
        head2_session_complete(from->s, p->now, a.job);
    } else if (a.kind == HEAD2_ACTION_SEND) {
        head2_session_input(to->s, p->now, &from->addr, a.bytes, a.len, &data);
    }
    return true;
}

void bench_pair_pump(struct bench_pair *p)
{
    while (step(p, &p->drone, &p->gateway) || step(p, &p->gateway, &p->drone))
        ;
}

void bench_pair_tick(struct bench_pair *p, uint64_t now)
{
    p->now = now;
    if (head2_session_deadline(p->drone.s) <= now)
        head2_session_tick(p->drone.s, now);
    if (head2_session_deadline(p->gateway.s) <= now)
        head2_session_tick(p->gateway.s, now);
    bench_pair_pump(p);
}

static enum head2_status open_end(struct bench_pair *p, struct bench_end *e, enum head2_role role)
{
    struct head2_session_config c = {.role = role,
                                     .pk = head2_key_public(e->key),
                                     .max_peers = 1,
                                     .half_open = 16,
                                     .handshake_rate = 1000000,
                                     .random = random_bytes};
    return head2_session_new(&e->s, &c, p->now);
}

static void close_ends(struct bench_pair *p)
{
    head2_session_free(p->drone.s);
    head2_session_free(p->gateway.s);
    p->drone.s = p->gateway.s = NULL;
}

enum head2_status bench_pair_handshake(struct bench_pair *p)
{
    enum head2_status st;
    struct head2_peer_config d = {.pk = head2_key_public(p->drone.key)};
    struct head2_peer_config g = {
        .pk = head2_key_public(p->gateway.key), .addrs = {p->gateway.addr}, .n_addrs = 1};

    close_ends(p);
    HEAD2_TRY(open_end(p, &p->drone, HEAD2_ROLE_DRONE));
    HEAD2_TRY(open_end(p, &p->gateway, HEAD2_ROLE_GATEWAY));
    HEAD2_TRY(head2_session_add_peer(p->gateway.s, &p->gateway.peer, &d));
    HEAD2_TRY(head2_session_add_peer(p->drone.s, &p->drone.peer, &g));
    head2_session_tick(p->drone.s, p->now);
    bench_pair_pump(p);
    st = head2_session_max_payload(p->gateway.s, p->gateway.peer) != 0 ? HEAD2_OK : HEAD2_E_STATE;
done:
    return st;
}

enum head2_status bench_pair_open(struct bench_pair *p)
{
    enum head2_status st;

    memset(p, 0, sizeof *p);
    p->now = 1000000;
    p->drone.addr.port = 1;
    p->gateway.addr.port = 2;
    HEAD2_TRY(head2_key_generate(&p->drone.key, HEAD2_MLDSA_87));
    HEAD2_TRY(head2_key_generate(&p->gateway.key, HEAD2_MLDSA_87));
    HEAD2_TRY(bench_pair_handshake(p));
done:
    if (st != HEAD2_OK)
        bench_pair_close(p);
    return st;
}

void bench_pair_close(struct bench_pair *p)
{
    close_ends(p);
    head2_key_free(p->drone.key);
    head2_key_free(p->gateway.key);
    memset(p, 0, sizeof *p);
}
