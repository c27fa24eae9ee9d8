/*
 * Rows of head2 bench for ML-KEM.
 */
#include "cli/bench.h"
#include "keys/alg.h"

#include <head2/mlkem.h>
#include <head2/random.h>

#include <stdlib.h>

enum { BATCH = 64 };

/* One key, its prepared forms, and a batch of keys and ciphertexts. */
struct kem {
    const struct alg *alg;
    enum head2_mlkem_set set;
    struct head2_mlkem_ek *prepared_ek;
    struct head2_mlkem_dk *prepared_dk;
    struct head2_secret32 ss[BATCH];
    uint8_t ek[BATCH][HEAD2_MLKEM1024_EK_BYTES];
    uint8_t dk[BATCH][HEAD2_MLKEM1024_DK_BYTES];
    uint8_t ct[BATCH][HEAD2_MLKEM1024_CT_BYTES];
    struct head2_mlkem_keypair_job keypairs[BATCH];
    struct head2_mlkem_encaps_job encaps[2][BATCH]; /* by bytes and by the prepared key */
    struct head2_mlkem_decaps_job decaps[2][BATCH];
};

static enum head2_status keygen(void *arg)
{
    struct kem *k = arg;
    struct head2_secret64 seed;
    enum head2_status st = head2_random(seed.b, sizeof seed.b);
    if (st == HEAD2_OK)
        st = k->alg->kem->from_seed(k->ek[0], k->dk[0], &seed);
    head2_wipe(&seed, sizeof seed);
    return st;
}

static enum head2_status encaps(void *arg)
{
    struct kem *k = arg;
    return k->alg->kem->encaps(k->ct[0], &k->ss[0], k->ek[0]);
}

static enum head2_status decaps(void *arg)
{
    struct kem *k = arg;
    return k->alg->kem->decaps(&k->ss[0], k->dk[0], k->ct[0]);
}

static enum head2_status encaps_prepared(void *arg)
{
    struct kem *k = arg;
    return head2_mlkem_encaps(k->ct[0], &k->ss[0], k->prepared_ek);
}

static enum head2_status decaps_prepared(void *arg)
{
    struct kem *k = arg;
    head2_mlkem_decaps(&k->ss[0], k->prepared_dk, k->ct[0]);
    return HEAD2_OK;
}

static enum head2_status keygen_batch(void *arg)
{
    struct kem *k = arg;
    return head2_mlkem_keypair_batch(k->set, k->keypairs, BATCH);
}

static enum head2_status encaps_batch(void *arg)
{
    struct kem *k = arg;
    return head2_mlkem_encaps_batch(k->set, k->encaps[0], BATCH);
}

static enum head2_status decaps_batch(void *arg)
{
    struct kem *k = arg;
    return head2_mlkem_decaps_batch(k->set, k->decaps[0], BATCH);
}

static enum head2_status encaps_prepared_batch(void *arg)
{
    struct kem *k = arg;
    return head2_mlkem_encaps_batch(k->set, k->encaps[1], BATCH);
}

static enum head2_status decaps_prepared_batch(void *arg)
{
    struct kem *k = arg;
    return head2_mlkem_decaps_batch(k->set, k->decaps[1], BATCH);
}

static enum head2_status set_up(struct kem *k)
{
    enum head2_status st;

    for (unsigned i = 0; i < BATCH; i++)
        k->keypairs[i] = (struct head2_mlkem_keypair_job){.ek = k->ek[i], .dk = k->dk[i]};
    HEAD2_TRY(keygen_batch(k));
    HEAD2_TRY(head2_mlkem_ek_new(&k->prepared_ek, k->set, k->ek[0]));
    HEAD2_TRY(head2_mlkem_dk_new(&k->prepared_dk, k->set, k->dk[0]));
    for (unsigned i = 0; i < BATCH; i++) {
        for (unsigned prepared = 0; prepared < 2; prepared++) {
            k->encaps[prepared][i] =
                (struct head2_mlkem_encaps_job){.key = prepared ? k->prepared_ek : NULL,
                                                .ek = k->ek[i],
                                                .ct = k->ct[i],
                                                .ss = &k->ss[i]};
            k->decaps[prepared][i] =
                (struct head2_mlkem_decaps_job){.key = prepared ? k->prepared_dk : NULL,
                                                .dk = k->dk[i],
                                                .ct = k->ct[i],
                                                .ss = &k->ss[i]};
        }
    }
    st = encaps_batch(k);
done:
    return st;
}

static void measure_set(struct bench *b, struct kem *k)
{
    static const struct {
        const char *name;
        bench_operation *op;
        unsigned items;
    } rows[] = {
        {"keygen",                        keygen,                1    },
        {"encaps",                        encaps,                1    },
        {"decaps",                        decaps,                1    },
        {"encaps, prepared",              encaps_prepared,       1    },
        {"decaps, prepared",              decaps_prepared,       1    },
        {"keygen, batch of 64",           keygen_batch,          BATCH},
        {"encaps, batch of 64",           encaps_batch,          BATCH},
        {"decaps, batch of 64",           decaps_batch,          BATCH},
        {"encaps, prepared, batch of 64", encaps_prepared_batch, BATCH},
        {"decaps, prepared, batch of 64", decaps_prepared_batch, BATCH},
    };
    char name[BENCH_NAME];

    for (size_t i = 0; i < HEAD2_LEN(rows); i++) {
        snprintf(name, sizeof name, "%s %s", k->alg->name, rows[i].name);
        bench_measure(b, &(struct bench_row){
                             .name = name, .op = rows[i].op, .arg = k, .items = rows[i].items});
    }
}

void bench_kem(struct bench *b)
{
    static const enum head2_alg algs[] = {HEAD2_MLKEM_512, HEAD2_MLKEM_768, HEAD2_MLKEM_1024};
    struct kem *k = calloc(1, sizeof *k);

    if (k == NULL)
        b->st = HEAD2_E_MEMORY;
    for (unsigned set = 0; set < HEAD2_LEN(algs) && b->st == HEAD2_OK; set++) {
        k->alg = alg_of(algs[set]);
        k->set = (enum head2_mlkem_set)set;
        b->st = set_up(k);
        measure_set(b, k);
        head2_mlkem_ek_free(k->prepared_ek);
        head2_mlkem_dk_free(k->prepared_dk);
        head2_wipe(k, sizeof *k);
    }
    free(k);
}
