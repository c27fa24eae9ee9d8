/*
 * The linear parts of ML-DSA on all basis vectors, against the definitions of FIPS 204: the NTT
 * both ways, products of all pairs of monomials, and packing, bit by bit. Linearity itself follows
 * from the absence of overflow, which the extreme inputs at the end show under the sanitizer.
 */
#include "check.h"

#include "mldsa/pack.h"

#define Q MLDSA_Q
#define N MLDSA_N

static int32_t canonical(int64_t r)
{
    int32_t x = (int32_t)(r % Q);
    return x < 0 ? x + Q : x;
}

static int32_t power(int32_t base, unsigned exponent)
{
    int64_t r = 1;
    while (exponent-- > 0)
        r = r * base % Q;
    return (int32_t)r;
}

static unsigned bit_reverse(unsigned i)
{
    unsigned r = 0;
    for (int b = 0; b < 8; b++)
        r |= (i >> b & 1) << (7 - b);
    return r;
}

static int32_t zeta_power[512]; /* of zeta = 1753, a 512th root of unity */

static void make_powers(void)
{
    for (unsigned i = 0; i < 512; i++)
        zeta_power[i] = power(1753, i);
    CHECK_EQ(zeta_power[256], Q - 1);
}

/* Section 7.5: coefficient i of the transform of w is w(zeta^(2 BitRev8(i) + 1)). */
static void forward_basis(void)
{
    for (unsigned k = 0; k < N; k++) {
        struct poly w = {{0}};
        w.c[k] = 1;
        mldsa_ntt(&w);
        for (unsigned i = 0; i < N; i++)
            CHECK(canonical(w.c[i]) == zeta_power[(2 * bit_reverse(i) + 1) * k % 512]);
    }
}

/* The inverse, times 2^32. */
static void inverse_basis(void)
{
    const int32_t scale = canonical((((int64_t)1 << 32) % Q) * power(N, Q - 2));
    for (unsigned i = 0; i < N; i++) {
        struct poly w = {{0}};
        w.c[i] = 1;
        mldsa_inverse_ntt(&w);
        for (unsigned k = 0; k < N; k++) {
            const unsigned exponent = (2 * bit_reverse(i) + 1) * k % 512;
            const int64_t want = (int64_t)scale * zeta_power[(512 - exponent) % 512];
            CHECK(canonical(w.c[k]) == canonical(want));
        }
    }
}

/* X^i * X^j = +-X^((i + j) mod 256), by mldsa_multiply, mldsa_dot and mldsa_dot_minus. */
static void products_of_monomials(void)
{
    static struct poly monomial[N];
    for (unsigned k = 0; k < N; k++) {
        monomial[k].c[k] = 1;
        mldsa_ntt(&monomial[k]);
    }
    for (unsigned i = 0; i < N; i++) {
        for (unsigned j = 0; j < N; j += 1) {
            struct poly w;
            mldsa_multiply(&w, &monomial[i], &monomial[j]);
            const int32_t want = i + j < N ? 1 : Q - 1;
            for (unsigned k = 0; k < N; k++)
                CHECK(canonical(w.c[k]) == (k == (i + j) % N ? want : 0));
        }
    }
    for (unsigned i = 0; i < N; i += 5) {
        const unsigned j = (i * 7 + 3) % (N - MAX_L);
        const struct poly_pair pair = {&monomial[1], &monomial[2]};
        struct poly w;
        mldsa_dot_minus(&w, &monomial[j], &monomial[j], 2, &pair); /* X^2j + X^2(j+1) - X^3 */
        mldsa_inverse_ntt(&w);
        int64_t want[N] = {0};
        want[2 * j % N] += 2 * j < N ? 1 : -1;
        want[2 * (j + 1) % N] += 2 * (j + 1) < N ? 1 : -1;
        want[3] -= 1;
        for (unsigned k = 0; k < N; k++)
            CHECK(canonical(w.c[k]) == canonical(want[k]));
    }
}

/* Bounds that the code states: 9q after the transform, q after the inverse and after a product. */
static void extremes(void)
{
    for (unsigned pattern = 0; pattern < 512; pattern++) {
        struct poly w, rows[MAX_L], product;
        for (unsigned i = 0; i < N; i++)
            w.c[i] = (pattern >> (i % 9) & 1) != 0 ? Q - 1 : 1 - Q;
        rows[0] = w;
        mldsa_ntt(&rows[0]);
        for (unsigned i = 0; i < N; i++)
            CHECK(abs(rows[0].c[i]) < 9 * Q);
        for (unsigned j = 1; j < MAX_L; j++)
            rows[j] = rows[0];
        struct poly uniform[MAX_L];
        for (unsigned j = 0; j < MAX_L; j++) {
            for (unsigned i = 0; i < N; i++)
                uniform[j].c[i] = Q - 1;
        }
        const struct poly_pair pair = {&rows[0], &rows[1]};
        mldsa_dot_minus(&product, uniform, rows, MAX_L, &pair);
        for (unsigned i = 0; i < N; i++)
            CHECK(abs(product.c[i]) <= Q);
        for (unsigned i = 0; i < N; i++)
            w.c[i] = w.c[i] < 0 ? -Q : Q;
        mldsa_inverse_ntt(&w);
        for (unsigned i = 0; i < N; i++)
            CHECK(abs(w.c[i]) < Q);
    }
}

/* One bit of the packed form at a time: it is that bit of that coefficient, and back again. */
static void packing(void)
{
    static const struct {
        unsigned bits;
        int32_t top;
    } cases[] = {
        {3,       2      },
        {4,       4      },
        {T0_BITS, 1 << 12},
        {18,      1 << 17},
        {20,      1 << 19}
    };
    for (size_t c = 0; c < HEAD2_LEN(cases); c++) {
        const unsigned bits = cases[c].bits;
        for (unsigned b = 0; b < N * bits; b++) {
            uint8_t in[PACKED_BYTES(20)] = {0}, out[PACKED_BYTES(20)] = {0};
            struct poly a;
            in[b / 8] = (uint8_t)(1U << b % 8);
            mldsa_unpack_signed(&a, in, cases[c].top, bits);
            for (unsigned i = 0; i < N; i++)
                CHECK(a.c[i] == cases[c].top - (i == b / bits ? 1 << b % bits : 0));
            mldsa_pack_signed(out, &a, cases[c].top, bits);
            CHECK_MEM(in, out, PACKED_BYTES(bits));
        }
    }
}

static void packing_unsigned(void)
{
    static const unsigned widths[] = {4, 6, T1_BITS};
    for (size_t c = 0; c < HEAD2_LEN(widths); c++) {
        const unsigned bits = widths[c];
        for (unsigned b = 0; b < N * bits; b++) {
            uint8_t out[PACKED_BYTES(T1_BITS)] = {0};
            struct poly a = {{0}}, again;
            a.c[b / bits] = 1 << b % bits;
            mldsa_pack(out, &a, bits);
            for (unsigned i = 0; i < PACKED_BYTES(bits); i++)
                CHECK(out[i] == (i == b / 8 ? 1U << b % 8 : 0));
            if (bits == T1_BITS) {
                mldsa_unpack(&again, out, bits);
                CHECK_MEM(&a, &again, sizeof a);
            }
        }
    }
}

int main(void)
{
    RUN(make_powers);
    RUN(forward_basis);
    RUN(inverse_basis);
    RUN(products_of_monomials);
    RUN(extremes);
    RUN(packing);
    RUN(packing_unsigned);
    CHECK_EXIT();
}
