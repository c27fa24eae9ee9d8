/*
 * The kernels of ML-DSA that are not linear, on every input of their domains, against the scalar
 * forms of poly.h, which test_mldsa_scalars.c compares with the definitions: rounding, hints, norms
 * and rejection; with every table of kernels that the machine has.
 */
#include "check.h"

#include "mldsa/kernels_portable.h"
#include "mldsa/pack.h"
#include "mldsa_tables.h"

#define Q MLDSA_Q
#define N MLDSA_N

/* Checked builds are slow and take every 31st block of 256 inputs. */
#ifdef HEAD2_CHECKED
#define STEP (31 * N)
#else
#define STEP N
#endif

static const int32_t gammas[] = {(Q - 1) / 88, (Q - 1) / 32};

/* Consecutive numbers below q; every second one is given as its negative representative. */
static void consecutive(struct poly *w, int32_t base)
{
    for (int32_t i = 0; i < N; i++) {
        const int32_t r = (base + i) % Q;
        w->c[i] = r % 2 != 0 && r != 0 ? r - Q : r;
    }
}

static bool flag(const uint64_t *flags, int32_t i)
{
    return (flags[i / 64] >> i % 64 & 1) != 0;
}

static void split_all(void)
{
    for (size_t g = 0; g < HEAD2_LEN(gammas); g++) {
        const unsigned bits = g == 0 ? 6 : 4;
        for (int32_t base = 0; base < Q; base += STEP) {
            struct poly w, w1;
            uint8_t packed[PACKED_BYTES(6) + 1] = {0}, want[PACKED_BYTES(6) + 1] = {0};
            uint64_t nonzero[FLAG_WORDS];
            consecutive(&w, base);
            K->split(&w, packed + base % 2, nonzero, gammas[g]);
            for (int32_t i = 0; i < N; i++) {
                int32_t r0;
                w1.c[i] = mldsa_decompose((base + i) % Q, &r0, gammas[g]);
                CHECK(w.c[i] == r0 && flag(nonzero, i) == (w1.c[i] != 0));
            }
            mldsa_pack_portable(want + base % 2, &w1, bits);
            CHECK_MEM(packed, want, sizeof want);
        }
    }
}

static void use_hint_all(void)
{
    for (size_t g = 0; g < HEAD2_LEN(gammas); g++) {
        for (int32_t base = 0; base < Q; base += STEP) {
            for (unsigned hints = 0; hints < 2; hints++) {
                /* a hint for every number in one of the two rounds */
                const uint64_t word = hints == 0 ? 0x9999999999999999 : 0x6666666666666666;
                const uint64_t hint[FLAG_WORDS] = {word, word, word, word};
                uint8_t packed[PACKED_BYTES(6) + 1] = {0}, want[PACKED_BYTES(6) + 1] = {0};
                struct poly w, w1;
                consecutive(&w, base);
                K->use_hint(packed + hints, &w, hint, gammas[g]);
                for (int32_t i = 0; i < N; i++)
                    w1.c[i] = mldsa_use_hint(flag(hint, i), (base + i) % Q, gammas[g]);
                mldsa_pack_portable(want + hints, &w1, g == 0 ? 6 : 4);
                CHECK_MEM(packed, want, sizeof want);
            }
        }
    }
}

/* All sums from -2 gamma2 to 2 gamma2, with w1 zero and not. */
static void make_hint_all(void)
{
    for (size_t g = 0; g < HEAD2_LEN(gammas); g++) {
        for (int32_t base = 1 - 2 * gammas[g]; base < 2 * gammas[g]; base += STEP) {
            for (unsigned zero = 0; zero < 2; zero++) {
                const uint64_t word = zero == 0 ? 0x5555555555555555 : 0xaaaaaaaaaaaaaaaa;
                const uint64_t nonzero[FLAG_WORDS] = {word, word, word, word};
                uint64_t hint[FLAG_WORDS];
                struct poly w0, ct0;
                uint32_t ones = 0;
                for (int32_t i = 0; i < N; i++) {
                    w0.c[i] = (base + i) / 2;
                    ct0.c[i] = base + i - w0.c[i];
                }
                const uint32_t got = K->make_hint(hint, &w0, &ct0, nonzero, gammas[g]);
                for (int32_t i = 0; i < N; i++) {
                    const uint32_t h = mldsa_make_hint(base + i, flag(nonzero, i), gammas[g]);
                    CHECK(flag(hint, i) == (h != 0));
                    ones += h;
                }
                CHECK_EQ(got, ones);
            }
        }
    }
}

