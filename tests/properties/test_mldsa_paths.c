/*
 * All ways to the same signature: for random keys, messages, contexts and rnd, the single calls,
 * the prepared keys and the batches must give the same bytes, at every level of instructions, for
 * all sets; and bad keys and signatures in a batch must fail alone. HEAD2_SOAK=1 makes fifty times
 * as many operations.
 */
#include "check.h"

#include "cpu/cpu.h"
#include "mldsa/external.h"
#include "mldsa/prepared.h"

#include <head2/hash.h>
#include <head2/mldsa.h>

#define MAX_BATCH 1000
#define KEYS      5

/* Keys, messages and what the portable single calls made of them. */
struct sample {
    struct head2_secret32 xi, rnd;
    uint8_t msg[300], ctx[255];
    size_t msg_len, ctx_len;
    unsigned key;
    uint8_t mu[HEAD2_MLDSA_MU_BYTES];
    uint8_t sig[HEAD2_MLDSA87_SIG_BYTES];
};

static struct sample samples[MAX_BATCH];
static struct {
    struct head2_secret32 xi;
    uint8_t pk[HEAD2_MLDSA87_PK_BYTES], sk[HEAD2_MLDSA87_SK_BYTES];
    struct head2_mldsa_signer *signer;
    struct head2_mldsa_verifier *verifier;
} keys[KEYS];

static struct head2_mldsa_sign_job sign_jobs[MAX_BATCH];
static struct head2_mldsa_verify_job verify_jobs[MAX_BATCH];
static struct head2_mldsa_keypair_job keypair_jobs[MAX_BATCH];
static uint8_t out[MAX_BATCH][HEAD2_MLDSA87_SIG_BYTES];
static uint8_t out_pk[MAX_BATCH][HEAD2_MLDSA87_PK_BYTES];
static uint8_t out_sk[MAX_BATCH][HEAD2_MLDSA87_SK_BYTES];

static struct head2_keccak dice;
static enum mldsa_set set;
static const struct mldsa_params *P;
static unsigned operations;

static uint32_t roll(uint32_t below)
{
    uint8_t b[4];
    head2_shake_squeeze(&dice, b, sizeof b);
    return le32(b) % below;
}

static enum head2_mldsa_set public_set(void)
{
    return (enum head2_mldsa_set)set;
}

static enum head2_status plain_mu(struct sample *s)
{
    const struct mldsa_input in = {s->msg, s->msg_len, s->ctx, s->ctx_len, false, 0};
    return mldsa_external_mu(set, s->mu, keys[s->key].pk, &in);
}

/* Fresh keys and n messages, signed by the portable code with the bytes of the key. */
static void make_samples(size_t n)
{
    cpu_limit(CPU_PORTABLE);
    for (unsigned k = 0; k < KEYS; k++) {
        head2_shake_squeeze(&dice, keys[k].xi.b, sizeof keys[k].xi.b);
        mldsa_keygen_internal(set, keys[k].pk, keys[k].sk, &keys[k].xi);
    }
    for (size_t i = 0; i < n; i++) {
        struct sample *const s = &samples[i];
        head2_shake_squeeze(&dice, s->rnd.b, sizeof s->rnd.b);
        head2_shake_squeeze(&dice, s->msg, sizeof s->msg);
        s->msg_len = roll(sizeof s->msg + 1);
        s->ctx_len = roll(4) == 0 ? roll(256) : roll(20);
        head2_shake_squeeze(&dice, s->ctx, s->ctx_len);
        s->key = roll(KEYS);
        CHECK_EQ(plain_mu(s), HEAD2_OK);
        CHECK_EQ(mldsa_sign_mu_internal(set, s->sig, s->mu, s->rnd.b, keys[s->key].sk), HEAD2_OK);
        operations++;
    }
}

static void prepare_keys(void)
{
    for (unsigned k = 0; k < KEYS; k++) {
        head2_mldsa_signer_free(keys[k].signer);
        head2_mldsa_verifier_free(keys[k].verifier);
        CHECK_EQ(head2_mldsa_signer_new(&keys[k].signer, public_set(), keys[k].sk), HEAD2_OK);
        CHECK_EQ(head2_mldsa_verifier_new(&keys[k].verifier, public_set(), keys[k].pk), HEAD2_OK);
    }
}

