/*
 * Constant time, checked as TIMECOP does it: under valgrind, secrets are marked as undefined
 * memory, and memcheck tells each branch and each index that depends on one. The library's
 * HEAD2_PUBLIC annotations say where the standards make a value public, and why.
 *
 *     ct            every function over every parameter set; a case fails when memcheck spoke
 *     ct planted    the same check on three functions that leak on purpose: it must speak
 *
 * Each case also looks whether what must be secret in the end still is: an annotation that
 * declassified too much would otherwise make the check blind. See scripts/check-ct.
 */
#include "check.h"

#include "base/base.h"
#include "entropy/condition.h"
#include "entropy/ctr_drbg.h"
#include "entropy/health.h"
#include "entropy/xdrbg.h"
#include "session/schedule.h"

#include <head2/entropy.h>
#include <head2/hash.h>
#include <head2/keys.h>
#include <head2/mldsa.h>
#include <head2/mlkem.h>
#include <head2/random.h>

#include <valgrind/memcheck.h>

/* How many of these bytes depend on a secret. */
static size_t secret_bytes(const void *p, size_t len)
{
    uint8_t bits[HEAD2_KEY_MAX_PRIVATE];
    size_t n = 0;

    CHECK(len <= sizeof bits && VALGRIND_GET_VBITS(p, bits, len) == 1);
    for (size_t i = 0; i < len; i++)
        n += bits[i] != 0;
    return n;
}

#define CHECK_SECRET(p, len) CHECK_EQ(secret_bytes(p, len), len)
#define CHECK_PUBLIC(p, len) CHECK_EQ(secret_bytes(p, len), 0)

/* A case holds when memcheck found nothing while it ran. */
static unsigned errors_before;

static void begin(void)
{
    errors_before = (unsigned)VALGRIND_COUNT_ERRORS;
}

static unsigned leaks(void)
{
    return (unsigned)VALGRIND_COUNT_ERRORS - errors_before;
}

static void fill(void *p, size_t len, unsigned number)
{
    const uint8_t seed[4] = {(uint8_t)number, (uint8_t)(number >> 8), 'c', 't'};
    head2_shake256(p, len, seed, sizeof seed);
}

/* ---- ML-KEM ---- */

