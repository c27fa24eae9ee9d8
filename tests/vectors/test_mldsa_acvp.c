/*
 * ML-DSA against NIST's ACVP vectors: key generation, signature generation (internal interface,
 * deterministic and hedged with given rnd) and verification (pure, pre-hashed, internal, and with
 * an external mu); by single calls, prepared keys and batches, at every level of instructions.
 */
#include "check.h"

#include "cpu/cpu.h"
#include "mldsa/external.h"
#include "mldsa/mldsa.h"
#include "mldsa/prepared.h"

#include <jansson.h>

#define MAX_MESSAGE 65536

struct bytes {
    uint8_t *p;
    size_t len;
};

static json_t *load(const char *name)
{
    char path[128];
    snprintf(path, sizeof path, "acvp/ML-DSA/%s.json", name);
    char *text = check_vectors(path, NULL);
    json_t *root = json_loads(text, 0, NULL);
    free(text);
    CHECK_SAY(root != NULL, "%s is not JSON", path);
    return root;
}

static const char *string_of(const json_t *object, const char *name)
{
    const char *s = json_string_value(json_object_get(object, name));
    CHECK_SAY(s != NULL, "no %s", name);
    return s;
}

/* A hex field; absent counts as empty. Free it. */
static struct bytes bytes_of(const json_t *object, const char *name)
{
    const char *hex = json_string_value(json_object_get(object, name));
    struct bytes b = {malloc(MAX_MESSAGE), 0};
    CHECK(b.p != NULL);
    if (hex != NULL)
        b.len = check_hex(b.p, MAX_MESSAGE, hex);
    return b;
}

static enum mldsa_set set_of(const json_t *group)
{
    const char *name = string_of(group, "parameterSet");
    if (strcmp(name, "ML-DSA-44") == 0)
        return MLDSA_44;
    if (strcmp(name, "ML-DSA-65") == 0)
        return MLDSA_65;
    CHECK(strcmp(name, "ML-DSA-87") == 0);
    return MLDSA_87;
}

static enum head2_prehash hash_of(const json_t *test)
{
    static const char *const names[] = {"SHA2-224",     "SHA2-256",     "SHA2-384",  "SHA2-512",
                                        "SHA2-512/224", "SHA2-512/256", "SHA3-224",  "SHA3-256",
                                        "SHA3-384",     "SHA3-512",     "SHAKE-128", "SHAKE-256"};
    const char *name = string_of(test, "hashAlg");
    for (size_t i = 0; i < HEAD2_LEN(names); i++) {
        if (strcmp(name, names[i]) == 0)
            return (enum head2_prehash)i;
    }
    CHECK_SAY(false, "unknown digest %s", name);
    return HEAD2_PREHASH_SHA2_224;
}

typedef void one_test(const json_t *group, const json_t *test, const json_t *expected);

/* Every test of a prompt with its expected result; the number of tests. */
static int each(const char *mode, one_test *run)
{
    char name[64];
    size_t g, t;
    json_t *group, *test;
    int n = 0;

    snprintf(name, sizeof name, "%s/prompt", mode);
    json_t *prompt = load(name);
    snprintf(name, sizeof name, "%s/expectedResults", mode);
    json_t *results = load(name);
    json_array_foreach(json_object_get(prompt, "testGroups"), g, group)
    {
        const json_t *answers = json_array_get(json_object_get(results, "testGroups"), g);
        CHECK(json_integer_value(json_object_get(answers, "tgId")) ==
              json_integer_value(json_object_get(group, "tgId")));
        json_array_foreach(json_object_get(group, "tests"), t, test)
        {
            const json_t *answer = json_array_get(json_object_get(answers, "tests"), t);
            CHECK(json_integer_value(json_object_get(answer, "tcId")) ==
                  json_integer_value(json_object_get(test, "tcId")));
            run(group, test, answer);
            n++;
        }
    }
    json_decref(prompt);
    json_decref(results);
    return n;
}

static uint8_t batch_pk[3][HEAD2_MLDSA87_PK_BYTES], batch_sk[3][HEAD2_MLDSA87_SK_BYTES];
static uint8_t batch_sig[3][HEAD2_MLDSA87_SIG_BYTES];

