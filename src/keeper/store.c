/* The objects of the sealed store: put, got, changed, counted, destroyed. See store.h. */
#include "keeper/store_db.h"

#include "base/secmem.h"

#include <stdlib.h>

/* ---- looking ---- */

size_t store_count(const struct store *s)
{
    return s->now.count;
}

const struct store_meta *store_at(const struct store *s, size_t i)
{
    return i < s->now.count ? &s->now.entry[i].meta : NULL;
}

static struct store_entry *find(const struct store *s, const uint8_t id[HEAD2_KEY_ID_BYTES])
{
    bool there;
    const size_t at = store_place(&s->now, id, &there);

    return there ? &s->now.entry[at] : NULL;
}

const struct store_meta *store_find(const struct store *s, const uint8_t id[HEAD2_KEY_ID_BYTES])
{
    const struct store_entry *const e = find(s, id);

    return e != NULL ? &e->meta : NULL;
}

static enum head2_status no_such_key(const struct store *s, struct store_fault *fault)
{
    return store_say(HEAD2_E_STATE, fault, s->folder, "'head2 store list' shows what there is",
                     "there is no such key in it");
}

/* ---- sealing ---- */

/* Whether this can stand in an object, whatever the store adds. */
static bool meta_ok(const struct store_meta *meta, enum head2_alg alg)
{
    struct store_meta copy = *meta;
    uint8_t record[FORM_META_BYTES];

    copy.alg = alg;
    copy.uses = copy.revision = 0;
    return form_meta_write(record, &copy) == HEAD2_OK;
}

/* The private part to s->plain. */
static enum head2_status write_plain(struct store *s, const struct head2_key *key, size_t *len)
{
    *len = STORE_SEALED_MAX - HEAD2_AEAD_TAG_BYTES;
    return head2_key_write_private(key, HEAD2_KEY_DER, HEAD2_PRIVATE_DEFAULT, NULL, 0, s->plain,
                                   len);
}

static enum head2_status insert(struct store *s, const struct store_entry *e,
                                struct store_entry **out)
{
    bool there;
    const size_t at = store_place(&s->now, e->meta.id, &there);

    HEAD2_REQUIRES(!there);
    if (store_reserve(&s->now) != HEAD2_OK)
        return HEAD2_E_MEMORY;
    memmove(&s->now.entry[at + 1], &s->now.entry[at], (s->now.count - at) * sizeof *e);
    s->now.entry[at] = *e;
    s->now.count++;
    *out = &s->now.entry[at];
    return HEAD2_OK;
}

enum head2_status store_put(struct store *s, const struct head2_key *key,
                            const struct store_meta *meta, struct store_fault *fault)
{
    struct store_entry fresh = {.meta = *meta}, *e = NULL;
    struct store_body body = {0};
    const enum head2_alg alg = head2_key_alg(key);
    enum head2_status st;

    memset(fault, 0, sizeof *fault);
    if (!head2_key_has_private(key) || !meta_ok(meta, alg))
        return HEAD2_E_ARG;
    head2_key_id(key, fresh.meta.id);
    fresh.meta.alg = alg;
    fresh.meta.uses = 0;
    if (find(s, fresh.meta.id) != NULL)
        return store_say(HEAD2_E_STATE, fault, s->folder, "destroy it first, or leave it",
                         "this key is in it already");
    if (s->now.count == STORE_OBJECTS_MAX)
        return store_say(HEAD2_E_LIMIT, fault, s->folder, "destroy what is not needed",
                         "it holds %d keys, and no more", STORE_OBJECTS_MAX);
    HEAD2_TRY(store_begin(s, fault));
    body.public = head2_key_public(key);
    body.public_len = head2_alg_public_bytes(alg);
    st = write_plain(s, key, &body.plain_len);
    if (st == HEAD2_OK)
        st = insert(s, &fresh, &e);
    if (st == HEAD2_OK)
        st = store_write_object(s, e, &body, fault);
    head2_wipe(s->plain, STORE_SEALED_MAX);
    st = store_end(s, st, fault);
done:
    return st;
}

