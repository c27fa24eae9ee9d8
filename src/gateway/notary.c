/* see notary.h */
#include "gateway/notary.h"

#include "artifact/utc.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define RETRY_FIRST_MS 1000
#define RETRY_MAX_MS   30000

struct slip { /* a receipt on its way */
    struct slip *next;
    enum receipt_kind kind;
    uint64_t number;
    char subject[RECEIPT_SUBJECT_MAX + 1];
    size_t len;
    char forward[];
};

struct notary {
    struct receipt_store *store;
    struct artifact_signer signer;
    struct artifact_signer without; /* of the same key, without randomness: see write_one */
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t wake;
    bool started, stop;
    bool watched;     /* async is open */
    uint64_t stop_at; /* milliseconds of the monotonic clock */
    struct slip *first, *last;
    struct notary_report report;
    bool told_failing; /* loop thread */
    uv_async_t async;
    notary_changed_fn *changed;
    void *arg;
};

static uint64_t monotonic_ms(void)
{
    struct timespec t = {0};

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* With the mutex held: wait for work, or at most ms. */
static void wait_ms(struct notary *n, uint64_t ms)
{
    struct timespec until = {0};

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += (time_t)(ms / 1000);
    until.tv_nsec += (long)(ms % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    pthread_cond_timedwait(&n->wake, &n->mutex, &until);
}

static void note_written(struct notary *n, uint64_t index, const char *name)
{
    struct notary_report *r = &n->report;

    r->written++;
    r->waiting--;
    r->failing = false;
    r->any = true;
    r->last_index = index;
    r->last_ms = utc_now();
    snprintf(r->last_name, sizeof r->last_name, "%s", name);
}

static void note_failure(struct notary *n, const struct receipt_fault *fault)
{
    struct notary_report *r = &n->report;

    r->failures++;
    r->failing = true;
    snprintf(r->why, sizeof r->why, "%.500s: %s%s%s", fault->where, fault->what,
             fault->error != 0 ? ": " : "", fault->error != 0 ? strerror(fault->error) : "");
}

/* With the mutex held, which is let go while the receipt is written. True when it is done with. */
static bool write_one(struct notary *n, const struct slip *s)
{
    const struct receipt_entry entry = {s->kind, s->subject, s->number, s->forward, s->len, NULL};
    struct receipt_fault fault = {0};
    char name[RECEIPT_NAME_MAX];
    uint64_t index = 0;

    pthread_mutex_unlock(&n->mutex);
    enum head2_status st = receipt_store_append(n->store, &entry, &n->signer, &index, name, &fault);
    if (st == HEAD2_E_ENTROPY) /* which a receipt has to tell: FIPS 204, 3.4, deterministic */
        st = receipt_store_append(n->store, &entry, &n->without, &index, name, &fault);
    pthread_mutex_lock(&n->mutex);
    bool was = n->report.failing;
    if (st == HEAD2_OK)
        note_written(n, index, name);
    else
        note_failure(n, &fault);
    if (n->report.failing != was)
        uv_async_send(&n->async);
    return st == HEAD2_OK;
}

static void *work(void *arg)
{
    struct notary *n = arg;
    uint64_t delay = RETRY_FIRST_MS;

    setpriority(PRIO_PROCESS, (id_t)gettid(), 10); /* data comes first */
    pthread_mutex_lock(&n->mutex);
    for (;;) {
        if (n->stop && (n->first == NULL || monotonic_ms() >= n->stop_at))
            break;
        if (n->first == NULL) {
            pthread_cond_wait(&n->wake, &n->mutex);
            continue;
        }
        struct slip *s = n->first;
        if (write_one(n, s)) {
            n->first = s->next;
            if (n->first == NULL)
                n->last = NULL;
            free(s);
            delay = RETRY_FIRST_MS;
            continue;
        }
        uint64_t again = monotonic_ms() + delay;
        while (!n->stop && monotonic_ms() < again)
            wait_ms(n, again - monotonic_ms());
        if (n->stop)
            wait_ms(n, 200);
        delay = 2 * delay > RETRY_MAX_MS ? RETRY_MAX_MS : 2 * delay;
    }
    pthread_mutex_unlock(&n->mutex);
    return NULL;
}

static void on_async(uv_async_t *handle)
{
    struct notary *n = handle->data;
    struct notary_report report;

    notary_report(n, &report);
    if (report.failing == n->told_failing)
        return;
    n->told_failing = report.failing;
    n->changed(n->arg, &report);
}

enum head2_status notary_start(struct notary **out, uv_loop_t *loop, const char *folder,
                               const struct head2_key *key, notary_changed_fn *changed, void *arg,
                               struct receipt_fault *fault)
{
    struct notary *n = calloc(1, sizeof *n);
    pthread_condattr_t attr;

    *out = NULL;
    snprintf(fault->what, sizeof fault->what, "out of memory");
    if (n == NULL)
        return HEAD2_E_MEMORY;
    enum head2_status st = receipt_store_open(&n->store, folder, fault);
    if (st != HEAD2_OK) {
        free(n);
        return st;
    }
    n->signer = artifact_signer_of_key(key, false);
    n->without = artifact_signer_of_key(key, true);
    n->changed = changed;
    n->arg = arg;
    n->async.data = n;
    pthread_mutex_init(&n->mutex, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&n->wake, &attr);
    pthread_condattr_destroy(&attr);
    n->watched = uv_async_init(loop, &n->async, on_async) == 0;
    n->started = n->watched && pthread_create(&n->thread, NULL, work, n) == 0;
    *out = n; /* also when it did not start: the handle, if open, needs the loop to be closed */
    return n->started ? HEAD2_OK : HEAD2_E_MEMORY;
}

void notary_write(struct notary *n, const struct receipt_event *event)
{
    char text[RECEIPT_FORWARD_MAX];
    size_t len = sizeof text;
    struct slip *s = NULL;

    if (receipt_text(event, text, &len) == HEAD2_OK)
        s = malloc(sizeof *s + len);
    pthread_mutex_lock(&n->mutex);
    if (s == NULL || n->report.waiting >= NOTARY_QUEUE) {
        n->report.lost++;
        free(s);
    } else {
        s->next = NULL;
        s->kind = event->kind;
        s->number = event->number;
        s->len = len;
        snprintf(s->subject, sizeof s->subject, "%s", event->subject);
        memcpy(s->forward, text, len);
        if (n->last != NULL)
            n->last->next = s;
        else
            n->first = s;
        n->last = s;
        n->report.waiting++;
        pthread_cond_signal(&n->wake);
    }
    pthread_mutex_unlock(&n->mutex);
}

void notary_report(struct notary *n, struct notary_report *out)
{
    pthread_mutex_lock(&n->mutex);
    *out = n->report;
    pthread_mutex_unlock(&n->mutex);
}

void notary_stop(struct notary *n, unsigned limit_ms, struct notary_report *out)
{
    pthread_mutex_lock(&n->mutex);
    n->stop = true;
    n->stop_at = monotonic_ms() + limit_ms;
    receipt_store_hurry(n->store, n->stop_at);
    pthread_cond_signal(&n->wake);
    pthread_mutex_unlock(&n->mutex);
    if (n->started)
        pthread_join(n->thread, NULL);
    n->started = false;
    while (n->first != NULL) {
        struct slip *next = n->first->next;
        free(n->first);
        n->first = next;
        n->report.lost++;
    }
    *out = n->report;
    if (n->watched)
        uv_close((uv_handle_t *)&n->async, NULL);
}

void notary_free(struct notary *n)
{
    if (n == NULL)
        return;
    receipt_store_close(n->store);
    pthread_cond_destroy(&n->wake);
    pthread_mutex_destroy(&n->mutex);
    free(n);
}
