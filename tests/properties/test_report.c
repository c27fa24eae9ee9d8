/*
 * Reports: counts, periods, missing fields, signatures, and hostile strings in every field, which
 * must stay text in all four formats.
 */
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
static size_t out_len;

static void begin(uint64_t from, uint64_t to, const struct trust *trust)
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

static void take(uint8_t kind, uint64_t ms, const char *text, size_t len)
{
    const struct ledger_entry e = {next_index++, kind, ms, "abc", 1, text, len};
    CHECK_EQ(report_take(report, &e), HEAD2_OK);
}

static void take_text(uint8_t kind, uint64_t ms, const char *text)
{
    take(kind, ms, text, strlen(text));
}

static const char *written(unsigned regimes, enum doc_format format)
{
    free(out);
    basis.checkpoint.size = next_index;
    CHECK_EQ(report_write(report, &basis, regimes, format, &out, &out_len), HEAD2_OK);
    CHECK_EQ(strlen(out), out_len);
    return out;
}

static json_t *as_json(unsigned regimes)
{
    json_error_t why;
    json_t *o = json_loads(written(regimes, DOC_JSON), JSON_REJECT_DUPLICATES, &why);
    CHECK_SAY(o != NULL, "line %d: %s", why.line, why.text);
    return o;
}

/* The table's row whose cell `name` is `value`, or NULL. Owned by o. */
static json_t *row_of(json_t *o, const char *section, const char *table, const char *name,
                      const char *value)
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

static long long number(json_t *o, const char *section, const char *table, const char *name,
                        const char *value, const char *cell)
{
    json_t *row = row_of(o, section, table, name, value);
    return json_is_integer(json_object_get(row, cell))
               ? json_integer_value(json_object_get(row, cell))
               : -1;
}

/* A row of the basis. */
static long long said(json_t *o, const char *item)
{
    json_t *row = row_of(o, "basis", "basis", "item", item);
    const char *v = json_string_value(json_object_get(row, "value"));
    return v != NULL ? atoll(v) : -1;
}

static size_t rows(json_t *o, const char *section, const char *table)
{
    return json_array_size(json_object_get(json_object_get(o, section), table));
}

static const char rotation[] = "# Key Rotation Event 1\nProfile: CH2-L5\nDilithium Signature: x";

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

/* ---- hostile text ---- */

static const char *const hostile[] = {
    "<script>alert(1)</script>",
    "\" onload=\"x",
    "'><img src=x>",
    "</td></table><b>",
    "&lt;b&gt;",
    "=cmd|' /C calc'!A0",
    "+1+1",
    "-2+3",
    "@SUM(A1)",
    "  =1+1",
    "'=1",
    "\xef\xbc\x9d"
    "1+1",
    "a,b\"c\"\"d",
    "| a | b |",
    "[x](http://y.example) ![z](q)",
    "`code` *b* _i_ ~s~ # h <!-- c -->",
    "http://www.example.com a@b.example",
    "\\",
    "]]>",
    "a, b",
    "{\"x\": \"y\"}",
    "\xd8\xb9\xd8\xb1\xd8\xa8\xd9\x8a",
};

/* A record with v in every field that takes a text. */
static char *record_with(const char *v)
{
    json_t *o = json_object();
    struct job_findings f;
    struct job *job;

    for (unsigned i = 0; i < JOB_FIELDS; i++) {
        char group[32];
        const char *name = job_field_name((enum job_field)i), *dot = strchr(name, '.');
        snprintf(group, sizeof group, "%.*s", dot != NULL ? (int)(dot - name) : 0, name);
        json_t *into = dot != NULL ? json_object_get(o, group) : o;
        if (into == NULL) {
            into = json_object();
            json_object_set_new(o, group, into);
        }
        json_object_set_new(into, dot != NULL ? dot + 1 : name, json_string(v));
        char *text = json_dumps(o, 0);
        const enum head2_status st = job_parse(&job, text, strlen(text), &f);
        if (st != HEAD2_OK)
            json_object_del(into, dot != NULL ? dot + 1 : name);
        free(job);
        free(text);
    }
    json_object_set_new(o, "regime",
                        json_pack("[s, s, s, s]", "137.71", "7cfr110", "eu2023-564", "nis2"));
    char *text = json_dumps(o, 0);
    json_decref(o);
    return text;
}

