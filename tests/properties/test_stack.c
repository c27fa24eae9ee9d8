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
    uint8_t again[sizeof pk];
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

static void calls_stay_below_64_kib(void)
{
    static const struct {
        const char *name;
        enum head2_status (*run)(void);
    } calls[] = {
        {"ML-KEM keypair",    kem_keypair},
        {"ML-KEM encaps",     kem_encaps },
        {"ML-KEM decaps",     kem_decaps },
        {"ML-DSA keypair",    dsa_keypair},
        {"ML-DSA public key", dsa_public },
        {"ML-DSA sign",       dsa_sign   },
        {"ML-DSA verify",     dsa_verify },
    };

#ifdef __SANITIZE_ADDRESS__
    SKIP("AddressSanitizer spaces variables apart");
#endif
    for (unsigned isa = 0; isa <= cpu_isa(); isa++) {
        cpu_limit((enum cpu_isa)isa);
        const size_t empty = touched(nothing);
        for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
            const size_t used = touched(calls[i].run) - empty;
            CHECK_SAY(used < LIMIT, "%s takes %zu bytes of stack on %s", calls[i].name, used,
                      cpu_isa_name((enum cpu_isa)isa));
            if (getenv("HEAD2_SHOW") != NULL)
                printf("%s on %s: %zu bytes\n", calls[i].name, cpu_isa_name((enum cpu_isa)isa),
                       used);
        }
        cpu_limit(CPU_AVX512);
    }
}

int main(void)
{
    RUN(calls_stay_below_64_kib);
    CHECK_EXIT();
}
