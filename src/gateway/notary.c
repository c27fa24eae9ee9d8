/* see notary.h */
#include "gateway/notary_parts.h"

#include "artifact/utc.h"
#include "gateway/ledger_writer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#define STOPPING_MS 200 /* between attempts when the daemon ends */

static void wake_up(struct notary *n)
{
    const uint64_t one = 1;
    const ssize_t done = write(n->wake, &one, sizeof one);
    (void)done; /* it fails only when it is awake already */
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
    enum head2_status st = notary_reopen(n, &fault);

    if (st == HEAD2_OK)
        st = ledger_sign(n->ledger, &n->signer, utc_now(), &fault);
    if (st == HEAD2_E_ENTROPY) /* which the ledger has to tell: FIPS 204, 3.4, deterministic */
        st = ledger_sign(n->ledger, &n->without, utc_now(), &fault);
    pthread_mutex_lock(&n->mutex);
    if (st == HEAD2_OK) {
        n->report.is_signed = ledger_signed(n->ledger);
        notary_note_failing(n,
                            n->report.failing && n->first != NULL); /* until they are there too */
    } else {
        notary_note_failure(n, st, &fault);
    }
    pthread_mutex_unlock(&n->mutex);
    if (st == HEAD2_OK) {
        n->unsigned_since = 0;
        n->retry_at = 0; /* the disk is there: what waits is tried at once */
        n->delay = n->delay_first;
    } else {
        notary_give_up(n, st, notary_clock());
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
    door_turn(n->door, polls + 1, count - 1, notary_clock());
}

static void *work(void *arg)
{
    struct notary *const n = arg;

    setpriority(PRIO_PROCESS, (id_t)gettid(), 10); /* data comes first */
    for (;;) {
        uint64_t now = notary_clock();
        struct turn t = look(n, now);
        if (t.late || (t.stop && !t.slips && !is_due(n, now, true)))
            return NULL;
        wait_for_work(n, patience(n, &t, now));
        now = notary_clock();
        t = look(n, now);
        notary_append(n, t.slips && (t.stop || now >= n->retry_at));
        if (is_due(n, notary_clock(), t.stop))
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
        n->unsigned_since = notary_clock();
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
    n->signer = options->signer;
    n->without = options->without;
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
    n->stop_at = notary_clock() + limit_ms;
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
