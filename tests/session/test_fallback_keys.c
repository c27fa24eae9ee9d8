/*
 * Fallback keys on their way and in use: what is stored before what is said, what ends a key, who
 * may use it, and what malformed messages and stolen keys lead to (T19 of docs/testing.md).
 */
#include "session/fallback_net.h"

/* ---- the way from the gateway to the drone ---- */

/* Up, but nobody stores anything. */
static void start_unkept(uint64_t seed)
{
    net_open(&net, seed);
    memset(cut, 0, sizeof cut);
    other_filter = NULL;
    net.filter = cut_off;
    net.end[0].keeps_nothing = net.end[NET_GATEWAY].keeps_nothing = true;
    const struct head2_session_config g = fallback_config(NET_GATEWAY);
    net_gateway(&net, &g, 1);
    start_drone(0, NULL);
    NET_UNTIL(&net, 2 * SECOND, net.end[NET_GATEWAY].fallback_offers == 1);
}

static void keep(int i)
{
    const uint32_t peer = i == NET_GATEWAY ? net.peer_of[0] : 0;

    head2_session_fallback_kept(net.end[i].s, net.now, peer, net.end[i].fallback.id);
    net_pump(&net, i);
}

/* Stored at the gateway before it is sent, at the drone before it is acknowledged. */
static void stored_first(void)
{
    struct net_end *g = &net.end[NET_GATEWAY], *d = &net.end[0];

    start_unkept(1);
    net_run(&net, net.now + 5 * SECOND);
    CHECK_EQ(d->fallback_offers, 0);
    NET_UNTIL(&net, 6 * SECOND, g->fallback_offers == 2); /* it is asked again */
    CHECK_EQ(d->fallback_offers, 0);
    keep(NET_GATEWAY);
    NET_UNTIL(&net, SECOND, d->fallback_offers == 1);
    CHECK_MEM(d->fallback.id, g->fallback.id, 16);
    CHECK_MEM(d->fallback.key.b, g->fallback.key.b, 64);
    CHECK_EQ(head2_fallback_verify(&d->fallback, net_key(NET_GATEWAY)->pk), HEAD2_OK);
    net_run(&net, net.now + 5 * SECOND);
    CHECK_EQ(g->events[HEAD2_EVENT_FALLBACK_KEY], 0);
    CHECK(fallback_newest(d->s) == NULL);
    keep(0);
    NET_UNTIL(&net, SECOND, g->events[HEAD2_EVENT_FALLBACK_KEY] == 1);
    CHECK_EQ(d->events[HEAD2_EVENT_FALLBACK_KEY], 1);
    CHECK_MEM(g->last_key.fallback_id, g->fallback.id, 16);
    CHECK(fallback_newest(d->s) != NULL);
    keep(0); /* said twice: nothing more */
    keep(NET_GATEWAY);
    net_run(&net, net.now + SECOND);
    CHECK_EQ(g->events[HEAD2_EVENT_FALLBACK_KEY], 1);
    CHECK_EQ(info(0).fallback_left_us / SECOND / 100, 86400 / 100 - 1);
    net_stop(&net);
}

/* A link that loses a quarter of everything. */
static void stored_in_spite_of_loss(void)
{
    net_open(&net, 2);
    net.loss = 0.25;
    const struct head2_session_config g = fallback_config(NET_GATEWAY);
    net_gateway(&net, &g, 1);
    start_drone(0, NULL);
    NET_UNTIL(&net, 60 * SECOND, net.end[NET_GATEWAY].events[HEAD2_EVENT_FALLBACK_KEY] > 0);
    CHECK_MEM(fallback_newest(net.end[0].s)->id, net.end[NET_GATEWAY].last_key.fallback_id, 16);
    net_stop(&net);
}

/* All jobs are out: the key is signed, and verified, when one comes back. */
static void without_jobs(int i)
{
    struct net_end *g = &net.end[NET_GATEWAY];
    struct head2_job *out[64];
    unsigned n = 0;

    start(7, 0);
    struct head2_session *s = net.end[i].s;
    struct tunnel *t = tunnel_of_peer(s, i == 0 ? 0 : net.peer_of[0]);
    for (; n < HEAD2_LEN(out) && s->jobs_free != NULL; n++)
        out[n] = job_get(s, JOB_SIGN, OWNER_TUNNEL, 0, 0); /* nobody's */
    issue_now();
    NET_UNTIL(&net, SECOND, t->issue.wanted);
    net_run(&net, net.now + 100000);
    CHECK_EQ(t->issue.state, ISSUE_JOB);
    while (n > 0)
        head2_session_complete(s, net.now, out[--n]);
    net_pump(&net, i);
    NET_UNTIL(&net, SECOND, g->events[HEAD2_EVENT_FALLBACK_KEY] == 2);
    net_stop(&net);
}

