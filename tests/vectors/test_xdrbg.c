/*
 * XDRBG-256: the values that leancrypto publishes (drng/tests/xdrbg256_tester.c), long scripts of
 * random calls against the definition written over libcrypto's SHAKE256, and the rules that it
 * shares with CTR_DRBG.
 */
#include "check.h"

#include "entropy/xdrbg.h"

#include <head2/hash.h>
#include <openssl/evp.h>

static const struct ctr_drbg_input none = {NULL, 0};

/* ---- a source that numbers what it gives ---- */

struct numbered {
    unsigned given;
    unsigned fail_at; /* 0: never */
    size_t len;       /* of each string */
    uint8_t last[CTR_DRBG_MAX_ENTROPY];
};

static enum head2_status numbered(void *arg, unsigned bits, uint8_t *out, size_t *len)
{
    struct numbered *s = arg;

    CHECK_EQ(bits, s->given == 0 ? XDRBG_INSTANTIATE_BITS : XDRBG_RESEED_BITS);
    if (++s->given == s->fail_at)
        return HEAD2_E_ENTROPY;
    head2_shake256(s->last, s->len, &s->given, sizeof s->given);
    memcpy(out, s->last, s->len);
    *len = s->len;
    return HEAD2_OK;
}

static struct ctr_drbg_source source(struct numbered *s)
{
    return (struct ctr_drbg_source){numbered, s};
}

/* ---- published values ---- */

static enum head2_status published_seed(void *arg, unsigned bits, uint8_t *out, size_t *len)
{
    (void)arg, (void)bits;
    memset(out, 0, 48);
    *len = 48; /* shorter ones are refused: the state is set by hand below */
    return HEAD2_OK;
}

/* The published seed has nine bytes, fewer than the mechanism accepts as entropy. */
static void seeded(struct xdrbg *d)
{
    static const uint8_t seed_and_0[10] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 0};

    CHECK_EQ(
        xdrbg_instantiate(d, (struct ctr_drbg_source){published_seed, NULL}, ctr_drbg_90a, none),
        HEAD2_OK);
    head2_shake256(d->v, sizeof d->v, seed_and_0, sizeof seed_and_0);
}

static void published_values(void)
{
    static const uint8_t digest[32] = {0x28, 0x65, 0xed, 0xe0, 0x6a, 0x93, 0x4c, 0x7c,
                                       0x49, 0xd6, 0x3c, 0x1c, 0xe2, 0x2c, 0xfa, 0xc6,
                                       0x90, 0x26, 0x7a, 0x10, 0xa3, 0xb7, 0xdf, 0x27,
                                       0x09, 0x6a, 0xb7, 0x2c, 0xeb, 0xfa, 0xde, 0xdd};
    static const uint8_t with_83[9] = {0x39, 0x2b, 0x18, 0x96, 0x45, 0x81, 0x86, 0x84, 0xcf};
    static const uint8_t with_84[9] = {0xf0, 0x85, 0xd6, 0xc8, 0xd1, 0x76, 0xd7, 0x12, 0x39};
    struct xdrbg d;
    uint8_t out[247], more[9], got[32];

    seeded(&d);
    CHECK_EQ(xdrbg_generate(&d, out, sizeof out, false, none), HEAD2_OK);
    head2_sha3_256(got, out, sizeof out);
    CHECK(memcmp(got, digest, sizeof got) == 0);
    seeded(&d);
    CHECK_EQ(xdrbg_generate(&d, more, 9, false, (struct ctr_drbg_input){out, 83}), HEAD2_OK);
    CHECK(memcmp(more, with_83, 9) == 0);
    seeded(&d);
    CHECK_EQ(xdrbg_generate(&d, more, 9, false, (struct ctr_drbg_input){out, 84}), HEAD2_OK);
    CHECK(memcmp(more, with_84, 9) == 0);
}

/* ---- the definition, over libcrypto ---- */

static void xof(uint8_t *out, size_t len, const uint8_t *v, const uint8_t *seed, size_t seed_len,
                const uint8_t *alpha, size_t alpha_len, unsigned n)
{
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    const uint8_t last = (uint8_t)(n * 85 + alpha_len);

    CHECK(md != NULL && EVP_DigestInit_ex(md, EVP_shake256(), NULL) == 1);
    CHECK(v == NULL || EVP_DigestUpdate(md, v, 64) == 1);
    CHECK(EVP_DigestUpdate(md, seed, seed_len) == 1 && EVP_DigestUpdate(md, alpha, alpha_len) == 1);
    CHECK(EVP_DigestUpdate(md, &last, 1) == 1 && EVP_DigestFinalXOF(md, out, len) == 1);
    EVP_MD_CTX_free(md);
}

static void against_the_definition(void)
{
    static uint8_t got[1000], want[1000], t[64 + 208], alpha[84];
    struct numbered s = {.len = 64};
    struct xdrbg d;
    uint8_t v[64];

    for (unsigned i = 0; i < sizeof alpha; i++)
        alpha[i] = (uint8_t)(i * 7 + 1);
    CHECK_EQ(xdrbg_instantiate(&d, source(&s), ctr_drbg_90a, (struct ctr_drbg_input){alpha, 20}),
             HEAD2_OK);
    xof(v, 64, NULL, s.last, s.len, alpha, 20, 0);
    for (unsigned i = 0; i < 400; i++) {
        const size_t len = (size_t)i * 17 % sizeof got;
        const struct ctr_drbg_input add = {alpha, i % 85};
        const bool fresh = i % 3 == 0;
        CHECK_EQ(xdrbg_generate(&d, got, len, fresh, add), HEAD2_OK);
        if (fresh)
            xof(v, 64, v, s.last, s.len, alpha, add.len, 1);
        size_t at = 0;
        do {
            const size_t n = len - at < 208 ? len - at : 208;
            xof(t, 64 + n, v, alpha, 0, alpha, at == 0 && !fresh ? add.len : 0, 2);
            memcpy(v, t, 64);
            memcpy(want + at, t + 64, n);
            at += n;
        } while (at < len);
        CHECK(memcmp(got, want, len) == 0);
        CHECK(memcmp(d.v, v, 64) == 0);
        if (i % 7 == 0) {
            CHECK_EQ(xdrbg_reseed(&d, add), HEAD2_OK);
            xof(v, 64, v, s.last, s.len, alpha, add.len, 1);
        }
    }
}

