/*
 * Reading samples: their width, their alphabet, and the bits of them.
 */
#include "assess/sequence.h"

#include <stdlib.h>

static unsigned width_of(unsigned v)
{
    unsigned width = 0;

    for (; v != 0; v >>= 1)
        width++;
    return width;
}

static void pack(uint64_t *plane, const uint8_t *symbol, size_t n, unsigned shift)
{
    for (size_t i = 0; i < n; i += 64) {
        const unsigned m = n - i < 64 ? (unsigned)(n - i) : 64;
        uint64_t word = 0;
        for (unsigned j = 0; j < m; j++)
            word |= (uint64_t)(symbol[i + j] >> shift & 1) << (63 - j);
        plane[i / 64] = word;
    }
}

enum head2_status sequence_init(struct sequence *s, uint8_t *symbol, size_t n, unsigned k)
{
    const unsigned width = width_of(k - 1);

    *s = (struct sequence){.n = n, .k = k, .planes = width != 0 ? width : 1, .symbol = symbol};
    if (symbol == NULL)
        return HEAD2_E_MEMORY;
    for (unsigned p = 0; p < s->planes; p++) {
        s->plane[p] = calloc(sequence_words(n), sizeof *s->plane[p]);
        if (s->plane[p] == NULL) {
            sequence_free(s);
            return HEAD2_E_MEMORY;
        }
        pack(s->plane[p], symbol, n, s->planes - 1 - p);
    }
    return HEAD2_OK;
}

void sequence_free(struct sequence *s)
{
    free(s->symbol);
    for (unsigned p = 0; p < s->planes; p++)
        free(s->plane[p]);
    *s = (struct sequence){0};
}

enum head2_status samples_init(struct samples *s, const struct assess_input *in, size_t least)
{
    bool seen[256] = {false};
    uint8_t number[256] = {0};
    unsigned all = 0, k = 0;

    *s = (struct samples){0};
    if (in->n < least || in->bits > 8)
        return HEAD2_E_ARG;
    if (in->n > ASSESS_SAMPLES_MAX)
        return HEAD2_E_LIMIT;
    for (size_t i = 0; i < in->n; i++)
        seen[in->samples[i]] = true;
    for (unsigned v = 0; v < 256; v++)
        if (seen[v]) {
            all |= v;
            s->value[k] = (uint8_t)v;
            number[v] = (uint8_t)k++;
        }
    if (in->bits != 0 && width_of(all) > in->bits)
        return HEAD2_E_MALFORMED;
    s->bits = in->bits != 0 ? in->bits : all != 0 ? width_of(all) : 1;

    uint8_t *symbol = malloc(in->n);
    if (symbol == NULL)
        return HEAD2_E_MEMORY;
    for (size_t i = 0; i < in->n; i++)
        symbol[i] = number[in->samples[i]];
    return sequence_init(&s->literal, symbol, in->n, k);
}

void samples_free(struct samples *s)
{
    sequence_free(&s->literal);
}

enum head2_status samples_bitstring(struct sequence *bits, const struct samples *s)
{
    const size_t n = s->literal.n;
    uint8_t *bit = malloc(n * s->bits);
    uint8_t *to = bit;

    *bits = (struct sequence){0};
    if (bit == NULL)
        return HEAD2_E_MEMORY;
    for (size_t i = 0; i < n; i++)
        for (unsigned j = s->bits; j-- > 0;)
            *to++ = s->value[s->literal.symbol[i]] >> j & 1;
    return sequence_init(bits, bit, n * s->bits, 2);
}