static void power2_round_all(void)
{
    for (int32_t base = 0; base < Q; base += STEP) {
        struct poly t, t0, s2;
        consecutive(&t, base);
        for (int32_t i = 0; i < N; i++) {
            s2.c[i] = i % 9 - 4;
            t.c[i] -= t.c[i] > 4 - Q ? s2.c[i] : 0;
            t.c[i] -= t.c[i] >= Q ? Q : 0;
        }
        const struct poly in = t;
        K->power2_round(&t, &t0, &s2);
        for (int32_t i = 0; i < N; i++) {
            int32_t r0;
            const int32_t r = mldsa_add_q(mldsa_reduce32(in.c[i] + s2.c[i]));
            CHECK(t.c[i] == mldsa_power2_round(r, &r0) && t0.c[i] == r0);
        }
    }
}

static void norms(void)
{
    static const int32_t bounds[] = {(1 << 17) - 78, 95232, (1 << 19) - 120, 261888};
    for (size_t b = 0; b < HEAD2_LEN(bounds); b++) {
        const int32_t bound = bounds[b];
        const int32_t values[] = {0,         bound - 1, 1 - bound, bound - 1 - Q,
                                  bound,     -bound,    bound + 1, -1 - bound,
                                  Q - bound, bound - Q, Q / 2 - 1, 1 - Q / 2};
        for (size_t v = 0; v < HEAD2_LEN(values); v++) {
            for (unsigned at = 0; at < N; at++) {
                struct poly p = {{0}};
                p.c[at] = values[v];
                CHECK(K->reduce_and_norm(&p, bound) == (v < 4 ? 0 : UINT32_MAX));
                CHECK(p.c[at] == mldsa_reduce32(values[v]));
            }
        }
    }
}

/* After c s is added, the norm of each coefficient in its turn: at the bound, and one below. */
static void norms_of_sums(void)
{
    const struct poly zero = {{0}};
    struct short_poly none;
    K->short_ntt(&none, &zero);
    for (unsigned at = 0; at < N; at++) {
        for (int32_t sign = -1; sign <= 1; sign += 2) {
            struct poly w = {{0}};
            w.c[at] = sign * 1000;
            CHECK(K->add_short_product(&w, &none, &none, 1000) == UINT32_MAX);
            CHECK(K->add_short_product(&w, &none, &none, 1001) == 0);
            CHECK(w.c[at] == sign * 1000);
        }
    }
}

/* Every number of 24 bits, in its place among 280 candidates. */
static void reject_uniform_all(void)
{
    static uint8_t in_at[3 * 280 + 1];
    for (uint32_t base = 0; base < 1 << 24; base += STEP) {
        uint8_t *const in = in_at + base / STEP % 2;
        struct poly a, want;
        unsigned n = 0;
        for (uint32_t i = 0; i < 280; i++) {
            const uint32_t z = base + i;
            in[3 * i] = (uint8_t)z;
            in[3 * i + 1] = (uint8_t)(z >> 8);
            in[3 * i + 2] = (uint8_t)(z >> 16);
            if ((z & 0x7fffff) < Q && n < N)
                want.c[n++] = (int32_t)(z & 0x7fffff);
        }
        CHECK_EQ(K->reject_uniform(&a, 0, in, sizeof in_at - 1), n);
        CHECK(memcmp(&a, &want, n * sizeof a.c[0]) == 0);
    }
}