/* Each job with the key as bytes or prepared, and the message or its mu, as it comes. */
static void make_jobs(size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct sample *const s = &samples[i];
        const bool bytes = roll(3) == 0, by_mu = roll(3) == 0;
        sign_jobs[i] = (struct head2_mldsa_sign_job){
            .key = bytes ? NULL : keys[s->key].signer,
            .sk = bytes ? keys[s->key].sk : NULL,
            .mu = by_mu ? s->mu : NULL,
            .msg = s->msg,
            .msg_len = s->msg_len,
            .ctx = s->ctx,
            .ctx_len = s->ctx_len,
            .rnd = &s->rnd,
            .sig = out[i],
            .st = HEAD2_E_STATE,
        };
        verify_jobs[i] = (struct head2_mldsa_verify_job){
            .key = bytes ? NULL : keys[s->key].verifier,
            .pk = bytes ? keys[s->key].pk : NULL,
            .mu = by_mu ? s->mu : NULL,
            .msg = s->msg,
            .msg_len = s->msg_len,
            .ctx = s->ctx,
            .ctx_len = s->ctx_len,
            .sig = s->sig,
            .sig_len = P->sig_bytes,
            .st = HEAD2_E_STATE,
        };
    }
}

static void singles_agree(size_t n)
{
    static uint8_t pk[HEAD2_MLDSA87_PK_BYTES], sk[HEAD2_MLDSA87_SK_BYTES];
    static uint8_t sig[HEAD2_MLDSA87_SIG_BYTES];
    for (unsigned k = 0; k < KEYS; k++) {
        mldsa_keygen_internal(set, pk, sk, &keys[k].xi);
        CHECK_MEM(pk, keys[k].pk, P->pk_bytes);
        CHECK_MEM(sk, keys[k].sk, P->sk_bytes);
        CHECK_EQ(mldsa_public_from_private(set, pk, sk), HEAD2_OK);
        CHECK_MEM(pk, keys[k].pk, P->pk_bytes);
    }
    for (size_t i = 0; i < n; i++) {
        struct sample *const s = &samples[i];
        CHECK_EQ(mldsa_sign_mu_internal(set, sig, s->mu, s->rnd.b, keys[s->key].sk), HEAD2_OK);
        CHECK_MEM(sig, s->sig, P->sig_bytes);
        CHECK_EQ(mldsa_signer_sign(keys[s->key].signer, sig, s->mu, s->rnd.b), HEAD2_OK);
        CHECK_MEM(sig, s->sig, P->sig_bytes);
        const struct mldsa_input in = {s->msg, s->msg_len, s->ctx, s->ctx_len, false, 0};
        CHECK_EQ(mldsa_verify(set, keys[s->key].pk, &in, sig, P->sig_bytes), HEAD2_OK);
        CHECK_EQ(mldsa_verify_mu_internal(set, keys[s->key].pk, s->mu, sig, P->sig_bytes),
                 HEAD2_OK);
        CHECK_EQ(head2_mldsa_verify(keys[s->key].verifier, s->msg, s->msg_len, s->ctx, s->ctx_len,
                                    sig, P->sig_bytes),
                 HEAD2_OK);
        sig[roll((uint32_t)P->sig_bytes)] ^= (uint8_t)(1U << roll(8));
        CHECK_EQ(head2_mldsa_verify_mu(keys[s->key].verifier, s->mu, sig, P->sig_bytes),
                 HEAD2_E_VERIFY);
        CHECK_EQ(mldsa_verify_mu_internal(set, keys[s->key].pk, s->mu, sig, P->sig_bytes),
                 HEAD2_E_VERIFY);
        operations += 6;
    }
}

