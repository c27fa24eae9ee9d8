/*
 * Verification: FIPS 204, Algorithm 8. Everything here is public.
 *
 * From the bytes of a key, A is expanded row by row, and the hashes that the message needs go along
 * in a lane of Keccak: first tr over the key, then c_tilde over the rows of w1 that are there.
 */
#include "mldsa/mldsa.h"
#include "mldsa/pack.h"
#include "mldsa/response.h"
#include "mldsa/sample.h"

#include <head2/hash.h>

void mldsa_unpack_t1(const struct mldsa_kernels *k, struct poly *t1, const uint8_t *pk, unsigned i)
{
    k->unpack(t1, pk + RHO_BYTES + (size_t)i * T1_BYTES, T1_BITS); /* Algorithm 23 */
    for (unsigned n = 0; n < MLDSA_N; n++)
        t1->c[n] <<= MLDSA_D;
    k->ntt(t1, t1);
}

enum head2_status mldsa_response_decode(struct response *r, const struct mldsa_kernels *k,
                                        const struct mldsa_params *P, const uint8_t *sig,
                                        size_t sig_len)
{
    const size_t z_bytes = PACKED_BYTES(P->z_bits);
    const uint8_t *const packed_z = sig + P->c_bytes;

    if (sig_len != P->sig_bytes ||
        mldsa_unpack_hint(&r->hint[0][0], packed_z + P->l * z_bytes, P->k, P->omega) != HEAD2_OK)
        return HEAD2_E_VERIFY;
    for (unsigned j = 0; j < P->l; j++) {
        k->unpack_signed(&r->z[j], packed_z + j * z_bytes, P->gamma1, P->z_bits);
        if (k->reduce_and_norm(&r->z[j], P->gamma1 - P->beta) != 0)
            return HEAD2_E_VERIFY;
        k->ntt(&r->z[j], &r->z[j]);
    }
    return HEAD2_OK;
}

void mldsa_response_challenge(struct response *r, const struct mldsa_kernels *k,
                              const struct mldsa_params *P, const struct poly *c)
{
    struct poly *const to = &r->z[P->l];
    for (unsigned n = 0; n < MLDSA_N; n++)
        to->c[n] = -c->c[n];
    k->ntt(to, to);
}

void mldsa_response_row(const struct response *r, struct commitment *to,
                        const struct mldsa_kernels *k, const struct mldsa_params *P, unsigned i,
                        struct poly *w)
{
    k->inverse_ntt(w);
    k->use_hint(to->w1 + i * PACKED_BYTES(P->w1_bits), w, r->hint[i], P->gamma2);
}

void mldsa_response_rows(const struct response *r, struct commitment *to,
                         const struct head2_mldsa_verifier *v, struct poly *w)
{
    v->kernels->rows(w, v->polys, r->z, v->P->k, v->P->l + 1);
    for (unsigned i = 0; i < v->P->k; i++)
        mldsa_response_row(r, to, v->kernels, v->P, i, &w[i]);
}

enum head2_status mldsa_verifier_verify(const struct head2_mldsa_verifier *v,
                                        const uint8_t mu[HEAD2_MLDSA_MU_BYTES], const uint8_t *sig,
                                        size_t sig_len)
{
    const struct mldsa_params *const P = v->P;
    enum head2_status st;
    struct response r;
    struct commitment to;
    struct poly c, w[MAX_K];
    uint8_t c_tilde[MAX_C_TILDE];

    HEAD2_TRY(mldsa_response_decode(&r, v->kernels, P, sig, sig_len));
    mldsa_sample_in_ball(&c, sig, P->c_bytes, P->tau);
    mldsa_response_challenge(&r, v->kernels, P, &c);
    memcpy(to.mu, mu, HEAD2_MLDSA_MU_BYTES);
    mldsa_response_rows(&r, &to, v, w);
    head2_shake256(c_tilde, P->c_bytes, to.mu,
                   HEAD2_MLDSA_MU_BYTES + P->k * PACKED_BYTES(P->w1_bits));
    HEAD2_TRY(head2_equal(c_tilde, sig, P->c_bytes)); /* line 13 */

done:
    return st;
}