/* Half bytes of all values, every length, and every number of coefficients that are there. */
static void reject_lengths(void)
{
    uint8_t in[240];
    for (unsigned i = 0; i < sizeof in; i++)
        in[i] = (uint8_t)(i * 151 + 7);
    for (unsigned have = 0; have <= N; have++) {
        for (unsigned kind = 0; kind < 3; kind++) {
            const unsigned len = kind == 0 ? have % 81 * 3 : have % 137;
            struct poly a, b;
            unsigned n, m;
            memset(&a, 0x55, sizeof a);
            memset(&b, 0x55, sizeof b);
            if (kind == 0) {
                n = K->reject_uniform(&a, have, in, len);
                m = mldsa_reject_uniform_portable(&b, have, in, len);
            } else {
                n = K->reject_bounded(&a, have, in, len, kind == 1 ? 2 : 4);
                m = mldsa_reject_bounded_portable(&b, have, in, len, kind == 1 ? 2 : 4);
            }
            CHECK_EQ(n, m);
            CHECK(n <= N && memcmp(&a, &b, n * sizeof a.c[0]) == 0);
        }
    }
}

/* Every byte, in every place of a block, by the definition of Algorithm 15. */
static void reject_bounded_all(void)
{
    for (int32_t eta = 2; eta <= 4; eta += 2) {
        for (unsigned first = 0; first < 256; first++) {
            uint8_t in[136];
            struct poly a;
            unsigned n = 0;
            for (unsigned i = 0; i < sizeof in; i++)
                in[i] = (uint8_t)(first + i * 29);
            const unsigned got = K->reject_bounded(&a, 0, in, sizeof in, eta);
            for (unsigned i = 0; i < 2 * sizeof in && n < N; i++) {
                const int32_t z = in[i / 2] >> 4 * (i % 2) & 15;
                if (eta == 2 && z < 15)
                    CHECK(a.c[n++] == 2 - z % 5);
                else if (eta == 4 && z < 9)
                    CHECK(a.c[n++] == 4 - z);
            }
            CHECK_EQ(got, n);
        }
    }
}

static void tables_agree(void)
{
    CHECK(mldsa_kernels_agree(K, &mldsa_kernels_portable));
}

/* ---- what the agreement check must find ---- */

static void wrong_ntt(struct poly *to, const struct poly *w)
{
    mldsa_ntt_portable(to, w);
    to->c[200] += to->c[200] < 0 ? 1 : -1;
}

static void wrong_inverse_ntt(struct poly *w)
{
    mldsa_inverse_ntt_portable(w);
    w->c[0] = -w->c[0];
}

static void wrong_dot(struct poly *w, const struct poly *row, const struct poly *v, unsigned n)
{
    mldsa_dot_portable(w, row, v, n);
    w->c[17] = w->c[18];
}

static void wrong_rows(struct poly *w, const struct poly *row, const struct poly *v, unsigned k,
                       unsigned n)
{
    mldsa_rows_portable(w, row, v, k, n);
    w[k - 1].c[100] += n == 7 ? 1 : 0;
}

static void wrong_short_ntt(struct short_poly *to, const struct poly *a)
{
    mldsa_short_ntt_portable(to, a);
    to->c[255] = to->c[254];
}

static uint32_t wrong_add(struct poly *w, const struct short_poly *c, const struct short_poly *s,
                          int32_t bound)
{
    return mldsa_add_short_product_portable(w, c, s, bound - 1);
}

static void wrong_power2_round(struct poly *t, struct poly *t0, const struct poly *s2)
{
    mldsa_power2_round_portable(t, t0, s2);
    t0->c[31] ^= t0->c[31] == 4096;
    t0->c[3] += 1;
}

static void wrong_split(struct poly *w, uint8_t *packed, uint64_t nonzero[FLAG_WORDS],
                        int32_t gamma2)
{
    mldsa_split_portable(w, packed, nonzero, gamma2);
    nonzero[3] ^= 1;
}

static void wrong_use_hint(uint8_t *packed, const struct poly *w, const uint64_t hint[FLAG_WORDS],
                           int32_t gamma2)
{
    (void)hint;
    mldsa_use_hint_portable(packed, w, (uint64_t[FLAG_WORDS]){0}, gamma2);
}

static uint32_t wrong_make_hint(uint64_t hint[FLAG_WORDS], const struct poly *w0,
                                const struct poly *ct0, const uint64_t nonzero[FLAG_WORDS],
                                int32_t gamma2)
{
    return mldsa_make_hint_portable(hint, w0, ct0, nonzero, gamma2) + 1;
}