/* ---- unsealing ---- */

enum head2_status store_get(struct store *s, const uint8_t id[HEAD2_KEY_ID_BYTES],
                            struct head2_key **out, struct store_fault *fault)
{
    const struct store_entry *const e = find(s, id);
    uint8_t public[HEAD2_KEY_MAX_PUBLIC], got[HEAD2_KEY_ID_BYTES];
    struct store_body body;
    struct head2_key *key = NULL;
    enum head2_status st;

    *out = NULL;
    memset(fault, 0, sizeof *fault);
    if (s->kek == NULL)
        return HEAD2_E_ARG;
    if (e == NULL)
        return no_such_key(s, fault);
    HEAD2_TRY(store_read_object(s, e, public, &body, fault));
    HEAD2_TRY(head2_key_read(&key, s->plain, body.plain_len, NULL, NULL, NULL));
    head2_key_id(key, got);
    if (memcmp(got, id, sizeof got) != 0 || !head2_key_has_private(key))
        HEAD2_TRY(store_wrong(s, fault, "the object '%.60s' holds another key", e->meta.label));
    HEAD2_TRY(head2_key_protect(key));
    *out = key;
    key = NULL;
done:
    head2_wipe(s->plain, STORE_SEALED_MAX);
    head2_key_free(key);
    return st;
}

enum head2_status store_get_public(struct store *s, const uint8_t id[HEAD2_KEY_ID_BYTES],
                                   struct head2_key **out, struct store_fault *fault)
{
    const struct store_entry *const e = find(s, id);
    uint8_t public[HEAD2_KEY_MAX_PUBLIC], got[HEAD2_KEY_ID_BYTES];
    struct store_body body;
    enum head2_status st;

    *out = NULL;
    memset(fault, 0, sizeof *fault);
    if (e == NULL)
        return no_such_key(s, fault);
    HEAD2_TRY(store_read_object(s, e, public, &body, fault));
    HEAD2_TRY(head2_key_from_public(out, e->meta.alg, public, body.public_len));
    head2_key_id(*out, got);
    if (memcmp(got, id, sizeof got) != 0) { /* it was only looked at */
        head2_key_free(*out);
        *out = NULL;
        st = store_wrong(s, fault, "the object '%.60s' holds another key", e->meta.label);
    }
done:
    head2_wipe(s->plain, STORE_SEALED_MAX);
    return st;
}

/* ---- changing ---- */

/* In a change: seal an entry again, with its metadata as it is now. before: as it was. */
static enum head2_status reseal(struct store *s, struct store_entry *e,
                                const struct store_entry *before, struct store_fault *fault)
{
    uint8_t public[HEAD2_KEY_MAX_PUBLIC];
    struct store_body body;
    enum head2_status st;

    HEAD2_TRY(store_read_object(s, before, public, &body, fault));
    st = store_write_object(s, e, &body, fault);
done:
    head2_wipe(s->plain, STORE_SEALED_MAX);
    return st;
}

bool store_has_approver(const struct store_meta *meta)
{
    static const uint8_t nobody[HEAD2_KEY_ID_BYTES];

    return memcmp(meta->approver, nobody, sizeof nobody) != 0;
}

enum head2_status store_update(struct store *s, const struct store_meta *meta,
                               struct store_fault *fault)
{
    struct store_entry *const e = find(s, meta->id);
    enum head2_status st;

    memset(fault, 0, sizeof *fault);
    if (s->kek == NULL)
        return HEAD2_E_ARG;
    if (e == NULL)
        return no_such_key(s, fault);
    if (!meta_ok(meta, e->meta.alg))
        return HEAD2_E_ARG;
    if (meta->extractable && !e->meta.extractable)
        return store_say(HEAD2_E_POLICY, fault, s->folder, "make another key",
                         "a key that is not extractable never becomes so");
    HEAD2_TRY(store_begin(s, fault));
    const struct store_entry before = *e;
    e->meta = *meta;
    e->meta.alg = before.meta.alg;
    e->meta.uses = before.meta.uses;
    st = store_end(s, reseal(s, e, &before, fault), fault);
done:
    return st;
}

