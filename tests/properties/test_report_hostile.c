/*
 * Reports of hostile strings in every field of records and receipts: they stay text in all four
 * formats.
 */
#include "report_fixture.h"

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
    "＝1+1",
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

int main(void)
{
    RUN(hostile_records_stay_text);
    RUN(csv_gives_the_text_back);
    RUN(hostile_receipts_stay_text);
    end_reports();
    CHECK_EXIT();
}