static uint32_t wrong_norm(struct poly *a, int32_t bound)
{
    return mldsa_reduce_and_norm_portable(a, bound + 1);
}

static unsigned wrong_uniform(struct poly *a, unsigned have, const uint8_t *in, size_t len)
{
    return mldsa_reject_uniform_portable(a, have, in, len >= 300 ? len - 3 : len);
}

static unsigned wrong_bounded(struct poly *a, unsigned have, const uint8_t *in, size_t len,
                              int32_t eta)
{
    return mldsa_reject_bounded_portable(a, have, in, len, eta == 4 ? 2 : eta);
}

static void wrong_pack(uint8_t *out, const struct poly *a, unsigned bits)
{
    mldsa_pack_portable(out, a, bits);
    out[0] ^= bits == 6 ? 0x80 : 0;
}

static void wrong_unpack(struct poly *a, const uint8_t *in, unsigned bits)
{
    mldsa_unpack_portable(a, in, bits);
    a->c[9] ^= 1;
}

static void wrong_pack_signed(uint8_t *out, const struct poly *a, int32_t top, unsigned bits)
{
    mldsa_pack_signed_portable(out, a, top, bits);
    out[5] ^= bits == 18 ? 1 : 0;
}

static void wrong_unpack_signed(struct poly *a, const uint8_t *in, int32_t top, unsigned bits)
{
    mldsa_unpack_signed_portable(a, in, top, bits);
    a->c[128] ^= bits == 3 ? 1 : 0;
}

/* One wrong kernel at a time in a copy of the portable table. */
static void wrong_kernels_are_refused(void)
{
    struct mldsa_kernels copies[17];
    for (size_t i = 0; i < HEAD2_LEN(copies); i++)
        copies[i] = mldsa_kernels_portable;
    copies[0].ntt = wrong_ntt;
    copies[1].inverse_ntt = wrong_inverse_ntt;
    copies[2].dot = wrong_dot;
    copies[3].rows = wrong_rows;
    copies[4].short_ntt = wrong_short_ntt;
    copies[5].add_short_product = wrong_add;
    copies[6].power2_round = wrong_power2_round;
    copies[7].split = wrong_split;
    copies[8].use_hint = wrong_use_hint;
    copies[9].make_hint = wrong_make_hint;
    copies[10].reduce_and_norm = wrong_norm;
    copies[11].reject_uniform = wrong_uniform;
    copies[12].reject_bounded = wrong_bounded;
    copies[13].pack = wrong_pack;
    copies[14].unpack = wrong_unpack;
    copies[15].pack_signed = wrong_pack_signed;
    copies[16].unpack_signed = wrong_unpack_signed;
    CHECK_EQ(offsetof(struct mldsa_kernels, draws_ahead),
             sizeof(void (*)(void)) * HEAD2_LEN(copies)); /* none is left out */
    for (size_t i = 0; i < HEAD2_LEN(copies); i++) {
        CHECK_SAY(!mldsa_kernels_agree(&copies[i], &mldsa_kernels_portable), "kernel %zu", i);
        struct cpu_choice choice = {
            .room = "test",
            .kernels = CPU_KERNELS(&mldsa_kernels_portable, &copies[i], &copies[i]),
            .agrees = mldsa_kernels_agree,
        };
        CHECK(cpu_choose(&choice) == &mldsa_kernels_portable);
    }
}

int main(void)
{
    RUN_WITH_EVERY_TABLE(split_all);
    RUN_WITH_EVERY_TABLE(use_hint_all);
    RUN_WITH_EVERY_TABLE(make_hint_all);
    RUN_WITH_EVERY_TABLE(power2_round_all);
    RUN_WITH_EVERY_TABLE(norms);
    RUN_WITH_EVERY_TABLE(norms_of_sums);
    RUN_WITH_EVERY_TABLE(reject_uniform_all);
    RUN_WITH_EVERY_TABLE(reject_lengths);
    RUN_WITH_EVERY_TABLE(reject_bounded_all);
    RUN_WITH_EVERY_TABLE(tables_agree);
    RUN(wrong_kernels_are_refused);
    CHECK_EXIT();
}
