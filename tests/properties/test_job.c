/*
 * Job records: every field with what it takes and what it does not, all findings at once and where
 * they are, and what a report would lack.
 */
#include "check.h"

#include "artifact/job.h"
#include "artifact/utc.h"

static struct job_findings found;

/* The status; the job is for the caller. */
static enum head2_status parse(struct job **job, const char *text)
{
    memset(&found, 0xee, sizeof found);
    return job_parse(job, text, strlen(text), &found);
}

static void refused(const char *text, const char *path, const char *what)
{
    struct job *job;

    CHECK_SAY(parse(&job, text) == HEAD2_E_MALFORMED, "taken: %s", text);
    free(job);
    CHECK_SAY(found.n == 1, "%zu findings in %s", found.n, text);
    CHECK_SAY(strcmp(found.list[0].path, path) == 0, "'%s' in %s", found.list[0].path, text);
    CHECK_SAY(strstr(found.list[0].what, what) != NULL, "'%s' in %s", found.list[0].what, text);
}

static void taken(const char *text, enum job_field field, const char *value)
{
    struct job *job;

    CHECK_SAY(parse(&job, text) == HEAD2_OK, "refused: %s: %s", text, found.list[0].what);
    CHECK_SAY(job_value(job, field) != NULL && strcmp(job_value(job, field), value) == 0,
              "%s is '%s'", text,
              job_value(job, field) != NULL ? job_value(job, field) : "nothing");
    free(job);
}

/* Something that each field takes, by its name. */
static const char *good_value(const char *name)
{
    static const struct {
        const char *name, *value;
    } special[] = {
        {"regime",                     "[\"137.71\", \"nis2\"]"},
        {"pilot.knowledge_skill_date", "\"2024-02-29\""        },
        {"material.eppo_crop",         "\"TRZAX\""             },
        {"material.bbch",              "\"05\""                },
        {"quantity.declared",          "40"                    },
        {"quantity.measured",          "41.25"                 },
        {"area.ha",                    "12.5"                  },
        {"clock.offset_ms",            "-12"                   },
        {"event",                      "\"backup\""            }
    };

    for (size_t i = 0; i < HEAD2_LEN(special); i++)
        if (strcmp(special[i].name, name) == 0)
            return special[i].value;
    if (strstr(name, "_hash") != NULL)
        return "\"sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\"";
    static const char *const times[] = {"start",        "end",           "retention_until",
                                        "key.created",  "key.activated", "key.deactivated",
                                        "key.destroyed"};
    for (size_t i = 0; i < HEAD2_LEN(times); i++)
        if (strcmp(times[i], name) == 0)
            return "\"2026-06-01T05:40:00Z\"";
    return "\"some text, \\u00fc\"";
}

static void record_of(char *out, size_t cap, const char *name, const char *value)
{
    const char *dot = strchr(name, '.');

    if (dot == NULL)
        snprintf(out, cap, "{\"%s\": %s}", name, value);
    else
        snprintf(out, cap, "{\"%.*s\": {\"%s\": %s}}", (int)(dot - name), name, dot + 1, value);
}

static void each_field_takes_its_values_alone(void)
{
    static const char *const wrong[] = {"null", "[]", "{}", "true", "[1, 2]", "{\"x\": 1}"};
    char text[512];
    struct job *job;

    for (unsigned i = 0; i < JOB_FIELDS; i++) {
        const char *name = job_field_name((enum job_field)i);
        record_of(text, sizeof text, name, good_value(name));
        CHECK_SAY(parse(&job, text) == HEAD2_OK && found.n == 0, "%s: %s", text,
                  found.list[0].what);
        for (unsigned k = 0; k < JOB_FIELDS; k++)
            CHECK_EQ(job_value(job, (enum job_field)k) != NULL, k == i);
        free(job);
        for (size_t w = 0; w < HEAD2_LEN(wrong); w++) {
            record_of(text, sizeof text, name, wrong[w]);
            CHECK_SAY(parse(&job, text) == HEAD2_E_MALFORMED, "taken: %s", text);
            CHECK_SAY(strcmp(found.list[0].path, name) == 0, "%s: '%s'", text, found.list[0].path);
            CHECK(job != NULL && job_value(job, (enum job_field)i) == NULL);
            free(job);
        }
        const bool number = good_value(name)[0] != '"' && good_value(name)[0] != '[';
        record_of(text, sizeof text, name, number ? "\"12\"" : "12");
        CHECK_SAY(parse(&job, text) == HEAD2_E_MALFORMED, "taken: %s", text);
        free(job);
    }
}

