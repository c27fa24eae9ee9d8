/* see entropy/xdrbg.h */
#include "entropy/xdrbg.h"

#include "cpu/cpu.h"

#include <head2/hash.h>

/* The operations, told apart by the last byte of what is hashed: 85 of them for each, one for every
 * length of alpha. */
enum operation { INSTANTIATE, RESEED, GENERATE };

static const uint64_t MAX_REQUESTS = (uint64_t)1 << 48;
static const struct ctr_drbg_input nothing = {NULL, 0};

/* XOF(encode(V || seed, alpha, operation)): the next V, then len bytes of output. */
static void step(struct xdrbg *d, enum operation operation, struct ctr_drbg_input seed,
                 struct ctr_drbg_input alpha, uint8_t *out, size_t len)
{
    struct head2_keccak xof;
    const uint8_t last = (uint8_t)((unsigned)operation * (XDRBG_MAX_ADDITIONAL + 1) + alpha.len);

    head2_shake256_init(&xof);
    if (operation != INSTANTIATE)
        head2_shake_update(&xof, d->v, sizeof d->v);
    head2_shake_update(&xof, seed.p, seed.len);
    head2_shake_update(&xof, alpha.p, alpha.len);
    head2_shake_update(&xof, &last, 1);
    head2_shake_squeeze(&xof, d->v, sizeof d->v);
    head2_shake_squeeze(&xof, out, len);
    head2_wipe(&xof, sizeof xof);
}

static enum head2_status seed_with(struct xdrbg *d, enum operation operation, unsigned bits,
                                   struct ctr_drbg_input alpha)
{
    enum head2_status st;
    uint8_t entropy[CTR_DRBG_MAX_ENTROPY];
    size_t len = sizeof entropy;

    HEAD2_TRY(d->source.get(d->source.arg, bits, entropy, &len));
    if (len < bits / 8 || len > sizeof entropy) /* shorter than its entropy it cannot be */
        HEAD2_TRY(HEAD2_E_ENTROPY);
    step(d, operation, (struct ctr_drbg_input){entropy, len}, alpha, NULL, 0);
    d->requests = 1;
    d->bytes = 0;
done:
    head2_wipe(entropy, sizeof entropy);
    return st;
}

enum head2_status xdrbg_instantiate(struct xdrbg *d, struct ctr_drbg_source source,
                                    struct ctr_drbg_policy policy,
                                    struct ctr_drbg_input personalization)
{
    enum head2_status st;

    memset(d, 0, sizeof *d);
    if (policy.requests == 0 || policy.requests > MAX_REQUESTS || policy.bytes == 0 ||
        source.get == NULL || personalization.len > XDRBG_MAX_ADDITIONAL)
        return HEAD2_E_ARG;
    d->source = source;
    d->policy = policy;
    st = seed_with(d, INSTANTIATE, XDRBG_INSTANTIATE_BITS, personalization);
    cpu_wipe_residue(CPU_KERNELS_BELOW);
    if (st != HEAD2_OK)
        xdrbg_uninstantiate(d);
    return st;
}

static enum head2_status reseed(struct xdrbg *d, struct ctr_drbg_input additional)
{
    const enum head2_status st = seed_with(d, RESEED, XDRBG_RESEED_BITS, additional);

    if (st == HEAD2_OK)
        d->reseeds++;
    return st;
}

enum head2_status xdrbg_reseed(struct xdrbg *d, struct ctr_drbg_input additional)
{
    enum head2_status st;

    if (d->requests == 0)
        return HEAD2_E_STATE;
    if (additional.len > XDRBG_MAX_ADDITIONAL)
        return HEAD2_E_ARG;
    st = reseed(d, additional);
    cpu_wipe_residue(CPU_KERNELS_BELOW);
    return st;
}

enum head2_status xdrbg_generate(struct xdrbg *d, void *out, size_t len, bool fresh,
                                 struct ctr_drbg_input additional)
{
    enum head2_status st = d->requests == 0                        ? HEAD2_E_STATE
                           : additional.len > XDRBG_MAX_ADDITIONAL ? HEAD2_E_ARG
                                                                   : HEAD2_OK;
    uint8_t *p = out;
    size_t n;

    HEAD2_TRY(st);
    do {
        n = len < XDRBG_MAX_REQUEST ? len : XDRBG_MAX_REQUEST;
        if (n > d->policy.bytes)
            n = (size_t)d->policy.bytes;
        if (fresh || d->requests > d->policy.requests || n > d->policy.bytes - d->bytes) {
            HEAD2_TRY(reseed(d, additional));
            additional = nothing;
        }
        step(d, GENERATE, nothing, additional, p, n);
        additional = nothing;
        fresh = false;
        d->requests++;
        d->bytes += n;
        p += n;
        len -= n;
    } while (len != 0);
done:
    if (st != HEAD2_OK)
        head2_wipe(out, (size_t)(p - (uint8_t *)out) + len);
    cpu_wipe_residue(CPU_KERNELS_BELOW);
    return st;
}

void xdrbg_uninstantiate(struct xdrbg *d)
{
    head2_wipe(d, sizeof *d);
}
