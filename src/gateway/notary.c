/* see notary.h */
#include "gateway/notary.h"

#include "artifact/utc.h"
#include "gateway/ledger_door.h"
#include "gateway/ledger_writer.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define RETRY_MOST  30  /* times the first delay */
#define STOPPING_MS 200 /* between attempts when the daemon ends */
#define AT_ONCE     256 /* receipts in one transaction, beside what the door brings */

struct slip { /* a receipt on its way */
    struct slip *next;
    enum receipt_kind kind;
    uint64_t number;
    char subject[RECEIPT_SUBJECT_MAX + 1];
    size_t len;
    char forward[];
};

/* What came through the door in this turn. */
struct visit {
    struct door_request request;
    unsigned client;
};

struct notary {
    struct ledger *ledger; /* NULL: has to be opened again */
    struct door *door;
    char folder[PATH_MAX];
    const struct head2_key *key;
    unsigned batch, interval_ms;
    struct artifact_signer signer;
    struct artifact_signer without; /* of the same key, without randomness: see seal */
    pthread_t thread;
    pthread_mutex_t mutex; /* of what stands between it and the thread's own */
    struct slip *first, *last;
    struct notary_report report;
    uint64_t stop_at; /* milliseconds of the monotonic clock */
    bool stop;
    bool started, watched; /* watched: async is open */
    int wake;              /* an eventfd */
    /* the thread's own */
    struct visit visits[DOOR_CLIENTS];
    unsigned n_visits;
    uint64_t retry_at, delay, delay_first; /* after a failure */
    uint64_t unsigned_since;               /* of the first entry that is not under a checkpoint */
    uv_async_t async;
    bool told_failing; /* loop thread */
    notary_changed_fn *changed;
    void *arg;
};