static void unknown_names_get_the_nearest(void)
{
    refused("{\"material\": {\"epa_rge\": \"1\"}}", "material.epa_rge", "material.epa_reg");
    refused("{\"strat\": \"2026-01-01\"}", "strat", "nearest is start");
    refused("{\"epa_reg\": \"1\"}", "epa_reg", "material.epa_reg");
    refused("{\"materials\": {}}", "materials", "nearest is material");
    refused("{\"zzzzzzzzzz\": 1}", "zzzzzzzzzz", "no such field");
    refused("{\"material.name\": \"x\"}", "material.name", "must stand in an object");
    refused("{\"material\": \"x\"}", "material", "must be an object");
    refused("{\"material\": null}", "material", "leave it out");
    refused("{\"signature\": \"x\"}", "signature", "comes from the ledger");
    refused("{\"receipt\": 3}", "receipt", "comes from the ledger");
    refused("{\"\": 3}", "", "no such field");
    refused("{\"a\\u202eb\\nc\": 1}", "a?b?c", "no such field");
    refused("{\"key\": {\"\": 1}}", "key.", "no such field");
}

static void values_have_one_form(void)
{
    taken("{\"start\": \"2026-06-01\"}", JOB_START, "2026-06-01");
    refused("{\"start\": \"2026-02-29\"}", "start", "must be a time");
    refused("{\"start\": \"2026-06-01 05:40\"}", "start", "must be a time");
    refused("{\"start\": \"2026-06-01T05:40:00+02:00\"}", "start", "must be a time");
    refused("{\"pilot\": {\"knowledge_skill_date\": \"2026-06-01T00:00:00Z\"}}",
            "pilot.knowledge_skill_date", "must be a day");
    refused("{\"start\": \"2026-06-02\", \"end\": \"2026-06-01\"}", "end", "before start");
    taken("{\"start\": \"2026-06-02\", \"end\": \"2026-06-02\"}", JOB_END, "2026-06-02");
    taken("{\"quantity\": {\"measured\": 0.1}}", JOB_QUANTITY_MEASURED, "0.1");
    taken("{\"quantity\": {\"measured\": 1e3}}", JOB_QUANTITY_MEASURED, "1000");
    taken("{\"quantity\": {\"measured\": 0.30000000000000004}}", JOB_QUANTITY_MEASURED,
          "0.30000000000000004");
    taken("{\"quantity\": {\"measured\": -0.0}}", JOB_QUANTITY_MEASURED, "0");
    taken("{\"quantity\": {\"measured\": 9007199254740993}}", JOB_QUANTITY_MEASURED,
          "9007199254740993");
    refused("{\"quantity\": {\"measured\": -1}}", "quantity.measured", "negative");
    refused("{\"quantity\": {\"declared\": -0.001}}", "quantity.declared", "negative");
    refused("{\"area\": {\"ha\": -5}}", "area.ha", "negative");
    refused("{\"quantity\": {\"measured\": \"4 l\"}}", "quantity.measured", "without quotes");
    refused("{\"clock\": {\"offset_ms\": 1.5}}", "clock.offset_ms", "whole number");
    refused("{\"area\": {\"gpx_hash\": \"sha256:0123\"}}", "area.gpx_hash", "hexadecimal");
    refused("{\"area\": {\"gpx_hash\": \"md5:0123\"}}", "area.gpx_hash", "hexadecimal");
    refused("{\"area\": {\"geojson_hash\": "
            "\"sha256:0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef\"}}",
            "area.geojson_hash", "lower-case");
    refused("{\"material\": {\"bbch\": \"5\"}}", "material.bbch", "two digits");
    refused("{\"material\": {\"eppo_crop\": \"trzax\"}}", "material.eppo_crop", "EPPO");
    refused("{\"event\": \"destory\"}", "event", "nearest is destroy");
    refused("{\"regime\": \"137.17\"}", "regime", "nearest is 137.71");
    refused("{\"regime\": []}", "regime", "empty");
    refused("{\"regime\": [\"nis2\", \"nis2\"]}", "regime", "named twice");
    refused("{\"actor\": \"\"}", "actor", "empty");
    refused("{\"actor\": \"a\\nb\"}", "actor", "control");
    refused("{\"actor\": \"a\\u202eb\"}", "actor", "direction");
    refused("{\"actor\": \"a\\u0085b\"}", "actor", "control");
}

