/*
 * The memory of an end is restored or copied while it runs, which a number tells: before, after and
 * while something is sealed, in the middle of handshakes, with jobs out. Nothing that was sealed
 * with keys that somebody else may have leaves, nothing of them stays, and both ends begin anew.
 */
#include "session/net.h"

#include "session/state.h"

static struct net net;
static uint8_t payload[200];

/* What the machine below says. Each end has a number of its own; a change can wait for a read. */
static struct machine {
    uint64_t number;
    unsigned reads, change_at; /* the read that finds it changed; 0: none */
    bool gone;
} machine[NET_DRONES + 1];

static bool generation(void *arg, uint64_t *number)
{
    struct machine *m = arg;

    if (++m->reads == m->change_at)
        m->number++;
    *number = m->number;
    return !m->gone;
}

static struct head2_session_config config(int end)
{
    struct head2_session_config c = net_config(&net, end);

    machine[end] = (struct machine){.number = 7};
    c.generation = generation;
    c.generation_arg = &machine[end];
    return c;
}

static void open_ends(void)
{
    net_open(&net, 41);
    struct head2_session_config g = config(NET_GATEWAY), d = config(0);
    net_gateway(&net, &g, 1);
    net_drone(&net, 0, &d);
}

static void start(void)
{
    open_ends();
    NET_UNTIL(&net, 2 * SECOND, net_both_up(&net, 0));
    net_run(&net, net.now + 300 * MS);
}

static bool all_zero_bytes(const void *p, size_t len)
{
    const uint8_t *b = p;

    for (size_t i = 0; i < len; i++)
        if (b[i] != 0)
            return false;
    return true;
}

/* No key of a session or a handshake is left. */
static void check_erased(int end)
{
    const struct head2_session *s = net.end[end].s;

    CHECK_EQ(head2_session_counters(s)[HEAD2_COUNT_IMAGE], 1);
    CHECK(all_zero_bytes(s->tunnels, s->max_tunnels * sizeof *s->tunnels));
    if (s->attempts != NULL)
        CHECK(all_zero_bytes(s->attempts, HS_PARALLEL * sizeof *s->attempts));
    if (s->half != NULL)
        CHECK(all_zero_bytes(s->half, s->max_half * sizeof *s->half));
    if (s->inits != NULL)
        CHECK(all_zero_bytes(s->inits, s->max_half * sizeof *s->inits));
    CHECK(s->jobs_ready == NULL && s->reply_n == 0 && s->copy.len == 0);
    CHECK_EQ(s->pool_n, s->pool_total);
}

static void check_begins_anew(int end)
{
    CHECK(!net_both_up(&net, 0));
    net_pump(&net, end);
    CHECK_EQ(net.end[end].events[HEAD2_EVENT_IMAGE], 1);
    NET_UNTIL(&net, 4 * SECOND,
              net.end[end].events[HEAD2_EVENT_UP] == 2 && net_both_up(&net, 0) &&
                  net_say(&net, 0, NET_GATEWAY, 0, payload, 20) == HEAD2_OK);
    const uint64_t before = net.end[0].received[0];
    NET_UNTIL(&net, 4 * SECOND,
              net_say(&net, NET_GATEWAY, 0, 0, payload, 20) == HEAD2_OK &&
                  net.end[0].received[0] > before);
    CHECK_EQ(head2_session_counters(net.end[end].s)[HEAD2_COUNT_IMAGE], 1);
    net_stop(&net);
}

static enum head2_status send_three(int end, struct head2_session_packets *packets)
{
    struct head2_session_item items[3];
    uint32_t peer = end == 0 ? 0 : net.peer_of[0];

    for (unsigned i = 0; i < 3; i++)
        items[i] = (struct head2_session_item){
            .bytes = payload, .len = sizeof payload, .packets = &packets[i], .lane = (uint8_t)i};
    enum head2_status st = head2_session_send_many(net.end[end].s, net.now, peer, items, 3);
    for (unsigned i = 0; i < 3; i++)
        CHECK_EQ(items[i].st, st);
    return st;
}

