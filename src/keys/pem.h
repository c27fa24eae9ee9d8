/*
 * PEM (RFC 7468): one block, read strictly, written with 64 characters a line. What goes through
 * here may be a private key: encoding and decoding branch on no character of a body that is valid.
 */
#ifndef HEAD2_KEYS_PEM_H
#define HEAD2_KEYS_PEM_H

#include "base/base.h"

#define PEM_LABEL_MAX 64

/*
 * The first block of a text. label receives its name; der, with room for len bytes, its contents.
 * Text before the block is passed over; after it only white space may follow. HEAD2_OK or
 * HEAD2_E_MALFORMED with *why set; label is
 * empty when no block begins anywhere.
 */
HEAD2_CHECK enum head2_status pem_decode(char label[PEM_LABEL_MAX], uint8_t *der, size_t *der_len,
                                         const uint8_t *text, size_t len, const char **why);

/* *len is the room in text, then the length. HEAD2_OK or HEAD2_E_SPACE. */
HEAD2_CHECK enum head2_status pem_encode(uint8_t *text, size_t *len, const char *label,
                                         const uint8_t *der, size_t der_len);

#endif
