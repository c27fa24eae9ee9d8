/*
 * Data for the assessor's tests: streams that depend on a number alone, and shapes of them about
 * which the estimators differ.
 */
#ifndef HEAD2_TESTS_ASSESS_SHAPES_H
#define HEAD2_TESTS_ASSESS_SHAPES_H

#include "assess/sequence.h"
#include "check.h"

#include <head2/hash.h>

/* n bytes of a stream that depends on its number alone. */
HEAD2_UNUSED static uint8_t *stream(uint32_t number, size_t n)
{
    uint8_t seed[4], *bytes = malloc(n);

    put_le32(seed, number);
    head2_shake128(bytes, n, seed, sizeof seed);
    return bytes;
}

/* A sequence of symbols below k, which belongs to it. */
HEAD2_UNUSED static struct sequence sequence_of(uint8_t *symbol, size_t n, unsigned k)
{
    struct sequence s;

    CHECK_EQ(sequence_init(&s, symbol, n, k), HEAD2_OK);
    return s;
}

enum shape { FAIR, BIASED, PERIODIC, STICKY, REPEATED, ALTERNATING, SHAPES };

/* Symbols below k, of such a shape; about any of which the estimators differ. */
HEAD2_UNUSED static struct sequence shaped(enum shape shape, uint32_t number, size_t n, unsigned k)
{
    uint8_t *s = stream(number, n);

    for (size_t i = 0; i < n; i++) {
        const uint8_t byte = s[i];
        s[i] = (uint8_t)(byte % k);
        if ((shape == BIASED && byte < 200) || (shape == ALTERNATING && byte > 3))
            s[i] = (uint8_t)(shape == BIASED ? 0 : i % k);
        if (shape == STICKY && i > 0 && byte < 220)
            s[i] = s[i - 1];
        if (shape == PERIODIC && i >= 37 && byte != 0)
            s[i] = s[i - 37];
        if (shape == REPEATED && i >= n / 2)
            s[i] = s[i - n / 2];
    }
    return sequence_of(s, n, k);
}

#endif
