/*
 * Fallback keys on their way to a node: what was sealed is opened by that node alone, from that
 * gateway alone, whole and unchanged.
 */
#include "check.h"

#include "gateway/fallback_export.h"
#include "session/schedule.h"

static struct head2_key *gateway, *stranger, *node, *other_node;
static struct fallback_bundle bundle;
static uint8_t *sealed;
static size_t sealed_len;

static struct head2_key *key_of(enum head2_alg alg, uint8_t number)
{
    uint8_t seed[64];
    struct head2_key *key = NULL;

    memset(seed, number, sizeof seed);
    CHECK_EQ(head2_key_from_seed(&key, alg, seed, alg == HEAD2_MLDSA_87 ? 32 : 64), HEAD2_OK);
    return key;
}

static const struct artifact_signer *by(const struct head2_key *key)
{
    static struct artifact_signer signer;

    signer = artifact_signer_of_key(key, false);
    return &signer;
}

static void add(unsigned number, const struct head2_key *issuer)
{
    struct head2_fallback_key k = {0};
    uint8_t msg[HEAD2_FALLBACK_SIGNED_MAX_BYTES];
    size_t len;

    memset(k.id, (int)number + 1, sizeof k.id);
    memset(k.key.b, (int)number, sizeof k.key.b);
    k.issue_ms = 1700000000000 + number;
    k.lifetime_s = 86400;
    k.max_uses = 64;
    k.n_nodes = (uint8_t)(1 + number % 4);
    for (unsigned i = 0; i < k.n_nodes; i++)
        k.nodes[i][0] = (uint8_t)i;
    len = head2_fallback_to_be_signed(msg, &k);
    CHECK_EQ(head2_key_sign(issuer, k.sig, &len, msg, len, HEAD2_FALLBACK_CONTEXT,
                            strlen(HEAD2_FALLBACK_CONTEXT), true),
             HEAD2_OK);
    CHECK_EQ(fallback_bundle_add(&bundle, &k), HEAD2_OK);
}

static void seal(unsigned keys)
{
    free(sealed);
    fallback_bundle_free(&bundle);
    for (unsigned i = 0; i < keys; i++)
        add(i, gateway);
    CHECK_EQ(fallback_seal(&sealed, &sealed_len, &bundle, by(gateway), node, 1700000000000),
             HEAD2_OK);
    CHECK_EQ(sealed_len, FALLBACK_EXPORT_EXTRA + bundle.len);
}

static enum head2_status open_as(const struct head2_key *issuer, const struct head2_key *own)
{
    struct fallback_bundle back;
    const char *why = NULL;
    const enum head2_status st =
        fallback_open(&back, sealed, sealed_len, head2_key_public(issuer), own, &why);

    CHECK(st == HEAD2_OK || (why != NULL && back.bytes == NULL));
    fallback_bundle_free(&back);
    return st;
}

static void what_is_sealed_is_opened(void)
{
    for (unsigned keys = 1; keys <= 40; keys += 13) {
        struct fallback_bundle back;
        struct head2_fallback_key key;
        const char *why;
        size_t at = 0;
        unsigned n = 0;
        seal(keys);
        CHECK_EQ(fallback_open(&back, sealed, sealed_len, head2_key_public(gateway), node, &why),
                 HEAD2_OK);
        CHECK_EQ(back.len, bundle.len);
        CHECK_MEM(back.bytes, bundle.bytes, bundle.len);
        for (; fallback_bundle_next(&back, &at, &key); n++)
            CHECK_EQ(key.id[0], n + 1);
        CHECK(n == keys && at == back.len && back.n == keys);
        fallback_bundle_free(&back);
    }
}

static void the_key_is_sealed(void)
{
    uint8_t secret[64];

    seal(3);
    memset(secret, 2, sizeof secret);
    CHECK(memmem(bundle.bytes, bundle.len, secret, sizeof secret) != NULL);
    CHECK(memmem(sealed, sealed_len, secret, 16) == NULL);
}

static void only_the_node_and_only_from_the_gateway(void)
{
    seal(2);
    CHECK_EQ(open_as(gateway, node), HEAD2_OK);
    CHECK_EQ(open_as(gateway, other_node), HEAD2_E_POLICY);
    CHECK_EQ(open_as(stranger, node), HEAD2_E_POLICY);
}

static void no_byte_can_be_changed(void)
{
    seal(1);
    for (size_t i = 0; i < sealed_len; i++) {
        sealed[i] ^= (uint8_t)(1 << i % 8);
        CHECK_SAY(open_as(gateway, node) != HEAD2_OK, "byte %zu changed", i);
        sealed[i] ^= (uint8_t)(1 << i % 8);
    }
    CHECK_EQ(open_as(gateway, node), HEAD2_OK);
}

