/* Taking entries: counts, the tree, the plots. See report.h. */
#include "artifact/report_model.h"

#include <stdio.h>
#include <stdlib.h>

void report_count(struct report_span *s, uint64_t index, uint64_t ms)
{
    if (s->count++ == 0) {
        s->first = index;
        s->first_ms = ms;
    }
    s->last = index;
    s->last_ms = ms;
}

bool report_in_period(const struct report *r, uint64_t ms)
{
    return ms >= r->options.from_ms && ms < r->options.to_ms;
}

/* The narrowest bars that are enough, which begin at round times of UTC. */
static void choose_bars(struct report *r)
{
    static const uint64_t seconds[] = {60, 300, 900, 3600, 10800, 21600, 43200, 86400};
    const uint64_t span = r->options.to_ms - r->options.from_ms;
    size_t i = 0;

    r->bar_width = 1000 * seconds[0];
    while (span / r->bar_width > REPORT_BARS - 4)
        r->bar_width = ++i < HEAD2_LEN(seconds) ? 1000 * seconds[i] : 2 * r->bar_width;
    r->bar_start = r->options.from_ms / r->bar_width * r->bar_width;
    r->bars = (size_t)((r->options.to_ms - 1 - r->bar_start) / r->bar_width) + 1;
}

enum head2_status report_new(struct report **out, const struct report_options *o)
{
    struct report *r;

    HEAD2_REQUIRES(o->from_ms < o->to_ms && o->to_ms <= UTC_MAX);
    *out = r = calloc(1, sizeof *r);
    if (r == NULL)
        return HEAD2_E_MEMORY;
    r->options = *o;
    choose_bars(r);
    r->jobs.recent = calloc(REPORT_RECENT, sizeof *r->jobs.recent);
    if (r->jobs.recent != NULL)
        return HEAD2_OK;
    free(r);
    *out = NULL;
    return HEAD2_E_MEMORY;
}

void report_free(struct report *r)
{
    if (r == NULL)
        return;
    report_jobs_free(&r->jobs);
    free(r);
}

uint64_t report_entries(const struct report *r)
{
    return r->period.count;
}

void report_root(const struct report *r, uint8_t root[MERKLE_BYTES])
{
    merkle_root(root, &r->edge);
}

static void watch_clock(struct report *r, const struct ledger_entry *e)
{
    if (e->ms < r->last_ms) {
        if (r->back_count++ == 0)
            r->back_first = e->index;
        if (r->last_ms - e->ms > r->back_most_ms)
            r->back_most_ms = r->last_ms - e->ms;
    }
    r->last_ms = e->ms;
}

static void draw(struct report *r, const struct ledger_entry *e)
{
    const size_t bar = (size_t)((e->ms - r->bar_start) / r->bar_width);

    if (e->kind == RECEIPT_ROTATION)
        r->series[SERIES_ROTATIONS][bar]++;
    else if (e->kind == RECEIPT_SIGNATURE)
        r->series[SERIES_SIGNATURES][bar]++;
    else if (e->kind == RECEIPT_VERIFICATION_FAILED || e->kind == RECEIPT_ENTROPY_ALARM)
        r->series[SERIES_FAILURES][bar]++;
}

enum head2_status report_take(struct report *r, const struct ledger_entry *e)
{
    uint8_t leaf[LEDGER_LEAF_BYTES], hash[MERKLE_BYTES];

    ledger_leaf(leaf, e);
    merkle_leaf(hash, leaf, sizeof leaf);
    if (e->index != r->edge.size || !merkle_append(&r->edge, hash))
        return HEAD2_E_ARG;
    watch_clock(r, e);
    r->all_kinds[e->kind]++;
    if (report_in_period(r, e->ms)) {
        report_count(&r->period, e->index, e->ms);
        report_count(&r->kinds[e->kind], e->index, e->ms);
        draw(r, e);
        if (e->kind < RECEIPT_KINDS)
            report_take_receipt(r, e);
    }
    if (e->kind == LEDGER_KIND_JOB) /* of the period, whenever it was recorded */
        return report_take_job(r, e, leaf + LEDGER_LEAF_BYTES - JOB_HASH_BYTES);
    return e->kind == LEDGER_KIND_OTHER ? report_take_text(r, e) : HEAD2_OK;
}

uint64_t report_months_later(uint64_t ms, unsigned months)
{
    char text[UTC_BYTES + 1], moved[64];
    unsigned year, month, day;
    uint64_t later = UTC_MAX;

    utc_format(text, ms);
    if (sscanf(text, "%4u-%2u-%2u", &year, &month, &day) != 3)
        return UTC_MAX;
    year += (month - 1 + months) / 12;
    month = (month - 1 + months) % 12 + 1;
    for (; day > 0; day--) { /* 31 May has no counterpart in June */
        snprintf(moved, sizeof moved, "%04u-%02u-%02u%s", year, month, day, text + 10);
        if (utc_parse(&later, moved, strlen(moved)) == HEAD2_OK)
            return later;
    }
    return UTC_MAX; /* after the year 9999 */
}
