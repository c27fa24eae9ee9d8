/*
 * The parser of job records, and of the entries that hold their signatures.
 */
#include "artifact/job.h"
#include "artifact/plain.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static struct job_findings f;
    const char *names[JOB_MISSING];
    uint8_t hash[JOB_HASH_BYTES];
    struct job *job;
    size_t at = 0;

    const enum head2_status st = job_parse(&job, (const char *)data, len, &f);
    if ((st == HEAD2_OK) != (f.n == 0) || (st == HEAD2_OK && job == NULL))
        abort();
    for (size_t i = 0; i < f.n && i < JOB_FINDINGS; i++)
        if (f.list[i].what[0] == 0 || !plain_ok(f.list[i].path, strlen(f.list[i].path)))
            abort();
    for (unsigned i = 0; job != NULL && i < JOB_FIELDS; i++) {
        const char *v = job_value(job, (enum job_field)i);
        if (v != NULL && (*v == 0 || strlen(v) > JOB_TEXT_MAX || !plain_ok(v, strlen(v))))
            abort();
    }
    if (job != NULL && job_missing(job, job_regimes(job), names) >= JOB_MISSING)
        abort();
    free(job);
    if (job_signature_parse((const char *)data, len, hash, &at) && at > len)
        abort();
    return 0;
}
