/*
 * The UDP ports of local applications, one a peer and lane.
 *
 * A link listens where its configuration says, takes what any local program sends, and gives back
 * to the one that sent last. A gateway opens a port of its own when the first datagram arrives for
 * a lane, sends from it to the configured output, and takes replies from that address only.
 */
#include "gateway/runtime.h"

#include <errno.h>
#include <stdlib.h>

#define BULK_TURN 256

static void on_port(uv_poll_t *poll, int status, int events);

static enum head2_status port_new(struct runtime *r, uint32_t peer, unsigned lane,
                                  const struct head2_address *at)
{
    struct port *p = calloc(1, sizeof *p);

    if (p == NULL)
        return HEAD2_E_MEMORY;
    p->runtime = r;
    p->peer = peer;
    p->lane = (uint8_t)lane;
    p->poll.data = p;
    if (net_open(&p->socket, at, NET_LOCAL) != HEAD2_OK) {
        int error = errno;
        free(p);
        errno = error;
        return HEAD2_E_IO;
    }
    if (uv_poll_init(&r->loop, &p->poll, p->socket.fd) != 0) {
        net_close(&p->socket);
        free(p);
        return HEAD2_E_IO;
    }
    uv_poll_start(&p->poll, UV_READABLE, on_port);
    r->members[peer].ports[lane] = p;
    return HEAD2_OK;
}

enum head2_status ports_listen(struct runtime *r, uint32_t peer, unsigned lane)
{
    return port_new(r, peer, lane, &r->members[peer].lanes[lane].at);
}

/* Out of the list, wherever it stands there. */
static void stop_waiting(struct runtime *r, struct port *p)
{
    struct port *before = NULL;

    if (!p->waiting)
        return;
    for (struct port *q = r->bulk_first; q != p; q = q->next)
        before = q;
    if (before == NULL)
        r->bulk_first = p->next;
    else
        before->next = p->next;
    if (r->bulk_last == p)
        r->bulk_last = before;
    p->waiting = false;
}

static void on_closed(uv_handle_t *handle)
{
    struct port *p = handle->data;

    net_close(&p->socket);
    free(p);
}

void ports_close(struct runtime *r, uint32_t peer, unsigned lane)
{
    struct port *p = r->members[peer].ports[lane];

    if (p == NULL)
        return;
    net_flush(&r->out_local); /* which may hold datagrams for this socket */
    r->drops[LOCAL_RECEIVE_FULL][lane] += p->socket.lost;
    stop_waiting(r, p);
    r->members[peer].ports[lane] = NULL;
    r->members[peer].has_receiver[lane] = false;
    uv_close((uv_handle_t *)&p->poll, on_closed);
}

/* ---- from the other end to the application ---- */

/* A gateway's own port: of the same family as the output, and only reachable from this machine when
 * the output is on it. */
static enum head2_status open_output(struct runtime *r, uint32_t peer, unsigned lane)
{
    struct head2_address at = r->members[peer].lanes[lane].at;

    at.port = 0;
    if (!address_is_loopback(&at))
        memset(address_is_v4(&at) ? at.ip + 12 : at.ip, 0, address_is_v4(&at) ? 4 : 16);
    return port_new(r, peer, lane, &at);
}

void ports_deliver(struct runtime *r, const struct head2_session_data *data)
{
    struct member *m = &r->members[data->peer];
    const unsigned lane = data->lane;
    const bool gateway = r->config->role == CONFIG_GATEWAY;

    if (data->late && !m->lanes[lane].deliver_late) {
        r->drops[LOCAL_LATE][lane]++;
        return;
    }
    if (!m->lanes[lane].on || (!gateway && !m->has_receiver[lane])) {
        r->drops[LOCAL_NO_RECEIVER][lane]++;
        return;
    }
    if (m->ports[lane] == NULL && open_output(r, data->peer, lane) != HEAD2_OK) {
        r->drops[LOCAL_NO_PORT][lane]++;
        return;
    }
    net_queue(&r->out_local, &m->ports[lane]->socket,
              gateway ? &m->lanes[lane].at : &m->receiver[lane], lane, data->bytes, data->len);
}

/* ---- from the application to the other end ---- */

