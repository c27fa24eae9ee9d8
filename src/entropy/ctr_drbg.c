/* see entropy/ctr_drbg.h */
#include "entropy/ctr_drbg.h"

#include "cpu/cpu.h"

static const uint64_t MAX_REQUESTS = (uint64_t)1 << 48;

const struct ctr_drbg_policy ctr_drbg_strict = {(uint64_t)1 << 48, 1 << 14};
const struct ctr_drbg_policy ctr_drbg_90a = {(uint64_t)1 << 48, UINT64_MAX};

/* ---- Block_Cipher_df, SP 800-90A, 10.3.2 ---- */

struct df {
    const struct aes256_kernels *k;
    uint8_t mac[3][AES_BLOCK];
    uint8_t buf[16 * AES_BLOCK]; /* most inputs in one piece: each costs a key expansion */
    size_t used;
};

static const uint8_t df_key[AES256_KEY] = {0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10,
                                           11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21,
                                           22, 23, 24, 25, 26, 27, 28, 29, 30, 31};

static void df_add(struct df *df, const void *p, size_t len)
{
    const uint8_t *from = p;

    while (len != 0) {
        const size_t room = sizeof df->buf - df->used, n = len < room ? len : room;
        memcpy(df->buf + df->used, from, n);
        df->used += n;
        from += n;
        len -= n;
        if (df->used == sizeof df->buf) {
            df->k->cbc_mac3(df_key, df->mac, df->buf, sizeof df->buf / AES_BLOCK);
            df->used = 0;
        }
    }
}

/* BCC starts from zero and takes IV = i || 0 as its first block: the same as to start from IV and
 * take a block of zeros. */
static void df_begin(struct df *df, const struct aes256_kernels *k, size_t input_len)
{
    uint8_t head[AES_BLOCK + 8] = {0};

    df->k = k;
    df->used = 0;
    memset(df->mac, 0, sizeof df->mac);
    for (uint8_t i = 0; i < 3; i++)
        df->mac[i][3] = i;
    put_be32(head + AES_BLOCK, (uint32_t)input_len);
    put_be32(head + AES_BLOCK + 4, AES256_SEED);
    df_add(df, head, sizeof head);
}

static void df_end(struct df *df, uint8_t out[AES256_SEED])
{
    static const uint8_t end = 0x80, zeros[AES_BLOCK];

    df_add(df, &end, 1);
    df_add(df, zeros, (AES_BLOCK - df->used % AES_BLOCK) % AES_BLOCK);
    df->k->cbc_mac3(df_key, df->mac, df->buf, df->used / AES_BLOCK);
    /* the first two blocks are a key, the third is what it encrypts */
    df->k->iterate3(df->mac[0], df->mac[2], out);
    head2_wipe(df->mac, sizeof df->mac);
    head2_wipe(df->buf, sizeof df->buf);
}

/* ---- seed material ---- */

static bool input_fits(struct ctr_drbg_input in, bool df)
{
    return in.len <= (df ? CTR_DRBG_MAX_INPUT : AES256_SEED);
}

/* 48 bytes out of one to three strings: by the derivation function, or as the XOR of the first and
 * the last, filled up with zeros. */
static void seed_material(uint8_t seed[AES256_SEED], bool df, const struct aes256_kernels *k,
                          struct ctr_drbg_input first, struct ctr_drbg_input nonce,
                          struct ctr_drbg_input last)
{
    struct df f;
    const uint8_t *p = last.p;

    if (df) {
        df_begin(&f, k, first.len + nonce.len + last.len);
        df_add(&f, first.p, first.len);
        df_add(&f, nonce.p, nonce.len);
        df_add(&f, last.p, last.len);
        df_end(&f, seed);
        return;
    }
    memset(seed, 0, AES256_SEED);
    copy_bytes(seed, first.p, first.len);
    for (size_t i = 0; i < last.len; i++)
        seed[i] ^= p[i];
}

static const struct ctr_drbg_input nothing = {NULL, 0};

/* Entropy from the source, made into seed material together with what the caller gives. */
static enum head2_status fresh_seed(const struct ctr_drbg *d, const struct aes256_kernels *k,
                                    unsigned bits, struct ctr_drbg_input nonce,
                                    struct ctr_drbg_input last, uint8_t seed[AES256_SEED])
{
    enum head2_status st;
    uint8_t entropy[CTR_DRBG_MAX_ENTROPY];
    size_t len = d->df ? sizeof entropy : AES256_SEED;

    HEAD2_TRY(d->source.get(d->source.arg, bits, entropy, &len));
    /* shorter than its entropy it cannot be */
    if (d->df ? len < bits / 8 || len > sizeof entropy : len != AES256_SEED)
        HEAD2_TRY(HEAD2_E_ENTROPY);
    seed_material(seed, d->df, k, (struct ctr_drbg_input){entropy, len}, nonce, last);
done:
    head2_wipe(entropy, sizeof entropy);
    return st;
}