/* A batch, the number changed before it, or after it was sealed and before it is given out. */
static void batch(int end, unsigned at_read)
{
    struct head2_session_packets packets[3];

    start();
    CHECK_EQ(send_three(end, packets), HEAD2_OK);
    CHECK(packets[0].n == 1 && packets[2].n == 1);
    machine[end].reads = 0;
    machine[end].change_at = at_read;
    CHECK_EQ(send_three(end, packets), HEAD2_E_STATE);
    CHECK_EQ(machine[end].reads, 2); /* before and after */
    for (unsigned i = 0; i < 3; i++)
        CHECK(packets[i].n == 0 && packets[i].bytes[0] == NULL && packets[i].n_also == 0);
    check_begins_anew(end);
}

static void before_a_batch(void)
{
    batch(0, 1);
    batch(NET_GATEWAY, 1);
}

static void after_a_batch(void)
{
    batch(0, 2);
    batch(NET_GATEWAY, 2);
}

static void next_tells(struct head2_session *s)
{
    struct head2_action a;

    CHECK(head2_session_next(s, net.now, &a));
    CHECK(a.kind == HEAD2_ACTION_EVENT && a.event->kind == HEAD2_EVENT_IMAGE);
    net_note(&net, NET_GATEWAY, a.event);
}

/* Everything is gone at once, whatever the call that finds it out. */
static void every_call_looks(void)
{
    struct head2_session_data data;
    struct head2_session_packets packets;
    uint8_t junk[64] = {0};

    for (unsigned call = 0; call < 4; call++) {
        start();
        struct head2_session *g = net.end[NET_GATEWAY].s;
        machine[NET_GATEWAY].number++;
        if (call == 0)
            head2_session_tick(g, net.now);
        else if (call == 1)
            head2_session_input(g, net.now, &net.end[0].addr, junk, sizeof junk, &data);
        else if (call == 2)
            next_tells(g);
        else
            CHECK_EQ(head2_session_send(g, net.now, net.peer_of[0], 0, payload, 20, &packets),
                     HEAD2_E_STATE);
        check_erased(NET_GATEWAY);
        check_begins_anew(NET_GATEWAY);
    }
}

/* A packet of the control lane that was sealed when the number changed is not given out. */
static void after_a_control_packet(void)
{
    struct head2_action a;

    start();
    struct head2_session *g = net.end[NET_GATEWAY].s;
    struct tunnel *t = tunnel_of_peer(g, net.peer_of[0]);
    t->ctl.keepalive_now = true;
    tunnel_wake(g, t);
    const uint64_t sealed = t->tx_packets[LANE_CONTROL];
    machine[NET_GATEWAY].reads = 0;
    machine[NET_GATEWAY].change_at = 2;
    CHECK(head2_session_next(g, net.now, &a));
    CHECK_EQ(a.kind, HEAD2_ACTION_EVENT);
    CHECK_EQ(g->peers[net.peer_of[0]].tx_packets[LANE_CONTROL], sealed + 1); /* it was sealed */
    check_erased(NET_GATEWAY);
    while (head2_session_next(g, net.now, &a))
        CHECK(a.kind != HEAD2_ACTION_SEND);
    net_stop(&net);
}

/* Run both ends until one of them has a job in its hands; the job. */
static struct head2_job *job_of(int end, enum job_kind kind)
{
    struct head2_action a;

    open_ends();
    for (unsigned i = 0; i < 400; i++) {
        for (int e = 0; e <= NET_GATEWAY; e += NET_GATEWAY) {
            while (head2_session_next(net.end[e].s, net.now, &a)) {
                if (a.kind == HEAD2_ACTION_SEND) {
                    net_send(&net, e, &a.to, a.bytes, a.len);
                } else if (a.kind == HEAD2_ACTION_JOB) {
                    head2_job_run(a.job, net_sign, (void *)(uintptr_t)net.end[e].key);
                    if (e == end && a.job->kind == kind)
                        return a.job;
                    head2_session_complete(net.end[e].s, net.now, a.job);
                }
            }
            head2_session_tick(net.end[e].s, net.now);
        }
        net.now += MS;
        while (net.queued != 0) {
            struct head2_session_data d;
            struct net_packet p = net.queue[0];
            memmove(net.queue, net.queue + 1, --net.queued * sizeof p);
            head2_session_input(net.end[p.to].s, net.now, &p.source, p.bytes, p.len, &d);
        }
    }
    check_fail(__FILE__, __LINE__, "no such job");
}

