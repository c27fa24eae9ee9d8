/*
 * When the kernel gives no randomness: what needs it fails with HEAD2_E_ENTROPY and zeroed outputs,
 * and jobs of a batch that bring their own are not disturbed.
 */
#include "check.h"

#include "base/base.h"

#include <head2/entropy.h>
#include <head2/mldsa.h>
#include <head2/mlkem.h>
#include <head2/random.h>

#include <errno.h>
#include <sys/random.h>

static bool broken;
static uint8_t next;

/* In place of libc's, for everything in this program. */
ssize_t getrandom(void *buf, size_t len, unsigned flags)
{
    (void)flags;
    if (broken) {
        errno = ENOSYS;
        return -1;
    }
    memset(buf, ++next, len);
    return (ssize_t)len;
}

enum { N = 11 };
static uint8_t ek[N][HEAD2_MLKEM768_EK_BYTES], dk[N][HEAD2_MLKEM768_DK_BYTES];
static uint8_t ct[N][HEAD2_MLKEM768_CT_BYTES];
static uint8_t pk[N][HEAD2_MLDSA44_PK_BYTES], sk[N][HEAD2_MLDSA44_SK_BYTES];
static uint8_t sig[N][HEAD2_MLDSA44_SIG_BYTES];
static struct head2_secret32 ss[N];

static const struct head2_secret64 seed = {"a seed of the caller's own"};
static const struct head2_secret32 own = {"randomness of the caller's own"};

static bool is_zero(const void *p, size_t len)
{
    uint8_t any = 0;
    for (size_t i = 0; i < len; i++)
        any |= ((const uint8_t *)p)[i];
    return any == 0;
}

static void prepare(void)
{
    broken = false;
    CHECK_EQ(head2_mlkem768_keypair(ek[0], dk[0]), HEAD2_OK);
    CHECK_EQ(head2_mldsa44_keypair(pk[0], sk[0]), HEAD2_OK);
    broken = true;
    CHECK_EQ(head2_entropy_configure(NULL), HEAD2_OK); /* generators are to be seeded anew */
    memset(ct, 0xa5, sizeof ct);
    memset(ss, 0xa5, sizeof ss);
    memset(sig, 0xa5, sizeof sig);
    memset(ek[1], 0xa5, sizeof ek - sizeof ek[0]);
    memset(dk[1], 0xa5, sizeof dk - sizeof dk[0]);
    memset(pk[1], 0xa5, sizeof pk - sizeof pk[0]);
    memset(sk[1], 0xa5, sizeof sk - sizeof sk[0]);
}

static void single_calls_fail(void)
{
    uint8_t any[32] = {1};

    prepare();
    CHECK_EQ(head2_random(any, sizeof any), HEAD2_E_ENTROPY);
    CHECK(is_zero(any, sizeof any));
    CHECK_EQ(head2_mlkem768_keypair(ek[1], dk[1]), HEAD2_E_ENTROPY);
    CHECK(is_zero(ek[1], sizeof ek[1]) && is_zero(dk[1], sizeof dk[1]));
    CHECK_EQ(head2_mlkem768_encaps(ct[0], &ss[0], ek[0]), HEAD2_E_ENTROPY);
    CHECK(is_zero(ct[0], sizeof ct[0]) && is_zero(&ss[0], sizeof ss[0]));
    CHECK_EQ(head2_mldsa44_keypair(pk[1], sk[1]), HEAD2_E_ENTROPY);
    CHECK(is_zero(pk[1], sizeof pk[1]) && is_zero(sk[1], sizeof sk[1]));
    CHECK_EQ(head2_mldsa44_sign(sig[0], any, 1, NULL, 0, sk[0]), HEAD2_E_ENTROPY);
    CHECK(is_zero(sig[0], sizeof sig[0]));
    CHECK_EQ(head2_mldsa44_sign_deterministic(sig[0], any, 1, NULL, 0, sk[0]), HEAD2_OK);
}

static void prepared_keys_fail(void)
{
    struct head2_mlkem_ek *key;
    struct head2_mldsa_signer *signer;

    prepare();
    CHECK_EQ(head2_mlkem_ek_new(&key, HEAD2_MLKEM_SET_768, ek[0]), HEAD2_OK);
    CHECK_EQ(head2_mldsa_signer_new(&signer, HEAD2_MLDSA_SET_44, sk[0]), HEAD2_OK);
    CHECK_EQ(head2_mlkem_encaps(ct[0], &ss[0], key), HEAD2_E_ENTROPY);
    CHECK(is_zero(ct[0], sizeof ct[0]) && is_zero(&ss[0], sizeof ss[0]));
    CHECK_EQ(head2_mldsa_sign(sig[0], pk[0], 1, NULL, 0, signer), HEAD2_E_ENTROPY);
    CHECK(is_zero(sig[0], sizeof sig[0]));
    head2_mlkem_ek_free(key);
    head2_mldsa_signer_free(signer);
}

