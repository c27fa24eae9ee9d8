/*
 * The answers: SHA-3, SHAKE and BLAKE3 of the empty message are in their specifications;
 * AES-256-GCM is test case 14 of the GCM specification; HMAC and HKDF were computed with Python's
 * hashlib, and the digests over ML-KEM and ML-DSA outputs with @noble/post-quantum, from the seeds
 * below.
 */
#include "artifact/selftest.h"

#include "artifact/base64.h"

#include <head2/aead.h>
#include <head2/hash.h>
#include <head2/mldsa.h>
#include <head2/mlkem.h>

static bool is_hex(const uint8_t *p, size_t len, const char *hex)
{
    uint8_t want[64];
    return len <= sizeof want && hex_decode(want, len, hex, strlen(hex)) == HEAD2_OK &&
           memcmp(want, p, len) == 0;
}

/* count bytes first, first + 1, first + 2 ... */
static void count_up(uint8_t *p, size_t count, unsigned first)
{
    for (size_t i = 0; i < count; i++)
        p[i] = (uint8_t)(first + i);
}

static bool sha3_passes(void)
{
    uint8_t d[64];
    head2_sha3_256(d, NULL, 0);
    if (!is_hex(d, 32, "a7ffc6f8bf1ed76651c14756a061d662f580ff4de43b49fa82d80a4b80f8434a"))
        return false;
    head2_sha3_512(d, NULL, 0);
    return is_hex(d, 64,
                  "a69f73cca23a9ac5c8b567dc185a756e97c982164fe25859e0d1dcc1475c80a6"
                  "15b2123af1f5f94c11e3e9402c3ac558f500199d95b6d3e301758586281dcd26");
}

static bool shake_passes(void)
{
    uint8_t d[32];
    head2_shake128(d, sizeof d, NULL, 0);
    if (!is_hex(d, 32, "7f9c2ba4e88f827d616045507605853ed73b8093f6efbc88eb1a6eacfa66ef26"))
        return false;
    head2_shake256(d, sizeof d, NULL, 0);
    return is_hex(d, 32, "46b9dd2b0ba88d13233b3feb743eeb243fcd52ea62b81b82b50c27646ed5762f");
}

static bool blake3_passes(void)
{
    uint8_t d[32];
    head2_blake3(d, NULL, 0);
    return is_hex(d, 32, "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262");
}

static bool hkdf_passes(void)
{
    uint8_t prk[64], out[32];
    head2_hmac_sha3_512(prk, "key", 3, "head2", 5);
    if (!is_hex(prk, 64,
                "a5626ac9b3d771422ce24e77031d8b815c25c32ba258433008996b3744ff6585"
                "9878b9bb9cd5980fe8311f49199aa4f7f5d97443abf5493fa0e082793cefea28"))
        return false;
    head2_hkdf_sha3_512_extract(prk, "salt", 4, "ikm", 3);
    return head2_hkdf_sha3_512_expand(out, sizeof out, prk, "info", 4) == HEAD2_OK &&
           is_hex(out, 32, "6829b2bdf3102d20161f7f54e204bddcd0397391be5b32a818770ec7e96c714e");
}

static bool aes_passes(void)
{
    const uint8_t zeros[32] = {0};
    uint8_t out[32], back[16];
    struct head2_aead *aead = NULL;

    bool ok = head2_aead_new(&aead) == HEAD2_OK &&
              head2_aead_set_key(aead, zeros, 32) == HEAD2_OK &&
              head2_aead_seal(aead, out, zeros, NULL, 0, zeros, 16) == HEAD2_OK &&
              is_hex(out, 32, "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919") &&
              head2_aead_open(aead, back, zeros, NULL, 0, out, 32) == HEAD2_OK;
    out[31] ^= 1;
    ok = ok && head2_aead_open(aead, back, zeros, NULL, 0, out, 32) == HEAD2_E_VERIFY;
    head2_aead_free(aead);
    return ok;
}

static bool mlkem_passes(void)
{
    static const char want[] = "c65104220bac53e5f1e819d29048ce747e19bb5e30390a1732aa124faf71f725";
    uint8_t ek[HEAD2_MLKEM1024_EK_BYTES], dk[HEAD2_MLKEM1024_DK_BYTES];
    uint8_t ct[HEAD2_MLKEM1024_CT_BYTES], digest[32];
    struct head2_secret64 seed;
    struct head2_secret32 m, ss, ss2;
    struct head2_keccak sha3;

    count_up(seed.b, sizeof seed.b, 0);
    count_up(m.b, sizeof m.b, 64);
    if (head2_mlkem1024_keypair_from_seed(ek, dk, &seed) != HEAD2_OK ||
        head2_mlkem1024_encaps_derand(ct, &ss, ek, &m) != HEAD2_OK ||
        head2_mlkem1024_decaps(&ss2, dk, ct) != HEAD2_OK ||
        head2_equal(ss.b, ss2.b, sizeof ss.b) != HEAD2_OK)
        return false;
    head2_sha3_256_init(&sha3);
    head2_sha3_update(&sha3, ek, sizeof ek);
    head2_sha3_update(&sha3, dk, sizeof dk);
    head2_sha3_update(&sha3, ct, sizeof ct);
    head2_sha3_update(&sha3, ss.b, sizeof ss.b);
    head2_sha3_final(&sha3, digest);
    return is_hex(digest, sizeof digest, want);
}

static bool mldsa_passes(void)
{
    static const char want[] = "ba78659f51b65aca9db005847cec0c58673745849dfafd2218dc737424419115";
    static const uint8_t msg[] = "head2", ctx[] = "self-test";
    uint8_t pk[HEAD2_MLDSA87_PK_BYTES], sk[HEAD2_MLDSA87_SK_BYTES];
    uint8_t sig[HEAD2_MLDSA87_SIG_BYTES], digest[32];
    struct head2_secret32 xi;
    struct head2_keccak sha3;

    count_up(xi.b, sizeof xi.b, 96);
    if (head2_mldsa87_keypair_from_seed(pk, sk, &xi) != HEAD2_OK ||
        head2_mldsa87_sign_deterministic(sig, msg, 5, ctx, 9, sk) != HEAD2_OK ||
        head2_mldsa87_verify(pk, msg, 5, ctx, 9, sig, sizeof sig) != HEAD2_OK ||
        head2_mldsa87_verify(pk, msg, 4, ctx, 9, sig, sizeof sig) != HEAD2_E_VERIFY)
        return false;
    head2_sha3_256_init(&sha3);
    head2_sha3_update(&sha3, pk, sizeof pk);
    head2_sha3_update(&sha3, sk, sizeof sk);
    head2_sha3_update(&sha3, sig, sizeof sig);
    head2_sha3_final(&sha3, digest);
    return is_hex(digest, sizeof digest, want);
}

const struct selftest selftests[] = {
    {"SHA-3",                  sha3_passes  },
    {"SHAKE",                  shake_passes },
    {"BLAKE3",                 blake3_passes},
    {"HMAC and HKDF-SHA3-512", hkdf_passes  },
    {"AES-256-GCM",            aes_passes   },
    {"ML-KEM-1024",            mlkem_passes },
    {"ML-DSA-87",              mldsa_passes },
};
const size_t selftest_count = HEAD2_LEN(selftests);

const char *selftest_all(void)
{
    for (size_t i = 0; i < selftest_count; i++)
        if (!selftests[i].passes())
            return selftests[i].name;
    return NULL;
}
