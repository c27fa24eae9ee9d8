/*
 * A whole post-quantum session between a drone and a gateway in one process: `pump` carries what
 * would otherwise go over UDP.
 *
 *     cc two_buffers.c $(pkg-config --cflags --libs head2) -o two_buffers
 */
#include <head2/head2.h>

#include <stdio.h>
#include <string.h>

static struct end {
    struct head2_session *s;
    struct head2_key *key;
    struct head2_address addr;
    uint32_t peer;
} drone = {.addr.port = 1}, gateway = {.addr.port = 2};
static uint64_t now = 1000000; /* a clock in microseconds */
static int delivered;

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

static void deliver(struct end *from, struct end *to, const uint8_t *bytes, size_t len)
{
    struct head2_session_data data;
    head2_session_input(to->s, now, &from->addr, bytes, len, &data);
    if (data.bytes == NULL)
        return;
    printf("lane %u: %.*s\n", data.lane, (int)data.len, (const char *)data.bytes);
    delivered++;
}

static int pump(struct end *from, struct end *to) /* carry out one thing that `from` wants done */
{
    struct head2_action a;
    if (!head2_session_next(from->s, now, &a))
        return 0;
    if (a.kind == HEAD2_ACTION_SEND) {
        deliver(from, to, a.bytes, a.len);
    } else if (a.kind == HEAD2_ACTION_JOB) { /* a signature, a key: any thread may do it */
        head2_job_run(a.job, sign, from->key);
        head2_session_complete(from->s, now, a.job);
    } else if (a.event->kind == HEAD2_EVENT_UP) {
        printf("session up, %d bytes of handshake\n", (int)a.event->handshake_bytes);
    }
    return 1;
}

static int open_end(struct end *e, enum head2_role role)
{
    struct head2_session_config c = {.role = role, .max_peers = 1, .random = random_bytes};
    if (head2_key_generate(&e->key, HEAD2_MLDSA_87) != HEAD2_OK)
        return 0;
    c.pk = head2_key_public(e->key);
    return head2_session_new(&e->s, &c, now) == HEAD2_OK;
}

static void say(struct end *from, struct end *to, const char *text)
{
    struct head2_session_packets out;
    if (head2_session_send(from->s, now, from->peer, 0, (const uint8_t *)text, strlen(text),
                           &out) == HEAD2_OK)
        deliver(from, to, out.bytes[0], out.len[0]);
}

int main(void)
{
    if (!open_end(&drone, HEAD2_ROLE_DRONE) || !open_end(&gateway, HEAD2_ROLE_GATEWAY))
        return 1;
    struct head2_peer_config d = {.pk = head2_key_public(drone.key)};
    struct head2_peer_config g = {
        .pk = head2_key_public(gateway.key), .addrs = {gateway.addr}, .n_addrs = 1};
    if (head2_session_add_peer(gateway.s, &gateway.peer, &d) != HEAD2_OK ||
        head2_session_add_peer(drone.s, &drone.peer, &g) != HEAD2_OK)
        return 1;
    head2_session_tick(drone.s, now); /* the drone begins */
    while (pump(&drone, &gateway) || pump(&gateway, &drone))
        ;
    say(&drone, &gateway, "position 36.74 -120.25");
    say(&gateway, &drone, "hold");
    head2_session_free(drone.s);
    head2_session_free(gateway.s);
    head2_key_free(drone.key);
    head2_key_free(gateway.key);
    return delivered == 2 ? 0 : 1;
}
