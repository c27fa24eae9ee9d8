/*
 * ML-KEM against C2SP/CCTV's accumulated tests: 10,000 key pairs, encapsulations, decapsulations
 * and rejections per set, all drawn from one SHAKE128 stream and hashed into one digest.
 *
 * The digests are those that several independent implementations of the final FIPS 203 agree on.
 * CCTV's older text gives others: they are of the draft, whose key generation hashed d without k.
 * They are computed by the single calls, by batches and by prepared keys, at each level of vector
 * instructions.
 */
#include "mlkem_sets.h"
#include "vectors/reading.h"

#include <head2/hash.h>

enum { BATCH = 100 }; /* runs are drawn in batches, of which marks are multiples */

struct mark {
    int runs;
    const char *digest;
};

/* What a run draws, and what it computes. */
struct one_run {
    struct head2_secret64 seed;
    struct head2_secret32 m;
    uint8_t random_ct[HEAD2_MLKEM1024_CT_BYTES];
    uint8_t ek[HEAD2_MLKEM1024_EK_BYTES];
    uint8_t dk[HEAD2_MLKEM1024_DK_BYTES];
    uint8_t ct[HEAD2_MLKEM1024_CT_BYTES];
    struct head2_secret32 k;
    struct head2_secret32 again;
    struct head2_secret32 rejected;
};

static struct one_run batch[BATCH];

static void singly(const struct mlkem_set *set)
{
    for (struct one_run *r = batch; r < batch + BATCH; r++) {
        CHECK(set->keypair_from_seed(r->ek, r->dk, &r->seed) == HEAD2_OK);
        CHECK(set->encaps_derand(r->ct, &r->k, r->ek, &r->m) == HEAD2_OK);
        CHECK(set->decaps(&r->again, r->dk, r->ct) == HEAD2_OK);
        CHECK(set->decaps(&r->rejected, r->dk, r->random_ct) == HEAD2_OK);
    }
}

static void in_batches(const struct mlkem_set *set, bool prepared)
{
    static struct head2_mlkem_keypair_job keypair[BATCH];
    static struct head2_mlkem_encaps_job encaps[BATCH];
    static struct head2_mlkem_decaps_job decaps[2 * BATCH];
    const enum head2_mlkem_set which = (enum head2_mlkem_set)(set - mlkem_sets);

    for (unsigned i = 0; i < BATCH; i++) {
        struct one_run *r = &batch[i];
        keypair[i] = (struct head2_mlkem_keypair_job){r->ek, r->dk, &r->seed, HEAD2_E_STATE};
        encaps[i] =
            (struct head2_mlkem_encaps_job){NULL, r->ek, r->ct, &r->k, &r->m, HEAD2_E_STATE};
        decaps[2 * i] =
            (struct head2_mlkem_decaps_job){NULL, r->dk, r->ct, &r->again, HEAD2_E_STATE};
        decaps[2 * i + 1] =
            (struct head2_mlkem_decaps_job){NULL, r->dk, r->random_ct, &r->rejected, HEAD2_E_STATE};
    }
    CHECK(head2_mlkem_keypair_batch(which, keypair, BATCH) == HEAD2_OK);
    struct head2_mlkem_ek *eks[BATCH] = {NULL};
    struct head2_mlkem_dk *dks[BATCH] = {NULL};
    for (unsigned i = 0; prepared && i < BATCH; i++) {
        CHECK(head2_mlkem_ek_new(&eks[i], which, batch[i].ek) == HEAD2_OK);
        CHECK(head2_mlkem_dk_new(&dks[i], which, batch[i].dk) == HEAD2_OK);
        encaps[i].key = eks[i];
        decaps[2 * i].key = decaps[2 * i + 1].key = dks[i];
    }
    CHECK(head2_mlkem_encaps_batch(which, encaps, BATCH) == HEAD2_OK);
    CHECK(head2_mlkem_decaps_batch(which, decaps, (size_t)2 * BATCH) == HEAD2_OK);
    for (unsigned i = 0; i < BATCH; i++) {
        head2_mlkem_ek_free(eks[i]);
        head2_mlkem_dk_free(dks[i]);
    }
}

enum path { SINGLE, BATCHES, PREPARED };

static void one_batch(const struct mlkem_set *set, enum path path, struct head2_keccak *rng,
                      struct head2_keccak *all)
{
    for (struct one_run *r = batch; r < batch + BATCH; r++) {
        head2_shake_squeeze(rng, r->seed.b, sizeof r->seed);
        head2_shake_squeeze(rng, r->m.b, sizeof r->m);
        head2_shake_squeeze(rng, r->random_ct, set->p->ct_bytes);
    }
    if (path == SINGLE)
        singly(set);
    else
        in_batches(set, path == PREPARED);
    for (struct one_run *r = batch; r < batch + BATCH; r++) {
        CHECK_MEM(r->again.b, r->k.b, 32);
        head2_shake_update(all, r->ek, set->p->ek_bytes);
        head2_shake_update(all, r->dk, set->p->dk_bytes);
        head2_shake_update(all, r->ct, set->p->ct_bytes);
        head2_shake_update(all, r->k.b, 32);
        head2_shake_update(all, r->rejected.b, 32);
    }
}

static void accumulate_path(const struct mlkem_set *set, const struct mark marks[3], enum path path,
                            int most)
{
    struct head2_keccak rng;
    struct head2_keccak all;
    int next = 0;

    head2_shake128_init(&rng);
    head2_shake128_init(&all);
    for (int runs = BATCH; runs <= most; runs += BATCH) {
        one_batch(set, path, &rng, &all);
        if (runs != marks[next].runs)
            continue;
        struct head2_keccak copy = all;
        uint8_t digest[32];
        head2_shake_squeeze(&copy, digest, sizeof digest);
        CHECK_HEX(digest, 32, marks[next].digest);
        next++;
    }
    CHECK(next > 0 && marks[next - 1].runs == most);
}

/* Checked builds are slow and stop at 1,000. */
static void accumulate(const struct mlkem_set *set, const struct mark marks[3])
{
#ifdef HEAD2_CHECKED
    const int most = 1000;
#else
    const int most = 10000;
#endif
    accumulate_path(set, marks, SINGLE, most);
    accumulate_path(set, marks, BATCHES, most);
    accumulate_path(set, marks, PREPARED, most);
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
