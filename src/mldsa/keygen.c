/*
 * Key generation, and the way back from a private key to its public key: FIPS 204, Algorithm 6.
 */
#include "mldsa/batch.h"
#include "mldsa/mldsa.h"
#include "mldsa/pack.h"
#include "mldsa/prepared.h"
#include "mldsa/sample.h"

#include <head2/hash.h>

#define SEEDS_BYTES (RHO_BYTES + 64 + K_BYTES) /* rho || rho' || K */

/* What t = A s1 + s2 is computed with, row by row. s1 is transformed. */
struct key_maker {
    const struct mldsa_kernels *kernels;
    const struct mldsa_params *P;
    struct poly s1[MAX_L], s2[MAX_K];
    struct poly t, t0;
    struct keccak_chain tr;
    struct matrix_rows matrix;
};

void mldsa_tr(enum mldsa_set set, uint8_t tr[TR_BYTES], const uint8_t *pk)
{
    head2_shake256(tr, TR_BYTES, pk, mldsa_params_of(set)->pk_bytes);
}

static void start(struct key_maker *m, const struct mldsa_kernels *k, const struct mldsa_params *P)
{
    m->kernels = k;
    m->P = P;
}

/* Line 6 for one row: t1 goes to pk, t0 packed to its own place. */
static void public_row(struct key_maker *m, unsigned i, uint8_t *pk, uint8_t *packed_t0)
{
    const struct mldsa_kernels *const k = m->kernels;

    k->dot(&m->t, mldsa_matrix_row(&m->matrix, i), m->s1, m->P->l);
    k->inverse_ntt(&m->t);
    k->power2_round(&m->t, &m->t0, &m->s2[i]);
    HEAD2_PUBLIC(&m->t, sizeof m->t, "t1 is the public key");
    k->pack(pk + RHO_BYTES + (size_t)i * T1_BYTES, &m->t, T1_BITS);
    k->pack_signed(packed_t0 + (size_t)i * T0_BYTES, &m->t0, 1 << (MLDSA_D - 1), T0_BITS);
}

/* Lines 3 to 9: pk begins with rho. tr = H(pk), unless it is NULL, is computed as pk grows. */
static void public_key(struct key_maker *m, uint8_t *pk, uint8_t *packed_t0, uint8_t *tr)
{
    const struct mldsa_params *const P = m->P;
    unsigned done = 0;

    for (unsigned j = 0; j < P->l; j++)
        m->kernels->ntt(&m->s1[j], &m->s1[j]);
    keccak_chain_init(&m->tr, KECCAK_RATE_256, pk, RHO_BYTES);
    mldsa_matrix_start(&m->matrix, m->kernels, P, pk);
    while (done < P->k) {
        for (const unsigned complete = mldsa_matrix_more(&m->matrix, tr != NULL ? &m->tr : NULL);
             done < complete; done++) {
            public_row(m, done, pk, packed_t0);
            m->tr.ready += T1_BYTES;
        }
    }
    if (tr != NULL)
        keccak_chain_finish(&m->tr, KECCAK_SUFFIX_SHAKE, tr, TR_BYTES);
}

/* s1 || s2 by index, as Algorithm 33 numbers them. */
static struct poly *secret_poly(struct key_maker *m, unsigned index)
{
    return index < m->P->l ? &m->s1[index] : &m->s2[index - m->P->l];
}

/* Line 4, and the part of skEncode for s1 and s2. */
static void sample_secrets(struct key_maker *m, const uint8_t rho_prime[64], uint8_t *packed)
{
    const struct mldsa_params *const P = m->P;
    const unsigned n = P->k + P->l;
    struct sample_lane lane[KECCAK_LANES];

    for (unsigned index = 0; index < n;) {
        unsigned lanes = 0;
        for (; lanes < KECCAK_LANES && index < n; lanes++, index++)
            lane[lanes] = (struct sample_lane){rho_prime, (uint16_t)index, secret_poly(m, index)};
        mldsa_sample_bounded(m->kernels, lane, lanes, P->eta);
    }
    for (unsigned index = 0; index < n; index++)
        m->kernels->pack_signed(packed + index * PACKED_BYTES(P->eta_bits), secret_poly(m, index),
                                P->eta, P->eta_bits);
}

/*
 * Algorithm 6 from the output of line 1 on. skEncode and pkEncode (Algorithms 24 and 22) happen on
 * the way: each part is packed when known. tr is left to the caller unless with_tr. Kernels come
 * from the caller: to choose them for the first time takes 32 KiB of stack, as much as is left
 * here.
 */
