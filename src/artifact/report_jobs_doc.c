/* Job records as rows of tables, by whose rules they are kept. See report.h. */
#include "artifact/report_model.h"

#include <stdio.h>
#include <stdlib.h>

static const char *const titles[JOB_FIELDS] = {
    [JOB_RECORD_ID] = "Record",
    [JOB_REGIME] = "Kept under",
    [JOB_OPERATOR_NAME] = "Operator",
    [JOB_OPERATOR_CERTIFICATE] = "Operator certificate",
    [JOB_OPERATOR_EXEMPTION] = "Exemption",
    [JOB_CUSTOMER_NAME] = "Person served",
    [JOB_CUSTOMER_ADDRESS] = "Address of person served",
    [JOB_PILOT_NAME] = "Pilot",
    [JOB_PILOT_ADDRESS] = "Pilot’s address",
    [JOB_PILOT_CERTIFICATE] = "Pilot certificate",
    [JOB_PILOT_KNOWLEDGE_SKILL_DATE] = "137.19(e) met on",
    [JOB_APPLICATOR_NAME] = "Certified applicator",
    [JOB_APPLICATOR_CERTIFICATION] = "Applicator certification",
    [JOB_AIRCRAFT_REGISTRATION] = "Aircraft registration",
    [JOB_AIRCRAFT_SERIAL] = "Aircraft serial",
    [JOB_START] = "Start",
    [JOB_END] = "End",
    [JOB_MATERIAL_NAME] = "Material",
    [JOB_MATERIAL_EPA_REG] = "EPA registration",
    [JOB_MATERIAL_EU_AUTHORISATION] = "EU authorisation",
    [JOB_MATERIAL_EPPO_CROP] = "Crop (EPPO code)",
    [JOB_MATERIAL_BBCH] = "BBCH stage",
    [JOB_QUANTITY_DECLARED] = "Quantity, declared",
    [JOB_QUANTITY_MEASURED] = "Quantity, measured",
    [JOB_QUANTITY_UNIT] = "Unit",
    [JOB_DOSE] = "Dose",
    [JOB_AREA_HA] = "Area (ha)",
    [JOB_AREA_LOCATION] = "Location",
    [JOB_AREA_CROP] = "Crop or site",
    [JOB_AREA_GEOJSON_HASH] = "Hash of the area (GeoJSON)",
    [JOB_AREA_GPX_HASH] = "Hash of the flight path (GPX)",
    [JOB_WEATHER] = "Weather",
    [JOB_KEY_ID] = "Key",
    [JOB_KEY_ALG] = "Algorithm",
    [JOB_KEY_SET] = "Parameter set",
    [JOB_KEY_CREATED] = "Key created",
    [JOB_KEY_ACTIVATED] = "Key activated",
    [JOB_KEY_DEACTIVATED] = "Key deactivated",
    [JOB_KEY_DESTROYED] = "Key destroyed",
    [JOB_KEY_CUSTODY] = "Custody",
    [JOB_EVENT] = "Event",
    [JOB_ACTOR] = "Actor",
    [JOB_RESULT] = "Result",
    [JOB_CLOCK_SOURCE] = "Clock",
    [JOB_CLOCK_OFFSET_MS] = "Clock offset (ms)",
    [JOB_RETENTION_UNTIL] = "To be kept until (record)",
};

#define SHOWN 22

static const enum job_field of_137_71[SHOWN] = {JOB_RECORD_ID,
                                                JOB_REGIME,
                                                JOB_START,
                                                JOB_END,
                                                JOB_CUSTOMER_NAME,
                                                JOB_CUSTOMER_ADDRESS,
                                                JOB_MATERIAL_NAME,
                                                JOB_QUANTITY_MEASURED,
                                                JOB_QUANTITY_DECLARED,
                                                JOB_QUANTITY_UNIT,
                                                JOB_PILOT_NAME,
                                                JOB_PILOT_ADDRESS,
                                                JOB_PILOT_CERTIFICATE,
                                                JOB_PILOT_KNOWLEDGE_SKILL_DATE,
                                                JOB_OPERATOR_NAME,
                                                JOB_OPERATOR_CERTIFICATE,
                                                JOB_OPERATOR_EXEMPTION,
                                                JOB_AIRCRAFT_REGISTRATION,
                                                JOB_AIRCRAFT_SERIAL,
                                                JOB_AREA_GPX_HASH,
                                                JOB_CLOCK_SOURCE,
                                                JOB_CLOCK_OFFSET_MS};
