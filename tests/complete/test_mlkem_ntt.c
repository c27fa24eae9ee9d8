/*
 * The number-theoretic transform of ML-KEM against its definition. It is linear and its products
 * are bilinear, so that all basis vectors, and all pairs of them, decide the whole function as far
 * as nothing overflows; that is what the extreme inputs are for.
 */
#include "check.h"
#include "mlkem/poly.h"

enum { Q = MLKEM_Q, N = MLKEM_N, R = 65536 % MLKEM_Q };

static int powers[256];    /* zeta^i, zeta = 17 of order 256 */
static int odd_power[128]; /* 2 BitRev7(i) + 1 */

static void make_tables(void)
{
    powers[0] = 1;
    for (int i = 1; i < 256; i++)
        powers[i] = powers[i - 1] * 17 % Q;
    CHECK_EQ(powers[128], Q - 1);
    for (int i = 0; i < 128; i++) {
        int reversed = 0;
        for (int b = 0; b < 7; b++)
            reversed |= (i >> b & 1) << (6 - b);
        odd_power[i] = 2 * reversed + 1;
    }
}

static int mod_q(long long v)
{
    const int r = (int)(v % Q);
    return r < 0 ? r + Q : r;
}

/* Equation 4.12: f mod (X^2 - zeta^(2 BitRev7(i) + 1)) for each i. */
static void ntt_definition(int out[N], const int16_t f[N])
{
    for (int i = 0; i < 128; i++) {
        long long even = 0;
        long long odd = 0;
        for (int j = 0; j < 128; j++) {
            even += (long long)f[2 * j] * powers[odd_power[i] * j % 256];
            odd += (long long)f[2 * j + 1] * powers[odd_power[i] * j % 256];
        }
        out[2 * i] = mod_q(even);
        out[2 * i + 1] = mod_q(odd);
    }
}

static void expect_ntt(const struct mlkem_poly *f)
{
    struct mlkem_poly got = *f;
    int want[N];

    ntt_definition(want, f->c);
    mlkem_ntt(&got);
    for (int i = 0; i < N; i++)
        CHECK_SAY(mod_q(got.c[i]) == want[i] && abs(got.c[i]) <= MLKEM_HALF_Q, "coefficient %d", i);
    mlkem_inverse_ntt(&got);
    for (int i = 0; i < N; i++)
        CHECK_SAY(mod_q(got.c[i]) == mod_q((long long)f->c[i] * R) && abs(got.c[i]) < Q,
                  "coefficient %d of the inverse", i);
}

static void basis_vectors(void)
{
    struct mlkem_poly f;

    make_tables();
    for (int i = 0; i < N; i++) {
        memset(&f, 0, sizeof f);
        f.c[i] = 1;
        expect_ntt(&f);
        f.c[i] = Q;
        expect_ntt(&f);
        f.c[i] = -Q;
        expect_ntt(&f);
    }
}

/* The inverse on the basis of T_q: f_j = 1/128 sum of f^_i zeta^-(2 BitRev7(i) + 1) j. */
static void inverse_of_basis_vectors(void)
{
    const int inverse_128 = 3303;
    struct mlkem_poly f;

    make_tables();
    CHECK_EQ(mod_q(128LL * inverse_128), 1);
    for (int i = 0; i < N; i++) {
        memset(&f, 0, sizeof f);
        f.c[i] = 1;
        mlkem_inverse_ntt(&f);
        for (int j = 0; j < N; j++) {
            const int root = powers[(256 - odd_power[i / 2] * (j / 2) % 256) % 256];
            const int want = i % 2 == j % 2 ? mod_q((long long)root * inverse_128 % Q * R) : 0;
            CHECK_SAY(mod_q(f.c[j]) == want, "basis vector %d, coefficient %d", i, j);
        }
    }
}

/* Signs that make every butterfly add magnitudes are among all sign patterns of the zetas; the
 * patterns here are the rows of the transform itself, which drive each output to its extreme. */