static HEAD2_NOINLINE void from_seeds(const struct mldsa_kernels *k, const struct mldsa_params *P,
                                      uint8_t *pk, uint8_t *sk, const uint8_t seeds[SEEDS_BYTES],
                                      bool with_tr)
{
    const struct sk_parts parts = mldsa_sk_parts(P);
    struct key_maker m;

    HEAD2_PUBLIC(seeds, RHO_BYTES, "rho is in the public key");
    memcpy(pk, seeds, RHO_BYTES);
    memcpy(sk, seeds, RHO_BYTES);
    memcpy(sk + RHO_BYTES, seeds + RHO_BYTES + 64, K_BYTES);
    start(&m, k, P);
    sample_secrets(&m, seeds + RHO_BYTES, sk + parts.s);
    public_key(&m, pk, sk + parts.t0, with_tr ? sk + parts.tr : NULL);
    head2_wipe(&m, offsetof(struct key_maker, matrix));
    cpu_wipe_residue(CPU_KERNELS_BELOW);
}

void mldsa_keygen_internal(enum mldsa_set set, uint8_t *pk, uint8_t *sk,
                           const struct head2_secret32 *xi)
{
    const struct mldsa_params *const P = mldsa_params_of(set);
    const uint8_t dims[2] = {(uint8_t)P->k, (uint8_t)P->l};
    struct head2_keccak shake;
    uint8_t seeds[SEEDS_BYTES];

    head2_shake256_init(&shake); /* line 1 */
    head2_shake_update(&shake, xi->b, sizeof xi->b);
    head2_shake_update(&shake, dims, sizeof dims);
    head2_shake_squeeze(&shake, seeds, sizeof seeds);
    from_seeds(mldsa_kernels(), P, pk, sk, seeds, true);
    head2_wipe(&shake, sizeof shake);
    head2_wipe(seeds, sizeof seeds);
    cpu_wipe_residue(CPU_KERNELS_BELOW);
}

void mldsa_keygen_group(const struct mldsa_params *P, uint8_t *const pk[KECCAK_LANES],
                        uint8_t *const sk[KECCAK_LANES],
                        const struct head2_secret32 *const xi[KECCAK_LANES], unsigned n)
{
    const struct mldsa_kernels *const k = mldsa_kernels();
    const uint8_t dims[2] = {(uint8_t)P->k, (uint8_t)P->l};
    struct keccak_job hash[KECCAK_LANES] = {{.out = NULL}};
    uint8_t seeds[KECCAK_LANES][SEEDS_BYTES];

    for (unsigned i = 0; i < n; i++)
        hash[i] = (struct keccak_job){
            {{xi[i]->b, sizeof xi[i]->b}, {dims, sizeof dims}},
            &seeds[i][0],
            SEEDS_BYTES,
            KECCAK_SUFFIX_SHAKE
        };
    keccak_many(KECCAK_RATE_256, hash, n);
    for (unsigned i = 0; i < n; i++) {
        from_seeds(k, P, pk[i], sk[i], seeds[i], false);
        hash[i] = (struct keccak_job){
            {{pk[i], P->pk_bytes}}, sk[i] + mldsa_sk_parts(P).tr, TR_BYTES, KECCAK_SUFFIX_SHAKE};
    }
    keccak_many(KECCAK_RATE_256, hash, n);
    head2_wipe(seeds, sizeof seeds);
}

static HEAD2_NOINLINE enum head2_status public_of(const struct mldsa_kernels *k,
                                                  const struct mldsa_params *P, uint8_t *pk,
                                                  const uint8_t *sk)
{
    const struct sk_parts parts = mldsa_sk_parts(P);
    enum head2_status st;
    struct key_maker m;
    uint8_t packed_t0[MAX_K * T0_BYTES], tr[TR_BYTES];
    uint32_t bad = 0;

    start(&m, k, P);
    for (unsigned index = 0; index < P->l + P->k; index++)
        bad |= mldsa_unpack_secret(m.kernels, P, secret_poly(&m, index), sk, index);
    HEAD2_PUBLIC(&bad, sizeof bad, "whether a private key is well-formed is the result");
    if (bad != 0)
        HEAD2_TRY(HEAD2_E_MALFORMED);
    memcpy(pk, sk, RHO_BYTES);
    public_key(&m, pk, packed_t0, tr);
    HEAD2_TRY(head2_equal(packed_t0, sk + parts.t0, P->k * T0_BYTES));
    HEAD2_TRY(head2_equal(tr, sk + parts.tr, TR_BYTES));

done:
    head2_wipe(&m, offsetof(struct key_maker, matrix));
    head2_wipe(packed_t0, sizeof packed_t0);
    if (st != HEAD2_OK)
        head2_wipe(pk, P->pk_bytes);
    cpu_wipe_residue(CPU_KERNELS_BELOW);
    return st == HEAD2_OK ? HEAD2_OK : HEAD2_E_MALFORMED;
}

enum head2_status mldsa_public_from_private(enum mldsa_set set, uint8_t *pk, const uint8_t *sk)
{
    return public_of(mldsa_kernels(), mldsa_params_of(set), pk, sk);
}
