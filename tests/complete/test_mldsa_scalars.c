/*
 * The scalar arithmetic of ML-DSA on every input, against the definitions of FIPS 204: reductions,
 * rounding and hints. Checked builds, which are slow, take every 61st block of inputs
 * of the two reductions.
 */
#include "check.h"

#include "mldsa/poly.h"

#include <head2/hash.h>

#define Q MLDSA_Q

/* The two reductions are tried on blocks of this many consecutive inputs. */
#define BLOCK 256
#ifdef HEAD2_CHECKED
#define BLOCK_STEP 61 /* every 61st block */
#else
#define BLOCK_STEP 1
#endif

/* The optimiser sees no further than these: otherwise it proves the loops below away. */
#ifdef __clang__
#define KEEP_APART __attribute__((noinline))
#else
#define KEEP_APART __attribute__((noipa))
#endif

KEEP_APART static void reduce_block(int32_t *r, const int32_t *a)
{
    for (int i = 0; i < BLOCK; i++)
        r[i] = mldsa_reduce32(a[i]);
}

KEEP_APART static void montgomery_block(int32_t *r, const int64_t *a)
{
    for (int i = 0; i < BLOCK; i++)
        r[i] = mldsa_montgomery(a[i]);
}

/* How many of r are not congruent to base + offset[i]. Both are within [0, q). */
KEEP_APART static int wrong_in_block(const int32_t *r, int32_t base, const int32_t *offset)
{
    int wrong = 0;
    for (int i = 0; i < BLOCK; i++) {
        int32_t want = base + offset[i] - Q;
        want += (want >> 31) & Q;
        wrong += (r[i] != want) & (r[i] != want - Q);
    }
    return wrong;
}

/* r mod+- a of FIPS 204, Section 2.3: within (-a/2, a/2]. */
static int32_t centred(int64_t r, int32_t a)
{
    int32_t x = (int32_t)(r % a);
    if (x < 0)
        x += a;
    return x > a / 2 ? x - a : x;
}

static int32_t canonical(int64_t r)
{
    int32_t x = (int32_t)(r % Q);
    return x < 0 ? x + Q : x;
}

/* Every input but the last few, which would overflow by contract: 2^32 - 2^22. */
static void reduce32_all(void)
{
    const int64_t end = ((int64_t)1 << 31) - (1 << 22);
    int32_t a[BLOCK], r[BLOCK], offset[BLOCK];
    int32_t lowest = 0, highest = 0;

    for (int i = 0; i < BLOCK; i++)
        offset[i] = i;
    for (int64_t base = INT32_MIN; base < end; base += BLOCK * BLOCK_STEP) {
        for (int i = 0; i < BLOCK; i++)
            a[i] = (int32_t)base + i;
        reduce_block(r, a);
        CHECK_EQ(wrong_in_block(r, canonical(base), offset), 0);
        for (int i = 0; i < BLOCK; i++) {
            lowest = r[i] < lowest ? r[i] : lowest;
            highest = r[i] > highest ? r[i] : highest;
        }
    }
    CHECK(lowest >= -6283009 && highest <= 6283008);
}

/* Every low half with high half 0, and then high halves: the function is affine in them. */
static void montgomery_all(void)
{
    int64_t a[BLOCK], inverse = 1;
    int32_t got[BLOCK], offset[BLOCK];

    for (int i = 0; i < 32; i++)
        inverse = inverse % 2 == 0 ? inverse / 2 : (inverse + Q) / 2; /* 2^-32 mod q */
    for (int i = 0; i < BLOCK; i++)
        offset[i] = canonical(inverse * i);
    for (int64_t base = 0; base < (int64_t)1 << 32; base += BLOCK * BLOCK_STEP) {
        for (int i = 0; i < BLOCK; i++)
            a[i] = base + i;
        montgomery_block(got, a);
        CHECK_EQ(wrong_in_block(got, canonical(base % Q * inverse), offset), 0);
    }
    for (int64_t high = -((int64_t)Q << 31); high <= (int64_t)Q << 31; high += 99999999977) {
        const int32_t r = mldsa_montgomery(high);
        CHECK(r >= -Q && r <= Q);
        CHECK_EQ(canonical((int64_t)r * ((int64_t)1 << 32) % Q - high % Q), 0);
    }
}

static void add_q_all(void)
{
    for (int32_t a = 1 - Q; a < Q; a++)
        CHECK(mldsa_add_q(a) == (a < 0 ? a + Q : a));
}

static void power2_round_all(void)
{
    for (int32_t r = 0; r < Q; r++) {
        int32_t r0;
        const int32_t r1 = mldsa_power2_round(r, &r0);
        const int32_t want = centred(r, 1 << MLDSA_D);
        CHECK(r0 == want && r1 == (r - want) >> MLDSA_D);
    }
}

