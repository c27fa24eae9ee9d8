/*
 * The DER containers of keys: SubjectPublicKeyInfo (RFC 5280) and OneAsymmetricKey (RFC 5958,
 * known as PKCS#8) with the contents that RFC 9881 and RFC 9935 define.
 *
 * Readers set *why to a constant phrase when they fail.
 */
#ifndef HEAD2_KEYS_SPKI_H
#define HEAD2_KEYS_SPKI_H

#include "keys/alg.h"
#include "keys/der.h"

#define SPKI_MAX_BYTES  (HEAD2_KEY_MAX_PUBLIC + 32)
#define PKCS8_MAX_BYTES (HEAD2_KEY_MAX_PRIVATE + ALG_MAX_SEED + 64)

/* What a DER file of keys turns out to be. */
enum key_kind { KEY_UNKNOWN, KEY_PUBLIC, KEY_PRIVATE, KEY_ENCRYPTED };

/* Told by the outermost structure alone. */
enum key_kind key_kind_of_der(const uint8_t *der, size_t len);

/* out has SPKI_MAX_BYTES; the length. */
size_t spki_encode(uint8_t *out, const struct alg *alg, const uint8_t *pub);
HEAD2_CHECK enum head2_status spki_decode(struct head2_key **out, const uint8_t *der, size_t len,
                                          const char **why);

/* out has PKCS8_MAX_BYTES and receives secrets. form is not HEAD2_PRIVATE_DEFAULT. */
size_t pkcs8_encode(uint8_t *out, const struct head2_key *key, enum head2_private_form form);
HEAD2_CHECK enum head2_status pkcs8_decode(struct head2_key **out, const uint8_t *der, size_t len,
                                           const char **why);

#endif
