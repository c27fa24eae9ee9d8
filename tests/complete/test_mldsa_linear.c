/*
 * The linear parts of ML-DSA on all basis vectors, against the definitions of FIPS 204: the NTT
 * both ways, products of all pairs of monomials with 32 bits and with 16, and packing, bit by bit;
 * with every table of kernels that the machine has. Linearity itself follows from the absence of
 * overflow, which the extreme inputs show.
 */
#include "check.h"

#include "mldsa/pack.h"
#include "mldsa_tables.h"

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
        K->ntt(&w, &w);
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
        K->inverse_ntt(&w);
        for (unsigned k = 0; k < N; k++) {
            const unsigned exponent = (2 * bit_reverse(i) + 1) * k % 512;
            const int64_t want = (int64_t)scale * zeta_power[(512 - exponent) % 512];
            CHECK(canonical(w.c[k]) == canonical(want));
        }
    }
}

/* X^i * X^j = +-X^((i + j) mod 256), by dot. */
static void products_of_monomials(void)
{
    static struct poly monomial[N];
    for (unsigned k = 0; k < N; k++) {
        memset(&monomial[k], 0, sizeof monomial[k]);
        monomial[k].c[k] = 1;
        K->ntt(&monomial[k], &monomial[k]);
    }
    for (unsigned i = 0; i < N; i++) {
        for (unsigned j = 0; j < N; j += 1) {
            struct poly w;
            K->dot(&w, &monomial[i], &monomial[j], 1);
            K->inverse_ntt(&w);
            const int32_t want = i + j < N ? 1 : Q - 1;
            for (unsigned k = 0; k < N; k++)
                CHECK(canonical(w.c[k]) == (k == (i + j) % N ? want : 0));
        }
    }
}

/* Rows of n monomials times monomials; every row has its own shift. */
static void rows_of_monomials(void)
{
    static struct poly row[MAX_K * (MAX_L + 1)], v[MAX_L + 1], w[MAX_K];
    for (unsigned n = 4; n <= MAX_L + 1; n++) {
        for (unsigned round = 0; round < N; round++) {
            int32_t want[MAX_K][N] = {{0}};
            for (unsigned j = 0; j < n; j++) {
                memset(&v[j], 0, sizeof v[j]);
                v[j].c[(round * 5 + j * 31) % N] = (int32_t)j - 3;
                K->ntt(&v[j], &v[j]);
            }
            for (unsigned i = 0; i < MAX_K * n; i++) {
                const unsigned a = (round + i * 11) % N, b = (round * 5 + i % n * 31) % N;
                memset(&row[i], 0, sizeof row[i]);
                row[i].c[a] = 1;
                K->ntt(&row[i], &row[i]);
                for (unsigned k = 0; k < N; k++)
                    row[i].c[k] = canonical(row[i].c[k]);
                want[i / n][(a + b) % N] += (a + b < N ? 1 : -1) * ((int32_t)(i % n) - 3);
            }
            K->rows(w, row, v, MAX_K, n);
            for (unsigned i = 0; i < MAX_K; i++) {
                K->inverse_ntt(&w[i]);
                for (unsigned k = 0; k < N; k++)
                    CHECK(canonical(w[i].c[k]) == canonical(want[i][k]));
            }
        }
    }
}

/* The same modulo 7681, onto a w that is not zero; by 1, and by -4 and 4, the ends of s. */
static void short_products_of_monomials(void)
{
    static struct short_poly one[N], four[N];
    for (unsigned k = 0; k < N; k++) {
        struct poly a = {{0}};
        a.c[k] = 1;
        K->short_ntt(&one[k], &a);
        a.c[k] = k % 3 != 0 ? 4 : -4;
        K->short_ntt(&four[k], &a);
        for (unsigned i = 0; i < N; i++)
            CHECK(abs(four[k].c[i]) <= SHORT_Q / 2);
    }
    for (unsigned i = 0; i < N; i++) {
        for (unsigned j = 0; j < N; j++) {
            struct poly w;
            for (unsigned k = 0; k < N; k++)
                w.c[k] = (int32_t)k * 2000 - 250000;
            CHECK_EQ(K->add_short_product(&w, &one[i], &four[j], 260005), 0);
            const int32_t factor = j % 3 != 0 ? 4 : -4;
            for (unsigned k = 0; k < N; k++)
                CHECK(w.c[k] - ((int32_t)k * 2000 - 250000) == (k != (i + j) % N ? 0
                                                                : i + j < N      ? factor
                                                                                 : -factor));
        }
    }
}

/* c s by definition */
static void schoolbook(int32_t out[N], const struct poly *c, const struct poly *s)
{
    memset(out, 0, N * sizeof *out);
    for (unsigned i = 0; i < N; i++) {
        for (unsigned j = 0; j < N && c->c[i] != 0; j++)
            out[(i + j) % N] += (i + j < N ? 1 : -1) * c->c[i] * s->c[j];
    }
}

/* Challenges with 49 coefficients and secrets with only 4 and -4: sums up to 196, and the
 * transforms as large as they get. */
static void short_extremes(void)
{
    uint32_t x = 1;
    for (unsigned round = 0; round < 400; round++) {
        struct poly c = {{0}}, s, w = {{0}};
        struct short_poly u, v;
        int32_t want[N];
        for (unsigned n = 0; n < 49; n++) {
            x = x * 1664525 + 1013904223;
            c.c[round % 2 != 0 ? n : x >> 24] = round % 4 < 2 || (x & 1 << 20) != 0 ? 1 : -1;
        }
        for (unsigned i = 0; i < N; i++) {
            x = x * 1664525 + 1013904223;
            s.c[i] = round % 3 == 0 ? 4 : round % 3 == 1 && i < 128 ? -4 : x >> 31 != 0 ? 4 : -4;
        }
        K->short_ntt(&u, &c);
        K->short_ntt(&v, &s);
        (void)K->add_short_product(&w, &u, &v, 1);
        schoolbook(want, &c, &s);
        CHECK_MEM(w.c, want, sizeof want);
    }
}

