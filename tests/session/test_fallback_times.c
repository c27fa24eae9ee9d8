/*
 * When a gateway makes a fallback key: not so often that a drone outruns what its nodes have been
 * given, and with what time in it.
 */
#include "session/fallback_net.h"

static uint64_t rest_ends(void)
{
    return net.end[NET_GATEWAY].s->peers[net.peer_of[0]].fallback_rest;
}

/* The drone comes back; whether it gets a key that it acknowledges. */
static bool comes_back_for_a_key(const struct head2_fallback_key *with)
{
    struct net_end *g = &net.end[NET_GATEWAY];
    const uint64_t before = g->events[HEAD2_EVENT_FALLBACK_KEY], ups = g->events[HEAD2_EVENT_UP];

    start_drone(0, with);
    NET_UNTIL(&net, 5 * SECOND, g->events[HEAD2_EVENT_UP] == ups + 1);
    net_run(&net, net.now + 5 * SECOND);
    return g->events[HEAD2_EVENT_FALLBACK_KEY] != before;
}

/* Half an hour after one that the drone has acknowledged a handshake brings another, and twelve
 * hours do; a drone holds two. */
static void new_ones(void)
{
    struct net_end *g = &net.end[NET_GATEWAY];
    uint8_t first[16];

    start(3, 0);
    memcpy(first, g->fallback.id, sizeof first);
    CHECK(rest_ends() > net.now + 1790 * SECOND && rest_ends() <= net.now + 1800 * SECOND);
    for (unsigned i = 2; i <= 4; i++) {
        net.now = rest_ends();
        CHECK(comes_back_for_a_key(NULL));
    }
    struct tunnel *t = tunnel_of_peer(g->s, net.peer_of[0]);
    CHECK(t->issue.next > net.now + 43190 * SECOND && t->issue.next <= net.now + 43200 * SECOND);
    for (unsigned i = 5; i <= 7; i++) {
        issue_now();
        NET_UNTIL(&net, 5 * SECOND, g->events[HEAD2_EVENT_FALLBACK_KEY] == i);
    }
    CHECK(fallback_find(net.end[0].s, first) == NULL);
    CHECK_MEM(fallback_newest(net.end[0].s)->id, g->fallback.id, 16);
    CHECK(fallback_previous(net.end[0].s) != NULL);
    net_stop(&net);
}

/* A drone that makes session after session keeps what the nodes have been given; in the session
 * that lasts it gets another when it is time. A gateway that begins anew knows of it. */
static void not_outrun(void)
{
    struct net_end *g = &net.end[NET_GATEWAY];

    start(31, 0);
    const struct head2_fallback_key key = g->fallback;
    for (unsigned i = 0; i < 3; i++)
        CHECK(!comes_back_for_a_key(&key));
    CHECK(held(0) != NULL && held(NODE) != NULL);
    head2_session_free(g->s);
    g->s = NULL;
    const struct head2_session_config c = fallback_config(NET_GATEWAY);
    net_gateway(&net, &c, 1);
    head2_session_fallback_given(g->s, net.now, net.peer_of[0], key.issue_ms);
    CHECK(rest_ends() > net.now + 1700 * SECOND && rest_ends() < net.now + 1800 * SECOND);
    CHECK(!comes_back_for_a_key(&key));
    net_run(&net, rest_ends() + 60 * SECOND);
    CHECK_MEM(fallback_previous(net.end[0].s)->id, key.id, 16);
    CHECK_MEM(fallback_newest(net.end[0].s)->id, g->fallback.id, 16);
    net_stop(&net);
}

