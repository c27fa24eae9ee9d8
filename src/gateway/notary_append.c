/* From what waits to entries of the ledger; see notary_parts.h. */
#include "gateway/notary_parts.h"

#include "artifact/utc.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define RETRY_MOST 30  /* times the first delay */
#define AT_ONCE    256 /* receipts in one transaction, beside what the door brings */

uint64_t notary_clock(void)
{
    struct timespec t = {0};

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* ---- the report; with the mutex held ---- */

void notary_note_failing(struct notary *n, bool failing)
{
    const bool was = n->report.failing;

    n->report.failing = failing;
    if (was != failing)
        uv_async_send(&n->async);
}

void notary_note_failure(struct notary *n, enum head2_status st, const struct ledger_fault *fault)
{
    n->report.failures++;
    snprintf(n->report.why, sizeof n->report.why, "%.600s: %s",
             fault->where[0] != 0 ? fault->where : n->folder,
             fault->what[0] != 0 ? fault->what : head2_status_string(st));
    notary_note_failing(n, true);
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
void notary_give_up(struct notary *n, enum head2_status st, uint64_t now)
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
enum head2_status notary_reopen(struct notary *n, struct ledger_fault *fault)
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
    const uint64_t now = notary_clock();

    pthread_mutex_lock(&n->mutex);
    if (st == HEAD2_OK) {
        drop_slips(n, slips, first);
        n->report.brought += brought;
        n->report.size = ledger_size(n->ledger);
        notary_note_failing(n, false);
    } else {
        notary_note_failure(n, st, fault);
    }
    pthread_mutex_unlock(&n->mutex);
    answer_visits(n, st, first + slips, fault);
    if (st == HEAD2_OK) {
        n->delay = n->delay_first;
        n->retry_at = 0;
        n->unsigned_since = n->unsigned_since != 0 ? n->unsigned_since : now;
    } else {
        notary_give_up(n, st, now);
    }
}

/* All that waits, in one transaction. */
void notary_append(struct notary *n, bool try_slips)
{
    static const size_t room = AT_ONCE + 2 * DOOR_ENTRIES;
    const size_t brought = take_visits(n);
    struct ledger_fault fault = {0};
    struct ledger_entry *entries = NULL;
    size_t slips = 0, count = 0;
    enum head2_status st = HEAD2_OK;

    if (brought == 0 && !try_slips)
        return;
    HEAD2_TRY(notary_reopen(n, &fault));
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
