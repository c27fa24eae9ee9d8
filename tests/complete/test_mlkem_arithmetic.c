/*
 * The arithmetic of ML-KEM, whole: every input of the functions of one number against their
 * definition, every coefficient value at every place of an encoding, and every bit pattern of the
 * noise. The kernels are
 * those of each table that the machine has.
 */
#include "mlkem_tables.h"

enum { Q = MLKEM_Q, N = MLKEM_N };

static const unsigned widths[] = {1, 4, 5, 10, 11};

/* v mod q in [0, q), by the language's own division. */
static int mod_q(long long v)
{
    const int r = (int)(v % Q);
    return r < 0 ? r + Q : r;
}

static void barrett_and_canonical(void)
{
    for (int a = INT16_MIN; a <= INT16_MAX; a++) {
        const int r = mlkem_barrett((int16_t)a);
        CHECK_SAY(mod_q(r) == mod_q(a) && abs(r) <= MLKEM_HALF_Q, "a = %d: %d", a, r);
        CHECK_EQ(mlkem_canonical((int16_t)a), mod_q(a));
    }
}

/* All a of 16 bits, all abs(b) <= (q - 1)/2, as every constant factor is: r 2^16 = a b mod q. The
 * difference is divided by q by comparing with the multiple that must be there. */
static void montgomery_product(void)
{
    for (int b = -MLKEM_HALF_Q; b <= MLKEM_HALF_Q; b++) {
        const int16_t b_qinv = (int16_t)(b * MLKEM_QINV);
        unsigned bad = 0;
        for (int a = INT16_MIN; a <= INT16_MAX; a++) {
            const int32_t r = mlkem_mont_mul((int16_t)a, (int16_t)b, b_qinv);
            const int32_t difference = r * 65536 - a * b; /* at most 2^28 each */
            bad |= (unsigned)(difference % Q != 0) | (unsigned)(abs(r) >= Q);
        }
        CHECK_SAY(bad == 0, "b = %d", b);
    }
}

/* All abs(a) < q 2^15. */
static void montgomery_reduction(void)
{
    for (int32_t high = -Q / 2 - 1; high <= Q / 2; high++) {
        unsigned bad = 0;
        for (int32_t low = 0; low < 65536; low++) {
            const int64_t a = (int64_t)high * 65536 + low;
            if (a <= -(int64_t)Q * 32768 || a >= (int64_t)Q * 32768)
                continue;
            const int64_t r = mlkem_mont_reduce((int32_t)a);
            bad |= (unsigned)((r * 65536 - a) % Q != 0) | (unsigned)(r <= -Q || r >= Q);
        }
        CHECK_SAY(bad == 0, "a between %d and %d times 2^16", high, high + 1);
    }
}

/* round(2^d x / q) mod 2^d with round half up, as Section 2.4 has it, in whole numbers. */
static unsigned compress_definition(unsigned x, unsigned d)
{
    return (2 * (x << d) + Q) / (2 * Q) % (1u << d);
}

static int decompress_definition(unsigned y, unsigned d)
{
    return (int)((2 * Q * y + (1u << d)) / (2u << d));
}

static void compress_and_decompress(void)
{
    for (unsigned d = 1; d < 12; d++) {
        for (unsigned x = 0; x < Q; x++)
            CHECK_SAY(mlkem_compress((uint16_t)x, d) == compress_definition(x, d), "d %u, x %u", d,
                      x);
        for (unsigned y = 0; y < 1u << d; y++) {
            CHECK_SAY(mlkem_decompress((uint16_t)y, d) == decompress_definition(y, d), "d %u, y %u",
                      d, y);
            CHECK_EQ(mlkem_compress((uint16_t)decompress_definition(y, d), d), y);
        }
    }
}

/* Bit i of a byte string, Algorithm 4 (BytesToBits). */
static unsigned bit(const uint8_t *p, size_t i)
{
    return (unsigned)p[i / 8] >> (i % 8) & 1;
}

