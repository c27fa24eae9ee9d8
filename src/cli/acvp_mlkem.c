/*
 * ACVP ML-KEM: keyGen, and encapDecap with its key checks (FIPS 203).
 */
#include "cli/acvp.h"

#include <head2/mlkem.h>

struct kem {
    const char *name;
    size_t ek, dk, ct;
    enum head2_status (*keypair_from_seed)(uint8_t *, uint8_t *, const struct head2_secret64 *);
    enum head2_status (*encaps_derand)(uint8_t *, struct head2_secret32 *, const uint8_t *,
                                       const struct head2_secret32 *);
    enum head2_status (*decaps)(struct head2_secret32 *, const uint8_t *, const uint8_t *);
    enum head2_status (*check_ek)(const uint8_t *);
    enum head2_status (*check_dk)(const uint8_t *);
};

static const struct kem kems[] = {
    {"ML-KEM-512",  HEAD2_MLKEM512_EK_BYTES,  HEAD2_MLKEM512_DK_BYTES,  HEAD2_MLKEM512_CT_BYTES,
     head2_mlkem512_keypair_from_seed,  head2_mlkem512_encaps_derand,  head2_mlkem512_decaps,
     head2_mlkem512_check_ek,  head2_mlkem512_check_dk },
    {"ML-KEM-768",  HEAD2_MLKEM768_EK_BYTES,  HEAD2_MLKEM768_DK_BYTES,  HEAD2_MLKEM768_CT_BYTES,
     head2_mlkem768_keypair_from_seed,  head2_mlkem768_encaps_derand,  head2_mlkem768_decaps,
     head2_mlkem768_check_ek,  head2_mlkem768_check_dk },
    {"ML-KEM-1024", HEAD2_MLKEM1024_EK_BYTES, HEAD2_MLKEM1024_DK_BYTES, HEAD2_MLKEM1024_CT_BYTES,
     head2_mlkem1024_keypair_from_seed, head2_mlkem1024_encaps_derand, head2_mlkem1024_decaps,
     head2_mlkem1024_check_ek, head2_mlkem1024_check_dk},
};

static const struct kem *kem_of(struct acvp_case *c)
{
    const char *name = acvp_text(c, "parameterSet");

    for (size_t i = 0; name != NULL && i < HEAD2_LEN(kems); i++)
        if (strcmp(kems[i].name, name) == 0)
            return &kems[i];
    return NULL;
}

enum head2_status acvp_mlkem_keygen(struct acvp_case *c)
{
    const struct kem *k = kem_of(c);
    struct acvp_bytes d, z;
    struct head2_secret64 seed;
    enum head2_status st = HEAD2_OK;

    if (k == NULL)
        return acvp_bad(c, HEAD2_E_UNSUPPORTED, "no such parameterSet");
    HEAD2_TRY(acvp_hex(c, "d", 32, false, &d));
    HEAD2_TRY(acvp_hex(c, "z", 32, false, &z));
    memcpy(seed.b, d.p, 32);
    memcpy(seed.b + 32, z.p, 32);
    uint8_t *ek = acvp_room(c, k->ek), *dk = acvp_room(c, k->dk);
    if (ek == NULL || dk == NULL)
        return HEAD2_E_MEMORY;
    HEAD2_TRY(k->keypair_from_seed(ek, dk, &seed));
    HEAD2_TRY(acvp_put_hex(c, "ek", ek, k->ek));
    HEAD2_TRY(acvp_put_hex(c, "dk", dk, k->dk));

done:
    return st;
}

static enum head2_status encapsulate(struct acvp_case *c, const struct kem *k)
{
    struct acvp_bytes ek, m;
    struct head2_secret32 coins, ss;
    enum head2_status st = HEAD2_OK;

    HEAD2_TRY(acvp_hex(c, "ek", k->ek, false, &ek));
    HEAD2_TRY(acvp_hex(c, "m", 32, false, &m));
    memcpy(coins.b, m.p, 32);
    uint8_t *ct = acvp_room(c, k->ct);
    if (ct == NULL)
        return HEAD2_E_MEMORY;
    HEAD2_TRY(k->encaps_derand(ct, &ss, ek.p, &coins));
    HEAD2_TRY(acvp_put_hex(c, "c", ct, k->ct));
    HEAD2_TRY(acvp_put_hex(c, "k", ss.b, sizeof ss.b));

done:
    return st;
}

static enum head2_status decapsulate(struct acvp_case *c, const struct kem *k)
{
    struct acvp_bytes dk, ct;
    struct head2_secret32 ss;
    enum head2_status st = HEAD2_OK;

    HEAD2_TRY(acvp_hex(c, "dk", k->dk, false, &dk));
    HEAD2_TRY(acvp_hex(c, "c", k->ct, false, &ct));
    HEAD2_TRY(k->decaps(&ss, dk.p, ct.p));
    HEAD2_TRY(acvp_put_hex(c, "k", ss.b, sizeof ss.b));

done:
    return st;
}

/* A key of the wrong length fails its check (FIPS 203, 7.2 and 7.3: type checks). */
static enum head2_status check_key(struct acvp_case *c, const char *name, size_t len,
                                   enum head2_status (*check)(const uint8_t *))
{
    struct acvp_bytes key;
    enum head2_status st = acvp_hex(c, name, 0, false, &key);

    if (st != HEAD2_OK)
        return st;
    return acvp_put_bool(c, "testPassed", key.len == len && check(key.p) == HEAD2_OK);
}

enum head2_status acvp_mlkem_encap_decap(struct acvp_case *c)
{
    const struct kem *k = kem_of(c);
    const char *function = acvp_text(c, "function");

    if (k == NULL || function == NULL)
        return acvp_bad(c, HEAD2_E_UNSUPPORTED, "no such parameterSet, or no function");
    if (strcmp(function, "encapsulation") == 0)
        return encapsulate(c, k);
    if (strcmp(function, "decapsulation") == 0)
        return decapsulate(c, k);
    if (strcmp(function, "encapsulationKeyCheck") == 0)
        return check_key(c, "ek", k->ek, k->check_ek);
    if (strcmp(function, "decapsulationKeyCheck") == 0)
        return check_key(c, "dk", k->dk, k->check_dk);
    return acvp_bad(c, HEAD2_E_UNSUPPORTED, "function '%s' is not known", function);
}
