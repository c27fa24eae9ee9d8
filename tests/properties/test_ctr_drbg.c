/*
 * AES-256 on every instruction set against libcrypto's, and CTR_DRBG's own rules: limits, reseeds,
 * failing sources, and what is left of a state that has done its work.
 */
#include "check.h"

#include "cpu/cpu.h"
#include "entropy/ctr_drbg.h"

#include <openssl/evp.h>
#include <pthread.h>
#include <sys/mman.h>

static uint64_t seed = 20261122;

static uint64_t rnd(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed;
}

static void fill(void *p, size_t len)
{
    for (size_t i = 0; i < len; i++)
        ((uint8_t *)p)[i] = (uint8_t)(rnd() >> 24);
}

/* ---- kernels ---- */

static const struct aes256_kernels *const tables[CPU_LEVELS] =
    CPU_KERNELS(&aes256_kernels_portable, &aes256_kernels_avx2, &aes256_kernels_avx512);

/* What this machine can run, by the choice itself, which must not have refused any. */
static bool runs(unsigned isa)
{
    cpu_limit((enum cpu_isa)isa);
    const bool same = aes256_kernels() == tables[isa];
    cpu_limit(CPU_AVX512);
    CHECK_EQ(cpu_refusals(NULL, NULL), 0);
    return same;
}

static EVP_CIPHER_CTX *libcrypto;

static void their_blocks(const EVP_CIPHER *cipher, const uint8_t key[32], const uint8_t *iv,
                         const uint8_t *in, uint8_t *out, size_t len)
{
    int n;

    CHECK(EVP_EncryptInit_ex(libcrypto, cipher, NULL, key, iv) == 1);
    EVP_CIPHER_CTX_set_padding(libcrypto, 0);
    CHECK(EVP_EncryptUpdate(libcrypto, out, &n, in, (int)len) == 1 && n == (int)len);
}

/* E and E(E) by iterate3 and, as a chain of one block, by cbc_mac3. */
static void compare_block(unsigned isa, const uint8_t key[32], const uint8_t x[16])
{
    uint8_t theirs[AES256_SEED], ours[AES256_SEED], mac[3][AES_BLOCK];

    for (unsigned i = 0; i < 3; i++)
        their_blocks(EVP_aes_256_ecb(), key, NULL, i == 0 ? x : theirs + 16 * (i - 1),
                     theirs + 16 * i, 16);
    tables[isa]->iterate3(key, x, ours);
    CHECK_MEM(ours, theirs, sizeof ours);
    memset(mac, 0, sizeof mac);
    memcpy(mac[1], x, 16);
    for (unsigned i = 0; i < 16; i++)
        mac[2][i] = theirs[i] ^ x[i];
    tables[isa]->cbc_mac3(key, mac, x, 1);
    CHECK_MEM(mac[0], theirs, 16);
    CHECK_MEM(mac[2], theirs + 16, 16);
}

static void every_bit_of_key_and_block(void)
{
    for (unsigned isa = 0; isa < CPU_LEVELS; isa++) {
        if (!runs(isa))
            continue;
        for (unsigned bit = 0; bit < 256 + 128; bit++) {
            uint8_t both[AES256_SEED] = {0};
            both[bit / 8] = (uint8_t)(1 << bit % 8);
            compare_block(isa, both, both + AES256_KEY);
        }
        for (unsigned n = 0; n < 3000; n++) {
            uint8_t both[AES256_SEED];
            fill(both, sizeof both);
            compare_block(isa, both, both + AES256_KEY);
        }
    }
}

enum { LONGEST = 1200, GUARD = 64 };

/* A request as libcrypto's counter mode does it, whose counter begins one later. */
static void compare_request(unsigned isa, struct aes256_state st, size_t len, const uint8_t *data)
{
    static const uint8_t zeros[LONGEST + 64];
    uint8_t theirs[LONGEST + 64 + 16], ours[LONGEST + GUARD];
    const size_t padded = (len + 15) / 16 * 16;
    const uint8_t *next = theirs + 16 + padded;

    their_blocks(EVP_aes_256_ctr(), st.key, st.v, zeros, theirs, 16 + padded + AES256_SEED);
    memset(ours, 0xa7, sizeof ours);
    tables[isa]->generate(&st, ours, len, data);
    CHECK_SAY(memcmp(ours, theirs + 16, len) == 0, "%zu bytes", len);
    for (unsigned i = 0; i < GUARD; i++)
        CHECK_EQ(ours[len + i], 0xa7);
    for (unsigned i = 0; i < AES256_SEED; i++)
        CHECK_EQ(i < AES256_KEY ? st.key[i] : st.v[i - AES256_KEY],
                 next[i] ^ (data != NULL ? data[i] : 0));
}