static void no_job_at_the_gateway(void)
{
    without_jobs(NET_GATEWAY);
}

static void no_job_at_the_drone(void)
{
    without_jobs(0);
}

/* The control lane's queue is full when the key is stored: it is sent, or acknowledged, later. */
static void queue_is_full(int i)
{
    struct net_end *g = &net.end[NET_GATEWAY];

    start_unkept(8);
    if (i == 0) {
        keep(NET_GATEWAY);
        NET_UNTIL(&net, SECOND, net.end[0].fallback_offers == 1);
    }
    struct tunnel *t = tunnel_of_peer(net.end[i].s, i == 0 ? 0 : net.peer_of[0]);
    for (unsigned k = 0; k < CTL_OUT; k++)
        t->ctl.out[k] = (struct ctl_out){.used = true, .due = UINT64_MAX}; /* nothing is due */
    keep(i);
    net_run(&net, net.now + 500000);
    CHECK_EQ(t->issue.state, ISSUE_KEPT);
    memset(t->ctl.out, 0, sizeof t->ctl.out);
    net.end[0].keeps_nothing = false;
    NET_UNTIL(&net, SECOND, g->events[HEAD2_EVENT_FALLBACK_KEY] == 1);
    net_stop(&net);
}

static void queue_is_full_at_the_gateway(void)
{
    queue_is_full(NET_GATEWAY);
}

static void queue_is_full_at_the_drone(void)
{
    queue_is_full(0);
}

/* More keys wait to be stored than there are places: those left out come again. */
static void many_to_be_stored(void)
{
    struct head2_action a;

    start(9, 0);
    struct head2_session *g = net.end[NET_GATEWAY].s;
    issue_now();
    head2_session_tick(g, net.now + 300000);
    while (head2_session_next(g, net.now, &a) && a.kind != HEAD2_ACTION_JOB)
        ;
    CHECK_EQ(a.kind, HEAD2_ACTION_JOB);
    head2_job_run(a.job, net_sign, (void *)(uintptr_t)net_key(NET_GATEWAY));
    memset(g->fb.offers, 0, sizeof g->fb.offers);
    g->fb.offer_n = FBK_OFFERS; /* of others, who are gone */
    head2_session_complete(g, net.now, a.job);
    net_pump(&net, NET_GATEWAY);
    CHECK_EQ(net.end[NET_GATEWAY].fallback_offers, 1);
    NET_UNTIL(&net, 11 * SECOND, net.end[NET_GATEWAY].events[HEAD2_EVENT_FALLBACK_KEY] == 2);
    net_stop(&net);
}

static bool flaky;

static enum head2_status sometimes(void *arg, void *out, size_t len)
{
    return flaky ? HEAD2_E_ENTROPY : net_random(arg, out, len);
}

/* Without randomness there is no key, and later there is one. */
static void no_randomness(void)
{
    struct net_end *g = &net.end[NET_GATEWAY];

    start(5, 0);
    g->s->config.random_key = sometimes;
    flaky = true;
    struct tunnel *t = tunnel_of_peer(g->s, net.peer_of[0]);
    issue_now();
    NET_UNTIL(&net, SECOND, counter_of(NET_GATEWAY, HEAD2_COUNT_RNG_FAIL) == 1);
    CHECK(t->issue.state == ISSUE_NONE && t->issue.block == NULL);
    flaky = false;
    NET_UNTIL(&net, 15 * SECOND, g->events[HEAD2_EVENT_FALLBACK_KEY] == 2);
    net_stop(&net);
}

/* While many drones come back at once no keys are made; afterwards everybody gets one, in time. */
static void waits_for_the_herd(void)
{
    struct net_end *g = &net.end[NET_GATEWAY];

    start(6, 0);
    struct tunnel *t = tunnel_of_peer(g->s, net.peer_of[0]);
    issue_now();
    const uint32_t before = g->s->n_half;
    g->s->n_half = FBK_CALM + 1;
    net_run(&net, net.now + 300000);
    CHECK_EQ(t->issue.state, ISSUE_NONE);
    CHECK(t->issue.next > net.now && t->issue.next <= net.now + 31 * SECOND);
    g->s->n_half = before;
    NET_UNTIL(&net, 32 * SECOND, g->events[HEAD2_EVENT_FALLBACK_KEY] == 2);
    net_stop(&net);
}

