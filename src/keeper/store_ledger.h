/*
 * Anchors of the sealed store in a ledger: entries of the kind `store`, which say which revision a
 * store had and what its header's digest was. A store that is older than the newest, or another one
 * of its number, was put back, also where store.revision was put back with it.
 *
 *     # Store Anchor 1842
 *     Timestamp: 2026-11-22T10:33:44.700Z
 *     Store: e93093a450fc39dc549073968144e75b
 *     Digest: sha3-256:543c47a6…
 *     Subject: e93093a450fc39dc549073968144e75b
 *     .mu: store_1842.mu
 *
 * An anchor says nothing of what came after it: a store that was put back, and changed since until
 * its revision was higher, is not told. So who changes a store compares it first.
 */
#ifndef HEAD2_KEEPER_STORE_LEDGER_H
#define HEAD2_KEEPER_STORE_LEDGER_H

#include "artifact/ledger.h"
#include "keeper/store.h"

/* An entry, with text and subject in it. */
struct store_anchor_entry {
    struct ledger_entry entry;
    char text[RECEIPT_FORWARD_MAX], subject[2 * STORE_ID_BYTES + 1];
};
HEAD2_CHECK enum head2_status store_anchor_write(struct store_anchor_entry *out,
                                                 const struct store_anchor *a, uint64_t ms);
/* HEAD2_E_MALFORMED: it is none, in that very form. */
HEAD2_CHECK enum head2_status store_anchor_read(struct store_anchor *a,
                                                const struct ledger_entry *e);

/* The one with the highest revision of this store, and of those the first; id NULL: of any.
 * HEAD2_E_STATE: there is none; or as ledger_each. */
HEAD2_CHECK enum head2_status store_anchor_find(struct store_anchor *a, struct ledger *l,
                                                const uint8_t *id, struct ledger_fault *fault);

/* Whether an open store is the one that was anchored, or a later one. HEAD2_OK, or HEAD2_E_VERIFY
 * with *fault. */
HEAD2_CHECK enum head2_status store_anchor_check(const struct store *s,
                                                 const struct store_anchor *anchored,
                                                 struct store_fault *fault);

#endif
