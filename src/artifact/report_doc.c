/* A report as a document: what it was made from, activity, and a section for each regime. See
 * report.h. */
#include "artifact/base64.h"
#include "artifact/ledger_json.h"
#include "artifact/report_model.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define TEXTS     10
#define TEXT_ROOM 512
#define PAIRS     24

/* What tables and notes refer to, while the document is written. */
struct pages {
    const struct report *r;
    const struct report_basis *b;
    struct doc doc;
    struct {
        const char *item;
        char value[160];
    } pairs[PAIRS];
    size_t n_pairs;
    uint8_t kinds[256];
    size_t n_kinds;
    struct report_table unreadable, jobs[JOB_REGIMES];
    struct report_uses uses;
    double rate[REPORT_BARS];
    char texts[TEXTS][TEXT_ROOM];
    size_t n_texts;
};

static const char *text(struct pages *p, const char *fmt, ...) HEAD2_PRINTF(2, 3);
static const char *text(struct pages *p, const char *fmt, ...)
{
    va_list args;

    if (p->n_texts == TEXTS)
        return "";
    va_start(args, fmt);
    vsnprintf(p->texts[p->n_texts], TEXT_ROOM, fmt, args);
    va_end(args);
    return p->texts[p->n_texts++];
}

static void pair(struct pages *p, const char *item, const char *fmt, ...) HEAD2_PRINTF(3, 4);
static void pair(struct pages *p, const char *item, const char *fmt, ...)
{
    va_list args;

    if (p->n_pairs == PAIRS)
        return;
    p->pairs[p->n_pairs].item = item;
    va_start(args, fmt);
    vsnprintf(p->pairs[p->n_pairs++].value, sizeof p->pairs[0].value, fmt, args);
    va_end(args);
}

static void pair_number(struct pages *p, const char *item, uint64_t n)
{
    pair(p, item, "%llu", (unsigned long long)n);
}

static void pair_time(struct pages *p, const char *item, uint64_t ms)
{
    char when[UTC_BYTES + 1];

    utc_format(when, ms);
    pair(p, item, "%s", when);
}

static struct doc_section *new_section(struct pages *p, const char *name, const char *brief,
                                       const char *title)
{
    struct doc_section *s = &p->doc.sections[p->doc.n_sections++];

    s->name = name;
    s->brief = brief;
    s->title = title;
    return s;
}

static void note(struct doc_section *s, const char *what)
{
    if (s->n_notes < DOC_NOTES)
        s->notes[s->n_notes++] = what;
}

/* ---- what it was made from ---- */

static const struct doc_column pair_columns[] = {
    {"item",  "Item",  DOC_TEXT},
    {"value", "Value", DOC_TEXT}
};

static void pair_row(const void *arg, size_t n, struct doc_row *row)
{
    const struct pages *const p = arg;

    row->cell[0] = p->pairs[n].item;
    row->cell[1] = p->pairs[n].value;
}

static const struct doc_column kind_columns[] = {
    {"kind",        "Kind of entry",       DOC_TEXT  },
    {"entries",     "In the period",       DOC_NUMBER},
    {"first_entry", "First",               DOC_NUMBER},
    {"last_entry",  "Last",                DOC_NUMBER},
    {"in_ledger",   "In the whole ledger", DOC_NUMBER}
};

static void kind_row(const void *arg, size_t n, struct doc_row *row)
{
    const struct pages *const p = arg;
    const uint8_t kind = p->kinds[n];
    char name[LEDGER_KIND_NAME];

    ledger_kind_name(name, kind);
    row->cell[0] = doc_keep(row, "%s", name);
    report_span_cells(row, 1, &p->r->kinds[kind], false);
    row->cell[4] = doc_keep(row, "%llu", (unsigned long long)p->r->all_kinds[kind]);
}

