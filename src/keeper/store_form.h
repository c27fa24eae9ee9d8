/*
 * The records of the sealed store as bytes: an object's metadata, a wrapping, the header, and the
 * line of store.revision. Integers are big-endian, all that is not used is zero, and what is read
 * here is written again as the same bytes. docs/formats.md has the tables.
 */
#ifndef HEAD2_KEEPER_STORE_FORM_H
#define HEAD2_KEEPER_STORE_FORM_H

#include "keeper/store.h"

#include <head2/aead.h>

#define FORM_META_BYTES   168
#define FORM_HEADER_AAD   153
#define FORM_HEADER_BYTES (FORM_HEADER_AAD + HEAD2_AEAD_NONCE_BYTES + HEAD2_AEAD_TAG_BYTES)
#define FORM_SALT_BYTES   32
#define FORM_EXTRA_MAX    2048 /* what a TPM needs to be told */
#define FORM_CHECK_BYTES  8
#define FORM_SEALED_KEK   (STORE_KEK_BYTES + HEAD2_AEAD_TAG_BYTES)
#define FORM_WRAPPING_AAD (129 + FORM_EXTRA_MAX) /* at the most */
#define FORM_WRAPPING_MAX                                                                          \
    (FORM_WRAPPING_AAD + HEAD2_AEAD_NONCE_BYTES + FORM_SEALED_KEK + FORM_CHECK_BYTES)
#define FORM_REVISION_MAX 256

/* scrypt's work, as it is believed of a record before anything of it is authenticated: as much as
 * 256 MiB, 16 times over. */
#define FORM_LOG_N_MIN 10
#define FORM_LOG_N_MAX 18
#define FORM_R         8
#define FORM_P_MAX     16

/* HEAD2_E_ARG: out of range. */
HEAD2_CHECK enum head2_status form_meta_write(uint8_t out[FORM_META_BYTES],
                                              const struct store_meta *meta);
/* HEAD2_OK, HEAD2_E_MALFORMED or HEAD2_E_UNSUPPORTED (a later version), as those below. */
HEAD2_CHECK enum head2_status form_meta_read(struct store_meta *meta, const uint8_t *in,
                                             size_t len);

struct form_wrapping {
    struct store_wrapping about;
    uint8_t store[STORE_ID_BYTES], salt[FORM_SALT_BYTES];
    uint8_t extra[FORM_EXTRA_MAX];
    size_t extra_len;
    uint8_t nonce[HEAD2_AEAD_NONCE_BYTES], sealed[FORM_SEALED_KEK];
};
/* The part that the seal covers; its length. */
size_t form_wrapping_aad(uint8_t out[FORM_WRAPPING_AAD], const struct form_wrapping *w);
size_t form_wrapping_write(uint8_t out[FORM_WRAPPING_MAX], const struct form_wrapping *w);
HEAD2_CHECK enum head2_status form_wrapping_read(struct form_wrapping *w, const uint8_t *in,
                                                 size_t len);

struct form_header {
    uint8_t store[STORE_ID_BYTES];
    uint64_t revision;
    uint64_t before; /* the revision that store.revision shows until it is written anew, */
    uint8_t before_digest[STORE_DIGEST_BYTES]; /* and its digest */
    uint64_t seals;                            /* under this KEK, with this one */
    uint64_t objects;
    uint32_t wrappings, next_wrapping;
    uint8_t objects_digest[STORE_DIGEST_BYTES], wrappings_digest[STORE_DIGEST_BYTES];
    uint8_t nonce[HEAD2_AEAD_NONCE_BYTES], tag[HEAD2_AEAD_TAG_BYTES];
};
void form_header_aad(uint8_t out[FORM_HEADER_AAD], const struct form_header *h);
void form_header_write(uint8_t out[FORM_HEADER_BYTES], const struct form_header *h);
HEAD2_CHECK enum head2_status form_header_read(struct form_header *h, const uint8_t *in,
                                               size_t len);

/* store.revision: one line; its length. */
size_t form_revision_write(char out[FORM_REVISION_MAX], const struct store_anchor *a);
HEAD2_CHECK enum head2_status form_revision_read(struct store_anchor *a, const char *in,
                                                 size_t len);

/* Labels and names: no control characters, and zeros to the end. */
bool form_label_ok(const char label[STORE_LABEL_MAX]);

#endif
