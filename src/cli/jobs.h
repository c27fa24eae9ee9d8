/*
 * Job records as 'head2 ledger append --kind job' takes them: checked before they are recorded,
 * what a report would lack said, and the signature that one came with.
 */
#ifndef HEAD2_CLI_JOBS_H
#define HEAD2_CLI_JOBS_H

#include "cli/cli.h"

/* Prints what is wrong with a record, each finding a line. Returns an exit code. */
int cli_job_check(struct cli *cli, const char *path, const uint8_t *text, size_t len);

/* What a report would lack of a good record: names, for which the caller has the reference. */
json_t *cli_job_missing(const char *text, size_t len);

/* Whether --signature and --trust fit what is appended, before anything is read. */
int cli_job_options(const struct cli *cli, bool job);
/* Verify --signature, of this record, by --trust; *out is then the entry that goes behind it, from
 * malloc. Returns an exit code. */
int cli_job_signature(const struct cli *cli, const char *path, const uint8_t *text, size_t len,
                      char **out, size_t *out_len);

#endif