static void requests_of_every_length(void)
{
    for (unsigned isa = 0; isa < CPU_LEVELS; isa++) {
        for (size_t len = 0; len <= LONGEST && runs(isa); len++) {
            struct aes256_state st;
            uint8_t data[AES256_SEED];
            fill(&st, sizeof st);
            fill(data, sizeof data);
            compare_request(isa, st, len, len % 3 == 0 ? NULL : data);
        }
    }
}

/* The counter overflows, in its low half and whole, at every block of every kernel's batches. */
static void every_carry(void)
{
    for (unsigned isa = 0; isa < CPU_LEVELS; isa++) {
        for (unsigned before = 0; before < 80 && runs(isa); before++) {
            struct aes256_state st;
            fill(&st, sizeof st);
            memset(st.v + 8, 0xff, 8);
            st.v[15] = (uint8_t)(0xff - before);
            compare_request(isa, st, LONGEST, NULL);
            compare_request(isa, st, before, NULL);
            memset(st.v, 0xff, 8);
            compare_request(isa, st, LONGEST - before, NULL);
        }
    }
}

static void wrong_generate(struct aes256_state *st, uint8_t *out, size_t len, const uint8_t *data)
{
    aes256_kernels_portable.generate(st, out, len, data);
    if (len > 600)
        out[len - 1] ^= 1;
}

static void wrong_update(struct aes256_state *st, uint8_t *out, size_t len, const uint8_t *data)
{
    aes256_kernels_portable.generate(st, out, len, data);
    if (data != NULL)
        st->v[15] ^= 1;
}

static void wrong_mac(const uint8_t key[AES256_KEY], uint8_t mac[3][AES_BLOCK], const uint8_t *in,
                      size_t blocks)
{
    aes256_kernels_portable.cbc_mac3(key, mac, in, blocks);
    mac[2][0] ^= blocks == 4;
}

static void wrong_iterate(const uint8_t key[AES256_KEY], const uint8_t x[AES_BLOCK],
                          uint8_t out[AES256_SEED])
{
    aes256_kernels_portable.iterate3(key, x, out);
    memcpy(out + 32, out + 16, 16);
}

static void wrong_kernels_are_refused(void)
{
    const struct aes256_kernels right = aes256_kernels_portable;
    struct aes256_kernels k = right;

    CHECK(aes256_kernels_agree(&k, &right));
    k.generate = wrong_generate;
    CHECK(!aes256_kernels_agree(&k, &right));
    k.generate = wrong_update;
    CHECK(!aes256_kernels_agree(&k, &right));
    k = right;
    k.cbc_mac3 = wrong_mac;
    CHECK(!aes256_kernels_agree(&k, &right));
    k = right;
    k.iterate3 = wrong_iterate;
    CHECK(!aes256_kernels_agree(&k, &right));
    CHECK_EQ(cpu_refusals(NULL, NULL), 0);
}

/* ---- a source for the tests ---- */

struct counting {
    unsigned asked, bits;
    size_t give; /* bytes */
    enum head2_status st;
};

static enum head2_status count(void *arg, unsigned bits, uint8_t *out, size_t *len)
{
    struct counting *c = arg;

    c->asked++;
    c->bits = bits;
    memset(out, (int)c->asked, *len);
    *len = c->give;
    return c->st;
}

static const struct ctr_drbg_input none = {NULL, 0};

static struct ctr_drbg opened(struct counting *c, struct ctr_drbg_policy policy)
{
    struct ctr_drbg d;

