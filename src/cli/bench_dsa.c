/*
 * Rows of head2 bench for ML-DSA. Every signature is of a message of its own: how many attempts one
 * takes is random, and the mean is what counts.
 */
#include "cli/bench.h"
#include "keys/alg.h"

#include <head2/mldsa.h>
#include <head2/random.h>

#include <stdlib.h>

enum { BATCH = 64, MESSAGE = 64 };

static const uint8_t context[] = "bench";
enum { CONTEXT = sizeof context - 1 };

/* One key, its prepared forms, and a batch of keys, messages and signatures. */
struct dsa {
    const struct alg *alg;
    enum head2_mldsa_set set;
    struct head2_mldsa_signer *signer;
    struct head2_mldsa_verifier *verifier;
    uint64_t count;
    uint8_t pk[BATCH][HEAD2_MLDSA87_PK_BYTES];
    uint8_t sk[BATCH][HEAD2_MLDSA87_SK_BYTES];
    uint8_t msg[BATCH][MESSAGE];
    uint8_t sig[2][BATCH][HEAD2_MLDSA87_SIG_BYTES]; /* by key i, and all by key 0 */
    struct head2_mldsa_keypair_job keypairs[BATCH];
    struct head2_mldsa_sign_job signs[2][BATCH]; /* by bytes, and by the prepared key 0 */
    struct head2_mldsa_verify_job verifies[2][BATCH];
};

static enum head2_status keygen(void *arg)
{
    struct dsa *d = arg;
    struct head2_secret32 xi;
    enum head2_status st = head2_random(xi.b, sizeof xi.b);
    if (st == HEAD2_OK)
        st = d->alg->dsa->from_seed(d->pk[0], d->sk[0], &xi);
    head2_wipe(&xi, sizeof xi);
    return st;
}

static enum head2_status sign(void *arg)
{
    struct dsa *d = arg;
    put_be64(d->msg[0], d->count++);
    return d->alg->dsa->sign(d->sig[0][0], d->msg[0], MESSAGE, context, CONTEXT, d->sk[0]);
}

static enum head2_status sign_prepared(void *arg)
{
    struct dsa *d = arg;
    put_be64(d->msg[0], d->count++);
    return head2_mldsa_sign(d->sig[1][0], d->msg[0], MESSAGE, context, CONTEXT, d->signer);
}

/* The messages that were signed last are the ones that are verified. */
static enum head2_status verify(void *arg)
{
    struct dsa *d = arg;
    return d->alg->dsa->verify(d->pk[0], d->msg[0], MESSAGE, context, CONTEXT, d->sig[0][0],
                               d->alg->sig_bytes);
}

static enum head2_status verify_prepared(void *arg)
{
    struct dsa *d = arg;
    return head2_mldsa_verify(d->verifier, d->msg[0], MESSAGE, context, CONTEXT, d->sig[1][0],
                              d->alg->sig_bytes);
}

static enum head2_status keygen_batch(void *arg)
{
    struct dsa *d = arg;
    return head2_mldsa_keypair_batch(d->set, d->keypairs, BATCH);
}

static void new_messages(struct dsa *d)
{
    for (unsigned i = 0; i < BATCH; i++)
        put_be64(d->msg[i], d->count++);
}

static enum head2_status sign_batch(void *arg)
{
    struct dsa *d = arg;
    new_messages(d);
    return head2_mldsa_sign_batch(d->set, d->signs[0], BATCH);
}

static enum head2_status sign_prepared_batch(void *arg)
{
    struct dsa *d = arg;
    new_messages(d);
    return head2_mldsa_sign_batch(d->set, d->signs[1], BATCH);
}

static enum head2_status verify_batch(void *arg)
{
    struct dsa *d = arg;
    return head2_mldsa_verify_batch(d->set, d->verifies[0], BATCH);
}

static enum head2_status verify_prepared_batch(void *arg)
{
    struct dsa *d = arg;
    return head2_mldsa_verify_batch(d->set, d->verifies[1], BATCH);
}

