/*
 * The algorithm table: FIPS 203, FIPS 204, and the object identifiers of RFC 9935 and RFC 9881.
 */
#include "keys/alg.h"

#include <strings.h>

static const struct alg_kem mlkem_512 = {
    .set = HEAD2_MLKEM_SET_512,
    .from_seed = head2_mlkem512_keypair_from_seed,
    .encaps = head2_mlkem512_encaps,
    .encaps_derand = head2_mlkem512_encaps_derand,
    .decaps = head2_mlkem512_decaps,
    .check_ek = head2_mlkem512_check_ek,
    .check_dk = head2_mlkem512_check_dk,
    .ek_at = 768,
};

static const struct alg_kem mlkem_768 = {
    .set = HEAD2_MLKEM_SET_768,
    .from_seed = head2_mlkem768_keypair_from_seed,
    .encaps = head2_mlkem768_encaps,
    .encaps_derand = head2_mlkem768_encaps_derand,
    .decaps = head2_mlkem768_decaps,
    .check_ek = head2_mlkem768_check_ek,
    .check_dk = head2_mlkem768_check_dk,
    .ek_at = 1152,
};

static const struct alg_kem mlkem_1024 = {
    .set = HEAD2_MLKEM_SET_1024,
    .from_seed = head2_mlkem1024_keypair_from_seed,
    .encaps = head2_mlkem1024_encaps,
    .encaps_derand = head2_mlkem1024_encaps_derand,
    .decaps = head2_mlkem1024_decaps,
    .check_ek = head2_mlkem1024_check_ek,
    .check_dk = head2_mlkem1024_check_dk,
    .ek_at = 1536,
};

static const struct alg_dsa mldsa_44 = {
    .set = HEAD2_MLDSA_SET_44,
    .from_seed = head2_mldsa44_keypair_from_seed,
    .public_of = head2_mldsa44_public_from_private,
    .sign = head2_mldsa44_sign,
    .sign_deterministic = head2_mldsa44_sign_deterministic,
    .verify = head2_mldsa44_verify,
};

static const struct alg_dsa mldsa_65 = {
    .set = HEAD2_MLDSA_SET_65,
    .from_seed = head2_mldsa65_keypair_from_seed,
    .public_of = head2_mldsa65_public_from_private,
    .sign = head2_mldsa65_sign,
    .sign_deterministic = head2_mldsa65_sign_deterministic,
    .verify = head2_mldsa65_verify,
};

static const struct alg_dsa mldsa_87 = {
    .set = HEAD2_MLDSA_SET_87,
    .from_seed = head2_mldsa87_keypair_from_seed,
    .public_of = head2_mldsa87_public_from_private,
    .sign = head2_mldsa87_sign,
    .sign_deterministic = head2_mldsa87_sign_deterministic,
    .verify = head2_mldsa87_verify,
};

/* 2.16.840.1.101.3.4.family.member */
#define OID(family, member)                                                                        \
    {                                                                                              \
        0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, family, member                                   \
    }

