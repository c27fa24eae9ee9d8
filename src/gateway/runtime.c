/*
 * The session's socket, clock and jobs; see runtime.h.
 */
#include "gateway/runtime.h"
#include "gateway/capacity.h"

#include "artifact/utc.h"
#include "gateway/fallback.h"

#include <head2/random.h>

#include <errno.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define MEMBERS_SPARE 16
#define WAN_TURN      128  /* datagrams and a read, before local ports have a turn */
#define LOOK_EVERY    5000 /* microseconds */

uint64_t runtime_now(void)
{
    struct timespec t = {0};

    clock_gettime(CLOCK_BOOTTIME, &t);
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

bool meter_take(struct meter *m, uint64_t now, uint64_t per_second_milli, uint64_t burst)
{
    const uint64_t elapsed = m->at == 0 ? UINT64_C(3600000000) : now - m->at;

    m->at = now;
    m->milli += (elapsed > UINT64_C(3600000000) ? UINT64_C(3600000000) : elapsed) *
                per_second_milli / 1000000;
    if (m->milli > burst * 1000)
        m->milli = burst * 1000;
    if (m->milli < 1000)
        return false;
    m->milli -= 1000;
    return true;
}

/* ---- jobs ---- */

struct work {
    uv_work_t request;
    struct runtime *runtime;
    struct head2_job *job;
};

static enum head2_status sign(void *arg, uint8_t sig[HEAD2_SESSION_SIG_BYTES], const uint8_t *msg,
                              size_t msg_len, const char *ctx)
{
    const struct head2_key *key = arg;
    size_t len = 0;

    return head2_key_sign(key, sig, &len, msg, msg_len, ctx, strlen(ctx), false);
}

static void run_job(struct runtime *r, struct head2_job *job)
{
    head2_job_run(job, sign, (void *)(uintptr_t)r->key);
}

static void on_pool(uv_work_t *request)
{
    static _Thread_local bool niced;
    struct work *w = request->data;

    if (!niced) { /* keys may take their time, packets may not */
        setpriority(PRIO_PROCESS, (id_t)gettid(), 5);
        niced = true;
    }
    run_job(w->runtime, w->job);
}

static void on_pool_done(uv_work_t *request, int status)
{
    struct work *w = request->data;
    struct runtime *r = w->runtime;
    const uint64_t now = runtime_now();

    (void)status; /* never cancelled */
    r->work--;
    head2_session_complete(r->session, now, w->job);
    free(w);
    runtime_pump(r, now);
}

static void start_job(struct runtime *r, uint64_t now, struct head2_job *job)
{
    struct head2_to_sign what;

    if (r->signatures != NULL && head2_job_to_sign(job, &what)) {
        if (signatures_ask(r->signatures, job))
            return;
        head2_job_signed(job, HEAD2_E_MEMORY, NULL);
        head2_session_complete(r->session, now, job);
        return;
    }
    struct work *const w = malloc(sizeof *w);
    if (w != NULL) {
        w->request.data = w;
        w->runtime = r;
        w->job = job;
        if (uv_queue_work(&r->loop, &w->request, on_pool, on_pool_done) == 0) {
            r->work++;
            return;
        }
        free(w);
    }
    run_job(r, job); /* slow, and still right */
    head2_session_complete(r->session, now, job);
}

static void on_signed(void *arg, struct head2_job *job)
{
    struct runtime *const r = arg;

    head2_session_complete(r->session, runtime_now(), job);
}

static void on_signatures(void *arg)
{
    runtime_pump(arg, runtime_now());
}

/* ---- the loop ---- */

static void on_timer(uv_timer_t *timer);

/* Asking a gateway's session goes through all its drones, so under load that is done every 5 ms,
 * which is as fine as its timers are. */
static uint64_t deadline(struct runtime *r, uint64_t now)
{
    const bool gateway = r->config->role == CONFIG_GATEWAY;

    if (gateway && r->looked != 0 && now - r->looked < LOOK_EVERY)
        return r->timer_at < r->looked + LOOK_EVERY ? r->timer_at : r->looked + LOOK_EVERY;
    r->looked = now;
    return head2_session_deadline(r->session);
}

static void set_timer(struct runtime *r, uint64_t now)
{
    uint64_t due = deadline(r, now);

    if (r->stopping && r->stop_at < due)
        due = r->stop_at;
    if (due == r->timer_at && uv_is_active((uv_handle_t *)&r->timer))
        return;
    r->timer_at = due;
    uv_update_time(&r->loop);
    uv_timer_start(&r->timer, on_timer, due > now ? (due - now + 999) / 1000 : 0, 0);
}

/* The session is closed, or has had its time for that: let the loop end. */
static bool ended(const struct runtime *r, uint64_t now)
{
    return r->stopping && (head2_session_closed(r->session) || now >= r->stop_at);
}

void runtime_pump(struct runtime *r, uint64_t now)
{
    struct head2_action a;

    while (head2_session_next(r->session, now, &a)) {
        if (a.kind == HEAD2_ACTION_SEND)
            net_queue(&r->out_wan, &r->wan, &a.to, NET_CONTROL, a.bytes, a.len);
        else if (a.kind == HEAD2_ACTION_EVENT)
            record_event(r, a.event);
        else if (a.kind == HEAD2_ACTION_FALLBACK_KEY)
            fallback_store(r, &a);
        else
            start_job(r, now, a.job);
    }
    if (r->signatures != NULL)
        signatures_flush(r->signatures);
    net_flush(&r->out_wan);
    net_flush(&r->out_local);
    if (ended(r, now))
        uv_stop(&r->loop);
    else
        set_timer(r, now);
}

static void on_timer(uv_timer_t *timer)
{
    struct runtime *r = timer->data;
    const uint64_t now = runtime_now();

    r->looked = 0;
    head2_session_tick(r->session, now);
    runtime_pump(r, now);
}

/* A peer has lanes, or addresses behind it. */
static void deliver(struct runtime *r, const struct head2_session_data *data)
{
    const struct member *m = &r->members[data->peer];
    bool lanes = !r->tun.open;

    for (unsigned i = 0; i < HEAD2_SESSION_LANES; i++)
        lanes = lanes || m->lanes[i].on;
    (lanes ? ports_deliver : tun_deliver)(r, data);
}

/* Datagrams from the network: plaintexts go to the local ports or the device, the rest is the
 * session's. */
static void on_wan(uv_poll_t *poll, int status, int events)
{
    struct runtime *r = poll->data;
    struct head2_session_data data;
    struct net_datagram d;
    unsigned total = 0;
    const uint64_t now = runtime_now();

    (void)events;
    (void)status; /* an error of the socket is taken by the read and is none of ours */
    do {
        (void)net_receive(&r->in, &r->wan);
        for (; net_next(&r->in, &d); total++) {
            head2_session_input(r->session, now, d.from, d.bytes, d.len, &data);
            if (data.bytes != NULL)
                deliver(r, &data);
        }
    } while (r->in.n == NET_READS && total < WAN_TURN);
    runtime_pump(r, now);
}

/* ---- peers ---- */

enum head2_status runtime_add(struct runtime *r, const struct config_peer *p)
{
    struct head2_peer_config c = {.pk = p->pk};
    uint32_t number;

    if (r->config->role == CONFIG_LINK) {
        memcpy(c.addrs, r->endpoints, sizeof c.addrs);
        c.n_addrs = r->n_endpoints;
        c.min_incarnation = r->seen;
    }
    enum head2_status st = head2_session_add_peer(r->session, &number, &c);
    if (st != HEAD2_OK)
        return st;
    struct member *m = &r->members[number];
    memset(m, 0, sizeof *m);
    m->used = true;
    memcpy(m->name, p->name, sizeof m->name);
    memcpy(m->pk, p->pk, sizeof m->pk);
    memcpy(m->key_id, p->key_id, sizeof m->key_id);
    memcpy(m->lanes, p->lanes, sizeof m->lanes);
    return HEAD2_OK;
}

void runtime_remove(struct runtime *r, uint32_t peer)
{
    struct member *m = &r->members[peer];

    for (unsigned lane = 0; lane < HEAD2_SESSION_LANES; lane++)
        ports_close(r, peer, lane);
    head2_session_remove_peer(r->session, peer);
    free(m->next_entropy);
    memset(m, 0, sizeof *m);
}

/* A link's gateway has moved: the session object learns it by forgetting and adding the peer. Ports
 * and their last senders stay. */
void runtime_use_endpoints(struct runtime *r)
{
    struct head2_peer_config c = {.pk = r->config->peers[0].pk, .min_incarnation = r->seen};
    uint32_t number;

    r->endpoints_new = false;
    memcpy(c.addrs, r->endpoints, sizeof c.addrs);
    c.n_addrs = r->n_endpoints;
    head2_session_remove_peer(r->session, 0);
    enum head2_status st = head2_session_add_peer(r->session, &number, &c);
    HEAD2_ENSURES(st == HEAD2_OK && number == 0);
    fallback_add_again(r);
    journal_say(st == HEAD2_OK ? JOURNAL_INFO : JOURNAL_ERROR, "endpoints",
                "the gateway is looked for at its new addresses");
}

/* ---- opening and closing ---- */

static enum head2_status draw(void *arg, void *out, size_t len)
{
    (void)arg;
    return head2_random(out, len);
}

static enum head2_status draw_key(void *arg, void *out, size_t len)
{
    (void)arg;
    return head2_random_key(out, len);
}

static uint64_t wall(void *arg)
{
    (void)arg;
    return utc_now();
}

struct head2_session_config runtime_session_config(const struct runtime *r, const struct config *c)
{
    const bool gateway = c->role == CONFIG_GATEWAY;
    struct head2_session_config s = {.role = gateway ? HEAD2_ROLE_GATEWAY : HEAD2_ROLE_DRONE,
                                     .pk = head2_key_public(r->key),
                                     .rotate_seconds = c->rotate_seconds,
                                     .rotate_bytes = c->rotate_bytes,
                                     .overlap = c->overlap,
                                     .no_overlap = c->overlap == 0,
                                     .mac_only_rotation = c->mac_only,
                                     .max_peers = r->max_members,
                                     .half_open = c->half_open,
                                     .handshake_rate =
                                         c->handshake_rate != 0 ? c->handshake_rate : r->capacity,
                                     .prefix_rate = c->prefix_rate,
                                     .exempt = c->exempt,
                                     .n_exempt = c->n_exempt,
                                     .incarnation = r->incarnation,
                                     .node_id = 1,
                                     .random = draw,
                                     .random_key = draw_key,
                                     .wall_ms = wall};

    if (c->tun.on) /* a datagram that holds a packet of the device */
        s.max_datagram = (uint16_t)(c->tun.mtu + HEAD2_SESSION_OVERHEAD);
    memcpy(s.suites, c->suites, sizeof s.suites);
    s.generation = entropy_generation(&s.generation_arg);
    return s;
}

/* Where a link's socket stands: any port, IPv4 alone when that is all that its endpoints need. */
static struct head2_address link_address(const struct runtime *r)
{
    struct head2_address a;
    bool v4 = address_parse(&a, "0.0.0.0:0");

    for (uint32_t i = 0; i < r->n_endpoints; i++)
        v4 = v4 && address_is_v4(&r->endpoints[i]);
    if (!v4)
        memset(&a, 0, sizeof a);
    return a;
}

static enum head2_status open_wan(struct runtime *r, struct config_error *err)
{
    const bool gateway = r->config->role == CONFIG_GATEWAY;
    const struct head2_address at = gateway ? r->config->listen : link_address(r);

    if (net_open(&r->wan, &at, NET_WIDE) == HEAD2_OK)
        return HEAD2_OK;
    err->error = errno;
    char text[ADDRESS_TEXT];
    address_text(text, &at);
    snprintf(err->where, sizeof err->where, "%.500s: listen.udp", r->config->file);
    if (err->error != EADDRINUSE) {
        snprintf(err->what, sizeof err->what, "cannot open UDP %s", text);
        return HEAD2_E_IO;
    }
    snprintf(err->what, sizeof err->what, "UDP %s is in use", text);
    snprintf(err->hint, sizeof err->hint,
             "stop the program that has it ('ss -ulpn sport = :%u' names it), or change listen.udp",
             at.port);
    return HEAD2_E_STATE;
}

static enum head2_status add_all(struct runtime *r, struct config_error *err)
{
    enum head2_status st = HEAD2_OK;
    const bool link = r->config->role == CONFIG_LINK;

    /* a node has a drone when it has a key of it */
    for (uint32_t i = 0; st == HEAD2_OK && !r->config->fallback.node && i < r->config->n_peers; i++)
        st = runtime_add(r, &r->config->peers[i]);
    if (st != HEAD2_OK) {
        snprintf(err->where, sizeof err->where, "%.500s: peers", r->config->file);
        snprintf(err->what, sizeof err->what, "cannot register a peer: %s",
                 head2_status_string(st));
        return st;
    }
    for (unsigned lane = 0; link && lane < HEAD2_SESSION_LANES; lane++) {
        if (!r->members[0].lanes[lane].on || ports_listen(r, 0, lane) == HEAD2_OK)
            continue;
        char text[ADDRESS_TEXT];
        err->error = errno;
        address_text(text, &r->members[0].lanes[lane].at);
        snprintf(err->where, sizeof err->where, "%.500s: lanes.%s.listen", r->config->file,
                 config_lane_name(lane));
        snprintf(err->what, sizeof err->what,
                 err->error == EADDRINUSE ? "UDP %s is in use" : "cannot open UDP %s", text);
        snprintf(err->hint, sizeof err->hint, "%s",
                 err->error == EADDRINUSE ? "stop the program that has it, or choose another" : "");
        return err->error == EADDRINUSE ? HEAD2_E_STATE : HEAD2_E_IO;
    }
    return HEAD2_OK;
}

static enum head2_status start_signatures(struct runtime *r, struct config_error *err)
{
    struct signatures_options o = {
        .loop = &r->loop, .pair = r->pair, .done = on_signed, .turned = on_signatures, .arg = r};

    memcpy(o.key_id, r->key_id, sizeof o.key_id);
    if (r->pair < 0 || signatures_start(&r->signatures, &o) == HEAD2_OK)
        return HEAD2_OK;
    snprintf(err->what, sizeof err->what, "out of memory");
    return HEAD2_E_MEMORY;
}

enum head2_status runtime_open(struct runtime *r, struct config_error *err)
{
    enum head2_status st;
    const uint64_t now = runtime_now();

    r->max_members = r->config->role == CONFIG_LINK
                         ? 1
                         : r->config->n_peers + r->config->n_peers / 4 + MEMBERS_SPARE;
    r->members = calloc(r->max_members, sizeof *r->members);
    if (r->members == NULL) {
        snprintf(err->what, sizeof err->what, "out of memory");
        return HEAD2_E_MEMORY;
    }
    HEAD2_TRY(open_wan(r, err));
    if (r->config->role != CONFIG_LINK)
        r->capacity = capacity_handshakes();
    struct head2_session_config c = runtime_session_config(r, r->config);
    fallback_configure(r, &c);
    st = head2_session_new(&r->session, &c, now);
    if (st != HEAD2_OK) {
        snprintf(err->where, sizeof err->where, "%.600s", r->config->file);
        snprintf(err->what, sizeof err->what, "cannot start: %s", head2_status_string(st));
        return st;
    }
    r->timer.data = r;
    uv_timer_init(&r->loop, &r->timer);
    r->wan_poll.data = r;
    if (uv_poll_init(&r->loop, &r->wan_poll, r->wan.fd) != 0)
        return HEAD2_E_IO;
    HEAD2_TRY(start_signatures(r, err));
    HEAD2_TRY(ports_start(r));
    HEAD2_TRY(add_all(r, err));
    HEAD2_TRY(fallback_start(r, err));
    r->started = now;
    r->started_ms = utc_now();
    uv_poll_start(&r->wan_poll, UV_READABLE, on_wan);
    head2_session_tick(r->session, runtime_now()); /* keys that were given have their own times */
    runtime_pump(r, runtime_now());
done:
    return st;
}

/* The loop has ended and all handles are closed. */
void runtime_close(struct runtime *r)
{
    head2_session_free(r->session);
    signatures_free(r->signatures);
    net_close(&r->wan);
    for (uint32_t i = 0; r->members != NULL && i < r->max_members; i++)
        free(r->members[i].next_entropy);
    free(r->members);
    r->session = NULL;
    r->members = NULL;
}
