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

#ifdef __cplusplus
}
#endif

#endif