    *c = (struct counting){.give = 64};
    CHECK_EQ(ctr_drbg_instantiate(&d, true, (struct ctr_drbg_source){count, c}, policy, none, none),
             HEAD2_OK);
    CHECK_EQ(c->asked, 1);
    CHECK_EQ(c->bits, 384);
    return d;
}

static bool all_zero(const void *p, size_t len)
{
    const uint8_t *b = p;
    size_t i = 0;

    while (i < len && b[i] == 0)
        i++;
    return i == len;
}

/* ---- rules ---- */

static void limits_of_a_request(void)
{
    static uint8_t out[CTR_DRBG_MAX_REQUEST + 1];
    struct counting c;
    struct ctr_drbg d = opened(&c, ctr_drbg_90a);
    const struct ctr_drbg_input most = {out, CTR_DRBG_MAX_INPUT};
    const struct ctr_drbg_input too_long = {out, CTR_DRBG_MAX_INPUT + 1};

    CHECK_EQ(ctr_drbg_generate(&d, out, CTR_DRBG_MAX_REQUEST, false, none), HEAD2_OK);
    CHECK(!all_zero(out, CTR_DRBG_MAX_REQUEST));
    CHECK_EQ(ctr_drbg_generate(&d, out, sizeof out, false, none), HEAD2_E_LIMIT);
    CHECK(all_zero(out, sizeof out));
    CHECK_EQ(ctr_drbg_generate(&d, out, 0, false, none), HEAD2_OK);
    CHECK_EQ(ctr_drbg_generate(&d, out, 1, false, most), HEAD2_OK);
    CHECK_EQ(ctr_drbg_generate(&d, out, 1, false, too_long), HEAD2_E_ARG);
    CHECK_EQ(ctr_drbg_reseed(&d, too_long), HEAD2_E_ARG);
    CHECK_EQ(c.asked, 1);
    d = opened(&c, ctr_drbg_strict);
    CHECK_EQ(ctr_drbg_generate(&d, out, 1 << 14, false, none), HEAD2_OK);
    CHECK_EQ(ctr_drbg_generate(&d, out, (1 << 14) + 1, false, none), HEAD2_E_LIMIT);
}

static void arguments_of_instantiate(void)
{
    struct counting c = {.give = 64};
    const struct ctr_drbg_source source = {count, &c}, no_source = {NULL, &c};
    const struct ctr_drbg_policy never = {0, 1}, nothing = {1, 0}, always = {(1ull << 48) + 1, 1};
    uint8_t text[AES256_SEED + 1] = {0};
    const struct ctr_drbg_input fits = {text, AES256_SEED}, too_long = {text, sizeof text};
    struct ctr_drbg d;

    CHECK_EQ(ctr_drbg_instantiate(&d, true, source, never, none, none), HEAD2_E_ARG);
    CHECK_EQ(ctr_drbg_instantiate(&d, true, source, nothing, none, none), HEAD2_E_ARG);
    CHECK_EQ(ctr_drbg_instantiate(&d, true, source, always, none, none), HEAD2_E_ARG);
    CHECK_EQ(ctr_drbg_instantiate(&d, true, no_source, ctr_drbg_90a, none, none), HEAD2_E_ARG);
    CHECK_EQ(ctr_drbg_instantiate(&d, false, source, ctr_drbg_90a, fits, none), HEAD2_E_ARG);
    CHECK_EQ(ctr_drbg_instantiate(&d, false, source, ctr_drbg_90a, none, too_long), HEAD2_E_ARG);
    CHECK_EQ(c.asked, 0);
    CHECK_EQ(ctr_drbg_instantiate(&d, true, source, ctr_drbg_90a, fits, too_long), HEAD2_OK);
    CHECK_EQ(ctr_drbg_instantiate(&d, false, source, ctr_drbg_90a, none, fits), HEAD2_E_ENTROPY);
    c.give = AES256_SEED;
    CHECK_EQ(ctr_drbg_instantiate(&d, false, source, ctr_drbg_90a, none, fits), HEAD2_OK);
    CHECK_EQ(ctr_drbg_generate(&d, text, 1, false, too_long), HEAD2_E_ARG);
    CHECK_EQ(ctr_drbg_generate(&d, text, 1, false, fits), HEAD2_OK);
}