/* ---- the four functions of SP 800-90A, 9.1 to 9.4 ---- */

enum head2_status ctr_drbg_instantiate(struct ctr_drbg *d, bool df, struct ctr_drbg_source source,
                                       struct ctr_drbg_policy policy, struct ctr_drbg_input nonce,
                                       struct ctr_drbg_input personalization)
{
    enum head2_status st = HEAD2_OK;
    const struct aes256_kernels *k = aes256_kernels();
    uint8_t seed[AES256_SEED];

    memset(d, 0, sizeof *d);
    if (policy.requests == 0 || policy.requests > MAX_REQUESTS || policy.bytes == 0 ||
        source.get == NULL || nonce.len > (df ? CTR_DRBG_MAX_INPUT : 0) ||
        !input_fits(personalization, df))
        return HEAD2_E_ARG;
    d->df = df;
    d->source = source;
    d->policy = policy;
    HEAD2_TRY(fresh_seed(d, k, CTR_DRBG_INSTANTIATE_BITS, nonce, personalization, seed));
    k->generate(&d->st, NULL, 0, seed);
    d->requests = 1;
done:
    head2_wipe(seed, sizeof seed);
    cpu_wipe_residue(CPU_KERNELS_BELOW);
    if (st != HEAD2_OK)
        ctr_drbg_uninstantiate(d);
    return st;
}

/* Without the wipe of residue, which the caller does at its end. */
static enum head2_status reseed(struct ctr_drbg *d, const struct aes256_kernels *k,
                                struct ctr_drbg_input additional)
{
    enum head2_status st = HEAD2_OK;
    uint8_t seed[AES256_SEED];

    HEAD2_TRY(fresh_seed(d, k, CTR_DRBG_RESEED_BITS, nothing, additional, seed));
    k->generate(&d->st, NULL, 0, seed);
    d->requests = 1;
    d->bytes = 0;
    d->reseeds++;
done:
    head2_wipe(seed, sizeof seed);
    return st;
}

enum head2_status ctr_drbg_reseed(struct ctr_drbg *d, struct ctr_drbg_input additional)
{
    enum head2_status st;

    if (d->requests == 0)
        return HEAD2_E_STATE;
    if (!input_fits(additional, d->df))
        return HEAD2_E_ARG;
    st = reseed(d, aes256_kernels(), additional);
    cpu_wipe_residue(CPU_KERNELS_BELOW);
    return st;
}

static enum head2_status check_request(const struct ctr_drbg *d, size_t len,
                                       struct ctr_drbg_input additional)
{
    if (d->requests == 0)
        return HEAD2_E_STATE;
    if (!input_fits(additional, d->df))
        return HEAD2_E_ARG;
    return len > CTR_DRBG_MAX_REQUEST || len > d->policy.bytes ? HEAD2_E_LIMIT : HEAD2_OK;
}

enum head2_status ctr_drbg_generate(struct ctr_drbg *d, void *out, size_t len, bool fresh,
                                    struct ctr_drbg_input additional)
{
    enum head2_status st;
    const struct aes256_kernels *k = aes256_kernels();
    uint8_t seed[AES256_SEED];

    HEAD2_TRY(check_request(d, len, additional));
    if (fresh || d->requests > d->policy.requests || len > d->policy.bytes - d->bytes) {
        HEAD2_TRY(reseed(d, k, additional));
        additional = nothing; /* 9.3.1, step 7.4: it has been used */
    }
    if (additional.len != 0) {
        seed_material(seed, d->df, k, nothing, nothing, additional);
        k->generate(&d->st, NULL, 0, seed);
        k->generate(&d->st, out, len, seed);
        head2_wipe(seed, sizeof seed);
    } else {
        k->generate(&d->st, out, len, NULL);
    }
    d->requests++;
    d->bytes += len;
done:
    if (st != HEAD2_OK)
        head2_wipe(out, len);
    cpu_wipe_residue(CPU_KERNELS_BELOW);
    return st;
}

enum head2_status ctr_drbg_fill(struct ctr_drbg *d, void *out, size_t len, bool fresh)
{
    enum head2_status st = HEAD2_OK;
    const size_t most =
        d->policy.bytes < CTR_DRBG_MAX_REQUEST ? (size_t)d->policy.bytes : CTR_DRBG_MAX_REQUEST;
    uint8_t *p = out;
    size_t done = 0;

    do {
        const size_t n = len - done < most ? len - done : most;
        HEAD2_TRY(ctr_drbg_generate(d, p + done, n, fresh && done == 0, nothing));
        done += n;
    } while (done < len);
done:
    if (st != HEAD2_OK)
        head2_wipe(out, len);
    return st;
}

void ctr_drbg_uninstantiate(struct ctr_drbg *d)
{
    head2_wipe(d, sizeof *d);
}
