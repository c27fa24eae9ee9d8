/*
 * SHA-3, SHAKE, BLAKE3, HMAC-SHA3-512 and HKDF-SHA3-512.
 *
 * Contexts are placed by the caller and hold no pointers: they may be copied to fork a computation
 * and are wiped with head2_wipe when what went in was secret. The calling order is init, any number
 * of updates, then final (or, for the extendable-output functions, any number of squeezes).
 * One-shot functions do the same in one call and wipe their context. None of these can fail.
 */
#ifndef HEAD2_HASH_H
#define HEAD2_HASH_H

#include <head2/status.h>

#ifdef __cplusplus
extern "C" {
#endif

#define HEAD2_SHA3_256_BYTES 32
#define HEAD2_SHA3_512_BYTES 64
#define HEAD2_BLAKE3_BYTES   32

/* The Keccak sponge of FIPS 202; a context for each of the four functions below. */
struct head2_keccak {
    uint64_t lane[25];
    uint32_t rate; /* bytes of a block: 168, 136 or 72 */
    uint32_t pos;  /* bytes absorbed into, or squeezed from, the present block */
    uint32_t squeezing;
    uint32_t suffix; /* domain bits and the first padding bit: 0x06 or 0x1f */
};

/* FIPS 202, Section 6.1. digest is 32 or 64 bytes. in may be NULL when len is 0. */
HEAD2_API void head2_sha3_256(uint8_t digest[HEAD2_SHA3_256_BYTES], const void *in, size_t len);
HEAD2_API void head2_sha3_512(uint8_t digest[HEAD2_SHA3_512_BYTES], const void *in, size_t len);
HEAD2_API void head2_sha3_256_init(struct head2_keccak *ctx);
HEAD2_API void head2_sha3_512_init(struct head2_keccak *ctx);
HEAD2_API void head2_sha3_update(struct head2_keccak *ctx, const void *in, size_t len);
/* writes the digest (32 or 64 bytes, by init) and wipes ctx */
HEAD2_API void head2_sha3_final(struct head2_keccak *ctx, uint8_t *digest);

/* FIPS 202, Section 6.2: output of any length. */
HEAD2_API void head2_shake128(uint8_t *out, size_t out_len, const void *in, size_t len);
HEAD2_API void head2_shake256(uint8_t *out, size_t out_len, const void *in, size_t len);
HEAD2_API void head2_shake128_init(struct head2_keccak *ctx);
HEAD2_API void head2_shake256_init(struct head2_keccak *ctx);
HEAD2_API void head2_shake_update(struct head2_keccak *ctx, const void *in, size_t len);
/* the first squeeze ends the absorbing phase; later ones go on where the last one stopped */
HEAD2_API void head2_shake_squeeze(struct head2_keccak *ctx, uint8_t *out, size_t out_len);

/*
 * BLAKE3 (the BLAKE3 paper, version 20211102). One context for its three modes. Large updates use
 * all vector lanes of the processor; a piece of 64 KiB or more at a time gets the most of them.
 */
struct head2_blake3 {
    uint32_t key[8];
    uint32_t cv[8]; /* chaining value of the present chunk */
    uint64_t chunk; /* its number */
    uint8_t block[64];
    uint8_t block_len;
    uint8_t blocks; /* blocks compressed in the present chunk */
    uint8_t flags;
    uint8_t stack_len;
    uint32_t stack[54][8]; /* chaining values of finished subtrees: 2^54 chunks at most */
};

HEAD2_API void head2_blake3(uint8_t digest[HEAD2_BLAKE3_BYTES], const void *in, size_t len);
HEAD2_API void head2_blake3_init(struct head2_blake3 *ctx);
HEAD2_API void head2_blake3_init_keyed(struct head2_blake3 *ctx, const uint8_t key[32]);
/* context: a hardcoded, globally unique string that says what the derived key is for */
HEAD2_API void head2_blake3_init_derive_key(struct head2_blake3 *ctx, const void *context,
                                            size_t context_len);
HEAD2_API void head2_blake3_update(struct head2_blake3 *ctx, const void *in, size_t len);
/* Writes out_len bytes of output that start at byte seek of the output stream. ctx is not changed:
 * more may be added and final called again. */
HEAD2_API void head2_blake3_final(const struct head2_blake3 *ctx, uint8_t *out, size_t out_len,
                                  uint64_t seek);

/* One message of head2_blake3_batch. */
struct head2_blake3_job {
    const void *in; /* may be NULL when len is 0 */
    size_t len;
    uint8_t *out; /* receives HEAD2_BLAKE3_BYTES */
};

/**
 * head2_blake3_batch - hash many messages, several at once in the lanes of the processor.
 *
 * jobs, n  messages of any lengths, in any order; short ones (up to some 16 KiB) gain the most.
 *          No output may overlap an input
 *
 * Each result is what head2_blake3 gives. Threads may each hash a part of the jobs.
 */
HEAD2_API void head2_blake3_batch(const struct head2_blake3_job *jobs, size_t n);

/*
 * A part of a long input, hashed by itself: by another thread, or where it is read. Results are
 * appended in the order of the input.
 */
#define HEAD2_BLAKE3_SUBTREE_BYTES ((size_t)1 << 18)

struct head2_blake3_subtree {
    uint8_t cv[2][32];
};

/* Hash HEAD2_BLAKE3_SUBTREE_BYTES that begin at byte `at` of the input, a multiple of that. Of ctx
 * the mode and the key are read and nothing is changed: threads may share it meanwhile. */
HEAD2_API void head2_blake3_subtree(const struct head2_blake3 *ctx,
                                    struct head2_blake3_subtree *subtree, const void *in,
                                    uint64_t at);
/* Take a subtree as the next HEAD2_BLAKE3_SUBTREE_BYTES of input. What ctx took before must be the
 * input up to where the subtree begins. */
HEAD2_API void head2_blake3_append(struct head2_blake3 *ctx,
                                   const struct head2_blake3_subtree *subtree);

/* What runs tasks at once: the caller's threads. This library has none. */
struct head2_runner {
    /* calls task(arg, i) once for each i below n, in any order and at once if it can; returns when
     * all calls have returned */
    void (*run)(void *pool, size_t n, void (*task)(void *arg, size_t i), void *arg);
    void *pool;
};

/**
 * head2_blake3_update_parallel - head2_blake3_update by several threads.
 *
 * len     pieces of several MiB keep several threads busy; shorter ones are hashed by the caller
 * runner  calls back from any number of threads
 *
 * May be mixed with head2_blake3_update on one context; the result is the same.
 */
HEAD2_API void head2_blake3_update_parallel(struct head2_blake3 *ctx, const void *in, size_t len,
                                            const struct head2_runner *runner);

/*
 * HMAC-SHA3-512 (FIPS 198-1). The block size is SHA3-512's rate, 72 bytes: not 64 and not 128.
 */
struct head2_hmac_sha3_512 {
    struct head2_keccak inner;
    struct head2_keccak outer;
};

HEAD2_API void head2_hmac_sha3_512(uint8_t mac[64], const void *key, size_t key_len,
                                   const void *msg, size_t len);
HEAD2_API void head2_hmac_sha3_512_init(struct head2_hmac_sha3_512 *ctx, const void *key,
                                        size_t key_len);
HEAD2_API void head2_hmac_sha3_512_update(struct head2_hmac_sha3_512 *ctx, const void *in,
                                          size_t len);
/* writes the MAC and wipes ctx */
HEAD2_API void head2_hmac_sha3_512_final(struct head2_hmac_sha3_512 *ctx, uint8_t mac[64]);

/*
 * HKDF-SHA3-512 (RFC 5869, SP 800-56C two-step). An empty salt is 64 zero bytes.
 */
HEAD2_API void head2_hkdf_sha3_512_extract(uint8_t prk[64], const void *salt, size_t salt_len,
                                           const void *ikm, size_t ikm_len);
/* Returns HEAD2_OK, or HEAD2_E_ARG when out_len is above 255 * 64. */
HEAD2_API HEAD2_CHECK enum head2_status head2_hkdf_sha3_512_expand(uint8_t *out, size_t out_len,
                                                                   const uint8_t prk[64],
                                                                   const void *info,
                                                                   size_t info_len);

#ifdef __cplusplus
}
#endif

#endif