/* Reseeds come when the policy says, when asked for, and not otherwise. */
static void reseeds_when_due(void)
{
    static uint8_t out[1 << 14];
    struct counting c;
    struct ctr_drbg d = opened(&c, (struct ctr_drbg_policy){3, UINT64_MAX});

    for (unsigned i = 0; i < 10; i++) {
        CHECK_EQ(ctr_drbg_generate(&d, out, 5, false, none), HEAD2_OK);
        CHECK_EQ(c.asked, 1 + i / 3);
    }
    CHECK_EQ(c.bits, 256);
    d = opened(&c, ctr_drbg_strict);
    CHECK_EQ(ctr_drbg_generate(&d, out, sizeof out - 1, false, none), HEAD2_OK);
    CHECK_EQ(ctr_drbg_generate(&d, out, 1, false, none), HEAD2_OK);
    CHECK_EQ(c.asked, 1); /* 2^17 bits exactly */
    CHECK_EQ(ctr_drbg_generate(&d, out, 1, false, none), HEAD2_OK);
    CHECK_EQ(c.asked, 2);
    CHECK_EQ(ctr_drbg_generate(&d, out, 1, true, none), HEAD2_OK);
    CHECK_EQ(c.asked, 3);
    CHECK_EQ(ctr_drbg_reseed(&d, none), HEAD2_OK);
    CHECK_EQ(c.asked, 4);
    CHECK_EQ(d.reseeds, 3);
}

static void failing_sources(void)
{
    uint8_t out[100];
    struct counting c;
    struct ctr_drbg d = opened(&c, (struct ctr_drbg_policy){1, 1000}), before;

    CHECK_EQ(ctr_drbg_generate(&d, out, sizeof out, false, none), HEAD2_OK);
    before = d;
    c.st = HEAD2_E_IO;
    for (unsigned fresh = 0; fresh < 2; fresh++) { /* due, and asked for */
        fill(out, sizeof out);
        CHECK_EQ(ctr_drbg_generate(&d, out, sizeof out, fresh != 0, none), HEAD2_E_IO);
        CHECK(all_zero(out, sizeof out));
    }
    CHECK_EQ(ctr_drbg_reseed(&d, none), HEAD2_E_IO);
    c.st = HEAD2_OK;
    for (c.give = 0; c.give < 32; c.give++) /* less than 256 bits */
        CHECK_EQ(ctr_drbg_reseed(&d, none), HEAD2_E_ENTROPY);
    CHECK(memcmp(&d, &before, sizeof d) == 0);
    c.give = CTR_DRBG_MAX_ENTROPY + 1;
    CHECK_EQ(ctr_drbg_generate(&d, out, sizeof out, false, none), HEAD2_E_ENTROPY);
    c.give = 32;
    CHECK_EQ(ctr_drbg_generate(&d, out, sizeof out, false, none), HEAD2_OK);
    c.give = 47;
    CHECK_EQ(ctr_drbg_instantiate(&d, true, (struct ctr_drbg_source){count, &c}, ctr_drbg_90a, none,
                                  none),
             HEAD2_E_ENTROPY);
    CHECK(all_zero(&d, sizeof d));
    CHECK_EQ(ctr_drbg_generate(&d, out, sizeof out, false, none), HEAD2_E_STATE);
    CHECK_EQ(ctr_drbg_fill(&d, out, 0, false), HEAD2_E_STATE);
    CHECK_EQ(ctr_drbg_reseed(&d, none), HEAD2_E_STATE);
}

static void fill_is_many_requests(void)
{
    static uint8_t a[50000], b[50000];
    struct counting c, e;
    struct ctr_drbg d = opened(&c, ctr_drbg_strict), one = opened(&e, ctr_drbg_strict);

    CHECK_EQ(ctr_drbg_fill(&d, a, sizeof a, true), HEAD2_OK);
    for (size_t at = 0; at < sizeof b; at += 1 << 14) {
        const size_t n = sizeof b - at < 1 << 14 ? sizeof b - at : 1 << 14;
        CHECK_EQ(ctr_drbg_generate(&one, b + at, n, at == 0, none), HEAD2_OK);
    }
    CHECK_MEM(a, b, sizeof a);
    CHECK_EQ(c.asked, 5);
    c.st = HEAD2_E_IO; /* in the middle: nothing is left of the beginning */
    CHECK_EQ(ctr_drbg_fill(&d, a, sizeof a, false), HEAD2_E_IO);
    CHECK(all_zero(a, sizeof a));
}

