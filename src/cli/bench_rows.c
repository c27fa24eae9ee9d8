/*
 * Rows of head2 bench for primitives, one operation a call: hashes, key pairs, encapsulation,
 * signatures.
 */
#include "cli/bench.h"
#include "hash/keccak.h"

#include <head2/hash.h>
#include <head2/keys.h>

/* ---- hashes ---- */

static enum head2_status permutation(void *arg)
{
    struct keccak_x8 *st = arg;
    uint64_t a[25];
    memcpy(a, st, sizeof a);
    for (unsigned i = 0; i < 10; i++)
        keccak_f1600(a);
    memcpy(st, a, sizeof a);
    return HEAD2_OK;
}

static enum head2_status permutation_x8(void *arg)
{
    for (unsigned i = 0; i < 10; i++)
        keccak_kernels()->permute(arg, KECCAK_LANES);
    return HEAD2_OK;
}

static enum head2_status shake128(void *arg)
{
    head2_shake128(arg, 16384, "yardstick", 9);
    return HEAD2_OK;
}

struct blake3_input {
    const uint8_t *in;
    size_t len;
};

static enum head2_status blake3(void *arg)
{
    const struct blake3_input *input = arg;
    uint8_t digest[32];
    head2_blake3(digest, input->in, input->len);
    return HEAD2_OK;
}

static void hashes(struct bench *b)
{
    static uint8_t data[1 << 20];
    static struct keccak_x8 st;
    static const struct {
        const char *name;
        size_t len;
    } sizes[] = {
        {"BLAKE3 64 B",   64     },
        {"BLAKE3 1 KiB",  1024   },
        {"BLAKE3 16 KiB", 16384  },
        {"BLAKE3 1 MiB",  1 << 20},
    };

    bench_measure(
        b, &(struct bench_row){.name = "Keccak-f", .op = permutation, .arg = &st, .items = 10});
    bench_measure(b, &(struct bench_row){.name = "Keccak-f, each of eight",
                                         .op = permutation_x8,
                                         .arg = &st,
                                         .items = 10 * KECCAK_LANES});
    bench_measure(b, &(struct bench_row){
                         .name = "SHAKE128 16 KiB", .op = shake128, .arg = data, .bytes = 16384});
    for (size_t i = 0; i < HEAD2_LEN(sizes); i++) {
        struct blake3_input input = {data, sizes[i].len};
        bench_measure(b, &(struct bench_row){.name = sizes[i].name,
                                             .op = blake3,
                                             .arg = &input,
                                             .bytes = (double)sizes[i].len});
    }
}

/* ---- one key, one operation ---- */

struct key_bench {
    struct head2_key *key;
    enum head2_alg alg;
    uint8_t msg[64];
    uint8_t out[HEAD2_KEY_MAX_SIG];
    size_t len;
    uint64_t count;
};

static enum head2_status generate(void *arg)
{
    struct key_bench *k = arg;
    head2_key_free(k->key);
    return head2_key_generate(&k->key, k->alg);
}

static enum head2_status sign(void *arg)
{
    struct key_bench *k = arg;
    put_be64(k->msg, k->count++);
    return head2_key_sign(k->key, k->out, &k->len, k->msg, sizeof k->msg, "bench", 5, false);
}

static enum head2_status verify(void *arg)
{
    struct key_bench *k = arg;
    return head2_key_verify(k->key, k->msg, sizeof k->msg, "bench", 5, k->out, k->len);
}

static enum head2_status encaps(void *arg)
{
    struct key_bench *k = arg;
    struct head2_secret32 ss;
    enum head2_status st = head2_key_encaps(k->key, k->out, &k->len, &ss);
    head2_wipe(&ss, sizeof ss);
    return st;
}

static enum head2_status decaps(void *arg)
{
    struct key_bench *k = arg;
    struct head2_secret32 ss;
    enum head2_status st = head2_key_decaps(k->key, &ss, k->out, k->len);
    head2_wipe(&ss, sizeof ss);
    return st;
}

static void keys(struct bench *b, enum head2_alg alg)
{
    static const struct {
        const char *name;
        bench_operation *op;
    } ops[2][3] = {
        {{"keygen", generate}, {"encaps", encaps}, {"decaps", decaps}},
        {{"keygen", generate}, {"sign", sign},     {"verify", verify}}
    };
    const bool sig = head2_alg_is_signature(alg);
    struct key_bench k = {.alg = alg};
    char name[BENCH_NAME];

    b->st = generate(&k);
    if (b->st == HEAD2_OK)
        b->st = ops[sig][1].op(&k); /* verify and decaps need something to work on */
    for (unsigned o = 0; o < 3; o++) {
        snprintf(name, sizeof name, "%s %s", head2_alg_name(alg), ops[sig][o].name);
        if (o == 2 && b->st == HEAD2_OK)
            b->st = ops[sig][1].op(&k);
        bench_measure(b,
                      &(struct bench_row){
                          .name = name, .op = ops[sig][o].op, .arg = &k, .by_mean = sig && o == 1});
    }
    head2_key_free(k.key);
}

void bench_primitives(struct bench *b)
{
    static const enum head2_alg algs[] = {HEAD2_MLKEM_512, HEAD2_MLKEM_768, HEAD2_MLKEM_1024,
                                          HEAD2_MLDSA_44,  HEAD2_MLDSA_65,  HEAD2_MLDSA_87};

    hashes(b);
    for (size_t i = 0; i < HEAD2_LEN(algs) && b->st == HEAD2_OK; i++)
        keys(b, algs[i]);
}