static void batches_agree(size_t n)
{
    make_jobs(n);
    CHECK_EQ(head2_mldsa_sign_batch(public_set(), sign_jobs, n), HEAD2_OK);
    CHECK_EQ(head2_mldsa_verify_batch(public_set(), verify_jobs, n), HEAD2_OK);
    for (size_t i = 0; i < n; i++) {
        CHECK_EQ(sign_jobs[i].st, HEAD2_OK);
        CHECK_SAY(memcmp(out[i], samples[i].sig, P->sig_bytes) == 0, "signature %zu of %zu", i, n);
        CHECK_EQ(verify_jobs[i].st, HEAD2_OK);
        keypair_jobs[i] = (struct head2_mldsa_keypair_job){out_pk[i], out_sk[i], &keys[i % KEYS].xi,
                                                           HEAD2_E_STATE};
    }
    const size_t some = n < 40 ? n : 40;
    CHECK_EQ(head2_mldsa_keypair_batch(public_set(), keypair_jobs, some), HEAD2_OK);
    for (size_t i = 0; i < some; i++) {
        CHECK_EQ(keypair_jobs[i].st, HEAD2_OK);
        CHECK_MEM(out_pk[i], keys[i % KEYS].pk, P->pk_bytes);
        CHECK_MEM(out_sk[i], keys[i % KEYS].sk, P->sk_bytes);
    }
    operations += (unsigned)(2 * n + some);
}

#ifdef HEAD2_CHECKED
#define MANY   40 /* checked builds are slow */
#define ROUNDS 1
#else
#define MANY   MAX_BATCH
#define ROUNDS 8
#endif

static void all_paths(enum mldsa_set which, size_t n)
{
    const enum cpu_isa highest = cpu_isa();
    const unsigned rounds = getenv("HEAD2_SOAK") != NULL ? 50 * ROUNDS : ROUNDS;
    set = which;
    P = mldsa_params_of(set);
    head2_shake128_init(&dice);
    head2_shake_update(&dice, P, sizeof P->k + sizeof P->l);
    for (unsigned round = 0; round < rounds; round++) {
        cpu_limit(CPU_AVX512);
        make_samples(n);
        for (unsigned isa = CPU_PORTABLE; isa <= highest; isa++) {
            cpu_limit((enum cpu_isa)isa);
            prepare_keys();
            singles_agree(n < 25 ? n : 25);
            batches_agree(0);
            batches_agree(1);
            batches_agree(7);
            batches_agree(8);
            batches_agree(9);
            if (isa == highest || n < 100)
                batches_agree(n);
        }
    }
    cpu_limit(CPU_AVX512);
}

static void all_paths_44(void)
{
    all_paths(MLDSA_44, MANY);
}

static void all_paths_65(void)
{
    all_paths(MLDSA_65, 40);
}

static void all_paths_87(void)
{
    all_paths(MLDSA_87, 40);
#ifndef HEAD2_CHECKED
    CHECK_SAY(operations >= 16000, "only %u operations", operations);
#endif
}

/* A signer that another level of instructions made goes on working with its own. */
static void prepared_keys_keep_their_kernels(void)
{
    static uint8_t sig[HEAD2_MLDSA87_SIG_BYTES];
    const enum cpu_isa highest = cpu_isa();
    set = MLDSA_65;
    P = mldsa_params_of(set);
    make_samples(3);
    for (unsigned made = CPU_PORTABLE; made <= highest; made++) {
        cpu_limit((enum cpu_isa)made);
        prepare_keys();
        for (unsigned used = CPU_PORTABLE; used <= highest; used++) {
            const struct sample *const s = &samples[used];
            cpu_limit((enum cpu_isa)used);
            CHECK_EQ(mldsa_signer_sign(keys[s->key].signer, sig, s->mu, s->rnd.b), HEAD2_OK);
            CHECK_MEM(sig, s->sig, P->sig_bytes);
            CHECK_EQ(head2_mldsa_verify_mu(keys[s->key].verifier, s->mu, sig, P->sig_bytes),
                     HEAD2_OK);
        }
    }
    cpu_limit(CPU_AVX512);
}

static bool is_zero(const void *p, size_t len)
{
    uint8_t all = 0;
    for (size_t i = 0; i < len; i++)
        all |= ((const uint8_t *)p)[i];
    return all == 0;
}

