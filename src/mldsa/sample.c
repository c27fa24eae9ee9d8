/*
 * Pseudorandom sampling from SHAKE: FIPS 204, Algorithms 14, 15 and 29 to 34.
 *
 * Seeds are short: the first block of each sponge is written into the state word by word.
 */
#include "mldsa/sample.h"

#include "mldsa/kernels_portable.h"
#include "mldsa/pack.h"

#define SHAKE128_WORDS (KECCAK_RATE_SHAKE128 / 8)
#define SHAKE256_WORDS (KECCAK_RATE_256 / 8)
#define BLOCKS         5 /* 280 candidates of A, of which 256 nearly always fit; 640 bytes of y */

unsigned mldsa_reject_uniform_portable(struct poly *a, unsigned have, const uint8_t *in, size_t len)
{
    for (size_t at = 0; at < len && have < MLDSA_N; at += 3) {
        /* Algorithm 14. rho is public, so the rejection may show. */
        const int32_t z = in[at] | in[at + 1] << 8 | (in[at + 2] & 0x7f) << 16;
        a->c[have] = z;
        have += z < MLDSA_Q;
    }
    return have;
}

/* Algorithm 15 for a half byte z that is accepted: 2 - (z mod 5), or 4 - z. */
static inline int32_t coefficient(uint32_t z, int32_t eta)
{
    if (eta == 2)
        z -= ((205 * z) >> 10) * 5;
    return eta - (int32_t)z;
}

unsigned mldsa_reject_bounded_portable(struct poly *a, unsigned have, const uint8_t *in, size_t len,
                                       int32_t eta)
{
    const uint32_t limit = eta == 2 ? 15 : 9;
    for (size_t at = 0; at < 2 * len && have < MLDSA_N; at++) {
        const uint32_t z = in[at / 2] >> (4 * (at % 2)) & 15;
        uint32_t accepted = (z - limit) >> 31;
        HEAD2_PUBLIC(&accepted, sizeof accepted,
                     "which samples are rejected is independent of those that are accepted");
        a->c[have] = coefficient(z, eta);
        have += accepted;
    }
    return have;
}

/* What eight samplings work with. */
struct lanes {
    struct keccak_x8 st;
    uint8_t block[KECCAK_LANES][BLOCKS * KECCAK_RATE_SHAKE128];
    uint8_t *out[KECCAK_LANES];
};

/* Seed, number, domain bits and padding of every lane. */
static void start(struct lanes *s, const struct sample_lane *lane, unsigned lanes,
                  unsigned seed_words, unsigned rate_words)
{
    memset(&s->st, 0, sizeof s->st);
    for (unsigned l = 0; l < lanes; l++) {
        for (unsigned i = 0; i < seed_words; i++)
            s->st.s[i][l] = le64(lane[l].seed + (size_t)8 * i);
        s->st.s[seed_words][l] = lane[l].number | (uint64_t)KECCAK_SUFFIX_SHAKE << 16;
        s->st.s[rate_words - 1][l] ^= (uint64_t)1 << 63;
    }
}

/* Squeeze n blocks of every lane. */
static void squeeze(struct lanes *s, unsigned lanes, unsigned n, unsigned rate_words,
                    struct keccak_chain *chain)
{
    const struct keccak_kernels *const keccak = keccak_kernels();
    for (unsigned b = 0; b < n; b++) {
        for (unsigned l = 0; l < lanes; l++)
            s->out[l] = s->block[l] + (size_t)8 * rate_words * b;
        keccak_permute_beside(&s->st, lanes, &chain, chain != NULL);
        keccak->squeeze(&s->st, s->out, lanes, rate_words);
    }
}

void mldsa_sample_uniform(const struct mldsa_kernels *k, const struct sample_lane *lane,
                          unsigned lanes, struct keccak_chain *chain)
{
    struct lanes s;
    unsigned have[KECCAK_LANES] = {0};
    unsigned blocks = BLOCKS;
    bool all;

    start(&s, lane, lanes, RHO_BYTES / 8, SHAKE128_WORDS);
    do {
        squeeze(&s, lanes, blocks, SHAKE128_WORDS, chain);
        all = true;
        for (unsigned l = 0; l < lanes; l++) {
            have[l] = k->reject_uniform(lane[l].to, have[l], s.block[l],
                                        (size_t)blocks * KECCAK_RATE_SHAKE128);
            all = all && have[l] == MLDSA_N;
        }
        blocks = 1;
    } while (!all);
}

void mldsa_sample_bounded(const struct mldsa_kernels *k, const struct sample_lane *lane,
                          unsigned lanes, int32_t eta)
{
    struct lanes s;
    unsigned have[KECCAK_LANES] = {0};
    unsigned blocks = eta == 2 ? 1 : 2; /* a block has 255 or 153 accepted half bytes on average */
    bool all;

    start(&s, lane, lanes, 64 / 8, SHAKE256_WORDS);
    do {
        squeeze(&s, lanes, blocks, SHAKE256_WORDS, NULL);
        all = true;
        for (unsigned l = 0; l < lanes; l++) {
            have[l] = k->reject_bounded(lane[l].to, have[l], s.block[l],
                                        (size_t)blocks * KECCAK_RATE_256, eta);
            all = all && have[l] == MLDSA_N;
        }
        blocks = 1;
    } while (!all);
    head2_wipe(&s, sizeof s);
    cpu_wipe_residue(CPU_KERNELS_BELOW);
}

