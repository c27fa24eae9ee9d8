/*
 * What must hold for every ML-DSA signature: the interfaces agree with each other, nothing but the
 * signed message under its context and key is accepted, there is one encoding of each signature,
 * and an error leaves nothing behind.
 */
#include "check.h"

#include "mldsa/kernels_portable.h"
#include "mldsa/mldsa.h"
#include "mldsa/pack.h"
#include "mldsa/sample.h"

#include <head2/hash.h>
#include <head2/random.h>

typedef enum head2_status verify_fn(const uint8_t *pk, const uint8_t *msg, size_t msg_len,
                                    const uint8_t *ctx, size_t ctx_len, const uint8_t *sig,
                                    size_t sig_len);
typedef enum head2_status sign_fn(uint8_t *sig, const uint8_t *msg, size_t msg_len,
                                  const uint8_t *ctx, size_t ctx_len, const uint8_t *sk);
typedef enum head2_status sign_hash_fn(uint8_t *sig, enum head2_prehash hash, const uint8_t *digest,
                                       size_t digest_len, const uint8_t *ctx, size_t ctx_len,
                                       const uint8_t *sk);

/* The public functions of one set. */
struct api {
    const struct mldsa_params *P;
    enum mldsa_set set;
    enum head2_status (*keypair)(uint8_t *pk, uint8_t *sk);
    enum head2_status (*from_seed)(uint8_t *pk, uint8_t *sk, const struct head2_secret32 *xi);
    enum head2_status (*public_of)(uint8_t *pk, const uint8_t *sk);
    sign_fn *sign, *sign_deterministic;
    sign_hash_fn *sign_hash, *sign_hash_deterministic;
    enum head2_status (*sign_mu)(uint8_t *sig, const uint8_t *mu, const uint8_t *sk);
    enum head2_status (*mu)(uint8_t *mu, const uint8_t *pk, const uint8_t *msg, size_t msg_len,
                            const uint8_t *ctx, size_t ctx_len);
    verify_fn *verify;
    enum head2_status (*verify_hash)(const uint8_t *pk, enum head2_prehash hash,
                                     const uint8_t *digest, size_t digest_len, const uint8_t *ctx,
                                     size_t ctx_len, const uint8_t *sig, size_t sig_len);
    enum head2_status (*verify_mu)(const uint8_t *pk, const uint8_t *mu, const uint8_t *sig,
                                   size_t sig_len);
};

#define API(n)                                                                                     \
    {                                                                                              \
        &mldsa_##n, MLDSA_##n, head2_mldsa##n##_keypair, head2_mldsa##n##_keypair_from_seed,       \
            head2_mldsa##n##_public_from_private, head2_mldsa##n##_sign,                           \
            head2_mldsa##n##_sign_deterministic, head2_mldsa##n##_sign_hash,                       \
            head2_mldsa##n##_sign_hash_deterministic, head2_mldsa##n##_sign_mu,                    \
            head2_mldsa##n##_mu, head2_mldsa##n##_verify, head2_mldsa##n##_verify_hash,            \
            head2_mldsa##n##_verify_mu                                                             \
    }

static const struct api sets[] = {API(44), API(65), API(87)};

/* one key, message and signature of each set */
static uint8_t pk[3][HEAD2_MLDSA87_PK_BYTES], sk[3][HEAD2_MLDSA87_SK_BYTES];
static uint8_t sig[3][HEAD2_MLDSA87_SIG_BYTES];
static const uint8_t msg[] = "volume 12.4 l, droplet 180 um";
static const uint8_t ctx[] = "head2/test";
#define MSG msg, sizeof msg
#define CTX ctx, sizeof ctx

static void make_signatures(void)
{
    for (size_t s = 0; s < HEAD2_LEN(sets); s++) {
        CHECK_EQ(sets[s].keypair(pk[s], sk[s]), HEAD2_OK);
        CHECK_EQ(sets[s].sign(sig[s], MSG, CTX, sk[s]), HEAD2_OK);
        CHECK_EQ(sets[s].verify(pk[s], MSG, CTX, sig[s], sets[s].P->sig_bytes), HEAD2_OK);
    }
}

static bool accepted(size_t s)
{
    enum head2_status st = sets[s].verify(pk[s], MSG, CTX, sig[s], sets[s].P->sig_bytes);
    CHECK(st == HEAD2_OK || st == HEAD2_E_VERIFY);
    return st == HEAD2_OK;
}

