/* Reading a store's database, and checking all of it where there is a key. */
#include "keeper/store_db.h"

#include "base/secmem.h"
#include "keeper/wrap.h"

#include <stdlib.h>

#define APPLICATION 0x48325331 /* "H2S1" */
#define VERSION     1

_Static_assert(APPLICATION == 1211257649, "as the schema has it");

static enum head2_status malformed(const struct store *s, struct store_fault *fault,
                                   enum head2_status st, const char *what)
{
    if (st == HEAD2_E_UNSUPPORTED)
        return store_say(st, fault, s->folder, "use a later version of this program",
                         "%s is of a version that this program does not know", what);
    return store_say(HEAD2_E_MALFORMED, fault, s->folder, "'head2 store restore' a backup",
                     "%s is damaged", what);
}

/* ---- header and wrappings ---- */

static int64_t ask(struct store *s, const char *sql)
{
    sqlite3_stmt *stmt = NULL;
    int64_t n = -1;

    if (sqlite3_prepare_v2(s->db, sql, -1, &stmt, NULL) == SQLITE_OK &&
        sqlite3_step(stmt) == SQLITE_ROW)
        n = sqlite3_column_int64(stmt, 0);
    sqlite3_finalize(stmt);
    return n;
}

static enum head2_status load_header(struct store *s, struct store_fault *fault)
{
    sqlite3_stmt *stmt = NULL;
    enum head2_status st = HEAD2_E_MALFORMED;

    if (sqlite3_prepare_v2(s->db, "SELECT record FROM header", -1, &stmt, NULL) != SQLITE_OK)
        return store_failed(s, fault, "its header cannot be read");
    if (sqlite3_step(stmt) == SQLITE_ROW)
        st = form_header_read(&s->now.header, sqlite3_column_blob(stmt, 0),
                              (size_t)sqlite3_column_bytes(stmt, 0));
    sqlite3_finalize(stmt);
    if (st == HEAD2_OK)
        store_header_digest(s->digest, &s->now.header);
    return st == HEAD2_OK ? st : malformed(s, fault, st, "its header");
}

static enum head2_status load_wrapping(struct store *s, sqlite3_stmt *stmt)
{
    struct form_wrapping *const w = &s->now.wrapping[s->now.wrappings];
    enum head2_status st;

    if (s->now.wrappings == STORE_WRAPPINGS_MAX)
        return HEAD2_E_MALFORMED;
    HEAD2_TRY(
        form_wrapping_read(w, sqlite3_column_blob(stmt, 1), (size_t)sqlite3_column_bytes(stmt, 1)));
    if (w->about.number != sqlite3_column_int64(stmt, 0))
        return HEAD2_E_MALFORMED;
    s->now.wrappings++;
done:
    return st;
}

static enum head2_status load_wrappings(struct store *s, struct store_fault *fault)
{
    sqlite3_stmt *stmt = NULL;
    enum head2_status st = HEAD2_OK;
    int step = SQLITE_ROW;

    s->now.wrappings = 0;
    if (sqlite3_prepare_v2(s->db, "SELECT number, record FROM wrapping ORDER BY number", -1, &stmt,
                           NULL) != SQLITE_OK)
        return store_failed(s, fault, "its wrappings cannot be read");
    while (st == HEAD2_OK && (step = sqlite3_step(stmt)) == SQLITE_ROW)
        st = load_wrapping(s, stmt);
    if (st == HEAD2_OK && step != SQLITE_DONE)
        st = store_failed(s, fault, "its wrappings cannot be read");
    else if (st != HEAD2_OK)
        st = malformed(s, fault, st, "a wrapping of its key");
    sqlite3_finalize(stmt);
    return st;
}

enum head2_status store_load_form(struct store *s, struct store_fault *fault)
{
    enum head2_status st;
    const int64_t version = ask(s, "PRAGMA user_version");