/* In the middle of a handshake, at every job of either end: its keys are not used any more. */
static void in_a_handshake(void)
{
    static const struct {
        int end;
        enum job_kind kind;
    } at[] = {
        {0,           JOB_KEYPAIR},
        {0,           JOB_DECAPS },
        {0,           JOB_VERIFY },
        {0,           JOB_SIGN   },
        {NET_GATEWAY, JOB_ENCAPS },
        {NET_GATEWAY, JOB_SIGN   },
        {NET_GATEWAY, JOB_VERIFY },
    };
    uint8_t cookie[COOKIE_BYTES];

    for (unsigned i = 0; i < HEAD2_LEN(at); i++) {
        struct head2_job *job = job_of(at[i].end, at[i].kind);
        struct head2_session *s = net.end[at[i].end].s;
        const struct head2_address from = net_addr(5);
        if (at[i].end == NET_GATEWAY)
            cookie_make(cookie, s->cookies.key[s->cookies.kid & 1], s->cookies.kid,
                        (uint32_t)(net.now / SECOND), &from, 77);
        machine[at[i].end].number++;
        head2_session_complete(s, net.now, job);
        check_erased(at[i].end);
        if (at[i].end == NET_GATEWAY)
            CHECK(cookie_check(&s->cookies, cookie, net.now, &from, 77) != HEAD2_OK);
        NET_UNTIL(&net, 6 * SECOND, net_both_up(&net, 0));
        CHECK_EQ(head2_session_counters(s)[HEAD2_COUNT_IMAGE], 1);
        net_stop(&net);
    }
}

/* A job that waits to be fetched holds a seed of the old memory: nobody works on it. */
static void job_not_fetched(void)
{
    struct head2_action a;

    open_ends();
    struct head2_session *d = net.end[0].s;
    head2_session_tick(d, net.now);
    CHECK(d->jobs_ready != NULL);
    machine[0].number++;
    while (head2_session_next(d, net.now, &a))
        CHECK(a.kind == HEAD2_ACTION_EVENT);
    check_erased(0);
    NET_UNTIL(&net, 4 * SECOND, net_both_up(&net, 0));
    net_stop(&net);
}

/* A number that cannot be read any more, or can again, is another number. */
static void number_comes_and_goes(void)
{
    start();
    struct head2_session_data data;
    machine[0].gone = true;
    head2_session_input(net.end[0].s, net.now, &net.end[0].addr, payload, 100, &data);
    check_erased(0);
    check_begins_anew(0);
}

/* Without a number, and with one that stays, nothing happens. */
static void no_number(void)
{
    net_start(&net, 42, 1);
    NET_UNTIL(&net, 2 * SECOND, net_both_up(&net, 0));
    net_run(&net, net.now + 3 * SECOND);
    CHECK_EQ(head2_session_counters(net.end[0].s)[HEAD2_COUNT_IMAGE], 0);
    net_stop(&net);
    start();
    net_run(&net, net.now + 3 * SECOND);
    for (int end = 0; end <= NET_GATEWAY; end += NET_GATEWAY) {
        CHECK_EQ(head2_session_counters(net.end[end].s)[HEAD2_COUNT_IMAGE], 0);
        CHECK_EQ(net.end[end].events[HEAD2_EVENT_UP], 1);
        CHECK(machine[end].reads > 20);
    }
    net_stop(&net);
}

int main(void)
{
    RUN(before_a_batch);
    RUN(after_a_batch);
    RUN(every_call_looks);
    RUN(after_a_control_packet);
    RUN(in_a_handshake);
    RUN(job_not_fetched);
    RUN(number_comes_and_goes);
    RUN(no_number);
    CHECK_EXIT();
}