static bool is_zero(const uint8_t *p, size_t len)
{
    uint8_t all = 0;
    for (size_t i = 0; i < len; i++)
        all |= p[i];
    return all == 0;
}

static void interfaces_agree(void)
{
    static uint8_t a[HEAD2_MLDSA87_SIG_BYTES], b[HEAD2_MLDSA87_SIG_BYTES];
    for (size_t s = 0; s < HEAD2_LEN(sets); s++) {
        const struct api *f = &sets[s];
        const size_t n = f->P->sig_bytes;
        uint8_t mu[HEAD2_MLDSA_MU_BYTES];
        CHECK_EQ(f->sign_deterministic(a, MSG, CTX, sk[s]), HEAD2_OK);
        CHECK_EQ(f->sign_deterministic(b, MSG, CTX, sk[s]), HEAD2_OK);
        CHECK_MEM(a, b, n);
        CHECK_EQ(f->sign(b, MSG, CTX, sk[s]), HEAD2_OK);
        CHECK_SAY(memcmp(a, b, n) != 0, "a hedged signature equals the deterministic one");
        CHECK_EQ(f->mu(mu, pk[s], MSG, CTX), HEAD2_OK);
        CHECK_EQ(f->verify_mu(pk[s], mu, a, n), HEAD2_OK);
        CHECK_EQ(f->sign_mu(b, mu, sk[s]), HEAD2_OK);
        CHECK_EQ(f->verify(pk[s], MSG, CTX, b, n), HEAD2_OK);
        mu[0] ^= 1;
        CHECK_EQ(f->verify_mu(pk[s], mu, a, n), HEAD2_E_VERIFY);
        CHECK_EQ(f->sign(b, NULL, 0, NULL, 0, sk[s]), HEAD2_OK);
        CHECK_EQ(f->verify(pk[s], NULL, 0, NULL, 0, b, n), HEAD2_OK);
        CHECK_EQ(f->verify(pk[s], MSG, NULL, 0, b, n), HEAD2_E_VERIFY);
    }
}

static void prehashes(void)
{
    static const struct {
        const char *hex; /* the first four bytes of the digest of "abc" */
        size_t len;
    } abc[] = {
        {"23097d22",         28},
        {"ba7816bf",         32},
        {"cb00753f",         48},
        {"ddaf35a1",         64},
        {"4634270f",         28},
        {"53048e26",         32},
        {"e642824c",         28},
        {"3a985da7",         32},
        {"ec01498288",       48},
        {"b751850b",         64},
        {"5881092d",         32},
        {"483366601360a877", 64}
    };
    static uint8_t out[HEAD2_MLDSA87_SIG_BYTES];
    for (unsigned h = 0; h < HEAD2_LEN(abc); h++) {
        const size_t s = h % HEAD2_LEN(sets), n = sets[s].P->sig_bytes, len = abc[h].len;
        const enum head2_prehash other = (h + 1) % HEAD2_LEN(abc);
        uint8_t digest[HEAD2_PREHASH_MAX_BYTES], want[8];
        CHECK_EQ(head2_prehash_bytes((enum head2_prehash)h), len);
        CHECK_EQ(head2_prehash(digest, (enum head2_prehash)h, (const uint8_t *)"abc", 3), HEAD2_OK);
        CHECK_MEM(digest, want, check_hex(want, sizeof want, abc[h].hex));
        CHECK_EQ(sets[s].sign_hash(out, (enum head2_prehash)h, digest, len, CTX, sk[s]), HEAD2_OK);
        CHECK_EQ(sets[s].verify_hash(pk[s], (enum head2_prehash)h, digest, len, CTX, out, n),
                 HEAD2_OK);
        CHECK_EQ(sets[s].verify(pk[s], digest, len, CTX, out, n), HEAD2_E_VERIFY);
        CHECK_EQ(sets[s].verify_hash(pk[s], other, digest, len, CTX, out, n), HEAD2_E_VERIFY);
        CHECK_EQ(sets[s].verify_hash(pk[s], (enum head2_prehash)h, digest, len - 1, CTX, out, n),
                 HEAD2_E_VERIFY);
        CHECK_EQ(sets[s].verify_hash(pk[s], (enum head2_prehash)99, digest, len, CTX, out, n),
                 HEAD2_E_VERIFY);
    }
    uint8_t digest[HEAD2_PREHASH_MAX_BYTES];
    CHECK_EQ(head2_prehash_bytes((enum head2_prehash)12), 0);
    CHECK_EQ(head2_prehash(digest, (enum head2_prehash)12, MSG), HEAD2_E_ARG);
}

