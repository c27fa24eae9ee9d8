/*
 * Secrets that are not in use, encrypted in ordinary memory. The key of it is SHA3-512 of a prekey
 * of SHIELD_PREKEY random bytes in protected memory, computed for each use and wiped: who reads
 * memory through a fault that gives single bits or pages wrongly, or in part, has nothing.
 * AES-256-GCM; nonces count.
 */
#ifndef HEAD2_KEEPER_SHIELD_H
#define HEAD2_KEEPER_SHIELD_H

#include "base/secmem.h"

#define SHIELD_PREKEY 16384
#define SHIELD_EXTRA  24 /* bytes by which the shielded form is longer */

struct shield;

/* HEAD2_OK, HEAD2_E_MEMORY, HEAD2_E_ENTROPY or HEAD2_E_CRYPTO. */
HEAD2_CHECK enum head2_status shield_new(struct shield **out);
void shield_free(struct shield *s);
enum secmem_kind shield_memory(const struct shield *s);

/* out: len + SHIELD_EXTRA bytes. about names what is shielded: 16 bytes, which must be the same
 * when it is opened. HEAD2_OK, HEAD2_E_LIMIT or HEAD2_E_CRYPTO. */
HEAD2_CHECK enum head2_status shield_close(struct shield *s, uint8_t *out, const uint8_t about[16],
                                           const uint8_t *secret, size_t len);
/* secret: len - SHIELD_EXTRA bytes, which should be protected memory. HEAD2_E_VERIFY: the memory
 * was changed. */
HEAD2_CHECK enum head2_status shield_open(struct shield *s, uint8_t *secret,
                                          const uint8_t about[16], const uint8_t *shielded,
                                          size_t len);

#endif