/* ---- rules ---- */

static void arguments_and_limits(void)
{
    static const uint8_t long_alpha[85];
    const struct ctr_drbg_input too_long = {long_alpha, sizeof long_alpha};
    const struct ctr_drbg_policy none_allowed = {0, 1}, no_bytes = {1, 0},
                                 too_many = {((uint64_t)1 << 48) + 1, 1};
    struct numbered s = {.len = 64};
    struct xdrbg d;
    uint8_t out[4];

    memset(&d, 0, sizeof d);
    CHECK_EQ(xdrbg_generate(&d, out, 4, false, none), HEAD2_E_STATE);
    CHECK_EQ(xdrbg_reseed(&d, none), HEAD2_E_STATE);
    CHECK_EQ(xdrbg_instantiate(&d, source(&s), none_allowed, none), HEAD2_E_ARG);
    CHECK_EQ(xdrbg_instantiate(&d, source(&s), no_bytes, none), HEAD2_E_ARG);
    CHECK_EQ(xdrbg_instantiate(&d, source(&s), too_many, none), HEAD2_E_ARG);
    CHECK_EQ(xdrbg_instantiate(&d, (struct ctr_drbg_source){0}, ctr_drbg_90a, none), HEAD2_E_ARG);
    CHECK_EQ(xdrbg_instantiate(&d, source(&s), ctr_drbg_90a, too_long), HEAD2_E_ARG);
    CHECK_EQ(d.requests, 0);
    CHECK_EQ(xdrbg_instantiate(&d, source(&s), ctr_drbg_90a, none), HEAD2_OK);
    CHECK_EQ(xdrbg_reseed(&d, too_long), HEAD2_E_ARG);
    memset(out, 7, sizeof out);
    CHECK_EQ(xdrbg_generate(&d, out, 4, false, too_long), HEAD2_E_ARG);
    CHECK(memcmp(out, "\0\0\0\0", 4) == 0);
    s = (struct numbered){.len = 47}; /* 376 bits cannot hold 384 */
    CHECK_EQ(xdrbg_instantiate(&d, source(&s), ctr_drbg_90a, none), HEAD2_E_ENTROPY);
    CHECK_EQ(d.requests, 0);
}

static void reseeds_when_due(void)
{
    static uint8_t out[1 << 15];
    const struct ctr_drbg_policy after_3 = {3, UINT64_MAX};
    struct numbered s = {.len = 64};
    struct xdrbg d;

    CHECK_EQ(xdrbg_instantiate(&d, source(&s), ctr_drbg_strict, none), HEAD2_OK);
    CHECK_EQ(xdrbg_generate(&d, out, sizeof out, false, none), HEAD2_OK);
    CHECK_EQ(s.given, 3); /* 78 requests of 208 bytes fit into 2^17 bits: 16,224 bytes */
    CHECK(d.bytes <= 1 << 14);
    s.given = 0;
    CHECK_EQ(xdrbg_instantiate(&d, source(&s), after_3, none), HEAD2_OK);
    for (unsigned i = 0; i < 9; i++)
        CHECK_EQ(xdrbg_generate(&d, out, 1, false, none), HEAD2_OK);
    CHECK_EQ(s.given, 3);
    CHECK_EQ(d.reseeds, 2);
}

static void failing_source(void)
{
    static uint8_t out[600], zeros[600];
    struct numbered s = {.len = 64, .fail_at = 1};
    const struct ctr_drbg_policy each = {1, UINT64_MAX};
    struct xdrbg d;

    CHECK_EQ(xdrbg_instantiate(&d, source(&s), ctr_drbg_90a, none), HEAD2_E_ENTROPY);
    CHECK_EQ(d.requests, 0);
    s = (struct numbered){.len = 64, .fail_at = 3};
    CHECK_EQ(xdrbg_instantiate(&d, source(&s), each, none), HEAD2_OK);
    memset(out, 7, sizeof out);
    CHECK_EQ(xdrbg_generate(&d, out, sizeof out, false, none), HEAD2_E_ENTROPY);
    CHECK(memcmp(out, zeros, sizeof out) == 0);
    CHECK_EQ(xdrbg_generate(&d, out, 1, true, none), HEAD2_OK);
}

static void wiped(void)
{
    static const struct xdrbg gone;
    struct numbered s = {.len = 64};
    struct xdrbg d;

    CHECK_EQ(xdrbg_instantiate(&d, source(&s), ctr_drbg_90a, none), HEAD2_OK);
    xdrbg_uninstantiate(&d);
    CHECK(memcmp(&d, &gone, sizeof d) == 0);
}

int main(void)
{
    RUN(published_values);
    RUN(against_the_definition);
    RUN(arguments_and_limits);
    RUN(reseeds_when_due);
    RUN(failing_source);
    RUN(wiped);
    return check_failures != 0;
}
