/*
 * Fallback keys as bytes: what is written is read back, nothing else is read, and no byte of a
 * signed key can be changed.
 */
#include "check.h"

#include "base/base.h"

#include <head2/fallback.h>

static uint8_t pk[HEAD2_MLDSA87_PK_BYTES];
static struct head2_fallback_key issued;
static uint8_t wire[HEAD2_FALLBACK_MAX_BYTES];
static size_t wire_len;

static void fill(void *p, size_t len, uint8_t seed)
{
    for (size_t i = 0; i < len; i++)
        ((uint8_t *)p)[i] = (uint8_t)(seed + 31 * i);
}

static void issue(unsigned nodes)
{
    static const char context[] = HEAD2_FALLBACK_CONTEXT;
    static uint8_t sk[HEAD2_MLDSA87_SK_BYTES];
    uint8_t msg[HEAD2_FALLBACK_SIGNED_MAX_BYTES];
    struct head2_secret32 xi;

    fill(&xi, sizeof xi, 1);
    CHECK_EQ(head2_mldsa87_keypair_from_seed(pk, sk, &xi), HEAD2_OK);
    memset(&issued, 0, sizeof issued);
    fill(issued.id, 16, 2);
    fill(issued.key.b, 64, 3);
    fill(issued.drone, 32, 4);
    fill(issued.session_id, 8, 5);
    issued.issue_ms = 1700000000000;
    issued.lifetime_s = HEAD2_FALLBACK_MAX_LIFETIME;
    issued.max_uses = HEAD2_FALLBACK_MAX_USES;
    issued.n_nodes = (uint8_t)nodes;
    for (unsigned i = 0; i < nodes; i++)
        fill(issued.nodes[i], 32, (uint8_t)(6 + i));
    const size_t len = head2_fallback_to_be_signed(msg, &issued);
    CHECK_EQ(len, 135 + 32 * nodes);
    CHECK_EQ(head2_mldsa87_sign_deterministic(issued.sig, msg, len, (const uint8_t *)context,
                                              sizeof context - 1, sk),
             HEAD2_OK);
    wire_len = head2_fallback_encode(wire, &issued);
    CHECK_EQ(wire_len, len + 2 + HEAD2_MLDSA87_SIG_BYTES);
    CHECK_MEM(wire, msg, len);
}

static void what_is_written_is_read_back(void)
{
    struct head2_fallback_key back;

    for (unsigned nodes = 1; nodes <= HEAD2_FALLBACK_NODES; nodes++) {
        issue(nodes);
        memset(&back, 0xaa, sizeof back);
        CHECK_EQ(head2_fallback_decode(&back, wire, wire_len), HEAD2_OK);
        CHECK_MEM(&back, &issued, sizeof back);
        CHECK_EQ(head2_fallback_verify(&back, pk), HEAD2_OK);
        CHECK(head2_fallback_names(&back, issued.nodes[nodes - 1]));
        CHECK(!head2_fallback_names(&back, issued.drone));
    }
    CHECK_EQ(wire_len, HEAD2_FALLBACK_MAX_BYTES);
}

/* The places of the fields are the protocol's. */
static void the_bytes_are_the_protocols(void)
{
    issue(2);
    CHECK_MEM(wire, issued.session_id, 8);
    CHECK_MEM(wire + 8, issued.drone, 32);
    CHECK_MEM(wire + 40, issued.id, 16);
    CHECK_MEM(wire + 56, issued.key.b, 64);
    CHECK_EQ(be64(wire + 120), issued.issue_ms);
    CHECK_EQ(be32(wire + 128), 86400);
    CHECK_EQ(be16(wire + 132), 64);
    CHECK_EQ(wire[134], 2);
    CHECK_MEM(wire + 135, issued.nodes, 64);
    CHECK_EQ(be16(wire + 199), 4627);
    CHECK_MEM(wire + 201, issued.sig, 4627);
}

