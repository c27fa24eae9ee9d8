/*
 * Whether a list of entries is what checkpoints say: those of the ledger itself, and others that
 * somebody has kept.
 *
 * Entries come in order, each as its own leaf hash and as the tiles have it. Where the two differ
 * the next checkpoint tells which of them was signed: so a changed entry is named by its number,
 * and the check goes on behind it. Without tiles only a range can be named.
 *
 * One list with its own checkpoints shows that nothing was changed, left out or put in among what
 * was signed. It cannot show that the signer has not signed another list for somebody else, nor
 * that the end has not been cut off together with its checkpoints: against a checkpoint kept
 * elsewhere both are found.
 */
#ifndef HEAD2_ARTIFACT_LEDGER_CHECK_H
#define HEAD2_ARTIFACT_LEDGER_CHECK_H

#include "artifact/cosignature.h"
#include "artifact/ledger.h"

enum ledger_fault_kind {
    LEDGER_BAD_FILE,    /* what should be there is not, or is not readable: why */
    LEDGER_BAD_NOTE,    /* not a checkpoint at all: why */
    LEDGER_BAD_SIGNER,  /* of another identity, or its signature does not hold */
    LEDGER_CHANGED,     /* entries are not those that were signed */
    LEDGER_BAD_TILE,    /* an entry is as signed, and its tile has another hash */
    LEDGER_CUT,         /* fewer entries than were signed */
    LEDGER_FORK,        /* a checkpoint is not of the beginning of this list */
    LEDGER_ROLLED_BACK, /* a checkpoint kept elsewhere has more entries */
    LEDGER_TWO_ROOTS,   /* two checkpoints of one size with different roots, of name and of why */
    LEDGER_NO_WITNESS,  /* a checkpoint, of name, without a good cosignature: why */
    LEDGER_NONE_SIGNED, /* entries, and not one good checkpoint */
    LEDGER_UNSIGNED     /* no fault: entries after the last checkpoint */
};

/* from: the first entry that the fault may be in, to: one past the last. name: of the checkpoint or
 * file. The strings are good inside the call. */
struct ledger_finding {
    enum ledger_fault_kind kind;
    uint64_t from, to;
    const char *name, *why;
};
typedef void ledger_found_fn(void *arg, const struct ledger_finding *f);

/* In words, one line. */
#define LEDGER_FINDING_TEXT 512
void ledger_finding_text(char out[LEDGER_FINDING_TEXT], const struct ledger_finding *f);

struct ledger_check;

/* key: the identity's, borrowed. HEAD2_OK or HEAD2_E_MEMORY. */
HEAD2_CHECK enum head2_status ledger_check_new(struct ledger_check **out,
                                               const struct head2_key *key, ledger_found_fn *found,
                                               void *arg);
void ledger_check_free(struct ledger_check *c);

/* A checkpoint, before the entries. kept: elsewhere, and not with the entries. name is copied.
 * HEAD2_OK (also for one that is a fault) or HEAD2_E_MEMORY. */
HEAD2_CHECK enum head2_status ledger_check_note(struct ledger_check *c, const char *name,
                                                const char *note, size_t len, bool kept);

/* Entries that the ledger's own good checkpoints speak of. */
uint64_t ledger_check_signed(const struct ledger_check *c);

/* The next entry's leaf hash, by itself and by the tile. NULL: it is missing (which has been told),
 * or the tile is; not both. */
void ledger_check_leaf(struct ledger_check *c, const uint8_t *leaf, const uint8_t *in_tile);

/* Something that is found while reading. */
void ledger_check_bad_file(struct ledger_check *c, const char *name, const char *fmt, ...)
    HEAD2_PRINTF(3, 4);

/* After the entries: the newest checkpoint, of those kept elsewhere if there are any, must be
 * cosigned with this key. What it says, and for how many entries; false: it is not, which is told.
 */
bool ledger_check_witness(struct ledger_check *c, const struct head2_key *key,
                          struct cosignature *out, uint64_t *size);

/* What has been found. */
struct ledger_summary {
    uint64_t entries, checkpoints, kept, faults;
    uint64_t is_signed; /* entries under the largest own checkpoint that holds */
    uint8_t root[MERKLE_BYTES];
};
void ledger_check_end(struct ledger_check *c, struct ledger_summary *out);

/* After the end: two good checkpoints that are not of one history, the smaller first; the larger is
 * of the entries here if they differ in size. false: there are none. */
struct ledger_conflict {
    uint64_t size[2];
    uint8_t root[2][MERKLE_BYTES];
};
bool ledger_check_conflict(const struct ledger_check *c, struct ledger_conflict *out);

/* Called now and then: so many entries are done. */
typedef void ledger_progress_fn(void *arg, uint64_t done);

/* Give a check all that a ledger holds. HEAD2_OK, or the ledger's status where reading ends; what
 * comes before has been given. */
HEAD2_CHECK enum head2_status ledger_check_ledger(struct ledger_check *c, struct ledger *l,
                                                  ledger_progress_fn *progress, void *arg,
                                                  struct ledger_fault *fault);

#endif