static void no_part_is_opened(void)
{
    seal(1);
    const size_t whole = sealed_len;
    for (sealed_len = 0; sealed_len < whole; sealed_len += sealed_len < 100 ? 1 : 211)
        CHECK(open_as(gateway, node) != HEAD2_OK);
    sealed_len = whole;
}

/* What the gateway itself would have to have made wrong: signed again after the change. */
static enum head2_status opened_after(size_t at, uint8_t value)
{
    static const char context[] = "ch2v1 fbk export";
    const size_t signed_len = sealed_len - HEAD2_MLDSA87_SIG_BYTES;
    size_t len;

    sealed[at] = value;
    CHECK_EQ(head2_key_sign(gateway, sealed + signed_len, &len, sealed, signed_len, context,
                            sizeof context - 1, true),
             HEAD2_OK);
    return open_as(gateway, node);
}

static void a_signed_file_is_checked_too(void)
{
    seal(2);
    CHECK_EQ(opened_after(9, 1), HEAD2_OK);
    CHECK_EQ(opened_after(9, 2), HEAD2_E_UNSUPPORTED);
    CHECK_EQ(opened_after(9, 0), HEAD2_E_MALFORMED);
    seal(2);
    CHECK_EQ(opened_after(11, 1), HEAD2_E_MALFORMED);
    seal(2);
    CHECK_EQ(opened_after(15, 3), HEAD2_E_VERIFY); /* n is additional data, too */
    seal(2);
    CHECK_EQ(opened_after(23, sealed[23] ^ 1), HEAD2_E_VERIFY);
    seal(2);
    CHECK_EQ(opened_after(100, sealed[100] ^ 1), HEAD2_E_VERIFY); /* ct */
}

static void each_key_is_the_gateways(void)
{
    for (unsigned wrong = 0; wrong < 3; wrong++) {
        free(sealed);
        fallback_bundle_free(&bundle);
        for (unsigned i = 0; i < 3; i++)
            add(i, i == wrong ? stranger : gateway);
        CHECK_EQ(fallback_seal(&sealed, &sealed_len, &bundle, by(gateway), node, 1), HEAD2_OK);
        CHECK_EQ(open_as(gateway, node), HEAD2_E_VERIFY);
    }
}

static void a_wrong_number_of_keys_is_refused(void)
{
    static const int wrong[] = {-1, 1};

    for (size_t i = 0; i < HEAD2_LEN(wrong); i++) {
        free(sealed);
        fallback_bundle_free(&bundle);
        add(0, gateway);
        add(1, gateway);
        bundle.n = (uint32_t)((int)bundle.n + wrong[i]);
        CHECK_EQ(fallback_seal(&sealed, &sealed_len, &bundle, by(gateway), node, 1), HEAD2_OK);
        CHECK_EQ(open_as(gateway, node), HEAD2_E_MALFORMED);
    }
    bundle.n = 2;
    bundle.len--;
    free(sealed);
    CHECK_EQ(fallback_seal(&sealed, &sealed_len, &bundle, by(gateway), node, 1), HEAD2_OK);
    CHECK_EQ(open_as(gateway, node), HEAD2_E_MALFORMED);
}

static void what_cannot_be_sealed(void)
{
    const struct fallback_bundle empty = {0};
    uint8_t *out;
    size_t len;

    seal(1);
    CHECK_EQ(fallback_seal(&out, &len, &empty, by(gateway), node, 1), HEAD2_E_ARG);
    CHECK_EQ(fallback_seal(&out, &len, &bundle, by(gateway), gateway, 1), HEAD2_E_ARG);
    CHECK_EQ(fallback_seal(&out, &len, &bundle, by(node), node, 1), HEAD2_E_ARG);
    CHECK_EQ(fallback_seal(&out, &len, &bundle, by(gateway), node, UINT64_MAX), HEAD2_E_ARG);
    CHECK(out == NULL);
}

int main(void)
{
    gateway = key_of(HEAD2_MLDSA_87, 1);
    stranger = key_of(HEAD2_MLDSA_87, 2);
    node = key_of(HEAD2_MLKEM_1024, 3);
    other_node = key_of(HEAD2_MLKEM_1024, 4);
    RUN(what_is_sealed_is_opened);
    RUN(the_key_is_sealed);
    RUN(only_the_node_and_only_from_the_gateway);
    RUN(no_byte_can_be_changed);
    RUN(no_part_is_opened);
    RUN(a_signed_file_is_checked_too);
    RUN(each_key_is_the_gateways);
    RUN(a_wrong_number_of_keys_is_refused);
    RUN(what_cannot_be_sealed);
    free(sealed);
    fallback_bundle_free(&bundle);
    head2_key_free(gateway);
    head2_key_free(stranger);
    head2_key_free(node);
    head2_key_free(other_node);
    CHECK_EXIT();
}
