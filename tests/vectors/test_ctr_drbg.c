/*
 * CTR_DRBG with AES-256: NIST's CAVP vectors (no derivation function, with reseed) on every
 * instruction set, and random calls against libcrypto's CTR-DRBG, with and without derivation
 * function.
 */
#include "check.h"
#include "reading.h"

#include "cpu/cpu.h"
#include "entropy/ctr_drbg.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

/* ---- a source that gives what the test wants ---- */

struct script {
    uint8_t p[4][CTR_DRBG_MAX_ENTROPY];
    size_t len[4];
    unsigned at;
};

static enum head2_status scripted(void *arg, unsigned bits, uint8_t *out, size_t *len)
{
    struct script *s = arg;

    CHECK_EQ(bits, s->at == 0 ? CTR_DRBG_INSTANTIATE_BITS : CTR_DRBG_RESEED_BITS);
    CHECK(s->at < 4 && s->len[s->at] <= *len);
    *len = s->len[s->at];
    memcpy(out, s->p[s->at++], *len);
    return HEAD2_OK;
}

static struct ctr_drbg_input input(struct bytes b)
{
    return (struct ctr_drbg_input){b.p, b.len};
}

static const struct ctr_drbg_input none = {NULL, 0};

/* ---- CAVP ---- */

/* The next line of a vector: its value may be empty, and then not even a blank is there. */
static struct bytes next_field(char **text, const char *name)
{
    char *line = *text + strspn(*text, "\n");
    const size_t len = strcspn(line, "\n"), name_len = strlen(name);

    *text = line + len + (line[len] != 0);
    line[len] = 0;
    CHECK_SAY(strncmp(line, name, name_len) == 0 && strncmp(line + name_len, " =", 2) == 0,
              "%s expected where there is: %.40s", name, line);
    line += name_len + 2;
    return bytes_of_hex(line + strspn(line, " "));
}

static void one_vector(char **text, const char *entropy)
{
    struct bytes b[6], got = bytes_of_hex(entropy);
    static const char *const names[] = {"PersonalizationString", "EntropyInputReseed",
                                        "AdditionalInputReseed", "AdditionalInput1",
                                        "AdditionalInput2",      "ReturnedBits"};
    struct script s = {
        .len = {AES256_SEED, AES256_SEED}
    };
    struct ctr_drbg d;
    uint8_t out[64];

    for (unsigned i = 0; i < HEAD2_LEN(b); i++)
        b[i] = next_field(text, names[i]);
    CHECK(got.len == AES256_SEED && b[1].len == AES256_SEED && b[5].len == sizeof out);
    memcpy(s.p[0], got.p, AES256_SEED);
    memcpy(s.p[1], b[1].p, AES256_SEED);
    for (unsigned isa = 0; isa < CPU_LEVELS; isa++) {
        cpu_limit((enum cpu_isa)isa);
        s.at = 0;
        CHECK_EQ(ctr_drbg_instantiate(&d, false, (struct ctr_drbg_source){scripted, &s},
                                      ctr_drbg_90a, none, input(b[0])),
                 HEAD2_OK);
        CHECK_EQ(ctr_drbg_reseed(&d, input(b[2])), HEAD2_OK);
        CHECK_EQ(ctr_drbg_generate(&d, out, sizeof out, false, input(b[3])), HEAD2_OK);
        CHECK_EQ(ctr_drbg_generate(&d, out, sizeof out, false, input(b[4])), HEAD2_OK);
        CHECK_MEM(out, b[5].p, sizeof out);
    }
    for (unsigned i = 0; i < HEAD2_LEN(b); i++)
        free(b[i].p);
    free(got.p);
}

static void cavp_without_df(void)
{
    char *text = check_vectors("drbg/ctr_drbg_aes256_nodf.txt", NULL), *at = text;
    const char *entropy;
    unsigned n = 0;

    for (; (entropy = next_value(&at, "EntropyInput")) != NULL; n++)
        one_vector(&at, entropy);
    CHECK_EQ(n, 240);
    free(text);
}

/* ---- libcrypto ---- */

static uint64_t seed = 20261122;

static uint64_t rnd(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed;
}

static void fill(void *p, size_t len)
{
    for (size_t i = 0; i < len; i++)
        ((uint8_t *)p)[i] = (uint8_t)(rnd() >> 24);
}

/* libcrypto's generator over its TEST-RAND, to which each call gives its entropy. With derivation
 * function it takes PEER_ENTROPY bytes, and a nonce of any length. */
enum { PEER_ENTROPY = 32 };

struct peer {
    EVP_RAND_CTX *source, *drbg;
};

static void peer_entropy(struct peer *p, uint8_t *entropy, size_t len)
{
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_octet_string(OSSL_RAND_PARAM_TEST_ENTROPY, entropy, len),
        OSSL_PARAM_construct_end()};

    CHECK(EVP_RAND_CTX_set_params(p->source, params) == 1);
}