/* Coefficient i of ByteDecode_d's definition, before any reduction. */
static unsigned field(const uint8_t *p, unsigned i, unsigned d)
{
    unsigned v = 0;
    for (unsigned j = 0; j < d; j++)
        v |= bit(p, (size_t)i * d + j) << j;
    return v;
}

static void encode_every_value_everywhere(void)
{
    struct mlkem_poly f;
    uint8_t buf[MLKEM_POLY_BYTES + 64];

    for (unsigned v = 0; v < Q; v++) {
        uint8_t *bytes = buf + v % 64;   /* at every alignment */
        for (unsigned i = 0; i < N; i++) /* some representatives are negative */
            f.c[i] = (int16_t)((int)((v + 13 * i) % Q) - (i % 3 == 0 ? Q : 0));
        kernels->encode(bytes, &f);
        CHECK(kernels->is_reduced(bytes));
        for (unsigned i = 0; i < N; i++)
            CHECK_EQ(field(bytes, i, 12), (v + 13 * i) % Q);
    }
}

static void decode_every_value_everywhere(void)
{
    struct mlkem_poly f;

    for (unsigned v = 0; v < 4096; v++) {
        uint8_t buf[MLKEM_POLY_BYTES + 64] = {0};
        uint8_t *bytes = buf + v % 64;
        for (unsigned i = 0; i < N; i++)
            for (unsigned j = 0; j < 12; j++)
                bytes[(12 * i + j) / 8] |=
                    (uint8_t)(((v + 13 * i) % 4096 >> j & 1) << (12 * i + j) % 8);
        kernels->decode(&f, bytes);
        for (unsigned i = 0; i < N; i++)
            CHECK_EQ(f.c[i], (v + 13 * i) % 4096);
    }
}

/* The modulus check, for every value at every place with all others zero. */
static void modulus_check_everywhere(void)
{
    uint8_t bytes[MLKEM_POLY_BYTES] = {0};

    for (unsigned i = 0; i < N; i++) {
        uint8_t *p = bytes + i / 2 * 3;
        for (unsigned v = 0; v < 4096; v++) {
            const uint32_t group = i % 2 == 0 ? v : v << 12;
            p[0] = (uint8_t)group;
            p[1] = (uint8_t)(group >> 8);
            p[2] = (uint8_t)(group >> 16);
            CHECK_SAY(kernels->is_reduced(bytes) == (v < Q), "%u at %u", v, i);
        }
        p[0] = p[1] = p[2] = 0;
    }
}

static void compress_polynomials(void)
{
    struct mlkem_poly f;
    struct mlkem_poly back;
    uint8_t buf[32 * 11 + 64];

    for (size_t w = 0; w < HEAD2_LEN(widths); w++) {
        const unsigned d = widths[w];
        for (unsigned v = 0; v < Q; v++) {
            uint8_t *bytes = buf + v % 64;
            for (unsigned i = 0; i < N; i++)
                f.c[i] = (int16_t)((int)((v + 13 * i) % Q) - (i % 3 == 0 ? Q : 0));
            kernels->compress(bytes, &f, d);
            kernels->decompress(&back, bytes, d);
            for (unsigned i = 0; i < N; i++) {
                const unsigned y = compress_definition((v + 13 * i) % Q, d);
                CHECK_EQ(field(bytes, i, d), y);
                CHECK_EQ(back.c[i], decompress_definition(y, d));
            }
        }
    }
}

/* Algorithm 8, line by line. */
static int cbd_definition(const uint8_t *in, unsigned i, unsigned eta)
{
    int x = 0;
    int y = 0;
    for (unsigned j = 0; j < eta; j++) {
        x += (int)bit(in, (size_t)2 * i * eta + j);
        y += (int)bit(in, (size_t)2 * i * eta + eta + j);
    }
    return x - y;
}