static void extreme_inputs(void)
{
    struct mlkem_poly f;

    make_tables();
    for (int row = 0; row < 128; row++) {
        for (int j = 0; j < N; j++) {
            const int power = powers[odd_power[row] * (j / 2) % 256];
            f.c[j] = (int16_t)(power > MLKEM_HALF_Q ? -Q : Q);
        }
        expect_ntt(&f);
        for (int j = 0; j < N; j++)
            f.c[j] = (int16_t)(f.c[j] - (f.c[j] > 0 ? 1 : 0));
        expect_ntt(&f);
    }
}

/* The inverse takes any 16-bit numbers. */
static void extreme_inputs_of_the_inverse(void)
{
    struct mlkem_poly f;
    struct mlkem_poly g;

    make_tables();
    for (int pattern = 0; pattern < 256; pattern++) {
        int want[N];
        for (int j = 0; j < N; j++)
            f.c[j] = (__builtin_popcount((unsigned)(j & pattern)) & 1) ? INT16_MIN : INT16_MAX;
        g = f;
        mlkem_inverse_ntt(&g); /* then forward again, by the definition */
        ntt_definition(want, g.c);
        for (int j = 0; j < N; j++)
            CHECK_SAY(want[j] == mod_q((long long)f.c[j] * R), "pattern %d, coefficient %d",
                      pattern, j);
    }
}

/* e_a e_b in T_q (Algorithm 12): the pairs a / 2 and b / 2 meet only if they are the same. */
static void products_of_basis_vectors(void)
{
    struct mlkem_poly f = {{0}};
    struct mlkem_poly g = {{0}};
    struct mlkem_poly out;
    struct mlkem_factor factor;

    make_tables();
    for (int b = 0; b < N; b++) {
        g.c[b] = 1;
        mlkem_factor_init(&factor, &g);
        g.c[b] = 0;
        for (int a = 0; a < N; a++) {
            struct mlkem_sum sum = {0};
            f.c[a] = 1;
            mlkem_sum_add_product(&sum, &f, &factor);
            f.c[a] = 0;
            mlkem_sum_reduce(&out, &sum);
            mlkem_poly_to_mont(&out); /* takes the 1/R away */
            const int hit = a / 2 != b / 2 ? -1 : a % 2 + b % 2 == 1 ? a | 1 : a & ~1;
            const int value = a % 2 + b % 2 == 2 ? powers[odd_power[a / 2]] : 1;
            for (int i = 0; i < N; i++)
                if (mod_q(out.c[i]) != (i == hit ? value : 0))
                    CHECK_SAY(false, "e_%d e_%d, coefficient %d", a, b, i);
        }
    }
}

/* Four products of the largest operands that are allowed, in all combinations of signs. */
static void extreme_products(void)
{
    struct mlkem_poly f;
    struct mlkem_poly g;
    struct mlkem_poly out;
    struct mlkem_factor factor;

    make_tables();
    for (unsigned signs = 0; signs < 16; signs++) {
        struct mlkem_sum sum = {0};
        for (int i = 0; i < N; i++) {
            f.c[i] = (int16_t)((signs >> (i % 2) & 1) ? Q - 1 : 1 - Q);
            g.c[i] = (int16_t)((signs >> (2 + i % 2) & 1) ? MLKEM_HALF_Q : -MLKEM_HALF_Q);
        }
        mlkem_factor_init(&factor, &g);
        for (int i = 0; i < 4; i++)
            mlkem_sum_add_product(&sum, &f, &factor);
        mlkem_sum_reduce(&out, &sum);
        for (int i = 0; i < N; i += 2) {
            const long long gamma = powers[odd_power[i / 2]];
            const long long even = f.c[i] * g.c[i] + (long long)f.c[i + 1] * g.c[i + 1] % Q * gamma;
            const long long odd = (long long)f.c[i] * g.c[i + 1] + (long long)f.c[i + 1] * g.c[i];
            CHECK_EQ(mod_q((long long)out.c[i] * R), mod_q(4 * even));
            CHECK_EQ(mod_q((long long)out.c[i + 1] * R), mod_q(4 * odd));
            CHECK(abs(out.c[i]) < Q && abs(out.c[i + 1]) < Q);
        }
    }
}

int main(void)
{
    RUN(basis_vectors);
    RUN(inverse_of_basis_vectors);
    RUN(extreme_inputs);
    RUN(extreme_inputs_of_the_inverse);
    RUN(products_of_basis_vectors);
    RUN(extreme_products);
    CHECK_EXIT();
}