/* With a prepared key, and three times in a batch. */
static void sign_otherwise(enum mldsa_set set, const uint8_t *want, const struct mldsa_message *m,
                           const uint8_t *rnd, const uint8_t *sk)
{
    const struct mldsa_params *P = mldsa_params_of(set);
    struct head2_mldsa_signer *signer = NULL;
    struct head2_mldsa_sign_job jobs[3];
    struct head2_secret32 r;
    uint8_t mu[HEAD2_MLDSA_MU_BYTES];

    memcpy(r.b, rnd, sizeof r.b);
    mldsa_mu(mu, sk + mldsa_sk_parts(P).tr, m);
    CHECK_EQ(head2_mldsa_signer_new(&signer, (enum head2_mldsa_set)set, sk), HEAD2_OK);
    CHECK_EQ(mldsa_signer_sign(signer, batch_sig[0], mu, rnd), HEAD2_OK);
    CHECK_MEM(batch_sig[0], want, P->sig_bytes);
    for (unsigned i = 0; i < 3; i++)
        jobs[i] = (struct head2_mldsa_sign_job){.key = i == 1 ? NULL : signer,
                                                .sk = i == 1 ? sk : NULL,
                                                .mu = mu,
                                                .rnd = &r,
                                                .sig = batch_sig[i]};
    CHECK_EQ(head2_mldsa_sign_batch((enum head2_mldsa_set)set, jobs, 3), HEAD2_OK);
    for (unsigned i = 0; i < 3; i++)
        CHECK_MEM(batch_sig[i], want, P->sig_bytes);
    head2_mldsa_signer_free(signer);
}

/* With a prepared key, and in a batch, from mu. */
static void verify_otherwise(enum mldsa_set set, enum head2_status want, const uint8_t *pk,
                             const uint8_t *mu, struct bytes sig)
{
    struct head2_mldsa_verifier *verifier = NULL;
    struct head2_mldsa_verify_job jobs[3];

    CHECK_EQ(head2_mldsa_verifier_new(&verifier, (enum head2_mldsa_set)set, pk), HEAD2_OK);
    CHECK_EQ(head2_mldsa_verify_mu(verifier, mu, sig.p, sig.len), want);
    for (unsigned i = 0; i < 3; i++)
        jobs[i] = (struct head2_mldsa_verify_job){.key = i == 1 ? NULL : verifier,
                                                  .pk = i == 1 ? pk : NULL,
                                                  .mu = mu,
                                                  .sig = sig.p,
                                                  .sig_len = sig.len};
    CHECK_EQ(head2_mldsa_verify_batch((enum head2_mldsa_set)set, jobs, 3), want);
    for (unsigned i = 0; i < 3; i++)
        CHECK_EQ(jobs[i].st, want);
    head2_mldsa_verifier_free(verifier);
}

static void one_keygen(const json_t *group, const json_t *test, const json_t *expected)
{
    const enum mldsa_set set = set_of(group);
    const struct mldsa_params *P = mldsa_params_of(set);
    static uint8_t pk[HEAD2_MLDSA87_PK_BYTES], sk[HEAD2_MLDSA87_SK_BYTES];
    static uint8_t again[HEAD2_MLDSA87_PK_BYTES];
    struct head2_secret32 xi;

    CHECK_EQ(check_hex(xi.b, sizeof xi.b, string_of(test, "seed")), 32);
    mldsa_keygen_internal(set, pk, sk, &xi);
    struct bytes want = bytes_of(expected, "pk");
    CHECK_EQ(want.len, P->pk_bytes);
    CHECK_MEM(pk, want.p, want.len);
    free(want.p);
    want = bytes_of(expected, "sk");
    CHECK_EQ(want.len, P->sk_bytes);
    CHECK_MEM(sk, want.p, want.len);
    free(want.p);
    CHECK_EQ(mldsa_public_from_private(set, again, sk), HEAD2_OK);
    CHECK_MEM(again, pk, P->pk_bytes);
    struct head2_mldsa_keypair_job jobs[3];
    for (unsigned i = 0; i < 3; i++)
        jobs[i] = (struct head2_mldsa_keypair_job){batch_pk[i], batch_sk[i], &xi, HEAD2_E_STATE};
    CHECK_EQ(head2_mldsa_keypair_batch((enum head2_mldsa_set)set, jobs, 3), HEAD2_OK);
    for (unsigned i = 0; i < 3; i++) {
        CHECK_MEM(batch_pk[i], pk, P->pk_bytes);
        CHECK_MEM(batch_sk[i], sk, P->sk_bytes);
    }
}