/* Every tag in the page is one that the writer writes, with its attributes. */
static void check_html(const char *page)
{
    static const char *const tags[] = {
        "!DOCTYPE", "html",   "head",       "meta",    "title", "style", "body",  "header",
        "h1",       "h2",     "h3",         "h4",      "p",     "nav",   "a",     "main",
        "div",      "b",      "span",       "section", "table", "thead", "tbody", "tr",
        "th",       "td",     "article",    "dl",      "dt",    "dd",    "bdi",   "time",
        "footer",   "figure", "figcaption", "svg",     "text",  "line",  "rect"};

    for (const char *p = strchr(page, '<'); p != NULL; p = strchr(p + 1, '<')) {
        const char *name = p[1] == '/' ? p + 2 : p + 1;
        const size_t n = strcspn(name, " />");
        bool known = false;
        for (size_t i = 0; i < HEAD2_LEN(tags) && !known; i++)
            known = strlen(tags[i]) == n && memcmp(tags[i], name, n) == 0;
        CHECK_SAY(known, "tag %.20s", p);
    }
    CHECK(strstr(page, "<script") == NULL && strstr(page, " onload=\"") == NULL);
    CHECK(strstr(page, " src=\"") == NULL && strstr(page, "url(") == NULL);
}

/* All cells of a CSV file, strictly; fn sees each. */
static size_t check_csv(const char *p, size_t *columns)
{
    size_t lines = 0, cells = 0;

    *columns = 0;
    while (*p != 0) {
        CHECK(*p == '"');
        const char *first = p + 1 + strspn(p + 1, " ");
        p++;
        CHECK_SAY(strspn(first, "=+@") == 0, "%.40s", first);
        CHECK_SAY(*first != '-' || first[1 + strspn(first + 1, "0123456789.")] == '"', "%.40s",
                  first); /* a number */
        for (; *p != '"' || p[1] == '"'; p += *p == '"' ? 2 : 1)
            CHECK(*p != 0 && *p != '\r' && *p != '\n');
        cells++;
        p++;
        if (*p == ',') {
            p++;
            continue;
        }
        CHECK(p[0] == '\r' && p[1] == '\n');
        CHECK(*columns == 0 || cells == *columns);
        *columns = cells;
        cells = 0;
        lines++;
        p += 2;
    }
    return lines;
}

static void check_hostile(const char *v)
{
    static const char *const sections[] = {"cfr14_137_71", "cfr7_110_3", "eu_2023_564"};
    char *text = record_with(v);
    size_t columns;

    begin(JUNE, JUNE + DAY, NULL);
    take_text(LEDGER_KIND_JOB, JUNE, text);
    json_t *o = as_json(REPORT_ALL);
    for (size_t i = 0; i < HEAD2_LEN(sections); i++)
        CHECK_SAY(row_of(o, sections[i], "records", "record_id", v) != NULL, "%s", v);
    json_decref(o);
    check_html(written(REPORT_ALL, DOC_HTML));
    for (unsigned bit = 1; bit <= REPORT_CNSA; bit <<= 1)
        CHECK(check_csv(written(bit, DOC_CSV), &columns) > 1);
    written(REPORT_ALL, DOC_MD);
    for (const char *p = out; (p = strpbrk(p, "<]`*_")) != NULL;
         p++) /* but what the writer writes */
        CHECK_SAY((p > out && p[-1] == '\\') ||
                      (*p == '*' && (p[1] == ' ' || p[-1] == '*' || p[1] == '*')),
                  "%.30s", p);
    CHECK(strstr(out, "![") == NULL && strstr(out, "p://") == NULL);
    free(text);
}

static void hostile_records_stay_text(void)
{
    for (size_t i = 0; i < HEAD2_LEN(hostile); i++)
        check_hostile(hostile[i]);
}

/* Taking the apostrophe away gives the text back, and no two texts become the same. */
static void csv_gives_the_text_back(void)
{
    char line[256];

    for (size_t i = 0; i < HEAD2_LEN(hostile); i++) {
        const char *v = hostile[i], *at;
        char *text = record_with(v);
        size_t n = 0;
        begin(JUNE, JUNE + DAY, NULL);
        take_text(LEDGER_KIND_JOB, JUNE, text);
        written(JOB_137_71, DOC_CSV);
        free(text);
        at = strstr(out, "\r\n\"records\",\"0\",\"");
        CHECK(at != NULL);
        for (at += strlen("\r\n\"records\",\"0\",\""); *at != '"' || at[1] == '"'; at++) {
            line[n++] = *at;
            at += *at == '"';
        }
        line[n] = 0;
        CHECK_SAY(strcmp(line[0] == '\'' ? line + 1 : line, v) == 0, "%s as %s", v, line);
    }
}

