/*
 * HKDF with HMAC-SHA3-512 (RFC 5869; the two-step key derivation of SP 800-56C).
 */
#include "base/base.h"

#include <head2/hash.h>

enum { HASH_LEN = 64 };

/* RFC 5869, Section 2.2. HMAC pads its key with zeros, so that no salt is HashLen zero bytes. */
void head2_hkdf_sha3_512_extract(uint8_t prk[64], const void *salt, size_t salt_len,
                                 const void *ikm, size_t ikm_len)
{
    head2_hmac_sha3_512(prk, salt, salt_len, ikm, ikm_len);
}

/* RFC 5869, Section 2.3: T(i) = HMAC(PRK, T(i-1) || info || i). */
enum head2_status head2_hkdf_sha3_512_expand(uint8_t *out, size_t out_len, const uint8_t prk[64],
                                             const void *info, size_t info_len)
{
    struct head2_hmac_sha3_512 keyed;
    struct head2_hmac_sha3_512 ctx;
    uint8_t t[HASH_LEN];
    size_t t_len = 0; /* T(0) is empty */
    uint8_t counter = 0;

    if (out_len > 255 * HASH_LEN)
        return HEAD2_E_ARG;

    head2_hmac_sha3_512_init(&keyed, prk, HASH_LEN);
    while (out_len != 0) {
        const size_t n = out_len < HASH_LEN ? out_len : HASH_LEN;
        counter++;
        ctx = keyed;
        head2_hmac_sha3_512_update(&ctx, t, t_len);
        head2_hmac_sha3_512_update(&ctx, info, info_len);
        head2_hmac_sha3_512_update(&ctx, &counter, 1);
        head2_hmac_sha3_512_final(&ctx, t);
        t_len = HASH_LEN;
        memcpy(out, t, n);
        out += n;
        out_len -= n;
    }
    head2_wipe(&keyed, sizeof keyed);
    head2_wipe(t, sizeof t);
    return HEAD2_OK;
}
