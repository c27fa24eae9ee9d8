/*
 * Prepared keys: what encapsulation and decapsulation compute of a key alone, computed once. That
 * is the matrix, by far the most of it, the hash of ek, and the checks.
 */
#include "mlkem/kem.h"

#include <head2/random.h>

#include <stdlib.h>

enum { ALIGN = HEAD2_MLKEM_PREPARED_ALIGN };

#define POLYS(n)    ((n) * sizeof(struct mlkem_poly))
#define EK_BYTES(k) (sizeof(struct head2_mlkem_ek) + POLYS((size_t)(k) * (k) + (k)))
#define DK_BYTES(k) (sizeof(struct head2_mlkem_dk) + POLYS((size_t)(k) * (k) + (k) + (k)))

_Static_assert(EK_BYTES(2u) == HEAD2_MLKEM512_PREPARED_EK_BYTES, "published size");
_Static_assert(EK_BYTES(3u) == HEAD2_MLKEM768_PREPARED_EK_BYTES, "published size");
_Static_assert(EK_BYTES(4u) == HEAD2_MLKEM1024_PREPARED_EK_BYTES, "published size");
_Static_assert(DK_BYTES(2u) == HEAD2_MLKEM512_PREPARED_DK_BYTES, "published size");
_Static_assert(DK_BYTES(3u) == HEAD2_MLKEM768_PREPARED_DK_BYTES, "published size");
_Static_assert(DK_BYTES(4u) == HEAD2_MLKEM1024_PREPARED_DK_BYTES, "published size");
_Static_assert(_Alignof(struct head2_mlkem_dk) == ALIGN, "published alignment");

const struct mlkem_params *mlkem_params_of(enum head2_mlkem_set set)
{
    static const struct mlkem_params *const sets[] = {&mlkem_512, &mlkem_768, &mlkem_1024};

    return (unsigned)set < HEAD2_LEN(sets) ? sets[set] : NULL;
}

struct mlkem_public mlkem_public_of(const struct head2_mlkem_ek *key)
{
    const unsigned k = key->p->k;

    return (struct mlkem_public){key->poly, key->poly + (size_t)k * k};
}

struct mlkem_private mlkem_private_of(const struct head2_mlkem_dk *key)
{
    const unsigned k = key->p->k;
    const struct mlkem_poly *t = key->poly + (size_t)k * k;

    return (struct mlkem_private){
        .pub = {key->poly, t},
          .s = t + k, .h = key->h, .z = key->z
    };
}

static bool aligned(const void *p)
{
    return (uintptr_t)p % ALIGN == 0;
}

enum head2_status head2_mlkem_ek_init(struct head2_mlkem_ek *key, enum head2_mlkem_set set,
                                      const uint8_t *ek)
{
    const struct mlkem_params *p = mlkem_params_of(set);

    if (p == NULL || !aligned(key))
        return HEAD2_E_ARG;
    if (mlkem_check_ek(p, ek) != HEAD2_OK) {
        head2_wipe(key, EK_BYTES(p->k));
        return HEAD2_E_MALFORMED;
    }
    key->p = p;
    mlkem_open_public(p, key->poly, key->poly + (size_t)p->k * p->k, key->h, ek);
    return HEAD2_OK;
}

enum head2_status head2_mlkem_dk_init(struct head2_mlkem_dk *key, enum head2_mlkem_set set,
                                      const uint8_t *dk)
{
    const struct mlkem_params *p = mlkem_params_of(set);

    if (p == NULL || !aligned(key))
        return HEAD2_E_ARG;
    const struct mlkem_dk_parts part = mlkem_dk_parts(p, dk);
    struct mlkem_poly *t = key->poly + (size_t)p->k * p->k;
    mlkem_open_public(p, key->poly, t, key->h, part.ek);
    if (mlkem_check_dk_hash(key->h, &part) != HEAD2_OK) {
        head2_wipe(key, DK_BYTES(p->k));
        return HEAD2_E_MALFORMED;
    }
    key->p = p;
    mlkem_pke_decode(p, t + p->k, part.dk_pke);
    memcpy(key->z, part.z, sizeof key->z);
    cpu_wipe_residue(CPU_CALLS_BELOW);
    return HEAD2_OK;
}

void head2_mlkem_dk_wipe(struct head2_mlkem_dk *key)
{
    if (key != NULL && key->p != NULL)
        head2_wipe(key, DK_BYTES(key->p->k));
}

enum head2_status head2_mlkem_ek_new(struct head2_mlkem_ek **key, enum head2_mlkem_set set,
                                     const uint8_t *ek)
{
    const struct mlkem_params *p = mlkem_params_of(set);
    enum head2_status st;

    *key = NULL;
    if (p == NULL)
        return HEAD2_E_ARG;
    struct head2_mlkem_ek *made = aligned_alloc(ALIGN, EK_BYTES(p->k));
    if (made == NULL)
        return HEAD2_E_MEMORY;
    HEAD2_TRY(head2_mlkem_ek_init(made, set, ek));
    *key = made;
    made = NULL;
done:
    free(made);
    return st;
}

enum head2_status head2_mlkem_dk_new(struct head2_mlkem_dk **key, enum head2_mlkem_set set,
                                     const uint8_t *dk)
{
    const struct mlkem_params *p = mlkem_params_of(set);
    enum head2_status st;

    *key = NULL;
    if (p == NULL)
        return HEAD2_E_ARG;
    struct head2_mlkem_dk *made = aligned_alloc(ALIGN, DK_BYTES(p->k));
    if (made == NULL)
        return HEAD2_E_MEMORY;
    HEAD2_TRY(head2_mlkem_dk_init(made, set, dk));
    *key = made;
    made = NULL;
done:
    free(made); /* nothing secret is left in it after a failure */
    return st;
}

void head2_mlkem_ek_free(struct head2_mlkem_ek *key)
{
    free(key);
}

void head2_mlkem_dk_free(struct head2_mlkem_dk *key)
{
    head2_mlkem_dk_wipe(key);
    free(key);
}

enum head2_status head2_mlkem_encaps(uint8_t *ct, struct head2_secret32 *ss,
                                     const struct head2_mlkem_ek *key)
{
    const struct mlkem_public pub = mlkem_public_of(key);
    struct head2_secret32 m;
    enum head2_status st;

    HEAD2_TRY(head2_random(m.b, sizeof m.b));
    mlkem_encaps_with(key->p, ct, ss, &pub, key->h, m.b);
done:
    head2_wipe(&m, sizeof m);
    if (st != HEAD2_OK) {
        head2_wipe(ct, key->p->ct_bytes);
        head2_wipe(ss, sizeof *ss);
    }
    return st;
}

void head2_mlkem_decaps(struct head2_secret32 *ss, const struct head2_mlkem_dk *key,
                        const uint8_t *ct)
{
    const struct mlkem_private priv = mlkem_private_of(key);

    mlkem_decaps_with(key->p, ss, &priv, ct);
}