static bool wanted(struct runtime *r, const struct port *p, const struct head2_address *from)
{
    struct member *m = &r->members[p->peer];

    if (r->config->role == CONFIG_GATEWAY) {
        if (address_same(from, &m->lanes[p->lane].at))
            return true;
        r->drops[LOCAL_STRANGER][p->lane]++;
        return false;
    }
    m->receiver[p->lane] = *from;
    m->has_receiver[p->lane] = true;
    return true;
}

/* Into places of the output, so that nothing is copied. */
void ports_send(struct runtime *r, uint64_t now, uint32_t peer, struct head2_session_item *items,
                unsigned n)
{
    struct head2_session_packets packets[HEAD2_SESSION_MANY];

    if (n == 0)
        return;
    uint8_t *const places = net_places(&r->out_wan, n);
    for (unsigned i = 0; i < n; i++) {
        items[i].packets = &packets[i];
        items[i].place = places + (size_t)i * NET_DATAGRAM;
    }
    const enum head2_status st = head2_session_send_many(r->session, now, peer, items, n);
    (void)st; /* what could not be sealed has no packets, and the session has counted it */
    for (unsigned i = 0; i < n; i++) {
        const struct head2_session_packets *p = &packets[i];
        for (unsigned k = 0; k < p->n; k++)
            net_queue(&r->out_wan, &r->wan, &p->to, items[i].lane, p->bytes[k], p->len[k]);
        for (unsigned k = 0; k < p->n_also; k++)
            net_queue(&r->out_wan, &r->wan, &p->also, items[i].lane, p->bytes[k], p->len[k]);
    }
}

/* One call's worth of what a port holds; how many datagrams that was. */
static unsigned drain(struct runtime *r, struct port *p, uint64_t now)
{
    struct head2_session_item items[HEAD2_SESSION_MANY];
    struct net_datagram d;
    unsigned n = 0, total = 0;

    if (!net_receive(&r->in, &p->socket))
        return 0;
    while (net_next(&r->in, &d)) {
        total++;
        if (!wanted(r, p, d.from))
            continue;
        items[n++] = (struct head2_session_item){.lane = p->lane, .bytes = d.bytes, .len = d.len};
        if (n == HEAD2_SESSION_MANY) {
            ports_send(r, now, p->peer, items, n);
            n = 0;
        }
    }
    ports_send(r, now, p->peer, items, n);
    return total;
}

/* Telemetry and commands are read at once, in whatever order the ports of a round come; all other
 * lanes are noted, and have their turn when the round is over. */
static void on_port(uv_poll_t *poll, int status, int events)
{
    struct port *p = poll->data;
    struct runtime *r = p->runtime;

    (void)status;
    (void)events;
    if (r->stopping)
        return;
    if (p->lane == 0) {
        const uint64_t now = runtime_now();
        (void)drain(r, p, now);
        runtime_pump(r, now);
    } else if (!p->waiting) {
        p->waiting = true;
        p->next = NULL;
        if (r->bulk_first == NULL)
            r->bulk_first = p;
        else
            r->bulk_last->next = p;
        r->bulk_last = p;
    }
}

/* One read each of ports in turn, and no more than BULK_TURN datagrams and a read: then the loop
 * looks for telemetry and commands again. What is left over waits in the sockets' buffers, which
 * are bounded, and where they are full the system drops and counts. */
static void on_bulk_turn(uv_check_t *check)
{
    struct runtime *r = check->data;
    unsigned total = 0;

    if (r->bulk_first == NULL || r->stopping)
        return;
    const uint64_t now = runtime_now();
    while (r->bulk_first != NULL && total < BULK_TURN) {
        struct port *p = r->bulk_first;
        stop_waiting(r, p);
        total += drain(r, p, now);
    }
    runtime_pump(r, now);
}

enum head2_status ports_start(struct runtime *r)
{
    r->bulk_turn.data = r;
    if (uv_check_init(&r->loop, &r->bulk_turn) != 0)
        return HEAD2_E_IO;
    return uv_check_start(&r->bulk_turn, on_bulk_turn) == 0 ? HEAD2_OK : HEAD2_E_IO;
}