static const struct alg algs[] = {
    {
     .id = HEAD2_MLKEM_512,
     .name = "ML-KEM-512",
     .oid = OID(4,                            1),
     .public_bytes = HEAD2_MLKEM512_EK_BYTES,
     .private_bytes = HEAD2_MLKEM512_DK_BYTES,
     .seed_bytes = HEAD2_MLKEM_SEED_BYTES,
     .ct_bytes = HEAD2_MLKEM512_CT_BYTES,
     .kem = &mlkem_512,
     },
    {
     .id = HEAD2_MLKEM_768,
     .name = "ML-KEM-768",
     .oid = OID(4,                   2),
     .public_bytes = HEAD2_MLKEM768_EK_BYTES,
     .private_bytes = HEAD2_MLKEM768_DK_BYTES,
     .seed_bytes = HEAD2_MLKEM_SEED_BYTES,
     .ct_bytes = HEAD2_MLKEM768_CT_BYTES,
     .kem = &mlkem_768,
     },
    {
     .id = HEAD2_MLKEM_1024,
     .name = "ML-KEM-1024",
     .oid = OID(4,                                       3),
     .public_bytes = HEAD2_MLKEM1024_EK_BYTES,
     .private_bytes = HEAD2_MLKEM1024_DK_BYTES,
     .seed_bytes = HEAD2_MLKEM_SEED_BYTES,
     .ct_bytes = HEAD2_MLKEM1024_CT_BYTES,
     .kem = &mlkem_1024,
     },
    {
     .id = HEAD2_MLDSA_44,
     .name = "ML-DSA-44",
     .oid = OID(3,    17),
     .public_bytes = HEAD2_MLDSA44_PK_BYTES,
     .private_bytes = HEAD2_MLDSA44_SK_BYTES,
     .seed_bytes = HEAD2_MLDSA_SEED_BYTES,
     .sig_bytes = HEAD2_MLDSA44_SIG_BYTES,
     .dsa = &mldsa_44,
     },
    {
     .id = HEAD2_MLDSA_65,
     .name = "ML-DSA-65",
     .oid = OID(3, 18),
     .public_bytes = HEAD2_MLDSA65_PK_BYTES,
     .private_bytes = HEAD2_MLDSA65_SK_BYTES,
     .seed_bytes = HEAD2_MLDSA_SEED_BYTES,
     .sig_bytes = HEAD2_MLDSA65_SIG_BYTES,
     .dsa = &mldsa_65,
     },
    {
     .id = HEAD2_MLDSA_87,
     .name = "ML-DSA-87",
     .oid = OID(3,                       19),
     .public_bytes = HEAD2_MLDSA87_PK_BYTES,
     .private_bytes = HEAD2_MLDSA87_SK_BYTES,
     .seed_bytes = HEAD2_MLDSA_SEED_BYTES,
     .sig_bytes = HEAD2_MLDSA87_SIG_BYTES,
     .dsa = &mldsa_87,
     },
};

const struct alg *alg_of(enum head2_alg id)
{
    for (size_t i = 0; i < HEAD2_LEN(algs); i++) {
        if (algs[i].id == id)
            return &algs[i];
    }
    return NULL;
}

const struct alg *alg_by_oid(const uint8_t *oid, size_t len)
{
    for (size_t i = 0; i < HEAD2_LEN(algs); i++) {
        if (len == ALG_OID_BYTES && memcmp(oid, algs[i].oid, ALG_OID_BYTES) == 0)
            return &algs[i];
    }
    return NULL;
}

const char *head2_alg_name(enum head2_alg alg)
{
    const struct alg *a = alg_of(alg);
    return a == NULL ? "none" : a->name;
}

enum head2_alg head2_alg_from_name(const char *name)
{
    for (size_t i = 0; i < HEAD2_LEN(algs); i++) {
        if (strcasecmp(name, algs[i].name) == 0)
            return algs[i].id;
    }
    return HEAD2_ALG_NONE;
}

bool head2_alg_is_signature(enum head2_alg alg)
{
    const struct alg *a = alg_of(alg);
    return a != NULL && a->dsa != NULL;
}

size_t head2_alg_public_bytes(enum head2_alg alg)
{
    const struct alg *a = alg_of(alg);
    return a == NULL ? 0 : a->public_bytes;
}

size_t head2_alg_private_bytes(enum head2_alg alg)
{
    const struct alg *a = alg_of(alg);
    return a == NULL ? 0 : a->private_bytes;
}

size_t head2_alg_sig_bytes(enum head2_alg alg)
{
    const struct alg *a = alg_of(alg);
    return a == NULL ? 0 : a->sig_bytes;
}

size_t head2_alg_ct_bytes(enum head2_alg alg)
{
    const struct alg *a = alg_of(alg);
    return a == NULL ? 0 : a->ct_bytes;
}
