/*
 * Job records: what was done in the field, or with a key, as the JSON object that its operator
 * writes and 'head2 ledger append --kind job' records byte for byte. Fields have the names of
 * interfaces that auditors know, in groups one level deep:
 *
 *     {"record_id": "2026-0117", "regime": ["137.71", "eu2023-564"], "start":
 * "2026-06-01T05:40:00Z", "customer": {"name": "…", "address": "…"}, "quantity": {"measured": 41.5,
 * "unit": "l"}, …}
 *
 * What a record says is checked, what it leaves out is not: a report names that.
 */
#ifndef HEAD2_ARTIFACT_JOB_H
#define HEAD2_ARTIFACT_JOB_H

#include "base/base.h"

#define JOB_TEXT_MAX 1024 /* bytes of one value */
#define JOB_FINDINGS 32   /* that are told; more are counted */

enum job_field {
    JOB_RECORD_ID,
    JOB_REGIME,
    JOB_OPERATOR_NAME,
    JOB_OPERATOR_CERTIFICATE,
    JOB_OPERATOR_EXEMPTION,
    JOB_CUSTOMER_NAME,
    JOB_CUSTOMER_ADDRESS,
    JOB_PILOT_NAME,
    JOB_PILOT_ADDRESS,
    JOB_PILOT_CERTIFICATE,
    JOB_PILOT_KNOWLEDGE_SKILL_DATE,
    JOB_APPLICATOR_NAME,
    JOB_APPLICATOR_CERTIFICATION,
    JOB_AIRCRAFT_REGISTRATION,
    JOB_AIRCRAFT_SERIAL,
    JOB_START,
    JOB_END,
    JOB_MATERIAL_NAME,
    JOB_MATERIAL_EPA_REG,
    JOB_MATERIAL_EU_AUTHORISATION,
    JOB_MATERIAL_EPPO_CROP,
    JOB_MATERIAL_BBCH,
    JOB_QUANTITY_DECLARED,
    JOB_QUANTITY_MEASURED,
    JOB_QUANTITY_UNIT,
    JOB_DOSE,
    JOB_AREA_HA,
    JOB_AREA_LOCATION,
    JOB_AREA_CROP,
    JOB_AREA_GEOJSON_HASH,
    JOB_AREA_GPX_HASH,
    JOB_WEATHER,
    JOB_KEY_ID,
    JOB_KEY_ALG,
    JOB_KEY_SET,
    JOB_KEY_CREATED,
    JOB_KEY_ACTIVATED,
    JOB_KEY_DEACTIVATED,
    JOB_KEY_DESTROYED,
    JOB_KEY_CUSTODY,
    JOB_EVENT,
    JOB_ACTOR,
    JOB_RESULT,
    JOB_CLOCK_SOURCE,
    JOB_CLOCK_OFFSET_MS,
    JOB_RETENTION_UNTIL,
    JOB_FIELDS,
    JOB_NONE = JOB_FIELDS
};

/* "material.epa_reg" */
const char *job_field_name(enum job_field field);

/* Whose rules a record is kept by; bits. */
enum job_regime { JOB_137_71 = 1, JOB_7CFR110 = 2, JOB_EU2023_564 = 4, JOB_NIS2 = 8 };
#define JOB_REGIMES 4
/* "137.71"; of one bit. */
const char *job_regime_name(enum job_regime regime);

/* Words of "event"; NULL past the end. */
const char *job_event_name(unsigned n);

struct job {
    uint64_t start_ms, end_ms, retention_ms; /* good where the field is there */
    unsigned named;                          /* regimes that it names */
    uint32_t at[JOB_FIELDS];                 /* in text; 0: not there */
    char text[];
};

/* A value as text, NULL where the record does not have it. Numbers are in their shortest form. */
const char *job_value(const struct job *job, enum job_field field);

struct job_finding {
    char path[80]; /* "material.epa_rge"; empty for the whole record */
    char what[160];
};
struct job_findings {
    size_t n; /* all of them */
    struct job_finding list[JOB_FINDINGS];
};

/*
 * Parse a record, strictly: unknown fields, fields given twice, null, values of another type or
 * form, an end before the start.
 *
 * out  what is right of it, also where something else is wrong; NULL where it is no JSON object.
 *      From malloc
 *
 * HEAD2_OK; HEAD2_E_MALFORMED with the findings, in the order of the record; HEAD2_E_MEMORY.
 */
HEAD2_CHECK enum head2_status job_parse(struct job **out, const char *text, size_t len,
                                        struct job_findings *f);

/* The regimes that a record is of: those it names; where it names none, NIS2 for one that is about
 * a key or an event, else all the others. */
unsigned job_regimes(const struct job *job);

/* What reports by these regimes (bits) would lack: names such as "customer.name" or
 * "quantity.measured or quantity.declared". Returns how many. */
#define JOB_MISSING 32
size_t job_missing(const struct job *job, unsigned regimes, const char *names[JOB_MISSING]);

/* ---- who signed it ---- */

/*
 * A record that came signed (FILE.sig.maml) has a second entry behind its own:
 *
 *     # Job Signature
 *     Record: sha3-512:<128 hex digits, of the record's bytes>
 *     ---
 *     …the signature block
 */
#define JOB_HASH_BYTES 64

/* *len in: room; out: length. HEAD2_OK or HEAD2_E_SPACE. */
HEAD2_CHECK enum head2_status job_signature_write(char *out, size_t *len,
                                                  const uint8_t hash[JOB_HASH_BYTES],
                                                  const char *block, size_t block_len);
/* Whether a text is one: then the hash, and where in it the block begins. */
bool job_signature_parse(const char *text, size_t len, uint8_t hash[JOB_HASH_BYTES],
                         size_t *block_at);

#endif
