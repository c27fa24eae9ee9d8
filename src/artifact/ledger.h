/*
 * The ledger of one identity: an append-only list of texts with a Merkle tree over them, in a
 * SQLite database. An append is durable when it returns; a checkpoint signs all that has been
 * appended.
 *
 *     leaf = u8 1 || u8 kind || u64 Unix ms || SHA3-512(text)
 *
 * The tree is kept as tiles of 256 hashes: tile (level, n) holds the roots of the 256^level leaves
 * each from n * 256^(level+1) on. Complete tiles are stored, the incomplete ones are made again
 * from what they stand for. One process at a time appends (FOLDER/ledger.lock); others may read.
 */
#ifndef HEAD2_ARTIFACT_LEDGER_H
#define HEAD2_ARTIFACT_LEDGER_H

#include "artifact/checkpoint.h"
#include "artifact/receipt_text.h"

#define LEDGER_FILE        "ledger.sqlite"
#define LEDGER_PUBLIC_FILE "ledger.pub.pem" /* for those who check: it is in the database too */
#define LEDGER_LEAF_BYTES  74
#define LEDGER_TEXT_MAX    65536
#define LEDGER_TILE        256
#define LEDGER_LEVELS      6 /* 256^6 leaves are MERKLE_SIZE_MAX */
#define LEDGER_WAIT_MS     5000
#define LEDGER_KIND_JOB    128 /* kinds from here on are not receipts: operation records, */
#define LEDGER_KIND_OTHER  129 /* and any other text */

struct ledger;

/* What went wrong, where, and what can be done. */
struct ledger_fault {
    int error; /* errno, where the system has refused something; what says it too */
    char where[512];
    char what[200];
    char hint[160];
};

enum ledger_mode {
    LEDGER_READ,      /* as it is now, while others append; also from a read-only disk */
    LEDGER_RESCUE,    /* as LEDGER_READ, however damaged: for ledger_export_folder alone */
    LEDGER_APPEND,    /* made if there is none; waits LEDGER_WAIT_MS for another process */
    LEDGER_APPEND_NOW /* the same, without waiting */
};

/*
 * ledger_open - open the ledger in a folder.
 *
 * key  the identity's ML-DSA key, of which the public part is enough. A new ledger is of this
 *      identity for good; an existing one must be. NULL: whatever it is; makes none
 *
 * HEAD2_OK; HEAD2_E_STATE (another process appends), HEAD2_E_POLICY (of another identity),
 * HEAD2_E_UNSUPPORTED (of a later version), HEAD2_E_MALFORMED (damaged), HEAD2_E_IO,
 * HEAD2_E_MEMORY.
 */
HEAD2_CHECK enum head2_status ledger_open(struct ledger **out, const char *folder,
                                          enum ledger_mode mode, const struct head2_key *key,
                                          struct ledger_fault *fault);
void ledger_close(struct ledger *l);

uint64_t ledger_size(const struct ledger *l);
/* How many of them a checkpoint covers. */
uint64_t ledger_signed(const struct ledger *l);
/* The identity's public key, owned by the ledger. */
const struct head2_key *ledger_key(const struct ledger *l);

struct ledger_entry {
    uint64_t index; /* given by ledger_append */
    uint8_t kind;   /* enum receipt_kind, or one of LEDGER_KIND_ */
    uint64_t ms;
    const char *subject; /* letters, digits and hyphens, as in receipts; not in the leaf */
    uint64_t number;     /* not in the leaf */
    const char *text;    /* not terminated */
    size_t text_len;
};

void ledger_leaf(uint8_t leaf[LEDGER_LEAF_BYTES], const struct ledger_entry *e);

/* Whether it can be appended: false where a text is above LEDGER_TEXT_MAX or not UTF-8, a time
 * above UTC_MAX, a subject none. */
bool ledger_entry_ok(const struct ledger_entry *e);

/* Append all of them or none, and make them durable. HEAD2_OK, HEAD2_E_ARG (one of them is not ok),
 * HEAD2_E_LIMIT, HEAD2_E_IO, HEAD2_E_MALFORMED (damaged), HEAD2_E_MEMORY, or HEAD2_E_STATE: after
 * one that failed the ledger could not be read, and must be opened again. One that failed in the
 * moment of its commit may still be there, whole, when the ledger is opened after a crash. */
HEAD2_CHECK enum head2_status ledger_append(struct ledger *l, struct ledger_entry *entries,
                                            size_t n, struct ledger_fault *fault);

/* Sign what there is, unless that has been done. HEAD2_OK, HEAD2_E_IO, or the signer's status. */
HEAD2_CHECK enum head2_status ledger_sign(struct ledger *l, const struct artifact_signer *signer,
                                          uint64_t ms, struct ledger_fault *fault);

/* ---- reading ---- */

/* Entries from an index on, in order. fn returns false to stop. The strings are good inside. */
typedef bool ledger_entry_fn(void *arg, const struct ledger_entry *e);
HEAD2_CHECK enum head2_status ledger_each(struct ledger *l, uint64_t from, ledger_entry_fn *fn,
                                          void *arg, struct ledger_fault *fault);

/* The notes of all checkpoints, as they are stored, by size. fn returns false to stop. */
typedef bool ledger_note_fn(void *arg, uint64_t size, const char *note, size_t len);
HEAD2_CHECK enum head2_status ledger_each_note(struct ledger *l, ledger_note_fn *fn, void *arg,
                                               struct ledger_fault *fault);

/* The note of the smallest checkpoint that has at least so many leaves, or with size 0 of the
 * largest there is. *len in: room; out: length. HEAD2_E_STATE where there is none. */
HEAD2_CHECK enum head2_status ledger_note(struct ledger *l, uint64_t size, char *note, size_t *len,
                                          struct ledger_fault *fault);

/* The tree's nodes, of the size that the ledger has. */
struct merkle_nodes ledger_nodes(struct ledger *l);

#endif