/* Receipts can say anything, too: entries of a kind are not believed. */
static void hostile_receipts_stay_text(void)
{
    char text[600];
    size_t columns;

    begin(JUNE, JUNE + DAY, NULL);
    for (size_t i = 0; i < HEAD2_LEN(hostile); i++) {
        const int n = snprintf(text, sizeof text,
                               "# x\nProfile: %s\nAlgorithm: %s\nHash: %s\xff\x01\nKey Agreement: "
                               "\xe2\x80\xae%s\nRandom Generator: ",
                               hostile[i], hostile[i], hostile[i], hostile[i]);
        take(RECEIPT_SIGNATURE, JUNE, text, (size_t)n);
    }
    take(RECEIPT_SIGNATURE, JUNE, "Profile: a\0b\nHash: \0", 20);
    take(RECEIPT_ROTATION, JUNE, "", 0);
    take(200, JUNE, "Profile: CH2-L1X4", 17); /* not a receipt */
    json_t *o = as_json(REPORT_ALL);
    CHECK(row_of(o, "cnsa", "algorithms", "value", "further values") != NULL);
    CHECK(row_of(o, "cnsa", "algorithms", "value", "CH2-L1X4") == NULL);
    CHECK_EQ(number(o, "basis", "kinds", "kind", "200", "entries"), 1);
    json_decref(o);
    check_html(written(REPORT_ALL, DOC_HTML));
    CHECK(plain_ok("", 0));
    for (size_t i = 0; i < out_len; i++) /* nothing hidden got through */
        CHECK((unsigned char)out[i] >= 0x20 || out[i] == '\n');
    CHECK(strstr(out, "\xe2\x80\xae") == NULL);
    check_csv(written(REPORT_CNSA, DOC_CSV), &columns);
}

/* ---- keys and algorithms ---- */

static void life_cycle_of_keys(void)
{
    begin(JUNE, JUNE + DAY, NULL);
    take_text(RECEIPT_KEYGEN, JUNE, "# x\nKey ID: 1\nAlgorithm: ML-DSA-87\nFile: a.pem");
    take_text(RECEIPT_KEYGEN, JUNE, "# x\nKey ID: kyber-0\nProfile: CH2-L5");
    take_text(RECEIPT_PROVISIONING, JUNE, "# x");
    take_text(RECEIPT_REVOCATION, JUNE, "# x");
    take_text(RECEIPT_ROTATION, JUNE, rotation);
    take_text(LEDGER_KIND_JOB, JUNE, "{\"event\": \"destroy\", \"actor\": \"A\"}");
    take_text(LEDGER_KIND_JOB, JUNE,
              "{\"event\": \"backup\", \"regime\": \"137.71\"}"); /* not of NIS2, as it says */
    json_t *o = as_json(JOB_NIS2);
    static const struct {
        const char *point;
        long long entries, records;
        const char *status;
    } want[] = {
        {"(i)",    2,  0, "recorded"    },
        {"(ii)",   -1, 0, "not recorded"},
        {"(iii)",  1,  0, "recorded"    },
        {"(iv)",   1,  0, "recorded"    },
        {"(v)",    1,  0, "recorded"    },
        {"(vi)",   -1, 0, "not recorded"},
        {"(vii)",  1,  0, "recorded"    },
        {"(viii)", -1, 0, "not recorded"},
        {"(ix)",   -1, 0, "not recorded"},
        {"(x)",    -1, 1, "recorded"    },
        {"(xi)",   5,  1, "recorded"    },
        {"(xii)",  2,  0, "recorded"    },
    };
    CHECK_EQ(rows(o, "nis2", "life_cycle"), HEAD2_LEN(want));
    for (size_t i = 0; i < HEAD2_LEN(want); i++) {
        json_t *row = row_of(o, "nis2", "life_cycle", "point", want[i].point);
        CHECK_SAY(number(o, "nis2", "life_cycle", "point", want[i].point, "entries") ==
                      want[i].entries,
                  "%s", want[i].point);
        CHECK_SAY(number(o, "nis2", "life_cycle", "point", want[i].point, "records") ==
                      want[i].records,
                  "%s", want[i].point);
        CHECK_SAY(strcmp(json_string_value(json_object_get(row, "status")), want[i].status) == 0,
                  "%s", want[i].point);
    }
    CHECK_EQ(rows(o, "nis2", "nis2_records"), 1);
    json_decref(o);
}