/* A coefficient depends on 2 eta bits and nothing else: every pattern of them in every place, with
 * all patterns beside it. */
static void noise_of_every_pattern(void)
{
    struct mlkem_poly f;
    uint8_t buf[192 + 64];

    for (unsigned eta = 2; eta <= 3; eta++) {
        const unsigned patterns = 1u << (2 * eta);
        for (unsigned round = 0; round < patterns * patterns; round++) {
            const unsigned step = round / patterns;
            uint8_t *in = buf + round % 64;
            memset(buf, 0, sizeof buf);
            for (unsigned i = 0; i < N; i++) {
                const unsigned v = (round + step * i) % patterns;
                for (unsigned j = 0; j < 2 * eta; j++)
                    in[(2 * eta * i + j) / 8] |= (uint8_t)((v >> j & 1) << (2 * eta * i + j) % 8);
            }
            kernels->cbd(&f, in, eta);
            for (unsigned i = 0; i < N; i++)
                CHECK_EQ(f.c[i], cbd_definition(in, i, eta));
        }
    }
}

/* All 2^16 coefficients: what encode and compress make of numbers outside of [0, q). */
static void every_representative(void)
{
    struct mlkem_poly f;
    uint8_t bytes[MLKEM_POLY_BYTES];

    for (int first = INT16_MIN; first <= INT16_MAX; first += N) {
        for (int i = 0; i < N; i++)
            f.c[i] = (int16_t)(first + i);
        kernels->encode(bytes, &f);
        for (unsigned i = 0; i < N; i++)
            CHECK_EQ(field(bytes, i, 12), mod_q(first + (int)i));
        for (size_t w = 0; w < HEAD2_LEN(widths); w++) {
            kernels->compress(bytes, &f, widths[w]);
            for (unsigned i = 0; i < N; i++)
                CHECK_EQ(field(bytes, i, widths[w]),
                         compress_definition((unsigned)mod_q(first + (int)i), widths[w]));
        }
    }
}

/* Every single bit of an encoding reaches its coefficient and no other. */
static void every_bit_decoded(void)
{
    struct mlkem_poly f;
    uint8_t buf[MLKEM_POLY_BYTES + 64] = {0};

    for (size_t w = 0; w <= HEAD2_LEN(widths); w++) {
        const unsigned d = w < HEAD2_LEN(widths) ? widths[w] : 12;
        for (unsigned b = 0; b < N * d; b++) {
            uint8_t *bytes = buf + b % 64;
            bytes[b / 8] = (uint8_t)(1u << b % 8);
            if (d == 12)
                kernels->decode(&f, bytes);
            else
                kernels->decompress(&f, bytes, d);
            for (unsigned i = 0; i < N; i++) {
                const unsigned y = i == b / d ? 1u << b % d : 0;
                CHECK_EQ(f.c[i], d == 12 ? (int)y : decompress_definition(y, d));
            }
            bytes[b / 8] = 0;
        }
    }
}

/* Encodings neither read nor write past their end: the bytes around them are watched, and at the
 * end of an allocation by the sanitizer. */
static void bytes_stay_in_bounds(void)
{
    struct mlkem_poly f = {{0}};
    struct mlkem_poly out;

    for (size_t w = 0; w <= HEAD2_LEN(widths); w++) {
        const unsigned d = w < HEAD2_LEN(widths) ? widths[w] : 12;
        const size_t len = (size_t)32 * d;
        uint8_t *p = malloc(len + 16);
        CHECK(p != NULL);
        for (size_t i = 0; i < len + 16; i++)
            p[i] = 0xa5;
        if (d == 12)
            kernels->encode(p + 8, &f);
        else
            kernels->compress(p + 8, &f, d);
        for (size_t i = 0; i < 8; i++)
            CHECK(p[i] == 0xa5 && p[len + 8 + i] == 0xa5);
        if (d == 12)
            kernels->decode(&out, p + 16);
        else
            kernels->decompress(&out, p + 16, d);
        free(p);
    }
    for (unsigned eta = 2; eta <= 3; eta++) {
        uint8_t *p = calloc(64, eta);
        CHECK(p != NULL);
        kernels->cbd(&out, p, eta);
        free(p);
    }
}

