/*
 * Reports: periods, counts, records and what they lack, the same bytes from the same entries.
 */
#include "report_fixture.h"

/* ---- periods ---- */

static void a_period_has_its_first_moment_and_not_its_last(void)
{
    begin(JUNE, JUNE + DAY, NULL);
    take_text(RECEIPT_ROTATION, JUNE - 1, rotation);
    take_text(RECEIPT_ROTATION, JUNE, rotation);
    take_text(RECEIPT_ROTATION, JUNE + DAY - 1, rotation);
    take_text(RECEIPT_ROTATION, JUNE + DAY, rotation);
    json_t *o = as_json(REPORT_ALL);
    CHECK_EQ(said(o, "entries of the period"), 2);
    CHECK_EQ(said(o, "first entry of the period"), 1);
    CHECK_EQ(said(o, "last entry of the period"), 2);
    CHECK_EQ(number(o, "basis", "kinds", "kind", "rotation", "entries"), 2);
    CHECK_EQ(number(o, "basis", "kinds", "kind", "rotation", "in_ledger"), 4);
    json_t *bars = json_object_get(json_object_get(json_object_get(o, "activity"), "rotations"),
                                   "values"),
           *bar;
    double sum = 0;
    size_t i;
    json_array_foreach(bars, i, bar) sum += json_number_value(bar);
    CHECK_EQ(sum, 2);
    json_decref(o);
}

static void an_empty_period(void)
{
    static const enum doc_format formats[] = {DOC_MD, DOC_HTML, DOC_JSON};

    begin(JUNE, JUNE + DAY, NULL);
    for (size_t i = 0; i < HEAD2_LEN(formats); i++)
        CHECK(strstr(written(REPORT_ALL, formats[i]), "There is no entry of this period") != NULL);
    CHECK(strstr(written(JOB_137_71, DOC_CSV), "\"entries of the period\",\"0\"") != NULL);
    CHECK(strstr(written(REPORT_ALL, DOC_HTML), "NaN") == NULL);
    CHECK(strstr(out, "<svg") == NULL);
}

/* Any period has few bars, at round times, and all of it is under them. */
static void any_period_has_few_bars(void)
{
    static const uint64_t spans[] = {1,   999,     60000,    3600000,   DAY - 1,
                                     DAY, DAY + 1, 30 * DAY, 366 * DAY, 99999 * DAY};

    for (size_t i = 0; i < HEAD2_LEN(spans); i++)
        for (uint64_t from = JUNE - 5; from < JUNE + 10; from += 7) {
            begin(from, from + spans[i], NULL);
            take_text(RECEIPT_ROTATION, from, rotation);
            take_text(RECEIPT_ROTATION, from + spans[i] - 1, rotation);
            CHECK(report->bars > 0 && report->bars <= REPORT_BARS);
            CHECK(report->bar_start <= from);
            CHECK(report->bar_start + report->bars * report->bar_width >= from + spans[i]);
            CHECK_EQ(report->bar_start % report->bar_width, 0);
            CHECK_EQ(
                report->series[SERIES_ROTATIONS][0] +
                    (report->bars > 1 ? report->series[SERIES_ROTATIONS][report->bars - 1] : 0),
                2);
            CHECK(strstr(written(JOB_NIS2, DOC_HTML), "<svg") != NULL);
        }
}

static void a_clock_that_goes_back(void)
{
    begin(JUNE, JUNE + DAY, NULL);
    take_text(RECEIPT_ROTATION, JUNE + 5000, rotation);
    take_text(RECEIPT_VERIFICATION_FAILED, JUNE + 7000, "x");
    take_text(RECEIPT_VERIFICATION_FAILED, JUNE + 2000, "x");
    take_text(RECEIPT_ROTATION, JUNE - 3 * DAY, rotation); /* not of the period */
    take_text(RECEIPT_ROTATION, JUNE + 100, rotation);
    json_t *o = as_json(REPORT_ALL);
    CHECK_EQ(said(o, "entries of the period"), 4);
    CHECK_EQ(said(o, "times that the clock went back"), 2);
    CHECK(strstr(out, "first at entry 2, by at most 259202000 ms") != NULL);
    json_t *row = row_of(o, "nis2", "incidents", "kind", "failed verification");
    CHECK(strcmp(json_string_value(json_object_get(row, "first_time")),
                 "2026-06-01T00:00:02.000Z") == 0); /* the earlier one */
    json_decref(o);
}