static void what_is_no_record_is_refused(void)
{
    refused("", "", "line 1");
    refused("[]", "", "not a JSON object");
    refused("{} {}", "", "line 1");
    refused("{\"actor\": \"a\", \"actor\": \"a\"}", "", "duplicate");
    refused("{\"key\": {\"id\": \"a\", \"id\": \"b\"}}", "", "duplicate");
    refused("{\"actor\": \"a\\u0000b\"}", "", "line 1");
    refused("{\"quantity\": {\"measured\": 1e999}}", "", "line 1");
    refused("{\"quantity\": {\"measured\": NaN}}", "", "line 1");
    refused("{\"actor\": \"\xff\"}", "", "line 1");
    struct job *job;
    CHECK_EQ(parse(&job, "[1]"), HEAD2_E_MALFORMED);
    CHECK(job == NULL);
}

static void all_findings_at_once(void)
{
    struct job *job;
    char many[4096] = "{", *p = many + 1;

    CHECK_EQ(parse(&job, "{\"actor\": 3, \"pilot\": {\"name\": \"A\", \"nmae\": 1}, \"start\": 5,"
                         " \"quantity\": {\"measured\": -1, \"unit\": \"l\"}}"),
             HEAD2_E_MALFORMED);
    CHECK_EQ(found.n, 4);
    CHECK(strcmp(found.list[0].path, "actor") == 0);
    CHECK(strcmp(found.list[1].path, "pilot.nmae") == 0);
    CHECK(strcmp(found.list[2].path, "start") == 0);
    CHECK(strcmp(found.list[3].path, "quantity.measured") == 0);
    CHECK(strcmp(job_value(job, JOB_PILOT_NAME), "A") == 0);
    CHECK(strcmp(job_value(job, JOB_QUANTITY_UNIT), "l") == 0);
    CHECK(job_value(job, JOB_QUANTITY_MEASURED) == NULL);
    free(job);
    for (int i = 0; i < 100; i++)
        p += sprintf(p, "%s\"x%d\": 1", i != 0 ? "," : "", i);
    strcpy(p, "}");
    CHECK_EQ(parse(&job, many), HEAD2_E_MALFORMED);
    CHECK_EQ(found.n, 100); /* counted, though not all are kept */
    free(job);
}

static void long_values(void)
{
    static char text[70000];
    struct job *job;

    for (int over = 0; over < 2; over++) {
        int n = sprintf(text, "{\"weather\": \"");
        memset(text + n, 'w', (size_t)JOB_TEXT_MAX + (size_t)over);
        strcpy(text + n + JOB_TEXT_MAX + over, "\"}");
        CHECK_EQ(parse(&job, text), over == 0 ? HEAD2_OK : HEAD2_E_MALFORMED);
        CHECK_EQ(job_value(job, JOB_WEATHER) != NULL, over == 0);
        free(job);
    }
    memset(text, '[', sizeof text - 1);
    text[sizeof text - 1] = 0;
    CHECK_EQ(parse(&job, text), HEAD2_E_MALFORMED);
}

