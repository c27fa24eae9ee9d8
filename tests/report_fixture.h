/*
 * What the tests of reports share: a report that entries are put into, and its JSON read back.
 */
#ifndef HEAD2_TESTS_REPORT_FIXTURE_H
#define HEAD2_TESTS_REPORT_FIXTURE_H

#include "artifact_fixture.h"

#include "artifact/file.h"
#include "artifact/plain.h"
#include "artifact/report_model.h"

#include <jansson.h>

#define DAY  UINT64_C(86400000)
#define JUNE UINT64_C(1780272000000) /* 2026-06-01 */

static struct report *report;
static struct report_basis basis;
static uint64_t next_index;
static char *out;
__attribute__((unused)) static size_t out_len;

__attribute__((unused)) static void begin(uint64_t from, uint64_t to, const struct trust *trust)
{
    const struct report_options o = {
        .from_ms = from, .to_ms = to, .trust = trust, .judged_ms = to + DAY};

    report_free(report);
    CHECK_EQ(report_new(&report, &o), HEAD2_OK);
    next_index = 0;
    basis = (struct report_basis){.alg = HEAD2_MLDSA_87, .checkpoints = 1};
    strcpy(basis.checkpoint.origin, "head2/ledger/test");
    basis.checkpoint.ms = to + DAY;
}

__attribute__((unused)) static void take(uint8_t kind, uint64_t ms, const char *text, size_t len)
{
    const struct ledger_entry e = {next_index++, kind, ms, "abc", 1, text, len};
    CHECK_EQ(report_take(report, &e), HEAD2_OK);
}

__attribute__((unused)) static void take_text(uint8_t kind, uint64_t ms, const char *text)
{
    take(kind, ms, text, strlen(text));
}

__attribute__((unused)) static const char *written(unsigned regimes, enum doc_format format)
{
    free(out);
    basis.checkpoint.size = next_index;
    CHECK_EQ(report_write(report, &basis, regimes, format, &out, &out_len), HEAD2_OK);
    CHECK_EQ(strlen(out), out_len);
    return out;
}

__attribute__((unused)) static json_t *as_json(unsigned regimes)
{
    json_error_t why;
    json_t *o = json_loads(written(regimes, DOC_JSON), JSON_REJECT_DUPLICATES, &why);
    CHECK_SAY(o != NULL, "line %d: %s", why.line, why.text);
    return o;
}

/* The table's row whose cell `name` is `value`, or NULL. Owned by o. */
__attribute__((unused)) static json_t *row_of(json_t *o, const char *section, const char *table,
                                              const char *name, const char *value)
{
    json_t *rows = json_object_get(json_object_get(o, section), table), *row;
    size_t i;

    CHECK(json_is_array(rows));
    json_array_foreach(rows, i, row)
    {
        const char *cell = json_string_value(json_object_get(row, name));
        if (cell != NULL && strcmp(cell, value) == 0)
            return row;
    }
    return NULL;
}

__attribute__((unused)) static long long number(json_t *o, const char *section, const char *table,
                                                const char *name, const char *value,
                                                const char *cell)
{
    json_t *row = row_of(o, section, table, name, value);
    return json_is_integer(json_object_get(row, cell))
               ? json_integer_value(json_object_get(row, cell))
               : -1;
}

/* A row of the basis. */
__attribute__((unused)) static long long said(json_t *o, const char *item)
{
    json_t *row = row_of(o, "basis", "basis", "item", item);
    const char *v = json_string_value(json_object_get(row, "value"));
    return v != NULL ? atoll(v) : -1;
}

__attribute__((unused)) static size_t rows(json_t *o, const char *section, const char *table)
{
    return json_array_size(json_object_get(json_object_get(o, section), table));
}

static const char rotation[] = "# Key Rotation Event 1\nProfile: CH2-L5\nDilithium Signature: x";

__attribute__((unused)) static void end_reports(void)
{
    report_free(report);
    free(out);
}

#endif