static void one_sigen(const json_t *group, const json_t *test, const json_t *expected)
{
    const enum mldsa_set set = set_of(group);
    const struct mldsa_params *P = mldsa_params_of(set);
    static uint8_t sig[HEAD2_MLDSA87_SIG_BYTES];
    uint8_t rnd[RND_BYTES] = {0};
    struct bytes sk = bytes_of(test, "sk"), msg = bytes_of(test, "message");
    struct bytes want = bytes_of(expected, "signature");
    const struct mldsa_message m = {NULL, 0, msg.p, msg.len};

    if (!json_is_true(json_object_get(group, "deterministic")))
        CHECK_EQ(check_hex(rnd, sizeof rnd, string_of(test, "rnd")), sizeof rnd);
    CHECK_EQ(sk.len, P->sk_bytes);
    CHECK_EQ(mldsa_sign_internal(set, sig, &m, rnd, sk.p), HEAD2_OK);
    CHECK_EQ(want.len, P->sig_bytes);
    CHECK_MEM(sig, want.p, want.len);
    sign_otherwise(set, want.p, &m, rnd, sk.p);
    free(sk.p);
    free(msg.p);
    free(want.p);
}

static enum head2_status verify_external(const json_t *group, const json_t *test, struct bytes pk,
                                         struct bytes sig)
{
    struct bytes msg = bytes_of(test, "message"), ctx = bytes_of(test, "context");
    uint8_t digest[HEAD2_PREHASH_MAX_BYTES];
    struct mldsa_input in = {msg.p, msg.len, ctx.p, ctx.len, false, 0};

    if (strcmp(string_of(group, "preHash"), "preHash") == 0) {
        in.prehashed = true;
        in.hash = hash_of(test);
        CHECK_EQ(head2_prehash(digest, in.hash, msg.p, msg.len), HEAD2_OK);
        in.msg = digest;
        in.msg_len = head2_prehash_bytes(in.hash);
    }
    enum head2_status st = mldsa_verify(set_of(group), pk.p, &in, sig.p, sig.len);
    uint8_t mu[HEAD2_MLDSA_MU_BYTES];
    CHECK_EQ(mldsa_external_mu(set_of(group), mu, pk.p, &in), HEAD2_OK);
    verify_otherwise(set_of(group), st, pk.p, mu, sig);
    free(msg.p);
    free(ctx.p);
    return st;
}

static enum head2_status verify_internal(const json_t *group, const json_t *test, struct bytes pk,
                                         struct bytes sig)
{
    enum head2_status st;
    if (json_is_true(json_object_get(group, "externalMu"))) {
        struct bytes mu = bytes_of(test, "mu");
        CHECK_EQ(mu.len, HEAD2_MLDSA_MU_BYTES);
        st = mldsa_verify_mu_internal(set_of(group), pk.p, mu.p, sig.p, sig.len);
        verify_otherwise(set_of(group), st, pk.p, mu.p, sig);
        free(mu.p);
        return st;
    }
    struct bytes msg = bytes_of(test, "message");
    const struct mldsa_message m = {NULL, 0, msg.p, msg.len};
    st = mldsa_verify_internal(set_of(group), pk.p, &m, sig.p, sig.len);
    free(msg.p);
    return st;
}

static int accepted, rejected;

static void one_sigver(const json_t *group, const json_t *test, const json_t *expected)
{
    struct bytes pk = bytes_of(test, "pk"), sig = bytes_of(test, "signature");
    const bool good = json_is_true(json_object_get(expected, "testPassed"));
    const bool external = strcmp(string_of(group, "signatureInterface"), "external") == 0;

    CHECK_EQ(pk.len, mldsa_params_of(set_of(group))->pk_bytes);
    enum head2_status st =
        external ? verify_external(group, test, pk, sig) : verify_internal(group, test, pk, sig);
    CHECK_SAY(st == (good ? HEAD2_OK : HEAD2_E_VERIFY), "tcId %lld: %s, status %d",
              (long long)json_integer_value(json_object_get(test, "tcId")),
              good ? "refused" : "accepted", st);
    accepted += good;
    rejected += !good;
    free(pk.p);
    free(sig.p);
}

static void key_generation(void)
{
    CHECK_EQ(each("keyGen", one_keygen), 75);
}

static void signature_generation(void)
{
    CHECK_EQ(each("sigGen", one_sigen), 60);
}

static void signature_verification(void)
{
    CHECK_EQ(each("sigVer", one_sigver), 180);
    CHECK(accepted > 0 && rejected > 0);
}

static void run_at(enum cpu_isa isa, const char *name, void (*test)(void))
{
    char full[64];
    cpu_limit(isa);
    snprintf(full, sizeof full, "%s_%s", name, cpu_isa_name(isa));
    check_run(full, test);
}

int main(void)
{
    const enum cpu_isa highest = cpu_isa();
    for (unsigned isa = CPU_PORTABLE; isa <= highest; isa++) {
        run_at((enum cpu_isa)isa, "key_generation", key_generation);
        run_at((enum cpu_isa)isa, "signature_generation", signature_generation);
        run_at((enum cpu_isa)isa, "signature_verification", signature_verification);
    }
    CHECK_EXIT();
}
