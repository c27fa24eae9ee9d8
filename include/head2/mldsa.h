/*
 * ML-DSA, the signature scheme of FIPS 204: ML-DSA-44, -65 and -87.
 *
 * Every signature is made under a context string of 0 to 255 bytes that says what it is for; the
 * verifier must give the same one. sign is hedged: it mixes fresh randomness in, so that a fault or
 * a leak in one signature does not repay repetition; sign_deterministic is there for builds and
 * tests that must repeat. A long message can be digested first (HashML-DSA, sign_hash) or turned
 * into its 64-byte representative mu elsewhere (sign_mu).
 *
 * Private keys exist in two forms: the 32-byte seed xi (what to store) and the expanded sk.
 * Signing takes a secret-dependent number of attempts, which FIPS 204 permits to be seen: the
 * rejected attempts are independent of the key. Nothing else in it branches or indexes by a secret.
 *
 * The three sets differ only in the number in the name and the sizes below. On any error all
 * outputs are wiped. Messages may be NULL when their length is 0.
 */
#ifndef HEAD2_MLDSA_H
#define HEAD2_MLDSA_H

#include <head2/secret.h>

#ifdef __cplusplus
extern "C" {
#endif

#define HEAD2_MLDSA_SEED_BYTES    32 /* xi */
#define HEAD2_MLDSA_MU_BYTES      64
#define HEAD2_MLDSA_CTX_MAX_BYTES 255

#define HEAD2_MLDSA44_PK_BYTES    1312
#define HEAD2_MLDSA44_SK_BYTES    2560
#define HEAD2_MLDSA44_SIG_BYTES   2420

#define HEAD2_MLDSA65_PK_BYTES    1952
#define HEAD2_MLDSA65_SK_BYTES    4032
#define HEAD2_MLDSA65_SIG_BYTES   3309

#define HEAD2_MLDSA87_PK_BYTES    2592
#define HEAD2_MLDSA87_SK_BYTES    4896
#define HEAD2_MLDSA87_SIG_BYTES   4627

/* The digests that HashML-DSA may be used with (FIPS 204, Section 5.4.1, and ACVP). */
enum head2_prehash {
    HEAD2_PREHASH_SHA2_224,
    HEAD2_PREHASH_SHA2_256,
    HEAD2_PREHASH_SHA2_384,
    HEAD2_PREHASH_SHA2_512,
    HEAD2_PREHASH_SHA2_512_224,
    HEAD2_PREHASH_SHA2_512_256,
    HEAD2_PREHASH_SHA3_224,
    HEAD2_PREHASH_SHA3_256,
    HEAD2_PREHASH_SHA3_384,
    HEAD2_PREHASH_SHA3_512,
    HEAD2_PREHASH_SHAKE_128, /* 32 bytes of output */
    HEAD2_PREHASH_SHAKE_256  /* 64 bytes of output */
};

#define HEAD2_PREHASH_MAX_BYTES 64

/**
 * head2_prehash_bytes - length of a digest in bytes, 0 for a value that is none of the above.
 */
HEAD2_API size_t head2_prehash_bytes(enum head2_prehash hash);

/**
 * head2_prehash - digest a message for sign_hash and verify_hash.
 *
 * digest  head2_prehash_bytes(hash) bytes
 *
 * Returns HEAD2_OK, HEAD2_E_ARG or HEAD2_E_CRYPTO.
 */
HEAD2_API HEAD2_CHECK enum head2_status head2_prehash(uint8_t digest[HEAD2_PREHASH_MAX_BYTES],
                                                      enum head2_prehash hash, const uint8_t *msg,
                                                      size_t msg_len);

/*
 * keypair - make a key pair from fresh randomness (FIPS 204, Algorithm 1).
 *     Returns HEAD2_OK or HEAD2_E_ENTROPY.
 * keypair_from_seed - the key pair of a stored seed xi (Algorithm 6). Returns HEAD2_OK.
 * sign - hedged signature of msg under ctx (Algorithm 2).
 *     Returns HEAD2_OK, HEAD2_E_ARG (ctx_len above 255), HEAD2_E_MALFORMED (sk has a coefficient
 *     out of range), HEAD2_E_ENTROPY or HEAD2_E_MEMORY: the expanded key, up to 72 KiB, is made on
 *     the heap for each signature.
 * sign_deterministic - the same with rnd = 32 zero bytes.
 * sign_hash - HashML-DSA, hedged (Algorithm 4), of a digest made with head2_prehash;
 *     digest_len must be head2_prehash_bytes(hash), else HEAD2_E_ARG.
 * sign_hash_deterministic - the same with rnd = 32 zero bytes.
 * sign_mu - hedged signature of a message representative mu computed elsewhere (Algorithm 7 from
 *     line 7). The caller answers for mu = H(tr || M').
 * mu - compute mu for pk, msg and ctx (Algorithm 7, line 6), for sign_mu and verify_mu.
 *     Returns HEAD2_OK or HEAD2_E_ARG.
 * public_from_private - recompute pk from sk, and check that the parts of sk fit each other.
 *     Returns HEAD2_OK or HEAD2_E_MALFORMED.
 * verify - decide whether sig is a signature of msg under ctx and pk (Algorithm 3).
 * verify_hash, verify_mu - the counterparts of sign_hash (Algorithm 5) and sign_mu.
 *     These return HEAD2_OK or HEAD2_E_VERIFY (also for a sig_len that is not the set's and a
 *     ctx_len above 255), and nothing else. Their time depends on public values only.
 */

HEAD2_API HEAD2_CHECK enum head2_status head2_mldsa44_keypair(uint8_t pk[HEAD2_MLDSA44_PK_BYTES],
                                                              uint8_t sk[HEAD2_MLDSA44_SK_BYTES]);
HEAD2_API HEAD2_CHECK enum head2_status
head2_mldsa44_keypair_from_seed(uint8_t pk[HEAD2_MLDSA44_PK_BYTES],
                                uint8_t sk[HEAD2_MLDSA44_SK_BYTES],
                                const struct head2_secret32 *xi);
HEAD2_API HEAD2_CHECK enum head2_status
head2_mldsa44_public_from_private(uint8_t pk[HEAD2_MLDSA44_PK_BYTES],
                                  const uint8_t sk[HEAD2_MLDSA44_SK_BYTES]);
HEAD2_API HEAD2_CHECK enum head2_status
head2_mldsa44_sign(uint8_t sig[HEAD2_MLDSA44_SIG_BYTES], const uint8_t *msg, size_t msg_len,
                   const uint8_t *ctx, size_t ctx_len, const uint8_t sk[HEAD2_MLDSA44_SK_BYTES]);
HEAD2_API HEAD2_CHECK enum head2_status
head2_mldsa44_sign_deterministic(uint8_t sig[HEAD2_MLDSA44_SIG_BYTES], const uint8_t *msg,
                                 size_t msg_len, const uint8_t *ctx, size_t ctx_len,
                                 const uint8_t sk[HEAD2_MLDSA44_SK_BYTES]);
HEAD2_API HEAD2_CHECK enum head2_status
head2_mldsa44_sign_hash(uint8_t sig[HEAD2_MLDSA44_SIG_BYTES], enum head2_prehash hash,
                        const uint8_t *digest, size_t digest_len, const uint8_t *ctx,
                        size_t ctx_len, const uint8_t sk[HEAD2_MLDSA44_SK_BYTES]);
HEAD2_API HEAD2_CHECK enum head2_status
head2_mldsa44_sign_hash_deterministic(uint8_t sig[HEAD2_MLDSA44_SIG_BYTES], enum head2_prehash hash,
                                      const uint8_t *digest, size_t digest_len, const uint8_t *ctx,
                                      size_t ctx_len, const uint8_t sk[HEAD2_MLDSA44_SK_BYTES]);
HEAD2_API HEAD2_CHECK enum head2_status
head2_mldsa44_sign_mu(uint8_t sig[HEAD2_MLDSA44_SIG_BYTES], const uint8_t mu[HEAD2_MLDSA_MU_BYTES],
                      const uint8_t sk[HEAD2_MLDSA44_SK_BYTES]);
HEAD2_API HEAD2_CHECK enum head2_status head2_mldsa44_mu(uint8_t mu[HEAD2_MLDSA_MU_BYTES],
                                                         const uint8_t pk[HEAD2_MLDSA44_PK_BYTES],
                                                         const uint8_t *msg, size_t msg_len,
                                                         const uint8_t *ctx, size_t ctx_len);
HEAD2_API HEAD2_CHECK enum head2_status
head2_mldsa44_verify(const uint8_t pk[HEAD2_MLDSA44_PK_BYTES], const uint8_t *msg, size_t msg_len,
                     const uint8_t *ctx, size_t ctx_len, const uint8_t *sig, size_t sig_len);
HEAD2_API HEAD2_CHECK enum head2_status
head2_mldsa44_verify_hash(const uint8_t pk[HEAD2_MLDSA44_PK_BYTES], enum head2_prehash hash,
                          const uint8_t *digest, size_t digest_len, const uint8_t *ctx,
                          size_t ctx_len, const uint8_t *sig, size_t sig_len);
HEAD2_API HEAD2_CHECK enum head2_status
head2_mldsa44_verify_mu(const uint8_t pk[HEAD2_MLDSA44_PK_BYTES],
                        const uint8_t mu[HEAD2_MLDSA_MU_BYTES], const uint8_t *sig, size_t sig_len);

HEAD2_API HEAD2_CHECK enum head2_status head2_mldsa65_keypair(uint8_t pk[HEAD2_MLDSA65_PK_BYTES],
                                                              uint8_t sk[HEAD2_MLDSA65_SK_BYTES]);
HEAD2_API HEAD2_CHECK enum head2_status
head2_mldsa65_keypair_from_seed(uint8_t pk[HEAD2_MLDSA65_PK_BYTES],
                                uint8_t sk[HEAD2_MLDSA65_SK_BYTES],
                                const struct head2_secret32 *xi);
HEAD2_API HEAD2_CHECK enum head2_status
head2_mldsa65_public_from_private(uint8_t pk[HEAD2_MLDSA65_PK_BYTES],
                                  const uint8_t sk[HEAD2_MLDSA65_SK_BYTES]);
HEAD2_API HEAD2_CHECK enum head2_status
head2_mldsa65_sign(uint8_t sig[HEAD2_MLDSA65_SIG_BYTES], const uint8_t *msg, size_t msg_len,
                   const uint8_t *ctx, size_t ctx_len, const uint8_t sk[HEAD2_MLDSA65_SK_BYTES]);
HEAD2_API HEAD2_CHECK enum head2_status
head2_mldsa65_sign_deterministic(uint8_t sig[HEAD2_MLDSA65_SIG_BYTES], const uint8_t *msg,
                                 size_t msg_len, const uint8_t *ctx, size_t ctx_len,
                                 const uint8_t sk[HEAD2_MLDSA65_SK_BYTES]);
HEAD2_API HEAD2_CHECK enum head2_status
head2_mldsa65_sign_hash(uint8_t sig[HEAD2_MLDSA65_SIG_BYTES], enum head2_prehash hash,
                        const uint8_t *digest, size_t digest_len, const uint8_t *ctx,
                        size_t ctx_len, const uint8_t sk[HEAD2_MLDSA65_SK_BYTES]);
HEAD2_API HEAD2_CHECK enum head2_status
head2_mldsa65_sign_hash_deterministic(uint8_t sig[HEAD2_MLDSA65_SIG_BYTES], enum head2_prehash hash,
                                      const uint8_t *digest, size_t digest_len, const uint8_t *ctx,
                                      size_t ctx_len, const uint8_t sk[HEAD2_MLDSA65_SK_BYTES]);
HEAD2_API HEAD2_CHECK enum head2_status
head2_mldsa65_sign_mu(uint8_t sig[HEAD2_MLDSA65_SIG_BYTES], const uint8_t mu[HEAD2_MLDSA_MU_BYTES],
                      const uint8_t sk[HEAD2_MLDSA65_SK_BYTES]);
HEAD2_API HEAD2_CHECK enum head2_status head2_mldsa65_mu(uint8_t mu[HEAD2_MLDSA_MU_BYTES],
                                                         const uint8_t pk[HEAD2_MLDSA65_PK_BYTES],
                                                         const uint8_t *msg, size_t msg_len,
                                                         const uint8_t *ctx, size_t ctx_len);
HEAD2_API HEAD2_CHECK enum head2_status
head2_mldsa65_verify(const uint8_t pk[HEAD2_MLDSA65_PK_BYTES], const uint8_t *msg, size_t msg_len,
                     const uint8_t *ctx, size_t ctx_len, const uint8_t *sig, size_t sig_len);
HEAD2_API HEAD2_CHECK enum head2_status
head2_mldsa65_verify_hash(const uint8_t pk[HEAD2_MLDSA65_PK_BYTES], enum head2_prehash hash,
                          const uint8_t *digest, size_t digest_len, const uint8_t *ctx,
                          size_t ctx_len, const uint8_t *sig, size_t sig_len);
HEAD2_API HEAD2_CHECK enum head2_status
head2_mldsa65_verify_mu(const uint8_t pk[HEAD2_MLDSA65_PK_BYTES],
                        const uint8_t mu[HEAD2_MLDSA_MU_BYTES], const uint8_t *sig, size_t sig_len);

HEAD2_API HEAD2_CHECK enum head2_status head2_mldsa87_keypair(uint8_t pk[HEAD2_MLDSA87_PK_BYTES],
                                                              uint8_t sk[HEAD2_MLDSA87_SK_BYTES]);
HEAD2_API HEAD2_CHECK enum head2_status
head2_mldsa87_keypair_from_seed(uint8_t pk[HEAD2_MLDSA87_PK_BYTES],
                                uint8_t sk[HEAD2_MLDSA87_SK_BYTES],
                                const struct head2_secret32 *xi);
HEAD2_API HEAD2_CHECK enum head2_status
head2_mldsa87_public_from_private(uint8_t pk[HEAD2_MLDSA87_PK_BYTES],
                                  const uint8_t sk[HEAD2_MLDSA87_SK_BYTES]);
HEAD2_API HEAD2_CHECK enum head2_status
head2_mldsa87_sign(uint8_t sig[HEAD2_MLDSA87_SIG_BYTES], const uint8_t *msg, size_t msg_len,
                   const uint8_t *ctx, size_t ctx_len, const uint8_t sk[HEAD2_MLDSA87_SK_BYTES]);
HEAD2_API HEAD2_CHECK enum head2_status
head2_mldsa87_sign_deterministic(uint8_t sig[HEAD2_MLDSA87_SIG_BYTES], const uint8_t *msg,
                                 size_t msg_len, const uint8_t *ctx, size_t ctx_len,
                                 const uint8_t sk[HEAD2_MLDSA87_SK_BYTES]);
HEAD2_API HEAD2_CHECK enum head2_status
head2_mldsa87_sign_hash(uint8_t sig[HEAD2_MLDSA87_SIG_BYTES], enum head2_prehash hash,
                        const uint8_t *digest, size_t digest_len, const uint8_t *ctx,
                        size_t ctx_len, const uint8_t sk[HEAD2_MLDSA87_SK_BYTES]);
HEAD2_API HEAD2_CHECK enum head2_status
head2_mldsa87_sign_hash_deterministic(uint8_t sig[HEAD2_MLDSA87_SIG_BYTES], enum head2_prehash hash,
                                      const uint8_t *digest, size_t digest_len, const uint8_t *ctx,
                                      size_t ctx_len, const uint8_t sk[HEAD2_MLDSA87_SK_BYTES]);
HEAD2_API HEAD2_CHECK enum head2_status
head2_mldsa87_sign_mu(uint8_t sig[HEAD2_MLDSA87_SIG_BYTES], const uint8_t mu[HEAD2_MLDSA_MU_BYTES],
                      const uint8_t sk[HEAD2_MLDSA87_SK_BYTES]);
HEAD2_API HEAD2_CHECK enum head2_status head2_mldsa87_mu(uint8_t mu[HEAD2_MLDSA_MU_BYTES],
                                                         const uint8_t pk[HEAD2_MLDSA87_PK_BYTES],
                                                         const uint8_t *msg, size_t msg_len,
                                                         const uint8_t *ctx, size_t ctx_len);
HEAD2_API HEAD2_CHECK enum head2_status
head2_mldsa87_verify(const uint8_t pk[HEAD2_MLDSA87_PK_BYTES], const uint8_t *msg, size_t msg_len,
                     const uint8_t *ctx, size_t ctx_len, const uint8_t *sig, size_t sig_len);
HEAD2_API HEAD2_CHECK enum head2_status
head2_mldsa87_verify_hash(const uint8_t pk[HEAD2_MLDSA87_PK_BYTES], enum head2_prehash hash,
                          const uint8_t *digest, size_t digest_len, const uint8_t *ctx,
                          size_t ctx_len, const uint8_t *sig, size_t sig_len);
HEAD2_API HEAD2_CHECK enum head2_status
head2_mldsa87_verify_mu(const uint8_t pk[HEAD2_MLDSA87_PK_BYTES],
                        const uint8_t mu[HEAD2_MLDSA_MU_BYTES], const uint8_t *sig, size_t sig_len);

/*
 * Prepared keys. A key that is used more than once is expanded once: with a signer a signature
 * costs two thirds, with a verifier a verification one third of what it costs with the bytes of the
 * key. A prepared key may be used by several threads at once and must not be moved or copied. It
 * lies in memory of the caller's, of the size below for its set and aligned to
 * HEAD2_MLDSA_PREPARED_ALIGN bytes, or on the heap.
 */
enum head2_mldsa_set { HEAD2_MLDSA_SET_44, HEAD2_MLDSA_SET_65, HEAD2_MLDSA_SET_87 };

struct head2_mldsa_signer;   /* a prepared private key: as secret as sk itself */
struct head2_mldsa_verifier; /* a prepared public key */

#define HEAD2_MLDSA_PREPARED_ALIGN   64
#define HEAD2_MLDSA44_SIGNER_BYTES   24704
#define HEAD2_MLDSA44_VERIFIER_BYTES 20608
#define HEAD2_MLDSA65_SIGNER_BYTES   42624
#define HEAD2_MLDSA65_VERIFIER_BYTES 36992
#define HEAD2_MLDSA87_SIGNER_BYTES   73344
#define HEAD2_MLDSA87_VERIFIER_BYTES 65664

/*
 * signer_init, verifier_init - prepare sk or pk of a set at key.
 *     Returns HEAD2_OK, HEAD2_E_ARG (no such set, or key is not aligned: nothing is written) or, of
 *     a signer, HEAD2_E_MALFORMED (sk has a coefficient out of range: key is wiped).
 * signer_wipe - wipe a signer in memory of the caller's; nothing happens when key is NULL, wiped,
 *     or signer_init has failed with HEAD2_E_MALFORMED. A verifier holds no secret.
 * signer_new, verifier_new - the same on the heap; *key is NULL on failure, which may also be
 *     HEAD2_E_MEMORY.
 * signer_free, verifier_free - release what the former made; a signer is wiped. key may be NULL.
 *
 * sign, sign_deterministic, sign_hash, sign_hash_deterministic, sign_mu - as the functions of that
 *     name above do it with an sk; sig has the size of the key's set. None needs the heap.
 * verify, verify_hash, verify_mu - likewise as with a pk.
 */
HEAD2_API HEAD2_CHECK enum head2_status head2_mldsa_signer_init(struct head2_mldsa_signer *key,
                                                                enum head2_mldsa_set set,
                                                                const uint8_t *sk);
HEAD2_API void head2_mldsa_signer_wipe(struct head2_mldsa_signer *key);
HEAD2_API HEAD2_CHECK enum head2_status head2_mldsa_signer_new(struct head2_mldsa_signer **key,
                                                               enum head2_mldsa_set set,
                                                               const uint8_t *sk);
HEAD2_API void head2_mldsa_signer_free(struct head2_mldsa_signer *key);
HEAD2_API HEAD2_CHECK enum head2_status head2_mldsa_verifier_init(struct head2_mldsa_verifier *key,
                                                                  enum head2_mldsa_set set,
                                                                  const uint8_t *pk);
HEAD2_API HEAD2_CHECK enum head2_status head2_mldsa_verifier_new(struct head2_mldsa_verifier **key,
                                                                 enum head2_mldsa_set set,
                                                                 const uint8_t *pk);
HEAD2_API void head2_mldsa_verifier_free(struct head2_mldsa_verifier *key);

HEAD2_API HEAD2_CHECK enum head2_status head2_mldsa_sign(uint8_t *sig, const uint8_t *msg,
                                                         size_t msg_len, const uint8_t *ctx,
                                                         size_t ctx_len,
                                                         const struct head2_mldsa_signer *key);
HEAD2_API HEAD2_CHECK enum head2_status
head2_mldsa_sign_deterministic(uint8_t *sig, const uint8_t *msg, size_t msg_len, const uint8_t *ctx,
                               size_t ctx_len, const struct head2_mldsa_signer *key);
HEAD2_API HEAD2_CHECK enum head2_status head2_mldsa_sign_hash(uint8_t *sig, enum head2_prehash hash,
                                                              const uint8_t *digest,
                                                              size_t digest_len, const uint8_t *ctx,
                                                              size_t ctx_len,
                                                              const struct head2_mldsa_signer *key);
HEAD2_API HEAD2_CHECK enum head2_status
head2_mldsa_sign_hash_deterministic(uint8_t *sig, enum head2_prehash hash, const uint8_t *digest,
                                    size_t digest_len, const uint8_t *ctx, size_t ctx_len,
                                    const struct head2_mldsa_signer *key);
HEAD2_API HEAD2_CHECK enum head2_status head2_mldsa_sign_mu(uint8_t *sig,
                                                            const uint8_t mu[HEAD2_MLDSA_MU_BYTES],
                                                            const struct head2_mldsa_signer *key);

HEAD2_API HEAD2_CHECK enum head2_status head2_mldsa_verify(const struct head2_mldsa_verifier *key,
                                                           const uint8_t *msg, size_t msg_len,
                                                           const uint8_t *ctx, size_t ctx_len,
                                                           const uint8_t *sig, size_t sig_len);
HEAD2_API HEAD2_CHECK enum head2_status
head2_mldsa_verify_hash(const struct head2_mldsa_verifier *key, enum head2_prehash hash,
                        const uint8_t *digest, size_t digest_len, const uint8_t *ctx,
                        size_t ctx_len, const uint8_t *sig, size_t sig_len);
HEAD2_API HEAD2_CHECK enum head2_status
head2_mldsa_verify_mu(const struct head2_mldsa_verifier *key,
                      const uint8_t mu[HEAD2_MLDSA_MU_BYTES], const uint8_t *sig, size_t sig_len);

/*
 * Batches. Many independent operations of one set in one call cost less than as many calls: they
 * are hashed eight at a time. Results are those of the single calls. Any number of operations is
 * taken; they are best in multiples of eight. Nothing is kept between calls, so that several
 * threads may work on parts of one array.
 *
 * Each job has its own status. What fails has its outputs wiped and does not disturb the others.
 * Jobs may share keys and messages; their outputs may not overlap.
 */
struct head2_mldsa_keypair_job {
    uint8_t *pk;                     /* out */
    uint8_t *sk;                     /* out */
    const struct head2_secret32 *xi; /* NULL: fresh randomness */
    enum head2_status st;            /* HEAD2_OK or HEAD2_E_ENTROPY */
};

struct head2_mldsa_sign_job {
    const struct head2_mldsa_signer *key; /* a prepared key, or NULL: */
    const uint8_t *sk;                    /* the key as bytes */
    const uint8_t *mu;                    /* as for sign_mu; or NULL: */
    const uint8_t *msg;
    size_t msg_len;
    const uint8_t *ctx;
    size_t ctx_len;
    const struct head2_secret32 *rnd; /* NULL: fresh randomness; 32 zero bytes: deterministic */
    uint8_t *sig;                     /* out */
    enum head2_status st;             /* as of sign; _E_ARG also: no key, or another set's */
};

struct head2_mldsa_verify_job {
    const struct head2_mldsa_verifier *key; /* a prepared key, or NULL: */
    const uint8_t *pk;                      /* the key as bytes */
    const uint8_t *mu;                      /* as for verify_mu; or NULL: */
    const uint8_t *msg;
    size_t msg_len;
    const uint8_t *ctx;
    size_t ctx_len;
    const uint8_t *sig;
    size_t sig_len;
    enum head2_status st; /* HEAD2_OK or HEAD2_E_VERIFY; _E_ARG: no key, or another set's */
};

/*
 * keypair_batch, sign_batch, verify_batch - do n jobs.
 *     Return HEAD2_OK when all of them succeeded, else the status of the first that did not, or
 *     HEAD2_E_ARG when there is no such set: then no job was looked at. sign_batch works on the
 *     heap, 220 KiB and 580 KiB more when keys are given as bytes: HEAD2_E_MEMORY, of every job.
 */
HEAD2_API HEAD2_CHECK enum head2_status
head2_mldsa_keypair_batch(enum head2_mldsa_set set, struct head2_mldsa_keypair_job *jobs, size_t n);
HEAD2_API HEAD2_CHECK enum head2_status
head2_mldsa_sign_batch(enum head2_mldsa_set set, struct head2_mldsa_sign_job *jobs, size_t n);
HEAD2_API HEAD2_CHECK enum head2_status
head2_mldsa_verify_batch(enum head2_mldsa_set set, struct head2_mldsa_verify_job *jobs, size_t n);

#ifdef __cplusplus
}
#endif

#endif
