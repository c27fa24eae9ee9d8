/*
 * Diffie-Hellman on P-384 (SP 800-186; SP 800-56A, 5.7.1.2) over libcrypto: the classical half of
 * the hybrid suite. Constant time as far as libcrypto's ladder is.
 */
#ifndef HEAD2_CIPHER_P384_H
#define HEAD2_CIPHER_P384_H

#include "base/base.h"

#define P384_SECRET_BYTES 48 /* also of what both ends share */
#define P384_POINT_BYTES  97 /* SEC1, uncompressed: 04 || x || y */

struct p384_secret {
    uint8_t b[P384_SECRET_BYTES];
};

/* The point of a random scalar. HEAD2_E_CRYPTO: the 48 bytes are no scalar of the group, which
 * happens by chance once in 2^190 times, or libcrypto failed. */
HEAD2_CHECK enum head2_status p384_public(uint8_t point[P384_POINT_BYTES],
                                          const struct p384_secret *d);

/* The x-coordinate of the product. HEAD2_E_MALFORMED: the peer's bytes are no point of the curve.
 */
HEAD2_CHECK enum head2_status p384_shared(uint8_t z[P384_SECRET_BYTES], const struct p384_secret *d,
                                          const uint8_t peer[P384_POINT_BYTES]);

#endif