static void alarms_and_their_dates(void)
{
    begin(JUNE, JUNE + 60 * DAY, NULL);
    take_text(RECEIPT_VERIFICATION_FAILED, JUNE + 1000, "# x");
    take_text(RECEIPT_VERIFICATION_FAILED, JUNE + 2000, "# x");
    take_text(RECEIPT_VERIFICATION_FAILED, JUNE + 30 * DAY - 1, "# x");
    take_text(RECEIPT_ENTROPY_ALARM, JUNE + 3000, "# x\nEvent: entropy-closed");
    take_text(RECEIPT_ENTROPY_ALARM, JUNE + 4000, "# x\nEvent: entropy-open"); /* the end of it */
    take_text(LEDGER_KIND_JOB, JUNE + 5000, "{\"event\": \"incident\", \"actor\": \"A\"}");
    json_t *o = as_json(JOB_NIS2);
    CHECK_EQ(rows(o, "nis2", "incidents"), 4);
    json_t *row = row_of(o, "nis2", "incidents", "kind", "failed verification");
    CHECK_EQ(number(o, "nis2", "incidents", "kind", "failed verification", "entries"), 2);
    CHECK(strcmp(json_string_value(json_object_get(row, "early_warning_by")),
                 "2026-06-02T00:00:01.000Z") == 0);
    CHECK(strcmp(json_string_value(json_object_get(row, "notification_by")),
                 "2026-06-04T00:00:01.000Z") == 0);
    CHECK(strcmp(json_string_value(json_object_get(row, "final_report_by")),
                 "2026-07-04T00:00:01.000Z") == 0);
    CHECK_EQ(number(o, "nis2", "incidents", "kind", "entropy alarm", "entries"), 1);
    CHECK_EQ(number(o, "nis2", "incidents", "kind", "incident (record)", "entries"), 1);
    json_decref(o);
    for (uint64_t day = 0; day < 59; day++) /* in any order of days, one row each */
        take_text(RECEIPT_ENTROPY_ALARM, JUNE + (day * 37 % 59) * DAY + 9000, "# x");
    CHECK_EQ(report->n_incidents, 3 + 59);
    for (size_t i = 1; i < report->n_incidents; i++)
        CHECK(report->incidents[i - 1].day <= report->incidents[i].day);
}