static const enum job_field of_7cfr110[SHOWN] = {JOB_RECORD_ID,
                                                 JOB_REGIME,
                                                 JOB_START,
                                                 JOB_END,
                                                 JOB_MATERIAL_NAME,
                                                 JOB_MATERIAL_EPA_REG,
                                                 JOB_QUANTITY_MEASURED,
                                                 JOB_QUANTITY_DECLARED,
                                                 JOB_QUANTITY_UNIT,
                                                 JOB_AREA_LOCATION,
                                                 JOB_AREA_GEOJSON_HASH,
                                                 JOB_AREA_HA,
                                                 JOB_AREA_CROP,
                                                 JOB_MATERIAL_EPPO_CROP,
                                                 JOB_APPLICATOR_NAME,
                                                 JOB_APPLICATOR_CERTIFICATION,
                                                 JOB_CUSTOMER_NAME,
                                                 JOB_CUSTOMER_ADDRESS,
                                                 JOB_WEATHER,
                                                 JOB_CLOCK_SOURCE,
                                                 JOB_CLOCK_OFFSET_MS,
                                                 JOB_NONE};
static const enum job_field of_eu2023_564[SHOWN] = {JOB_RECORD_ID,
                                                    JOB_REGIME,
                                                    JOB_START,
                                                    JOB_END,
                                                    JOB_MATERIAL_NAME,
                                                    JOB_MATERIAL_EU_AUTHORISATION,
                                                    JOB_DOSE,
                                                    JOB_QUANTITY_MEASURED,
                                                    JOB_QUANTITY_DECLARED,
                                                    JOB_QUANTITY_UNIT,
                                                    JOB_AREA_HA,
                                                    JOB_AREA_GEOJSON_HASH,
                                                    JOB_AREA_GPX_HASH,
                                                    JOB_AREA_LOCATION,
                                                    JOB_MATERIAL_EPPO_CROP,
                                                    JOB_MATERIAL_BBCH,
                                                    JOB_AREA_CROP,
                                                    JOB_APPLICATOR_NAME,
                                                    JOB_APPLICATOR_CERTIFICATION,
                                                    JOB_WEATHER,
                                                    JOB_CLOCK_SOURCE,
                                                    JOB_CLOCK_OFFSET_MS};
static const enum job_field of_nis2[SHOWN] = {
    JOB_RECORD_ID,     JOB_REGIME,      JOB_START,         JOB_EVENT,
    JOB_ACTOR,         JOB_RESULT,      JOB_KEY_ID,        JOB_KEY_ALG,
    JOB_KEY_SET,       JOB_KEY_CREATED, JOB_KEY_ACTIVATED, JOB_KEY_DEACTIVATED,
    JOB_KEY_DESTROYED, JOB_KEY_CUSTODY, JOB_CLOCK_SOURCE,  JOB_CLOCK_OFFSET_MS,
    JOB_NONE,          JOB_NONE,        JOB_NONE,          JOB_NONE,
    JOB_NONE,          JOB_NONE};

static const enum job_field *fields_of(unsigned regime)
{
    return regime == JOB_137_71       ? of_137_71
           : regime == JOB_7CFR110    ? of_7cfr110
           : regime == JOB_EU2023_564 ? of_eu2023_564
                                      : of_nis2;
}

/* How long a record must be kept after its day; 0: the rules do not say. */
static unsigned months_kept(unsigned regime)
{
    return regime == JOB_137_71       ? 12
           : regime == JOB_7CFR110    ? 24
           : regime == JOB_EU2023_564 ? 36
                                      : 0;
}

/* ---- the table ---- */

