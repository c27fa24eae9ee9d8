/*
 * The classical half of the hybrid suite: RFC 5903's values, agreement of random pairs, and what is
 * no scalar or no point.
 */
#include "check.h"

#include "cipher/p384.h"

#include <head2/random.h>

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/obj_mac.h>

static void unhex(uint8_t *out, size_t len, const char *text)
{
    for (size_t i = 0; i < len; i++) {
        unsigned byte;
        CHECK(sscanf(text + 2 * i, "%2x", &byte) == 1);
        out[i] = (uint8_t)byte;
    }
}

/* RFC 5903, section 8.2 */
static const char rfc_i[] = "099f3c7034d4a2c699884d73a375a67f7624ef7c6b3c0f160647b67414dce655"
                            "e35b538041e649ee3faef896783ab194";
static const char rfc_gi[] = "04667842d7d180ac2cde6f74f37551f55755c7645c20ef73e31634fe72b4c55ee6"
                             "de3ac808acb4bdb4c88732aee95f41aa9482ed1fc0eeb9cafc4984625ccfc23f65"
                             "032149e0e144ada024181535a0f38eeb9fcff3c2c947dae69b4c634573a81c";
static const char rfc_r[] = "41cb0779b4bdb85d47846725fbec3c9430fab46cc8dc5060855cc9bda0aa2942"
                            "e0308312916b8ed2960e4bd55a7448fc";
static const char rfc_z[] = "11187331c279962d93d604243fd592cb9d0a926f422e47187521287e7156c5c4"
                            "d603135569b9e9d09cf5d4a270f59746";

static void published_values(void)
{
    uint8_t gi[P384_POINT_BYTES], gr[P384_POINT_BYTES], expect[P384_POINT_BYTES];
    uint8_t z[P384_SECRET_BYTES];
    struct p384_secret i, r;

    unhex(i.b, sizeof i.b, rfc_i);
    unhex(r.b, sizeof r.b, rfc_r);
    unhex(expect, sizeof expect, rfc_gi);
    CHECK_EQ(p384_public(gi, &i), HEAD2_OK);
    CHECK_MEM(gi, expect, sizeof gi);
    CHECK_EQ(p384_public(gr, &r), HEAD2_OK);
    unhex(expect, P384_SECRET_BYTES, rfc_z);
    CHECK_EQ(p384_shared(z, &r, gi), HEAD2_OK);
    CHECK_MEM(z, expect, sizeof z);
    CHECK_EQ(p384_shared(z, &i, gr), HEAD2_OK);
    CHECK_MEM(z, expect, sizeof z);
}

static void both_ends_agree(void)
{
    for (unsigned n = 0; n < 20; n++) {
        uint8_t pa[P384_POINT_BYTES], pb[P384_POINT_BYTES];
        uint8_t za[P384_SECRET_BYTES], zb[P384_SECRET_BYTES];
        struct p384_secret a, b;

        CHECK_EQ(head2_random(&a, sizeof a), HEAD2_OK);
        CHECK_EQ(head2_random(&b, sizeof b), HEAD2_OK);
        CHECK_EQ(p384_public(pa, &a), HEAD2_OK);
        CHECK_EQ(p384_public(pb, &b), HEAD2_OK);
        CHECK_EQ(p384_shared(za, &a, pb), HEAD2_OK);
        CHECK_EQ(p384_shared(zb, &b, pa), HEAD2_OK);
        CHECK_MEM(za, zb, sizeof za);
        pb[P384_POINT_BYTES - 1] ^= 1; /* of the two y of an x, neither */
        CHECK_EQ(p384_shared(za, &a, pb), HEAD2_E_MALFORMED);
    }
}

/* The order of the group, plus what is given. */
static struct p384_secret near_order(int plus)
{
    EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_secp384r1);
    BIGNUM *n = BN_dup(EC_GROUP_get0_order(group));
    struct p384_secret d;

    CHECK(plus < 0 ? BN_sub_word(n, (BN_ULONG)-plus) == 1 : BN_add_word(n, (BN_ULONG)plus) == 1);
    CHECK_EQ(BN_bn2binpad(n, d.b, sizeof d.b), sizeof d.b);
    BN_free(n);
    EC_GROUP_free(group);
    return d;
}

static void scalars_of_the_group_alone(void)
{
    uint8_t point[P384_POINT_BYTES], one[P384_POINT_BYTES];
    struct p384_secret d = {{0}}, last = near_order(-1), order = near_order(0),
                       above = near_order(1);

    CHECK_EQ(p384_public(point, &d), HEAD2_E_CRYPTO);
    CHECK_EQ(p384_public(point, &order), HEAD2_E_CRYPTO);
    CHECK_EQ(p384_public(point, &above), HEAD2_E_CRYPTO);
    memset(&d, 0xff, sizeof d);
    CHECK_EQ(p384_public(point, &d), HEAD2_E_CRYPTO);
    memset(&d, 0, sizeof d);
    d.b[sizeof d.b - 1] = 1;
    CHECK_EQ(p384_public(one, &d), HEAD2_OK);
    CHECK_EQ(p384_public(point, &last), HEAD2_OK);
    CHECK_MEM(point, one, 1 + P384_SECRET_BYTES); /* n-1 gives the generator's x */
    CHECK(memcmp(point, one, sizeof point) != 0);
}

static void points_of_the_curve_alone(void)
{
    uint8_t point[P384_POINT_BYTES], z[P384_SECRET_BYTES];
    static const uint8_t zero[P384_SECRET_BYTES];
    struct p384_secret d = {{1}};

    CHECK_EQ(p384_public(point, &d), HEAD2_OK);
    for (unsigned form = 0; form < 256; form++) {
        point[0] = (uint8_t)form;
        CHECK_EQ(p384_shared(z, &d, point) == HEAD2_OK, form == 4);
    }
    point[0] = 4;
    for (unsigned i = 1; i < P384_POINT_BYTES; i++) {
        point[i] ^= 0x10;
        CHECK_EQ(p384_shared(z, &d, point), HEAD2_E_MALFORMED);
        CHECK_MEM(z, zero, sizeof z);
        point[i] ^= 0x10;
    }
    memset(point + 1, 0xff, sizeof point - 1); /* coordinates outside the field */
    CHECK_EQ(p384_shared(z, &d, point), HEAD2_E_MALFORMED);
    memset(point + 1, 0, sizeof point - 1);
    CHECK_EQ(p384_shared(z, &d, point), HEAD2_E_MALFORMED);
}

int main(void)
{
    RUN(published_values);
    RUN(both_ends_agree);
    RUN(scalars_of_the_group_alone);
    RUN(points_of_the_curve_alone);
    CHECK_EXIT();
}
