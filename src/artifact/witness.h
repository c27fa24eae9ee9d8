/*
 * A witness of other ledgers: cosigns a checkpoint after it has seen that the ledger has only grown
 * since the last one that it has cosigned, which it keeps:
 *
 *     DIR/<key id of the ledger>.checkpoint    the note, with the cosignature
 *     DIR/evidence-….json                      that a signer has signed two histories (evidence.h)
 *     DIR/witness.lock                         one at a time
 *
 * What is kept is on the disk before a cosignature is given away. Whoever can write in DIR can make
 * the witness forget, and only that.
 */
#ifndef HEAD2_ARTIFACT_WITNESS_H
#define HEAD2_ARTIFACT_WITNESS_H

#include "artifact/cosignature.h"
#include "artifact/ledger.h"

#include <limits.h>

struct witness {
    const char *dir;
    const struct head2_key *of; /* the ledger's key */
    const struct head2_key *key;
    struct artifact_signer signer; /* of key */
    const char *name;
};

struct witnessed {
    bool first;      /* there was nothing to compare with: trusted as it is */
    uint64_t size;   /* that is cosigned, */
    uint64_t before; /* and the size of the one before */
    char note[CHECKPOINT_NOTE_MAX + 1];
    size_t len;
    char evidence[PATH_MAX]; /* where it was written; empty: there is none */
};

/*
 * witness_cosign - look at a note, and cosign it
 *
 * nodes  of the ledger's tree, which are not believed; NULL where there is the note alone
 *
 * HEAD2_OK; HEAD2_E_MALFORMED (not a checkpoint; what is kept is damaged), HEAD2_E_VERIFY (of
 * another key; rolled back; a fork, with its evidence), HEAD2_E_POLICY (that it has only grown
 * cannot be seen from what is given), HEAD2_E_STATE (another process is at it), HEAD2_E_SPACE (too
 * many cosignatures), HEAD2_E_IO, or the signer's.
 */
HEAD2_CHECK enum head2_status witness_cosign(struct witnessed *out, const struct witness *w,
                                             const char *note, size_t len,
                                             const struct merkle_nodes *nodes, uint64_t ms,
                                             struct ledger_fault *fault);

#endif