static bool is_number(enum job_field f)
{
    return f == JOB_QUANTITY_DECLARED || f == JOB_QUANTITY_MEASURED || f == JOB_AREA_HA ||
           f == JOB_CLOCK_OFFSET_MS;
}

static void add_column(struct report_table *t, const char *name, const char *title,
                       enum doc_kind kind)
{
    t->columns[t->n_columns++] = (struct doc_column){name, title, kind};
}

/* By record_id, then in the order of entries; those without one last. */
static int by_record(const void *a, const void *b, void *arg)
{
    const struct report_table *const t = arg;
    const uint32_t i = *(const uint32_t *)a, k = *(const uint32_t *)b;
    const char *x = job_value(t->report->jobs.list[t->rows[i]].job, JOB_RECORD_ID);
    const char *y = job_value(t->report->jobs.list[t->rows[k]].job, JOB_RECORD_ID);
    const int order = x == NULL || y == NULL ? (x == NULL) - (y == NULL) : strcmp(x, y);

    return order != 0 ? order : i < k ? -1 : 1;
}

static enum head2_status find_later(struct report_table *t)
{
    uint32_t *sorted = malloc((t->n_rows + 1) * sizeof *sorted);

    t->later = malloc((t->n_rows + 1) * sizeof *t->later);
    if (sorted == NULL || t->later == NULL) {
        free(sorted);
        return HEAD2_E_MEMORY;
    }
    for (uint32_t i = 0; i < t->n_rows; i++)
        sorted[i] = i;
    qsort_r(sorted, t->n_rows, sizeof *sorted, by_record, t);
    for (size_t i = 0; i < t->n_rows; i++) {
        const uint32_t this = sorted[i], next = i + 1 < t->n_rows ? sorted[i + 1] : this;
        const char *x = job_value(t->report->jobs.list[t->rows[this]].job, JOB_RECORD_ID);
        const char *y = job_value(t->report->jobs.list[t->rows[next]].job, JOB_RECORD_ID);
        const bool same = next != this && x != NULL && y != NULL && strcmp(x, y) == 0;
        t->later[this] = same ? t->rows[next] : REPORT_NONE;
    }
    free(sorted);
    return HEAD2_OK;
}

void report_job_table_free(struct report_table *t)
{
    free(t->rows);
    free(t->later);
}

enum head2_status report_job_table(struct report_table *t, const struct report *r, unsigned regime)
{
    const struct report_jobs *const jobs = &r->jobs;

    *t = (struct report_table){.report = r, .regime = regime};
    t->rows = malloc((jobs->n + 1) * sizeof *t->rows);
    if (t->rows == NULL)
        return HEAD2_E_MEMORY;
    for (size_t i = 0; i < jobs->n; i++) {
        const struct job *job = jobs->list[i].job;
        if (job != NULL ? (job_regimes(job) & regime) != 0 : regime == 0)
            t->rows[t->n_rows++] = (uint32_t)i;
    }
    add_column(t, "entry", "Entry", DOC_NUMBER);
    if (regime == 0) {
        add_column(t, "recorded", "Recorded in the ledger", DOC_TEXT);
        add_column(t, "findings", "Why", DOC_TEXT);
        return HEAD2_OK;
    }
    for (size_t i = 0; i < SHOWN && fields_of(regime)[i] != JOB_NONE; i++) {
        const enum job_field f = fields_of(regime)[i];
        add_column(t, job_field_name(f), titles[f], is_number(f) ? DOC_AMOUNT : DOC_TEXT);
    }
    add_column(t, "recorded", "Recorded in the ledger", DOC_TEXT);
    add_column(t, "later_entry", "Same record, later entry", DOC_NUMBER);
    add_column(t, "keep_until", "To be kept until", DOC_TEXT);
    add_column(t, "signature", "Signature", DOC_TEXT);
    add_column(t, "signer", "Signed by", DOC_TEXT);
    add_column(t, "signer_key", "Signer’s key", DOC_TEXT);
    add_column(t, "signed_at", "Signed at (signer’s clock)", DOC_TEXT);
    add_column(t, "missing", "Missing", DOC_LIST);
    add_column(t, "findings", "Not as it should be", DOC_TEXT);
    return find_later(t);
}

