/* What the seals of the store cover, and the digests in its header. */
#include "keeper/store_db.h"

#include <head2/hash.h>
#include <head2/random.h>

static const char object_title[] = "HEAD-2 store 1: object";
static const char header_title[] = "HEAD-2 store 1: header";

#define TITLE (sizeof object_title - 1)
_Static_assert(sizeof object_title == sizeof header_title, "one length");

enum head2_status store_aead(struct head2_aead **out, const uint8_t kek[STORE_KEK_BYTES])
{
    enum head2_status st;

    HEAD2_TRY(head2_aead_new(out));
    HEAD2_TRY(head2_aead_set_key(*out, kek, STORE_KEK_BYTES));
done:
    if (st != HEAD2_OK) {
        head2_aead_free(*out);
        *out = NULL;
    }
    return st;
}

void store_object_aad(struct store_object_aad *out, const uint8_t store[STORE_ID_BYTES],
                      const uint8_t meta[FORM_META_BYTES], const uint8_t *public, size_t public_len)
{
    HEAD2_REQUIRES(public_len <= HEAD2_KEY_MAX_PUBLIC);
    memcpy(out->bytes, object_title, TITLE);
    memcpy(out->bytes + TITLE, store, STORE_ID_BYTES);
    memcpy(out->bytes + TITLE + STORE_ID_BYTES, meta, FORM_META_BYTES);
    copy_bytes(out->bytes + TITLE + STORE_ID_BYTES + FORM_META_BYTES, public, public_len);
    out->len = TITLE + STORE_ID_BYTES + FORM_META_BYTES + public_len;
}

/* Of (id, revision, tag) of each, in the order of their ids. */
void store_objects_digest(uint8_t digest[STORE_DIGEST_BYTES], const struct store_contents *c)
{
    struct head2_keccak hash;
    uint8_t row[HEAD2_KEY_ID_BYTES + 8 + HEAD2_AEAD_TAG_BYTES];

    head2_sha3_256_init(&hash);
    for (size_t i = 0; i < c->count; i++) {
        const struct store_entry *const e = &c->entry[i];
        memcpy(row, e->meta.id, HEAD2_KEY_ID_BYTES);
        put_be64(row + HEAD2_KEY_ID_BYTES, e->meta.revision);
        memcpy(row + HEAD2_KEY_ID_BYTES + 8, e->tag, sizeof e->tag);
        head2_sha3_update(&hash, row, sizeof row);
    }
    head2_sha3_final(&hash, digest);
}

void store_wrappings_digest(uint8_t digest[STORE_DIGEST_BYTES], const struct store_contents *c)
{
    struct head2_keccak hash;
    uint8_t record[FORM_WRAPPING_MAX];

    head2_sha3_256_init(&hash);
    for (size_t i = 0; i < c->wrappings; i++)
        head2_sha3_update(&hash, record, form_wrapping_write(record, &c->wrapping[i]));
    head2_sha3_final(&hash, digest);
}

static void header_aad(uint8_t out[TITLE + FORM_HEADER_AAD], const struct form_header *h)
{
    memcpy(out, header_title, TITLE);
    form_header_aad(out + TITLE, h);
}

enum head2_status store_header_seal(struct form_header *h, struct head2_aead *aead)
{
    uint8_t aad[TITLE + FORM_HEADER_AAD];
    enum head2_status st;

    header_aad(aad, h);
    HEAD2_TRY(head2_random(h->nonce, sizeof h->nonce));
    st = head2_aead_seal(aead, h->tag, h->nonce, aad, sizeof aad, NULL, 0);
done:
    return st;
}

enum head2_status store_header_check(const struct form_header *h, struct head2_aead *aead)
{
    uint8_t aad[TITLE + FORM_HEADER_AAD], nothing[1];

    header_aad(aad, h);
    return head2_aead_open(aead, nothing, h->nonce, aad, sizeof aad, h->tag, sizeof h->tag);
}

void store_header_digest(uint8_t digest[STORE_DIGEST_BYTES], const struct form_header *h)
{
    uint8_t record[FORM_HEADER_BYTES];

    form_header_write(record, h);
    head2_sha3_256(digest, record, sizeof record);
}