    if (version < 0)
        return store_failed(s, fault, "cannot be read");
    if (version == 0 || ask(s, "PRAGMA application_id") != APPLICATION)
        return store_say(HEAD2_E_MALFORMED, fault, s->folder,
                         "name a store's folder, or 'head2 store init' one", "is no store");
    if (version != VERSION)
        return malformed(s, fault, HEAD2_E_UNSUPPORTED, "the store");
    HEAD2_TRY(load_header(s, fault));
    st = load_wrappings(s, fault);
done:
    return st;
}

/* ---- the key ---- */

static enum head2_status unlock_with_secret(struct store *s, const struct store_unlock *unlock,
                                            struct store_fault *fault)
{
    struct wrap_secret *secret = NULL;
    enum head2_status st;
    bool any = false;

    for (size_t i = 0; i < s->now.wrappings; i++)
        any = any || s->now.wrapping[i].about.type == unlock->type;
    if (!any)
        return store_say(HEAD2_E_PASSPHRASE, fault, s->folder, "unlock it in another way",
                         "its key is not wrapped so");
    HEAD2_TRY(wrap_secret_get(&secret, unlock, fault));
    st = HEAD2_E_PASSPHRASE;
    for (size_t i = 0; st == HEAD2_E_PASSPHRASE && i < s->now.wrappings; i++)
        st = wrap_open(s->kek, &s->now.wrapping[i], secret, fault);
    if (st == HEAD2_E_PASSPHRASE && fault->what[0] == 0)
        store_say(st, fault, s->folder, "try again, or restore a backup",
                  unlock->type == STORE_WRAP_PASSPHRASE
                      ? "wrong passphrase, or the wrapping was changed on purpose"
                  : unlock->type == STORE_WRAP_TPM
                      ? "the TPM's secret does not open it: the wrapping was changed on purpose"
                      : "wrong key file, or the wrapping was changed on purpose");
done:
    secmem_free(secret);
    return st;
}

enum head2_status store_unlock_with(struct store *s, const struct store_unlock *unlock,
                                    struct store_fault *fault)
{
    void *kek = NULL;

    if (secmem_new(&kek, STORE_KEK_BYTES, SECMEM_LONG_TERM) != HEAD2_OK)
        return HEAD2_E_MEMORY;
    s->kek = kek;
    if (unlock->type != STORE_WRAP_KEK)
        return unlock_with_secret(s, unlock, fault);
    if (unlock->kek == NULL)
        return HEAD2_E_ARG;
    memcpy(s->kek, unlock->kek, STORE_KEK_BYTES);
    return HEAD2_OK;
}

/* ---- objects ---- */

static const uint8_t *blob(sqlite3_stmt *stmt, int column, size_t *len)
{
    *len = (size_t)sqlite3_column_bytes(stmt, column);
    return sqlite3_column_blob(stmt, column);
}

enum head2_status store_row_read(struct store_row *row, sqlite3_stmt *stmt)
{
    size_t id_len, meta_len, nonce_len;
    const uint8_t *const id = blob(stmt, 0, &id_len);
    enum head2_status st;

    row->meta_bytes = blob(stmt, 1, &meta_len);
    row->public = blob(stmt, 2, &row->public_len);
    row->nonce = blob(stmt, 3, &nonce_len);
    row->sealed = blob(stmt, 4, &row->sealed_len);
    HEAD2_TRY(form_meta_read(&row->meta, row->meta_bytes, meta_len));
    if (id_len != sizeof row->meta.id || memcmp(id, row->meta.id, id_len) != 0 ||
        nonce_len != HEAD2_AEAD_NONCE_BYTES || row->sealed_len < HEAD2_AEAD_TAG_BYTES ||
        row->sealed_len > STORE_SEALED_MAX ||
        row->public_len != head2_alg_public_bytes(row->meta.alg))
        return HEAD2_E_MALFORMED;
done:
    return st;
}

