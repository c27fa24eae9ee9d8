/*
 * Keccak-f[1600] for the rooms that build on it: one state, eight states side by side, and two ways
 * to use the eight: a sponge that goes along in a lane that someone else leaves free, and any
 * number of sponges that take turns.
 */
#ifndef HEAD2_HASH_KECCAK_H
#define HEAD2_HASH_KECCAK_H

#include "base/base.h"

enum {
    KECCAK_LANES = 8,
    KECCAK_RATE_SHAKE128 = 168,
    KECCAK_RATE_256 = 136, /* SHA3-256 and SHAKE256 */
    KECCAK_RATE_SHA3_512 = 72,
    KECCAK_MAX_WORDS = 21,      /* 64-bit words of the widest rate */
    KECCAK_SUFFIX_SHA3 = 0x06,  /* bits 01 of FIPS 202, Section 6.1, then the first 1 of pad10*1 */
    KECCAK_SUFFIX_SHAKE = 0x1f, /* bits 1111 of Section 6.2, then the same */
};

/* Eight states: s[x + 5 y][lane] is A[x, y] of one of them. */
struct keccak_x8 {
    _Alignas(64) uint64_t s[25][KECCAK_LANES];
};

/*
 * lanes is how many of the eight are in use, from lane 0 on; what the others hold afterwards is
 * undefined. Fewer lanes cost less, but not in proportion: AVX-512 permutes eight in the time of
 * one and a half.
 */
struct keccak_kernels {
    /* FIPS 202, Algorithm 7 with its 24 rounds */
    void (*f1600)(uint64_t lane[25]);
    void (*permute)(struct keccak_x8 *st, unsigned lanes);
    /* XOR words 64-bit little-endian words of in[i] into lane i: exactly 8 words bytes are read */
    void (*absorb)(struct keccak_x8 *st, const uint8_t *const in[KECCAK_LANES], unsigned lanes,
                   unsigned words);
    /* the first words of lane i to out[i]: exactly 8 words bytes are written */
    void (*squeeze)(const struct keccak_x8 *st, uint8_t *const out[KECCAK_LANES], unsigned lanes,
                    unsigned words);
};

extern const struct keccak_kernels keccak_kernels_portable;
extern const struct keccak_kernels keccak_kernels_avx2;
extern const struct keccak_kernels keccak_kernels_avx512;

/* The best that this machine has. */
const struct keccak_kernels *keccak_kernels(void);
/* Whether two tables compute the same on states that reach every bit. */
bool keccak_kernels_agree(const void *kernels, const void *portable);

/* keccak_kernels()->f1600 */
void keccak_f1600(uint64_t lane[25]);

/*
 * A sponge over one message that lies, or grows, in one place. While a lane is free beside other
 * states, a block of it costs next to nothing: this is how H(ek), tr and c_tilde hide behind the
 * expansion of A.
 */
struct keccak_chain {
    uint64_t s[25];
    const uint8_t *in; /* the next byte to absorb */
    size_t ready;      /* bytes there; the owner adds to it as the message grows */
    unsigned rate;
};

void keccak_chain_init(struct keccak_chain *c, unsigned rate, const uint8_t *in, size_t ready);
/* Permute lanes 0 to lanes - 1 of st, and each of the n chains (at most 8 - lanes) that has a whole
 * block ready, which it absorbs. A NULL chain is passed over. */
void keccak_permute_beside(struct keccak_x8 *st, unsigned lanes,
                           struct keccak_chain *const chains[], unsigned n);
/* Absorb what is left, pad and squeeze len bytes, one permutation at a time; c is wiped. */
void keccak_chain_finish(struct keccak_chain *c, uint8_t suffix, uint8_t *out, size_t len);

/* One of many sponges: the parts are absorbed in order, then out_len bytes squeezed. */
struct keccak_job {
    struct keccak_part {
        const uint8_t *p;
        size_t len;
    } part[3];
    uint8_t *out;
    size_t out_len; /* at least 1 */
    uint8_t suffix;
};

/* Run n jobs of one rate and any lengths over the lanes: when one ends, the next takes its lane. */
void keccak_many(unsigned rate, const struct keccak_job *jobs, size_t n);

#endif