/* Algorithm 7's loop, by the definition of its candidates. */
static unsigned reject_definition(int16_t c[N], unsigned n, const uint8_t *in, size_t len)
{
    for (unsigned i = 0; i < 2 * len / 3 && n < N; i++) {
        const unsigned v = field(in, i, 12);
        if (v < Q)
            c[n++] = (int16_t)v;
    }
    return n;
}

static void expect_reject(unsigned n, const uint8_t *in, size_t len)
{
    struct {
        struct mlkem_poly f;
        int16_t after[64];
    } got;
    struct mlkem_poly want;

    memset(&got, 0x77, sizeof got);
    memset(&want, 0x77, sizeof want);
    const unsigned end = reject_definition(want.c, n, in, len);
    CHECK_EQ(kernels->reject(&got.f, n, in, len), end);
    CHECK_MEM(&got.f, &want, sizeof(int16_t) * end);
    for (size_t i = 0; i < HEAD2_LEN(got.after); i++)
        CHECK_EQ(got.after[i], 0x7777);
}

/* All 4096 candidates, each at each place of a vector; ends within and at vectors; streams of all
 * good, all bad, and alternating candidates; and random ones. */
static void rejection(void)
{
    uint8_t buf[504 + 64];
    uint32_t state = 1;

    for (unsigned v = 0; v < 4096; v++) {
        uint8_t *in = buf + v % 64;
        memset(in, 0, 504);
        for (unsigned i = 0; i < 336; i++) {
            const unsigned c = (v + 37 * i) % 4096;
            in[3 * (i / 2) + i % 2] |= (uint8_t)(i % 2 == 0 ? c : c << 4);
            in[3 * (i / 2) + i % 2 + 1] |= (uint8_t)(i % 2 == 0 ? c >> 8 : c >> 4);
        }
        expect_reject(0, in, 504);
        expect_reject(v % 256, in, 168);
    }
    for (unsigned bad = 0; bad <= 504; bad += 3) { /* good ones begin anywhere, or end there */
        memset(buf, 0xff, bad);
        memset(buf + bad, bad % 256, 504 - bad);
        expect_reject(0, buf, 504);
        expect_reject(0, buf, 24);
        expect_reject(200, buf, 504);
        memset(buf, 0x11, bad);
        memset(buf + bad, 0xff, 504 - bad);
        expect_reject(0, buf, 504);
    }
    for (unsigned n = 0; n < N; n++) {
        for (unsigned i = 0; i < 504; i++) {
            state = state * 1103515245 + 12345;
            buf[i] = (uint8_t)(state >> 16);
        }
        expect_reject(n, buf, 504);
        expect_reject(n, buf, 168);
        memset(buf, 0, 504);
        expect_reject(n, buf, 168);
        memset(buf, 0xff, 504);
        expect_reject(n, buf, 504);
        for (unsigned i = 0; i < 504; i += 3) /* good, bad, good, bad */
            buf[i + 1] = 0xf0, buf[i] = 0;
        expect_reject(n, buf, 504);
    }
}

int main(void)
{
    RUN(barrett_and_canonical);
    RUN(montgomery_product);
    RUN(montgomery_reduction);
    RUN(compress_and_decompress);
    RUN_EACH(encode_every_value_everywhere);
    RUN_EACH(decode_every_value_everywhere);
    RUN_EACH(modulus_check_everywhere);
    RUN_EACH(compress_polynomials);
    RUN_EACH(noise_of_every_pattern);
    RUN_EACH(every_representative);
    RUN_EACH(every_bit_decoded);
    RUN_EACH(bytes_stay_in_bounds);
    RUN_EACH(rejection);
    CHECK_EXIT();
}
