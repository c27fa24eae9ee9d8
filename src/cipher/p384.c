/*
 * P-384 over libcrypto's EC arithmetic. The scalar comes from the caller's generator, never from
 * libcrypto's; libcrypto draws only what blinds its ladder.
 */
#include "cipher/p384.h"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/obj_mac.h>

/* What one multiplication needs; made and wiped for each, as it happens once in a minute. */
struct work {
    EC_GROUP *group;
    BN_CTX *bn;
    BIGNUM *d, *x;
    EC_POINT *result;
};

static void work_free(struct work *w)
{
    EC_POINT_clear_free(w->result);
    BN_clear_free(w->x);
    BN_clear_free(w->d);
    BN_CTX_free(w->bn);
    EC_GROUP_free(w->group);
}

/* SP 800-56A, 5.6.1.2.2: a candidate outside 1..n-1 is refused. */
static bool work_start(struct work *w, const struct p384_secret *d)
{
    memset(w, 0, sizeof *w);
    w->group = EC_GROUP_new_by_curve_name(NID_secp384r1);
    w->bn = BN_CTX_secure_new();
    w->d = BN_secure_new();
    w->x = BN_secure_new();
    if (w->group == NULL || w->bn == NULL || w->d == NULL || w->x == NULL ||
        BN_bin2bn(d->b, sizeof d->b, w->d) == NULL)
        return false;
    BN_set_flags(w->d, BN_FLG_CONSTTIME);
    w->result = EC_POINT_new(w->group);
    return w->result != NULL && !BN_is_zero(w->d) &&
           BN_cmp(w->d, EC_GROUP_get0_order(w->group)) < 0;
}

enum head2_status p384_public(uint8_t point[P384_POINT_BYTES], const struct p384_secret *d)
{
    struct work w;
    bool done = work_start(&w, d) && EC_POINT_mul(w.group, w.result, w.d, NULL, NULL, w.bn) == 1 &&
                EC_POINT_point2oct(w.group, w.result, POINT_CONVERSION_UNCOMPRESSED, point,
                                   P384_POINT_BYTES, w.bn) == P384_POINT_BYTES;

    work_free(&w);
    return done ? HEAD2_OK : HEAD2_E_CRYPTO;
}

enum head2_status p384_shared(uint8_t z[P384_SECRET_BYTES], const struct p384_secret *d,
                              const uint8_t peer[P384_POINT_BYTES])
{
    enum head2_status st = HEAD2_E_CRYPTO;
    EC_POINT *q = NULL;
    struct work w;

    memset(z, 0, P384_SECRET_BYTES);
    if (!work_start(&w, d))
        goto done;
    q = EC_POINT_new(w.group);
    if (q == NULL)
        goto done;
    /* The cofactor is 1: a point of the curve that is not at infinity is all that can be asked. */
    st = HEAD2_E_MALFORMED;
    if (peer[0] != POINT_CONVERSION_UNCOMPRESSED ||
        EC_POINT_oct2point(w.group, q, peer, P384_POINT_BYTES, w.bn) != 1 ||
        EC_POINT_is_on_curve(w.group, q, w.bn) != 1)
        goto done;
    st = HEAD2_E_CRYPTO;
    if (EC_POINT_mul(w.group, w.result, NULL, q, w.d, w.bn) == 1 &&
        EC_POINT_get_affine_coordinates(w.group, w.result, w.x, NULL, w.bn) == 1 &&
        BN_bn2binpad(w.x, z, P384_SECRET_BYTES) == P384_SECRET_BYTES)
        st = HEAD2_OK;
done:
    EC_POINT_free(q);
    work_free(&w);
    return st;
}