/* ---- a row ---- */

static const char *time_text(struct doc_row *row, uint64_t ms)
{
    char text[UTC_BYTES + 1];

    utc_format(text, ms);
    return doc_keep(row, "%s", text);
}

static const char *keep_until(struct doc_row *row, const struct report_job *j, unsigned regime)
{
    const bool said = job_value(j->job, JOB_RETENTION_UNTIL) != NULL;
    uint64_t until =
        months_kept(regime) != 0 ? report_months_later(report_job_time(j), months_kept(regime)) : 0;

    if (said && j->job->retention_ms > until)
        until = j->job->retention_ms;
    return until != 0 ? doc_keep(row, "%.10s", time_text(row, until)) : NULL;
}

/* Names between ", ", and a bit for each column that one of them is of. */
static const char *missing_text(struct doc_row *row, const struct report_table *t,
                                const struct report_job *j)
{
    const char *names[JOB_MISSING];
    const size_t n = job_missing(j->job, t->regime, names);
    char text[JOB_MISSING * 64] = "";
    size_t used = 0;

    for (size_t i = 0; i < n; i++) {
        used +=
            (size_t)snprintf(text + used, sizeof text - used, "%s%s", i != 0 ? ", " : "", names[i]);
        for (size_t c = 0; c < t->n_columns; c++) {
            const size_t len = strlen(t->columns[c].name);
            const char *at = strstr(names[i], t->columns[c].name);
            if (at != NULL && (at == names[i] || at[-1] == ' ') && (at[len] == 0 || at[len] == ' '))
                row->missing |= (uint32_t)1 << c;
        }
    }
    return n != 0 ? doc_keep(row, "%s", text) : NULL;
}

static const char *verdict_cell(struct doc_row *row, const struct report_signature *s)
{
    if (!s->judged)
        return "there is one; not checked: no trust file";
    if (s->verdict != VERDICT_VALID)
        return doc_keep(row, "invalid: %s", verdict_text(s->verdict));
    if (s->then_ms == 0)
        return "valid";
    return doc_keep(row, "valid at %s, when the ledger had recorded it; since then: %s",
                    time_text(row, s->then_ms), verdict_text(s->now));
}

static void signature_cells(struct doc_row *row, size_t at, const struct report_signature *s)
{
    if (s == NULL) {
        row->cell[at] = "none";
        return;
    }
    row->cell[at] = verdict_cell(row, s);
    row->cell[at + 1] = s->signer;
    row->cell[at + 2] = s->key_id;
    row->cell[at + 3] = time_text(row, s->ms);
}

void report_job_row(const void *arg, size_t n, struct doc_row *row)
{
    const struct report_table *const t = arg;
    const struct report_job *const j = &t->report->jobs.list[t->rows[n]];
    size_t c = 0;

    row->cell[c++] = doc_keep(row, "%llu", (unsigned long long)j->index);
    for (size_t i = 0; i < SHOWN && fields_of(t->regime)[i] != JOB_NONE; i++)
        row->cell[c++] = job_value(j->job, fields_of(t->regime)[i]);
    row->cell[c++] = time_text(row, j->ms);
    if (t->later[n] != REPORT_NONE)
        row->cell[c] =
            doc_keep(row, "%llu", (unsigned long long)t->report->jobs.list[t->later[n]].index);
    c++;
    row->cell[c++] = keep_until(row, j, t->regime);
    signature_cells(row, c, j->signature);
    row->cell[c + 4] = missing_text(row, t, j);
    row->cell[c + 5] = j->findings;
}

void report_unreadable_row(const void *arg, size_t n, struct doc_row *row)
{
    const struct report_table *const t = arg;
    const struct report_job *const j = &t->report->jobs.list[t->rows[n]];

    row->cell[0] = doc_keep(row, "%llu", (unsigned long long)j->index);
    row->cell[1] = time_text(row, j->ms);
    row->cell[2] = j->findings;
}
