/*
 * A ledger as plain files, which an auditor needs nothing else for:
 *
 *     key.pub.pem                the identity's public key
 *     checkpoint                 the latest note
 *     checkpoints/<size>         every note
 *     entries/<n, 6 digits>.jsonl  256 entries each, one JSON object a line (ledger_json.h)
 *     tile/<level>/<n>           256 hashes of 32 bytes (names as in C2SP's tlog-tiles: x001/067),
 *     tile/<level>/<n>.p/<w>     and what there is of the last one
 *     incomplete                 where it was made of a damaged ledger, and what was damaged
 */
#ifndef HEAD2_ARTIFACT_LEDGER_EXPORT_H
#define HEAD2_ARTIFACT_LEDGER_EXPORT_H

#include "artifact/ledger_check.h"

#define LEDGER_EXPORT_KEY "key.pub.pem"
#define LEDGER_INCOMPLETE "incomplete"
/* bytes of a file of entries: JSON may write a character as \u0000 */
#define LEDGER_ENTRIES_MAX ((size_t)LEDGER_TILE * (6 * LEDGER_TEXT_MAX + 1024))
#define LEDGER_EXPORT_NAME 96 /* bytes of a tile's or an entry file's name, below the folder */

/* Write an export of the ledger in a folder, as ledger_export does. Where the ledger is damaged:
 * of all that can still be read of it, marked so that no check takes it for whole; the status and
 * the fault are those of the damage all the same. */
struct ledger_exported {
    bool written;
    uint64_t entries, checkpoints;
    uint64_t missing; /* the first entry that is, of a damaged ledger; `entries` where none is */
};
HEAD2_CHECK enum head2_status ledger_export_folder(struct ledger_exported *out, const char *ledger,
                                                   const char *folder, ledger_progress_fn *progress,
                                                   void *arg, struct ledger_fault *fault);

/* Write an export into a folder that does not exist yet; it has its name when it is whole.
 * HEAD2_OK, HEAD2_E_POLICY (there is something of that name), HEAD2_E_STATE (nothing is signed),
 * HEAD2_E_IO, or the ledger's. */
HEAD2_CHECK enum head2_status ledger_export(struct ledger *l, const char *folder,
                                            ledger_progress_fn *progress, void *arg,
                                            struct ledger_fault *fault);

/* Give a check every checkpoint and every entry of an export, and what is wrong with its files.
 * HEAD2_OK; HEAD2_E_MALFORMED (not an export); HEAD2_E_IO, HEAD2_E_MEMORY. */
HEAD2_CHECK enum head2_status ledger_export_read(struct ledger_check *c, const char *folder,
                                                 ledger_progress_fn *progress, void *arg,
                                                 struct ledger_fault *fault);

/* Give a check the checkpoints of an export alone, as kept elsewhere. */
HEAD2_CHECK enum head2_status ledger_export_notes(struct ledger_check *c, const char *folder,
                                                  struct ledger_fault *fault);

/* Every file of an export that may be a checkpoint, as it is. */
typedef void ledger_export_note_fn(void *arg, const char *note, size_t len);
void ledger_export_each_note(const char *folder, ledger_export_note_fn *fn, void *arg);

/* The tree's nodes as the tiles of an export have them, not checked: whoever makes a proof of them
 * checks that. A node that is not there is HEAD2_E_STATE. */
struct ledger_tiles {
    const char *folder;
    unsigned level, hashes; /* of the tile that was read last; 0: none */
    uint64_t n;
    uint8_t hash[LEDGER_TILE][MERKLE_BYTES];
};
struct merkle_nodes ledger_export_nodes(struct ledger_tiles *t, const char *folder);

/* Make a ledger of an export in a folder that does not exist yet: the entries up to `entries`, the
 * checkpoints up to there as they are, `key`, the public one, beside them. The export has been
 * checked; whatever differs from then on is refused, and nothing is left. HEAD2_OK, HEAD2_E_POLICY
 * (there is something of that name), HEAD2_E_MALFORMED, HEAD2_E_VERIFY, HEAD2_E_IO,
 * HEAD2_E_MEMORY. */
struct ledger_restored {
    uint64_t entries, checkpoints;
};
HEAD2_CHECK enum head2_status ledger_restore(struct ledger_restored *done, const char *export,
                                             const char *folder, const struct head2_key *key,
                                             uint64_t entries, ledger_progress_fn *progress,
                                             void *arg, struct ledger_fault *fault);

/* Names in an export: of the file of 256 entries, and of a tile of so many hashes. */
void ledger_entries_name(char out[LEDGER_EXPORT_NAME], uint64_t n);
void ledger_tile_name(char out[LEDGER_EXPORT_NAME], unsigned level, uint64_t n, unsigned hashes);

#endif