#define KEM(set)                                                                                   \
    static void kem_##set(void)                                                                    \
    {                                                                                              \
        uint8_t ek[HEAD2_MLKEM##set##_EK_BYTES], dk[HEAD2_MLKEM##set##_DK_BYTES];                  \
        uint8_t ct[HEAD2_MLKEM##set##_CT_BYTES];                                                   \
        const size_t s_bytes = sizeof dk - sizeof ek - 64;                                         \
        struct head2_secret64 seed;                                                                \
        struct head2_secret32 m, a, b;                                                             \
        begin();                                                                                   \
        for (unsigned n = 0; n < 4; n++) {                                                         \
            fill(&seed, sizeof seed, n);                                                           \
            HEAD2_SECRET(&seed, sizeof seed);                                                      \
            if (n == 0)                                                                            \
                CHECK_EQ(head2_mlkem##set##_keypair(ek, dk), HEAD2_OK);                            \
            else                                                                                   \
                CHECK_EQ(head2_mlkem##set##_keypair_from_seed(ek, dk, &seed), HEAD2_OK);           \
            CHECK_PUBLIC(ek, sizeof ek);                                                           \
            CHECK_SECRET(dk, s_bytes);                                                             \
            CHECK_SECRET(dk + sizeof dk - 32, 32); /* z */                                         \
            fill(&m, sizeof m, 100 + n);                                                           \
            HEAD2_SECRET(&m, sizeof m);                                                            \
            if (n == 0)                                                                            \
                CHECK_EQ(head2_mlkem##set##_encaps(ct, &a, ek), HEAD2_OK);                         \
            else                                                                                   \
                CHECK_EQ(head2_mlkem##set##_encaps_derand(ct, &a, ek, &m), HEAD2_OK);              \
            CHECK_PUBLIC(ct, sizeof ct);                                                           \
            CHECK_SECRET(&a, sizeof a);                                                            \
            HEAD2_SECRET(dk, sizeof dk); /* as a stored dk comes: all of it */                     \
            CHECK_EQ(head2_mlkem##set##_decaps(&b, dk, ct), HEAD2_OK);                             \
            CHECK_SECRET(&b, sizeof b);                                                            \
            CHECK_EQ(head2_equal(&a, &b, sizeof a), HEAD2_OK);                                     \
            ct[n * 31] ^= 1; /* implicit rejection shows in nothing */                             \
            CHECK_EQ(head2_mlkem##set##_decaps(&b, dk, ct), HEAD2_OK);                             \
            CHECK_SECRET(&b, sizeof b);                                                            \
            CHECK_EQ(head2_equal(&a, &b, sizeof a), HEAD2_E_VERIFY);                               \
            CHECK_EQ(head2_mlkem##set##_check_dk(dk), HEAD2_OK);                                   \
        }                                                                                          \
        CHECK_EQ(leaks(), 0);                                                                      \
    }

KEM(512)
KEM(768)
KEM(1024)

/* Prepared keys and batches: nine operations, a full group and one more. */
#define JOBS 9

static void kem_jobs(enum head2_mlkem_set set, size_t ek_bytes, size_t dk_bytes, size_t ct_bytes)
{
    static uint8_t ek[JOBS][HEAD2_MLKEM1024_EK_BYTES], dk[JOBS][HEAD2_MLKEM1024_DK_BYTES];
    static uint8_t ct[JOBS][HEAD2_MLKEM1024_CT_BYTES];
    struct head2_secret64 seed[JOBS];
    struct head2_secret32 m[JOBS], a[JOBS], b[JOBS];
    struct head2_mlkem_keypair_job keypair[JOBS];
    struct head2_mlkem_encaps_job encaps[JOBS];
    struct head2_mlkem_decaps_job decaps[JOBS];
    struct head2_mlkem_ek *pek;
    struct head2_mlkem_dk *pdk;

    begin();
    fill(seed, sizeof seed, 1);
    fill(m, sizeof m, 2);
    HEAD2_SECRET(seed, sizeof seed);
    HEAD2_SECRET(m, sizeof m);
    for (unsigned i = 0; i < JOBS; i++)
        keypair[i] = (struct head2_mlkem_keypair_job){ek[i], dk[i], &seed[i], HEAD2_OK};
    CHECK_EQ(head2_mlkem_keypair_batch(set, keypair, JOBS), HEAD2_OK);
    for (unsigned i = 0; i < JOBS; i++) {
        CHECK_PUBLIC(ek[i], ek_bytes);
        CHECK_SECRET(dk[i], dk_bytes - ek_bytes - 64);
        CHECK_SECRET(dk[i] + dk_bytes - 32, 32); /* z */
        HEAD2_SECRET(dk[i], dk_bytes);           /* as a stored dk comes: all of it */
    }
    CHECK_EQ(head2_mlkem_ek_new(&pek, set, ek[1]), HEAD2_OK);
    CHECK_EQ(head2_mlkem_dk_new(&pdk, set, dk[1]), HEAD2_OK);
    for (unsigned i = 0; i < JOBS; i++)
        encaps[i] = (struct head2_mlkem_encaps_job){
            .key = i == 1 ? pek : NULL, .ek = ek[i], .ct = ct[i], .ss = &a[i], .m = &m[i]};
    CHECK_EQ(head2_mlkem_encaps_batch(set, encaps, JOBS), HEAD2_OK);
    for (unsigned i = 0; i < JOBS; i++) {
        CHECK_PUBLIC(ct[i], ct_bytes);
        ct[i][3 * i] ^= i % 2; /* implicit rejection shows in nothing */
        decaps[i] = (struct head2_mlkem_decaps_job){
            .key = i == 1 ? pdk : NULL, .dk = dk[i], .ct = ct[i], .ss = &b[i]};
    }
    CHECK_EQ(head2_mlkem_decaps_batch(set, decaps, JOBS), HEAD2_OK);
    for (unsigned i = 0; i < JOBS; i++) {
        CHECK_SECRET(&a[i], sizeof a[i]);
        CHECK_SECRET(&b[i], sizeof b[i]);
        CHECK_EQ(head2_equal(&a[i], &b[i], sizeof a[i]), i % 2 == 0 ? HEAD2_OK : HEAD2_E_VERIFY);
    }
    CHECK_EQ(head2_mlkem_encaps(ct[0], &a[0], pek), HEAD2_OK);
    head2_mlkem_decaps(&b[0], pdk, ct[0]);
    CHECK_SECRET(&a[0], sizeof a[0]);
    CHECK_SECRET(&b[0], sizeof b[0]);
    CHECK_EQ(head2_equal(&a[0], &b[0], sizeof a[0]), HEAD2_OK);
    head2_mlkem_ek_free(pek);
    head2_mlkem_dk_free(pdk);
    CHECK_EQ(leaks(), 0);
}

#define KEM_JOBS(set)                                                                              \
    static void kem_jobs_##set(void)                                                               \
    {                                                                                              \
        kem_jobs(HEAD2_MLKEM_SET_##set, HEAD2_MLKEM##set##_EK_BYTES, HEAD2_MLKEM##set##_DK_BYTES,  \
                 HEAD2_MLKEM##set##_CT_BYTES);                                                     \
    }

KEM_JOBS(512)
KEM_JOBS(768)
KEM_JOBS(1024)

/* ---- ML-DSA ---- */

#define SK_PUBLIC_TR 64 /* rho, K, tr: rho and tr belong to the public key */
#define MESSAGES     12

#define DSA(set)                                                                                   \
    static void dsa_##set(void)                                                                    \
    {                                                                                              \
        static uint8_t pk[HEAD2_MLDSA##set##_PK_BYTES], sk[HEAD2_MLDSA##set##_SK_BYTES];           \
        static uint8_t again[HEAD2_MLDSA##set##_PK_BYTES], sig[HEAD2_MLDSA##set##_SIG_BYTES];      \
        struct head2_secret32 xi;                                                                  \
        uint8_t msg[40], mu[HEAD2_MLDSA_MU_BYTES];                                                 \
        begin();                                                                                   \
        CHECK_EQ(head2_mldsa##set##_keypair(pk, sk), HEAD2_OK);                                    \
        CHECK_PUBLIC(pk, sizeof pk);                                                               \
        fill(&xi, sizeof xi, set);                                                                 \
        HEAD2_SECRET(&xi, sizeof xi);                                                              \
        CHECK_EQ(head2_mldsa##set##_keypair_from_seed(pk, sk, &xi), HEAD2_OK);                     \
        CHECK_PUBLIC(pk, sizeof pk);                                                               \
        CHECK_PUBLIC(sk, 32);                                                                      \
        CHECK_SECRET(sk + 32, 32);                                                                 \
        CHECK_PUBLIC(sk + 64, SK_PUBLIC_TR);                                                       \
        CHECK_SECRET(sk + 128, sizeof sk - 128);                                                   \
        CHECK_EQ(head2_mldsa##set##_public_from_private(again, sk), HEAD2_OK);                     \
        CHECK(memcmp(pk, again, sizeof pk) == 0);                                                  \
        for (unsigned n = 0; n < MESSAGES; n++) {                                                  \
            fill(msg, sizeof msg, 1000 + n);                                                       \
            if (n % 4 == 0) {                                                                      \
                CHECK_EQ(head2_mldsa##set##_sign(sig, msg, sizeof msg, NULL, 0, sk), HEAD2_OK);    \
            } else if (n % 4 == 1) {                                                               \
                CHECK_EQ(head2_mldsa##set##_mu(mu, pk, msg, sizeof msg, NULL, 0), HEAD2_OK);       \
                CHECK_EQ(head2_mldsa##set##_sign_mu(sig, mu, sk), HEAD2_OK);                       \
            } else {                                                                               \
                CHECK_EQ(head2_mldsa##set##_sign_deterministic(sig, msg, sizeof msg, NULL, 0, sk), \
                         HEAD2_OK);                                                                \
            }                                                                                      \
            CHECK_PUBLIC(sig, sizeof sig);                                                         \
            CHECK_EQ(head2_mldsa##set##_verify(pk, msg, sizeof msg, NULL, 0, sig, sizeof sig),     \
                     HEAD2_OK);                                                                    \
        }                                                                                          \
        CHECK_SECRET(sk + 128, sizeof sk - 128); /* signing has not declassified the key */        \
        CHECK_EQ(leaks(), 0);                                                                      \
    }

DSA(44)
DSA(65)
DSA(87)

/* Prepared keys and batches: nine operations, a full group and one more. */
static void dsa_many(enum head2_mldsa_set set, size_t pk_bytes, size_t sk_bytes, size_t sig_bytes)
{
    static uint8_t pk[JOBS][HEAD2_MLDSA87_PK_BYTES], sk[JOBS][HEAD2_MLDSA87_SK_BYTES];
    static uint8_t sig[JOBS][HEAD2_MLDSA87_SIG_BYTES], msg[JOBS][40];
    struct head2_mldsa_keypair_job keypair[JOBS];
    struct head2_mldsa_sign_job sign[JOBS];
    struct head2_mldsa_verify_job verify[JOBS];
    struct head2_secret32 xi[JOBS], rnd[JOBS];
    struct head2_mldsa_signer *signer = NULL;

    begin();
    for (unsigned i = 0; i < JOBS; i++) {
        fill(&xi[i], sizeof xi[i], 300 + i);
        HEAD2_SECRET(&xi[i], sizeof xi[i]);
        keypair[i] = (struct head2_mldsa_keypair_job){pk[i], sk[i], i == 0 ? NULL : &xi[i], 0};
    }
    CHECK_EQ(head2_mldsa_keypair_batch(set, keypair, JOBS), HEAD2_OK);
    for (unsigned i = 0; i < JOBS; i++) {
        CHECK_PUBLIC(pk[i], pk_bytes);
        HEAD2_SECRET(sk[i] + 32, 32);
        HEAD2_SECRET(sk[i] + 128, sk_bytes - 128);
    }
    CHECK_EQ(head2_mldsa_signer_new(&signer, set, sk[0]), HEAD2_OK);
    for (unsigned i = 0; i < JOBS; i++) {
        fill(msg[i], sizeof msg[i], 400 + i);
        fill(&rnd[i], sizeof rnd[i], 500 + i);
        HEAD2_SECRET(&rnd[i], sizeof rnd[i]);
        sign[i] = (struct head2_mldsa_sign_job){.key = i < 6 ? signer : NULL,
                                                .sk = i < 6 ? NULL : sk[i],
                                                .msg = msg[i],
                                                .msg_len = sizeof msg[i],
                                                .rnd = i == 0 ? NULL : &rnd[i],
                                                .sig = sig[i]};
        verify[i] = (struct head2_mldsa_verify_job){.pk = pk[i < 6 ? 0 : i],
                                                    .msg = msg[i],
                                                    .msg_len = sizeof msg[i],
                                                    .sig = sig[i],
                                                    .sig_len = sig_bytes};
    }
    CHECK_EQ(head2_mldsa_sign_batch(set, sign, JOBS), HEAD2_OK);
    for (unsigned i = 0; i < JOBS; i++)
        CHECK_PUBLIC(sig[i], sig_bytes);
    CHECK_EQ(head2_mldsa_verify_batch(set, verify, JOBS), HEAD2_OK);
    for (unsigned i = 0; i < 4; i++) {
        CHECK_EQ(head2_mldsa_sign(sig[i], msg[i], sizeof msg[i], NULL, 0, signer), HEAD2_OK);
        CHECK_PUBLIC(sig[i], sig_bytes);
        CHECK_EQ(head2_mldsa_verify_batch(set, verify, JOBS), HEAD2_OK);
    }
    CHECK_SECRET(sk[0] + 128, sk_bytes - 128); /* neither has declassified the key */
    CHECK_SECRET(sk[8] + 128, sk_bytes - 128);
    head2_mldsa_signer_free(signer);
    CHECK_EQ(leaks(), 0);
}

static void dsa_many_44(void)
{
    dsa_many(HEAD2_MLDSA_SET_44, HEAD2_MLDSA44_PK_BYTES, HEAD2_MLDSA44_SK_BYTES,
             HEAD2_MLDSA44_SIG_BYTES);
}

static void dsa_many_65(void)
{
    dsa_many(HEAD2_MLDSA_SET_65, HEAD2_MLDSA65_PK_BYTES, HEAD2_MLDSA65_SK_BYTES,
             HEAD2_MLDSA65_SIG_BYTES);
}

static void dsa_many_87(void)
{
    dsa_many(HEAD2_MLDSA_SET_87, HEAD2_MLDSA87_PK_BYTES, HEAD2_MLDSA87_SK_BYTES,
             HEAD2_MLDSA87_SIG_BYTES);
}

/* ---- hashes, comparison, key derivation ---- */

static void hashes(void)
{
    static uint8_t in[20000], out[200], digests[9][32];
    struct head2_blake3 b3;
    struct head2_blake3_job jobs[9];
    static const size_t lens[] = {0, 1, 32, 64, 71, 72, 136, 168, 1024, 1025, 3000, 20000};

    begin();
    fill(in, sizeof in, 7);
    HEAD2_SECRET(in, sizeof in);
    for (unsigned i = 0; i < HEAD2_LEN(lens); i++) {
        const size_t len = lens[i];
        head2_sha3_256(out, in, len);
        head2_sha3_512(out, in, len);
        head2_shake128(out, sizeof out, in, len);
        head2_shake256(out, sizeof out, in, len);
        head2_blake3_init_keyed(&b3, in);
        head2_blake3_update(&b3, in, len);
        head2_blake3_final(&b3, out, sizeof out, 0);
        CHECK_SECRET(out, sizeof out);
        head2_blake3_init_derive_key(&b3, "head2 test", 10);
        head2_blake3_update(&b3, in, len);
        head2_blake3_final(&b3, out, sizeof out, 0);
        head2_hmac_sha3_512(out, in, len, in, sizeof in);
        CHECK_SECRET(out, 64);
        head2_hkdf_sha3_512_extract(out, in, len, in, 32);
        CHECK_EQ(head2_hkdf_sha3_512_expand(in + 64, 200, out, "info", 4), HEAD2_OK);
        CHECK_SECRET(in + 64, 200);
        for (unsigned j = 0; j < HEAD2_LEN(jobs); j++)
            jobs[j] = (struct head2_blake3_job){in + j, len < 2500 ? len : 2500, digests[j]};
        head2_blake3_batch(jobs, HEAD2_LEN(jobs));
        if (len != 0)
            CHECK_SECRET(digests[8], 32);
    }
    CHECK_EQ(leaks(), 0);
}

static void comparison(void)
{
    uint8_t a[64], b[64];

    begin();
    fill(a, sizeof a, 1);
    memcpy(b, a, sizeof b);
    HEAD2_SECRET(a, sizeof a);
    CHECK_EQ(head2_equal(a, b, sizeof a), HEAD2_OK);
    for (unsigned i = 0; i < sizeof b; i++) {
        b[i] ^= 0x80;
        CHECK_EQ(head2_equal(a, b, sizeof a), HEAD2_E_VERIFY);
        b[i] ^= 0x80;
    }
    CHECK_SECRET(a, sizeof a);
    CHECK_EQ(leaks(), 0);
}

static void key_schedule(void)
{
    static const uint8_t zero[64], session_id[8] = {1}, th[64] = {2};
    struct shared_secret ss = {.len = 32};
    struct chain early, root, sk, rk, rb, rs;
    struct hs_keys keys;
    struct lane_keys lanes;
    struct rotation_secrets rot;
    uint8_t rs_id[16], rth0[64];

    begin();
    fill(ss.b, ss.len, 3);
    HEAD2_SECRET(ss.b, ss.len);
    derive_early(&early, zero);
    derive_handshake(&keys, &early, &ss, th);
    CHECK_SECRET(keys.key, sizeof keys.key);
    derive_root(&root, &keys.master, th);
    derive_resume(&rs, rs_id, &keys.master, th);
    derive_session_key(&sk, &root, session_id, 1);
    derive_rotation_keys(&rk, &rb, &root);
    for (unsigned dir = 0; dir < 2; dir++) {
        derive_lanes(&lanes, &sk, HEAD2_SUITE_L5, dir, 1, 0);
        CHECK_SECRET(lanes.key, sizeof lanes.key);
        derive_lanes(&lanes, &sk, HEAD2_SUITE_L1X4, dir, 1, 0);
    }
    derive_ratchet(&sk, &sk, 1, 1);
    CHECK_SECRET(&sk, sizeof sk);
    rotation_start(rth0, session_id, 2, &rb);
    derive_rotation(&rot, &rk, &ss, th);
    CHECK_SECRET(&rot.root, sizeof rot.root);
    CHECK_EQ(leaks(), 0);
}

/* ---- the generator, from raw samples to output ---- */

static enum head2_status secret_entropy(void *arg, unsigned bits, uint8_t *out, size_t *len)
{
    *len = *(size_t *)arg;
    fill(out, *len, bits);
    HEAD2_SECRET(out, *len);
    return HEAD2_OK;
}

/* With the derivation function and without, over lengths that take every path of a kernel; the
 * counter is a secret too, and so is whether it overflows. */
static void generator(void)
{
    static const size_t lens[] = {0, 1, 16, 32, 80, 128, 130, 600, 1200};
    static uint8_t out[1200], added[AES256_SEED];
    const struct ctr_drbg_input none = {NULL, 0}, input = {added, sizeof added};

    begin();
    fill(added, sizeof added, 13);
    HEAD2_SECRET(added, sizeof added);
    for (unsigned df = 0; df < 2; df++) {
        size_t bytes = df ? 64 : AES256_SEED;
        struct ctr_drbg d;
        CHECK_EQ(ctr_drbg_instantiate(&d, df, (struct ctr_drbg_source){secret_entropy, &bytes},
                                      ctr_drbg_90a, none, input),
                 HEAD2_OK);
        for (unsigned i = 0; i < HEAD2_LEN(lens); i++) {
            CHECK_EQ(ctr_drbg_generate(&d, out, lens[i], i % 3 == 0, i % 2 ? input : none),
                     HEAD2_OK);
            CHECK_SECRET(out, lens[i]);
        }
        CHECK_SECRET(&d.st, sizeof d.st);
        ctr_drbg_uninstantiate(&d);
    }
    CHECK_EQ(leaks(), 0);
}

static void other_generator(void)
{
    static uint8_t out[600], added[XDRBG_MAX_ADDITIONAL];
    const struct ctr_drbg_input none = {NULL, 0}, input = {added, sizeof added};
    size_t bytes = 64;
    struct xdrbg d;

    begin();
    fill(added, sizeof added, 14);
    HEAD2_SECRET(added, sizeof added);
    CHECK_EQ(xdrbg_instantiate(&d, (struct ctr_drbg_source){secret_entropy, &bytes}, ctr_drbg_90a,
                               input),
             HEAD2_OK);
    for (unsigned i = 0; i < 4; i++) {
        CHECK_EQ(xdrbg_generate(&d, out, sizeof out, i % 2 == 0, i < 2 ? input : none), HEAD2_OK);
        CHECK_SECRET(out, sizeof out);
    }
    CHECK_SECRET(d.v, sizeof d.v);
    xdrbg_uninstantiate(&d);
    CHECK_EQ(leaks(), 0);
}

static void raw_samples(void)
{
    static uint8_t samples[2 * HEALTH_STARTUP_SAMPLES];
    struct health t;

    begin();
    fill(samples, sizeof samples, 14);
    HEAD2_SECRET(samples, sizeof samples);
    CHECK_EQ(health_init(&t, 4, false), HEAD2_OK);
    CHECK_EQ(health_feed(&t, samples, sizeof samples, 0), HEALTH_STARTUP_SAMPLES);
    CHECK_SECRET(samples, 100);
    for (unsigned i = 0; i < sizeof samples; i++)
        samples[i] &= 1;
    condition_von_neumann(samples, sizeof samples);
    CHECK_SECRET(samples, 100);
    CHECK_EQ(leaks(), 0);
}

/* From raw samples of the library's own sources, and of one that offers them, to what leaves. */
static void pool(void)
{
    static uint8_t samples[HEALTH_STARTUP_SAMPLES + 400], out[100];
    const struct head2_entropy_source source = {
        .name = "ct", .kind = HEAD2_ENTROPY_PHYSICAL, .h = 4, .credit = 4};
    const struct head2_entropy_config alone = {
        .policy = HEAD2_ENTROPY_SINGLE, .sources = (const char *const[]){"ct", NULL}
    };
    unsigned id;

    begin();
    CHECK_EQ(head2_random(out, sizeof out), HEAD2_OK);
    CHECK_SECRET(out, sizeof out);
    CHECK_EQ(head2_random_key(out, sizeof out), HEAD2_OK);
    CHECK_SECRET(out, sizeof out);
    fill(samples, sizeof samples, 15);
    HEAD2_SECRET(samples, sizeof samples);
    CHECK_EQ(head2_entropy_add(&source, &id), HEAD2_OK);
    CHECK_EQ(head2_entropy_offer(id, samples, sizeof samples), HEAD2_OK);
    CHECK_EQ(head2_entropy_configure(&alone), HEAD2_OK);
    CHECK_EQ(head2_random_key(out, sizeof out), HEAD2_OK);
    CHECK_SECRET(out, sizeof out);
    CHECK_EQ(head2_entropy_configure(NULL), HEAD2_OK);
    CHECK_EQ(leaks(), 0);
}

/* Writing a private key: its bytes go through DER and base64 without a table or a branch. */
static void key_writing(void)
{
    static uint8_t out[HEAD2_KEY_MAX_FILE], seed[64];
    struct head2_key *key = NULL;

    begin();
    fill(seed, sizeof seed, 9);
    HEAD2_SECRET(seed, sizeof seed);
    for (int alg = HEAD2_MLKEM_512; alg <= (int)HEAD2_MLDSA_87; alg++) {
        const bool sig = head2_alg_is_signature((enum head2_alg)alg);
        CHECK_EQ(head2_key_from_seed(&key, (enum head2_alg)alg, seed, sig ? 32 : 64), HEAD2_OK);
        for (int form = HEAD2_PRIVATE_SEED; form <= (int)HEAD2_PRIVATE_BOTH; form++) {
            size_t len = sizeof out;
            CHECK_EQ(head2_key_write_private(key, HEAD2_KEY_PEM, (enum head2_private_form)form,
                                             NULL, 0, out, &len),
                     HEAD2_OK);
        }
        head2_key_free(key);
    }
    CHECK_EQ(leaks(), 0);
}

/* ---- what must be found ---- */

static volatile uint8_t sink;
static uint8_t table[256];

static void planted_branch(void)
{
    struct head2_secret32 s;

    begin();
    fill(&s, sizeof s, 11);
    HEAD2_SECRET(&s, sizeof s);
    if (s.b[3] & 1)
        sink = 1;
    CHECK(leaks() > 0);
}

static void planted_index(void)
{
    struct head2_secret32 s;

    begin();
    fill(&s, sizeof s, 12);
    HEAD2_SECRET(&s, sizeof s);
    sink = ((volatile uint8_t *)table)[s.b[0]];
    CHECK(leaks() > 0);
}

/* A comparison that ends early, on what decapsulation gives: the secret has really come this far.
 */
static void planted_behind_kem(void)
{
    uint8_t ek[HEAD2_MLKEM512_EK_BYTES], dk[HEAD2_MLKEM512_DK_BYTES], ct[HEAD2_MLKEM512_CT_BYTES];
    struct head2_secret32 a, b;

    CHECK_EQ(head2_mlkem512_keypair(ek, dk), HEAD2_OK);
    CHECK_EQ(head2_mlkem512_encaps(ct, &a, ek), HEAD2_OK);
    CHECK_EQ(head2_mlkem512_decaps(&b, dk, ct), HEAD2_OK);
    begin();
    if (memcmp(&a, &b, sizeof a) != 0)
        sink = 2;
    CHECK(leaks() > 0);
}

int main(int argc, char **argv)
{
    if (!RUNNING_ON_VALGRIND) {
        printf("FAIL ct: it means nothing without valgrind; run scripts/check-ct\n");
        return 1;
    }
    if (argc > 1 && strcmp(argv[1], "planted") == 0) {
        RUN(planted_branch);
        RUN(planted_index);
        RUN(planted_behind_kem);
        return check_failures != 0;
    }
    RUN(comparison);
    RUN(hashes);
    RUN(key_schedule);
    RUN(generator);
    RUN(other_generator);
    RUN(raw_samples);
    RUN(pool);
    RUN(key_writing);
    RUN(kem_512);
    RUN(kem_768);
    RUN(kem_1024);
    RUN(kem_jobs_512);
    RUN(kem_jobs_768);
    RUN(kem_jobs_1024);
    RUN(dsa_44);
    RUN(dsa_65);
    RUN(dsa_87);
    RUN(dsa_many_44);
    RUN(dsa_many_65);
    RUN(dsa_many_87);
    return check_failures != 0;
}