/* ---- messages that no gateway sends ---- */

static uint8_t body[HEAD2_FALLBACK_MAX_BYTES];

static size_t good_issue(void)
{
    static uint8_t all[HEAD2_FALLBACK_MAX_BYTES];
    const size_t n = head2_fallback_encode(all, &net.end[NET_GATEWAY].fallback);

    memcpy(body, all + HEAD2_FALLBACK_HEAD_BYTES, n - HEAD2_FALLBACK_HEAD_BYTES);
    return n - HEAD2_FALLBACK_HEAD_BYTES;
}

static void say(int to, uint8_t type, size_t len)
{
    struct tunnel *t = tunnel_of_peer(net.end[to].s, to == 0 ? 0 : net.peer_of[0]);

    CHECK(t != NULL);
    issue_message(net.end[to].s, t, type, body, len);
    net_pump(&net, to);
}

/* What is not well-formed ends the session, as any control message does. */
static void malformed_issue(size_t cut_to, unsigned at, uint8_t value)
{
    start(10, 0);
    size_t len = good_issue();
    if (at != 0)
        body[at] = value;
    if (cut_to != 0)
        len = cut_to;
    say(0, CTL_FBK_ISSUE, len);
    CHECK_EQ(counter_of(0, HEAD2_COUNT_CTL_MALFORMED), 1);
    CHECK_EQ(net.end[0].last_down.reason, CLOSE_PROTOCOL);
    CHECK_EQ(net.end[0].fallback_offers, 1);
    net_stop(&net);
}

static void malformed_issues(void)
{
    start(11, 0);
    const size_t len = good_issue();
    net_stop(&net);
    malformed_issue(1, 0, 0);
    malformed_issue(91, 0, 0);
    malformed_issue(len - 1, 0, 0);
    malformed_issue(sizeof body, 0, 0); /* longer than its nodes say */
    malformed_issue(0, 88, 255);        /* lifetime */
    malformed_issue(0, 92, 1);          /* uses */
    malformed_issue(0, 94, 0);          /* nodes */
    malformed_issue(0, 94, 5);
    malformed_issue(0, (unsigned)len - SIG_BYTES - 2, 0);
    malformed_issue(0, 80, 1); /* the time of issue, beyond 2^48 */
}

static void malformed_acks(void)
{
    for (size_t len = 1; len <= 17; len += 8) {
        start(12, 0);
        memcpy(body, net.end[NET_GATEWAY].fallback.id, 16);
        say(NET_GATEWAY, CTL_FBK_ACK, len == 9 ? 15 : len);
        CHECK_EQ(net.end[NET_GATEWAY].last_down.reason, CLOSE_PROTOCOL);
        net_stop(&net);
    }
}

/* Well-formed, and not to be heeded: the session goes on, and nothing is stored. */
static void unwanted_messages(void)
{
    start(13, 0);
    struct net_end *g = &net.end[NET_GATEWAY], *d = &net.end[0];
    const struct held_key before = *fallback_newest(d->s);
    size_t len = good_issue();
    say(0, CTL_FBK_ISSUE, len); /* the same again */
    CHECK_EQ(counter_of(0, HEAD2_COUNT_FBK_REPLAY), 1);
    body[79] = 0; /* later, and so not signed */
    body[85]++;
    body[0] ^= 1;
    say(0, CTL_FBK_ISSUE, len);
    CHECK_EQ(counter_of(0, HEAD2_COUNT_BAD_SIG), 1);
    CHECK_EQ(d->last_alarm.counter, HEAD2_COUNT_BAD_SIG);
    memset(body, 7, 16);
    say(NET_GATEWAY, CTL_FBK_ACK, 16); /* of a key that nobody knows */
    say(0, CTL_FBK_ACK, 16);           /* to the wrong end, both */
    good_issue();
    say(NET_GATEWAY, CTL_FBK_ISSUE, len);
    net_run(&net, net.now + SECOND);
    CHECK_EQ(d->fallback_offers, 1);
    CHECK_EQ(g->events[HEAD2_EVENT_FALLBACK_KEY], 1);
    CHECK_EQ(d->events[HEAD2_EVENT_DOWN] + g->events[HEAD2_EVENT_DOWN], 0);
    CHECK_MEM(&before, fallback_newest(d->s), sizeof before);
    net_stop(&net);
}

