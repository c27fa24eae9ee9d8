/*
 * What the verbs of fallback share: the configuration of the end at which they run, the keys that
 * it keeps, and the names of drones.
 */
#ifndef HEAD2_CLI_FALLBACK_H
#define HEAD2_CLI_FALLBACK_H

#include "cli/daemons.h"
#include "gateway/fallback_store.h"

#define CLI_ID_TEXT 65 /* an identity or a key's id in hexadecimal, and a zero byte */

enum cli_end { CLI_END_ANY, CLI_END_GATEWAY, CLI_END_NODE };

/* The configuration, which must be of that end. Returns an exit code. */
int cli_fallback_config(const struct cli *cli, enum cli_end end, struct config **out);
/* Call fn with each key that is kept; it returns an exit code, and all but CLI_DONE ends it. The
 * entry is wiped after the call. */
typedef int cli_fallback_fn(void *arg, const struct fallback_entry *entry);
int cli_fallback_each(const struct cli *cli, const struct config *c, cli_fallback_fn *fn,
                      void *arg);
/* The error line of a key's file. */
int cli_fallback_unreadable(const struct cli *cli, const struct config *c,
                            const uint8_t id[HEAD2_FALLBACK_ID_BYTES], enum head2_status st);

/* The identities of a configuration's drones. */
struct cli_drones {
    const struct config *config;
    uint8_t (*ids)[32];
    uint32_t n;
};
int cli_drones_make(const struct cli *cli, struct cli_drones *d, const struct config *c);
void cli_drones_free(struct cli_drones *d);
/* A drone's name, or NULL. */
const char *cli_drones_name(const struct cli_drones *d, const uint8_t id[32]);

#endif
