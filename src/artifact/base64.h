/*
 * Base64 (RFC 4648, section 4), canonical only: with padding, without line breaks, unused bits
 * zero.
 */
#ifndef HEAD2_ARTIFACT_BASE64_H
#define HEAD2_ARTIFACT_BASE64_H

#include "base/base.h"

#define BASE64_LEN(n) (((n) + 2) / 3 * 4)

/* Writes BASE64_LEN(len) characters, not terminated. Not for secrets. */
void base64_encode(char *out, const uint8_t *in, size_t len);

/* HEAD2_OK, HEAD2_E_SPACE (more than cap bytes) or HEAD2_E_MALFORMED. */
HEAD2_CHECK enum head2_status base64_decode(uint8_t *out, size_t cap, size_t *out_len,
                                            const char *text, size_t len);

/* Lower-case hexadecimal: 2 * len characters, not terminated; and back, lower case only. */
void hex_encode(char *out, const uint8_t *in, size_t len);
HEAD2_CHECK enum head2_status hex_decode(uint8_t *out, size_t len, const char *text,
                                         size_t text_len);

#endif
