/*
 * The accumulated test of C2SP/CCTV (ML-DSA/accumulated): keys from a SHAKE128 stream of seeds, the
 * deterministic signature of the empty message under each, and one digest over all of them. The
 * digests are facts and stand in the three programs that include this.
 */
#ifndef HEAD2_TESTS_MLDSA_ACCUMULATED_H
#define HEAD2_TESTS_MLDSA_ACCUMULATED_H

#include "check.h"

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

static void accumulated_run(enum mldsa_set set, const char *after_100, const char *after_10000)
{
    static uint8_t pk[HEAD2_MLDSA87_PK_BYTES], sk[HEAD2_MLDSA87_SK_BYTES];
    static uint8_t sig[HEAD2_MLDSA87_SIG_BYTES];
    static const uint8_t rnd[RND_BYTES], prefix[2];
    const struct mldsa_message m = {prefix, 2, NULL, 0};
    const struct mldsa_params *P = mldsa_params_of(set);
    struct head2_keccak seeds, all;

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
}

#endif
