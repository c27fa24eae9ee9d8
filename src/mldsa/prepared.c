/*
 * Making and unmaking prepared keys.
 */
#include "mldsa/prepared.h"

#include "mldsa/mldsa.h"
#include "mldsa/pack.h"
#include "mldsa/sample.h"

#include <stdlib.h>

size_t mldsa_signer_bytes(const struct mldsa_params *P)
{
    return sizeof(struct head2_mldsa_signer) + mldsa_prepared_polys(P) * sizeof(struct poly) +
           (size_t)(P->l + P->k) * sizeof(struct short_poly);
}

size_t mldsa_verifier_bytes(const struct mldsa_params *P)
{
    return sizeof(struct head2_mldsa_verifier) + mldsa_prepared_polys(P) * sizeof(struct poly);
}

uint32_t mldsa_unpack_secret(const struct mldsa_kernels *k, const struct mldsa_params *P,
                             struct poly *s, const uint8_t *sk, unsigned index)
{
    const uint8_t *const packed = sk + mldsa_sk_parts(P).s;
    k->unpack_signed(s, packed + index * PACKED_BYTES(P->eta_bits), P->eta, P->eta_bits);
    return mldsa_norm_reaches(s, P->eta + 1);
}

/* All of A, eight polynomials at a time, in rows of `stride` polynomials; chain goes along where a
 * lane is free. */
static void expand_matrix(const struct mldsa_kernels *k, const struct mldsa_params *P,
                          struct poly *a, unsigned stride, const uint8_t *rho,
                          struct keccak_chain *chain)
{
    struct sample_lane lane[KECCAK_LANES];

    for (unsigned i = 0, j = 0; i < P->k;) {
        const unsigned beside = chain != NULL && chain->ready >= chain->rate;
        unsigned lanes = 0;
        for (; lanes < KECCAK_LANES - beside && i < P->k; lanes++) {
            lane[lanes] = (struct sample_lane){rho, (uint16_t)(i << 8 | j), &a[j]};
            if (++j == P->l) {
                j = 0;
                i++;
                a += stride;
            }
        }
        mldsa_sample_uniform(k, lane, lanes, beside != 0 ? chain : NULL);
    }
}

enum head2_status mldsa_signer_prepare(struct head2_mldsa_signer *s, const struct mldsa_params *P,
                                       const uint8_t *sk)
{
    const struct mldsa_kernels *const k = mldsa_kernels();
    const struct sk_parts parts = mldsa_sk_parts(P);
    struct short_poly *const secrets =
        (struct short_poly *)(void *)(s->polys + mldsa_prepared_polys(P));
    struct poly p;
    uint32_t bad = 0;

    for (unsigned index = 0; index < P->l + P->k; index++) {
        bad |= mldsa_unpack_secret(k, P, &p, sk, index);
        for (unsigned n = 0; n < MLDSA_N && index >= P->l; n++)
            p.c[n] = -p.c[n]; /* what signing adds to w0 is -c s2 */
        k->short_ntt(&secrets[index], &p);
    }
    head2_wipe(&p, sizeof p);
    HEAD2_PUBLIC(&bad, sizeof bad, "whether a private key is well-formed is the result");
    if (bad != 0) {
        head2_wipe(secrets, (size_t)(P->l + P->k) * sizeof *secrets);
        return HEAD2_E_MALFORMED;
    }
    for (unsigned i = 0; i < P->k; i++) {
        k->unpack_signed(&s->polys[i], sk + parts.t0 + (size_t)i * T0_BYTES, 1 << (MLDSA_D - 1),
                         T0_BITS);
        k->ntt(&s->polys[i], &s->polys[i]);
    }
    expand_matrix(k, P, s->polys + P->k, P->l, sk, NULL);
    s->kernels = k;
    s->P = P;
    memcpy(s->K, sk + parts.K, K_BYTES);
    memcpy(s->tr, sk + parts.tr, TR_BYTES);
    return HEAD2_OK;
}

void mldsa_verifier_prepare(struct head2_mldsa_verifier *v, const struct mldsa_params *P,
                            const uint8_t *pk)
{
    const struct mldsa_kernels *const k = mldsa_kernels();
    struct keccak_chain tr;

    keccak_chain_init(&tr, KECCAK_RATE_256, pk, P->pk_bytes);
    expand_matrix(k, P, v->polys, P->l + 1, pk, &tr);
    keccak_chain_finish(&tr, KECCAK_SUFFIX_SHAKE, v->tr, TR_BYTES);
    for (unsigned i = 0; i < P->k; i++) {
        struct poly *const t1 = &v->polys[(size_t)i * (P->l + 1) + P->l];
        mldsa_unpack_t1(k, t1, pk, i);
        for (unsigned n = 0; n < MLDSA_N; n++)
            t1->c[n] = mldsa_add_q(mldsa_reduce32(t1->c[n]));
    }
    v->kernels = k;
    v->P = P;
}

