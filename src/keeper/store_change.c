/*
 * Changes of the sealed store. Each is one transaction that ends with a new header; store.revision
 * follows when the transaction is durable, and the anchor after it. What the caller was told is in
 * all three; what a crash cuts off after the transaction is there when the store is opened again,
 * and was acknowledged to nobody.
 */
#include "keeper/store_db.h"

#include <head2/random.h>
#include <stdlib.h>

size_t store_place(const struct store_contents *c, const uint8_t id[HEAD2_KEY_ID_BYTES],
                   bool *there)
{
    size_t low = 0, high = c->count;

    *there = false;
    while (low < high && !*there) {
        const size_t middle = low + (high - low) / 2;
        const int order = memcmp(c->entry[middle].meta.id, id, HEAD2_KEY_ID_BYTES);
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
        if (order == 0) {
            *there = true;
            low = middle;
        }
    }
    return low;
}

enum head2_status store_reserve(struct store_contents *c)
{
    const size_t room = c->room != 0 ? 2 * c->room : 64;

    if (c->count < c->room)
        return HEAD2_OK;
    struct store_entry *more = realloc(c->entry, room * sizeof *more);
    if (more == NULL)
        return HEAD2_E_MEMORY;
    c->entry = more;
    c->room = room;
    return HEAD2_OK;
}

/* ---- the frame ---- */

static enum head2_status save(struct store *s)
{
    struct store_entry *copy = malloc((s->now.count + 1) * sizeof *copy);

    if (copy == NULL)
        return HEAD2_E_MEMORY;
    copy_bytes(copy, s->now.entry, s->now.count * sizeof *copy);
    s->saved = s->now;
    s->saved.entry = copy;
    s->saved.room = s->now.count + 1;
    return HEAD2_OK;
}

enum head2_status store_begin(struct store *s, struct store_fault *fault)
{
    struct store_anchor last;
    enum head2_status st;

    memset(fault, 0, sizeof *fault);
    if (s->kek == NULL || s->lock < 0)
        return HEAD2_E_ARG;
    if (s->behind) {
        store_get_anchor(s, &last);
        HEAD2_TRY(store_revision_write(s->folder, &last, fault));
        s->behind = false;
    }
    HEAD2_TRY(store_aead(&s->aead, s->kek));
    HEAD2_TRY(save(s));
    if (!store_exec(s, "BEGIN IMMEDIATE")) {
        st = store_failed(s, fault, "cannot be changed");
        free(s->saved.entry);
        s->saved.entry = NULL;
    }
done:
    if (st != HEAD2_OK) {
        head2_aead_free(s->aead);
        s->aead = NULL;
    }
    return st;
}

/* A statement with one blob bound, run to its end. */
static bool put_record(struct store *s, const char *sql, int64_t number, const uint8_t *record,
                       size_t len)
{
    sqlite3_stmt *stmt = NULL;
    bool good = sqlite3_prepare_v2(s->db, sql, -1, &stmt, NULL) == SQLITE_OK;

    if (good) {
        sqlite3_bind_int64(stmt, 1, number);
        sqlite3_bind_blob(stmt, 2, record, (int)len, SQLITE_STATIC);
        good = sqlite3_step(stmt) == SQLITE_DONE;
    }
    sqlite3_finalize(stmt);
    return good;
}

/* One more seal under this key. */
static enum head2_status count_seal(struct store *s, struct store_fault *fault)
{
    if (s->now.header.seals >= STORE_SEALS_MAX)
        return store_say(HEAD2_E_LIMIT, fault, s->folder, "'head2 store rewrap' gives a new one",
                         "its key has sealed as often as it may");
    s->now.header.seals++;
    return HEAD2_OK;
}

static enum head2_status write_header(struct store *s, struct store_fault *fault)
{
    struct form_header *const h = &s->now.header;
    uint8_t record[FORM_HEADER_BYTES];
    enum head2_status st;

    h->before = h->revision;
    memcpy(h->before_digest, s->digest, sizeof s->digest);
    h->revision++;
    h->objects = s->now.count;
    h->wrappings = (uint32_t)s->now.wrappings;
    store_objects_digest(h->objects_digest, &s->now);
    store_wrappings_digest(h->wrappings_digest, &s->now);
    HEAD2_TRY(count_seal(s, fault));
    HEAD2_TRY(store_header_seal(h, s->aead));
    form_header_write(record, h);
    if (!put_record(s, "INSERT OR REPLACE INTO header VALUES (?1, ?2)", 1, record, sizeof record))
        st = store_failed(s, fault, "cannot be changed");
done:
    return st;
}

/* It is durable; say so where it is to be seen. */
static enum head2_status tell(struct store *s, struct store_fault *fault)
{
    struct store_anchor a;

    store_header_digest(s->digest, &s->now.header);
    store_get_anchor(s, &a);
    const enum head2_status st = store_revision_write(s->folder, &a, fault);
    s->behind = st != HEAD2_OK;
    if (st == HEAD2_OK && s->anchor != NULL)
        s->anchor(s->anchor_arg, &a);
    return st;
}

enum head2_status store_end(struct store *s, enum head2_status st, struct store_fault *fault)
{
    bool committed = false;

    if (st == HEAD2_OK)
        st = write_header(s, fault);
    if (st == HEAD2_OK) {
        committed = store_exec(s, "COMMIT");
        if (!committed)
            st = store_failed(s, fault, "cannot be changed");
    }
    head2_aead_free(s->aead);
    s->aead = NULL;
    if (committed) {
        free(s->saved.entry);
        s->saved.entry = NULL;
        return tell(s, fault);
    }
    store_exec(s, "ROLLBACK");
    free(s->now.entry);
    s->now = s->saved;
    s->saved.entry = NULL;
    return st;
}