static void no_byte_can_be_changed(void)
{
    struct head2_fallback_key back;

    issue(2);
    for (size_t i = 0; i < wire_len; i++) {
        wire[i] ^= (uint8_t)(1 << i % 8);
        if (head2_fallback_decode(&back, wire, wire_len) == HEAD2_OK)
            CHECK_SAY(head2_fallback_verify(&back, pk) == HEAD2_E_VERIFY, "byte %zu changed", i);
        wire[i] ^= (uint8_t)(1 << i % 8);
    }
    CHECK_EQ(head2_fallback_decode(&back, wire, wire_len), HEAD2_OK);
    CHECK_EQ(head2_fallback_verify(&back, pk), HEAD2_OK);
    pk[100] ^= 1;
    CHECK_EQ(head2_fallback_verify(&back, pk), HEAD2_E_VERIFY);
}

static void no_other_length_is_read(void)
{
    static uint8_t longer[HEAD2_FALLBACK_MAX_BYTES + 64];
    static const struct head2_fallback_key wiped;
    struct head2_fallback_key back;

    issue(3);
    memcpy(longer, wire, wire_len);
    for (size_t len = 0; len <= wire_len + 64; len++) {
        memset(&back, 0xaa, sizeof back);
        if (len == wire_len)
            continue;
        CHECK_SAY(head2_fallback_decode(&back, longer, len) == HEAD2_E_MALFORMED, "%zu bytes", len);
        CHECK_MEM(&back, &wiped, sizeof back);
    }
}

static void refused(const struct head2_fallback_key *key, const char *what)
{
    CHECK_SAY(head2_fallback_encode(wire, key) == 0, "%s is written", what);
    CHECK_SAY(head2_fallback_verify(key, pk) == HEAD2_E_VERIFY, "%s is verified", what);
}

static void fields_out_of_range_are_neither_written_nor_read(void)
{
    static const struct {
        size_t at, len;
        uint64_t value;
    } bad[] = {
        {120, 8, 0                }, /* issue_ms */
        {120, 8, (uint64_t)1 << 48},
        {128, 4, 0                }, /* lifetime */
        {128, 4, 86401            },
        {132, 2, 0                }, /* max_uses */
        {132, 2, 65               },
        {134, 1, 0                }, /* nodes */
        {134, 1, 5                },
        {199, 2, 4626             }, /* sig_len */
        {199, 2, 4628             },
    };
    struct head2_fallback_key back;
    uint8_t copy[HEAD2_FALLBACK_MAX_BYTES];

    for (size_t i = 0; i < HEAD2_LEN(bad); i++) {
        issue(2);
        for (size_t j = 0; j < bad[i].len; j++)
            wire[bad[i].at + j] = (uint8_t)(bad[i].value >> 8 * (bad[i].len - 1 - j));
        CHECK_SAY(head2_fallback_decode(&back, wire, wire_len) == HEAD2_E_MALFORMED, "%zu at %zu",
                  (size_t)bad[i].value, bad[i].at);
    }
    issue(2);
    memset(wire + 40, 0, 16);
    CHECK_EQ(head2_fallback_decode(&back, wire, wire_len), HEAD2_E_MALFORMED);
    issue(2);
    memcpy(copy, wire, wire_len);
    memcpy(copy + 135, copy + 167, 32);
    CHECK_EQ(head2_fallback_decode(&back, copy, wire_len), HEAD2_E_MALFORMED);
    const struct head2_fallback_key good = issued;
    back = good, back.lifetime_s = 86401;
    refused(&back, "a lifetime of more than a day");
    back = good, back.max_uses = 65;
    refused(&back, "a 65th use");
    back = good, back.issue_ms = 0;
    refused(&back, "a key of no time");
    back = good, back.n_nodes = 5;
    refused(&back, "a fifth node");
    back = good, back.n_nodes = 0;
    refused(&back, "a key for nobody");
    back = good, memset(back.id, 0, 16);
    refused(&back, "a name of zeros");
    back = good, memcpy(back.nodes[1], back.nodes[0], 32);
    refused(&back, "a node named twice");
}

int main(void)
{
    RUN(what_is_written_is_read_back);
    RUN(the_bytes_are_the_protocols);
    RUN(no_byte_can_be_changed);
    RUN(no_other_length_is_read);
    RUN(fields_out_of_range_are_neither_written_nor_read);
    CHECK_EXIT();
}
