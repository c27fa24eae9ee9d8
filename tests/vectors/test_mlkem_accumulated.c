/*
 * ML-KEM against C2SP/CCTV's accumulated tests: 10,000 key pairs, encapsulations, decapsulations
 * and rejections per set, all drawn from one SHAKE128 stream and hashed into one digest.
 *
 * The digests are those that several independent implementations of the final FIPS 203 agree on.
 * CCTV's older text gives others: they are of the draft, whose key generation hashed d without k.
 * Checked builds are slow and stop at 1,000; release builds pass that mark on their way.
 */
#include "mlkem_sets.h"
#include "vectors/reading.h"

#include <head2/hash.h>

#ifdef HEAD2_CHECKED
enum { RUNS = 1000 };
#else
enum { RUNS = 10000 };
#endif

struct mark {
    int runs;
    const char *digest;
};

static uint8_t ek[HEAD2_MLKEM1024_EK_BYTES];
static uint8_t dk[HEAD2_MLKEM1024_DK_BYTES];
static uint8_t ct[HEAD2_MLKEM1024_CT_BYTES];

static void one_run(const struct mlkem_set *set, struct head2_keccak *rng, struct head2_keccak *all)
{
    struct head2_secret64 seed;
    struct head2_secret32 m;
    struct head2_secret32 k;
    struct head2_secret32 again;

    head2_shake_squeeze(rng, seed.b, sizeof seed.b);
    head2_shake_squeeze(rng, m.b, sizeof m.b);
    CHECK(set->keypair_from_seed(ek, dk, &seed) == HEAD2_OK);
    CHECK(set->encaps_derand(ct, &k, ek, &m) == HEAD2_OK);
    CHECK(set->decaps(&again, dk, ct) == HEAD2_OK);
    CHECK_MEM(again.b, k.b, 32);
    head2_shake_update(all, ek, set->p->ek_bytes);
    head2_shake_update(all, dk, set->p->dk_bytes);
    head2_shake_update(all, ct, set->p->ct_bytes);
    head2_shake_update(all, k.b, 32);
    head2_shake_squeeze(rng, ct, set->p->ct_bytes);
    CHECK(set->decaps(&k, dk, ct) == HEAD2_OK);
    head2_shake_update(all, k.b, 32);
}

static void accumulate(const struct mlkem_set *set, const struct mark marks[3])
{
    struct head2_keccak rng;
    struct head2_keccak all;
    int next = 0;

    head2_shake128_init(&rng);
    head2_shake128_init(&all);
    for (int runs = 1; runs <= RUNS; runs++) {
        one_run(set, &rng, &all);
        if (runs != marks[next].runs)
            continue;
        struct head2_keccak copy = all;
        uint8_t digest[32];
        head2_shake_squeeze(&copy, digest, sizeof digest);
        CHECK_HEX(digest, 32, marks[next].digest);
        next++;
    }
    CHECK(next > 0 && marks[next - 1].runs == RUNS);
}

static void accumulated_mlkem_512(void)
{
    static const struct mark marks[3] = {
        {100,   "449120c6e320ef3e9fbfa2316e5f2d2e1e6dd37d8ff5d086d5d2db7d42aff0a1"},
        {1000,  "9144b1054d29546b0f7fdd2e48dbb6d68c573dd468845c5e97eb2dba77a8f1e9"},
        {10000, "705dcffc87f4e67e35a09dcaa31772e86f3341bd3ccf1e78a5fef99ae6a35a13"},
    };
    accumulate(&mlkem_sets[0], marks);
}

static void accumulated_mlkem_768(void)
{
    static const struct mark marks[3] = {
        {100,   "8d65b902f28edc683cebee2872962fd165a4d197c9e24ec74caa4470270df0b7"},
        {1000,  "5706194c22e3e0977b570e636de7364abce0609b341433cc4eb48062080b7c76"},
        {10000, "f959d18d3d1180121433bf0e05f11e7908cf9d03edc150b2b07cb90bef5bc1c1"},
    };
    accumulate(&mlkem_sets[1], marks);
}

static void accumulated_mlkem_1024(void)
{
    static const struct mark marks[3] = {
        {100,   "c3ffe9ebecfa479c142656cbfbc6417efa05b77e994fe538eef4daed166363df"},
        {1000,  "df23d235ef494a38b2de2deda2704bb1312dd88ef6987ec4fc6f08fe5963ed7f"},
        {10000, "e3bf82b013307b2e9d47dde791ff6dfc82e694e6382404abdb948b908b75bad5"},
    };
    accumulate(&mlkem_sets[2], marks);
}

int main(void)
{
    RUN_EACH(accumulated_mlkem_512);
    RUN_EACH(accumulated_mlkem_768);
    RUN_EACH(accumulated_mlkem_1024);
    CHECK_EXIT();
}