static enum head2_status set_up(struct dsa *d)
{
    enum head2_status st;

    for (unsigned i = 0; i < BATCH; i++)
        d->keypairs[i] = (struct head2_mldsa_keypair_job){.pk = d->pk[i], .sk = d->sk[i]};
    HEAD2_TRY(keygen_batch(d));
    HEAD2_TRY(head2_mldsa_signer_new(&d->signer, d->set, d->sk[0]));
    HEAD2_TRY(head2_mldsa_verifier_new(&d->verifier, d->set, d->pk[0]));
    for (unsigned i = 0; i < BATCH; i++) {
        for (unsigned prepared = 0; prepared < 2; prepared++) {
            d->signs[prepared][i] =
                (struct head2_mldsa_sign_job){.key = prepared ? d->signer : NULL,
                                              .sk = d->sk[i],
                                              .msg = d->msg[i],
                                              .msg_len = MESSAGE,
                                              .ctx = context,
                                              .ctx_len = CONTEXT,
                                              .sig = d->sig[prepared][i]};
            d->verifies[prepared][i] =
                (struct head2_mldsa_verify_job){.key = prepared ? d->verifier : NULL,
                                                .pk = d->pk[i],
                                                .msg = d->msg[i],
                                                .msg_len = MESSAGE,
                                                .ctx = context,
                                                .ctx_len = CONTEXT,
                                                .sig = d->sig[prepared][i],
                                                .sig_len = d->alg->sig_bytes};
        }
    }
done:
    return st;
}

/* What a row verifies is signed just before it: rows before have made other keys and messages. The
 * prepared pair is of the first key of set_up. */
static void measure_set(struct bench *b, struct dsa *d)
{
    static const struct {
        const char *name;
        bench_operation *op, *before;
        unsigned items;
        bool by_mean;
    } rows[] = {
        {"keygen, batch of 64",           keygen_batch,          NULL,                BATCH, false},
        {"keygen",                        keygen,                NULL,                1,     false},
        {"sign",                          sign,                  NULL,                1,     true },
        {"verify",                        verify,                sign,                1,     false},
        {"sign, prepared",                sign_prepared,         NULL,                1,     true },
        {"verify, prepared",              verify_prepared,       sign_prepared,       1,     false},
        {"sign, batch of 64",             sign_batch,            NULL,                BATCH, true },
        {"verify, batch of 64",           verify_batch,          sign_batch,          BATCH, false},
        {"sign, prepared, batch of 64",   sign_prepared_batch,   NULL,                BATCH, true },
        {"verify, prepared, batch of 64", verify_prepared_batch, sign_prepared_batch, BATCH, false},
    };
    char name[BENCH_NAME];

    for (size_t i = 0; i < HEAD2_LEN(rows) && b->st == HEAD2_OK; i++) {
        if (rows[i].before != NULL)
            b->st = rows[i].before(d);
        snprintf(name, sizeof name, "%s %s", d->alg->name, rows[i].name);
        bench_measure(b, &(struct bench_row){.name = name,
                                             .op = rows[i].op,
                                             .arg = d,
                                             .items = rows[i].items,
                                             .by_mean = rows[i].by_mean});
    }
}

void bench_signatures(struct bench *b)
{
    static const enum head2_alg algs[] = {HEAD2_MLDSA_44, HEAD2_MLDSA_65, HEAD2_MLDSA_87};
    struct dsa *d = calloc(1, sizeof *d);

    if (d == NULL)
        b->st = HEAD2_E_MEMORY;
    for (unsigned set = 0; set < HEAD2_LEN(algs) && b->st == HEAD2_OK; set++) {
        d->alg = alg_of(algs[set]);
        d->set = (enum head2_mldsa_set)set;
        b->st = set_up(d);
        measure_set(b, d);
        head2_mldsa_signer_free(d->signer);
        head2_mldsa_verifier_free(d->verifier);
        head2_wipe(d, sizeof *d);
    }
    free(d);
}
