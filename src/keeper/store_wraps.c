/* The wrappings of the store's key, and a new key for all of it. */
#include "keeper/store_db.h"

#include "base/secmem.h"
#include "keeper/wrap.h"

#include <head2/random.h>

enum head2_status store_new_kek(uint8_t **kek)
{
    uint8_t fresh[STORE_KEK_BYTES];
    void *memory = NULL;
    enum head2_status st;

    *kek = NULL;
    HEAD2_TRY(secmem_new(&memory, STORE_KEK_BYTES, SECMEM_LONG_TERM));
    HEAD2_TRY(head2_random_key(fresh, sizeof fresh));
    memcpy(memory, fresh, sizeof fresh);
    *kek = memory;
    memory = NULL;
done:
    head2_wipe(fresh, sizeof fresh);
    secmem_free(memory);
    return st;
}

size_t store_wrappings(const struct store *s, struct store_wrapping *out, size_t cap)
{
    for (size_t i = 0; i < s->now.wrappings && i < cap; i++)
        out[i] = s->now.wrapping[i].about;
    return s->now.wrappings;
}

enum head2_status store_wrap_all(struct store *s, const struct store_unlock *unlocks, size_t n,
                                 struct store_fault *fault)
{
    enum head2_status st = HEAD2_OK;

    for (size_t i = 0; st == HEAD2_OK && i < n; i++) {
        struct wrap_secret *secret = NULL;
        struct form_wrapping *const w = &s->now.wrapping[s->now.wrappings];
        if (s->now.wrappings == STORE_WRAPPINGS_MAX)
            return store_say(HEAD2_E_LIMIT, fault, s->folder, "remove one first",
                             "its key is wrapped in %d ways, and no more", STORE_WRAPPINGS_MAX);
        memset(w, 0, sizeof *w);
        memcpy(w->store, s->now.header.store, sizeof w->store);
        w->about.number = s->now.header.next_wrapping;
        st = wrap_secret_get(&secret, &unlocks[i], fault);
        if (st == HEAD2_OK)
            st = wrap_seal(w, secret, s->kek, fault);
        secmem_free(secret);
        if (st == HEAD2_OK) {
            s->now.wrappings++;
            s->now.header.next_wrapping++;
        }
    }
    return st;
}

enum head2_status store_add_wrapping(struct store *s, const struct store_unlock *unlock,
                                     struct store_fault *fault)
{
    enum head2_status st;

    HEAD2_TRY(store_begin(s, fault));
    st = store_wrap_all(s, unlock, 1, fault);
    if (st == HEAD2_OK)
        st = store_write_wrappings(s, fault);
    st = store_end(s, st, fault);
done:
    return st;
}

enum head2_status store_remove_wrapping(struct store *s, uint32_t number, struct store_fault *fault)
{
    enum head2_status st;
    size_t at = 0;

    memset(fault, 0, sizeof *fault);
    while (at < s->now.wrappings && s->now.wrapping[at].about.number != number)
        at++;
    if (at == s->now.wrappings)
        return store_say(HEAD2_E_STATE, fault, s->folder, "'head2 store wrap-list' shows them",
                         "there is no wrapping of this number");
    if (s->now.wrappings == 1)
        return store_say(HEAD2_E_POLICY, fault, s->folder, "add another one first",
                         "nobody could open it without its last wrapping");
    HEAD2_TRY(store_begin(s, fault));
    s->now.wrappings--;
    memmove(&s->now.wrapping[at], &s->now.wrapping[at + 1],
            (s->now.wrappings - at) * sizeof s->now.wrapping[0]);
    HEAD2_TRY(store_end(s, store_write_wrappings(s, fault), fault));
    store_exec(s, "PRAGMA wal_checkpoint(TRUNCATE)");
done:
    return st;
}

/* In a change, where s->aead has the new key and s->kek is the old one still. */
static enum head2_status reseal_all(struct store *s, struct store_fault *fault)
{
    uint8_t public[HEAD2_KEY_MAX_PUBLIC];
    struct store_body body;
    enum head2_status st = HEAD2_OK;

    for (size_t i = 0; st == HEAD2_OK && i < s->now.count; i++) {
        struct store_entry *const e = &s->now.entry[i];
        HEAD2_TRY(store_read_object(s, e, public, &body, fault));
        st = store_write_object(s, e, &body, fault);
    }
done:
    head2_wipe(s->plain, STORE_SEALED_MAX);
    return st;
}

enum head2_status store_rewrap(struct store *s, const struct store_unlock *unlocks, size_t n,
                               struct store_fault *fault)
{
    uint8_t *fresh = NULL, *const old = s->kek;
    enum head2_status st;

    memset(fault, 0, sizeof *fault);
    if (s->kek == NULL || n == 0 || n > STORE_WRAPPINGS_MAX)
        return HEAD2_E_ARG;
    HEAD2_TRY(store_new_kek(&fresh));
    HEAD2_TRY(store_begin(s, fault));
    s->now.header.seals = 0;
    s->now.wrappings = 0;
    st = head2_aead_set_key(s->aead, fresh, STORE_KEK_BYTES);
    if (st == HEAD2_OK)
        st = reseal_all(s, fault);
    s->kek = fresh;
    if (st == HEAD2_OK)
        st = store_wrap_all(s, unlocks, n, fault);
    if (st == HEAD2_OK)
        st = store_write_wrappings(s, fault);
    const uint64_t revision = s->saved.header.revision;
    st = store_end(s, st, fault);
    /* it is there if the revision has gone up, even where store.revision could not be written */
    const bool done_it = s->now.header.revision != revision;
    s->kek = done_it ? fresh : old;
    fresh = done_it ? old : fresh;
    store_exec(s, "PRAGMA wal_checkpoint(TRUNCATE)");
done:
    secmem_free(fresh);
    return st;
}