static void exceptions_are_named(void)
{
    static const char *const texts[] = {
        "# x\nProfile: CH2-L5\nKey Agreement: ML-KEM-1024, handshake",
        "# x\nProfile: CH2-L1X4",
        "# x\nProfile: CH2-L5-P384\nRandom Generator: CTR_DRBG (AES-256), policy auto",
        "# x\nAlgorithm: ML-DSA-65\nHash: blake3:0",
        "# x\nAlgorithm: ML-DSA-87\nHash: sha3-512:0\nHash: blake3:0", /* the first line counts */
        "# x\nAlgorithm: ML-DSA-99",
        "# x\nprofile: CH2-L5\n Profile: CH2-L5\nProfile:CH2-L5"};
    static const struct {
        const char *place, *value, *cnsa;
        long long entries, first, last;
    } want[] = {
        {"Profile",               "CH2-L5",              "as asked for", 1, 0, 0},
        {"Profile",               "CH2-L5-P384",         "exception",    1, 2, 2},
        {"Profile",               "CH2-L1X4",            "exception",    1, 1, 1},
        {"Key Agreement",         "ML-KEM-1024",         "as asked for", 1, 0, 0},
        {"Key schedule",          "HKDF, HMAC-SHA3-512", "exception",    3, 0, 2},
        {"Random Generator",      "CTR_DRBG (AES-256)",  "as asked for", 1, 2, 2},
        {"Algorithm",             "ML-DSA-87",           "as asked for", 1, 4, 4},
        {"Algorithm",             "ML-DSA-65",           "exception",    1, 3, 3},
        {"Hash",                  "blake3",              "exception",    1, 3, 3},
        {"Hash",                  "sha3-512",            "exception",    1, 4, 4},
        {"Algorithm",             "ML-DSA-99",           "exception",    1, 5, 5},
        {"Entries of the ledger", "SHA3-512",            "exception",    7, 0, 6},
        {"Tree of the ledger",    "SHA-256",             "exception",    7, 0, 6},
        {"Checkpoints",           "ML-DSA-87",           "as asked for", 7, 0, 6},
    };
    json_t *row;
    size_t i;

    begin(JUNE, JUNE + DAY, NULL);
    for (i = 0; i < HEAD2_LEN(texts); i++)
        take_text(RECEIPT_SIGNATURE, JUNE, texts[i]);
    json_t *o = as_json(REPORT_CNSA);
    CHECK_EQ(rows(o, "cnsa", "algorithms"), HEAD2_LEN(want));
    json_array_foreach(json_object_get(json_object_get(o, "cnsa"), "algorithms"), i, row)
    {
        CHECK_SAY(strcmp(json_string_value(json_object_get(row, "place")), want[i].place) == 0,
                  "row %zu", i);
        CHECK_SAY(strcmp(json_string_value(json_object_get(row, "value")), want[i].value) == 0,
                  "row %zu", i);
        CHECK_SAY(strcmp(json_string_value(json_object_get(row, "cnsa")), want[i].cnsa) == 0,
                  "row %zu", i);
        CHECK_EQ(json_integer_value(json_object_get(row, "entries")), want[i].entries);
        CHECK_EQ(json_integer_value(json_object_get(row, "first_entry")), want[i].first);
        CHECK_EQ(json_integer_value(json_object_get(row, "last_entry")), want[i].last);
    }
    json_decref(o);
}

/* ---- signatures ---- */

static void take_signature(const char *record, const struct head2_key *key, const char *over)
{
    uint8_t hash[64];
    struct sigblock b;
    char block[16384], text[20000];
    size_t len = sizeof block, text_len = sizeof text;

    sign_block(&b, key, over, strlen(over));
    CHECK_EQ(sigblock_write(&b, NULL, 0, block, &len), HEAD2_OK);
    head2_sha3_512(hash, record, strlen(record));
    CHECK_EQ(job_signature_write(text, &text_len, hash, block, len), HEAD2_OK);
    take(LEDGER_KIND_OTHER, JUNE, text, text_len);
}

static const char *signature_of(json_t *o, const char *record_id)
{
    json_t *row = row_of(o, "cfr14_137_71", "records", "record_id", record_id);
    CHECK(row != NULL);
    return json_string_value(json_object_get(row, "signature"));
}

static const char *write_trust(const struct head2_key *pub, const char *line)
{
    static char trust_path[200];
    uint8_t pem[HEAD2_KEY_MAX_FILE];
    size_t len = sizeof pem;
    char path[200];

    CHECK_EQ(head2_key_write_public(pub, HEAD2_KEY_PEM, pem, &len), HEAD2_OK);
    snprintf(path, sizeof path, "%s/k.pem", fixture_folder);
    CHECK_EQ(file_write(path, pem, len, 0600, FILE_REPLACE), HEAD2_OK);
    snprintf(trust_path, sizeof trust_path, "%s/trust", fixture_folder);
    CHECK_EQ(file_write(trust_path, line, strlen(line), 0600, FILE_REPLACE), HEAD2_OK);
    return trust_path;
}

