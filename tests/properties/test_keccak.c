/*
 * Keccak on every instruction set: permutations, lanes, chains and many sponges, against the one
 * sponge of sha3.c on portable code.
 */
#include "check.h"

#include "cpu/cpu.h"
#include "hash/keccak.h"

#include <head2/hash.h>

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

static const struct keccak_kernels *tables[CPU_LEVELS] =
    CPU_KERNELS(&keccak_kernels_portable, &keccak_kernels_avx2, &keccak_kernels_avx512);

/* FIPS 202's permutation of the zero state: the digest of the Keccak team's KeccakF-1600
 * intermediate values, as their first and last lane after one and two applications. */
static void permutation_known_answer(void)
{
    for (unsigned isa = 0; isa <= cpu_isa(); isa++) {
        uint64_t a[25] = {0};
        tables[isa]->f1600(a);
        CHECK(a[0] == 0xf1258f7940e1dde7 && a[24] == 0xeaf1ff7b5ceca249);
        tables[isa]->f1600(a);
        CHECK(a[0] == 0x2d5c954df96ecb3c && a[24] == 0x20d06cd26a8fbf5c);
    }
}

/* Each bit of the state, alone, in each lane: the complete linear part and all of chi's diagonal.
 */
static void every_bit_in_every_lane(void)
{
    for (unsigned isa = 1; isa <= cpu_isa(); isa++) {
        for (unsigned bit = 0; bit < 1600; bit++) {
            const unsigned lanes = 1 + bit % KECCAK_LANES;
            struct keccak_x8 a = {0}, b;
            for (unsigned l = 0; l < lanes; l++)
                a.s[(bit / 64 + l) % 25][l] = 1ull << bit % 64;
            b = a;
            tables[isa]->permute(&a, lanes);
            tables[CPU_PORTABLE]->permute(&b, lanes);
            for (unsigned i = 0; i < 25; i++)
                CHECK_MEM(a.s[i], b.s[i], 8 * lanes);
            uint64_t c[25] = {0}, d[25] = {0};
            c[bit / 64] = d[bit / 64] = 1ull << bit % 64;
            tables[isa]->f1600(c);
            tables[CPU_PORTABLE]->f1600(d);
            CHECK_MEM(c, d, sizeof c);
        }
    }
}

/* Words go in and out at any address, exactly as many as were asked for. */
static void blocks_misaligned_and_exact(void)
{
    enum { BYTES = 8 * KECCAK_MAX_WORDS };
    static uint8_t in[KECCAK_LANES][BYTES + 8], out[2][KECCAK_LANES][BYTES + 16];

    fill(in, sizeof in);
    for (unsigned isa = 0; isa <= cpu_isa(); isa++) {
        for (unsigned words = 1; words <= KECCAK_MAX_WORDS; words++) {
            const unsigned lanes = 1 + words % KECCAK_LANES, shift = words % 8;
            const uint8_t *from[KECCAK_LANES];
            uint8_t *to[2][KECCAK_LANES];
            struct keccak_x8 st[2] = {0};
            memset(out, 0xa5, sizeof out);
            for (unsigned l = 0; l < KECCAK_LANES; l++) {
                from[l] = in[l] + shift;
                to[0][l] = out[0][l] + shift;
                to[1][l] = out[1][l] + shift;
            }
            fill(&st[0], sizeof st[0]);
            st[1] = st[0];
            tables[isa]->absorb(&st[0], from, lanes, words);
            tables[CPU_PORTABLE]->absorb(&st[1], from, lanes, words);
            for (unsigned i = 0; i < 25; i++)
                CHECK_MEM(st[0].s[i], st[1].s[i], 8 * lanes);
            tables[isa]->squeeze(&st[0], to[0], lanes, words);
            tables[CPU_PORTABLE]->squeeze(&st[1], to[1], lanes, words);
            CHECK_MEM(out[0], out[1], sizeof out[0]);
            for (unsigned l = 0; l < lanes; l++)
                CHECK(out[0][l][shift + 8 * words] == 0xa5);
        }
    }
}

