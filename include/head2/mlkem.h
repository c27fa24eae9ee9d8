/*
 * ML-KEM, the key encapsulation mechanism of FIPS 203: ML-KEM-512, -768 and -1024.
 *
 * The receiver makes a key pair and publishes ek. The sender encapsulates: it gets a ciphertext ct
 * to send and a 32-byte shared secret ss. The receiver decapsulates ct with dk and has the same ss.
 *
 * Private keys exist in two forms: the 64-byte seed d || z (what to store) and the expanded dk.
 * encaps checks ek as FIPS 203 Section 7.2 demands and decaps checks dk as Section 7.3 does, each
 * time. A wrong ciphertext is not an error: decaps then returns a secret that nobody else knows
 * (implicit rejection), in the same time. Nothing here branches or indexes by a secret.
 *
 * The three sets differ only in the number in the name and the sizes below. On any error all
 * outputs are wiped. Outputs may not overlap inputs.
 */
#ifndef HEAD2_MLKEM_H
#define HEAD2_MLKEM_H

#include <head2/secret.h>

#ifdef __cplusplus
extern "C" {
#endif

#define HEAD2_MLKEM_SEED_BYTES   64 /* d || z */
#define HEAD2_MLKEM_SS_BYTES     32

#define HEAD2_MLKEM512_EK_BYTES  800
#define HEAD2_MLKEM512_DK_BYTES  1632
#define HEAD2_MLKEM512_CT_BYTES  768

#define HEAD2_MLKEM768_EK_BYTES  1184
#define HEAD2_MLKEM768_DK_BYTES  2400
#define HEAD2_MLKEM768_CT_BYTES  1088

#define HEAD2_MLKEM1024_EK_BYTES 1568
#define HEAD2_MLKEM1024_DK_BYTES 3168
#define HEAD2_MLKEM1024_CT_BYTES 1568

/*
 * keypair - make a key pair from fresh randomness (FIPS 203, Algorithm 19).
 *     Returns HEAD2_OK or HEAD2_E_ENTROPY.
 * keypair_from_seed - the key pair of a stored seed d || z (Algorithm 16). Returns HEAD2_OK.
 * encaps - encapsulate to ek with fresh randomness (Algorithm 20).
 *     Returns HEAD2_OK, HEAD2_E_MALFORMED (ek fails the modulus check) or HEAD2_E_ENTROPY.
 * encaps_derand - the same with the caller's 32 random bytes m (Algorithm 17, after the check of
 *     Section 7.2): for tests, and for callers whose randomness comes from elsewhere. m must be
 *     secret and never used twice. Returns HEAD2_OK or HEAD2_E_MALFORMED.
 * decaps - recover the shared secret (Algorithm 21).
 *     Returns HEAD2_OK, or HEAD2_E_MALFORMED when dk fails its hash check.
 * check_ek - the modulus check of Section 7.2. Returns HEAD2_OK or HEAD2_E_MALFORMED.
 * check_dk - the hash check of Section 7.3. Returns HEAD2_OK or HEAD2_E_MALFORMED.
 */

HEAD2_API HEAD2_CHECK enum head2_status head2_mlkem512_keypair(uint8_t ek[HEAD2_MLKEM512_EK_BYTES],
                                                               uint8_t dk[HEAD2_MLKEM512_DK_BYTES]);
HEAD2_API HEAD2_CHECK enum head2_status
head2_mlkem512_keypair_from_seed(uint8_t ek[HEAD2_MLKEM512_EK_BYTES],
                                 uint8_t dk[HEAD2_MLKEM512_DK_BYTES],
                                 const struct head2_secret64 *seed);
HEAD2_API HEAD2_CHECK enum head2_status
head2_mlkem512_encaps(uint8_t ct[HEAD2_MLKEM512_CT_BYTES], struct head2_secret32 *ss,
                      const uint8_t ek[HEAD2_MLKEM512_EK_BYTES]);
HEAD2_API HEAD2_CHECK enum head2_status
head2_mlkem512_encaps_derand(uint8_t ct[HEAD2_MLKEM512_CT_BYTES], struct head2_secret32 *ss,
                             const uint8_t ek[HEAD2_MLKEM512_EK_BYTES],
                             const struct head2_secret32 *m);
HEAD2_API HEAD2_CHECK enum head2_status
head2_mlkem512_decaps(struct head2_secret32 *ss, const uint8_t dk[HEAD2_MLKEM512_DK_BYTES],
                      const uint8_t ct[HEAD2_MLKEM512_CT_BYTES]);
HEAD2_API HEAD2_CHECK enum head2_status
head2_mlkem512_check_ek(const uint8_t ek[HEAD2_MLKEM512_EK_BYTES]);
HEAD2_API HEAD2_CHECK enum head2_status
head2_mlkem512_check_dk(const uint8_t dk[HEAD2_MLKEM512_DK_BYTES]);

HEAD2_API HEAD2_CHECK enum head2_status head2_mlkem768_keypair(uint8_t ek[HEAD2_MLKEM768_EK_BYTES],
                                                               uint8_t dk[HEAD2_MLKEM768_DK_BYTES]);
HEAD2_API HEAD2_CHECK enum head2_status
head2_mlkem768_keypair_from_seed(uint8_t ek[HEAD2_MLKEM768_EK_BYTES],
                                 uint8_t dk[HEAD2_MLKEM768_DK_BYTES],
                                 const struct head2_secret64 *seed);
HEAD2_API HEAD2_CHECK enum head2_status
head2_mlkem768_encaps(uint8_t ct[HEAD2_MLKEM768_CT_BYTES], struct head2_secret32 *ss,
                      const uint8_t ek[HEAD2_MLKEM768_EK_BYTES]);
HEAD2_API HEAD2_CHECK enum head2_status
head2_mlkem768_encaps_derand(uint8_t ct[HEAD2_MLKEM768_CT_BYTES], struct head2_secret32 *ss,
                             const uint8_t ek[HEAD2_MLKEM768_EK_BYTES],
                             const struct head2_secret32 *m);
HEAD2_API HEAD2_CHECK enum head2_status
head2_mlkem768_decaps(struct head2_secret32 *ss, const uint8_t dk[HEAD2_MLKEM768_DK_BYTES],
                      const uint8_t ct[HEAD2_MLKEM768_CT_BYTES]);
HEAD2_API HEAD2_CHECK enum head2_status
head2_mlkem768_check_ek(const uint8_t ek[HEAD2_MLKEM768_EK_BYTES]);
HEAD2_API HEAD2_CHECK enum head2_status
head2_mlkem768_check_dk(const uint8_t dk[HEAD2_MLKEM768_DK_BYTES]);

HEAD2_API HEAD2_CHECK enum head2_status
head2_mlkem1024_keypair(uint8_t ek[HEAD2_MLKEM1024_EK_BYTES], uint8_t dk[HEAD2_MLKEM1024_DK_BYTES]);
HEAD2_API HEAD2_CHECK enum head2_status
head2_mlkem1024_keypair_from_seed(uint8_t ek[HEAD2_MLKEM1024_EK_BYTES],
                                  uint8_t dk[HEAD2_MLKEM1024_DK_BYTES],
                                  const struct head2_secret64 *seed);
HEAD2_API HEAD2_CHECK enum head2_status
head2_mlkem1024_encaps(uint8_t ct[HEAD2_MLKEM1024_CT_BYTES], struct head2_secret32 *ss,
                       const uint8_t ek[HEAD2_MLKEM1024_EK_BYTES]);
HEAD2_API HEAD2_CHECK enum head2_status
head2_mlkem1024_encaps_derand(uint8_t ct[HEAD2_MLKEM1024_CT_BYTES], struct head2_secret32 *ss,
                              const uint8_t ek[HEAD2_MLKEM1024_EK_BYTES],
                              const struct head2_secret32 *m);
HEAD2_API HEAD2_CHECK enum head2_status
head2_mlkem1024_decaps(struct head2_secret32 *ss, const uint8_t dk[HEAD2_MLKEM1024_DK_BYTES],
                       const uint8_t ct[HEAD2_MLKEM1024_CT_BYTES]);
HEAD2_API HEAD2_CHECK enum head2_status
head2_mlkem1024_check_ek(const uint8_t ek[HEAD2_MLKEM1024_EK_BYTES]);
HEAD2_API HEAD2_CHECK enum head2_status
head2_mlkem1024_check_dk(const uint8_t dk[HEAD2_MLKEM1024_DK_BYTES]);

/*
 * Prepared keys. A key that is used more than once is checked and expanded once: encapsulation and
 * decapsulation with it save the checks, the hash of ek and the matrix, which is more than half of
 * their time. A prepared key may be used by several threads at once and must not be moved or
 * copied. It lies in memory of the caller's, of the size below for its set and aligned to
 * HEAD2_MLKEM_PREPARED_ALIGN bytes, or on the heap.
 */
enum head2_mlkem_set { HEAD2_MLKEM_SET_512, HEAD2_MLKEM_SET_768, HEAD2_MLKEM_SET_1024 };

struct head2_mlkem_ek; /* a prepared encapsulation key */
struct head2_mlkem_dk; /* a prepared decapsulation key: as secret as dk itself */

#define HEAD2_MLKEM_PREPARED_ALIGN        64
#define HEAD2_MLKEM512_PREPARED_EK_BYTES  3136
#define HEAD2_MLKEM512_PREPARED_DK_BYTES  4224
#define HEAD2_MLKEM768_PREPARED_EK_BYTES  6208
#define HEAD2_MLKEM768_PREPARED_DK_BYTES  7808
#define HEAD2_MLKEM1024_PREPARED_EK_BYTES 10304
#define HEAD2_MLKEM1024_PREPARED_DK_BYTES 12416

/*
 * ek_init, dk_init - prepare ek or dk of a set at key.
 *     Returns HEAD2_OK, HEAD2_E_ARG (no such set, or key is not aligned: nothing is written) or
 *     HEAD2_E_MALFORMED (ek fails the modulus check, dk its hash check: key is wiped).
 * dk_wipe - wipe a prepared dk in memory of the caller's; nothing happens when key is NULL, wiped,
 *     or dk_init has failed with HEAD2_E_MALFORMED. A prepared ek holds no secret.
 * ek_new, dk_new - the same on the heap; *key is NULL on failure, which may also be HEAD2_E_MEMORY.
 * ek_free, dk_free - release what ek_new and dk_new made; a dk is wiped. key may be NULL.
 * encaps - encapsulate to a prepared key with fresh randomness; ct has the size of the key's set.
 *     Returns HEAD2_OK or HEAD2_E_ENTROPY.
 * decaps - recover the shared secret with a prepared key. It cannot fail.
 */
HEAD2_API HEAD2_CHECK enum head2_status
head2_mlkem_ek_init(struct head2_mlkem_ek *key, enum head2_mlkem_set set, const uint8_t *ek);
HEAD2_API HEAD2_CHECK enum head2_status
head2_mlkem_dk_init(struct head2_mlkem_dk *key, enum head2_mlkem_set set, const uint8_t *dk);
HEAD2_API void head2_mlkem_dk_wipe(struct head2_mlkem_dk *key);
HEAD2_API HEAD2_CHECK enum head2_status
head2_mlkem_ek_new(struct head2_mlkem_ek **key, enum head2_mlkem_set set, const uint8_t *ek);
HEAD2_API HEAD2_CHECK enum head2_status
head2_mlkem_dk_new(struct head2_mlkem_dk **key, enum head2_mlkem_set set, const uint8_t *dk);
HEAD2_API void head2_mlkem_ek_free(struct head2_mlkem_ek *key);
HEAD2_API void head2_mlkem_dk_free(struct head2_mlkem_dk *key);
HEAD2_API HEAD2_CHECK enum head2_status head2_mlkem_encaps(uint8_t *ct, struct head2_secret32 *ss,
                                                           const struct head2_mlkem_ek *key);
HEAD2_API void head2_mlkem_decaps(struct head2_secret32 *ss, const struct head2_mlkem_dk *key,
                                  const uint8_t *ct);

/*
 * Batches. Many independent operations of one set in one call cost less than as many calls: they
 * are hashed eight at a time. Results are those of the single calls. Any number of operations is
 * taken; they are best in multiples of eight. Nothing is kept between calls, so that several
 * threads may work on parts of one array.
 *
 * Each job has its own status. What fails has its outputs wiped and does not disturb the others.
 * Jobs may share keys; their outputs may not overlap.
 */
struct head2_mlkem_keypair_job {
    uint8_t *ek;                       /* out */
    uint8_t *dk;                       /* out */
    const struct head2_secret64 *seed; /* NULL: fresh randomness */
    enum head2_status st;              /* HEAD2_OK or HEAD2_E_ENTROPY */
};

struct head2_mlkem_encaps_job {
    const struct head2_mlkem_ek *key; /* a prepared key, or NULL: */
    const uint8_t *ek;                /* the key as bytes */
    uint8_t *ct;                      /* out */
    struct head2_secret32 *ss;        /* out */
    const struct head2_secret32 *m;   /* NULL: fresh randomness; else as for encaps_derand */
    enum head2_status st; /* HEAD2_OK, _E_MALFORMED, _E_ENTROPY; _E_ARG: no key, or another set's */
};

struct head2_mlkem_decaps_job {
    const struct head2_mlkem_dk *key; /* a prepared key, or NULL: */
    const uint8_t *dk;                /* the key as bytes */
    const uint8_t *ct;
    struct head2_secret32 *ss; /* out */
    enum head2_status st;      /* HEAD2_OK, _E_MALFORMED; _E_ARG: no key, or another set's */
};

/*
 * keypair_batch, encaps_batch, decaps_batch - do n jobs.
 *     Return HEAD2_OK when all of them succeeded, else the status of the first that did not, or
 *     HEAD2_E_ARG when there is no such set: then no job was looked at.
 */
HEAD2_API HEAD2_CHECK enum head2_status
head2_mlkem_keypair_batch(enum head2_mlkem_set set, struct head2_mlkem_keypair_job *jobs, size_t n);
HEAD2_API HEAD2_CHECK enum head2_status
head2_mlkem_encaps_batch(enum head2_mlkem_set set, struct head2_mlkem_encaps_job *jobs, size_t n);
HEAD2_API HEAD2_CHECK enum head2_status
head2_mlkem_decaps_batch(enum head2_mlkem_set set, struct head2_mlkem_decaps_job *jobs, size_t n);

#ifdef __cplusplus
}
#endif

#endif
