/*
 * A drone, its gateway and nodes in the network of net.h, for the tests of fallback keys. Drones
 * are the first ends, nodes the last before the gateway.
 */
#ifndef HEAD2_TESTS_SESSION_FALLBACK_NET_H
#define HEAD2_TESTS_SESSION_FALLBACK_NET_H

#include "session/net.h"

#include "base/crc16.h"
#include "session/state.h"

#define NODE  (NET_DRONES - 1)
#define NODE2 (NET_DRONES - 2)
#define NODES 2

static struct net net;
static uint16_t net_suite; /* of all ends; 0: the usual one */

static uint64_t wall_ms(void *arg)
{
    const struct net *n = arg;

    return (uint64_t)((int64_t)(1700000000000 + n->now / 1000) + n->wall_skew);
}

static enum head2_status note_counter(void *arg, const uint8_t id[16], uint16_t counter)
{
    struct net_end *end = arg;

    (void)id;
    if (end->counts_nothing)
        return HEAD2_E_IO;
    CHECK(counter > 0);
    end->fallback_counts++;
    end->fallback_counter = counter;
    if (net.on_count != NULL)
        net.on_count(&net, (int)(end - net.end), counter);
    return HEAD2_OK;
}

static struct head2_session_config fallback_config(int i)
{
    static uint8_t ids[NODES][32];
    static struct head2_fallback_node nodes[NODES];
    struct head2_session_config c = net_config(&net, i);

    for (int k = 0; k < NODES; k++) {
        identity(ids[k], 'F', net_key((unsigned)(NODE - k))->pk);
        nodes[k] = (struct head2_fallback_node){.pk = net_key((unsigned)(NODE - k))->pk,
                                                .addrs = {net_addr((unsigned)(NODE - k))},
                                                .n_addrs = 1};
    }
    c.suites[0] = net_suite;
    c.wall_ms = wall_ms;
    c.wall_arg = &net;
    c.fallback_arg = &net.end[i];
    if (i == NET_GATEWAY) {
        c.fallback_ids = (const uint8_t(*)[32])ids;
        c.n_fallback_ids = NODES;
    } else if (i > NODE - NODES) {
        c.role = HEAD2_ROLE_FALLBACK;
        c.incarnation = 1;
        c.fallback_count = note_counter;
    } else {
        c.fallback_nodes = nodes;
        c.n_fallback_nodes = NODES;
        c.fallback_count = note_counter;
    }
    return c;
}

/* Start an end anew, as from what it has made durable. */
static void start_node(int i, const struct head2_fallback_key *key)
{
    const struct head2_session_config c = fallback_config(i);
    struct net_end *end = &net.end[i];

    head2_session_free(end->s);
    end->s = NULL;
    CHECK_EQ(head2_session_new(&end->s, &c, net.now), HEAD2_OK);
    if (key != NULL)
        CHECK_EQ(head2_session_add_fallback_key(end->s, net.now, &end->peer, key,
                                                end->fallback_counter, UINT64_MAX),
                 HEAD2_OK);
}

HEAD2_UNUSED static void start_drone(int i, const struct head2_fallback_key *key)
{
    const struct head2_session_config c = fallback_config(i);
    struct net_end *end = &net.end[i];
    uint32_t peer;

    head2_session_free(end->s);
    end->s = NULL;
    net_drone(&net, i, &c);
    if (key != NULL)
        CHECK_EQ(head2_session_add_fallback_key(end->s, net.now, &peer, key, end->fallback_counter,
                                                UINT64_MAX),
                 HEAD2_OK);
}

/* Ends that nothing reaches and nothing leaves. */
static bool cut[NET_DRONES + 1];
static bool (*other_filter)(struct net *n, const struct net_packet *p);

static bool cut_off(struct net *n, const struct net_packet *p)
{
    if (cut[p->from] || cut[p->to])
        return true;
    return other_filter != NULL && other_filter(n, p);
}

/* lifetime: of keys, seconds, 0 for what is usual. The drone's first key is in force, and NODE has
 * it. */
static void start(uint64_t seed, uint32_t lifetime)
{
    net_open(&net, seed);
    memset(cut, 0, sizeof cut);
    other_filter = NULL;
    net.filter = cut_off;
    struct head2_session_config g = fallback_config(NET_GATEWAY);
    g.fallback_lifetime = lifetime;
    net_gateway(&net, &g, 2);
    start_drone(0, NULL);
    NET_UNTIL(&net, 2 * SECOND, net.end[NET_GATEWAY].events[HEAD2_EVENT_FALLBACK_KEY] == 1);
    start_node(NODE, &net.end[NET_GATEWAY].fallback);
}

/* The gateway makes another key for the first drone, however new the last one is. */
HEAD2_UNUSED static void issue_now(void)
{
    struct head2_session *g = net.end[NET_GATEWAY].s;

    tunnel_of_peer(g, net.peer_of[0])->issue.next = g->peers[net.peer_of[0]].fallback_rest =
        net.now;
}

HEAD2_UNUSED static struct held_key *held(int i)
{
    return fallback_find(net.end[i].s, net.end[NET_GATEWAY].fallback.id);
}

HEAD2_UNUSED static uint64_t counter_of(int i, enum head2_counter c)
{
    return head2_session_counters(net.end[i].s)[c];
}

static struct head2_peer_info info(int i)
{
    struct head2_peer_info p;

    CHECK_EQ(head2_session_peer_info(net.end[i].s, net.now, net.end[i].peer, &p), HEAD2_OK);
    return p;
}

static bool in_fallback(int node)
{
    const struct head2_peer_info d = info(0);

    if (!d.up || !d.fallback || net.end[node].s == NULL)
        return false;
    const struct head2_peer_info f = info(node);
    return f.up && f.fallback && memcmp(d.pseudonym, f.pseudonym, 16) == 0;
}

/* The gateway is gone, and the node has taken over. */
HEAD2_UNUSED static void take_over(void)
{
    cut[NET_GATEWAY] = true;
    NET_UNTIL(&net, 20 * SECOND, in_fallback(NODE));
    net_run(&net, net.now + 50000);
}

/* MAVLink 1: a heartbeat, which may pass, and PARAM_SET, which may not. */
HEAD2_UNUSED static size_t mavlink(uint8_t *out, bool allowed)
{
    const uint8_t len = allowed ? 9 : 23, id = allowed ? 0 : 23, extra = allowed ? 50 : 168;

    memset(out, 0, len + 8u);
    out[0] = 0xfe;
    out[1] = len;
    out[5] = id;
    const uint16_t sum = crc16_mavlink(out, len + 6u, extra);
    out[len + 6] = (uint8_t)sum;
    out[len + 7] = (uint8_t)(sum >> 8);
    return len + 8u;
}

#endif
