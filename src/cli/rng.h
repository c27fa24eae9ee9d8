/*
 * What the rng verbs share: options that say what is asked of sources, and samples of one source.
 */
#ifndef HEAD2_CLI_RNG_H
#define HEAD2_CLI_RNG_H

#include "artifact/entropy_text.h"
#include "cli/cli.h"
#include "gateway/report_entropy.h"

#include <head2/entropy.h>

/* Ask for what the options say. Returns an exit code. */
int rng_configure(const struct cli *cli);

/* The table of sources. */
void rng_print_sources(struct cli *cli, const struct head2_entropy_info *info);

/* From here on, the last events are kept: as a list for --json, or a line each. */
void rng_keep_events(void);
json_t *rng_events(void);
void rng_print_events(struct cli *cli);

/* The error for st of head2_random and its like: which source is why, and what to do. */
int rng_fail(const struct cli *cli, enum head2_status st);

/* What is known of a source of that name; NULL when there is none. The result is in *info. */
const struct head2_entropy_source_info *rng_source(struct head2_entropy_info *info,
                                                   const char *name);

/* The samples of a file; where there is none of that name, says which sources there are. Exit code.
 */
int rng_read_file(const struct cli *cli, const char *name, size_t limit, uint8_t **out,
                  size_t *len);

/*
 * n samples of a source, with progress on a terminal. *bits receives the width of one. Returns an
 * exit code; the error has been said then.
 */
int rng_collect(const struct cli *cli, const char *name, uint8_t *samples, size_t n,
                unsigned *bits);

#endif