static void pairs(struct pages *p)
{
    const struct report *const r = p->r;
    const struct checkpoint *const c = &p->b->checkpoint;
    char root[BASE64_LEN(MERKLE_BYTES) + 1] = {0};

    base64_encode(root, c->root, sizeof c->root);
    pair(p, "ledger", "%s", c->origin);
    pair(p, "read from", "%s", p->b->is_export ? "an export" : "the ledger’s folder");
    pair(p, "verified by", "%s",
         p->b->own_key ? "the key that lies in it" : "a key that was given");
    pair_number(p, "checkpoint, entries", c->size);
    pair(p, "checkpoint, root", "%s", root);
    pair_time(p, "checkpoint, signed at", c->ms);
    pair_number(p, "checkpoints that hold", p->b->checkpoints);
    pair_number(p, "entries after the checkpoint, left out", p->b->unsigned_entries);
    pair_time(p, "period from", r->options.from_ms);
    pair_time(p, "period up to, not including", r->options.to_ms);
    pair_number(p, "entries of the period", r->period.count);
    if (r->period.count != 0) {
        pair_number(p, "first entry of the period", r->period.first);
        pair_number(p, "last entry of the period", r->period.last);
    }
    pair_number(p, "times that the clock went back", r->back_count);
    pair_number(p, "job records in the ledger", r->jobs.total);
    pair_number(p, "job records recorded in the period", r->jobs.recorded);
    pair_number(p, "of these, of another time by their start", r->jobs.elsewhere);
    pair_number(p, "recorded at another time, of the period by their start", r->jobs.outside);
    pair_number(p, "job records of the period", r->jobs.n);
    pair_number(p, "of these, entries that are no records", r->jobs.unreadable);
    pair_number(p, "signatures that are of no record, or none", r->jobs.stray);
}

static void basis_notes(struct pages *p, struct doc_section *s)
{
    const struct report *const r = p->r;

    note(s, "This says what the ledger holds for the period, and what it does not hold. It is not "
            "legal advice, and does not say that a rule was kept. Nothing that is missing was "
            "filled in.");
    note(s,
         "The ledger was verified in the making: every entry, the tree and every checkpoint. The "
         "report was made from the entries that the checkpoint below signs, and from all of "
         "them. What one ledger alone cannot show: that nobody was shown another history, and "
         "that no newer entries were cut off with their checkpoints. A checkpoint that was kept "
         "elsewhere shows both.");
    if (p->b->own_key)
        note(s, "It was checked by the key that lies in it. Compare that with a copy that was kept "
                "elsewhere.");
    note(s, "Times are UTC, and those of the machines that appended. A receipt belongs to the "
            "period by the time of its entry; a job record by its start, or where it has none by "
            "the time of its entry.");
    if (r->period.count + r->jobs.n == 0)
        note(s, "There is no entry of this period.");
    if (r->back_count != 0)
        note(s, text(p,
                     "The clock went back %llu times, first at entry %llu, by at most %llu ms: "
                     "entries around there may belong to another time.",
                     (unsigned long long)r->back_count, (unsigned long long)r->back_first,
                     (unsigned long long)r->back_most_ms));
}

static void basis(struct pages *p)
{
    struct doc_section *s = new_section(p, "basis", "Basis", "What this report was made from");

    pairs(p);
    for (unsigned k = 0; k < 256; k++)
        if (p->r->all_kinds[k] != 0)
            p->kinds[p->n_kinds++] = (uint8_t)k;
    basis_notes(p, s);
    s->tables[s->n_tables++] = (struct doc_table){.name = "basis",
                                                  .columns = pair_columns,
                                                  .n_columns = HEAD2_LEN(pair_columns),
                                                  .n_rows = p->n_pairs,
                                                  .row = pair_row,
                                                  .arg = p};
    s->tables[s->n_tables++] = (struct doc_table){.name = "kinds",
                                                  .title = "Entries by kind",
                                                  .empty = "The ledger is empty.",
                                                  .columns = kind_columns,
                                                  .n_columns = HEAD2_LEN(kind_columns),
                                                  .n_rows = p->n_kinds,
                                                  .row = kind_row,
                                                  .arg = p};
    if (p->unreadable.n_rows != 0)
        s->tables[s->n_tables++] =
            (struct doc_table){.name = "unreadable",
                               .title = "Entries of kind job that are no records",
                               .columns = p->unreadable.columns,
                               .n_columns = p->unreadable.n_columns,
                               .n_rows = p->unreadable.n_rows,
                               .row = report_unreadable_row,
                               .arg = &p->unreadable};
}

/* ---- activity ---- */

static void add_plot(struct pages *p, struct doc_section *s, const char *name, const char *title,
                     const char *label, const double *y)
{
    s->plots[s->n_plots++] = (struct doc_plot){.name = name,
                                               .title = title,
                                               .y_label = label,
                                               .y = y,
                                               .n = p->r->bars,
                                               .start_ms = p->r->bar_start,
                                               .width_ms = p->r->bar_width,
                                               .whole = y != p->rate};
}

