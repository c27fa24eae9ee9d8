/*
 * Several threads at once: the first choice of kernels, one prepared key used by all, and parts of
 * one batch each.
 */
#include "check.h"

#include "base/base.h"

#include <head2/cpu.h>
#include <head2/hash.h>
#include <head2/mldsa.h>
#include <head2/mlkem.h>

#include <pthread.h>

enum { THREADS = 6, EACH = 11, N = THREADS * EACH };

static uint8_t ek[HEAD2_MLKEM768_EK_BYTES], dk[HEAD2_MLKEM768_DK_BYTES];
static uint8_t pk[HEAD2_MLDSA44_PK_BYTES], sk[HEAD2_MLDSA44_SK_BYTES];
static uint8_t ct[N][HEAD2_MLKEM768_CT_BYTES], sig[N][HEAD2_MLDSA44_SIG_BYTES], msg[N][8];
static struct head2_secret32 m[N], sent[N], received[N];
static const struct head2_secret32 no_rnd;
static struct head2_mlkem_dk *prepared_dk;
static struct head2_mldsa_signer *signer;
static struct head2_mlkem_encaps_job encaps[N];
static struct head2_mlkem_decaps_job decaps[N];
static struct head2_mldsa_sign_job signs[N];

static pthread_barrier_t barrier;
static const char *(*part)(size_t first);
static const char *wrong[THREADS];

static void *in_thread(void *arg)
{
    const size_t number = (size_t)(uintptr_t)arg;
    pthread_barrier_wait(&barrier);
    wrong[number] = part(number * EACH);
    return NULL;
}

static void run_all(const char *(*work)(size_t first))
{
    pthread_t threads[THREADS];

    part = work;
    CHECK_EQ(pthread_barrier_init(&barrier, NULL, THREADS), 0);
    for (size_t i = 0; i < THREADS; i++)
        CHECK_EQ(pthread_create(&threads[i], NULL, in_thread, (void *)(uintptr_t)i), 0);
    for (size_t i = 0; i < THREADS; i++)
        CHECK_EQ(pthread_join(threads[i], NULL), 0);
    pthread_barrier_destroy(&barrier);
    for (size_t i = 0; i < THREADS; i++)
        CHECK_SAY(wrong[i] == NULL, "thread %zu: %s", i, wrong[i]);
}

/* Nobody has asked for a kernel in this process before. */
static const char *first_use(size_t first)
{
    static const uint8_t want[] = {0xa7, 0xff, 0xc6, 0xf8, 0xbf, 0x1e, 0xd7, 0x66};
    uint8_t digest[32];
    (void)first;
    if (head2_kernels_check(NULL, NULL) != HEAD2_OK)
        return "kernels refused";
    head2_sha3_256(digest, NULL, 0);
    return memcmp(digest, want, sizeof want) == 0 ? NULL : "SHA3-256 of nothing";
}

static void first_use_by_all(void)
{
    run_all(first_use);
}

static const char *part_of_batch(size_t first)
{
    if (head2_mlkem_encaps_batch(HEAD2_MLKEM_SET_768, &encaps[first], EACH) != HEAD2_OK)
        return "encaps";
    if (head2_mlkem_decaps_batch(HEAD2_MLKEM_SET_768, &decaps[first], EACH) != HEAD2_OK)
        return "decaps";
    if (head2_mldsa_sign_batch(HEAD2_MLDSA_SET_44, &signs[first], EACH) != HEAD2_OK)
        return "sign";
    return NULL;
}

static void parts_of_one_batch(void)
{
    static const struct head2_secret64 seed = {"threads"};
    static const struct head2_secret32 xi = {"threads"};
    uint8_t want_ct[sizeof ct[0]], want_sig[sizeof sig[0]];
    struct head2_secret32 want_ss;

    CHECK_EQ(head2_mlkem768_keypair_from_seed(ek, dk, &seed), HEAD2_OK);
    CHECK_EQ(head2_mldsa44_keypair_from_seed(pk, sk, &xi), HEAD2_OK);
    CHECK_EQ(head2_mlkem_dk_new(&prepared_dk, HEAD2_MLKEM_SET_768, dk), HEAD2_OK);
    CHECK_EQ(head2_mldsa_signer_new(&signer, HEAD2_MLDSA_SET_44, sk), HEAD2_OK);
    for (size_t i = 0; i < N; i++) {
        put_be64(msg[i], i);
        put_be64(m[i].b, i);
        encaps[i] =
            (struct head2_mlkem_encaps_job){.ek = ek, .ct = ct[i], .ss = &sent[i], .m = &m[i]};
        decaps[i] =
            (struct head2_mlkem_decaps_job){.key = prepared_dk, .ct = ct[i], .ss = &received[i]};
        signs[i] = (struct head2_mldsa_sign_job){
            .key = signer, .msg = msg[i], .msg_len = sizeof msg[i], .rnd = &no_rnd, .sig = sig[i]};
    }
    run_all(part_of_batch);
    for (size_t i = 0; i < N; i++) {
        CHECK_EQ(head2_mlkem768_encaps_derand(want_ct, &want_ss, ek, &m[i]), HEAD2_OK);
        CHECK_MEM(ct[i], want_ct, sizeof want_ct);
        CHECK_MEM(&sent[i], &want_ss, sizeof want_ss);
        CHECK_MEM(&received[i], &want_ss, sizeof want_ss);
        CHECK_EQ(head2_mldsa44_sign_deterministic(want_sig, msg[i], sizeof msg[i], NULL, 0, sk),
                 HEAD2_OK);
        CHECK_MEM(sig[i], want_sig, sizeof want_sig);
    }
    head2_mlkem_dk_free(prepared_dk);
    head2_mldsa_signer_free(signer);
}

int main(void)
{
    RUN(first_use_by_all);
    RUN(parts_of_one_batch);
    CHECK_EXIT();
}
