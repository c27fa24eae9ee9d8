/*
 * A gateway whose identity is in a sealed store, and its ledger: the store is compared with its
 * anchors there before it is used, and what changes its keys, how often they are used and the
 * store's anchors are recorded there by a process of its own (gateway/keeper_record.h).
 */
#ifndef HEAD2_CLI_GATEWAY_RECORD_H
#define HEAD2_CLI_GATEWAY_RECORD_H

#include "cli/cli.h"
#include "keeper/monitor.h"

/* These return exit codes. ledger is the folder. */
int gateway_compare(const struct cli *cli, const char *store, const uint8_t *kek,
                    const char *ledger);
/* Until the events end. */
int gateway_record(const struct cli *cli, int events, const char *ledger);

#endif