static uint64_t monotonic_ms(void)
{
    struct timespec t = {0};

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void wake_up(struct notary *n)
{
    const uint64_t one = 1;
    const ssize_t done = write(n->wake, &one, sizeof one);
    (void)done; /* it fails only when it is awake already */
}

/* ---- the report; with the mutex held ---- */

static void note_failing(struct notary *n, bool failing)
{
    const bool was = n->report.failing;

    n->report.failing = failing;
    if (was != failing)
        uv_async_send(&n->async);
}

static void note_failure(struct notary *n, enum head2_status st, const struct ledger_fault *fault)
{
    n->report.failures++;
    snprintf(n->report.why, sizeof n->report.why, "%.600s: %s",
             fault->where[0] != 0 ? fault->where : n->folder,
             fault->what[0] != 0 ? fault->what : head2_status_string(st));
    note_failing(n, true);
}

static void note_written(struct notary *n, const struct slip *s, uint64_t index)
{
    struct notary_report *const r = &n->report;

    r->written++;
    r->waiting--;
    r->any = true;
    r->last_index = index;
    r->last_ms = utc_now();
    snprintf(r->last_name, sizeof r->last_name, "%s %llu", receipt_kind_name(s->kind),
             (unsigned long long)s->number);
}

/* ---- appending ---- */

/* The same ledger is tried again, as long as it knows what it holds: what was refused at its commit
 * may be on the disk all the same, and only this one writes over it. */
static void give_up(struct notary *n, enum head2_status st, uint64_t now)
{
    if (st != HEAD2_E_IO && st != HEAD2_E_MEMORY && st != HEAD2_E_ENTROPY) {
        ledger_close(n->ledger);
        n->ledger = NULL;
    }
    n->retry_at = now + n->delay;
    n->delay =
        n->delay < n->delay_first * RETRY_MOST / 2 ? 2 * n->delay : n->delay_first * RETRY_MOST;
}

/* The receipts that wait, and how many of them turn out to be there. */
struct recognized {
    const struct slip *next;
    size_t count;
};

static bool recognize(void *arg, const struct ledger_entry *e)
{
    struct recognized *const r = arg;
    const struct slip *const s = r->next;

    if (s == NULL || e->kind != s->kind || e->number != s->number || e->text_len != s->len ||
        memcmp(e->text, s->forward, s->len) != 0 || strcmp(e->subject, s->subject) != 0)
        return false;
    r->next = s->next;
    r->count++;
    return true;
}

/* Slips that have become entries from `from` on go. With the mutex held. */
static void drop_slips(struct notary *n, size_t count, uint64_t from)
{
    for (; count > 0; count--) {
        struct slip *const s = n->first;
        note_written(n, s, from++);
        n->first = s->next;
        if (n->first == NULL)
            n->last = NULL;
        free(s);
    }
}

/* A transaction that was refused may be there after all: then its receipts, which came first in it,
 * are not written again. */
static enum head2_status reopen(struct notary *n, struct ledger_fault *fault)
{
    enum head2_status st = HEAD2_OK;
    struct recognized r = {.count = 0};

    memset(fault, 0, sizeof *fault);
    if (n->ledger != NULL)
        return HEAD2_OK;
    HEAD2_TRY(ledger_open(&n->ledger, n->folder, LEDGER_APPEND_NOW, n->key, fault));
    pthread_mutex_lock(&n->mutex);
    const uint64_t known = n->report.size;
    r.next = n->first; /* only this thread takes from the front */
    pthread_mutex_unlock(&n->mutex);
    if (ledger_size(n->ledger) > known)
        st = ledger_each(n->ledger, known, recognize, &r, fault);
    if (st != HEAD2_OK) {
        ledger_close(n->ledger);
        n->ledger = NULL;
        goto done;
    }
    pthread_mutex_lock(&n->mutex);
    drop_slips(n, r.count, known);
    n->report.size = ledger_size(n->ledger);
    pthread_mutex_unlock(&n->mutex);
done:
    return st;
}

static size_t add_slips(struct notary *n, struct ledger_entry *out, uint64_t now_ms)
{
    size_t count = 0;

    for (const struct slip *s = n->first; s != NULL && count < AT_ONCE; s = s->next)
        out[count++] = (struct ledger_entry){.kind = (uint8_t)s->kind,
                                             .ms = now_ms,
                                             .subject = s->subject,
                                             .number = s->number,
                                             .text = s->forward,
                                             .text_len = s->len};
    return count;
}

static void answer_visits(struct notary *n, enum head2_status st, uint64_t first,
                          const struct ledger_fault *fault)
{
    for (unsigned i = 0; i < n->n_visits; i++) {
        struct visit *const v = &n->visits[i];
        door_answer(n->door, v->client, st, first, fault);
        first += v->request.n;
        door_request_free(&v->request);
    }
    n->n_visits = 0;
}

/* The door is emptied, as far as a transaction may be long. */
static size_t take_visits(struct notary *n)
{
    size_t count = 0;

    while (n->n_visits < DOOR_CLIENTS && count < DOOR_ENTRIES) {
        struct visit *const v = &n->visits[n->n_visits];
        if (!door_next(n->door, &v->request, &v->client))
            break;
        count += v->request.n;
        n->n_visits++;
    }
    return count;
}

/* Receipts, then what visitors have brought. */
static size_t gather(struct notary *n, struct ledger_entry *out, size_t *slips, bool try_slips)
{
    const uint64_t now_ms = utc_now();
    size_t count = 0;

    pthread_mutex_lock(&n->mutex);
    if (try_slips)
        count = add_slips(n, out, now_ms);
    pthread_mutex_unlock(&n->mutex);
    *slips = count;
    for (unsigned i = 0; i < n->n_visits; i++)
        for (size_t k = 0; k < n->visits[i].request.n; k++) {
            out[count] = n->visits[i].request.entries[k];
            out[count++].ms = now_ms;
        }
    return count;
}

static void settle(struct notary *n, enum head2_status st, uint64_t first, size_t slips,
                   size_t brought, const struct ledger_fault *fault)
{
    const uint64_t now = monotonic_ms();

    pthread_mutex_lock(&n->mutex);
    if (st == HEAD2_OK) {
        drop_slips(n, slips, first);
        n->report.brought += brought;
        n->report.size = ledger_size(n->ledger);
        note_failing(n, false);
    } else {
        note_failure(n, st, fault);
    }
    pthread_mutex_unlock(&n->mutex);
    answer_visits(n, st, first + slips, fault);
    if (st == HEAD2_OK) {
        n->delay = n->delay_first;
        n->retry_at = 0;
        n->unsigned_since = n->unsigned_since != 0 ? n->unsigned_since : now;
    } else {
        give_up(n, st, now);
    }
}

/* All that waits, in one transaction. */
static void append(struct notary *n, bool try_slips)
{
    static const size_t room = AT_ONCE + 2 * DOOR_ENTRIES;
    const size_t brought = take_visits(n);
    struct ledger_fault fault = {0};
    struct ledger_entry *entries = NULL;
    size_t slips = 0, count = 0;
    enum head2_status st = HEAD2_OK;

    if (brought == 0 && !try_slips)
        return;
    HEAD2_TRY(reopen(n, &fault));
    st = HEAD2_E_MEMORY;
    entries = calloc(room, sizeof *entries);
    if (entries != NULL) {
        count = gather(n, entries, &slips, try_slips);
        st = count != 0 ? ledger_append(n->ledger, entries, count, &fault) : HEAD2_OK;
    }
done:
    settle(n, st, st == HEAD2_OK && count != 0 ? entries[0].index : 0, slips, brought, &fault);
    free(entries);
}

/* ---- signing ---- */

static bool is_due(const struct notary *n, uint64_t now, bool stopping)
{
    if (n->unsigned_since == 0 || (now < n->retry_at && !stopping))
        return false;
    return stopping || n->ledger == NULL || now >= n->unsigned_since + n->interval_ms ||
           ledger_size(n->ledger) - ledger_signed(n->ledger) >= n->batch;
}

static void seal(struct notary *n)
{
    struct ledger_fault fault = {0};
    enum head2_status st = reopen(n, &fault);

    if (st == HEAD2_OK)
        st = ledger_sign(n->ledger, &n->signer, utc_now(), &fault);
    if (st == HEAD2_E_ENTROPY) /* which the ledger has to tell: FIPS 204, 3.4, deterministic */
        st = ledger_sign(n->ledger, &n->without, utc_now(), &fault);
    pthread_mutex_lock(&n->mutex);
    if (st == HEAD2_OK) {
        n->report.is_signed = ledger_signed(n->ledger);
        note_failing(n, n->report.failing && n->first != NULL); /* until they are there too */
    } else {
        note_failure(n, st, &fault);
    }
    pthread_mutex_unlock(&n->mutex);
    if (st == HEAD2_OK) {
        n->unsigned_since = 0;
        n->retry_at = 0; /* the disk is there: what waits is tried at once */
        n->delay = n->delay_first;
    } else {
        give_up(n, st, monotonic_ms());
    }
}

/* ---- the thread ---- */

/* What there is to do. */
struct turn {
    bool stop, late, slips;
};

static struct turn look(struct notary *n, uint64_t now)
{
    pthread_mutex_lock(&n->mutex);
    const struct turn t = {n->stop, n->stop && now >= n->stop_at, n->first != NULL};
    pthread_mutex_unlock(&n->mutex);
    return t;
}

/* Milliseconds that poll may sleep. */
static int patience(const struct notary *n, const struct turn *t, uint64_t now)
{
    uint64_t until = now + (t->stop ? STOPPING_MS : DOOR_PATIENCE_MS);

    if (t->slips && n->retry_at < until)
        until = n->retry_at;
    if (n->unsigned_since != 0) {
        uint64_t due = t->stop || n->ledger == NULL ? now : n->unsigned_since + n->interval_ms;
        due = due < n->retry_at ? n->retry_at : due;
        until = due < until ? due : until;
    }
    return until <= now ? 0 : (int)(until - now);
}

static void wait_for_work(struct notary *n, int ms)
{
    struct pollfd polls[1 + DOOR_POLLS];
    const unsigned count = 1 + door_polls(n->door, polls + 1);
    uint64_t woken;

    polls[0] = (struct pollfd){.fd = n->wake, .events = POLLIN};
    if (poll(polls, count, ms) <= 0)
        for (unsigned i = 0; i < count; i++)
            polls[i].revents = 0;
    if ((polls[0].revents & POLLIN) != 0 && read(n->wake, &woken, sizeof woken) < 0)
        polls[0].revents = 0; /* another wake-up has been read with it */
    door_turn(n->door, polls + 1, count - 1, monotonic_ms());
}

static void *work(void *arg)
{
    struct notary *const n = arg;

    setpriority(PRIO_PROCESS, (id_t)gettid(), 10); /* data comes first */
    for (;;) {
        uint64_t now = monotonic_ms();
        struct turn t = look(n, now);
        if (t.late || (t.stop && !t.slips && !is_due(n, now, true)))
            return NULL;
        wait_for_work(n, patience(n, &t, now));
        now = monotonic_ms();
        t = look(n, now);
        append(n, t.slips && (t.stop || now >= n->retry_at));
        if (is_due(n, monotonic_ms(), t.stop))
            seal(n);
    }
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

/* ---- starting ---- */

static enum head2_status failed(struct ledger_fault *fault, const char *folder, const char *what)
{
    memset(fault, 0, sizeof *fault);
    fault->error = errno;
    snprintf(fault->where, sizeof fault->where, "%.500s", folder);
    snprintf(fault->what, sizeof fault->what, "%s: %s", what, strerror(errno));
    return HEAD2_E_IO;
}

static enum head2_status open_all(struct notary *n, struct ledger_fault *fault)
{
    enum head2_status st;

    HEAD2_TRY(ledger_open(&n->ledger, n->folder, LEDGER_APPEND, n->key, fault));
    HEAD2_TRY(ledger_write_public(n->folder, n->key, fault));
    n->report.size = ledger_size(n->ledger);
    n->report.is_signed = ledger_signed(n->ledger);
    if (n->report.size != n->report.is_signed) /* by whoever could not sign, or a crash */
        n->unsigned_since = monotonic_ms();
    n->door = door_open(n->folder);
    if (n->door == NULL)
        return failed(fault, n->folder, "cannot open the ledger's socket, " DOOR_FILE);
    n->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (n->wake < 0)
        return failed(fault, n->folder, "cannot start the ledger's thread");
done:
    return st;
}

enum head2_status notary_start(struct notary **out, uv_loop_t *loop,
                               const struct notary_options *options, struct ledger_fault *fault)
{
    struct notary *n = calloc(1, sizeof *n);

    *out = NULL;
    memset(fault, 0, sizeof *fault);
    if (n == NULL)
        return HEAD2_E_MEMORY;
    n->wake = -1;
    n->key = options->key;
    n->batch = options->batch;
    n->interval_ms = options->interval_ms;
    n->delay = n->delay_first = options->retry_ms;
    n->signer = artifact_signer_of_key(n->key, false);
    n->without = artifact_signer_of_key(n->key, true);
    n->changed = options->changed;
    n->arg = options->arg;
    n->async.data = n;
    pthread_mutex_init(&n->mutex, NULL);
    snprintf(n->folder, sizeof n->folder, "%s", options->folder);
    const enum head2_status st = open_all(n, fault);
    if (st != HEAD2_OK) {
        notary_free(n);
        return st;
    }
    n->watched = uv_async_init(loop, &n->async, on_async) == 0;
    n->started = n->watched && pthread_create(&n->thread, NULL, work, n) == 0;
    *out = n; /* also when it did not start: the handle, if open, needs the loop to be closed */
    return n->started ? HEAD2_OK : HEAD2_E_MEMORY;
}

/* ---- called from the loop's thread ---- */

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
    }
    pthread_mutex_unlock(&n->mutex);
    wake_up(n);
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
    pthread_mutex_unlock(&n->mutex);
    wake_up(n);
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
    ledger_close(n->ledger);
    door_close(n->door);
    if (n->wake >= 0)
        close(n->wake);
    pthread_mutex_destroy(&n->mutex);
    free(n);
}
