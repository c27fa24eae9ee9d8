/*
 * Start, signals, new configuration, end; see runtime.h.
 */
#include "gateway/daemon.h"

#include "artifact/selftest.h"
#include "gateway/ipsec_mb.h"
#include "gateway/reload.h"
#include "gateway/runtime.h"
#include "keys/keyfile.h"

#include <head2/cpu.h>

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define STOP_WITHIN     500000 /* microseconds, for the other ends to hear of it */
#define RECEIPTS_WITHIN 2000   /* milliseconds, for receipts that wait */
#define RECEIPTS_AGAIN  1000   /* after the first time that they could not be recorded */

static void on_signal(uv_signal_t *handle, int number)
{
    struct runtime *r = handle->data;
    const uint64_t now = runtime_now();

    if (number == SIGHUP) {
        reload_begin(r);
        return;
    }
    if (r->stopping) /* asked twice: at once */
        r->stop_at = now;
    else
        r->stop_at = now + STOP_WITHIN;
    r->stopping = true;
    notify_stopping(&r->notify);
    head2_session_close(r->session, now);
    runtime_pump(r, now);
}

static bool watch_signals(struct runtime *r)
{
    static const int numbers[] = {SIGTERM, SIGINT, SIGHUP};

    signal(SIGPIPE, SIG_IGN);
    for (unsigned i = 0; i < HEAD2_LEN(numbers); i++) {
        r->signals[i].data = r;
        if (uv_signal_init(&r->loop, &r->signals[i]) != 0 ||
            uv_signal_start(&r->signals[i], on_signal, numbers[i]) != 0)
            return false;
    }
    return true;
}

/* One socket a lane: a gateway of many drones needs more than the usual 1024. */
static void raise_limits(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    limit.rlim_cur = limit.rlim_max < 65536 ? limit.rlim_max : 65536;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
}

/* Packets wait for this thread: where it may, it goes before the machine's other work. The threads
 * of jobs and receipts lower themselves again. */
static void raise_priority(void)
{
    /* struct sched_attr of linux/sched/types.h, which glibc's headers do not go along with */
    struct {
        uint32_t size, policy;
        uint64_t flags;
        int32_t nice;
        uint32_t priority;
        uint64_t runtime, deadline, period;
    } attr = {
        .size = sizeof attr, .policy = SCHED_OTHER, .flags = 1, .nice = -10, .runtime = 100000};

    /* A time slice of 0.1 ms: since Linux 6.12 a thread with a short slice may interrupt one with a
     * longer slice when it wakes, where it would else wait for 3 ms. Needs no privilege. The flag
     * (reset on fork) keeps the threads of jobs from inheriting it. */
    if (setpriority(PRIO_PROCESS, 0, attr.nice) != 0)
        attr.nice = getpriority(PRIO_PROCESS, 0);
    (void)syscall(SYS_sched_setattr, 0, &attr, 0);
}

static enum head2_status open_notary(struct runtime *r, struct config_error *err)
{
    char folder[PATH_MAX];
    struct ledger_fault fault = {0};
    const struct notary_options options = {.folder = folder,
                                           .key = r->key,
                                           .signer = keeper_remote_signer(r->remote, false),
                                           .without = keeper_remote_signer(r->remote, true),
                                           .batch = r->config->ledger_batch,
                                           .interval_ms = r->config->ledger_interval_ms,
                                           .retry_ms = RECEIPTS_AGAIN,
                                           .changed = record_notary,
                                           .arg = r};

    if (snprintf(folder, sizeof folder, "%s/ledger", r->config->state) >= (int)sizeof folder)
        return HEAD2_E_LIMIT;
    const enum head2_status st = notary_start(&r->notary, &r->loop, &options, &fault);
    if (st != HEAD2_OK) {
        snprintf(err->where, sizeof err->where, "%s", fault.where);
        snprintf(err->what, sizeof err->what, "%s",
                 fault.what[0] != 0 ? fault.what : head2_status_string(st));
        snprintf(err->hint, sizeof err->hint, "%s", fault.hint);
    }
    return st;
}

/* ---- self-tests ---- */

#define POOL_THREADS 4 /* libuv's default */

struct testing {
    uv_work_t request;
    const char *failed;
};

static void on_test(uv_work_t *request)
{
    struct testing *t = request->data;
    t->failed = selftest_all();
}

static void on_tested(uv_work_t *request, int status)
{
    (void)request;
    (void)status;
}

/* Known answers on every thread that will work with keys: a daemon that computes wrongly does not
 * start, and the first handshake finds the threads and their memory ready. */
static enum head2_status test_pool(struct runtime *r, struct config_error *err)
{
    struct testing t[POOL_THREADS] = {0};

    for (unsigned i = 0; i < POOL_THREADS; i++) {
        t[i].request.data = &t[i];
        if (uv_queue_work(&r->loop, &t[i].request, on_test, on_tested) != 0)
            on_test(&t[i].request);
    }
    uv_run(&r->loop, UV_RUN_DEFAULT);
    for (unsigned i = 0; i < POOL_THREADS; i++) {
        if (t[i].failed == NULL)
            continue;
        snprintf(err->what, sizeof err->what, "the self-test of %s failed; see 'head2 doctor'",
                 t[i].failed);
        return HEAD2_E_HEALTH;
    }
    return HEAD2_OK;
}