/* ---- public: see head2/mldsa.h ---- */

#define SIGNER_BYTES(k, l)                                                                         \
    (sizeof(struct head2_mldsa_signer) + ((k) + (k) * (l)) * sizeof(struct poly) +                 \
     ((k) + (l)) * sizeof(struct short_poly))
#define VERIFIER_BYTES(k, l)                                                                       \
    (sizeof(struct head2_mldsa_verifier) + ((k) + (k) * (l)) * sizeof(struct poly))

_Static_assert(HEAD2_MLDSA44_SIGNER_BYTES == SIGNER_BYTES(4, 4), "published size");
_Static_assert(HEAD2_MLDSA65_SIGNER_BYTES == SIGNER_BYTES(6, 5), "published size");
_Static_assert(HEAD2_MLDSA87_SIGNER_BYTES == SIGNER_BYTES(8, 7), "published size");
_Static_assert(HEAD2_MLDSA44_VERIFIER_BYTES == VERIFIER_BYTES(4, 4), "published size");
_Static_assert(HEAD2_MLDSA65_VERIFIER_BYTES == VERIFIER_BYTES(6, 5), "published size");
_Static_assert(HEAD2_MLDSA87_VERIFIER_BYTES == VERIFIER_BYTES(8, 7), "published size");
_Static_assert(_Alignof(struct head2_mldsa_signer) == HEAD2_MLDSA_PREPARED_ALIGN &&
                   _Alignof(struct head2_mldsa_verifier) == HEAD2_MLDSA_PREPARED_ALIGN,
               "published alignment");

const struct mldsa_params *mldsa_public_set(enum head2_mldsa_set set)
{
    switch (set) {
    case HEAD2_MLDSA_SET_44:
        return &mldsa_44;
    case HEAD2_MLDSA_SET_65:
        return &mldsa_65;
    case HEAD2_MLDSA_SET_87:
        return &mldsa_87;
    }
    return NULL;
}

static bool aligned(const void *key)
{
    return (uintptr_t)key % HEAD2_MLDSA_PREPARED_ALIGN == 0;
}

enum head2_status head2_mldsa_signer_init(struct head2_mldsa_signer *key, enum head2_mldsa_set set,
                                          const uint8_t *sk)
{
    const struct mldsa_params *const P = mldsa_public_set(set);

    if (P == NULL || !aligned(key))
        return HEAD2_E_ARG;
    const enum head2_status st = mldsa_signer_prepare(key, P, sk);
    if (st != HEAD2_OK)
        head2_wipe(key, mldsa_signer_bytes(P));
    cpu_wipe_residue(CPU_CALLS_BELOW);
    return st;
}

void head2_mldsa_signer_wipe(struct head2_mldsa_signer *key)
{
    if (key != NULL && key->P != NULL)
        head2_wipe(key, mldsa_signer_bytes(key->P));
}

enum head2_status head2_mldsa_signer_new(struct head2_mldsa_signer **key, enum head2_mldsa_set set,
                                         const uint8_t *sk)
{
    const struct mldsa_params *const P = mldsa_public_set(set);
    enum head2_status st;

    *key = NULL;
    if (P == NULL)
        return HEAD2_E_ARG;
    struct head2_mldsa_signer *made =
        aligned_alloc(HEAD2_MLDSA_PREPARED_ALIGN, mldsa_signer_bytes(P));
    if (made == NULL)
        return HEAD2_E_MEMORY;
    st = head2_mldsa_signer_init(made, set, sk);
    if (st == HEAD2_OK)
        *key = made;
    else
        free(made);
    return st;
}

void head2_mldsa_signer_free(struct head2_mldsa_signer *key)
{
    head2_mldsa_signer_wipe(key);
    free(key);
}

enum head2_status head2_mldsa_verifier_init(struct head2_mldsa_verifier *key,
                                            enum head2_mldsa_set set, const uint8_t *pk)
{
    const struct mldsa_params *const P = mldsa_public_set(set);

    if (P == NULL || !aligned(key))
        return HEAD2_E_ARG;
    mldsa_verifier_prepare(key, P, pk);
    return HEAD2_OK;
}

enum head2_status head2_mldsa_verifier_new(struct head2_mldsa_verifier **key,
                                           enum head2_mldsa_set set, const uint8_t *pk)
{
    const struct mldsa_params *const P = mldsa_public_set(set);

    *key = NULL;
    if (P == NULL)
        return HEAD2_E_ARG;
    *key = aligned_alloc(HEAD2_MLDSA_PREPARED_ALIGN, mldsa_verifier_bytes(P));
    if (*key == NULL)
        return HEAD2_E_MEMORY;
    mldsa_verifier_prepare(*key, P, pk);
    return HEAD2_OK;
}

void head2_mldsa_verifier_free(struct head2_mldsa_verifier *key)
{
    free(key);
}
