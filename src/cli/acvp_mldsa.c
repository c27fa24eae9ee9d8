/*
 * ACVP ML-DSA: keyGen, sigGen and sigVer (FIPS 204): the external interface, pure and pre-hashed,
 * and the internal one with and without an external mu. rnd comes from the prompt where it is
 * given, so the internal algorithms are called.
 */
#include "cli/acvp.h"
#include "mldsa/mldsa.h"

#include <head2/keys.h>
#include <head2/random.h>

static const enum head2_alg algs[] = {
    [MLDSA_44] = HEAD2_MLDSA_44, [MLDSA_65] = HEAD2_MLDSA_65, [MLDSA_87] = HEAD2_MLDSA_87};

static enum head2_status set_of(struct acvp_case *c, enum mldsa_set *set)
{
    const char *name = acvp_text(c, "parameterSet");

    for (size_t i = 0; name != NULL && i < HEAD2_LEN(algs); i++) {
        if (strcmp(head2_alg_name(algs[i]), name) == 0) {
            *set = (enum mldsa_set)i;
            return HEAD2_OK;
        }
    }
    return acvp_bad(c, HEAD2_E_UNSUPPORTED, "no such parameterSet");
}

enum head2_status acvp_mldsa_keygen(struct acvp_case *c)
{
    enum mldsa_set set = MLDSA_44;
    struct acvp_bytes seed;
    struct head2_secret32 xi;
    enum head2_status st = HEAD2_OK;

    HEAD2_TRY(set_of(c, &set));
    HEAD2_TRY(acvp_hex(c, "seed", sizeof xi.b, false, &seed));
    memcpy(xi.b, seed.p, sizeof xi.b);
    const size_t pk_len = head2_alg_public_bytes(algs[set]);
    const size_t sk_len = head2_alg_private_bytes(algs[set]);
    uint8_t *pk = acvp_room(c, pk_len), *sk = acvp_room(c, sk_len);
    if (pk == NULL || sk == NULL)
        return HEAD2_E_MEMORY;
    mldsa_keygen_internal(set, pk, sk, &xi);
    HEAD2_TRY(acvp_put_hex(c, "pk", pk, pk_len));
    HEAD2_TRY(acvp_put_hex(c, "sk", sk, sk_len));

done:
    return st;
}

static enum head2_status hash_of(struct acvp_case *c, enum head2_prehash *hash)
{
    static const struct {
        const char *name;
        enum head2_prehash hash;
    } hashes[] = {
        {"SHA2-224",     HEAD2_PREHASH_SHA2_224    },
        {"SHA2-256",     HEAD2_PREHASH_SHA2_256    },
        {"SHA2-384",     HEAD2_PREHASH_SHA2_384    },
        {"SHA2-512",     HEAD2_PREHASH_SHA2_512    },
        {"SHA2-512/224", HEAD2_PREHASH_SHA2_512_224},
        {"SHA2-512/256", HEAD2_PREHASH_SHA2_512_256},
        {"SHA3-224",     HEAD2_PREHASH_SHA3_224    },
        {"SHA3-256",     HEAD2_PREHASH_SHA3_256    },
        {"SHA3-384",     HEAD2_PREHASH_SHA3_384    },
        {"SHA3-512",     HEAD2_PREHASH_SHA3_512    },
        {"SHAKE-128",    HEAD2_PREHASH_SHAKE_128   },
        {"SHAKE-256",    HEAD2_PREHASH_SHAKE_256   },
    };
    const char *name = acvp_text(c, "hashAlg");

    for (size_t i = 0; name != NULL && i < HEAD2_LEN(hashes); i++) {
        if (strcmp(hashes[i].name, name) == 0) {
            *hash = hashes[i].hash;
            return HEAD2_OK;
        }
    }
    return acvp_bad(c, HEAD2_E_UNSUPPORTED, "hashAlg '%s' is not known", name != NULL ? name : "");
}

/* M' of a test: prefix and message; or mu itself. */
struct input {
    bool is_mu;
    struct acvp_bytes mu;
    uint8_t prefix[2 + HEAD2_MLDSA_CTX_MAX_BYTES + PREHASH_OID_BYTES];
    uint8_t digest[HEAD2_PREHASH_MAX_BYTES];
    struct mldsa_message m;
};

