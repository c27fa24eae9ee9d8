/*
 * Samples made ready for the estimators: symbols renumbered without gaps, and their bits packed.
 */
#ifndef HEAD2_ASSESS_SEQUENCE_H
#define HEAD2_ASSESS_SEQUENCE_H

#include "assess/assess.h"

/*
 * n symbols below k. Bit i of a plane is bit 63 - i % 64 of its word i / 64: the first is the
 * highest, so that words compare as their bits do. Behind the last bit come at least 128 zeros.
 */
struct sequence {
    size_t n;
    unsigned k;
    unsigned planes; /* bits that a symbol below k needs; 1 for k = 1 too */
    uint8_t *symbol;
    uint64_t *plane[8]; /* [0] has the highest bits */
};

struct samples {
    unsigned bits;
    uint8_t value[256]; /* of symbol i */
    struct sequence literal;
};

/* Check and renumber the input. On success free with samples_free. */
HEAD2_CHECK enum head2_status samples_init(struct samples *s, const struct assess_input *in,
                                           size_t least);
void samples_free(struct samples *s);

/* The bits of all samples, the highest of each first, as a sequence of its own. */
HEAD2_CHECK enum head2_status samples_bitstring(struct sequence *bits, const struct samples *s);

/* Takes over symbol, also on failure. */
HEAD2_CHECK enum head2_status sequence_init(struct sequence *s, uint8_t *symbol, size_t n,
                                            unsigned k);
void sequence_free(struct sequence *s);

/* The least estimate of a pass, and who made it. */
void assess_pass_none(struct assess_pass *pass);
void assess_pass_least(struct assess_pass *pass, double at_most);

/* All estimators that apply to s; `at_most` is what one symbol can have. */
HEAD2_CHECK enum head2_status assess_sequence(struct assess_pass *pass, const struct sequence *s,
                                              double at_most, const char *what,
                                              const struct assess_progress *progress);

HEAD2_CHECK enum head2_status assess_report(const struct assess_progress *progress,
                                            const char *work, unsigned done, unsigned of);

static inline size_t sequence_words(size_t n)
{
    return (n + 63) / 64 + 2;
}

static inline unsigned sequence_bit(const uint64_t *plane, size_t i)
{
    return (unsigned)(plane[i / 64] >> (63 - i % 64)) & 1;
}

/* The 64 bits from i on. */
static inline uint64_t sequence_window(const uint64_t *plane, size_t i)
{
    const unsigned r = i % 64;
    const uint64_t high = plane[i / 64];

    return r == 0 ? high : high << r | plane[i / 64 + 1] >> (64 - r);
}

/* Without the instruction, which the lowest x86-64 lacks; no multiplication, so that it vectorizes.
 */
static inline unsigned popcount64(uint64_t x)
{
    x -= x >> 1 & 0x5555555555555555U;
    x = (x & 0x3333333333333333U) + (x >> 2 & 0x3333333333333333U);
    x = (x + (x >> 4)) & 0x0f0f0f0f0f0f0f0fU;
    x += x >> 8;
    x += x >> 16;
    x += x >> 32;
    return (unsigned)x & 127;
}

#endif
