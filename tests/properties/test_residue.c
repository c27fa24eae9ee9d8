/*
 * What an operation leaves on the stack it has used: none of the secrets that went in, came out or
 * were computed on the way. Each runs in a thread whose stack is searched afterwards for words of
 * these secrets, at each level of vector instructions.
 *
 * Unoptimised code and sanitizers keep what they like where they like: this is about builds that
 * are shipped.
 */
#include "check.h"

#include "cpu/cpu.h"

#include <head2/hash.h>
#include <head2/mldsa.h>
#include <head2/mlkem.h>

#include <pthread.h>
#include <sys/mman.h>

enum { STACK = 1 << 18, JOBS = 9, MOST_SECRETS = 1 << 18 };

/* ---- secrets: words of eight bytes, as registers and lanes of Keccak hold them ---- */

static uint64_t secrets[MOST_SECRETS];
static size_t n_secrets;

static void secret(const void *p, size_t len)
{
    for (size_t i = 0; i + 8 <= len; i += 8) {
        CHECK(n_secrets < MOST_SECRETS);
        memcpy(&secrets[n_secrets++], (const uint8_t *)p + i, 8);
    }
}

static int by_value(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

/* count PRF outputs of len bytes: seed || nonce, of nonce_len bytes */
static void secret_prf(const uint8_t *seed, size_t seed_len, unsigned count, size_t nonce_len,
                       size_t len)
{
    uint8_t in[66], out[680];

    memcpy(in, seed, seed_len);
    for (unsigned i = 0; i < count; i++) {
        in[seed_len] = (uint8_t)i;
        in[seed_len + 1] = (uint8_t)(i >> 8);
        head2_shake256(out, len, in, seed_len + nonce_len);
        secret(out, len);
    }
}

/* ---- running and searching ---- */

static void *in_thread(void *arg)
{
    void (*const *const run)(void) = arg;
    (*run)();
    return NULL;
}

/* Words of secrets that are on the stack afterwards; *deepest is how far down from the top. */
static size_t residue(void (*run)(void), size_t *deepest)
{
    uint8_t *const stack =
        mmap(NULL, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    pthread_attr_t attr;
    pthread_t thread;
    size_t found = 0;

    CHECK(stack != MAP_FAILED);
    CHECK(pthread_attr_init(&attr) == 0 && pthread_attr_setstack(&attr, stack, STACK) == 0);
    CHECK(pthread_create(&thread, &attr, in_thread, &run) == 0 && pthread_join(thread, NULL) == 0);
    pthread_attr_destroy(&attr);
    qsort(secrets, n_secrets, sizeof secrets[0], by_value);
    *deepest = 0;
    for (size_t at = 0; at + 8 <= STACK; at += 8) {
        uint64_t word;
        memcpy(&word, stack + at, 8);
        if (word == 0 || word == UINT64_MAX ||
            bsearch(&word, secrets, n_secrets, sizeof secrets[0], by_value) == NULL)
            continue;
        found++;
        if (*deepest == 0)
            *deepest = STACK - at;
    }
    munmap(stack, STACK);
    return found;
}

/* ---- ML-KEM-1024 ---- */

static struct head2_secret64 seed[JOBS];
static struct head2_secret32 m[JOBS], ss[JOBS];
static uint8_t ek[JOBS][HEAD2_MLKEM1024_EK_BYTES], dk[JOBS][HEAD2_MLKEM1024_DK_BYTES];
static uint8_t ct[JOBS][HEAD2_MLKEM1024_CT_BYTES];
static struct head2_mlkem_ek *prepared_ek[JOBS];
static struct head2_mlkem_dk *prepared_dk[JOBS];
static unsigned jobs; /* 1: a single call */

static void kem_setup(void)
{
    for (unsigned i = 0; i < JOBS; i++) {
        head2_shake256(seed[i].b, 64, &i, sizeof i);
        head2_shake128(m[i].b, 32, &i, sizeof i);
        CHECK(head2_mlkem1024_keypair_from_seed(ek[i], dk[i], &seed[i]) == HEAD2_OK);
        CHECK(head2_mlkem1024_encaps_derand(ct[i], &ss[i], ek[i], &m[i]) == HEAD2_OK);
        CHECK(head2_mlkem_ek_new(&prepared_ek[i], HEAD2_MLKEM_SET_1024, ek[i]) == HEAD2_OK);
        CHECK(head2_mlkem_dk_new(&prepared_dk[i], HEAD2_MLKEM_SET_1024, dk[i]) == HEAD2_OK);
    }
}

/* What the private key holds: s packed and as coefficients, and z. */
static void kem_key_secrets(unsigned i)
{
    uint16_t s[1024];

    secret(dk[i], 1536);
    secret(seed[i].b + 32, 32);
    for (unsigned n = 0; n < 1024; n++)
        s[n] = (uint16_t)((dk[i][3 * n / 2] | dk[i][3 * n / 2 + 1] << 8) >> (n % 2 * 4) & 0xfff);
    secret(s, sizeof s);
}

static void kem_keygen_secrets(void)
{
    uint8_t in[33], rho_sigma[64];

    for (unsigned i = 0; i < jobs; i++) {
        memcpy(in, seed[i].b, 32);
        in[32] = 4;
        head2_sha3_512(rho_sigma, in, 33);
        secret(in, 32);
        secret(rho_sigma + 32, 32);
        secret_prf(rho_sigma + 32, 32, 8, 1, 128);
        kem_key_secrets(i);
    }
}

static void kem_encaps_secrets(void)
{
    uint8_t in[64], k_r[64];

    for (unsigned i = 0; i < jobs; i++) {
        memcpy(in, m[i].b, 32);
        head2_sha3_256(in + 32, ek[i], sizeof ek[i]);
        head2_sha3_512(k_r, in, 64);
        secret(in, 32);
        secret(k_r, 64);
        secret_prf(k_r + 32, 32, 9, 1, 128);
    }
}

static void kem_decaps_secrets(void)
{
    struct head2_keccak j;
    uint8_t k_bar[32];

    kem_encaps_secrets();
    for (unsigned i = 0; i < jobs; i++) {
        head2_shake256_init(&j);
        head2_shake_update(&j, seed[i].b + 32, 32);
        head2_shake_update(&j, ct[i], sizeof ct[i]);
        head2_shake_squeeze(&j, k_bar, 32);
        secret(k_bar, 32);
        kem_key_secrets(i);
    }
}

static enum head2_status status;

static void kem_keypair(void)
{
    status = head2_mlkem1024_keypair_from_seed(ek[0], dk[0], &seed[0]);
}

static void kem_encaps(void)
{
    status = head2_mlkem1024_encaps_derand(ct[0], &ss[0], ek[0], &m[0]);
}

static void kem_decaps(void)
{
    status = head2_mlkem1024_decaps(&ss[0], dk[0], ct[0]);
}

static void kem_prepare(void)
{
    head2_mlkem_dk_wipe(prepared_dk[0]);
    status = head2_mlkem_dk_init(prepared_dk[0], HEAD2_MLKEM_SET_1024, dk[0]);
}

static void kem_prepared_decaps(void)
{
    head2_mlkem_decaps(&ss[0], prepared_dk[0], ct[0]);
    status = HEAD2_OK;
}

static void kem_keypair_jobs(void)
{
    static struct head2_mlkem_keypair_job job[JOBS];
    for (unsigned i = 0; i < JOBS; i++)
        job[i] = (struct head2_mlkem_keypair_job){.ek = ek[i], .dk = dk[i], .seed = &seed[i]};
    status = head2_mlkem_keypair_batch(HEAD2_MLKEM_SET_1024, job, jobs);
}

static void kem_encaps_jobs(void)
{
    static struct head2_mlkem_encaps_job job[JOBS];
    for (unsigned i = 0; i < JOBS; i++)
        job[i] = (struct head2_mlkem_encaps_job){
            .key = prepared_ek[i], .ct = ct[i], .ss = &ss[i], .m = &m[i]};
    status = head2_mlkem_encaps_batch(HEAD2_MLKEM_SET_1024, job, jobs);
}

static void kem_decaps_jobs(void)
{
    static struct head2_mlkem_decaps_job job[JOBS];
    for (unsigned i = 0; i < JOBS; i++)
        job[i] = (struct head2_mlkem_decaps_job){.dk = dk[i], .ct = ct[i], .ss = &ss[i]};
    status = head2_mlkem_decaps_batch(HEAD2_MLKEM_SET_1024, job, jobs);
}

/* ---- ML-DSA-87 ---- */

enum { ATTEMPTS = 6, L = 7, K = 8 };

static struct head2_secret32 xi[JOBS], rnd;
static uint8_t pk[JOBS][HEAD2_MLDSA87_PK_BYTES], sk[JOBS][HEAD2_MLDSA87_SK_BYTES];
static uint8_t sig[JOBS][HEAD2_MLDSA87_SIG_BYTES];
static struct head2_mldsa_signer *signer[JOBS];
static const uint8_t msg[100];

static void dsa_setup(void)
{
    for (unsigned i = 0; i < JOBS; i++) {
        head2_shake128(xi[i].b, 32, &i, 2);
        CHECK(head2_mldsa87_keypair_from_seed(pk[i], sk[i], &xi[i]) == HEAD2_OK);
        CHECK(head2_mldsa_signer_new(&signer[i], HEAD2_MLDSA_SET_87, sk[i]) == HEAD2_OK);
    }
}

/* K, and s1 and s2 packed and as coefficients. */
static void dsa_key_secrets(unsigned i)
{
    secret(sk[i] + 32, 32);
    secret(sk[i] + 128, (K + L) * 96);
}

static void dsa_keygen_secrets(void)
{
    uint8_t in[34], seeds[128];

    for (unsigned i = 0; i < jobs; i++) {
        memcpy(in, xi[i].b, 32);
        in[32] = K;
        in[33] = L;
        head2_shake256(seeds, 128, in, 34);
        secret(in, 32);
        secret(seeds + 32, 96);
        secret_prf(seeds + 32, 64, K + L, 2, 272);
        dsa_key_secrets(i);
    }
}

/* The masks of the first attempts, as they are drawn and as coefficients. */
static void secret_masks(const uint8_t seed_of_masks[64])
{
    uint8_t in[66], out[640];
    int32_t y[256];

    memcpy(in, seed_of_masks, 64);
    for (unsigned n = 0; n < ATTEMPTS * L; n++) {
        in[64] = (uint8_t)n;
        in[65] = 0;
        head2_shake256(out, sizeof out, in, sizeof in);
        secret(out, sizeof out);
        for (unsigned i = 0; i < 256; i++) {
            const uint8_t *const p = out + 5 * (i / 2);
            const int32_t v = i % 2 == 0 ? p[0] | p[1] << 8 | (p[2] & 15) << 16
                                         : p[2] >> 4 | p[3] << 4 | p[4] << 12;
            y[i] = (1 << 19) - v;
        }
        secret(y, sizeof y);
    }
}

static void dsa_sign_secrets(void)
{
    uint8_t mu[64], rho2[64];
    struct head2_keccak h;

    for (unsigned i = 0; i < jobs; i++) {
        CHECK(head2_mldsa87_mu(mu, pk[i], msg, sizeof msg, NULL, 0) == HEAD2_OK);
        head2_shake256_init(&h);
        head2_shake_update(&h, sk[i] + 32, 32);
        head2_shake_update(&h, rnd.b, 32);
        head2_shake_update(&h, mu, 64);
        head2_shake_squeeze(&h, rho2, 64);
        secret(rho2, 64);
        secret_masks(rho2);
        dsa_key_secrets(i);
    }
}

static void dsa_keypair(void)
{
    status = head2_mldsa87_keypair_from_seed(pk[0], sk[0], &xi[0]);
}

static void dsa_public(void)
{
    static uint8_t again[sizeof pk[0]];
    status = head2_mldsa87_public_from_private(again, sk[0]);
}

static void dsa_prepare(void)
{
    head2_mldsa_signer_wipe(signer[0]);
    status = head2_mldsa_signer_init(signer[0], HEAD2_MLDSA_SET_87, sk[0]);
}

static void dsa_sign(void)
{
    status = head2_mldsa87_sign_deterministic(sig[0], msg, sizeof msg, NULL, 0, sk[0]);
}

static void dsa_prepared_sign(void)
{
    status = head2_mldsa_sign_deterministic(sig[0], msg, sizeof msg, NULL, 0, signer[0]);
}

static void dsa_keypair_jobs(void)
{
    static struct head2_mldsa_keypair_job job[JOBS];
    for (unsigned i = 0; i < JOBS; i++)
        job[i] = (struct head2_mldsa_keypair_job){.pk = pk[i], .sk = sk[i], .xi = &xi[i]};
    status = head2_mldsa_keypair_batch(HEAD2_MLDSA_SET_87, job, jobs);
}

static void dsa_sign_jobs(void)
{
    static struct head2_mldsa_sign_job job[JOBS];
    for (unsigned i = 0; i < JOBS; i++)
        job[i] = (struct head2_mldsa_sign_job){.key = i % 2 == 0 ? signer[i] : NULL,
                                               .sk = sk[i],
                                               .msg = msg,
                                               .msg_len = sizeof msg,
                                               .rnd = &rnd,
                                               .sig = sig[i]};
    status = head2_mldsa_sign_batch(HEAD2_MLDSA_SET_87, job, jobs);
}

/* ---- all of them ---- */

static void leaves_nothing(const char *name, void (*run)(void), void (*secrets_of)(void),
                           unsigned count)
{
    size_t deepest;

    jobs = count;
    n_secrets = 0;
    secrets_of();
    const size_t found = residue(run, &deepest);
    CHECK_EQ(status, HEAD2_OK);
    if (getenv("HEAD2_SHOW") != NULL)
        printf("%s on %s: %zu words, the deepest %zu bytes down\n", name, cpu_isa_name(cpu_isa()),
               found, deepest);
    else
        CHECK_SAY(found == 0, "%s on %s leaves %zu words, the deepest %zu bytes down", name,
                  cpu_isa_name(cpu_isa()), found, deepest);
}

static void without_secrets(void)
{
    status = head2_mldsa87_verify(pk[0], msg, 0, NULL, 0, sig[0], sizeof sig[0]);
}

/* Keeps what it was given, unlike those below, and deeper than the end of a thread reaches. */
static void leaky(void)
{
    uint8_t copy[4096];
    memcpy(copy, m[0].b, 32);
    __asm__ volatile("" : : "r"(copy) : "memory");
    status = HEAD2_OK;
}

static void residue_is_found(void)
{
    size_t deepest;

    kem_setup();
    jobs = 1;
    n_secrets = 0;
    kem_encaps_secrets();
    CHECK(residue(leaky, &deepest) >= 4 && deepest > 0);
    CHECK_EQ(residue(without_secrets, &deepest), 0);
}

static void operations_leave_no_secrets(void)
{
    static const struct {
        const char *name;
        void (*run)(void);
        void (*secrets)(void);
        unsigned jobs;
    } calls[] = {
        {"ML-KEM keypair",         kem_keypair,         kem_keygen_secrets, 1   },
        {"ML-KEM encaps",          kem_encaps,          kem_encaps_secrets, 1   },
        {"ML-KEM decaps",          kem_decaps,          kem_decaps_secrets, 1   },
        {"ML-KEM prepare",         kem_prepare,         kem_keygen_secrets, 1   },
        {"ML-KEM prepared decaps", kem_prepared_decaps, kem_decaps_secrets, 1   },
        {"ML-KEM keypair jobs",    kem_keypair_jobs,    kem_keygen_secrets, JOBS},
        {"ML-KEM encaps jobs",     kem_encaps_jobs,     kem_encaps_secrets, JOBS},
        {"ML-KEM decaps jobs",     kem_decaps_jobs,     kem_decaps_secrets, JOBS},
        {"ML-DSA keypair",         dsa_keypair,         dsa_keygen_secrets, 1   },
        {"ML-DSA public key",      dsa_public,          dsa_keygen_secrets, 1   },
        {"ML-DSA prepare",         dsa_prepare,         dsa_keygen_secrets, 1   },
        {"ML-DSA sign",            dsa_sign,            dsa_sign_secrets,   1   },
        {"ML-DSA prepared sign",   dsa_prepared_sign,   dsa_sign_secrets,   1   },
        {"ML-DSA keypair jobs",    dsa_keypair_jobs,    dsa_keygen_secrets, JOBS},
        {"ML-DSA sign jobs",       dsa_sign_jobs,       dsa_sign_secrets,   JOBS},
    };

#if !defined(__OPTIMIZE__) || defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    SKIP("this is not how the library is shipped");
#endif
    for (unsigned isa = 0; isa <= cpu_isa(); isa++) {
        cpu_limit((enum cpu_isa)isa);
        kem_setup();
        dsa_setup();
        for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++)
            leaves_nothing(calls[i].name, calls[i].run, calls[i].secrets, calls[i].jobs);
        cpu_limit(CPU_AVX512);
    }
}

int main(void)
{
    RUN(residue_is_found);
    RUN(operations_leave_no_secrets);
    CHECK_EXIT();
}
