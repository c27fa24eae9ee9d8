/*
 * A compliance report for a period, from the entries of a ledger: job records by whose rules they
 * are kept, the life cycle of keys from receipts, and which algorithms were used.
 *
 * Entries are taken one by one, all of them from the first on; kept are counts, and of the job
 * records those of the period. The Merkle root of what was taken is computed on the way, so that
 * whoever compares it with a checkpoint knows that the report was made from what was signed.
 *
 * The period is [from, to). Receipts are in it by the time of their entry, job records by their
 * start, or where they have none by the time of their entry. The same entries give the same bytes.
 */
#ifndef HEAD2_ARTIFACT_REPORT_H
#define HEAD2_ARTIFACT_REPORT_H

#include "artifact/doc.h"
#include "artifact/job.h"
#include "artifact/ledger_check.h"
#include "artifact/trust.h"

#define REPORT_JOBS_MAX 100000 /* of one period */
#define REPORT_CNSA     (1u << JOB_REGIMES)
#define REPORT_ALL      ((1u << (JOB_REGIMES + 1)) - 1)

/* When another party than the signer had recorded an entry: the time of the first checkpoint that
 * covers it. false: not known. */
typedef bool report_recorded_fn(void *arg, uint64_t index, uint64_t *ms);

struct report_options {
    uint64_t from_ms, to_ms;
    const struct trust *trust;    /* for the signatures of job records, or NULL */
    uint64_t judged_ms;           /* by which time: that of the checkpoint */
    report_recorded_fn *recorded; /* NULL: the ledger's key is not one to go by */
    void *recorded_arg;
    uint8_t
        ledger_id[HEAD2_KEY_ID_BYTES]; /* of the ledger's key, which does not vouch for itself */
};

struct report;

/* HEAD2_OK or HEAD2_E_MEMORY. The trust is borrowed. */
HEAD2_CHECK enum head2_status report_new(struct report **out, const struct report_options *o);
void report_free(struct report *r);

/* The next entry. HEAD2_OK; HEAD2_E_ARG (not the next one), HEAD2_E_LIMIT (more than
 * REPORT_JOBS_MAX job records in the period), HEAD2_E_MEMORY. */
HEAD2_CHECK enum head2_status report_take(struct report *r, const struct ledger_entry *e);

/* Take the first `size` entries of a ledger, or of an export's folder, which somebody has checked.
 * Nothing in them is believed: compare the root. HEAD2_OK; report_take's; HEAD2_E_MALFORMED, with
 * the fault, where an entry is missing or is none; the ledger's, HEAD2_E_IO. */
HEAD2_CHECK enum head2_status report_take_ledger(struct report *r, struct ledger *l, uint64_t size,
                                                 ledger_progress_fn *progress, void *arg,
                                                 struct ledger_fault *fault);
HEAD2_CHECK enum head2_status report_take_export(struct report *r, const char *folder,
                                                 uint64_t size, ledger_progress_fn *progress,
                                                 void *arg, struct ledger_fault *fault);

/* How many entries were of the period. */
uint64_t report_entries(const struct report *r);
/* Of all that was taken. */
void report_root(const struct report *r, uint8_t root[MERKLE_BYTES]);

/* What the caller has checked. The checkpoint is of what was taken. */
struct report_basis {
    struct checkpoint checkpoint;
    enum head2_alg alg;   /* of the ledger's key */
    uint64_t checkpoints; /* that were checked and hold */
    uint64_t unsigned_entries;
    bool own_key; /* checked by the key that lies in it */
    bool is_export;
};

/* regimes: bits of enum job_regime and REPORT_CNSA. *out from malloc. HEAD2_OK or HEAD2_E_MEMORY.
 */
HEAD2_CHECK enum head2_status report_write(const struct report *r, const struct report_basis *b,
                                           unsigned regimes, enum doc_format format, char **out,
                                           size_t *len);

#endif