static void months_later(void)
{
    static const struct {
        const char *from, *to;
        unsigned months;
    } cases[] = {
        {"2026-06-01T05:00:00.000Z", "2027-06-01T05:00:00.000Z", 12},
        {"2026-01-31T00:00:00.000Z", "2026-02-28T00:00:00.000Z", 1 },
        {"2024-01-31T00:00:00.000Z", "2024-02-29T00:00:00.000Z", 1 },
        {"2024-02-29T23:59:59.999Z", "2025-02-28T23:59:59.999Z", 12},
        {"2026-12-31T00:00:00.000Z", "2029-12-31T00:00:00.000Z", 36},
        {"2026-11-30T00:00:00.000Z", "2027-01-30T00:00:00.000Z", 2 }
    };
    uint64_t from, to;

    for (size_t i = 0; i < HEAD2_LEN(cases); i++) {
        CHECK_EQ(utc_parse(&from, cases[i].from, UTC_BYTES), HEAD2_OK);
        CHECK_EQ(utc_parse(&to, cases[i].to, UTC_BYTES), HEAD2_OK);
        CHECK_SAY(report_months_later(from, cases[i].months) == to, "%s", cases[i].from);
    }
    CHECK_EQ(report_months_later(UTC_MAX, 12), UTC_MAX);
}

/* ---- job records ---- */

static void records_belong_to_their_start(void)
{
    begin(JUNE, JUNE + DAY, NULL);
    take_text(LEDGER_KIND_JOB, JUNE + 3 * DAY,
              "{\"record_id\": \"late\", \"start\": \"2026-06-01\"}");
    take_text(LEDGER_KIND_JOB, JUNE + 5, "{\"record_id\": \"other\", \"start\": \"2026-05-31\"}");
    take_text(LEDGER_KIND_JOB, JUNE + 5, "{\"record_id\": \"none\"}");
    take_text(LEDGER_KIND_JOB, JUNE + 5, "{\"record_id\": \"bad\", \"start\": \"yesterday\"}");
    take_text(LEDGER_KIND_JOB, JUNE + 5, "[1]");
    take_text(LEDGER_KIND_JOB, JUNE + 2 * DAY, "[2]");
    json_t *o = as_json(REPORT_ALL);
    CHECK_EQ(said(o, "job records in the ledger"), 6);
    CHECK_EQ(said(o, "job records recorded in the period"), 4);
    CHECK_EQ(said(o, "of these, of another time by their start"), 1);
    CHECK_EQ(said(o, "recorded at another time, of the period by their start"), 1);
    CHECK_EQ(said(o, "job records of the period"), 4);
    CHECK_EQ(said(o, "of these, entries that are no records"), 1);
    CHECK_EQ(rows(o, "cfr14_137_71", "records"), 3);
    CHECK_EQ(rows(o, "basis", "unreadable"), 1);
    CHECK_EQ(number(o, "cfr14_137_71", "records", "record_id", "late", "entry"), 0);
    json_t *bad = row_of(o, "cfr14_137_71", "records", "record_id", "bad");
    CHECK(strstr(json_string_value(json_object_get(bad, "findings")), "start") != NULL);
    json_decref(o);
}

static bool has(json_t *list, const char *word)
{
    json_t *v;
    size_t i;

    json_array_foreach(list, i, v) if (strcmp(json_string_value(v), word) == 0) return true;
    return false;
}

static void missing_is_said(void)
{
    begin(JUNE, JUNE + DAY, NULL);
    take_text(LEDGER_KIND_JOB, JUNE,
              "{\"record_id\": \"a\", \"regime\": [\"137.71\", \"eu2023-564\"], \"start\": "
              "\"2026-06-01\", \"quantity\": {\"declared\": 4.5, \"unit\": \"l\"}, "
              "\"pilot\": {\"name\": \"P\"}}");
    json_t *o = as_json(REPORT_ALL);
    json_t *row = row_of(o, "cfr14_137_71", "records", "record_id", "a");
    json_t *missing = json_object_get(row, "missing");
    CHECK(has(missing, "customer.name") && has(missing, "pilot.address"));
    CHECK(!has(missing, "pilot.name") && !has(missing, "quantity.measured or quantity.declared"));
    CHECK(!has(missing, "dose"));
    CHECK(json_is_null(json_object_get(row, "customer.name")));
    CHECK(json_is_null(json_object_get(row, "quantity.measured")));
    CHECK_EQ(json_real_value(json_object_get(row, "quantity.declared")) * 10, 45);
    CHECK(strcmp(json_string_value(json_object_get(row, "keep_until")), "2027-06-01") == 0);
    row = row_of(o, "eu_2023_564", "records", "record_id", "a");
    CHECK(has(json_object_get(row, "missing"), "dose"));
    CHECK(has(json_object_get(row, "missing"), "area.geojson_hash or area.gpx_hash"));
    CHECK(strcmp(json_string_value(json_object_get(row, "keep_until")), "2029-06-01") == 0);
    CHECK_EQ(rows(o, "cfr7_110_3", "records"), 0);
    json_decref(o);
    CHECK(strstr(written(JOB_137_71, DOC_MD), "| Person served | **missing** |") != NULL);
    CHECK(strstr(written(JOB_137_71, DOC_HTML), "class=\"missing\">missing<") != NULL);
    take_text(LEDGER_KIND_JOB, JUNE,
              "{\"record_id\": \"b\", \"regime\": \"137.71\", \"start\": \"2026-06-01\", "
              "\"retention_until\": \"2035-01-01\"}");
    o = as_json(JOB_137_71);
    row = row_of(o, "cfr14_137_71", "records", "record_id", "b");
    CHECK(strcmp(json_string_value(json_object_get(row, "keep_until")), "2035-01-01") == 0);
    CHECK(json_object_get(o, "nis2") == NULL && json_object_get(o, "cnsa") == NULL);
    json_decref(o);
}

