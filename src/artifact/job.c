/* see job.h */
#include "artifact/job.h"

#include "artifact/plain.h"
#include "artifact/utc.h"
#include "base/nearest.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum form { TEXT, TIME, DAY, REGIME, EVENT, AMOUNT, INTEGER, HASH, EPPO, BBCH };

static const struct {
    const char *name;
    enum form form;
} fields[JOB_FIELDS] = {
    [JOB_RECORD_ID] = {"record_id",                  TEXT   },
    [JOB_REGIME] = {"regime",                     REGIME },
    [JOB_OPERATOR_NAME] = {"operator.name",              TEXT   },
    [JOB_OPERATOR_CERTIFICATE] = {"operator.certificate",       TEXT   },
    [JOB_OPERATOR_EXEMPTION] = {"operator.exemption",         TEXT   },
    [JOB_CUSTOMER_NAME] = {"customer.name",              TEXT   },
    [JOB_CUSTOMER_ADDRESS] = {"customer.address",           TEXT   },
    [JOB_PILOT_NAME] = {"pilot.name",                 TEXT   },
    [JOB_PILOT_ADDRESS] = {"pilot.address",              TEXT   },
    [JOB_PILOT_CERTIFICATE] = {"pilot.certificate",          TEXT   },
    [JOB_PILOT_KNOWLEDGE_SKILL_DATE] = {"pilot.knowledge_skill_date", DAY    },
    [JOB_APPLICATOR_NAME] = {"applicator.name",            TEXT   },
    [JOB_APPLICATOR_CERTIFICATION] = {"applicator.certification",   TEXT   },
    [JOB_AIRCRAFT_REGISTRATION] = {"aircraft.registration",      TEXT   },
    [JOB_AIRCRAFT_SERIAL] = {"aircraft.serial",            TEXT   },
    [JOB_START] = {"start",                      TIME   },
    [JOB_END] = {"end",                        TIME   },
    [JOB_MATERIAL_NAME] = {"material.name",              TEXT   },
    [JOB_MATERIAL_EPA_REG] = {"material.epa_reg",           TEXT   },
    [JOB_MATERIAL_EU_AUTHORISATION] = {"material.eu_authorisation",  TEXT   },
    [JOB_MATERIAL_EPPO_CROP] = {"material.eppo_crop",         EPPO   },
    [JOB_MATERIAL_BBCH] = {"material.bbch",              BBCH   },
    [JOB_QUANTITY_DECLARED] = {"quantity.declared",          AMOUNT },
    [JOB_QUANTITY_MEASURED] = {"quantity.measured",          AMOUNT },
    [JOB_QUANTITY_UNIT] = {"quantity.unit",              TEXT   },
    [JOB_DOSE] = {"dose",                       TEXT   },
    [JOB_AREA_HA] = {"area.ha",                    AMOUNT },
    [JOB_AREA_LOCATION] = {"area.location",              TEXT   },
    [JOB_AREA_CROP] = {"area.crop",                  TEXT   },
    [JOB_AREA_GEOJSON_HASH] = {"area.geojson_hash",          HASH   },
    [JOB_AREA_GPX_HASH] = {"area.gpx_hash",              HASH   },
    [JOB_WEATHER] = {"weather",                    TEXT   },
    [JOB_KEY_ID] = {"key.id",                     TEXT   },
    [JOB_KEY_ALG] = {"key.alg",                    TEXT   },
    [JOB_KEY_SET] = {"key.set",                    TEXT   },
    [JOB_KEY_CREATED] = {"key.created",                TIME   },
    [JOB_KEY_ACTIVATED] = {"key.activated",              TIME   },
    [JOB_KEY_DEACTIVATED] = {"key.deactivated",            TIME   },
    [JOB_KEY_DESTROYED] = {"key.destroyed",              TIME   },
    [JOB_KEY_CUSTODY] = {"key.custody",                TEXT   },
    [JOB_EVENT] = {"event",                      EVENT  },
    [JOB_ACTOR] = {"actor",                      TEXT   },
    [JOB_RESULT] = {"result",                     TEXT   },
    [JOB_CLOCK_SOURCE] = {"clock.source",               TEXT   },
    [JOB_CLOCK_OFFSET_MS] = {"clock.offset_ms",            INTEGER},
    [JOB_RETENTION_UNTIL] = {"retention_until",            TIME   },
};