static void contexts(void)
{
    static uint8_t out[HEAD2_MLDSA87_SIG_BYTES], long_ctx[256];
    for (size_t s = 0; s < HEAD2_LEN(sets); s++) {
        const struct api *f = &sets[s];
        const size_t n = f->P->sig_bytes;
        uint8_t mu[HEAD2_MLDSA_MU_BYTES];
        CHECK_EQ(f->sign(out, MSG, long_ctx, 255, sk[s]), HEAD2_OK);
        CHECK_EQ(f->verify(pk[s], MSG, long_ctx, 255, out, n), HEAD2_OK);
        CHECK_EQ(f->verify(pk[s], MSG, long_ctx, 254, out, n), HEAD2_E_VERIFY);
        CHECK_EQ(f->verify(pk[s], MSG, long_ctx, 256, out, n), HEAD2_E_VERIFY);
        CHECK_EQ(f->verify(pk[s], MSG, ctx, sizeof ctx - 1, sig[s], n), HEAD2_E_VERIFY);
        CHECK_EQ(f->mu(mu, pk[s], MSG, long_ctx, 256), HEAD2_E_ARG);
        CHECK(is_zero(mu, sizeof mu));
        CHECK_EQ(f->sign(out, MSG, long_ctx, 256, sk[s]), HEAD2_E_ARG);
        CHECK_SAY(is_zero(out, n), "a signature is left after an error");
        memset(out, 1, n);
        CHECK_EQ(f->sign_hash(out, HEAD2_PREHASH_SHA3_512, msg, 63, CTX, sk[s]), HEAD2_E_ARG);
        CHECK(is_zero(out, n));
        memset(out, 1, n);
        CHECK_EQ(f->sign_hash_deterministic(out, (enum head2_prehash) - 1, msg, 0, CTX, sk[s]),
                 HEAD2_E_ARG);
        CHECK(is_zero(out, n));
    }
    /* a context is not a part of the message */
    const uint8_t joined[] = "ab";
    CHECK_EQ(sets[0].sign(out, joined + 1, 1, joined, 1, sk[0]), HEAD2_OK);
    CHECK_EQ(sets[0].verify(pk[0], joined, 2, NULL, 0, out, sets[0].P->sig_bytes), HEAD2_E_VERIFY);
}

static void flip_signature(size_t s, size_t step)
{
    for (size_t bit = 0; bit < 8 * sets[s].P->sig_bytes; bit += step) {
        sig[s][bit / 8] ^= (uint8_t)(1U << bit % 8);
        const bool taken = accepted(s);
        sig[s][bit / 8] ^= (uint8_t)(1U << bit % 8);
        CHECK_SAY(!taken, "set %zu accepts its signature with bit %zu changed", s, bit);
    }
    CHECK(accepted(s));
}

static void every_signature_bit_44(void)
{
    flip_signature(0, 1);
}

static void signature_bits_65_and_87(void)
{
    flip_signature(1, 13);
    flip_signature(2, 11);
}

static void public_key_bits(void)
{
    for (size_t s = 0; s < HEAD2_LEN(sets); s++) {
        for (size_t bit = 0; bit < 8 * sets[s].P->pk_bytes; bit += 29) {
            pk[s][bit / 8] ^= (uint8_t)(1U << bit % 8);
            const bool taken = accepted(s);
            pk[s][bit / 8] ^= (uint8_t)(1U << bit % 8);
            CHECK_SAY(!taken, "set %zu accepts with bit %zu of pk changed", s, bit);
        }
    }
}

static void message_bits(void)
{
    for (size_t s = 0; s < HEAD2_LEN(sets); s++) {
        const size_t n = sets[s].P->sig_bytes;
        for (size_t bit = 0; bit < 8 * sizeof msg; bit++) {
            uint8_t other[sizeof msg];
            memcpy(other, msg, sizeof msg);
            other[bit / 8] ^= (uint8_t)(1U << bit % 8);
            CHECK_EQ(sets[s].verify(pk[s], other, sizeof other, CTX, sig[s], n), HEAD2_E_VERIFY);
        }
        CHECK_EQ(sets[s].verify(pk[s], msg, sizeof msg - 1, CTX, sig[s], n), HEAD2_E_VERIFY);
    }
}