/* What was recorded twice is not taken for two without a word. */
static void a_record_twice(void)
{
    static const char *const ids[] = {"b", "a", "b", "c", "a", "b"};
    static const long long later[] = {3, 5, 6, -1, -1, -1};
    char text[80];
    json_t *row;
    size_t i;

    begin(JUNE, JUNE + DAY, NULL);
    take_text(LEDGER_KIND_JOB, JUNE, "{\"start\": \"2026-06-01\"}");
    for (i = 0; i < HEAD2_LEN(ids); i++) {
        snprintf(text, sizeof text, "{\"record_id\": \"%s\"}", ids[i]);
        take_text(LEDGER_KIND_JOB, JUNE + i, text);
    }
    take_text(LEDGER_KIND_JOB, JUNE, "{\"start\": \"2026-06-01\"}"); /* no record_id, twice */
    json_t *o = as_json(JOB_7CFR110);
    json_array_foreach(json_object_get(json_object_get(o, "cfr7_110_3"), "records"), i, row)
    {
        const json_t *v = json_object_get(row, "later_entry");
        const long long want = i == 0 || i == 7 ? -1 : later[i - 1];
        CHECK_EQ(json_is_integer(v) ? json_integer_value(v) : -1, want);
    }
    CHECK_EQ(i, 8);
    json_decref(o);
}

/* ---- the rest ---- */

static void same_bytes_and_root(void)
{
    uint8_t root[32], leaf[LEDGER_LEAF_BYTES], hash[32];
    struct merkle_edge edge = {0};
    char *first = NULL;

    for (int run = 0; run < 2; run++) {
        begin(JUNE, JUNE + DAY, NULL);
        for (unsigned i = 0; i < 50; i++)
            take_text(i % 2 == 0 ? RECEIPT_ROTATION : LEDGER_KIND_JOB, JUNE + i,
                      i % 2 == 0 ? rotation : "{\"record_id\": \"a\"}");
        written(REPORT_ALL, DOC_HTML);
        if (run == 0)
            first = strdup(out);
    }
    CHECK(strcmp(first, out) == 0);
    free(first);
    for (unsigned i = 0; i < 50; i++) {
        const char *text = i % 2 == 0 ? rotation : "{\"record_id\": \"a\"}";
        const struct ledger_entry e = {
            i,           i % 2 == 0 ? RECEIPT_ROTATION : LEDGER_KIND_JOB, JUNE + i, "z", 9, text,
            strlen(text)};
        ledger_leaf(leaf, &e);
        merkle_leaf(hash, leaf, sizeof leaf);
        CHECK(merkle_append(&edge, hash));
    }
    merkle_root(hash, &edge);
    report_root(report, root);
    CHECK_MEM(root, hash, 32);
    const struct ledger_entry gap = {51, RECEIPT_ROTATION, JUNE, "abc", 1, rotation, 5};
    CHECK_EQ(report_take(report, &gap), HEAD2_E_ARG);
}

int main(void)
{
    RUN(a_period_has_its_first_moment_and_not_its_last);
    RUN(an_empty_period);
    RUN(any_period_has_few_bars);
    RUN(a_clock_that_goes_back);
    RUN(months_later);
    RUN(records_belong_to_their_start);
    RUN(missing_is_said);
    RUN(a_record_twice);
    RUN(same_bytes_and_root);
    end_reports();
    CHECK_EXIT();
}