static bool lacks(const char *record, unsigned regimes, const char *name)
{
    const char *names[JOB_MISSING];
    struct job *job;
    bool is = false;

    CHECK_EQ(parse(&job, record), HEAD2_OK);
    const size_t n = job_missing(job, regimes != 0 ? regimes : job_regimes(job), names);
    CHECK(n < JOB_MISSING);
    for (size_t i = 0; i < n; i++)
        is = is || strcmp(names[i], name) == 0;
    free(job);
    return is;
}

static void what_each_regime_lacks(void)
{
    CHECK(lacks("{}", 0, "customer.address") && lacks("{}", 0, "material.epa_reg"));
    CHECK(lacks("{}", 0, "material.eu_authorisation") && !lacks("{}", 0, "actor"));
    CHECK(lacks("{\"regime\": \"nis2\"}", 0, "actor"));
    CHECK(!lacks("{\"regime\": \"nis2\"}", 0, "customer.address"));
    CHECK(lacks("{\"event\": \"backup\"}", 0, "actor")); /* of NIS2, as it is about a key */
    CHECK(lacks("{\"event\": \"operation\"}", 0, "customer.name"));
    CHECK(!lacks("{\"regime\": \"137.71\"}", 0, "material.epa_reg"));
    CHECK(lacks("{}", JOB_137_71, "quantity.measured or quantity.declared"));
    CHECK(!lacks("{\"quantity\": {\"declared\": 1}}", JOB_137_71,
                 "quantity.measured or quantity.declared"));
    CHECK(!lacks("{\"quantity\": {\"measured\": 1}}", JOB_137_71,
                 "quantity.measured or quantity.declared"));
    CHECK(lacks("{\"quantity\": {\"measured\": 1}}", JOB_137_71, "quantity.unit"));
    for (unsigned bit = 1; bit < 1u << JOB_REGIMES; bit <<= 1)
        CHECK(lacks("{}", bit, "regime") && lacks("{}", bit, "record_id"));
}

static void signature_entries(void)
{
    static const char block[] = "---\nx: y\n---\n";
    uint8_t hash[JOB_HASH_BYTES], back[JOB_HASH_BYTES];
    char text[512];
    size_t at;

    for (size_t i = 0; i < sizeof hash; i++)
        hash[i] = (uint8_t)(i * 7);
    size_t len = 0;
    CHECK_EQ(job_signature_write(text, &len, hash, block, strlen(block)), HEAD2_E_SPACE);
    len = sizeof text;
    CHECK_EQ(job_signature_write(text, &len, hash, block, strlen(block)), HEAD2_OK);
    CHECK(job_signature_parse(text, len, back, &at));
    CHECK_MEM(back, hash, sizeof hash);
    CHECK(len - at == strlen(block));
    CHECK_MEM(text + at, block, strlen(block));
    for (size_t i = 0; i < at; i++) { /* every byte of the head counts */
        text[i] ^= 0x40;
        CHECK(!job_signature_parse(text, len, back, &at));
        text[i] ^= 0x40;
    }
    for (size_t n = 0; n < len - strlen(block); n++)
        CHECK(!job_signature_parse(text, n, back, &at));
}

int main(void)
{
    RUN(each_field_takes_its_values_alone);
    RUN(unknown_names_get_the_nearest);
    RUN(values_have_one_form);
    RUN(what_is_no_record_is_refused);
    RUN(all_findings_at_once);
    RUN(long_values);
    RUN(what_each_regime_lacks);
    RUN(signature_entries);
    CHECK_EXIT();
}