/* What was said at the beginning is believed as far as it can be true. */
static void given_before(void)
{
    struct net_end *g = &net.end[NET_GATEWAY];

    start(32, 0);
    const uint64_t issued = g->fallback.issue_ms;
    const uint32_t peer = net.peer_of[0];
    uint64_t *rest = &g->s->peers[peer].fallback_rest;
    *rest = 0;
    head2_session_fallback_given(g->s, net.now, 2, issued); /* no such peer */
    head2_session_fallback_given(net.end[0].s, net.now, 0, issued);
    head2_session_fallback_given(g->s, net.now, peer, issued - 1800000);
    CHECK_EQ(*rest, 0);
    head2_session_fallback_given(g->s, net.now, peer, issued + 1800000); /* the clock went back */
    CHECK_EQ(*rest, 0);
    issue_now();
    NET_UNTIL(&net, 5 * SECOND, g->events[HEAD2_EVENT_FALLBACK_KEY] == 2);
    CHECK_EQ(g->fallback.issue_ms, issued + 1800001); /* else the drone would take none */
    net_stop(&net);
}

/* A key that was used is replaced at once. */
static void used_one_is_replaced(void)
{
    start(33, 0);
    take_over();
    net_run(&net, net.now + 20 * SECOND); /* the session of before is dead */
    const uint8_t *const newest = net.end[NET_GATEWAY].fallback.id;
    const uint64_t before = net.end[NET_GATEWAY].events[HEAD2_EVENT_FALLBACK_KEY];
    CHECK_EQ(fallback_newest(net.end[0].s)->counter, 1);
    cut[NET_GATEWAY] = false;
    NET_UNTIL(&net, 30 * SECOND,
              net.end[NET_GATEWAY].events[HEAD2_EVENT_FALLBACK_KEY] == before + 1);
    CHECK_MEM(fallback_newest(net.end[0].s)->id, newest, 16);
    CHECK_EQ(fallback_newest(net.end[0].s)->counter, 0);
    CHECK_EQ(fallback_previous(net.end[0].s)->counter, 1);
    net_stop(&net);
}

/* The next key is there long before a short-lived one is over. */
static void short_lived(void)
{
    struct net_end *g = &net.end[NET_GATEWAY];

    start(34, 600);
    CHECK(rest_ends() <= net.now + 150 * SECOND);
    NET_UNTIL(&net, 310 * SECOND, g->events[HEAD2_EVENT_FALLBACK_KEY] == 2);
    CHECK(info(0).fallback_left_us > 590 * SECOND);
    net_stop(&net);
}

/* A clock on the wall that goes back at the gateway, and one that the drone has seen ahead. */
static void issue_times(void)
{
    struct net_end *g = &net.end[NET_GATEWAY];

    start(4, 0);
    const uint64_t first = g->fallback.issue_ms;
    net.wall_skew = -1800000;
    issue_now();
    NET_UNTIL(&net, 5 * SECOND, g->events[HEAD2_EVENT_FALLBACK_KEY] == 2);
    CHECK_EQ(g->fallback.issue_ms, first + 1);
    net.wall_skew = -7200000; /* it was far ahead, and has been set right */
    issue_now();
    NET_UNTIL(&net, 5 * SECOND, counter_of(0, HEAD2_COUNT_FBK_REPLAY) == 1);
    net_run(&net, net.now + SECOND);
    CHECK_EQ(g->events[HEAD2_EVENT_FALLBACK_KEY], 2);
    CHECK_EQ(fallback_newest(net.end[0].s)->issue_ms, first + 1);
    fallback_newest(net.end[0].s)->until = net.now + SECOND; /* until the later one is over */
    fallback_previous(net.end[0].s)->until = net.now + SECOND;
    net_run(&net, net.now + 2 * SECOND);
    issue_now();
    NET_UNTIL(&net, 5 * SECOND, g->events[HEAD2_EVENT_FALLBACK_KEY] == 3);
    net_stop(&net);
}

int main(void)
{
    RUN(new_ones);
    RUN(not_outrun);
    RUN(given_before);
    RUN(used_one_is_replaced);
    RUN(short_lived);
    RUN(issue_times);
    CHECK_EXIT();
}