/* FIPS 204, Algorithm 2 line 10 and Algorithm 4 line 23 */
static enum head2_status read_external(struct acvp_case *c, struct input *in,
                                       const struct acvp_bytes *message)
{
    const char *mode = acvp_text(c, "preHash");
    const bool prehash = mode != NULL && strcmp(mode, "preHash") == 0;
    struct acvp_bytes context;
    enum head2_prehash hash = HEAD2_PREHASH_SHA2_256;
    enum head2_status st = HEAD2_OK;

    HEAD2_TRY(acvp_hex(c, "context", 0, true, &context));
    if (context.len > HEAD2_MLDSA_CTX_MAX_BYTES)
        return acvp_bad(c, HEAD2_E_MALFORMED, "the context is longer than 255 bytes");
    in->prefix[0] = prehash ? 1 : 0;
    in->prefix[1] = (uint8_t)context.len;
    copy_bytes(in->prefix + 2, context.p, context.len);
    in->m.prefix_len = 2 + context.len;
    if (prehash) {
        HEAD2_TRY(hash_of(c, &hash));
        HEAD2_TRY(head2_prehash(in->digest, hash, message->p, message->len));
        memcpy(in->prefix + in->m.prefix_len, mldsa_prehash_oid(hash), PREHASH_OID_BYTES);
        in->m.prefix_len += PREHASH_OID_BYTES;
        in->m.msg = in->digest;
        in->m.msg_len = head2_prehash_bytes(hash);
    }

done:
    return st;
}

static enum head2_status read_input(struct acvp_case *c, struct input *in)
{
    const char *interface = acvp_text(c, "signatureInterface");
    struct acvp_bytes message;

    memset(in, 0, sizeof *in);
    in->is_mu = acvp_bool(c, "externalMu");
    if (in->is_mu)
        return acvp_hex(c, "mu", HEAD2_MLDSA_MU_BYTES, false, &in->mu);
    enum head2_status st = acvp_hex(c, "message", 0, false, &message);
    if (st != HEAD2_OK)
        return st;
    in->m = (struct mldsa_message){in->prefix, 0, message.p, message.len};
    /* the first edition of these tests has the internal interface only, and does not name it */
    const bool external = interface != NULL && strcmp(interface, "external") == 0;
    return external ? read_external(c, in, &message) : HEAD2_OK;
}

enum head2_status acvp_mldsa_siggen(struct acvp_case *c)
{
    enum mldsa_set set = MLDSA_44;
    struct acvp_bytes sk, given;
    struct input in;
    uint8_t rnd[RND_BYTES] = {0};
    enum head2_status st = HEAD2_OK;

    HEAD2_TRY(set_of(c, &set));
    HEAD2_TRY(acvp_hex(c, "sk", head2_alg_private_bytes(algs[set]), false, &sk));
    HEAD2_TRY(read_input(c, &in));
    const bool deterministic = acvp_bool(c, "deterministic");
    HEAD2_TRY(acvp_hex(c, "rnd", deterministic || acvp_text(c, "rnd") == NULL ? 0 : RND_BYTES, true,
                       &given));
    if (!deterministic && given.len == RND_BYTES)
        memcpy(rnd, given.p, RND_BYTES);
    else if (!deterministic)
        HEAD2_TRY(head2_random(rnd, sizeof rnd));
    const size_t len = head2_alg_sig_bytes(algs[set]);
    uint8_t *sig = acvp_room(c, len);
    if (sig == NULL)
        return HEAD2_E_MEMORY;
    HEAD2_TRY(in.is_mu ? mldsa_sign_mu_internal(set, sig, in.mu.p, rnd, sk.p)
                       : mldsa_sign_internal(set, sig, &in.m, rnd, sk.p));
    HEAD2_TRY(acvp_put_hex(c, "signature", sig, len));

done:
    return st;
}

enum head2_status acvp_mldsa_sigver(struct acvp_case *c)
{
    enum mldsa_set set = MLDSA_44;
    struct acvp_bytes pk, sig;
    struct input in;
    enum head2_status st = HEAD2_OK;

    HEAD2_TRY(set_of(c, &set));
    HEAD2_TRY(acvp_hex(c, "pk", head2_alg_public_bytes(algs[set]), false, &pk));
    HEAD2_TRY(acvp_hex(c, "signature", 0, false, &sig));
    HEAD2_TRY(read_input(c, &in));
    st = in.is_mu ? mldsa_verify_mu_internal(set, pk.p, in.mu.p, sig.p, sig.len)
                  : mldsa_verify_internal(set, pk.p, &in.m, sig.p, sig.len);
    st = acvp_put_bool(c, "testPassed", st == HEAD2_OK);

done:
    return st;
}