/* Algorithm 36, literally */
static int32_t decompose(int32_t r, int32_t *r0, int32_t gamma2)
{
    *r0 = centred(r, 2 * gamma2);
    if (r - *r0 == Q - 1) {
        *r0 = *r0 - 1;
        return 0;
    }
    return (r - *r0) / (2 * gamma2);
}

/* Algorithm 40, literally */
static int32_t use_hint(uint32_t h, int32_t r, int32_t gamma2)
{
    const int32_t m = (Q - 1) / (2 * gamma2);
    int32_t r0;
    const int32_t r1 = decompose(r, &r0, gamma2);
    if (h == 1 && r0 > 0)
        return (r1 + 1) % m;
    if (h == 1)
        return (r1 - 1 + m) % m;
    return r1;
}

static inline void rounding(int32_t gamma2)
{
    for (int32_t r = 0; r < Q; r++) {
        int32_t want0, got0;
        const int32_t want1 = decompose(r, &want0, gamma2);
        CHECK(mldsa_decompose(r, &got0, gamma2) == want1 && got0 == want0);
        CHECK(mldsa_use_hint(0, r, gamma2) == use_hint(0, r, gamma2));
        CHECK(mldsa_use_hint(1, r, gamma2) == use_hint(1, r, gamma2));
    }
}

static void rounding_44(void)
{
    rounding((Q - 1) / 88);
}

static void rounding_65_and_87(void)
{
    rounding((Q - 1) / 32);
}

/* Algorithm 39 says: a hint is needed when the high bits of w1 * 2 gamma2 + low are not w1. */
static inline void hints(int32_t gamma2)
{
    for (int32_t w1 = 0; w1 < (Q - 1) / (2 * gamma2); w1++) {
        for (int32_t low = 1 - 2 * gamma2; low < 2 * gamma2; low++) {
            int32_t ignored;
            const int32_t w = canonical((int64_t)w1 * 2 * gamma2 + low);
            const uint32_t want = decompose(w, &ignored, gamma2) != w1;
            CHECK_SAY(mldsa_make_hint(low, w1, gamma2) == want, "w1 %d low %d", w1, low);
        }
    }
}

static void make_hint_44(void)
{
    hints((Q - 1) / 88);
}

static void make_hint_65_and_87(void)
{
    hints((Q - 1) / 32);
}

static void norms(void)
{
    static const int32_t bounds[] = {
        3, 5, (1 << 17) - 78, 95232 - 78, (1 << 19) - 120, 261888 - 196, (Q - 1) / 32};
    for (size_t b = 0; b < HEAD2_LEN(bounds); b++) {
        const int32_t bound = bounds[b];
        const int32_t values[] = {0,         bound - 1,  1 - bound, bound,   -bound,
                                  bound + 1, -1 - bound, 6283008,   -6283009};
        for (size_t v = 0; v < HEAD2_LEN(values); v++) {
            const uint32_t want = v < 3 ? 0 : UINT32_MAX;
            for (unsigned at = 0; at < MLDSA_N; at++) {
                struct poly p = {{0}};
                p.c[at] = values[v];
                CHECK(mldsa_norm_reaches(&p, bound) == want);
            }
        }
    }
}

/* C2SP/CCTV, ML-DSA/accumulated: twelve values for each element of the field, under one digest. */
static void all_field_elements(void)
{
    struct head2_keccak shake;
    uint8_t digest[32], want[32];
    char line[256];

    head2_shake128_init(&shake);
    for (int32_t r = 0; r < Q; r++) {
        int32_t r0, low[2];
        const int32_t signed_r = r > (Q - 1) / 2 ? r - Q : r;
        const int32_t r1 = mldsa_power2_round(r, &r0);
        const int32_t high44 = mldsa_decompose(r, &low[0], (Q - 1) / 88);
        const int32_t high87 = mldsa_decompose(r, &low[1], (Q - 1) / 32);
        const int n = snprintf(
            line, sizeof line, "%d\n%d\n%d\n%d\n%d\n%d\n%d\n%d\n%d\n%d\n%d\n%d\n", signed_r,
            abs(signed_r), r1, mldsa_add_q(r0), high44, mldsa_use_hint(1, r, (Q - 1) / 88), low[0],
            abs(low[0]), high87, mldsa_use_hint(1, r, (Q - 1) / 32), low[1], abs(low[1]));
        head2_shake_update(&shake, line, (size_t)n);
    }
    head2_shake_squeeze(&shake, digest, sizeof digest);
    check_hex(want, 32, "f930663417278156ab05d940294a77210a809c924d8ab63ec72f4526247602c7");
    CHECK_MEM(digest, want, 32);
}

int main(void)
{
    RUN(reduce32_all);
    RUN(montgomery_all);
    RUN(add_q_all);
    RUN(power2_round_all);
    RUN(rounding_44);
    RUN(rounding_65_and_87);
    RUN(make_hint_44);
    RUN(make_hint_65_and_87);
    RUN(norms);
    RUN(all_field_elements);
    CHECK_EXIT();
}
