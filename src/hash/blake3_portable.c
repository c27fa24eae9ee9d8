/*
 * BLAKE3's compression function in portable C, and the choice of kernels.
 */
#include "hash/blake3_kernels.h"

static HEAD2_ALWAYS_INLINE uint32_t rotr(uint32_t v, unsigned n)
{
    return v >> n | v << (32 - n);
}

/* The quarter round G of Section 2.2; at holds the indices a, b, c, d. */
static HEAD2_ALWAYS_INLINE void mix(uint32_t v[16], const uint8_t at[4], uint32_t x, uint32_t y)
{
    uint32_t a = v[at[0]];
    uint32_t b = v[at[1]];
    uint32_t c = v[at[2]];
    uint32_t d = v[at[3]];

    a += b + x;
    d = rotr(d ^ a, 16);
    c += d;
    b = rotr(b ^ c, 12);
    a += b + y;
    d = rotr(d ^ a, 8);
    c += d;
    b = rotr(b ^ c, 7);
    v[at[0]] = a;
    v[at[1]] = b;
    v[at[2]] = c;
    v[at[3]] = d;
}

static HEAD2_ALWAYS_INLINE void mix_round(uint32_t v[16], const uint32_t m[16], unsigned r)
{
    const uint8_t *s = blake3_schedule[r];

    mix(v, blake3_quarters[0], m[s[0]], m[s[1]]);
    mix(v, blake3_quarters[1], m[s[2]], m[s[3]]);
    mix(v, blake3_quarters[2], m[s[4]], m[s[5]]);
    mix(v, blake3_quarters[3], m[s[6]], m[s[7]]);
    mix(v, blake3_quarters[4], m[s[8]], m[s[9]]);
    mix(v, blake3_quarters[5], m[s[10]], m[s[11]]);
    mix(v, blake3_quarters[6], m[s[12]], m[s[13]]);
    mix(v, blake3_quarters[7], m[s[14]], m[s[15]]);
}

/* The state after the rounds. */
static HEAD2_ALWAYS_INLINE void compress(uint32_t v[16], const uint32_t cv[8],
                                         const uint8_t block[BLAKE3_BLOCK], uint64_t counter,
                                         uint32_t len, uint32_t flags)
{
    uint32_t m[16];

    for (unsigned i = 0; i < 16; i++)
        m[i] = le32(block + (size_t)4 * i);
    for (unsigned i = 0; i < 8; i++)
        v[i] = cv[i];
    for (unsigned i = 0; i < 4; i++)
        v[i + 8] = blake3_iv[i];
    v[12] = (uint32_t)counter;
    v[13] = (uint32_t)(counter >> 32);
    v[14] = len;
    v[15] = flags;
    mix_round(v, m, 0);
    mix_round(v, m, 1);
    mix_round(v, m, 2);
    mix_round(v, m, 3);
    mix_round(v, m, 4);
    mix_round(v, m, 5);
    mix_round(v, m, 6);
}

static void run_portable(uint32_t cv[8], const struct blake3_run *r)
{
    uint32_t v[16];
    uint32_t flags = r->flags | r->first;
    uint32_t len = BLAKE3_BLOCK;

    for (size_t i = 0; i < r->blocks; i++) {
        if (i == r->blocks - 1) {
            flags |= r->last;
            len = r->last_len;
        }
        compress(v, cv, r->in + BLAKE3_BLOCK * i, r->counter, len, flags);
        for (unsigned j = 0; j < 8; j++)
            cv[j] = v[j] ^ v[j + 8];
        flags = r->flags;
    }
    head2_wipe(v, sizeof v);
}

static void output_portable(uint32_t out[16], const uint32_t cv[8], const struct blake3_run *r)
{
    uint32_t v[16];

    compress(v, cv, r->in, r->counter, r->last_len, r->flags | r->first | r->last);
    for (unsigned i = 0; i < 8; i++) {
        out[i] = v[i] ^ v[i + 8];
        out[i + 8] = v[i + 8] ^ cv[i];
    }
    head2_wipe(v, sizeof v);
}

void blake3_lanes_in_turn(struct blake3_lanes *l, unsigned lanes, size_t blocks,
                          void (*run)(uint32_t cv[8], const struct blake3_run *r))
{
    uint32_t cv[8];

    for (unsigned i = 0; i < lanes; i++) {
        const struct blake3_run r = {
            .in = l->in[i],
            .blocks = blocks,
            .counter = (uint64_t)l->counter[1][i] << 32 | l->counter[0][i],
            .last_len = l->last_len[i],
            .flags = l->flags[i],
            .first = l->first[i],
            .last = l->last[i],
        };
        for (unsigned j = 0; j < 8; j++)
            cv[j] = l->cv[j][i];
        run(cv, &r);
        for (unsigned j = 0; j < 8; j++)
            l->cv[j][i] = cv[j];
    }
    head2_wipe(cv, sizeof cv);
}

static void lanes_portable(struct blake3_lanes *l, unsigned lanes, size_t blocks)
{
    blake3_lanes_in_turn(l, lanes, blocks, run_portable);
}

void blake3_store(uint8_t out[][32], const struct blake3_lanes *l, unsigned lanes)
{
    for (unsigned i = 0; i < lanes; i++)
        for (unsigned j = 0; j < 8; j++)
            put_le32(out[i] + (size_t)4 * j, l->cv[j][i]);
}

const struct blake3_kernels blake3_kernels_portable = {
    .width = 1,
    .run = run_portable,
    .output = output_portable,
    .lanes = lanes_portable,
    .store = blake3_store,
};

const struct blake3_kernels *blake3_kernels(void)
{
    static struct cpu_choice choice = {
        .room = "blake3",
        .kernels =
            CPU_KERNELS(&blake3_kernels_portable, &blake3_kernels_avx2, &blake3_kernels_avx512),
        .agrees = CPU_COMPARED_BY(blake3_kernels_agree),
    };

    return cpu_choose(&choice);
}