/* Every third job has what it needs. */
static bool has_its_own(unsigned i)
{
    return i % 3 == 1;
}

static void kem_batches_fail_by_job(void)
{
    static uint8_t want_ek[sizeof ek[0]], want_dk[sizeof dk[0]], want_ct[sizeof ct[0]];
    struct head2_mlkem_keypair_job keypair[N];
    struct head2_mlkem_encaps_job encaps[N];
    struct head2_secret32 want_ss;

    prepare();
    CHECK_EQ(head2_mlkem768_keypair_from_seed(want_ek, want_dk, &seed), HEAD2_OK);
    CHECK_EQ(head2_mlkem768_encaps_derand(want_ct, &want_ss, want_ek, &own), HEAD2_OK);
    for (unsigned i = 0; i < N; i++) {
        keypair[i] = (struct head2_mlkem_keypair_job){
            .ek = ek[i], .dk = dk[i], .seed = has_its_own(i) ? &seed : NULL};
        encaps[i] = (struct head2_mlkem_encaps_job){
            .ek = want_ek, .ct = ct[i], .ss = &ss[i], .m = has_its_own(i) ? &own : NULL};
    }
    CHECK_EQ(head2_mlkem_keypair_batch(HEAD2_MLKEM_SET_768, keypair, N), HEAD2_E_ENTROPY);
    CHECK_EQ(head2_mlkem_encaps_batch(HEAD2_MLKEM_SET_768, encaps, N), HEAD2_E_ENTROPY);
    for (unsigned i = 0; i < N; i++) {
        const enum head2_status want = has_its_own(i) ? HEAD2_OK : HEAD2_E_ENTROPY;
        CHECK_EQ(keypair[i].st, want);
        CHECK_EQ(encaps[i].st, want);
        if (has_its_own(i)) {
            CHECK_MEM(ek[i], want_ek, sizeof want_ek);
            CHECK_MEM(dk[i], want_dk, sizeof want_dk);
            CHECK_MEM(ct[i], want_ct, sizeof want_ct);
            CHECK_MEM(&ss[i], &want_ss, sizeof want_ss);
        } else {
            CHECK(is_zero(ek[i], sizeof ek[i]) && is_zero(dk[i], sizeof dk[i]));
            CHECK(is_zero(ct[i], sizeof ct[i]) && is_zero(&ss[i], sizeof ss[i]));
        }
    }
}

static void dsa_batches_fail_by_job(void)
{
    static uint8_t want_pk[sizeof pk[0]], want_sk[sizeof sk[0]];
    struct head2_mldsa_keypair_job keypair[N];
    struct head2_mldsa_sign_job sign[N];

    prepare();
    CHECK_EQ(head2_mldsa44_keypair_from_seed(want_pk, want_sk, &own), HEAD2_OK);
    for (unsigned i = 0; i < N; i++) {
        keypair[i] = (struct head2_mldsa_keypair_job){
            .pk = pk[i], .sk = sk[i], .xi = has_its_own(i) ? &own : NULL};
        sign[i] = (struct head2_mldsa_sign_job){
            .sk = want_sk, .rnd = has_its_own(i) ? &own : NULL, .sig = sig[i]};
    }
    CHECK_EQ(head2_mldsa_keypair_batch(HEAD2_MLDSA_SET_44, keypair, N), HEAD2_E_ENTROPY);
    CHECK_EQ(head2_mldsa_sign_batch(HEAD2_MLDSA_SET_44, sign, N), HEAD2_E_ENTROPY);
    for (unsigned i = 0; i < N; i++) {
        const enum head2_status want = has_its_own(i) ? HEAD2_OK : HEAD2_E_ENTROPY;
        CHECK_EQ(keypair[i].st, want);
        CHECK_EQ(sign[i].st, want);
        if (has_its_own(i)) {
            CHECK_MEM(pk[i], want_pk, sizeof want_pk);
            CHECK_MEM(sk[i], want_sk, sizeof want_sk);
            CHECK_EQ(head2_mldsa44_verify(want_pk, NULL, 0, NULL, 0, sig[i], sizeof sig[i]),
                     HEAD2_OK);
        } else {
            CHECK(is_zero(pk[i], sizeof pk[i]) && is_zero(sk[i], sizeof sk[i]));
            CHECK(is_zero(sig[i], sizeof sig[i]));
        }
    }
}

int main(void)
{
    RUN(single_calls_fail);
    RUN(prepared_keys_fail);
    RUN(kem_batches_fail_by_job);
    RUN(dsa_batches_fail_by_job);
    CHECK_EXIT();
}
