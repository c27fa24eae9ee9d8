/*
 * What the files of the ledger share.
 */
#ifndef HEAD2_ARTIFACT_LEDGER_DB_H
#define HEAD2_ARTIFACT_LEDGER_DB_H

#include "artifact/ledger.h"

#include <limits.h>
#include <sqlite3.h>

struct ledger {
    sqlite3 *db;
    char folder[PATH_MAX];
    int lock;       /* -1: not held */
    bool broken;    /* open_tile is not what it should be: nothing may be appended or signed */
    bool disk_full; /* there is no room for the files of its locks: read it without */
    struct head2_key *key;
    char origin[CHECKPOINT_ORIGIN_MAX];
    uint64_t size;
    uint64_t is_signed;                                          /* size of the latest checkpoint */
    uint8_t open_tile[LEDGER_LEVELS][LEDGER_TILE][MERKLE_BYTES]; /* what is not complete */
    uint8_t tile[LEDGER_TILE][MERKLE_BYTES]; /* the complete one that was read last, */
    unsigned tile_level;                     /* and which */
    uint64_t tile_n;
    bool tile_there;
};

/* An empty fault of this ledger. */
void ledger_say_where(const struct ledger *l, struct ledger_fault *fault);
/* Say what SQLite said, or errno, of the database. Returns HEAD2_E_IO, or HEAD2_E_MALFORMED where
 * the file is damaged. */
enum head2_status ledger_failed(const struct ledger *l, struct ledger_fault *fault,
                                const char *doing);
enum head2_status ledger_damaged(const struct ledger *l, struct ledger_fault *fault,
                                 const char *fmt, ...) HEAD2_PRINTF(3, 4);

/* A statement with up to two numbers bound; NULL when it cannot be made. */
sqlite3_stmt *ledger_prepare(struct ledger *l, const char *sql, uint64_t a, uint64_t b);

/* A row of LEDGER_SELECT_ENTRIES (from ?1 on, below ?2) as an entry; false where no append can have
 * written it. */
#define LEDGER_SELECT_ENTRIES                                                                      \
    "SELECT i, kind, ms, subject, number, text FROM entry WHERE i >= ?1 AND i < ?2 ORDER BY i"
bool ledger_read_row(struct ledger_entry *e, sqlite3_stmt *s);

/* Store a checkpoint's note, durably. */
enum head2_status ledger_put_note(struct ledger *l, uint64_t size, const char *note, size_t len,
                                  struct ledger_fault *fault);

/* Read a complete tile into l->tile. HEAD2_E_STATE: there is none. */
enum head2_status ledger_read_tile(struct ledger *l, unsigned level, uint64_t n);
/* The root of 256 hashes, or of 2^bits of them from one on. */
void ledger_tile_root(uint8_t root[MERKLE_BYTES], const uint8_t (*hash)[MERKLE_BYTES],
                      unsigned bits);
/* Make what is not complete again, for l->size leaves. */
enum head2_status ledger_load_tiles(struct ledger *l, struct ledger_fault *fault);

#endif
