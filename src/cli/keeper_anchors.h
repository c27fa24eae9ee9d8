/*
 * The anchors of a keeper's store (store_ledger.h), where `head2 keeper` has --ledger: one before
 * it serves, after the store was compared with those that there are; one after a change, at most
 * one in KEEPER_ANCHOR_S seconds; one when the keeper has ended.
 *
 * The ledger is not within a keeper's reach. So the keeper tells of its changes through a pipe, and
 * a process of its own beside it, the monitor's front, appends them. It has no secret. Where it is
 * killed, another one is started; where the ledger cannot be written it says so and tries again.
 */
#ifndef HEAD2_CLI_KEEPER_ANCHORS_H
#define HEAD2_CLI_KEEPER_ANCHORS_H

#include "cli/stores.h"

#define KEEPER_ANCHOR_S 60

struct keeper_anchors {
    const struct cli *cli;
    int from, to; /* the pipe; -1: there is no --ledger */
};

/* These return exit codes. */
int keeper_anchors_open(struct keeper_anchors *a, const struct cli *cli);
void keeper_anchors_close(struct keeper_anchors *a);
/* Open the store with its key, compare it, anchor it, and close it. */
int keeper_anchors_now(const struct keeper_anchors *a, const char *folder, const uint8_t *kek);

/* In the process beside the keeper, until SIGTERM or SIGINT. */
int keeper_anchors_run(struct keeper_anchors *a);

#endif