/* v at the ends of what it may be, whether a transform comes there or not: rows of q - 1 = -1. */
static void rows_at_their_bounds(void)
{
    static struct poly row[2 * (MAX_L + 1)], v[MAX_L + 1], w[2];
    const int64_t radix = ((int64_t)1 << 32) % Q;
    for (unsigned i = 0; i < HEAD2_LEN(row) * N; i++)
        row[i / N].c[i % N] = Q - 1;
    for (unsigned n = 4; n <= MAX_L + 1; n++) {
        for (unsigned signs = 0; signs < 1U << n; signs++) {
            int64_t want = 0;
            for (unsigned j = 0; j < n; j++) {
                for (unsigned i = 0; i < N; i++)
                    v[j].c[i] = (signs >> j & 1) != 0 ? 1 - 9 * Q : 9 * Q - 1;
                want -= v[j].c[0];
            }
            K->rows(w, row, v, 2, n);
            for (unsigned i = 0; i < 2 * N; i++) {
                const int32_t got = w[i / N].c[i % N];
                CHECK(abs(got) <= Q && canonical(got * radix) == canonical(want));
            }
        }
    }
}

/* Bounds that the code states: 9q after the transform, q after the inverse and after a product. */
static void extremes(void)
{
    for (unsigned pattern = 0; pattern < 512; pattern++) {
        struct poly w, rows[MAX_L + 1], product;
        for (unsigned i = 0; i < N; i++)
            w.c[i] = (pattern >> (i % 9) & 1) != 0 ? Q - 1 : 1 - Q;
        rows[0] = w;
        K->ntt(&rows[0], &rows[0]);
        for (unsigned i = 0; i < N; i++)
            CHECK(abs(rows[0].c[i]) < 9 * Q);
        for (unsigned j = 1; j <= MAX_L; j++)
            rows[j] = rows[0];
        struct poly uniform[MAX_L + 1];
        for (unsigned j = 0; j <= MAX_L; j++) {
            for (unsigned i = 0; i < N; i++)
                uniform[j].c[i] = Q - 1;
        }
        const int64_t radix = ((int64_t)1 << 32) % Q;
        K->rows(&product, uniform, rows, 1, MAX_L + 1);
        for (unsigned i = 0; i < N; i++) {
            CHECK(abs(product.c[i]) <= Q);
            CHECK(canonical(product.c[i] * radix) == canonical(-8 * (int64_t)rows[0].c[i]));
        }
        uniform[MAX_L] = rows[0];
        K->dot(&product, uniform, rows, MAX_L + 1);
        for (unsigned i = 0; i < N; i++) {
            const int64_t x = rows[0].c[i];
            CHECK(abs(product.c[i]) <= Q);
            CHECK(canonical(product.c[i] * radix) == canonical(x * x - 7 * x));
        }
        for (unsigned i = 0; i < N; i++)
            w.c[i] = w.c[i] < 0 ? -Q : Q;
        K->inverse_ntt(&w);
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
            uint8_t in_at[PACKED_BYTES(20) + 1] = {0}, out_at[PACKED_BYTES(20) + 2] = {0};
            uint8_t *const in = in_at + b % 2, *const out = out_at + b % 2; /* also misaligned */
            struct poly a;
            in[b / 8] = (uint8_t)(1U << b % 8);
            K->unpack_signed(&a, in, cases[c].top, bits);
            for (unsigned i = 0; i < N; i++)
                CHECK(a.c[i] == cases[c].top - (i == b / bits ? 1 << b % bits : 0));
            K->pack_signed(out, &a, cases[c].top, bits);
            CHECK_MEM(in, out, PACKED_BYTES(bits));
            CHECK(out[PACKED_BYTES(bits)] == 0); /* nothing behind is written */
        }
    }
}

static void packing_unsigned(void)
{
    static const unsigned widths[] = {4, 6, T1_BITS};
    for (size_t c = 0; c < HEAD2_LEN(widths); c++) {
        const unsigned bits = widths[c];
        for (unsigned b = 0; b < N * bits; b++) {
            uint8_t out_at[PACKED_BYTES(T1_BITS) + 2] = {0};
            uint8_t *const out = out_at + b % 2;
            struct poly a = {{0}}, again;
            a.c[b / bits] = 1 << b % bits;
            K->pack(out, &a, bits);
            for (unsigned i = 0; i < PACKED_BYTES(bits); i++)
                CHECK(out[i] == (i == b / 8 ? 1U << b % 8 : 0));
            CHECK(out[PACKED_BYTES(bits)] == 0);
            if (bits == T1_BITS) {
                K->unpack(&again, out, bits);
                CHECK_MEM(&a, &again, sizeof a);
            }
        }
    }
}

int main(void)
{
    RUN(make_powers);
    RUN_WITH_EVERY_TABLE(forward_basis);
    RUN_WITH_EVERY_TABLE(inverse_basis);
    RUN_WITH_EVERY_TABLE(products_of_monomials);
    RUN_WITH_EVERY_TABLE(rows_of_monomials);
    RUN_WITH_EVERY_TABLE(short_products_of_monomials);
    RUN_WITH_EVERY_TABLE(short_extremes);
    RUN_WITH_EVERY_TABLE(rows_at_their_bounds);
    RUN_WITH_EVERY_TABLE(extremes);
    RUN_WITH_EVERY_TABLE(packing);
    RUN_WITH_EVERY_TABLE(packing_unsigned);
    CHECK_EXIT();
}
