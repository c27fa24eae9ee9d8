/*
 * The process that records what a keeper tells (keeper/told.h), into a ledger, through the ledger's
 * owner where one runs. It has no secret. Anchors of the keeper's store become entries as
 * keeper/store_ledger.h has them, at most one in KEEPER_ANCHOR_S seconds, the newest. Each event is
 * a receipt of the kind `keeper`:
 *
 *     # Keeper Event 1842
 *     Timestamp: 2026-11-22T10:33:44.700Z
 *     Event: generate
 *     Result: done
 *     Key ID: 9f3c…
 *     Algorithm: ML-DSA-87
 *     Label: uplink
 *     Uses: 0
 *     Subject: 9f3c…        ("keeper" for an event of no key)
 *     .mu: keeper_1842.mu
 *
 * Numbers grow; after a restart they go on above the ledger's size.
 */
#ifndef HEAD2_GATEWAY_KEEPER_RECORD_H
#define HEAD2_GATEWAY_KEEPER_RECORD_H

#include "artifact/ledger.h"

#define KEEPER_ANCHOR_S 60

/* What goes wrong is said once, until it goes right again (fault NULL). */
typedef void keeper_record_fn(void *arg, const struct ledger_fault *fault);

/*
 * Until the end of the events, which come over one end of a socketpair, and all of them are in the
 * ledger: HEAD2_OK. An event of whose entry it is not known whether it is there is entered again.
 * What cannot be appended is tried again each second, after that end for PATIENCE_S: then why not,
 * with *fault. HEAD2_E_MALFORMED: what came is no event.
 */
HEAD2_CHECK enum head2_status keeper_record_run(int events, const char *folder,
                                                keeper_record_fn *say, void *arg,
                                                struct ledger_fault *fault);

#endif