enum head2_status store_row_open(struct store *s, struct head2_aead *aead,
                                 const struct store_row *row, size_t *plain_len)
{
    struct store_object_aad aad;

    store_object_aad(&aad, s->now.header.store, row->meta_bytes, row->public, row->public_len);
    *plain_len = row->sealed_len - HEAD2_AEAD_TAG_BYTES;
    return head2_aead_open(aead, s->plain, row->nonce, aad.bytes, aad.len, row->sealed,
                           row->sealed_len);
}

static enum head2_status load_object(struct store *s, sqlite3_stmt *stmt, struct head2_aead *aead,
                                     struct store_fault *fault)
{
    struct store_row row;
    size_t len;
    enum head2_status st = store_row_read(&row, stmt);

    if (st != HEAD2_OK)
        return malformed(s, fault, st, "an object");
    if (s->now.count == STORE_OBJECTS_MAX)
        return malformed(s, fault, HEAD2_E_MALFORMED, "the list of objects");
    if (aead != NULL) {
        st = store_row_open(s, aead, &row, &len);
        head2_wipe(s->plain, len);
        if (st == HEAD2_E_VERIFY)
            return store_wrong(s, fault, "the object '%.60s' does not pass its check",
                               row.meta.label);
        HEAD2_TRY(st);
    }
    HEAD2_TRY(store_reserve(&s->now));
    struct store_entry *const e = &s->now.entry[s->now.count++];
    *e = (struct store_entry){.meta = row.meta, .uses_on_disk = row.meta.uses};
    memcpy(e->tag, row.sealed + row.sealed_len - sizeof e->tag, sizeof e->tag);
done:
    return st;
}

static enum head2_status load_objects(struct store *s, struct head2_aead *aead,
                                      struct store_fault *fault)
{
    sqlite3_stmt *stmt = NULL;
    enum head2_status st = HEAD2_OK;
    int step = SQLITE_ROW;

    s->now.count = 0;
    if (sqlite3_prepare_v2(s->db, STORE_SELECT " ORDER BY id", -1, &stmt, NULL) != SQLITE_OK)
        return store_failed(s, fault, "its objects cannot be read");
    while (st == HEAD2_OK && (step = sqlite3_step(stmt)) == SQLITE_ROW)
        st = load_object(s, stmt, aead, fault);
    if (st == HEAD2_OK && step != SQLITE_DONE)
        st = store_failed(s, fault, "its objects cannot be read");
    sqlite3_finalize(stmt);
    return st;
}

/* Each object is whole by now; that they are these objects, and these wrappings. */
static enum head2_status check_digests(struct store *s, struct store_fault *fault)
{
    const struct form_header *const h = &s->now.header;
    uint8_t digest[STORE_DIGEST_BYTES];

    store_wrappings_digest(digest, &s->now);
    if (s->now.wrappings != h->wrappings || memcmp(digest, h->wrappings_digest, sizeof digest) != 0)
        return store_wrong(s, fault, "a wrapping was added, removed or put back");
    store_objects_digest(digest, &s->now);
    if (s->now.count != h->objects || memcmp(digest, h->objects_digest, sizeof digest) != 0)
        return store_wrong(s, fault,
                           "an object was removed or put back: %zu are there, of %llu, or an older",
                           s->now.count, (unsigned long long)h->objects);
    return HEAD2_OK;
}

enum head2_status store_load(struct store *s, struct store_fault *fault)
{
    struct head2_aead *aead = NULL;
    enum head2_status st;

    if (s->kek == NULL)
        return load_objects(s, NULL, fault);
    HEAD2_TRY(store_aead(&aead, s->kek));
    st = store_header_check(&s->now.header, aead);
    if (st == HEAD2_E_VERIFY)
        store_wrong(s, fault, "its header does not pass its check");
    HEAD2_TRY(st);
    HEAD2_TRY(load_objects(s, aead, fault));
    st = check_digests(s, fault);
done:
    head2_aead_free(aead);
    return st;
}