void mldsa_response_row_from_bytes(const struct response *r, struct commitment *to,
                                   struct matrix_rows *m, const uint8_t *pk, unsigned i,
                                   struct poly *w)
{
    struct poly *const row = mldsa_matrix_row(m, i);

    mldsa_unpack_t1(m->kernels, &row[m->P->l], pk, i);
    m->kernels->dot(w, row, r->z, m->P->l + 1);
    mldsa_response_row(r, to, m->kernels, m->P, i, w);
}

/* Verification from the bytes of a key, and how far its hashes are. */
struct from_bytes {
    struct response r;
    struct commitment to;
    struct poly c, w;
    struct matrix_rows matrix;
    struct keccak_chain chain;
    const struct mldsa_message *m; /* NULL when mu is given, or known by now */
};

static void start_challenge(struct from_bytes *f)
{
    f->m = NULL;
    keccak_chain_init(&f->chain, KECCAK_RATE_256, f->to.mu, HEAD2_MLDSA_MU_BYTES);
}

/* Once the chain has taken all whole blocks of pk: tr, then mu, then the chain is c_tilde's. */
static void finish_mu(struct from_bytes *f, size_t rows)
{
    uint8_t tr[TR_BYTES];
    keccak_chain_finish(&f->chain, KECCAK_SUFFIX_SHAKE, tr, TR_BYTES);
    mldsa_mu(f->to.mu, tr, f->m);
    start_challenge(f);
    f->chain.ready += rows * PACKED_BYTES(f->matrix.P->w1_bits);
}

/* Kernels come from the caller, as in keygen.c. */
static HEAD2_NOINLINE enum head2_status verify(const struct mldsa_kernels *k,
                                               const struct mldsa_params *P, const uint8_t *pk,
                                               const struct mldsa_message *m, const uint8_t *mu,
                                               const uint8_t *sig, size_t sig_len)
{
    enum head2_status st;
    struct from_bytes f;
    uint8_t c_tilde[MAX_C_TILDE];
    unsigned done = 0;

    HEAD2_TRY(mldsa_response_decode(&f.r, k, P, sig, sig_len));
    mldsa_sample_in_ball(&f.c, sig, P->c_bytes, P->tau);
    mldsa_response_challenge(&f.r, k, P, &f.c);
    mldsa_matrix_start(&f.matrix, k, P, pk);
    if (mu != NULL) {
        memcpy(f.to.mu, mu, HEAD2_MLDSA_MU_BYTES);
        start_challenge(&f);
    } else {
        f.m = m;
        keccak_chain_init(&f.chain, KECCAK_RATE_256, pk, P->pk_bytes);
    }
    while (done < P->k) {
        const unsigned complete = mldsa_matrix_more(&f.matrix, &f.chain);
        for (; done < complete; done++) {
            mldsa_response_row_from_bytes(&f.r, &f.to, &f.matrix, pk, done, &f.w);
            if (f.m == NULL)
                f.chain.ready += PACKED_BYTES(P->w1_bits);
        }
        if (f.m != NULL && (f.chain.ready < f.chain.rate || done == P->k))
            finish_mu(&f, done);
    }
    keccak_chain_finish(&f.chain, KECCAK_SUFFIX_SHAKE, c_tilde, P->c_bytes);
    HEAD2_TRY(head2_equal(c_tilde, sig, P->c_bytes)); /* line 13 */

done:
    return st;
}

enum head2_status mldsa_verify_mu_internal(enum mldsa_set set, const uint8_t *pk,
                                           const uint8_t mu[HEAD2_MLDSA_MU_BYTES],
                                           const uint8_t *sig, size_t sig_len)
{
    return verify(mldsa_kernels(), mldsa_params_of(set), pk, NULL, mu, sig, sig_len);
}

enum head2_status mldsa_verify_internal(enum mldsa_set set, const uint8_t *pk,
                                        const struct mldsa_message *m, const uint8_t *sig,
                                        size_t sig_len)
{
    return verify(mldsa_kernels(), mldsa_params_of(set), pk, m, NULL, sig, sig_len);
}