enum head2_status store_use(struct store *s, const uint8_t id[HEAD2_KEY_ID_BYTES], uint32_t n,
                            struct store_fault *fault)
{
    struct store_entry *const e = find(s, id);
    enum head2_status st;

    memset(fault, 0, sizeof *fault);
    if (s->kek == NULL || n > STORE_USE_BLOCK)
        return HEAD2_E_ARG;
    if (e == NULL)
        return no_such_key(s, fault);
    if (e->meta.uses + n <= e->uses_on_disk) {
        e->meta.uses += n;
        return HEAD2_OK;
    }
    HEAD2_TRY(store_begin(s, fault));
    const struct store_entry before = *e;
    e->uses_on_disk = e->meta.uses + STORE_USE_BLOCK;
    e->meta.uses += n;
    st = store_end(s, reseal(s, e, &before, fault), fault);
done:
    return st;
}

enum head2_status store_flush(struct store *s, struct store_fault *fault)
{
    enum head2_status st = HEAD2_OK;
    bool any = false;

    memset(fault, 0, sizeof *fault);
    for (size_t i = 0; i < s->now.count; i++)
        any = any || s->now.entry[i].uses_on_disk != s->now.entry[i].meta.uses;
    if (!any)
        return HEAD2_OK;
    HEAD2_TRY(store_begin(s, fault));
    for (size_t i = 0; st == HEAD2_OK && i < s->now.count; i++) {
        struct store_entry *const e = &s->now.entry[i];
        const struct store_entry before = *e;
        if (e->uses_on_disk == e->meta.uses)
            continue;
        e->uses_on_disk = e->meta.uses;
        st = reseal(s, e, &before, fault);
    }
    st = store_end(s, st, fault);
done:
    return st;
}

static enum head2_status remove_row(struct store *s, const uint8_t id[HEAD2_KEY_ID_BYTES],
                                    struct store_fault *fault)
{
    static const char *const sql[] = {
        "UPDATE object SET sealed = zeroblob(length(sealed)) WHERE id = ?1",
        "DELETE FROM object WHERE id = ?1"};
    bool good = true;

    for (size_t i = 0; good && i < HEAD2_LEN(sql); i++) {
        sqlite3_stmt *stmt = NULL;
        good = sqlite3_prepare_v2(s->db, sql[i], -1, &stmt, NULL) == SQLITE_OK;
        if (good) {
            sqlite3_bind_blob(stmt, 1, id, HEAD2_KEY_ID_BYTES, SQLITE_STATIC);
            good = sqlite3_step(stmt) == SQLITE_DONE;
        }
        sqlite3_finalize(stmt);
    }
    return good ? HEAD2_OK : store_failed(s, fault, "cannot be changed");
}

enum head2_status store_destroy(struct store *s, const uint8_t id[HEAD2_KEY_ID_BYTES],
                                struct store_fault *fault)
{
    struct store_entry *e = find(s, id);
    uint8_t gone[HEAD2_KEY_ID_BYTES]; /* id may be part of the entry */
    enum head2_status st;

    memset(fault, 0, sizeof *fault);
    if (e == NULL)
        return no_such_key(s, fault);
    memcpy(gone, id, sizeof gone);
    HEAD2_TRY(store_begin(s, fault));
    st = remove_row(s, gone, fault);
    if (st == HEAD2_OK) {
        s->now.count--;
        memmove(e, e + 1, (s->now.count - (size_t)(e - s->now.entry)) * sizeof *e);
    }
    HEAD2_TRY(store_end(s, st, fault));
    /* the log still holds what was sealed; where a reader keeps it, it goes at the next chance */
    store_exec(s, "PRAGMA wal_checkpoint(TRUNCATE)");
done:
    return st;
}