static const char *width_text(struct pages *p)
{
    const unsigned long long s = p->r->bar_width / 1000;

    if (s % 86400 == 0)
        return s == 86400 ? "a day" : text(p, "%llu days", s / 86400);
    if (s % 3600 == 0)
        return s == 3600 ? "an hour" : text(p, "%llu hours", s / 3600);
    return s == 60 ? "a minute" : text(p, "%llu minutes", s / 60);
}

static void activity(struct pages *p)
{
    const struct report *const r = p->r;
    struct doc_section *s = new_section(p, "activity", "Activity", "Activity");

    for (size_t i = 0; i < r->bars;
         i++) { /* of the first and last bar only what is in the period */
        const uint64_t start = r->bar_start + i * r->bar_width, end = start + r->bar_width;
        const uint64_t from = start > r->options.from_ms ? start : r->options.from_ms;
        const uint64_t to = end < r->options.to_ms ? end : r->options.to_ms;
        p->rate[i] = r->series[SERIES_SIGNATURES][i] * 3600e3 / (double)(to - from);
    }
    note(s, text(p, "Receipts of the period; a bar stands for %s.", width_text(p)));
    add_plot(p, s, "rotations", "Rotations of keys", "rotations", r->series[SERIES_ROTATIONS]);
    add_plot(p, s, "signatures_per_hour", "Signatures per hour", "signatures per hour", p->rate);
    add_plot(p, s, "failures", "Failed verifications and entropy alarms", "alarms",
             r->series[SERIES_FAILURES]);
}

/* ---- operations ---- */

static const struct {
    enum job_regime regime;
    const char *name, *brief, *title, *note;
} operations[] = {
    {JOB_137_71,     "cfr14_137_71", "14 CFR 137.71", "14 CFR 137.71: agricultural aircraft operations",
     "Asked for by 137.71(a): name and address of each person served; the date; name and quantity "
     "of the material of each operation; name, address and certificate number of each pilot and "
     "the date on which 137.19(e) was met. Records are kept for at least 12 months (137.71(b)): "
     "“to be kept until” is 12 months after the start, or what the record says if that is later. "
     "Operator certificate, exemption and aircraft are listed with it."                                                                  },
    {JOB_7CFR110,    "cfr7_110_3",   "7 CFR 110.3",   "7 CFR 110.3: restricted use pesticides",
     "Asked for by 110.3(a): brand or product name and EPA registration number; the total amount; "
     "location, size of the area, crop or site; the date; name and certification number of the "
     "certified applicator. Kept for 2 years. Whether a material is a restricted use pesticide is "
     "not in the ledger."                                                                                                                },
    {JOB_EU2023_564, "eu_2023_564",  "EU 2023/564",
     "Implementing Regulation (EU) 2023/564: plant protection",                                          "Asked for, since 2026 in electronic form: product and authorisation number, time, dose, the "
     "geo-referenced area, the crop’s EPPO code, and the BBCH stage where the authorisation speaks "
     "of it. Kept for 3 years (Regulation (EC) No 1107/2009, Article 67)."},
};

static uint64_t lack_something(const struct pages *p, const struct report_table *t)
{
    const char *names[JOB_MISSING];
    uint64_t n = 0;

    for (size_t i = 0; i < t->n_rows; i++)
        n += job_missing(p->r->jobs.list[t->rows[i]].job, t->regime, names) != 0;
    return n;
}

static void operation(struct pages *p, size_t i)
{
    const struct report_table *t = &p->jobs[i];
    struct doc_section *s =
        new_section(p, operations[i].name, operations[i].brief, operations[i].title);
    const unsigned long long lacking = lack_something(p, t);

    note(s, operations[i].note);
    if (t->n_rows != 0)
        note(s, text(p, "%zu record%s; %llu of them %s something.", t->n_rows,
                     t->n_rows == 1 ? "" : "s", lacking, lacking == 1 ? "lacks" : "lack"));
    s->tables[s->n_tables++] = (struct doc_table){.name = "records",
                                                  .empty = "No record in the period.",
                                                  .columns = t->columns,
                                                  .n_columns = t->n_columns,
                                                  .n_rows = t->n_rows,
                                                  .wide = true,
                                                  .row = report_job_row,
                                                  .arg = t};
}

/* ---- all of it ---- */

