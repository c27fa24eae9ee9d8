/*
 * The number-theoretic transform of ML-KEM against its definition, for
 * every table of kernels. It is linear and its products
 * are bilinear, so that all basis vectors, and all pairs of them, decide the whole function as far
 * as nothing overflows; that is what the extreme inputs are for.
 */
#include "mlkem_tables.h"

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
    kernels->ntt(&got, 1);
    for (int i = 0; i < N; i++)
        CHECK_SAY(mod_q(got.c[i]) == want[i] && abs(got.c[i]) < Q, "coefficient %d", i);
    kernels->inverse_ntt(&got, 1);
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
        kernels->inverse_ntt(&f, 1);
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

/* The inverse on the largest inputs, in the sign patterns of all Walsh functions: among them are
 * those that make all sums of a layer add up. */
static void extreme_inputs_of_the_inverse(void)
{
    struct mlkem_poly f;
    struct mlkem_poly g;

    make_tables();
    for (int pattern = 0; pattern < 256; pattern++) {
        int want[N];
        for (int j = 0; j < N; j++)
            f.c[j] = (int16_t)((__builtin_popcount((unsigned)(j & pattern)) & 1) ? 1 - Q : Q - 1);
        g = f;
        kernels->inverse_ntt(&g, 1); /* then forward again, by the definition */
        ntt_definition(want, g.c);
        for (int j = 0; j < N; j++)
            CHECK_SAY(want[j] == mod_q((long long)f.c[j] * R) && abs(g.c[j]) < Q,
                      "pattern %d, coefficient %d", pattern, j);
    }
}

/* v + v X in every place of T_q is v + v X: among all v are those whose sums stay as large as they
 * can when they are reduced on the way, and then add up. */
static void constants_through_the_inverse(void)
{
    struct mlkem_poly f;

    for (int v = 1 - Q; v < Q; v++) {
        for (int i = 0; i < N; i++)
            f.c[i] = (int16_t)v;
        kernels->inverse_ntt(&f, 1);
        for (int i = 0; i < N; i++)
            CHECK_SAY(mod_q(f.c[i]) == (i < 2 ? mod_q((long long)v * R) : 0) && abs(f.c[i]) < Q,
                      "%d, coefficient %d", v, i);
    }
}

/* n at a time are as one at a time: every basis vector at every place of every n. */
static void many_transforms(void)
{
    struct mlkem_poly one[2];
    struct mlkem_poly many[2][MLKEM_MAX_K + 2];

    for (int b = 0; b < N; b++) {
        for (unsigned n = 0; n <= MLKEM_MAX_K + 1; n++) {
            for (unsigned place = 0; place < n; place++) {
                memset(one, 0, sizeof one);
                memset(many, 0, sizeof many);
                one[0].c[b] = one[1].c[b] = 1;
                many[0][place].c[b] = many[1][place].c[b] = 1;
                many[0][n].c[b] = many[1][n].c[b] = 1; /* and the one behind is left alone */
                kernels->ntt(&one[0], 1);
                kernels->inverse_ntt(&one[1], 1);
                kernels->ntt(many[0], n);
                kernels->inverse_ntt(many[1], n);
                for (unsigned i = 0; i < n; i++)
                    for (int j = 0; j < N; j++) {
                        CHECK_EQ(many[0][i].c[j], i == place ? one[0].c[j] : 0);
                        CHECK_EQ(many[1][i].c[j], i == place ? one[1].c[j] : 0);
                    }
                for (int j = 0; j < N; j++)
                    CHECK(many[0][n].c[j] == (j == b) && many[1][n].c[j] == (j == b));
            }
        }
    }
}

/* e_a e_b in T_q (Algorithm 12) through a sum whose other terms are zero: the pairs a / 2 and b / 2
 * meet only if they are the same. */
