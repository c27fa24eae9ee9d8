/*
 * The stack that a call takes: below 64 KiB for every public function of the lattice schemes, on
 * every instruction set, so that they can be called from small threads.
 */
#include "check.h"

#include "cpu/cpu.h"

#include <head2/keys.h>
#include <head2/mldsa.h>
#include <head2/mlkem.h>

#include <pthread.h>
#include <sys/mman.h>
#include <sys/wait.h>

enum { LIMIT = 64 * 1024, PAINTED = 1 << 20, PAINT = 0xa7 };

struct call {
    enum head2_status (*run)(void);
    enum head2_status st;
};

static void *in_thread(void *arg)
{
    struct call *c = arg;
    c->st = c->run();
    return NULL;
}

static enum head2_status nothing(void)
{
    return HEAD2_OK;
}

/* Bytes of stack that a thread has touched when it ends. */
static size_t touched(enum head2_status (*run)(void))
{
    uint8_t *stack =
        mmap(NULL, PAINTED, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    pthread_attr_t attr;
    pthread_t thread;
    struct call c = {.run = run};
    size_t i = 0;

    CHECK(stack != MAP_FAILED);
    memset(stack, PAINT, PAINTED);
    CHECK(pthread_attr_init(&attr) == 0 && pthread_attr_setstack(&attr, stack, PAINTED) == 0);
    CHECK(pthread_create(&thread, &attr, in_thread, &c) == 0 && pthread_join(thread, NULL) == 0);
    CHECK_EQ(c.st, HEAD2_OK);
    while (i < PAINTED && stack[i] == PAINT)
        i++;
    pthread_attr_destroy(&attr);
    munmap(stack, PAINTED);
    return PAINTED - i;
}

static uint8_t ek[HEAD2_MLKEM1024_EK_BYTES], dk[HEAD2_MLKEM1024_DK_BYTES];
static uint8_t ct[HEAD2_MLKEM1024_CT_BYTES];
static uint8_t pk[HEAD2_MLDSA87_PK_BYTES], sk[HEAD2_MLDSA87_SK_BYTES];
static uint8_t sig[HEAD2_MLDSA87_SIG_BYTES];
static struct head2_secret32 ss;

static enum head2_status kem_keypair(void)
{
    return head2_mlkem1024_keypair(ek, dk);
}

static enum head2_status kem_encaps(void)
{
    return head2_mlkem1024_encaps(ct, &ss, ek);
}

static enum head2_status kem_decaps(void)
{
    return head2_mlkem1024_decaps(&ss, dk, ct);
}

static enum head2_status dsa_keypair(void)
{
    return head2_mldsa87_keypair(pk, sk);
}

static enum head2_status dsa_public(void)
{
    static uint8_t again[sizeof pk];
    return head2_mldsa87_public_from_private(again, sk);
}

static enum head2_status dsa_sign(void)
{
    return head2_mldsa87_sign(sig, pk, 100, NULL, 0, sk);
}

static enum head2_status dsa_verify(void)
{
    return head2_mldsa87_verify(pk, pk, 100, NULL, 0, sig, sizeof sig);
}

static struct head2_mlkem_ek *prepared_ek;
static struct head2_mlkem_dk *prepared_dk;
static struct head2_mldsa_signer *signer;
static struct head2_mldsa_verifier *verifier;

static enum head2_status kem_prepare(void)
{
    head2_mlkem_ek_free(prepared_ek);
    head2_mlkem_dk_free(prepared_dk);
    enum head2_status st = head2_mlkem_ek_new(&prepared_ek, HEAD2_MLKEM_SET_1024, ek);
    return st == HEAD2_OK ? head2_mlkem_dk_new(&prepared_dk, HEAD2_MLKEM_SET_1024, dk) : st;
}

static enum head2_status kem_prepared(void)
{
    enum head2_status st = head2_mlkem_encaps(ct, &ss, prepared_ek);
    head2_mlkem_decaps(&ss, prepared_dk, ct);
    return st;
}

static enum head2_status dsa_prepare(void)
{
    head2_mldsa_signer_free(signer);
    head2_mldsa_verifier_free(verifier);
    enum head2_status st = head2_mldsa_signer_new(&signer, HEAD2_MLDSA_SET_87, sk);
    return st == HEAD2_OK ? head2_mldsa_verifier_new(&verifier, HEAD2_MLDSA_SET_87, pk) : st;
}

static enum head2_status dsa_prepared_sign(void)
{
    return head2_mldsa_sign(sig, pk, 100, NULL, 0, signer);
}

static enum head2_status dsa_prepared_verify(void)
{
    return head2_mldsa_verify(verifier, pk, 100, NULL, 0, sig, sizeof sig);
}

enum { BATCH = 9 };
static uint8_t eks[BATCH][sizeof ek], dks[BATCH][sizeof dk], cts[BATCH][sizeof ct];
static uint8_t pks[BATCH][sizeof pk], sks[BATCH][sizeof sk], sigs[BATCH][sizeof sig];
static struct head2_secret32 secrets[BATCH];

static enum head2_status kem_keypair_batch(void)
{
    static struct head2_mlkem_keypair_job jobs[BATCH];
    for (unsigned i = 0; i < BATCH; i++)
        jobs[i] = (struct head2_mlkem_keypair_job){.ek = eks[i], .dk = dks[i]};
    return head2_mlkem_keypair_batch(HEAD2_MLKEM_SET_1024, jobs, BATCH);
}

static enum head2_status kem_encaps_batch(void)
{
    static struct head2_mlkem_encaps_job jobs[BATCH];
    for (unsigned i = 0; i < BATCH; i++)
        jobs[i] = (struct head2_mlkem_encaps_job){.ek = eks[i], .ct = cts[i], .ss = &secrets[i]};
    return head2_mlkem_encaps_batch(HEAD2_MLKEM_SET_1024, jobs, BATCH);
}

static enum head2_status kem_decaps_batch(void)
{
    static struct head2_mlkem_decaps_job jobs[BATCH];
    for (unsigned i = 0; i < BATCH; i++)
        jobs[i] = (struct head2_mlkem_decaps_job){.dk = dks[i], .ct = cts[i], .ss = &secrets[i]};
    return head2_mlkem_decaps_batch(HEAD2_MLKEM_SET_1024, jobs, BATCH);
}

static enum head2_status dsa_keypair_batch(void)
{
    static struct head2_mldsa_keypair_job jobs[BATCH];
    for (unsigned i = 0; i < BATCH; i++)
        jobs[i] = (struct head2_mldsa_keypair_job){.pk = pks[i], .sk = sks[i]};
    return head2_mldsa_keypair_batch(HEAD2_MLDSA_SET_87, jobs, BATCH);
}

static enum head2_status dsa_sign_batch(void)
{
    static struct head2_mldsa_sign_job jobs[BATCH];
    for (unsigned i = 0; i < BATCH; i++)
        jobs[i] = (struct head2_mldsa_sign_job){
            .sk = sks[i], .msg = pks[i], .msg_len = 100, .sig = sigs[i]};
    return head2_mldsa_sign_batch(HEAD2_MLDSA_SET_87, jobs, BATCH);
}

static enum head2_status dsa_verify_batch(void)
{
    static struct head2_mldsa_verify_job jobs[BATCH];
    for (unsigned i = 0; i < BATCH; i++)
        jobs[i] = (struct head2_mldsa_verify_job){
            .pk = pks[i], .msg = pks[i], .msg_len = 100, .sig = sigs[i], .sig_len = sizeof sigs[i]};
    return head2_mldsa_verify_batch(HEAD2_MLDSA_SET_87, jobs, BATCH);
}

static const struct {
    const char *name;
    enum head2_status (*run)(void);
} calls[] = {
    {"ML-KEM keypair",         kem_keypair        },
    {"ML-KEM encaps",          kem_encaps         },
    {"ML-KEM decaps",          kem_decaps         },
    {"ML-DSA keypair",         dsa_keypair        },
    {"ML-DSA public key",      dsa_public         },
    {"ML-DSA sign",            dsa_sign           },
    {"ML-DSA verify",          dsa_verify         },
    {"ML-KEM prepare",         kem_prepare        },
    {"ML-KEM prepared",        kem_prepared       },
    {"ML-DSA prepare",         dsa_prepare        },
    {"ML-DSA prepared sign",   dsa_prepared_sign  },
    {"ML-DSA prepared verify", dsa_prepared_verify},
    {"ML-KEM keypair batch",   kem_keypair_batch  },
    {"ML-KEM encaps batch",    kem_encaps_batch   },
    {"ML-KEM decaps batch",    kem_decaps_batch   },
    {"ML-DSA keypair batch",   dsa_keypair_batch  },
    {"ML-DSA sign batch",      dsa_sign_batch     },
    {"ML-DSA verify batch",    dsa_verify_batch   },
};

static void expect_below_limit(size_t used, size_t call, enum cpu_isa isa)
{
    if (getenv("HEAD2_SHOW") != NULL)
        printf("%s on %s: %zu bytes\n", calls[call].name, cpu_isa_name(isa), used);
    CHECK_SAY(used < LIMIT, "%s takes %zu bytes of stack on %s", calls[call].name, used,
              cpu_isa_name(isa));
}

static void only_as_shipped(void)
{
#if defined(__SANITIZE_ADDRESS__) || !defined(__OPTIMIZE__)
    SKIP("sanitizers space variables apart, and unoptimised code keeps every one");
#endif
}

/* The same in a process of its own, so that the kernels of the level have not been used before:
 * comparing them takes stack, too. */
static size_t touched_at_first(enum head2_status (*run)(void), enum cpu_isa isa)
{
    size_t *const used =
        mmap(NULL, sizeof *used, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    int how;

    CHECK(used != MAP_FAILED);
    const pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        cpu_limit(isa);
        if (setjmp(check_leave) == 0)
            *used = touched(run);
        _exit(0);
    }
    CHECK(waitpid(child, &how, 0) == child && how == 0);
    const size_t n = *used;
    munmap(used, sizeof *used);
    CHECK(n > 0);
    return n;
}

static void first_calls_stay_below_64_kib(void)
{
    only_as_shipped();
    const enum cpu_isa most = cpu_isa();

    cpu_limit(CPU_PORTABLE); /* whose kernels are compared with nothing */
    const size_t empty = touched(nothing);
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++)
        CHECK_EQ(calls[i].run(), HEAD2_OK);
    for (unsigned isa = 0; isa <= most; isa++)
        for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++)
            expect_below_limit(touched_at_first(calls[i].run, (enum cpu_isa)isa) - empty, i,
                               (enum cpu_isa)isa);
    cpu_limit(CPU_AVX512);
}

static void calls_stay_below_64_kib(void)
{
    only_as_shipped();
    for (unsigned isa = 0; isa <= cpu_isa(); isa++) {
        cpu_limit((enum cpu_isa)isa);
        const size_t empty = touched(nothing);
        for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++)
            expect_below_limit(touched(calls[i].run) - empty, i, (enum cpu_isa)isa);
        cpu_limit(CPU_AVX512);
    }
}

int main(void)
{
    RUN(first_calls_stay_below_64_kib);
    RUN(calls_stay_below_64_kib);
    CHECK_EXIT();
}
