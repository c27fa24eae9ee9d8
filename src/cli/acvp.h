/*
 * NIST's Automated Cryptographic Validation Protocol, the file format: a prompt is groups of tests,
 * a response gives each test's results. Here is what the algorithms' handlers share.
 */
#ifndef HEAD2_CLI_ACVP_H
#define HEAD2_CLI_ACVP_H

#include "base/base.h"

#include <jansson.h>

#define ACVP_BLOBS 12

/* One test with its group; blobs are the byte strings decoded for it, freed after it. */
struct acvp_case {
    const json_t *group, *test;
    const char *mode; /* of the prompt; "" when it has none */
    const char *algorithm;
    json_t *out; /* where results go */
    uint8_t *blobs[ACVP_BLOBS];
    size_t blob_count;
    char why[160]; /* what is wrong with the prompt */
};

struct acvp_bytes {
    uint8_t *p;
    size_t len;
};

/* HEAD2_OK; HEAD2_E_MALFORMED or HEAD2_E_UNSUPPORTED with c->why; or what a primitive said. */
typedef enum head2_status acvp_handler(struct acvp_case *c);

/* A field of the test, else of its group. NULL, false or the default when it is absent. */
const char *acvp_text(const struct acvp_case *c, const char *name);
bool acvp_bool(const struct acvp_case *c, const char *name);
json_int_t acvp_int(const struct acvp_case *c, const char *name, json_int_t otherwise);
/* A hexadecimal field; absent is an error unless optional (then empty). len: 0 for any length. */
HEAD2_CHECK enum head2_status acvp_hex(struct acvp_case *c, const char *name, size_t len,
                                       bool optional, struct acvp_bytes *out);
/* Room for a result, freed with the case; NULL when memory is out. */
uint8_t *acvp_room(struct acvp_case *c, size_t len);

HEAD2_CHECK enum head2_status acvp_put_hex(struct acvp_case *c, const char *name, const uint8_t *p,
                                           size_t len);
HEAD2_CHECK enum head2_status acvp_put_bool(struct acvp_case *c, const char *name, bool value);

/* Set c->why. */
enum head2_status acvp_bad(struct acvp_case *c, enum head2_status st, const char *fmt, ...)
    HEAD2_PRINTF(3, 4);

/* acvp_mlkem.c, acvp_mldsa.c, acvp_symmetric.c */
acvp_handler acvp_mlkem_keygen, acvp_mlkem_encap_decap;
acvp_handler acvp_mldsa_keygen, acvp_mldsa_siggen, acvp_mldsa_sigver;
acvp_handler acvp_sha3, acvp_shake, acvp_aes_gcm;

#endif