static void products_of_basis_vectors(void)
{
    static const struct mlkem_poly zero;
    struct mlkem_poly f[MLKEM_MAX_K] = {{{0}}};
    struct mlkem_poly g = {{0}};
    struct mlkem_poly out;
    struct mlkem_factor factor[MLKEM_MAX_K];

    make_tables();
    for (int b = 0; b < N; b++) {
        const unsigned k = 2 + (unsigned)b % 3;
        const unsigned at = (unsigned)b % k;
        for (unsigned i = 0; i < k; i++)
            kernels->factor_init(&factor[i], &zero);
        g.c[b] = 1;
        kernels->factor_init(&factor[at], &g);
        g.c[b] = 0;
        for (int a = 0; a < N; a++) {
            f[at].c[a] = 1;
            kernels->inner_product(&out, f, factor, k);
            f[at].c[a] = 0;
            kernels->to_mont_add(&out, &zero); /* takes the 1/R away */
            const int hit = a / 2 != b / 2 ? -1 : a % 2 + b % 2 == 1 ? a | 1 : a & ~1;
            const int value = a % 2 + b % 2 == 2 ? powers[odd_power[a / 2]] : 1;
            for (int i = 0; i < N; i++)
                if (mod_q(out.c[i]) != (i == hit ? value : 0))
                    CHECK_SAY(false, "e_%d e_%d, coefficient %d", a, b, i);
        }
    }
}

/* k products of the largest operands that are allowed, in all combinations of signs. */
static void extreme_products(void)
{
    struct mlkem_poly f[MLKEM_MAX_K];
    struct mlkem_poly g;
    struct mlkem_poly out;
    struct mlkem_factor factor[MLKEM_MAX_K];

    make_tables();
    for (unsigned signs = 0; signs < 32; signs++) {
        const unsigned k = 2 + signs % 3;
        const int largest = signs < 16 ? Q - 1 : 4095;
        for (int i = 0; i < N; i++) {
            f[0].c[i] = (int16_t)((signs >> (i % 2) & 1) || signs >= 16 ? largest : -largest);
            g.c[i] = (int16_t)((signs >> (2 + i % 2) & 1) ? Q - 1 : 1 - Q);
        }
        for (unsigned i = 0; i < k; i++) {
            f[i] = f[0];
            kernels->factor_init(&factor[i], &g);
        }
        kernels->inner_product(&out, f, factor, k);
        for (int i = 0; i < N; i += 2) {
            const int16_t *a = f[0].c + i;
            const long long gamma = powers[odd_power[i / 2]];
            const long long even = a[0] * g.c[i] + (long long)a[1] * g.c[i + 1] % Q * gamma;
            const long long odd = (long long)a[0] * g.c[i + 1] + (long long)a[1] * g.c[i];
            CHECK_EQ(mod_q((long long)out.c[i] * R), mod_q((int)k * even));
            CHECK_EQ(mod_q((long long)out.c[i + 1] * R), mod_q((int)k * odd));
            CHECK(abs(out.c[i]) < Q && abs(out.c[i + 1]) < Q);
        }
    }
}

/* f and g at each place, every f of 16 bits, and the g at the edges of what is allowed. */
static void sums_and_scaling(void)
{
    static const int16_t seconds[] = {1 - Q, -1, 0, 1, Q - 1};
    struct mlkem_poly f;
    struct mlkem_poly g;

    for (int first = INT16_MIN; first <= INT16_MAX; first += N) {
        for (size_t s = 0; s < HEAD2_LEN(seconds); s++) {
            for (int i = 0; i < N; i++) {
                f.c[i] = (int16_t)(first + i);
                g.c[i] = seconds[(s + (size_t)i) % HEAD2_LEN(seconds)];
            }
            struct mlkem_poly sum = f;
            struct mlkem_poly difference = f;
            kernels->to_mont_add(&f, &g);
            kernels->add(&sum, &g);
            kernels->sub(&difference, &g);
            for (int i = 0; i < N; i++) {
                const int v = first + i;
                CHECK(mod_q(f.c[i]) == mod_q((long long)v * R + g.c[i]) && abs(f.c[i]) < 2 * Q);
                CHECK(sum.c[i] == (int16_t)(v + g.c[i]) &&
                      difference.c[i] == (int16_t)(v - g.c[i]));
            }
        }
    }
}

int main(void)
{
    RUN_EACH(basis_vectors);
    RUN_EACH(inverse_of_basis_vectors);
    RUN_EACH(extreme_inputs);
    RUN_EACH(extreme_inputs_of_the_inverse);
    RUN_EACH(constants_through_the_inverse);
    RUN_EACH(many_transforms);
    RUN_EACH(products_of_basis_vectors);
    RUN_EACH(extreme_products);
    RUN_EACH(sums_and_scaling);
    CHECK_EXIT();
}