static void lengths(void)
{
    static uint8_t longer[HEAD2_MLDSA87_SIG_BYTES + 1];
    for (size_t s = 0; s < HEAD2_LEN(sets); s++) {
        const size_t n = sets[s].P->sig_bytes;
        memcpy(longer, sig[s], n);
        CHECK_EQ(sets[s].verify(pk[s], MSG, CTX, longer, n + 1), HEAD2_E_VERIFY);
        CHECK_EQ(sets[s].verify(pk[s], MSG, CTX, longer, n - 1), HEAD2_E_VERIFY);
        CHECK_EQ(sets[s].verify(pk[s], MSG, CTX, NULL, 0), HEAD2_E_VERIFY);
        CHECK_EQ(sets[s].verify_mu(pk[s], longer, longer, n + 1), HEAD2_E_VERIFY);
    }
}

/* Other encodings of the same hint: all refused, so a signature cannot be changed into another. */
static void hint_has_one_encoding(void)
{
    for (size_t s = 0; s < HEAD2_LEN(sets); s++) {
        const unsigned k = sets[s].P->k, omega = sets[s].P->omega;
        uint8_t *const hint = sig[s] + sets[s].P->sig_bytes - omega - k;
        uint8_t *const ends = hint + omega;
        uint8_t saved[MAX_OMEGA + MAX_K];
        memcpy(saved, hint, omega + k);
        for (unsigned i = 0; i < k; i++) { /* two positions of one polynomial exchanged, doubled */
            const unsigned begin = i == 0 ? 0 : ends[i - 1];
            if (ends[i] < begin + 2)
                continue;
            hint[begin] = saved[begin + 1];
            CHECK(!accepted(s));
            hint[begin + 1] = saved[begin];
            CHECK(!accepted(s));
            memcpy(hint, saved, omega + k);
        }
        for (unsigned i = ends[k - 1]; i < omega; i++) { /* the rest must be zero */
            hint[i] = 1;
            CHECK(!accepted(s));
            hint[i] = 0;
        }
        ends[k - 1] = (uint8_t)(omega + 1);
        CHECK(!accepted(s));
        ends[k - 1] = 255;
        CHECK(!accepted(s));
        ends[k - 1] = (uint8_t)(saved[omega + k - 2] - 1); /* counts that go down */
        CHECK(!accepted(s));
        memcpy(hint, saved, omega + k);
        CHECK(accepted(s));
    }
}

/* One position more than fit, which would be read from the counts. */
static void hint_too_long(void)
{
    static uint64_t hint[4 * FLAG_WORDS];
    uint8_t in[10 + 4] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 10, 10, 10, 10};
    CHECK_EQ(mldsa_unpack_hint(hint, in, 4, 10), HEAD2_OK);
    in[13] = 11;
    CHECK_EQ(mldsa_unpack_hint(hint, in, 4, 10), HEAD2_E_MALFORMED);
}

/* Every accepted encoding is the one that packing makes. Random ones, close to good. */
static void hint_round_trips(void)
{
    static uint64_t hint[MAX_K * FLAG_WORDS];
    int good = 0;
    for (int i = 0; i < 20000; i++) {
        uint8_t in[10 + 4] = {0}, out[10 + 4], dice[14];
        CHECK_EQ(head2_random(dice, sizeof dice), HEAD2_OK);
        for (int j = 0; j < 10; j++)
            in[j] = j == 0 ? dice[j] % 16 : (uint8_t)(in[j - 1] + dice[j] % 8);
        for (int j = 10; j < 14; j++)
            in[j] = (uint8_t)((j == 10 ? 0 : in[j - 1]) + dice[j] % 4);
        if (in[13] < 10 && dice[0] % 2 == 0)
            memset(in + in[13], 0, 10U - in[13]);
        if (mldsa_unpack_hint(hint, in, 4, 10) != HEAD2_OK)
            continue;
        good++;
        mldsa_pack_hint(out, hint, 4, 10);
        CHECK_MEM(in, out, sizeof in);
    }
    CHECK_SAY(good > 100, "only %d encodings were good", good);
}

static void z_out_of_range(void)
{
    for (size_t s = 0; s < HEAD2_LEN(sets); s++) {
        uint8_t *const z = sig[s] + sets[s].P->c_bytes;
        uint8_t saved[3];
        memcpy(saved, z, 3);
        memset(z, 0, 3); /* the first coefficient is gamma1 */
        CHECK(!accepted(s));
        memcpy(z, saved, 3);
    }
}

