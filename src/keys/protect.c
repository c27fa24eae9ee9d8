/* Private keys in protected memory; see head2_key_protect. */
#include "base/secmem.h"
#include "keys/key.h"

#include <stdlib.h>

static size_t prepared_bytes(const struct alg *alg)
{
    static const size_t signers[] = {[HEAD2_MLDSA_SET_44] = HEAD2_MLDSA44_SIGNER_BYTES,
                                     [HEAD2_MLDSA_SET_65] = HEAD2_MLDSA65_SIGNER_BYTES,
                                     [HEAD2_MLDSA_SET_87] = HEAD2_MLDSA87_SIGNER_BYTES};
    static const size_t dks[] = {[HEAD2_MLKEM_SET_512] = HEAD2_MLKEM512_PREPARED_DK_BYTES,
                                 [HEAD2_MLKEM_SET_768] = HEAD2_MLKEM768_PREPARED_DK_BYTES,
                                 [HEAD2_MLKEM_SET_1024] = HEAD2_MLKEM1024_PREPARED_DK_BYTES};

    return alg->dsa != NULL ? signers[alg->dsa->set] : dks[alg->kem->set];
}

enum head2_status key_prepare_protected(struct head2_key *key)
{
    const struct alg *const alg = key->alg;
    enum head2_status st;
    void *place;

    HEAD2_TRY(secmem_new(&place, prepared_bytes(alg), SECMEM_LONG_TERM));
    st = alg->dsa != NULL ? head2_mldsa_signer_init(place, alg->dsa->set, key->secret->priv)
                          : head2_mlkem_dk_init(place, alg->kem->set, key->secret->priv);
    if (st != HEAD2_OK)
        secmem_free(place);
    else if (alg->dsa != NULL)
        key->signer = place;
    else
        key->dk = place;
done:
    return st;
}

void key_free_secrets(struct head2_key *key)
{
    if (key->is_protected) { /* which wipes them */
        secmem_free(key->signer);
        secmem_free(key->dk);
        secmem_free(key->secret);
        return;
    }
    head2_mldsa_signer_free(key->signer);
    head2_mlkem_dk_free(key->dk);
    if (key->secret != NULL)
        head2_wipe(key->secret, sizeof *key->secret);
    free(key->secret);
}

enum head2_status head2_key_protect(struct head2_key *key)
{
    enum head2_status st;
    void *place;

    if (!key->has_private || key->is_protected)
        return HEAD2_OK;
    const bool was_prepared = key->signer != NULL || key->dk != NULL;
    HEAD2_TRY(secmem_new(&place, sizeof *key->secret, SECMEM_LONG_TERM));
    memcpy(place, key->secret, sizeof *key->secret);
    key_free_secrets(key);
    key->secret = place;
    key->signer = NULL;
    key->dk = NULL;
    key->is_protected = true;
    if (was_prepared)
        st = key_prepare_protected(key);
done:
    return st;
}