/* Bad keys, contexts and signatures among good jobs: each fails in its own way, alone. */
static void bad_jobs_fail_alone(void)
{
    static uint8_t bad_sk[HEAD2_MLDSA87_SK_BYTES], bad_sig[3][HEAD2_MLDSA87_SIG_BYTES];
    struct head2_mldsa_signer *other_signer = NULL;
    struct head2_mldsa_verifier *other_verifier = NULL;
    set = MLDSA_87;
    P = mldsa_params_of(set);
    make_samples(24);
    cpu_limit(CPU_AVX512);
    prepare_keys();
    make_jobs(24);
    memset(out, 0xaa, sizeof out);
    memcpy(bad_sk, keys[0].sk, sizeof bad_sk);
    bad_sk[128] |= 7; /* the first coefficient of s1 is out of range */
    CHECK_EQ(head2_mldsa_signer_new(&other_signer, HEAD2_MLDSA_SET_44, keys[0].sk), HEAD2_OK);
    CHECK_EQ(head2_mldsa_verifier_new(&other_verifier, HEAD2_MLDSA_SET_65, keys[0].pk), HEAD2_OK);
    sign_jobs[3].key = NULL;
    sign_jobs[3].sk = bad_sk;
    sign_jobs[4].key = NULL;
    sign_jobs[4].sk = NULL;
    sign_jobs[5].key = other_signer;
    sign_jobs[6].mu = NULL;
    sign_jobs[6].ctx_len = 256;
    CHECK_EQ(head2_mldsa_sign_batch(HEAD2_MLDSA_SET_87, sign_jobs, 24), HEAD2_E_MALFORMED);
    for (unsigned i = 0; i < 24; i++) {
        const enum head2_status want = i == 3            ? HEAD2_E_MALFORMED
                                       : i > 3 && i <= 6 ? HEAD2_E_ARG
                                                         : HEAD2_OK;
        CHECK_EQ(sign_jobs[i].st, want);
        if (want == HEAD2_OK)
            CHECK_MEM(out[i], samples[i].sig, P->sig_bytes);
        else
            CHECK(is_zero(out[i], P->sig_bytes));
    }
    for (unsigned i = 0; i < 3; i++)
        memcpy(bad_sig[i], samples[9 + i].sig, P->sig_bytes);
    bad_sig[0][0] ^= 1;                /* the challenge */
    memset(bad_sig[1] + 64, 0, 3);     /* z is gamma1 */
    bad_sig[2][P->sig_bytes - 1] = 99; /* the hint is no hint */
    for (unsigned i = 0; i < 3; i++)
        verify_jobs[9 + i].sig = bad_sig[i];
    verify_jobs[0].sig_len--;
    verify_jobs[1].key = other_verifier;
    verify_jobs[2].key = NULL;
    verify_jobs[2].pk = NULL;
    verify_jobs[13].mu = NULL;
    verify_jobs[13].ctx_len = 256;
    verify_jobs[14].mu = NULL;
    verify_jobs[14].msg_len ^= 1;
    CHECK_EQ(head2_mldsa_verify_batch(HEAD2_MLDSA_SET_87, verify_jobs, 24), HEAD2_E_VERIFY);
    for (unsigned i = 0; i < 24; i++) {
        const bool bad = i == 0 || (i >= 9 && i <= 11) || i == 13 || i == 14;
        CHECK_SAY(verify_jobs[i].st == (i == 1 || i == 2 ? HEAD2_E_ARG
                                        : bad            ? HEAD2_E_VERIFY
                                                         : HEAD2_OK),
                  "job %u", i);
    }
    head2_mldsa_signer_free(other_signer);
    head2_mldsa_verifier_free(other_verifier);
}