/* A private key that cannot be one: refused, and no signature left. */
static void malformed_private_keys(void)
{
    static uint8_t bad[HEAD2_MLDSA87_SK_BYTES], out[HEAD2_MLDSA87_SIG_BYTES];
    static uint8_t pub[HEAD2_MLDSA87_PK_BYTES];
    for (size_t s = 0; s < HEAD2_LEN(sets); s++) {
        const struct api *f = &sets[s];
        const size_t s_at = RHO_BYTES + K_BYTES + TR_BYTES;
        memcpy(bad, sk[s], f->P->sk_bytes);
        bad[s_at] |= 0x0f; /* eta - 15 or eta - 7 */
        memset(out, 1, f->P->sig_bytes);
        CHECK_EQ(f->sign(out, MSG, CTX, bad), HEAD2_E_MALFORMED);
        CHECK(is_zero(out, f->P->sig_bytes));
        memset(pub, 1, f->P->pk_bytes);
        CHECK_EQ(f->public_of(pub, bad), HEAD2_E_MALFORMED);
        CHECK(is_zero(pub, f->P->pk_bytes));
        CHECK_EQ(f->public_of(pub, sk[s]), HEAD2_OK);
        CHECK_MEM(pub, pk[s], f->P->pk_bytes);
        static const size_t parts[] = {0, 64, 127}; /* rho, tr */
        for (size_t i = 0; i < HEAD2_LEN(parts); i++) {
            memcpy(bad, sk[s], f->P->sk_bytes);
            bad[parts[i]] ^= 1;
            CHECK_EQ(f->public_of(pub, bad), HEAD2_E_MALFORMED);
        }
        memcpy(bad, sk[s], f->P->sk_bytes);
        bad[f->P->sk_bytes - 1] ^= 1; /* t0 */
        CHECK_EQ(f->public_of(pub, bad), HEAD2_E_MALFORMED);
    }
}

/* The product of two transformed polynomials. */
static void multiply(struct poly *w, const struct poly *a, const struct poly *b)
{
    mldsa_dot_portable(w, a, b, 1);
    mldsa_inverse_ntt_portable(w);
}

/*
 * Line 28 of Algorithm 7 rejects a large c t0, which no honest key is likely to have. With one
 * polynomial of t0 at the end of its range it happens: with these messages, in an attempt that is
 * otherwise good. No signature may come of it.
 */
static void no_signature_with_a_large_ct0(void)
{
    static uint8_t pub[HEAD2_MLDSA44_PK_BYTES], odd[HEAD2_MLDSA44_SK_BYTES];
    static uint8_t out[HEAD2_MLDSA44_SIG_BYTES];
    const struct head2_secret32 xi = {{2}};
    static const uint32_t messages[] = {4218, 4268, 4485, 5060, 5561, 6242};
    struct poly t0[4] = {{{0}}}, c, ct0;

    CHECK_EQ(head2_mldsa44_keypair_from_seed(pub, odd, &xi), HEAD2_OK);
    for (unsigned n = 0; n < MLDSA_N; n++)
        t0[0].c[n] = 4096;
    for (unsigned i = 0; i < 4; i++)
        mldsa_pack_signed_portable(odd + sizeof odd - (4 - i) * T0_BYTES, &t0[i], 4096, T0_BITS);
    mldsa_ntt_portable(&t0[0], &t0[0]);
    for (size_t i = 0; i < HEAD2_LEN(messages); i++) {
        uint8_t number[4];
        put_le32(number, messages[i]);
        CHECK_EQ(head2_mldsa44_sign_deterministic(out, number, 4, CTX, odd), HEAD2_OK);
        mldsa_sample_in_ball(&c, out, mldsa_44.c_bytes, mldsa_44.tau);
        mldsa_ntt_portable(&c, &c);
        multiply(&ct0, &c, &t0[0]);
        CHECK_EQ(mldsa_reduce_and_norm_portable(&ct0, mldsa_44.gamma2), 0);
    }
}

/* What a signer of ML-DSA-44 works with, who leaves the norm check of z out. */
struct careless {
    struct poly a[4][4], s1[4], s2[4], t0[4], y[4], z[4], w[4], c;
    uint64_t hint[4 * FLAG_WORDS];
};