/* A key of another session of the same drone, signed by its gateway. */
static void key_of_another_session(void)
{
    start(14, 0);
    struct head2_fallback_key k = net.end[NET_GATEWAY].fallback;
    struct tunnel *t = tunnel_of_peer(net.end[0].s, 0);
    CHECK_MEM(k.session_id, t->session_id, 8);
    start_drone(0, NULL);
    NET_UNTIL(&net, 2 * SECOND, net.end[NET_GATEWAY].events[HEAD2_EVENT_UP] == 2);
    issue_now();
    NET_UNTIL(&net, 2 * SECOND, net.end[0].fallback_offers == 2);
    head2_session_drop_fallback_key(net.end[0].s, net.end[0].fallback.id);
    net.end[NET_GATEWAY].fallback = k;
    say(0, CTL_FBK_ISSUE, good_issue());
    CHECK_EQ(counter_of(0, HEAD2_COUNT_BAD_SIG), 1);
    CHECK(fallback_newest(net.end[0].s) == NULL);
    net_stop(&net);
}

/* A second one comes while the first is being verified: the verdict is the first one's alone. */
static void verdict_of_another(void)
{
    struct head2_action a;

    start(15, 0);
    struct head2_session *d = net.end[0].s;
    struct tunnel *t = tunnel_of_peer(d, 0);
    head2_session_drop_fallback_key(d, net.end[0].fallback.id);
    const size_t len = good_issue();
    issue_message(d, t, CTL_FBK_ISSUE, body, len);
    while (head2_session_next(d, net.now, &a) && a.kind != HEAD2_ACTION_JOB)
        ;
    CHECK_EQ(a.kind, HEAD2_ACTION_JOB);
    body[0] ^= 1; /* not signed */
    issue_message(d, t, CTL_FBK_ISSUE, body, len);
    head2_job_run(a.job, net_sign, NULL);
    head2_session_complete(d, net.now, a.job);
    CHECK_EQ(t->issue.state, ISSUE_JOB);
    net_pump(&net, 0);
    CHECK_EQ(counter_of(0, HEAD2_COUNT_BAD_SIG), 1);
    CHECK_EQ(net.end[0].fallback_offers, 1);
    net_stop(&net);
}

/* In a fallback session nobody issues keys: who stole one makes no new one of it. */
static void no_keys_in_fallback(void)
{
    start(16, 0);
    take_over();
    const size_t len = good_issue();
    const uint64_t before = counter_of(0, HEAD2_COUNT_FBK_POLICY);
    say(0, CTL_FBK_ISSUE, len);
    CHECK_EQ(counter_of(0, HEAD2_COUNT_FBK_POLICY), before + 1);
    CHECK_EQ(net.end[0].fallback_offers, 1);
    CHECK(in_fallback(NODE));
    net_stop(&net);
}

/* ---- restored memory ---- */

static uint64_t image = 1;

static bool generation(void *arg, uint64_t *number)
{
    (void)arg;
    *number = image;
    return true;
}

/* A key that waits to be stored is forgotten with all that a copy of this machine has as well. */
static void copied_before_kept(void)
{
    start_unkept(20);
    struct head2_session *g = net.end[NET_GATEWAY].s;
    g->config.generation = generation;
    image_note(g);
    image++;
    keep(NET_GATEWAY);
    net_run(&net, net.now + SECOND);
    CHECK_EQ(net.end[0].fallback_offers, 0);
    NET_UNTIL(&net, 10 * SECOND, net.end[NET_GATEWAY].fallback_offers == 2);
    keep(NET_GATEWAY);
    NET_UNTIL(&net, SECOND, net.end[0].fallback_offers == 1);
    net_stop(&net);
}

static void copied_in_fallback(void)
{
    start(21, 0);
    take_over();
    struct head2_session *d = net.end[0].s;
    d->config.generation = generation;
    image_note(d);
    image++;
    head2_session_tick(d, net.now);
    CHECK(!info(0).up);
    NET_UNTIL(&net, 30 * SECOND, in_fallback(NODE));
    CHECK_EQ(net.end[NODE].last_up.fb_counter, 2);
    net_stop(&net);
}

int main(void)
{
    RUN(stored_first);
    RUN(stored_in_spite_of_loss);
    RUN(no_job_at_the_gateway);
    RUN(no_job_at_the_drone);
    RUN(queue_is_full_at_the_gateway);
    RUN(queue_is_full_at_the_drone);
    RUN(many_to_be_stored);
    RUN(no_randomness);
    RUN(waits_for_the_herd);
    RUN(malformed_issues);
    RUN(malformed_acks);
    RUN(unwanted_messages);
    RUN(key_of_another_session);
    RUN(verdict_of_another);
    RUN(no_keys_in_fallback);
    RUN(copied_before_kept);
    RUN(copied_in_fallback);
    CHECK_EXIT();
}
