/*
 * Key files: any bytes, and edits of good keys of every set, form and protection, as DER or PEM. A
 * key that is read must be written and read again as the same key. Encrypted bases cost one round
 * of PBKDF2; an edit that raises the cost is passed over, for what it costs to refuse is tested
 * elsewhere.
 */
#include "fuzz/edit.h"

#include "keys/pbes2.h"
#include "keys/pem.h"

#include <head2/keys.h>

#include <openssl/evp.h>
#include <openssl/pkcs12.h>

#define BASES 64

static struct base {
    uint8_t *der;
    size_t len;
    const char *label;
} bases[BASES];
static size_t base_count;

static void add(const uint8_t *der, size_t len, const char *label)
{
    struct base *b = &bases[base_count++];
    FUZZ_ASSERT(base_count <= BASES && (b->der = malloc(len)) != NULL);
    memcpy(b->der, der, len);
    b->len = len;
    b->label = label;
}

/* PBES2 with PBKDF2, as OpenSSL writes it, with one iteration. */
static void add_encrypted(const uint8_t *der, size_t len)
{
    const uint8_t *p = der;
    uint8_t *out = NULL, salt[8] = {1};
    PKCS8_PRIV_KEY_INFO *info = d2i_PKCS8_PRIV_KEY_INFO(NULL, &p, (long)len);
    X509_SIG *sig =
        PKCS8_encrypt(-1, EVP_aes_256_cbc(), "pass", 4, salt, (int)sizeof salt, 1, info);
    int n = i2d_X509_SIG(sig, &out);

    FUZZ_ASSERT(n > 0);
    add(out, (size_t)n, "ENCRYPTED PRIVATE KEY");
    OPENSSL_free(out);
    X509_SIG_free(sig);
    PKCS8_PRIV_KEY_INFO_free(info);
}

static void make_bases(void)
{
    static const uint8_t seed[64] = {7};
    static uint8_t der[HEAD2_KEY_MAX_FILE];

    for (int alg = HEAD2_MLKEM_512; alg <= (int)HEAD2_MLDSA_87; alg++) {
        struct head2_key *key;
        size_t len = sizeof der;
        FUZZ_ASSERT(head2_key_from_seed(&key, (enum head2_alg)alg, seed,
                                        head2_alg_is_signature((enum head2_alg)alg) ? 32 : 64) ==
                    HEAD2_OK);
        FUZZ_ASSERT(head2_key_write_public(key, HEAD2_KEY_DER, der, &len) == HEAD2_OK);
        add(der, len, "PUBLIC KEY");
        for (int form = HEAD2_PRIVATE_SEED; form <= (int)HEAD2_PRIVATE_BOTH; form++) {
            len = sizeof der;
            FUZZ_ASSERT(head2_key_write_private(key, HEAD2_KEY_DER, (enum head2_private_form)form,
                                                NULL, 0, der, &len) == HEAD2_OK);
            add(der, len, "PRIVATE KEY");
            add_encrypted(der, len);
        }
        head2_key_free(key);
    }
}

static enum head2_status ask(void *arg, char *buf, size_t *len)
{
    if (!*(bool *)arg)
        return HEAD2_E_PASSPHRASE;
    memcpy(buf, "pass", 4);
    *len = 4;
    return HEAD2_OK;
}

/* What was read is written, and reads as the same. */
static void check_key(const struct head2_key *key, bool pem)
{
    static uint8_t a[HEAD2_KEY_MAX_FILE], b[HEAD2_KEY_MAX_FILE];
    const enum head2_key_format format = pem ? HEAD2_KEY_PEM : HEAD2_KEY_DER;
    size_t a_len = sizeof a, b_len = sizeof b;
    struct head2_key *again = NULL;
    const char *why = NULL;

    for (int private = 0; private <= (int)head2_key_has_private(key); private ++) {
        a_len = sizeof a, b_len = sizeof b;
        FUZZ_ASSERT((private ? head2_key_write_private(key, format, HEAD2_PRIVATE_DEFAULT, NULL, 0,
                                                       a, &a_len)
                             : head2_key_write_public(key, format, a, &a_len)) == HEAD2_OK);
        FUZZ_ASSERT(head2_key_read(&again, a, a_len, NULL, NULL, &why) == HEAD2_OK);
        FUZZ_ASSERT(head2_key_alg(again) == head2_key_alg(key));
        FUZZ_ASSERT(head2_key_same_public(again, key) == HEAD2_OK);
        FUZZ_ASSERT((private ? head2_key_write_private(again, format, HEAD2_PRIVATE_DEFAULT, NULL,
                                                       0, b, &b_len)
                             : head2_key_write_public(again, format, b, &b_len)) == HEAD2_OK);
        FUZZ_ASSERT(a_len == b_len && memcmp(a, b, a_len) == 0);
        head2_key_free(again);
    }
}

static bool is_cheap(const uint8_t *der, size_t len)
{
    struct pbes2 e;
    const char *why;

    if (pbes2_parse(&e, der, len, &why) != HEAD2_OK)
        return true; /* nothing is derived */
    return e.kdf == PBES2_PBKDF2 ? e.iterations < 1000 : e.n * e.r * e.p < 4096;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t der[HEAD2_KEY_MAX_FILE], text[3 * HEAD2_KEY_MAX_FILE];
    struct input in = {data, size};
    struct head2_key *key = NULL;
    const char *why = NULL;
    bool cheap = false;

    if (base_count == 0)
        make_bases();
    const uint8_t how = take8(&in);
    const bool pem = how & 1;
    uint8_t *buf = der;
    size_t len = 0;
    if (how & 2) { /* any bytes: no passphrase is known, so nothing costly happens */
        len = take_bytes(&in, der, sizeof der);
    } else {
        const struct base *b = &bases[take8(&in) % base_count];
        memcpy(der, b->der, b->len);
        len = b->len;
        edit(&in, der, &len, sizeof der);
        cheap = is_cheap(der, len);
        if (pem) {
            size_t room = sizeof text;
            FUZZ_ASSERT(pem_encode(text, &room, b->label, der, len) == HEAD2_OK);
            buf = text;
            len = room;
            if (how & 4) { /* edited base64 may be anything, costly too */
                edit(&in, text, &len, sizeof text);
                cheap = false;
            }
        }
    }
    uint8_t *exact = malloc(len + 1); /* so that a read past the end is seen */
    FUZZ_ASSERT(exact != NULL);
    memcpy(exact, buf, len);
    exact = realloc(exact, len > 0 ? len : 1);
    if (head2_key_read(&key, exact, len, ask, &cheap, &why) == HEAD2_OK)
        check_key(key, pem);
    else
        FUZZ_ASSERT(key == NULL && why != NULL);
    head2_key_free(key);
    free(exact);
    return 0;
}