/* Fresh randomness: pairs that fit, signatures that differ and hold. */
static void fresh_randomness(void)
{
    static const uint8_t msg[] = "a message";
    set = MLDSA_44;
    P = mldsa_params_of(set);
    for (unsigned i = 0; i < 10; i++)
        keypair_jobs[i] =
            (struct head2_mldsa_keypair_job){out_pk[i], out_sk[i], NULL, HEAD2_E_STATE};
    CHECK_EQ(head2_mldsa_keypair_batch(HEAD2_MLDSA_SET_44, keypair_jobs, 10), HEAD2_OK);
    CHECK(memcmp(out_pk[0], out_pk[9], 32) != 0 && memcmp(out_pk[0], out_pk[1], 32) != 0);
    for (unsigned i = 0; i < 10; i++) {
        sign_jobs[i] = (struct head2_mldsa_sign_job){
            .sk = out_sk[i / 2], .msg = msg, .msg_len = sizeof msg, .sig = out[i]};
        verify_jobs[i] = (struct head2_mldsa_verify_job){.pk = out_pk[i / 2],
                                                         .msg = msg,
                                                         .msg_len = sizeof msg,
                                                         .sig = out[i],
                                                         .sig_len = P->sig_bytes};
    }
    CHECK_EQ(head2_mldsa_sign_batch(HEAD2_MLDSA_SET_44, sign_jobs, 10), HEAD2_OK);
    CHECK_EQ(head2_mldsa_verify_batch(HEAD2_MLDSA_SET_44, verify_jobs, 10), HEAD2_OK);
    for (unsigned i = 0; i < 10; i += 2)
        CHECK(memcmp(out[i], out[i + 1], P->sig_bytes) != 0);
}

