/* Whose rules a job record is kept by, what they ask for, and who signed it. See job.h. */
#include "artifact/job.h"

#include "artifact/base64.h"

enum {
    FAR = JOB_137_71,
    RUP = JOB_7CFR110,
    EU = JOB_EU2023_564,
    NIS = JOB_NIS2,
    ALL = FAR | RUP | EU | NIS
};

/* What the regimes ask for; of two fields one is enough, and name then says so. */
/* clang-format off */
static const struct {
    unsigned regimes;
    enum job_field field, other;
    const char *name;
} asked[] = {
    {ALL, JOB_RECORD_ID, JOB_NONE, NULL},
    {ALL, JOB_REGIME, JOB_NONE, NULL},
    {FAR, JOB_OPERATOR_NAME, JOB_NONE, NULL},
    {FAR, JOB_OPERATOR_CERTIFICATE, JOB_NONE, NULL},
    {FAR, JOB_CUSTOMER_NAME, JOB_NONE, NULL},
    {FAR, JOB_CUSTOMER_ADDRESS, JOB_NONE, NULL},
    {FAR, JOB_PILOT_NAME, JOB_NONE, NULL},
    {FAR, JOB_PILOT_ADDRESS, JOB_NONE, NULL},
    {FAR, JOB_PILOT_CERTIFICATE, JOB_NONE, NULL},
    {FAR, JOB_PILOT_KNOWLEDGE_SKILL_DATE, JOB_NONE, NULL},
    {FAR, JOB_AIRCRAFT_REGISTRATION, JOB_NONE, NULL},
    {FAR | RUP | EU, JOB_START, JOB_NONE, NULL},
    {FAR | RUP | EU, JOB_MATERIAL_NAME, JOB_NONE, NULL},
    {RUP, JOB_MATERIAL_EPA_REG, JOB_NONE, NULL},
    {EU, JOB_MATERIAL_EU_AUTHORISATION, JOB_NONE, NULL},
    {FAR | RUP, JOB_QUANTITY_MEASURED, JOB_QUANTITY_DECLARED,
     "quantity.measured or quantity.declared"},
    {FAR | RUP, JOB_QUANTITY_UNIT, JOB_NONE, NULL},
    {EU, JOB_DOSE, JOB_NONE, NULL},
    {RUP | EU, JOB_AREA_HA, JOB_NONE, NULL},
    {RUP, JOB_AREA_LOCATION, JOB_AREA_GEOJSON_HASH,
     "area.location or area.geojson_hash"},
    {EU, JOB_AREA_GEOJSON_HASH, JOB_AREA_GPX_HASH,
     "area.geojson_hash or area.gpx_hash"},
    {RUP, JOB_AREA_CROP, JOB_MATERIAL_EPPO_CROP,
     "area.crop or material.eppo_crop"},
    {EU, JOB_MATERIAL_EPPO_CROP, JOB_NONE, NULL},
    {RUP, JOB_APPLICATOR_NAME, JOB_NONE, NULL},
    {RUP, JOB_APPLICATOR_CERTIFICATION, JOB_NONE, NULL},
    {NIS, JOB_EVENT, JOB_NONE, NULL},
    {NIS, JOB_ACTOR, JOB_NONE, NULL},
    {NIS, JOB_RESULT, JOB_NONE, NULL},
};
/* clang-format on */

unsigned job_regimes(const struct job *job)
{
    const bool of_key = job->at[JOB_KEY_ID] != 0 || job->at[JOB_EVENT] != 0;
    const char *event = job_value(job, JOB_EVENT);

    if (job->named != 0)
        return job->named;
    if (of_key && (event == NULL || strcmp(event, "operation") != 0))
        return JOB_NIS2;
    return JOB_137_71 | JOB_7CFR110 | JOB_EU2023_564;
}

size_t job_missing(const struct job *job, unsigned regimes, const char *names[JOB_MISSING])
{
    size_t n = 0;

    for (size_t i = 0; i < HEAD2_LEN(asked) && n < JOB_MISSING; i++) {
        const bool other = asked[i].other != JOB_NONE && job->at[asked[i].other] != 0;
        if ((asked[i].regimes & regimes) == 0 || job->at[asked[i].field] != 0 || other)
            continue;
        names[n++] = asked[i].name != NULL ? asked[i].name : job_field_name(asked[i].field);
    }
    return n;
}

/* ---- who signed it ---- */

static const char head[] = "# Job Signature\nRecord: sha3-512:";

enum head2_status job_signature_write(char *out, size_t *len, const uint8_t hash[JOB_HASH_BYTES],
                                      const char *block, size_t block_len)
{
    const size_t need = strlen(head) + (size_t)2 * JOB_HASH_BYTES + 1 + block_len;

    if (need > *len)
        return HEAD2_E_SPACE;
    memcpy(out, head, strlen(head));
    out += strlen(head);
    hex_encode(out, hash, JOB_HASH_BYTES);
    out += (size_t)2 * JOB_HASH_BYTES;
    *out++ = '\n';
    memcpy(out, block, block_len);
    *len = need;
    return HEAD2_OK;
}

bool job_signature_parse(const char *text, size_t len, uint8_t hash[JOB_HASH_BYTES],
                         size_t *block_at)
{
    const size_t fixed = strlen(head), digits = (size_t)2 * JOB_HASH_BYTES;

    if (len < fixed + digits + 1 || memcmp(text, head, fixed) != 0 || text[fixed + digits] != '\n')
        return false;
    *block_at = fixed + digits + 1;
    return hex_decode(hash, JOB_HASH_BYTES, text + fixed, digits) == HEAD2_OK;
}