static const char *const regimes[JOB_REGIMES] = {"137.71", "7cfr110", "eu2023-564", "nis2"};
static const char *const events[] = {"operation", "generate",   "distribute", "activate", "store",
                                     "change",    "compromise", "revoke",     "recover",  "backup",
                                     "destroy",   "deactivate", "incident"};

const char *job_field_name(enum job_field field)
{
    return fields[field].name;
}

const char *job_regime_name(enum job_regime regime)
{
    unsigned n = 0;

    while (n + 1 < JOB_REGIMES && regime != 1u << n)
        n++;
    return regimes[n];
}

const char *job_event_name(unsigned n)
{
    return n < HEAD2_LEN(events) ? events[n] : NULL;
}

const char *job_value(const struct job *job, enum job_field field)
{
    return job->at[field] != 0 ? job->text + job->at[field] : NULL;
}

struct reading {
    struct job *job;
    size_t used, room; /* of job->text */
    struct job_findings *findings;
};

static void find(struct reading *r, const char *path, const char *fmt, ...) HEAD2_PRINTF(3, 4);
static void find(struct reading *r, const char *path, const char *fmt, ...)
{
    struct job_findings *const f = r->findings;
    va_list args;

    if (f->n < JOB_FINDINGS) {
        struct job_finding *one = &f->list[f->n];
        va_start(args, fmt);
        vsnprintf(one->what, sizeof one->what, fmt, args);
        va_end(args);
        plain_copy(one->path, sizeof one->path, path, strlen(path));
    }
    f->n++;
}

/* ---- values ---- */

/* In the job's text; there is room, see new_job. */
static void keep(struct reading *r, enum job_field field, const char *value)
{
    const size_t len = strlen(value) + 1;

    if (r->job->at[field] != 0 || len > r->room - r->used)
        return;
    memcpy(r->job->text + r->used, value, len);
    r->job->at[field] = (uint32_t)r->used;
    r->used += len;
}

/* The fewest digits that are this number again. */
static void number_text(char out[40], const json_t *v)
{
    if (json_is_integer(v)) {
        snprintf(out, 40, "%lld", (long long)json_integer_value(v));
        return;
    }
    for (int digits = 6; digits <= 17; digits++) {
        snprintf(out, 40, "%.*g", digits, json_real_value(v));
        if (strtod(out, NULL) >= json_real_value(v) && strtod(out, NULL) <= json_real_value(v))
            break;
    }
}

static void take_number(struct reading *r, enum job_field field, const json_t *v)
{
    const char *const name = fields[field].name;
    char text[40];

    if (fields[field].form == INTEGER && !json_is_integer(v))
        find(r, name, "must be a whole number");
    else if (!json_is_number(v))
        find(r, name, "must be a number, without quotes and unit");
    else if (fields[field].form == AMOUNT && json_number_value(v) < 0)
        find(r, name, "is negative");
    else {
        number_text(text, v);
        keep(r, field, text[0] == '-' && strtod(text, NULL) >= 0 ? text + 1 : text);
    }
}

static bool is_hash(const char *v)
{
    static const struct {
        const char *prefix;
        size_t digits;
    } kinds[] = {
        {"blake3:",   64 },
        {"sha256:",   64 },
        {"sha3-256:", 64 },
        {"sha384:",   96 },
        {"sha512:",   128},
        {"sha3-512:", 128}
    };

    for (size_t i = 0; i < HEAD2_LEN(kinds); i++) {
        const size_t n = strlen(kinds[i].prefix);
        if (strncmp(v, kinds[i].prefix, n) == 0)
            return strlen(v + n) == kinds[i].digits &&
                   strspn(v + n, "0123456789abcdef") == kinds[i].digits;
    }
    return false;
}

static uint64_t *time_of(struct job *job, enum job_field field)
{
    return field == JOB_START             ? &job->start_ms
           : field == JOB_END             ? &job->end_ms
           : field == JOB_RETENTION_UNTIL ? &job->retention_ms
                                          : NULL;
}

static const char *check_time(struct reading *r, enum job_field field, const char *v)
{
    const size_t len = strlen(v);
    uint64_t ms, *const into = time_of(r->job, field);

    if (fields[field].form == DAY && len != strlen("2026-06-01"))
        return "must be a day, as 2026-06-01";
    if (utc_parse_human(&ms, v, len) != HEAD2_OK)
        return fields[field].form == DAY ? "must be a day, as 2026-06-01"
                                         : "must be a time, as 2026-06-01T05:40:00Z, or a day";
    if (into != NULL)
        *into = ms;
    return NULL;
}