static void chains_of_every_length(void)
{
    static uint8_t msg[700];
    const unsigned rates[] = {168, 136, 72};

    fill(msg, sizeof msg);
    for (unsigned isa = 0; isa < CPU_LEVELS; isa++) {
        cpu_limit((enum cpu_isa)isa);
        for (size_t len = 0; len <= sizeof msg; len++) {
            struct keccak_chain chain[3];
            struct keccak_chain *const list[3] = {&chain[0], &chain[1], &chain[2]};
            struct keccak_x8 st = {0}, alone = {0};
            uint8_t got[300], want[300];
            for (unsigned c = 0; c < 3; c++)
                keccak_chain_init(&chain[c], rates[c], msg, c == 2 ? 0 : len);
            for (unsigned round = 0; round < 4; round++) {
                const unsigned lanes = 1 + (unsigned)(len + round) % 5;
                if (round == 2)
                    chain[2].ready += len; /* the message has grown */
                keccak_permute_beside(&st, lanes, list, 3);
                keccak_kernels()->permute(&alone, lanes);
                for (unsigned i = 0; i < 25; i++) {
                    CHECK_MEM(st.s[i], alone.s[i], 8 * lanes);
                    for (unsigned l = lanes; l < KECCAK_LANES; l++)
                        st.s[i][l] = alone.s[i][l] = i + l;
                }
            }
            keccak_chain_finish(&chain[0], KECCAK_SUFFIX_SHAKE, got, 300);
            head2_shake128(want, 300, msg, len);
            CHECK_MEM(got, want, 300);
            keccak_chain_finish(&chain[1], KECCAK_SUFFIX_SHA3, got, 32);
            head2_sha3_256(want, msg, len);
            CHECK_MEM(got, want, 32);
            keccak_chain_finish(&chain[2], KECCAK_SUFFIX_SHA3, got, 64);
            head2_sha3_512(want, msg, len);
            CHECK_MEM(got, want, 64);
        }
    }
    cpu_limit(CPU_AVX512);
}

/* Jobs of mixed lengths, in parts, 0 to 40 of them, against the one-shot function. */
static void many_of_mixed_lengths(void)
{
    static uint8_t msg[1200], got[40][420], want[420];

    fill(msg, sizeof msg);
    for (unsigned isa = 0; isa < CPU_LEVELS; isa++) {
        cpu_limit((enum cpu_isa)isa);
        for (unsigned n = 0; n <= 40; n++) {
            struct keccak_job jobs[40] = {0};
            for (unsigned j = 0; j < n; j++) {
                const size_t a = n % 3 == 0 ? 64 : rnd() % 300, b = n % 3 == 0 ? 600 : rnd() % 700;
                const size_t c = rnd() % 2 * (rnd() % 200);
                jobs[j] = (struct keccak_job){
                    .part = {{msg, a}, {msg + a, b}, {c != 0 ? msg + a + b : NULL, c}},
                    .out = got[j],
                    .out_len = n % 3 == 0 ? 64 : 1 + rnd() % 420,
                    .suffix = KECCAK_SUFFIX_SHAKE,
                };
            }
            memset(got, 0, sizeof got);
            keccak_many(136, jobs, n);
            for (unsigned j = 0; j < n; j++) {
                const struct keccak_job *job = &jobs[j];
                head2_shake256(want, job->out_len, msg,
                               job->part[0].len + job->part[1].len + job->part[2].len);
                CHECK_MEM(got[j], want, job->out_len);
                for (size_t i = job->out_len; i < sizeof got[j]; i++)
                    CHECK(got[j][i] == 0);
            }
        }
    }
    cpu_limit(CPU_AVX512);
}

int main(void)
{
    RUN(permutation_known_answer);
    RUN(every_bit_in_every_lane);
    RUN(blocks_misaligned_and_exact);
    RUN(chains_of_every_length);
    RUN(many_of_mixed_lengths);
    CHECK_EXIT();
}