static void tell_refused(void *arg, const char *kernels, const char *isa)
{
    (void)arg;
    journal_say(JOURNAL_WARNING, "kernels-refused",
                "%s for %s disagrees with portable C and is not used; see 'head2 doctor'", kernels,
                isa);
}

/* Slower is no reason not to start; that something is at fault must be known. */
static void compare_kernels(void)
{
    const enum head2_status told = head2_kernels_check(tell_refused, NULL);
    (void)told;
}

static enum head2_status open_all(struct runtime *r, struct config_error *err)
{
    enum head2_status st;

    HEAD2_TRY(state_open(&r->state, r->config->state, err));
    if (r->config->role == CONFIG_GATEWAY) {
        HEAD2_TRY(state_incarnation(&r->state, &r->incarnation, err));
    } else {
        HEAD2_TRY(state_gateway_seen(&r->state, r->config->peers[0].key_id, &r->seen, err));
        HEAD2_TRY(config_resolve(r->config, &r->config->endpoints, "gateway.endpoints",
                                 r->endpoints, &r->n_endpoints, err));
    }
    if (!watch_signals(r)) {
        snprintf(err->what, sizeof err->what, "cannot watch signals");
        return HEAD2_E_IO;
    }
    HEAD2_TRY(console_open(r, err));
    if (r->config->role == CONFIG_GATEWAY)
        HEAD2_TRY(open_notary(r, err));
    HEAD2_TRY(runtime_open(r, err));
    st = tun_start(r, err);
done:
    return st;
}

/* Before anything draws a random byte. */
#define ENTROPY_WITHIN 10000 /* milliseconds, for slow sources to bring the first seed */

static enum head2_status open_entropy(struct runtime *r, struct config_error *err)
{
    enum head2_status st;
    char text[256];

    r->opening = true;
    HEAD2_TRY(entropy_watch_start(&r->watch, &r->loop, record_entropy, r));
    HEAD2_TRY(entropy_begin(&r->entropy, &r->config->entropy, record_entropy_note, r));
    st = entropy_wait(ENTROPY_WITHIN);
    entropy_watch_flush(r->watch); /* also what is known of why not */
done:
    r->opening = false;
    if (st == HEAD2_OK)
        return st;
    snprintf(err->where, sizeof err->where, "%.500s: entropy", r->config->file);
    entropy_why(text, sizeof text);
    snprintf(err->what, sizeof err->what, "no random bytes can be had: %s",
             st == HEAD2_E_ENTROPY ? text : head2_status_string(st));
    snprintf(err->hint, sizeof err->hint,
             "see entropy.sources and entropy.policy, and what 'head2 rng status' says");
    return st;
}

static void tell_ready(struct runtime *r)
{
    struct head2_address at;
    char text[ADDRESS_TEXT];

    net_local(&r->wan, &at);
    address_text(text, &at);
    notify_ready(&r->notify, &r->loop, text);
}

static void close_handle(uv_handle_t *handle, void *arg)
{
    (void)arg;
    if (!uv_is_closing(handle))
        uv_close(handle, NULL);
}

/* Close everything and let what still runs in the thread pool come back. */
static void close_all(struct runtime *r)
{
    struct notary_report report = {0};

    r->stopping = true;
    r->stop_at = 0;
    for (uint32_t i = 0; r->members != NULL && i < r->max_members; i++)
        for (unsigned lane = 0; lane < HEAD2_SESSION_LANES; lane++)
            ports_close(r, i, lane);
    console_close(r);
    while (r->work != 0)
        uv_run(&r->loop, UV_RUN_ONCE);
    signatures_stop(r->signatures);
    if (r->notary != NULL) {
        notary_stop(r->notary, RECEIPTS_WITHIN, &report);
        if (report.lost != 0)
            journal_say(JOURNAL_ERROR, "receipts-lost", "%llu receipts could not be recorded: %s",
                        (unsigned long long)report.lost, report.why);
    }
    entropy_watch_stop(r->watch);
    uv_walk(&r->loop, close_handle, NULL);
    uv_run(&r->loop, UV_RUN_DEFAULT);
    notary_free(r->notary);
    tun_stop(r);
    runtime_close(r);
    entropy_end(&r->entropy);
    entropy_watch_free(r->watch);
    state_close(&r->state);
    uv_loop_close(&r->loop);
}

enum head2_status daemon_run(struct config *config, const struct daemon_identity *who,
                             struct config_error *err)
{
    struct runtime *r = calloc(1, sizeof *r);

    *err = (struct config_error){.error = 0};
    if (r == NULL || uv_loop_init(&r->loop) != 0) {
        snprintf(err->what, sizeof err->what, "out of memory");
        free(r);
        config_free(config);
        return HEAD2_E_MEMORY;
    }
    r->config = config;
    r->key = who->key;
    r->remote = who->remote;
    r->pair = who->remote != NULL ? who->pair : -1;
    r->wan.fd = r->state.lock = -1;
    head2_key_id(r->key, r->key_id);
    raise_limits();
    raise_priority();
    compare_kernels();
    (void)ipsec_mb_plug_in();
    enum head2_status st = open_entropy(r, err);
    if (st == HEAD2_OK)
        st = test_pool(r, err);
    if (st == HEAD2_OK)
        st = open_all(r, err);
    if (st == HEAD2_OK) {
        record_start(r);
        tell_ready(r);
        uv_run(&r->loop, UV_RUN_DEFAULT);
        record_stop(r);
    }
    close_all(r);
    config_free(r->config);
    free(r);
    return st;
}