/* NULL, or what is wrong with a text. */
static const char *check_text(struct reading *r, enum job_field field, const char *v)
{
    const size_t len = strlen(v);

    switch (fields[field].form) {
    case TIME:
    case DAY:
        return check_time(r, field, v);
    case HASH:
        return is_hash(v) ? NULL
                          : "must be blake3:, sha256:, sha384:, sha512:, sha3-256: or "
                            "sha3-512: and its hash in lower-case hexadecimal digits";
    case EPPO:
        return len >= 5 && len <= 6 && strspn(v, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == len
                   ? NULL
                   : "must be an EPPO code, as TRZAX";
    case BBCH:
        return len == 2 && strspn(v, "0123456789") == 2 ? NULL
                                                        : "must be two digits in quotes, as \"65\"";
    case TEXT:
    case REGIME:
    case EVENT:
    case AMOUNT:
    case INTEGER:
        break;
    }
    return NULL;
}

static bool is_word(const char *v, const char *const *words, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(v, words[i]) == 0)
            return true;
    return false;
}

static void unknown_word(struct reading *r, const char *name, const char *v,
                         const char *const *words, size_t n)
{
    const char *near = nearest_name(v, words, n);
    char shown[64];

    plain_copy(shown, sizeof shown, v, strlen(v));
    find(r, name, "'%s' is not known; %s%s", shown, near != NULL ? "nearest is " : "see ",
         near != NULL ? near : "docs/formats.md");
}

/* A text that is one line. */
static const char *text_of(struct reading *r, const char *name, const json_t *v)
{
    const char *const text = json_string_value(v);

    if (text == NULL)
        find(r, name, json_is_null(v) ? "is null: leave it out" : "must be a text, in quotes");
    else if (*text == 0)
        find(r, name, "is empty: leave it out");
    else if (strlen(text) > JOB_TEXT_MAX)
        find(r, name, "is longer than %d bytes", JOB_TEXT_MAX);
    else if (!plain_ok(text, strlen(text)))
        find(r, name, "has control characters, or ones that turn the direction of writing");
    else
        return text;
    return NULL;
}

static void take_regime(struct reading *r, const json_t *v)
{
    const size_t n = json_is_array(v) ? json_array_size(v) : 1;
    char all[80] = "";

    if (n == 0)
        find(r, "regime", "is empty: leave it out");
    for (size_t i = 0; i < n; i++) {
        const char *one = text_of(r, "regime", json_is_array(v) ? json_array_get(v, i) : v);
        if (one == NULL)
            continue;
        if (!is_word(one, regimes, JOB_REGIMES))
            unknown_word(r, "regime", one, regimes, JOB_REGIMES);
        for (unsigned k = 0; k < JOB_REGIMES; k++) {
            if (strcmp(one, regimes[k]) != 0)
                continue;
            if (r->job->named >> k & 1)
                find(r, "regime", "%s is named twice", one);
            r->job->named |= 1u << k;
        }
    }
    for (unsigned k = 0; k < JOB_REGIMES; k++)
        if (r->job->named >> k & 1)
            snprintf(all + strlen(all), sizeof all - strlen(all), "%s%s", *all != 0 ? ", " : "",
                     regimes[k]);
    if (*all != 0)
        keep(r, JOB_REGIME, all);
}

static void take(struct reading *r, enum job_field field, const json_t *v)
{
    const char *const name = fields[field].name;

    if (fields[field].form == REGIME) {
        take_regime(r, v);
        return;
    }
    if ((fields[field].form == AMOUNT || fields[field].form == INTEGER) && !json_is_null(v)) {
        take_number(r, field, v);
        return;
    }
    const char *const text = text_of(r, name, v);
    const char *const why = text != NULL ? check_text(r, field, text) : NULL;
    if (why != NULL)
        find(r, name, "%s", why);
    else if (text != NULL && fields[field].form == EVENT &&
             !is_word(text, events, HEAD2_LEN(events)))
        unknown_word(r, name, text, events, HEAD2_LEN(events));
    else if (text != NULL)
        keep(r, field, text);
}

/* ---- names ---- */