/* Keys in memory of the caller's, on the heap, and what is no set or no place for a key. */
static void prepared_keys_in_any_memory(void)
{
    static _Alignas(HEAD2_MLDSA_PREPARED_ALIGN) uint8_t room[HEAD2_MLDSA87_SIGNER_BYTES + 64];
    struct head2_mldsa_signer *const signer = (void *)room;
    struct head2_mldsa_verifier *const verifier = (void *)room;
    struct head2_mldsa_signer *heap = (void *)room;
    static const size_t sizes[][2] = {
        {HEAD2_MLDSA44_SIGNER_BYTES, HEAD2_MLDSA44_VERIFIER_BYTES},
        {HEAD2_MLDSA65_SIGNER_BYTES, HEAD2_MLDSA65_VERIFIER_BYTES},
        {HEAD2_MLDSA87_SIGNER_BYTES, HEAD2_MLDSA87_VERIFIER_BYTES},
    };
    static const uint8_t hash[32] = {1}, digest_ctx[] = "ctx";
    static uint8_t sig[HEAD2_MLDSA87_SIG_BYTES], again[HEAD2_MLDSA87_SIG_BYTES];
    for (unsigned i = 0; i < 3; i++) {
        set = (enum mldsa_set)i;
        P = mldsa_params_of(set);
        make_samples(1);
        cpu_limit(CPU_AVX512);
        struct sample *const s = &samples[0];
        memset(room, 0x77, sizeof room);
        CHECK_EQ(head2_mldsa_signer_init(signer, public_set(), keys[s->key].sk), HEAD2_OK);
        CHECK_EQ(room[sizes[i][0]], 0x77);
        CHECK_EQ(
            head2_mldsa_sign_deterministic(sig, s->msg, s->msg_len, s->ctx, s->ctx_len, signer),
            HEAD2_OK);
        CHECK_EQ(head2_mldsa_sign_hash_deterministic(again, HEAD2_PREHASH_SHA2_256, hash, 32,
                                                     digest_ctx, 3, signer),
                 HEAD2_OK);
        CHECK_EQ(head2_mldsa_sign(out[0], s->msg, s->msg_len, s->ctx, s->ctx_len, signer),
                 HEAD2_OK);
        CHECK_EQ(head2_mldsa_sign_mu(out[1], s->mu, signer), HEAD2_OK);
        CHECK_EQ(head2_mldsa_sign_hash(out[2], HEAD2_PREHASH_SHA2_256, hash, 32, NULL, 0, signer),
                 HEAD2_OK);
        CHECK(memcmp(out[0], sig, 32) != 0 && memcmp(out[2], again, 32) != 0);
        CHECK_EQ(head2_mldsa_sign(out[3], s->msg, 1, s->ctx, 256, signer), HEAD2_E_ARG);
        CHECK(is_zero(out[3], P->sig_bytes));
        CHECK_EQ(head2_mldsa_sign_hash(out[3], HEAD2_PREHASH_SHA2_256, hash, 31, NULL, 0, signer),
                 HEAD2_E_ARG);
        head2_mldsa_signer_wipe(signer);
        CHECK(is_zero(room, sizes[i][0]));
        memset(room, 0x77, sizeof room);
        CHECK_EQ(head2_mldsa_verifier_init(verifier, public_set(), keys[s->key].pk), HEAD2_OK);
        CHECK_EQ(room[sizes[i][1]], 0x77);
        const size_t n = P->sig_bytes;
        CHECK_EQ(head2_mldsa_verify(verifier, s->msg, s->msg_len, s->ctx, s->ctx_len, sig, n),
                 HEAD2_OK);
        CHECK_EQ(head2_mldsa_verify(verifier, s->msg, s->msg_len, s->ctx, s->ctx_len, out[0], n),
                 HEAD2_OK);
        CHECK_EQ(head2_mldsa_verify_mu(verifier, s->mu, out[1], n), HEAD2_OK);
        CHECK_EQ(
            head2_mldsa_verify_hash(verifier, HEAD2_PREHASH_SHA2_256, hash, 32, NULL, 0, out[2], n),
            HEAD2_OK);
        CHECK_EQ(head2_mldsa_verify_hash(verifier, HEAD2_PREHASH_SHA2_256, hash, 32, digest_ctx, 3,
                                         again, n),
                 HEAD2_OK);
        CHECK_EQ(head2_mldsa_verify(verifier, s->msg, s->msg_len, s->ctx, s->ctx_len, sig, n - 1),
                 HEAD2_E_VERIFY);
        CHECK_EQ(head2_mldsa_verify(verifier, s->msg, s->msg_len, s->ctx, 256, sig, n),
                 HEAD2_E_VERIFY);
        keys[0].sk[128] = 0xff; /* coefficients of s1 that are none */
        CHECK_EQ(head2_mldsa_signer_init(signer, public_set(), keys[0].sk), HEAD2_E_MALFORMED);
        CHECK(is_zero(room, sizes[i][0]));
        head2_mldsa_signer_wipe(signer); /* there is nothing left to wipe */
        head2_mldsa_signer_wipe(NULL);
        CHECK_EQ(head2_mldsa_signer_new(&heap, public_set(), keys[0].sk), HEAD2_E_MALFORMED);
        CHECK(heap == NULL);
    }
    CHECK_EQ(head2_mldsa_signer_init(signer, (enum head2_mldsa_set)3, keys[1].sk), HEAD2_E_ARG);
    CHECK_EQ(head2_mldsa_signer_init((void *)(room + 8), HEAD2_MLDSA_SET_44, keys[1].sk),
             HEAD2_E_ARG);
    CHECK_EQ(head2_mldsa_verifier_init((void *)(room + 8), HEAD2_MLDSA_SET_44, keys[1].pk),
             HEAD2_E_ARG);
    CHECK_EQ(head2_mldsa_sign_batch((enum head2_mldsa_set)3, sign_jobs, 1), HEAD2_E_ARG);
    CHECK_EQ(head2_mldsa_verify_batch((enum head2_mldsa_set)3, verify_jobs, 1), HEAD2_E_ARG);
    CHECK_EQ(head2_mldsa_keypair_batch((enum head2_mldsa_set)3, keypair_jobs, 1), HEAD2_E_ARG);
}

int main(void)
{
    RUN(all_paths_44);
    RUN(all_paths_65);
    RUN(all_paths_87);
    RUN(prepared_keys_keep_their_kernels);
    RUN(bad_jobs_fail_alone);
    RUN(fresh_randomness);
    RUN(prepared_keys_in_any_memory);
    for (unsigned k = 0; k < KEYS; k++) {
        head2_mldsa_signer_free(keys[k].signer);
        head2_mldsa_verifier_free(keys[k].verifier);
    }
    CHECK_EXIT();
}
