/*
 * The accumulated test of C2SP/CCTV (ML-DSA/accumulated): keys from a SHAKE128 stream of seeds, the
 * deterministic signature of the empty message under each, and one digest over all of them. The
 * digests are facts and stand in the three programs that include this.
 */
#ifndef HEAD2_TESTS_MLDSA_ACCUMULATED_H
#define HEAD2_TESTS_MLDSA_ACCUMULATED_H

#include "check.h"

#include "cpu/cpu.h"
#include "mldsa/mldsa.h"

#include <head2/hash.h>

/* Checked builds are several times slower and stop after the first digest. */
#ifdef HEAD2_CHECKED
#define ACCUMULATED_RUNS 100
#else
#define ACCUMULATED_RUNS 10000
#endif

static void accumulated_check(const struct head2_keccak *all, const char *expected)
{
    struct head2_keccak copy = *all;
    uint8_t digest[32], want[32];
    head2_shake_squeeze(&copy, digest, sizeof digest);
    CHECK_EQ(check_hex(want, sizeof want, expected), 32);
    CHECK_MEM(digest, want, 32);
}

/* By single calls, at one level of instructions. */
static void accumulated_singles(enum mldsa_set set, enum cpu_isa isa, const char *after_100,
                                const char *after_10000)
{
    static uint8_t pk[HEAD2_MLDSA87_PK_BYTES], sk[HEAD2_MLDSA87_SK_BYTES];
    static uint8_t sig[HEAD2_MLDSA87_SIG_BYTES];
    static const uint8_t rnd[RND_BYTES], prefix[2];
    const struct mldsa_message m = {prefix, 2, NULL, 0};
    const struct mldsa_params *P = mldsa_params_of(set);
    struct head2_keccak seeds, all;

    cpu_limit(isa);
    head2_shake128_init(&seeds);
    head2_shake128_init(&all);
    for (int i = 1; i <= ACCUMULATED_RUNS; i++) {
        struct head2_secret32 xi;
        head2_shake_squeeze(&seeds, xi.b, sizeof xi.b);
        mldsa_keygen_internal(set, pk, sk, &xi);
        CHECK_EQ(mldsa_sign_internal(set, sig, &m, rnd, sk), HEAD2_OK);
        CHECK_EQ(mldsa_verify_internal(set, pk, &m, sig, P->sig_bytes), HEAD2_OK);
        head2_shake_update(&all, pk, P->pk_bytes);
        head2_shake_update(&all, sig, P->sig_bytes);
        if (i == 100)
            accumulated_check(&all, after_100);
        if (i == 10000)
            accumulated_check(&all, after_10000);
    }
    cpu_limit(CPU_AVX512);
}

#define ACCUMULATED_BATCH 100

/* By batches, at the level in use. */
static void accumulated_batches(enum mldsa_set set, const char *after_100, const char *after_10000)
{
    static uint8_t pk[ACCUMULATED_BATCH][HEAD2_MLDSA87_PK_BYTES];
    static uint8_t sk[ACCUMULATED_BATCH][HEAD2_MLDSA87_SK_BYTES];
    static uint8_t sig[ACCUMULATED_BATCH][HEAD2_MLDSA87_SIG_BYTES];
    static struct head2_secret32 xi[ACCUMULATED_BATCH];
    static struct head2_mldsa_keypair_job keypair[ACCUMULATED_BATCH];
    static struct head2_mldsa_sign_job sign[ACCUMULATED_BATCH];
    static struct head2_mldsa_verify_job verify[ACCUMULATED_BATCH];
    static const struct head2_secret32 zero;
    const enum head2_mldsa_set which = (enum head2_mldsa_set)set;
    const struct mldsa_params *P = mldsa_params_of(set);
    struct head2_keccak seeds, all;

    head2_shake128_init(&seeds);
    head2_shake128_init(&all);
    for (int done = 0; done < ACCUMULATED_RUNS; done += ACCUMULATED_BATCH) {
        for (int i = 0; i < ACCUMULATED_BATCH; i++) {
            head2_shake_squeeze(&seeds, xi[i].b, sizeof xi[i].b);
            keypair[i] = (struct head2_mldsa_keypair_job){pk[i], sk[i], &xi[i], HEAD2_OK};
            sign[i] = (struct head2_mldsa_sign_job){.sk = sk[i], .rnd = &zero, .sig = sig[i]};
            verify[i] = (struct head2_mldsa_verify_job){
                .pk = pk[i], .sig = sig[i], .sig_len = P->sig_bytes};
        }
        CHECK_EQ(head2_mldsa_keypair_batch(which, keypair, ACCUMULATED_BATCH), HEAD2_OK);
        CHECK_EQ(head2_mldsa_sign_batch(which, sign, ACCUMULATED_BATCH), HEAD2_OK);
        CHECK_EQ(head2_mldsa_verify_batch(which, verify, ACCUMULATED_BATCH), HEAD2_OK);
        for (int i = 0; i < ACCUMULATED_BATCH; i++) {
            head2_shake_update(&all, pk[i], P->pk_bytes);
            head2_shake_update(&all, sig[i], P->sig_bytes);
        }
        if (done == 0)
            accumulated_check(&all, after_100);
    }
    if (ACCUMULATED_RUNS == 10000)
        accumulated_check(&all, after_10000);
}

/* All runs at every level, and in batches at the highest. */
static void accumulated_run(enum mldsa_set set, const char *after_100, const char *after_10000)
{
    const enum cpu_isa highest = cpu_isa();

    for (unsigned isa = CPU_PORTABLE; isa <= highest; isa++)
        accumulated_singles(set, (enum cpu_isa)isa, after_100, after_10000);
    accumulated_batches(set, after_100, after_10000);
}

#endif