static void careless_setup(struct careless *s, const uint8_t *key)
{
    const uint8_t *in = key + RHO_BYTES + K_BYTES + TR_BYTES;
    for (unsigned i = 0; i < 16; i++) {
        const uint16_t number = (uint16_t)(i / 4 << 8 | i % 4);
        const struct sample_lane lane = {key, number, &s->a[i / 4][i % 4]};
        mldsa_sample_uniform(&mldsa_kernels_portable, &lane, 1, NULL);
    }
    for (unsigned i = 0; i < 8; i++, in += PACKED_BYTES(3)) {
        struct poly *const p = i < 4 ? &s->s1[i] : &s->s2[i - 4];
        mldsa_unpack_signed_portable(p, in, 2, 3);
        mldsa_ntt_portable(p, p);
    }
    for (unsigned i = 0; i < 4; i++, in += T0_BYTES) {
        mldsa_unpack_signed_portable(&s->t0[i], in, 4096, T0_BITS);
        mldsa_ntt_portable(&s->t0[i], &s->t0[i]);
    }
}

/* Lines 11 to 16 of Algorithm 7. */
static void careless_commit(struct careless *s, uint8_t *out, const uint8_t *mu, unsigned kappa)
{
    struct head2_keccak shake;
    uint8_t packed[PACKED_BYTES(6)];

    for (unsigned j = 0; j < 4; j++) {
        const struct sample_lane lane = {mu, (uint16_t)(kappa + j), &s->y[j]};
        mldsa_sample_mask(&mldsa_kernels_portable, &lane, 1, &mldsa_44, NULL);
        s->z[j] = s->y[j];
        mldsa_ntt_portable(&s->z[j], &s->z[j]);
    }
    head2_shake256_init(&shake);
    head2_shake_update(&shake, mu, HEAD2_MLDSA_MU_BYTES);
    for (unsigned i = 0; i < 4; i++) {
        struct poly w1;
        int32_t low;
        mldsa_dot_portable(&s->w[i], s->a[i], s->z, 4);
        mldsa_inverse_ntt_portable(&s->w[i]);
        for (unsigned n = 0; n < MLDSA_N; n++) {
            s->w[i].c[n] = mldsa_add_q(s->w[i].c[n]);
            w1.c[n] = mldsa_decompose(s->w[i].c[n], &low, mldsa_44.gamma2);
        }
        mldsa_pack_portable(packed, &w1, 6);
        head2_shake_update(&shake, packed, sizeof packed);
    }
    head2_shake_squeeze(&shake, out, 32);
    mldsa_sample_in_ball(&s->c, out, 32, mldsa_44.tau);
    mldsa_ntt_portable(&s->c, &s->c);
}

/* One attempt; whether all but the norm of z is good, and that norm is not. */
static bool careless_attempt(struct careless *s, uint8_t *out, const uint8_t *mu, unsigned kappa)
{
    const int32_t gamma2 = mldsa_44.gamma2;
    unsigned ones = 0;
    uint32_t large = 0;

    memset(s->hint, 0, sizeof s->hint);
    careless_commit(s, out, mu, kappa);
    for (unsigned j = 0; j < 4; j++) {
        multiply(&s->z[j], &s->c, &s->s1[j]);
        for (unsigned n = 0; n < MLDSA_N; n++)
            s->z[j].c[n] = mldsa_reduce32(s->z[j].c[n] + s->y[j].c[n]);
        large |= mldsa_norm_reaches(&s->z[j], mldsa_44.gamma1 - mldsa_44.beta);
        if (mldsa_norm_reaches(&s->z[j], mldsa_44.gamma1) != 0)
            return false; /* what cannot be encoded is no test of the norm */
        mldsa_pack_signed_portable(out + 32 + j * PACKED_BYTES(18), &s->z[j], mldsa_44.gamma1, 18);
    }
    for (unsigned i = 0; i < 4; i++) {
        struct poly cs2, ct0;
        multiply(&cs2, &s->c, &s->s2[i]);
        multiply(&ct0, &s->c, &s->t0[i]);
        for (unsigned n = 0; n < MLDSA_N; n++) { /* Algorithm 39, literally */
            int32_t low;
            const int32_t w = mldsa_add_q(mldsa_reduce32(s->w[i].c[n] - cs2.c[n]));
            const int32_t r = mldsa_add_q(mldsa_reduce32(w + ct0.c[n]));
            const int32_t high = mldsa_decompose(w, &low, gamma2);
            if (abs(low) >= gamma2 - mldsa_44.beta)
                return false;
            const uint64_t h = high != mldsa_decompose(r, &low, gamma2);
            s->hint[i * FLAG_WORDS + n / 64] |= h << n % 64;
            ones += (unsigned)h;
        }
    }
    if (ones > mldsa_44.omega)
        return false;
    mldsa_pack_hint(out + 32 + 4 * PACKED_BYTES(18), s->hint, 4, mldsa_44.omega);
    return large != 0;
}