static void sections(struct pages *p, unsigned regimes, enum doc_format format)
{
    if (format != DOC_CSV) /* there the rows that are asked for come first, and no plots */
        basis(p);
    if (format != DOC_CSV)
        activity(p);
    for (size_t i = 0; i < HEAD2_LEN(operations); i++)
        if ((regimes & operations[i].regime) != 0)
            operation(p, i);
    if ((regimes & JOB_NIS2) != 0)
        report_nis2(&p->doc.sections[p->doc.n_sections++], p->r, &p->jobs[JOB_REGIMES - 1]);
    if ((regimes & REPORT_CNSA) != 0)
        report_cnsa(&p->doc.sections[p->doc.n_sections++], &p->uses);
    if (format == DOC_CSV)
        basis(p);
}

static void figure(struct pages *p, const char *name, const char *title, uint64_t value, bool alarm)
{
    p->doc.figures[p->doc.n_figures++] = (struct doc_figure){name, title, value, alarm};
}

/* Of records that lack something under one of the regimes that they are of. */
static uint64_t incomplete(const struct report *r, unsigned regimes)
{
    const char *names[JOB_MISSING];
    uint64_t n = 0;

    for (size_t i = 0; i < r->jobs.n; i++) {
        const struct job *job = r->jobs.list[i].job;
        n += job == NULL || r->jobs.list[i].findings != NULL ||
             job_missing(job, job_regimes(job) & regimes, names) != 0;
    }
    return n;
}

static void figures(struct pages *p, unsigned regimes)
{
    const struct report *const r = p->r;
    uint64_t alarms = r->more_incidents.count, exceptions = 0;

    for (size_t i = 0; i < r->n_incidents; i++)
        alarms += r->incidents[i].span.count;
    report_all_uses(&p->uses, r, p->b);
    for (size_t i = 0; i < p->uses.n; i++)
        exceptions += p->uses.list[i].exception;
    figure(p, "entries", "entries of the period", r->period.count, false);
    figure(p, "rotations", "rotations", r->kinds[RECEIPT_ROTATION].count, false);
    figure(p, "signatures", "signatures", r->kinds[RECEIPT_SIGNATURE].count, false);
    figure(p, "records", "job records", r->jobs.n, false);
    figure(p, "incomplete_records", "records that lack something", incomplete(r, regimes), true);
    if ((regimes & JOB_NIS2) != 0)
        figure(p, "alarms", "alarms", alarms, true);
    if ((regimes & REPORT_CNSA) != 0)
        figure(p, "cnsa_exceptions", "kinds of CNSA exceptions", exceptions, true);
}

static void head(struct pages *p)
{
    char from[UTC_BYTES + 1], to[UTC_BYTES + 1], made[UTC_BYTES + 1];

    utc_format(from, p->r->options.from_ms);
    utc_format(to, p->r->options.to_ms);
    utc_format(made, p->b->checkpoint.ms);
    p->doc.from_ms = p->r->options.from_ms;
    p->doc.to_ms = p->r->options.to_ms;
    p->doc.made_ms = p->b->checkpoint.ms;
    p->doc.title = "CHIMERA HEAD-2 compliance report";
    p->doc.subtitle = text(p, "%.19sZ up to, not including, %.19sZ", from, to);
    p->doc.footer = text(p,
                         "Made by head2 report from the ledger %s as of its checkpoint of %llu "
                         "entries, signed at %s.",
                         p->b->checkpoint.origin, (unsigned long long)p->b->checkpoint.size, made);
}

enum head2_status report_write(const struct report *r, const struct report_basis *b,
                               unsigned regimes, enum doc_format format, char **out, size_t *len)
{
    struct pages *p = calloc(1, sizeof *p);
    enum head2_status st = HEAD2_OK;

    *out = NULL;
    if (p == NULL)
        return HEAD2_E_MEMORY;
    p->r = r;
    p->b = b;
    HEAD2_TRY(report_job_table(&p->unreadable, r, 0));
    for (size_t i = 0; i < JOB_REGIMES; i++)
        HEAD2_TRY(report_job_table(&p->jobs[i], r, 1u << i));
    head(p);
    figures(p, regimes);
    sections(p, regimes, format);
    st = doc_write(&p->doc, format, out, len);
done:
    report_job_table_free(&p->unreadable);
    for (size_t i = 0; i < JOB_REGIMES; i++)
        report_job_table_free(&p->jobs[i]);
    free(p);
    return st;
}
