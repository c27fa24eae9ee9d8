/*
 * A whole post-quantum session between a drone and a gateway, inside one process: what goes through
 * `carry` is what would go over UDP.
 *
 *     cc two_buffers.c $(pkg-config --cflags --libs head2) -o two_buffers
 */
#include <head2/head2.h>

#include <stdio.h>
#include <string.h>

struct end {
    struct head2_session *s;
    struct head2_key *key;
    struct head2_address addr;
};
static struct end drone = {.addr.port = 1}, gateway = {.addr.port = 2};
static uint64_t now = 1000000; /* a clock in microseconds */

static enum head2_status random_bytes(void *arg, void *out, size_t len)
{
    (void)arg;
    return head2_random(out, len);
}

static enum head2_status sign(void *arg, uint8_t *sig, const uint8_t *msg, size_t n,
                              const char *ctx)
{
    size_t len;
    return head2_key_sign(arg, sig, &len, msg, n, ctx, strlen(ctx), false);
}

static int carry(struct end *from, struct end *to); /* every datagram `from` wants sent */

static int deliver(struct end *from, struct end *to, const uint8_t *bytes, size_t len)
{
    struct head2_session_data data;
    head2_session_input(to->s, now, &from->addr, bytes, len, &data);
    if (data.bytes != NULL)
        printf("lane %u: %.*s\n", data.lane, (int)data.len, (const char *)data.bytes);
    return (data.bytes != NULL) + carry(to, from);
}

static int carry(struct end *from, struct end *to)
{
    struct head2_action a;
    int delivered = 0;
    while (head2_session_next(from->s, now, &a)) {
        if (a.kind == HEAD2_ACTION_SEND) {
            uint8_t copy[1500]; /* the session reuses its buffer at the next call */
            memcpy(copy, a.bytes, a.len);
            delivered += deliver(from, to, copy, a.len);
        } else if (a.kind == HEAD2_ACTION_JOB) {
            head2_job_run(a.job, sign, from->key);
            head2_session_complete(from->s, now, a.job);
        } else if (a.event->kind == HEAD2_EVENT_UP) {
            printf("session up, %llu bytes of handshake\n",
                   (unsigned long long)a.event->handshake_bytes);
        }
    }
    return delivered;
}

static int open_end(struct end *e, enum head2_role role)
{
    struct head2_session_config c = {.role = role, .max_peers = 1, .random = random_bytes};
    if (head2_key_generate(&e->key, HEAD2_MLDSA_87) != HEAD2_OK)
        return 0;
    c.pk = head2_key_public(e->key);
    return head2_session_new(&e->s, &c, now) == HEAD2_OK;
}

int main(void)
{
    struct head2_session_packets out;
    uint32_t to_gateway, to_drone;
    int delivered = 0;

    if (!open_end(&drone, HEAD2_ROLE_DRONE) || !open_end(&gateway, HEAD2_ROLE_GATEWAY))
        return 1;
    struct head2_peer_config d = {.pk = head2_key_public(drone.key)};
    struct head2_peer_config g = {
        .pk = head2_key_public(gateway.key), .addrs = {gateway.addr}, .n_addrs = 1};
    if (head2_session_add_peer(gateway.s, &to_drone, &d) != HEAD2_OK ||
        head2_session_add_peer(drone.s, &to_gateway, &g) != HEAD2_OK)
        return 1;
    head2_session_tick(drone.s, now); /* the drone begins */
    carry(&drone, &gateway);
    if (head2_session_send(drone.s, now, to_gateway, 0, (const uint8_t *)"position 36.74 -120.25",
                           22, &out) == HEAD2_OK)
        delivered += deliver(&drone, &gateway, out.bytes[0], out.len[0]);
    if (head2_session_send(gateway.s, now, to_drone, 0, (const uint8_t *)"hold", 4, &out) ==
        HEAD2_OK)
        delivered += deliver(&gateway, &drone, out.bytes[0], out.len[0]);
    head2_session_free(drone.s);
    head2_session_free(gateway.s);
    head2_key_free(drone.key);
    head2_key_free(gateway.key);
    return delivered == 2 ? 0 : 1;
}
