/*
 * What the files of the sealed store share.
 */
#ifndef HEAD2_KEEPER_STORE_DB_H
#define HEAD2_KEEPER_STORE_DB_H

#include "keeper/store_form.h"

#include <limits.h>
#include <sqlite3.h>

#define STORE_SEALED_MAX 8192 /* a private key's PKCS#8 and its tag, with room */

struct store_entry {
    struct store_meta meta;
    uint64_t uses_on_disk;
    uint8_t tag[HEAD2_AEAD_TAG_BYTES];
};

/* What a change may have to put back. */
struct store_contents {
    struct form_header header;
    struct form_wrapping wrapping[STORE_WRAPPINGS_MAX];
    size_t wrappings;
    struct store_entry *entry; /* by id */
    size_t count, room;
};

struct store {
    sqlite3 *db;
    char folder[PATH_MAX];   /* or a backup's path */
    int lock;                /* -1: not held */
    bool behind;             /* store.revision could not be written */
    uint8_t *kek;            /* in memory of secmem.h; NULL: it is only looked at */
    uint8_t *plain;          /* STORE_SEALED_MAX, there too: what is being sealed or unsealed */
    struct head2_aead *aead; /* during a change */
    struct store_contents now, saved;
    uint8_t digest[STORE_DIGEST_BYTES]; /* of the header as it is stored */
    store_anchor_fn *anchor;
    void *anchor_arg;
};

/* ---- store_open.c: faults and statements ---- */

/* Fill *fault and return st. */
enum head2_status store_say(enum head2_status st, struct store_fault *fault, const char *where,
                            const char *hint, const char *fmt, ...) HEAD2_PRINTF(5, 6);
/* From errno: HEAD2_E_IO. */
enum head2_status store_say_errno(struct store_fault *fault, const char *where, const char *doing);
/* What SQLite said. */
enum head2_status store_failed(const struct store *s, struct store_fault *fault, const char *doing);
/* A thing that does not hold. */
enum head2_status store_wrong(const struct store *s, struct store_fault *fault, const char *fmt,
                              ...) HEAD2_PRINTF(3, 4);
bool store_exec(struct store *s, const char *sql);

/* A store without a database. */
HEAD2_CHECK enum head2_status store_new(struct store **out, const char *folder);
HEAD2_CHECK enum head2_status store_lock(struct store *s, struct store_fault *fault);
/* Open the database of s->folder; flags beside SQLITE_OPEN_READWRITE. */
HEAD2_CHECK enum head2_status store_open_database(struct store *s, int flags,
                                                  struct store_fault *fault);
void store_free(struct store *s); /* writes nothing */

/* ---- store_load.c ---- */

/* Application, version, header and wrappings, as far as their form goes. */
HEAD2_CHECK enum head2_status store_load_form(struct store *s, struct store_fault *fault);
/* Get s->kek with what the caller gives. */
HEAD2_CHECK enum head2_status store_unlock_with(struct store *s, const struct store_unlock *unlock,
                                                struct store_fault *fault);
/* The objects; with a KEK all of it is checked, the header too. */
HEAD2_CHECK enum head2_status store_load(struct store *s, struct store_fault *fault);
/* Unseal what stands in a row of STORE_SELECT to s->plain. */
#define STORE_SELECT "SELECT id, meta, public, nonce, sealed FROM object"
struct store_row {
    struct store_meta meta;
    const uint8_t *meta_bytes, *public, *nonce, *sealed; /* good until the statement moves */
    size_t public_len, sealed_len;
};
HEAD2_CHECK enum head2_status store_row_read(struct store_row *row, sqlite3_stmt *stmt);
HEAD2_CHECK enum head2_status store_row_open(struct store *s, struct head2_aead *aead,
                                             const struct store_row *row, size_t *plain_len);

/* ---- store_seal.c ---- */

struct store_object_aad {
    size_t len;
    uint8_t bytes[64 + STORE_ID_BYTES + FORM_META_BYTES + HEAD2_KEY_MAX_PUBLIC];
};
void store_object_aad(struct store_object_aad *out, const uint8_t store[STORE_ID_BYTES],
                      const uint8_t meta[FORM_META_BYTES], const uint8_t *public,
                      size_t public_len);
void store_objects_digest(uint8_t digest[STORE_DIGEST_BYTES], const struct store_contents *c);
void store_wrappings_digest(uint8_t digest[STORE_DIGEST_BYTES], const struct store_contents *c);
/* The header's tag, made or checked (HEAD2_E_VERIFY). */
HEAD2_CHECK enum head2_status store_header_seal(struct form_header *h, struct head2_aead *aead);
HEAD2_CHECK enum head2_status store_header_check(const struct form_header *h,
                                                 struct head2_aead *aead);
void store_header_digest(uint8_t digest[STORE_DIGEST_BYTES], const struct form_header *h);
HEAD2_CHECK enum head2_status store_aead(struct head2_aead **out,
                                         const uint8_t kek[STORE_KEK_BYTES]);

/* ---- store_change.c: all that is written goes between these two ---- */

HEAD2_CHECK enum head2_status store_begin(struct store *s, struct store_fault *fault);
/* With HEAD2_OK make it durable, with anything else undo it and return that. */
HEAD2_CHECK enum head2_status store_end(struct store *s, enum head2_status st,
                                        struct store_fault *fault);
/* In a change: seal s->plain[0..plain_len) with e's metadata, of which the revision is set. */
struct store_body {
    const uint8_t *public;
    size_t public_len, plain_len;
};
HEAD2_CHECK enum head2_status store_write_object(struct store *s, struct store_entry *e,
                                                 const struct store_body *body,
                                                 struct store_fault *fault);
/* Read an object's row, compare it with what is known of it, and unseal it to s->plain; public has
 * HEAD2_KEY_MAX_PUBLIC. */
HEAD2_CHECK enum head2_status store_read_object(struct store *s, const struct store_entry *e,
                                                uint8_t *public, struct store_body *body,
                                                struct store_fault *fault);
HEAD2_CHECK enum head2_status store_write_wrappings(struct store *s, struct store_fault *fault);
/* Where an id is, or would be. */
size_t store_place(const struct store_contents *c, const uint8_t id[HEAD2_KEY_ID_BYTES],
                   bool *there);
/* Room for one more entry. */
HEAD2_CHECK enum head2_status store_reserve(struct store_contents *c);

/* ---- store_revision.c ---- */

/* HEAD2_E_STATE: there is no such file. */
HEAD2_CHECK enum head2_status store_revision_read(const char *folder, struct store_anchor *a,
                                                  struct store_fault *fault);
HEAD2_CHECK enum head2_status store_revision_write(const char *folder, const struct store_anchor *a,
                                                   struct store_fault *fault);
/* Whether the store is the one that store.revision has seen last; moves it on where a crash came
 * between. */
HEAD2_CHECK enum head2_status store_revision_check(struct store *s, struct store_fault *fault);

/* ---- store_wraps.c ---- */

/* In a change, or before there is a store: wrap s->kek by n more. */
HEAD2_CHECK enum head2_status store_wrap_all(struct store *s, const struct store_unlock *unlocks,
                                             size_t n, struct store_fault *fault);
HEAD2_CHECK enum head2_status store_new_kek(uint8_t **kek);

#endif