/* ---- what is left ---- */

/* A piece of an earlier state, or of output, in what is there now. */
static bool holds(const void *where, size_t len, const void *piece)
{
    return memmem(where, len, piece, 8) != NULL;
}

/* Who has the state cannot go back: key and V are new, made under a key that is nowhere in it. */
static void backtracking(void)
{
    for (unsigned n = 0; n < 100; n++) {
        struct counting c;
        struct ctr_drbg d = opened(&c, ctr_drbg_90a), before;
        uint8_t out[64];
        const size_t len = n % sizeof out;
        for (unsigned i = 0; i < n; i++)
            CHECK_EQ(ctr_drbg_generate(&d, out, 1, false, none), HEAD2_OK);
        before = d;
        CHECK_EQ(ctr_drbg_generate(&d, out, len, false, none), HEAD2_OK);
        for (unsigned i = 0; i < AES256_SEED; i += 8)
            CHECK(!holds(&d, sizeof d, (uint8_t *)&before.st + i));
        for (unsigned i = 0; i + 8 <= len; i += 8)
            CHECK(!holds(&d, sizeof d, out + i));
        ctr_drbg_uninstantiate(&d);
        CHECK(all_zero(&d, sizeof d));
    }
}

#ifndef __SANITIZE_ADDRESS__
struct call {
    struct ctr_drbg *d;
    uint8_t *out;
    size_t len;
    enum head2_status st;
};

static void *in_thread(void *arg)
{
    struct call *c = arg;
    c->st = ctr_drbg_generate(c->d, c->out, c->len, true, (struct ctr_drbg_input){"added", 5});
    return NULL;
}

/* Neither keys nor output stay on the stack, on any instruction set: it is looked through. */
static void nothing_stays_on_the_stack(void)
{
    enum { STACK = 1 << 18 };
    static uint8_t out[700];
    uint8_t *stack = mmap(NULL, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    pthread_attr_t attr;

    CHECK(stack != MAP_FAILED && pthread_attr_init(&attr) == 0);
    CHECK(pthread_attr_setstack(&attr, stack, STACK) == 0);
    for (unsigned n = 0; n < 60; n++) {
        struct counting c;
        pthread_t thread;
        cpu_limit((enum cpu_isa)(n % CPU_LEVELS));
        struct ctr_drbg d = opened(&c, ctr_drbg_90a), before = d;
        struct call call = {&d, out, 16 + n * 11, HEAD2_E_STATE};
        memset(stack, 0, STACK - 65536); /* the top is the thread's own */
        CHECK(pthread_create(&thread, &attr, in_thread, &call) == 0);
        CHECK(pthread_join(thread, NULL) == 0);
        CHECK_EQ(call.st, HEAD2_OK);
        for (unsigned i = 0; i < AES256_SEED; i += 8) {
            CHECK(!holds(stack, STACK, (uint8_t *)&before.st + i));
            CHECK(!holds(stack, STACK, (uint8_t *)&d.st + i));
        }
        for (unsigned i = 0; i + 8 <= call.len; i += 8)
            CHECK(!holds(stack, STACK, out + i));
    }
    cpu_limit(CPU_AVX512);
    pthread_attr_destroy(&attr);
    munmap(stack, STACK);
}
#endif

int main(void)
{
    libcrypto = EVP_CIPHER_CTX_new();
    RUN(every_bit_of_key_and_block);
    RUN(requests_of_every_length);
    RUN(every_carry);
    RUN(wrong_kernels_are_refused);
    RUN(limits_of_a_request);
    RUN(arguments_of_instantiate);
    RUN(reseeds_when_due);
    RUN(failing_sources);
    RUN(fill_is_many_requests);
    RUN(backtracking);
#ifndef __SANITIZE_ADDRESS__
    RUN(nothing_stays_on_the_stack);
#endif
    EVP_CIPHER_CTX_free(libcrypto);
    CHECK_EXIT();
}