static enum job_field field_of(const char *path)
{
    unsigned i = 0;

    while (i < JOB_FIELDS && strcmp(fields[i].name, path) != 0)
        i++;
    return (enum job_field)i;
}

/* "area" of "area.ha" */
static bool is_group(const char *name)
{
    const size_t len = strlen(name);

    for (unsigned i = 0; i < JOB_FIELDS; i++)
        if (strncmp(fields[i].name, name, len) == 0 && fields[i].name[len] == '.')
            return true;
    return false;
}

/* A field of that name in some group, or NULL. */
static const char *of_a_group(const char *name)
{
    for (unsigned i = 0; i < JOB_FIELDS; i++) {
        const char *dot = strchr(fields[i].name, '.');
        if (dot != NULL && strcmp(dot + 1, name) == 0)
            return fields[i].name;
    }
    return NULL;
}

static void unknown_field(struct reading *r, const char *path, const char *name)
{
    static const char *const given[] = {"receipt", "proof", "signature"};
    static const char *const groups[] = {"operator", "customer", "pilot", "applicator", "aircraft",
                                         "material", "quantity", "area",  "key",        "clock"};
    const char *names[JOB_FIELDS + HEAD2_LEN(groups)], *near;

    if (is_word(path, given, HEAD2_LEN(given))) {
        find(r, path, "comes from the ledger, not from the record: leave it out");
        return;
    }
    for (unsigned i = 0; i < JOB_FIELDS; i++)
        names[i] = fields[i].name;
    memcpy(names + JOB_FIELDS, groups, sizeof groups);
    near = nearest_name(path, names, HEAD2_LEN(names));
    if (near == NULL)
        near = of_a_group(name);
    if (near != NULL)
        find(r, path, "no such field; nearest is %s", near);
    else
        find(r, path, "no such field; see docs/formats.md");
}

static void take_group(struct reading *r, const char *group, const json_t *o)
{
    char path[2 * 80];
    const char *name;
    json_t *v;

    if (!json_is_object(o)) {
        find(r, group, json_is_null(o) ? "is null: leave it out" : "must be an object");
        return;
    }
    json_object_foreach((json_t *)(uintptr_t)o, name, v)
    {
        snprintf(path, sizeof path, "%s.%s", group, name);
        const enum job_field field = field_of(path);
        if (field != JOB_NONE)
            take(r, field, v);
        else
            unknown_field(r, path, name);
    }
}

static void take_record(struct reading *r, const json_t *o)
{
    const char *name;
    json_t *v;

    json_object_foreach((json_t *)(uintptr_t)o, name, v)
    {
        const enum job_field field = field_of(name);
        if (field != JOB_NONE && strchr(name, '.') == NULL)
            take(r, field, v);
        else if (is_group(name))
            take_group(r, name, v);
        else if (field != JOB_NONE)
            find(r, name, "must stand in an object: {\"%.*s\": {\"%s\": …}}",
                 (int)strcspn(name, "."), name, strchr(name, '.') + 1);
        else
            unknown_field(r, name, name);
    }
    const struct job *job = r->job;
    if (job->at[JOB_START] != 0 && job->at[JOB_END] != 0 && job->end_ms < job->start_ms)
        find(r, "end", "is before start");
}

/* ---- the record ---- */

enum head2_status job_parse(struct job **out, const char *text, size_t len, struct job_findings *f)
{
    struct reading r = {NULL, 1, len + 40 * (size_t)JOB_FIELDS + 1, f};
    json_error_t why;

    *out = NULL;
    f->n = 0;
    json_t *o = json_loadb(text, len, JSON_REJECT_DUPLICATES, &why);
    if (!json_is_object(o)) {
        if (o == NULL)
            find(&r, "", "line %d, column %d: %.120s", why.line, why.column, why.text);
        else
            find(&r, "", "not a JSON object");
        json_decref(o);
        return HEAD2_E_MALFORMED;
    }
    r.job = calloc(1, sizeof *r.job + r.room);
    if (r.job == NULL) {
        json_decref(o);
        return HEAD2_E_MEMORY;
    }
    take_record(&r, o);
    json_decref(o);
    *out = realloc(r.job, sizeof *r.job + r.used);
    if (*out == NULL) /* it could not be made smaller */
        *out = r.job;
    return f->n == 0 ? HEAD2_OK : HEAD2_E_MALFORMED;
}