void mldsa_sample_mask(const struct mldsa_kernels *k, const struct sample_lane *lane,
                       unsigned lanes, const struct mldsa_params *P, struct keccak_chain *chain)
{
    struct lanes s;

    start(&s, lane, lanes, 64 / 8, SHAKE256_WORDS);
    squeeze(&s, lanes, BLOCKS, SHAKE256_WORDS, chain);
    for (unsigned l = 0; l < lanes; l++)
        k->unpack_signed(lane[l].to, s.block[l], P->gamma1, P->z_bits);
    head2_wipe(&s, sizeof s);
    cpu_wipe_residue(CPU_KERNELS_BELOW);
}

static uint8_t next_byte(struct ball *b)
{
    if (b->at == sizeof b->block) {
        keccak_f1600(b->s);
        for (size_t i = 0; i < SHAKE256_WORDS; i++)
            put_le64(b->block + 8 * i, b->s[i]);
        b->at = 0;
    }
    return b->block[b->at++];
}

/* Algorithm 29 from line 4 on, after the first permutation. */
void mldsa_sample_from_ball(struct poly *c, struct ball *b, unsigned tau)
{
    for (size_t i = 0; i < SHAKE256_WORDS; i++)
        put_le64(b->block + 8 * i, b->s[i]);
    uint64_t signs = b->s[0];
    b->at = 8;
    memset(c, 0, sizeof *c);
    for (unsigned i = MLDSA_N - tau; i < MLDSA_N; i++) {
        uint8_t j;
        do { /* lines 7 to 9 */
            j = next_byte(b);
        } while (j > i);
        c->c[i] = c->c[j];
        c->c[j] = 1 - 2 * (int32_t)(signs & 1);
        signs >>= 1;
    }
}

void mldsa_sample_in_ball(struct poly *c, const uint8_t *c_tilde, size_t c_bytes, unsigned tau)
{
    struct ball b = {.s = {0}};
    for (size_t i = 0; i < c_bytes / 8; i++)
        b.s[i] = le64(c_tilde + 8 * i);
    b.s[c_bytes / 8] = KECCAK_SUFFIX_SHAKE;
    b.s[SHAKE256_WORDS - 1] ^= (uint64_t)1 << 63;
    keccak_f1600(b.s);
    mldsa_sample_from_ball(c, &b, tau);
}

void mldsa_ball_hashes(struct ball *b, const uint8_t *const c_tilde[KECCAK_LANES], unsigned lanes,
                       const struct mldsa_params *P)
{
    struct keccak_x8 st = {{{0}}};
    for (unsigned l = 0; l < lanes; l++) {
        for (size_t i = 0; i < P->c_bytes / 8; i++)
            st.s[i][l] = le64(c_tilde[l] + 8 * i);
        st.s[P->c_bytes / 8][l] = KECCAK_SUFFIX_SHAKE;
        st.s[SHAKE256_WORDS - 1][l] ^= (uint64_t)1 << 63;
    }
    keccak_kernels()->permute(&st, lanes);
    for (unsigned l = 0; l < lanes; l++) {
        for (unsigned i = 0; i < 25; i++)
            b[l].s[i] = st.s[i][l];
    }
}

void mldsa_matrix_start(struct matrix_rows *m, const struct mldsa_kernels *k,
                        const struct mldsa_params *P, const uint8_t *rho)
{
    m->kernels = k;
    m->P = P;
    m->rho = rho;
    m->i = 0;
    m->j = 0;
}

struct poly *mldsa_matrix_row(struct matrix_rows *m, unsigned i)
{
    static const uint8_t slot[MAX_K] = {0, 1, 2, 0, 1, 2, 0, 1};
    return m->slot[slot[i]];
}

unsigned mldsa_matrix_more(struct matrix_rows *m, struct keccak_chain *chain)
{
    const struct mldsa_params *const P = m->P;
    struct sample_lane lane[KECCAK_LANES];
    unsigned most = KECCAK_LANES;
    unsigned lanes = 0;

    if (chain != NULL && chain->ready < chain->rate)
        chain = NULL;
    if (chain != NULL)
        most--;
    for (; lanes < most && m->i < P->k; lanes++) {
        lane[lanes] = (struct sample_lane){m->rho, (uint16_t)(m->i << 8 | m->j),
                                           mldsa_matrix_row(m, m->i) + m->j};
        if (++m->j == P->l) {
            m->j = 0;
            m->i++;
        }
    }
    mldsa_sample_uniform(m->kernels, lane, lanes, chain);
    return m->i;
}
