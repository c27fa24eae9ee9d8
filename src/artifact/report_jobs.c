/* Job records of the period, and who signed them. See report.h. */
#include "artifact/base64.h"
#include "artifact/report_model.h"

#include <stdio.h>
#include <stdlib.h>

uint64_t report_job_time(const struct report_job *j)
{
    return j->job != NULL && job_value(j->job, JOB_START) != NULL ? j->job->start_ms : j->ms;
}

static void free_job(struct report_job *j)
{
    free(j->job);
    free(j->signature);
    free(j->findings);
}

void report_jobs_free(struct report_jobs *jobs)
{
    for (size_t i = 0; i < jobs->n; i++)
        free_job(&jobs->list[i]);
    free(jobs->list);
    free(jobs->recent);
}

static char *findings_text(const struct job_findings *f)
{
    char *text = NULL;

    if (asprintf(&text, "%zu finding%s, first: %s%s%s", f->n, f->n == 1 ? "" : "s", f->list[0].path,
                 f->list[0].path[0] != 0 ? ": " : "", f->list[0].what) < 0)
        return NULL;
    return text;
}

static enum head2_status read_job(struct report_job *j, const struct ledger_entry *e)
{
    struct job_findings *f = malloc(sizeof *f);

    *j = (struct report_job){.index = e->index, .ms = e->ms};
    if (f == NULL)
        return HEAD2_E_MEMORY;
    enum head2_status st = job_parse(&j->job, e->text, e->text_len, f);
    if (st == HEAD2_E_MALFORMED) {
        j->findings = findings_text(f);
        st = j->findings != NULL ? HEAD2_OK : HEAD2_E_MEMORY;
    }
    free(f);
    return st;
}

static enum head2_status make_room(struct report_jobs *jobs)
{
    if (jobs->n == REPORT_JOBS_MAX)
        return HEAD2_E_LIMIT;
    if (jobs->n < jobs->room)
        return HEAD2_OK;
    const size_t room = jobs->room != 0 ? 2 * jobs->room : 64;
    struct report_job *more = realloc(jobs->list, room * sizeof *more);
    if (more == NULL)
        return HEAD2_E_MEMORY;
    jobs->list = more;
    jobs->room = room;
    return HEAD2_OK;
}

/* The hashes that a record names are uses of them, too. */
static void count_hashes(struct report *r, const struct report_job *j)
{
    static const enum job_field hashes[] = {JOB_AREA_GEOJSON_HASH, JOB_AREA_GPX_HASH};

    for (size_t i = 0; j->job != NULL && i < HEAD2_LEN(hashes); i++) {
        const char *v = job_value(j->job, hashes[i]);
        if (v != NULL)
            report_use(r, "Hash in a record", v, strlen(v), j->index, j->ms);
    }
}

enum head2_status report_take_job(struct report *r, const struct ledger_entry *e,
                                  const uint8_t hash[JOB_HASH_BYTES])
{
    struct report_jobs *const jobs = &r->jobs;
    struct recent *const recent = &jobs->recent[jobs->total++ % REPORT_RECENT];
    struct report_job j;
    enum head2_status st = read_job(&j, e);
    const bool recorded = report_in_period(r, e->ms);
    const bool here = report_in_period(r, report_job_time(&j));

    memcpy(recent->hash, hash, JOB_HASH_BYTES);
    recent->is_signed = false;
    recent->at = SIZE_MAX;
    jobs->recorded += recorded;
    jobs->outside += here && !recorded;
    jobs->elsewhere += recorded && !here;
    if (st == HEAD2_OK && here)
        st = make_room(jobs);
    if (st != HEAD2_OK || !here) {
        free_job(&j);
        return st;
    }
    memcpy(j.digest, hash, JOB_HASH_BYTES);
    head2_blake3(j.blake3, e->text, e->text_len);
    jobs->unreadable += j.job == NULL;
    recent->at = jobs->n;
    jobs->list[jobs->n++] = j;
    count_hashes(r, &j);
    report_take_event(r, &j);
    return HEAD2_OK;
}