static void peer_open(struct peer *p, bool df, uint8_t *nonce, size_t nonce_len)
{
    EVP_RAND *test = EVP_RAND_fetch(NULL, "TEST-RAND", NULL);
    EVP_RAND *ctr = EVP_RAND_fetch(NULL, "CTR-DRBG", NULL);
    unsigned strength = 256;
    int use_df = df;
    char cipher[] = "AES-256-CTR";
    const OSSL_PARAM from[] = {
        OSSL_PARAM_construct_uint(OSSL_RAND_PARAM_STRENGTH, &strength),
        OSSL_PARAM_construct_octet_string(OSSL_RAND_PARAM_TEST_NONCE, nonce, nonce_len),
        OSSL_PARAM_construct_end()};
    const OSSL_PARAM how[] = {OSSL_PARAM_construct_utf8_string(OSSL_DRBG_PARAM_CIPHER, cipher, 0),
                              OSSL_PARAM_construct_int(OSSL_DRBG_PARAM_USE_DF, &use_df),
                              OSSL_PARAM_construct_end()};

    CHECK(test != NULL && ctr != NULL);
    p->source = EVP_RAND_CTX_new(test, NULL);
    CHECK(p->source != NULL && EVP_RAND_instantiate(p->source, strength, 0, NULL, 0, from) == 1);
    p->drbg = EVP_RAND_CTX_new(ctr, p->source);
    CHECK(p->drbg != NULL && EVP_RAND_CTX_set_params(p->drbg, how) == 1);
    EVP_RAND_free(test);
    EVP_RAND_free(ctr);
}

static void peer_close(struct peer *p)
{
    EVP_RAND_CTX_free(p->drbg);
    EVP_RAND_CTX_free(p->source);
}

/* One life of a generator: instantiate, and some requests of any kind. */
static void one_life(bool df)
{
    static uint8_t out[2][6000];
    const size_t most = df ? 500 : AES256_SEED;
    uint8_t nonce[64], pers[500], add[500];
    const size_t nonce_len = 16 + rnd() % 48, pers_len = rnd() % most;
    struct script s = {.at = 0};
    struct ctr_drbg d;
    struct peer peer;

    cpu_limit((enum cpu_isa)(rnd() % CPU_LEVELS));
    fill(nonce, sizeof nonce);
    fill(pers, sizeof pers);
    for (unsigned i = 0; i < 4; i++) {
        s.len[i] = df ? PEER_ENTROPY : AES256_SEED;
        fill(s.p[i], s.len[i]);
    }
    peer_open(&peer, df, nonce, nonce_len);
    peer_entropy(&peer, s.p[0], s.len[0]);
    if (df) { /* our entropy input is theirs and the beginning of their nonce */
        memcpy(s.p[0] + PEER_ENTROPY, nonce, 16);
        s.len[0] += 16;
    }
    CHECK(EVP_RAND_instantiate(peer.drbg, 256, 0, pers, pers_len, NULL) == 1);
    CHECK_EQ(ctr_drbg_instantiate(&d, df, (struct ctr_drbg_source){scripted, &s}, ctr_drbg_90a,
                                  df ? (struct ctr_drbg_input){nonce + 16, nonce_len - 16} : none,
                                  (struct ctr_drbg_input){pers, pers_len}),
             HEAD2_OK);
    for (unsigned i = 0; i < 6; i++) {
        /* libcrypto does nothing at all for no bytes */
        const size_t len = 1 + rnd() % (rnd() % 3 == 0 ? sizeof out[0] : 200);
        const size_t add_len = rnd() % 2 * (rnd() % most);
        const bool fresh = i % 2 == 1;
        fill(add, sizeof add);
        if (fresh)
            peer_entropy(&peer, s.p[s.at], s.len[s.at]);
        CHECK(EVP_RAND_generate(peer.drbg, out[0], len, 256, fresh, add, add_len) == 1);
        CHECK_EQ(ctr_drbg_generate(&d, out[1], len, fresh, (struct ctr_drbg_input){add, add_len}),
                 HEAD2_OK);
        CHECK_SAY(memcmp(out[0], out[1], len) == 0, "request %u of %zu bytes, %zu added", i, len,
                  add_len);
    }
    peer_close(&peer);
    ctr_drbg_uninstantiate(&d);
}

static void libcrypto_with_df(void)
{
    for (unsigned i = 0; i < 1500; i++)
        one_life(true);
}

static void libcrypto_without_df(void)
{
    for (unsigned i = 0; i < 1500; i++)
        one_life(false);
}

int main(void)
{
    RUN(cavp_without_df);
    RUN(libcrypto_with_df);
    RUN(libcrypto_without_df);
    CHECK_EXIT();
}