/* The verifier must make the norm check that a careless signer left out (Algorithm 8, line 13). */
static void z_too_large_by_a_little(void)
{
    static struct careless s;
    uint8_t mu[HEAD2_MLDSA_MU_BYTES];
    int found = 0;

    CHECK_EQ(sets[0].mu(mu, pk[0], MSG, CTX), HEAD2_OK);
    careless_setup(&s, sk[0]);
    for (unsigned kappa = 0; kappa < 4000 && found < 5; kappa += 4) {
        static uint8_t out[HEAD2_MLDSA44_SIG_BYTES];
        if (!careless_attempt(&s, out, mu, kappa))
            continue;
        found++;
        CHECK_EQ(sets[0].verify_mu(pk[0], mu, out, sizeof out), HEAD2_E_VERIFY);
    }
    CHECK_EQ(found, 5);
}

/*
 * With every coefficient of t0 at an end of its range, hardly an attempt succeeds: signing must end
 * all the same. All is deterministic, and this key finds no signature within the limit.
 */
static void signing_ends(void)
{
    static uint8_t pub[HEAD2_MLDSA44_PK_BYTES], bad[HEAD2_MLDSA44_SK_BYTES];
    static uint8_t out[HEAD2_MLDSA44_SIG_BYTES];
    const struct head2_secret32 xi = {{1}};
    uint8_t signs[MLDSA_N / 8];

    CHECK_EQ(head2_mldsa44_keypair_from_seed(pub, bad, &xi), HEAD2_OK);
    for (unsigned i = 0; i < mldsa_44.k; i++) {
        struct poly t0;
        head2_shake128(signs, sizeof signs, &i, 1);
        for (unsigned n = 0; n < MLDSA_N; n++)
            t0.c[n] = (signs[n / 8] >> n % 8 & 1) != 0 ? 4096 : -4095;
        mldsa_pack_signed_portable(bad + sizeof bad - (mldsa_44.k - i) * T0_BYTES, &t0, 4096,
                                   T0_BITS);
    }
    memset(out, 1, sizeof out);
    CHECK_EQ(head2_mldsa44_sign_deterministic(out, MSG, CTX, bad), HEAD2_E_MALFORMED);
    CHECK(is_zero(out, sizeof out));
}

static void seeds(void)
{
    static uint8_t p[2][HEAD2_MLDSA87_PK_BYTES], q[2][HEAD2_MLDSA87_SK_BYTES];
    for (size_t s = 0; s < HEAD2_LEN(sets); s++) {
        struct head2_secret32 xi = {{(uint8_t)s}};
        for (int i = 0; i < 2; i++)
            CHECK_EQ(sets[s].from_seed(p[i], q[i], &xi), HEAD2_OK);
        CHECK_MEM(p[0], p[1], sets[s].P->pk_bytes);
        CHECK_MEM(q[0], q[1], sets[s].P->sk_bytes);
        xi.b[31] ^= 0x80;
        CHECK_EQ(sets[s].from_seed(p[1], q[1], &xi), HEAD2_OK);
        CHECK(memcmp(p[0], p[1], 64) != 0);
    }
}

int main(void)
{
    RUN(make_signatures);
    if (check_failures != 0)
        CHECK_EXIT();
    RUN(interfaces_agree);
    RUN(prehashes);
    RUN(contexts);
    RUN(every_signature_bit_44);
    RUN(signature_bits_65_and_87);
    RUN(public_key_bits);
    RUN(message_bits);
    RUN(lengths);
    RUN(hint_has_one_encoding);
    RUN(hint_too_long);
    RUN(hint_round_trips);
    RUN(z_out_of_range);
    RUN(malformed_private_keys);
    RUN(z_too_large_by_a_little);
    RUN(no_signature_with_a_large_ct0);
    RUN(signing_ends);
    RUN(seeds);
    CHECK_EXIT();
}
