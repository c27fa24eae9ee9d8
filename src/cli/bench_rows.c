/*
 * Rows of head2 bench for hashes, and the order of all primitives.
 */
#include "cli/bench.h"
#include "hash/keccak.h"

#include <head2/hash.h>

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

enum { MESSAGES = 64, MESSAGE = 1024 };

struct blake3_messages {
    struct head2_blake3_job jobs[MESSAGES];
    uint8_t digests[MESSAGES][HEAD2_BLAKE3_BYTES];
};

static enum head2_status blake3_batch(void *arg)
{
    const struct blake3_messages *m = arg;
    head2_blake3_batch(m->jobs, MESSAGES);
    return HEAD2_OK;
}

static void blake3_of_messages(struct bench *b, const uint8_t *data)
{
    static struct blake3_messages m;

    for (unsigned i = 0; i < MESSAGES; i++)
        m.jobs[i] = (struct head2_blake3_job){
            .in = data + (size_t)MESSAGE * i, .len = MESSAGE, .out = m.digests[i]};
    bench_measure(b, &(struct bench_row){.name = "BLAKE3 1 KiB, batch of 64",
                                         .op = blake3_batch,
                                         .arg = &m,
                                         .items = MESSAGES,
                                         .bytes = MESSAGE});
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
    blake3_of_messages(b, data);
}

void bench_primitives(struct bench *b)
{
    hashes(b);
    bench_random(b);
    bench_kem(b);
    bench_signatures(b);
}
