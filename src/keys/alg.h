/*
 * The table of algorithms that a key object can hold: names, object identifiers, sizes and the
 * functions of each set. The one place where a set is listed.
 */
#ifndef HEAD2_KEYS_ALG_H
#define HEAD2_KEYS_ALG_H

#include "base/base.h"

#include <head2/keys.h>
#include <head2/mldsa.h>
#include <head2/mlkem.h>

#define ALG_OID_BYTES 9 /* of the contents: 2.16.840.1.101.3.4.3.x or .4.x */
#define ALG_MAX_SEED  64

/* The functions of a signature scheme: see head2/mldsa.h. */
struct alg_dsa {
    enum head2_mldsa_set set;
    enum head2_status (*from_seed)(uint8_t *pub, uint8_t *priv, const struct head2_secret32 *xi);
    enum head2_status (*public_of)(uint8_t *pub, const uint8_t *priv);
    enum head2_status (*sign)(uint8_t *sig, const uint8_t *msg, size_t msg_len, const uint8_t *ctx,
                              size_t ctx_len, const uint8_t *priv);
    enum head2_status (*sign_deterministic)(uint8_t *sig, const uint8_t *msg, size_t msg_len,
                                            const uint8_t *ctx, size_t ctx_len,
                                            const uint8_t *priv);
    enum head2_status (*verify)(const uint8_t *pub, const uint8_t *msg, size_t msg_len,
                                const uint8_t *ctx, size_t ctx_len, const uint8_t *sig,
                                size_t sig_len);
};

/* The functions of a KEM: see head2/mlkem.h. */
struct alg_kem {
    enum head2_mlkem_set set;
    enum head2_status (*from_seed)(uint8_t *ek, uint8_t *dk, const struct head2_secret64 *seed);
    enum head2_status (*encaps)(uint8_t *ct, struct head2_secret32 *ss, const uint8_t *ek);
    enum head2_status (*encaps_derand)(uint8_t *ct, struct head2_secret32 *ss, const uint8_t *ek,
                                       const struct head2_secret32 *m);
    enum head2_status (*decaps)(struct head2_secret32 *ss, const uint8_t *dk, const uint8_t *ct);
    enum head2_status (*check_ek)(const uint8_t *ek);
    enum head2_status (*check_dk)(const uint8_t *dk);
    size_t ek_at; /* where ek stands in dk */
};

struct alg {
    enum head2_alg id;
    const char *name;
    uint8_t oid[ALG_OID_BYTES];
    size_t public_bytes, private_bytes, seed_bytes, sig_bytes, ct_bytes;
    const struct alg_dsa *dsa; /* exactly one of the two is not NULL */
    const struct alg_kem *kem;
};

/* NULL for HEAD2_ALG_NONE and values that are no algorithm. */
const struct alg *alg_of(enum head2_alg id);
/* By the contents of an OBJECT IDENTIFIER; NULL when it is another algorithm's. */
const struct alg *alg_by_oid(const uint8_t *oid, size_t len);

#endif