/* ---- what is written ---- */

static enum head2_status put_row(struct store *s, const struct store_row *row,
                                 struct store_fault *fault)
{
    static const char sql[] = "INSERT OR REPLACE INTO object VALUES (?1, ?2, ?3, ?4, ?5)";
    sqlite3_stmt *stmt = NULL;
    bool good = sqlite3_prepare_v2(s->db, sql, -1, &stmt, NULL) == SQLITE_OK;

    if (good) {
        sqlite3_bind_blob(stmt, 1, row->meta.id, sizeof row->meta.id, SQLITE_STATIC);
        sqlite3_bind_blob(stmt, 2, row->meta_bytes, FORM_META_BYTES, SQLITE_STATIC);
        sqlite3_bind_blob(stmt, 3, row->public, (int)row->public_len, SQLITE_STATIC);
        sqlite3_bind_blob(stmt, 4, row->nonce, HEAD2_AEAD_NONCE_BYTES, SQLITE_STATIC);
        sqlite3_bind_blob(stmt, 5, row->sealed, (int)row->sealed_len, SQLITE_STATIC);
        good = sqlite3_step(stmt) == SQLITE_DONE;
    }
    const enum head2_status st = good ? HEAD2_OK : store_failed(s, fault, "cannot be changed");
    sqlite3_finalize(stmt);
    return st;
}

enum head2_status store_write_object(struct store *s, struct store_entry *e,
                                     const struct store_body *body, struct store_fault *fault)
{
    uint8_t meta[FORM_META_BYTES], nonce[HEAD2_AEAD_NONCE_BYTES], sealed[STORE_SEALED_MAX];
    struct store_meta on_disk;
    struct store_object_aad aad;
    enum head2_status st;

    if (body->plain_len > STORE_SEALED_MAX - HEAD2_AEAD_TAG_BYTES)
        return HEAD2_E_ARG;
    e->meta.revision = s->now.header.revision + 1;
    on_disk = e->meta;
    on_disk.uses = e->uses_on_disk;
    HEAD2_TRY(form_meta_write(meta, &on_disk));
    HEAD2_TRY(count_seal(s, fault));
    HEAD2_TRY(head2_random(nonce, sizeof nonce));
    store_object_aad(&aad, s->now.header.store, meta, body->public, body->public_len);
    HEAD2_TRY(
        head2_aead_seal(s->aead, sealed, nonce, aad.bytes, aad.len, s->plain, body->plain_len));
    const struct store_row row = {.meta = on_disk,
                                  .meta_bytes = meta,
                                  .public = body->public,
                                  .public_len = body->public_len,
                                  .nonce = nonce,
                                  .sealed = sealed,
                                  .sealed_len = body->plain_len + HEAD2_AEAD_TAG_BYTES};
    memcpy(e->tag, sealed + body->plain_len, sizeof e->tag);
    st = put_row(s, &row, fault);
done:
    return st;
}

static enum head2_status take_row(struct store *s, const struct store_entry *e, sqlite3_stmt *stmt,
                                  uint8_t *public, struct store_body *body)
{
    struct store_row row;
    struct store_meta on_disk = e->meta;
    uint8_t meta[FORM_META_BYTES];
    struct head2_aead *aead = NULL;
    enum head2_status st;

    on_disk.uses = e->uses_on_disk;
    HEAD2_TRY(store_row_read(&row, stmt));
    HEAD2_TRY(form_meta_write(meta, &on_disk));
    if (memcmp(meta, row.meta_bytes, sizeof meta) != 0 ||
        memcmp(e->tag, row.sealed + row.sealed_len - sizeof e->tag, sizeof e->tag) != 0)
        return HEAD2_E_VERIFY;
    memcpy(public, row.public, row.public_len);
    *body = (struct store_body){public, row.public_len, 0};
    if (s->kek != NULL) {
        HEAD2_TRY(store_aead(&aead, s->kek));
        st = store_row_open(s, aead, &row, &body->plain_len);
    }
done:
    head2_aead_free(aead);
    return st;
}

enum head2_status store_read_object(struct store *s, const struct store_entry *e, uint8_t *public,
                                    struct store_body *body, struct store_fault *fault)
{
    sqlite3_stmt *stmt = NULL;
    enum head2_status st = HEAD2_E_VERIFY;

    if (sqlite3_prepare_v2(s->db, STORE_SELECT " WHERE id = ?1", -1, &stmt, NULL) != SQLITE_OK)
        return store_failed(s, fault, "cannot be read");
    sqlite3_bind_blob(stmt, 1, e->meta.id, sizeof e->meta.id, SQLITE_STATIC);
    const int step = sqlite3_step(stmt);
    if (step == SQLITE_ROW)
        st = take_row(s, e, stmt, public, body);
    if (step != SQLITE_ROW && step != SQLITE_DONE)
        st = store_failed(s, fault, "cannot be read");
    else if (st == HEAD2_E_VERIFY || st == HEAD2_E_MALFORMED)
        st = store_wrong(s, fault, "the object '%.60s' was changed while the store was open",
                         e->meta.label);
    sqlite3_finalize(stmt);
    return st;
}

enum head2_status store_write_wrappings(struct store *s, struct store_fault *fault)
{
    uint8_t record[FORM_WRAPPING_MAX];
    bool good = store_exec(s, "DELETE FROM wrapping");

    for (size_t i = 0; good && i < s->now.wrappings; i++)
        good =
            put_record(s, "INSERT INTO wrapping VALUES (?1, ?2)", s->now.wrapping[i].about.number,
                       record, form_wrapping_write(record, &s->now.wrapping[i]));
    return good ? HEAD2_OK : store_failed(s, fault, "cannot be changed");
}
