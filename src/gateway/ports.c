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
    r->out_local.socket = NULL;
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
        r->local[LOCAL_LATE]++;
        return;
    }
    if (!m->lanes[lane].on || (!gateway && !m->has_receiver[lane])) {
        r->local[LOCAL_NO_RECEIVER]++;
        return;
    }
    if (m->ports[lane] == NULL && open_output(r, data->peer, lane) != HEAD2_OK) {
        r->local[LOCAL_NO_PORT]++;
        return;
    }
    net_queue(&r->out_local, &m->ports[lane]->socket,
              gateway ? &m->lanes[lane].at : &m->receiver[lane], data->bytes, data->len);
}

/* ---- from the application to the other end ---- */

static bool wanted(struct runtime *r, const struct port *p, const struct head2_address *from)
{
    struct member *m = &r->members[p->peer];

    if (r->config->role == CONFIG_GATEWAY) {
        if (address_same(from, &m->lanes[p->lane].at))
            return true;
        r->local[LOCAL_STRANGER]++;
        return false;
    }
    m->receiver[p->lane] = *from;
    m->has_receiver[p->lane] = true;
    return true;
}

void ports_send(struct runtime *r, uint64_t now, uint32_t peer, struct head2_session_item *items,
                unsigned n)
{
    struct head2_session_packets packets[HEAD2_SESSION_MANY];

    for (unsigned i = 0; i < n; i++)
        items[i].packets = &packets[i];
    const enum head2_status st =
        n != 0 ? head2_session_send_many(r->session, now, peer, items, n) : HEAD2_OK;
    (void)st; /* what could not be sealed has no packets, and the session has counted it */
    for (unsigned i = 0; i < n; i++) {
        const struct head2_session_packets *p = &packets[i];
        for (unsigned k = 0; k < p->n; k++)
            net_queue(&r->out_wan, &r->wan, &p->to, p->bytes[k], p->len[k]);
        for (unsigned k = 0; k < p->n_also; k++)
            net_queue(&r->out_wan, &r->wan, &p->also, p->bytes[k], p->len[k]);
    }
}

static void drain(struct runtime *r, const struct port *p, uint64_t now)
{
    struct head2_session_item items[HEAD2_SESSION_MANY];
    struct head2_address from;
    const unsigned received = net_receive(&r->in, &p->socket);
    unsigned n = 0;

    for (unsigned i = 0; i < received; i++) {
        address_from_sockaddr(&from, &r->in.from[i]);
        if (!wanted(r, p, &from))
            continue;
        items[n++] = (struct head2_session_item){
            .lane = p->lane, .bytes = r->in.bytes[i], .len = r->in.len[i]};
        if (n == HEAD2_SESSION_MANY) {
            ports_send(r, now, p->peer, items, n);
            n = 0;
        }
    }
    ports_send(r, now, p->peer, items, n);
}

static void on_port(uv_poll_t *poll, int status, int events)
{
    const struct port *p = poll->data;
    struct runtime *r = p->runtime;
    const uint64_t now = runtime_now();

    (void)status;
    (void)events;
    if (r->stopping)
        return;
    const struct port *first = r->members[p->peer].ports[0];
    if (p->lane != 0 && first != NULL)
        drain(r, first, now); /* commands and telemetry before video */
    drain(r, p, now);
    runtime_pump(r, now);
}