static void signatures_are_judged(void)
{
    static const char a[] = "{\"record_id\": \"a\"}", b[] = "{\"record_id\": \"b\"}",
                      c[] = "{\"record_id\": \"c\"}";
    struct head2_key *key = fixed_key(HEAD2_MLDSA_65, 1), *pub = public_of(key);
    struct head2_key *stranger = fixed_key(HEAD2_MLDSA_87, 2);
    struct trust_fault fault;
    struct trust *trust;

    fresh_folder();
    CHECK_EQ(trust_read(&trust, write_trust(pub, "CHIMERA-HEAD-2 k.pem\n"), &fault), HEAD2_OK);
    for (int with = 0; with < 2; with++) {
        begin(JUNE, JUNE + DAY, with ? trust : NULL);
        take_text(LEDGER_KIND_JOB, JUNE, a);
        take_signature(a, key, a);
        take_text(LEDGER_KIND_JOB, JUNE, b);
        take_text(LEDGER_KIND_JOB, JUNE, c);
        take_signature(b, stranger, b); /* not right behind it */
        take_signature(c, key, "{\"record_id\": \"d\"}");
        take_signature("{}", key, "{}"); /* of no record */
        take_signature(a, key, a);       /* of one that has a signature */
        take_text(LEDGER_KIND_OTHER, JUNE, "# Job Signature\nRecord: sha3-512:00\n");
        json_t *o = as_json(REPORT_ALL);
        const char *none = "there is one; not checked: no trust file";
        CHECK(strcmp(signature_of(o, "a"), with ? "valid" : none) == 0);
        CHECK(strstr(signature_of(o, "b"), with ? "invalid: " : none) != NULL);
        CHECK(strstr(signature_of(o, "c"), with ? "invalid: " : none) != NULL);
        json_t *row = row_of(o, "cfr14_137_71", "records", "record_id", "a");
        CHECK(strcmp(json_string_value(json_object_get(row, "signer")), "CHIMERA-HEAD-2") == 0);
        CHECK_EQ(said(o, "signatures that are of no record, or none"), 2);
        CHECK_EQ(number(o, "cnsa", "algorithms", "value", "ML-DSA-65", "entries"), 2);
        json_decref(o);
    }
    trust_free(trust);
    head2_key_free(key);
    head2_key_free(pub);
    head2_key_free(stranger);
    remove_folder();
}

static uint64_t recorded_ms, asked;

static bool recorded(void *arg, uint64_t index, uint64_t *ms)
{
    CHECK(arg == &recorded_ms && index == 1);
    *ms = recorded_ms;
    asked++;
    return recorded_ms != 0;
}

/* Revoked on 2026-07-01, or valid until then; recorded before, then, later, nobody knows when. */
static void a_ledger_vouches_for_others(void)
{
    static const char a[] = "{\"record_id\": \"a\"}";
    static const char *const lines[] = {"CHIMERA-HEAD-2 k.pem - - 2026-07-01\n",
                                        "CHIMERA-HEAD-2 k.pem - 2026-07-01 -\n"};
    struct head2_key *signer = fixed_key(HEAD2_MLDSA_87, 1), *pub = public_of(signer);
    struct trust_fault fault;
    struct trust *trust;

    fresh_folder();
    for (unsigned i = 0; i < 2 * 5; i++) {
        const unsigned how = i % 5; /* recorded at; 3: not known, 4: by the signer's own ledger */
        const uint64_t at[] = {JUNE + 29 * DAY, JUNE + 30 * DAY, JUNE + 31 * DAY, 0, JUNE};
        struct report_options o = {.from_ms = JUNE,
                                   .to_ms = JUNE + DAY,
                                   .judged_ms = JUNE + 90 * DAY,
                                   .recorded = recorded,
                                   .recorded_arg = &recorded_ms};
        CHECK_EQ(trust_read(&trust, write_trust(pub, lines[i / 5]), &fault), HEAD2_OK);
        o.trust = trust;
        begin(JUNE, JUNE + DAY, NULL);
        if (how == 4)
            head2_key_id(pub, o.ledger_id);
        report->options = o;
        recorded_ms = at[how];
        asked = 0;
        take_text(LEDGER_KIND_JOB, JUNE, a);
        take_signature(a, signer, a);
        json_t *json = as_json(JOB_137_71);
        const char *v = signature_of(json, "a");
        CHECK_SAY(strncmp(v, how == 0 ? "valid at 2026-06-30T" : "invalid: ", 9) == 0, "%u: %s", i,
                  v);
        CHECK_EQ(asked, how != 4);
        json_decref(json);
        trust_free(trust);
    }
    head2_key_free(signer);
    head2_key_free(pub);
    remove_folder();
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
    RUN(hostile_records_stay_text);
    RUN(csv_gives_the_text_back);
    RUN(hostile_receipts_stay_text);
    RUN(life_cycle_of_keys);
    RUN(alarms_and_their_dates);
    RUN(exceptions_are_named);
    RUN(signatures_are_judged);
    RUN(a_ledger_vouches_for_others);
    RUN(same_bytes_and_root);
    report_free(report);
    free(out);
    CHECK_EXIT();
}