/* ---- signatures ---- */

/* The latest record with this hash that has no signature; NULL: none. */
static struct recent *record_of(struct report_jobs *jobs, const uint8_t hash[JOB_HASH_BYTES])
{
    for (uint64_t back = 1; back <= REPORT_RECENT && back <= jobs->total; back++) {
        struct recent *one = &jobs->recent[(jobs->total - back) % REPORT_RECENT];
        if (!one->is_signed && memcmp(one->hash, hash, JOB_HASH_BYTES) == 0)
            return one;
    }
    return NULL;
}

/* A key that is not valid any more was, perhaps, when the ledger recorded the signature. */
static void judge_then(const struct report *r, struct report_signature *s, const struct sigblock *b,
                       const uint8_t digest[64], uint64_t index)
{
    const struct report_options *const o = &r->options;
    uint64_t then;

    if ((s->verdict != VERDICT_REVOKED && s->verdict != VERDICT_EXPIRED) || o->recorded == NULL ||
        memcmp(b->key_id, o->ledger_id, sizeof o->ledger_id) == 0 ||
        !o->recorded(o->recorded_arg, index, &then))
        return;
    s->now = s->verdict;
    s->verdict = trust_judge_then(o->trust, b, digest, NULL, o->judged_ms, then);
    if (s->verdict == VERDICT_VALID)
        s->then_ms = then;
}

static struct report_signature *judge(const struct report *r, const struct report_job *j,
                                      const struct sigblock *b, uint64_t index)
{
    struct report_signature *s = calloc(1, sizeof *s);
    uint8_t digest[64];

    if (s == NULL)
        return NULL;
    memcpy(digest, j->digest, sizeof digest);
    if (b->hash == SIGBLOCK_BLAKE3)
        memcpy(digest, j->blake3, sizeof j->blake3);
    s->judged = r->options.trust != NULL;
    if (s->judged)
        s->verdict = trust_judge(r->options.trust, b, digest, NULL, r->options.judged_ms);
    judge_then(r, s, b, digest, index);
    s->ms = b->time_ms;
    s->alg = b->alg;
    s->hash = b->hash;
    hex_encode(s->key_id, b->key_id, sizeof b->key_id);
    memcpy(s->signer, b->signer, sizeof s->signer);
    return s;
}

static void count_signature(struct report *r, const struct report_signature *s,
                            const struct ledger_entry *e)
{
    const char *const alg = head2_alg_name(s->alg);
    const char *const hash = s->hash == SIGBLOCK_BLAKE3 ? "blake3:" : "sha3-512:";

    report_use(r, "Signature of a record", alg, strlen(alg), e->index, e->ms);
    report_use(r, "Hash in a record's signature", hash, strlen(hash), e->index, e->ms);
}

enum head2_status report_take_text(struct report *r, const struct ledger_entry *e)
{
    struct report_jobs *const jobs = &r->jobs;
    uint8_t hash[JOB_HASH_BYTES];
    struct sigblock_fault fault;
    enum head2_status st = HEAD2_OK;
    size_t at;

    if (!job_signature_parse(e->text, e->text_len, hash, &at))
        return HEAD2_OK;
    struct recent *of = record_of(jobs, hash);
    struct sigblock *b = malloc(sizeof *b);
    if (b == NULL)
        return HEAD2_E_MEMORY;
    if (of == NULL || sigblock_parse(b, e->text + at, e->text_len - at, &fault) != HEAD2_OK) {
        jobs->stray += report_in_period(r, e->ms);
    } else {
        of->is_signed = true;
        if (of->at != SIZE_MAX) {
            struct report_job *j = &jobs->list[of->at];
            j->signature = judge(r, j, b, e->index);
            st = j->signature != NULL ? HEAD2_OK : HEAD2_E_MEMORY;
            if (st == HEAD2_OK)
                count_signature(r, j->signature, e);
        }
    }
    free(b);
    return st;
}
