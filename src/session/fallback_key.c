/*
 * A fallback key as bytes, and who signed it (protocol, Fallback key).
 */
#include "base/base.h"

#include <head2/fallback.h>

#define OFF_ID      HEAD2_FALLBACK_HEAD_BYTES
#define OFF_KEY     (OFF_ID + 16)
#define OFF_ISSUE   (OFF_KEY + 64)
#define OFF_N       (OFF_ISSUE + 8 + 4 + 2)
#define OFF_NODES   (OFF_N + 1)
#define ISSUE_LIMIT ((uint64_t)1 << 48)

static bool nodes_differ(const struct head2_fallback_key *key)
{
    for (unsigned i = 1; i < key->n_nodes; i++)
        for (unsigned j = 0; j < i; j++)
            if (memcmp(key->nodes[i], key->nodes[j], 32) == 0)
                return false;
    return true;
}

static bool in_range(const struct head2_fallback_key *key)
{
    static const uint8_t none[HEAD2_FALLBACK_ID_BYTES];

    return memcmp(key->id, none, sizeof none) != 0 && key->issue_ms > 0 &&
           key->issue_ms < ISSUE_LIMIT && key->lifetime_s > 0 &&
           key->lifetime_s <= HEAD2_FALLBACK_MAX_LIFETIME && key->max_uses > 0 &&
           key->max_uses <= HEAD2_FALLBACK_MAX_USES && key->n_nodes > 0 &&
           key->n_nodes <= HEAD2_FALLBACK_NODES && nodes_differ(key);
}

size_t head2_fallback_to_be_signed(uint8_t out[HEAD2_FALLBACK_SIGNED_MAX_BYTES],
                                   const struct head2_fallback_key *key)
{
    if (!in_range(key))
        return 0;
    memcpy(out, key->session_id, 8);
    memcpy(out + 8, key->drone, 32);
    memcpy(out + OFF_ID, key->id, 16);
    memcpy(out + OFF_KEY, key->key.b, 64);
    put_be64(out + OFF_ISSUE, key->issue_ms);
    put_be32(out + OFF_ISSUE + 8, key->lifetime_s);
    put_be16(out + OFF_ISSUE + 12, key->max_uses);
    out[OFF_N] = key->n_nodes;
    memcpy(out + OFF_NODES, key->nodes, 32 * (size_t)key->n_nodes);
    return OFF_NODES + 32 * (size_t)key->n_nodes;
}

size_t head2_fallback_encode(uint8_t out[HEAD2_FALLBACK_MAX_BYTES],
                             const struct head2_fallback_key *key)
{
    size_t n = head2_fallback_to_be_signed(out, key);

    if (n == 0)
        return 0;
    put_be16(out + n, sizeof key->sig);
    memcpy(out + n + 2, key->sig, sizeof key->sig);
    return n + 2 + sizeof key->sig;
}

enum head2_status head2_fallback_decode(struct head2_fallback_key *key, const uint8_t *in,
                                        size_t len)
{
    if (len < OFF_NODES || in[OFF_N] < 1 || in[OFF_N] > HEAD2_FALLBACK_NODES)
        goto malformed;
    const size_t nodes = 32 * (size_t)in[OFF_N], end = OFF_NODES + nodes;
    if (len != end + 2 + sizeof key->sig || be16(in + end) != sizeof key->sig)
        goto malformed;
    memset(key, 0, sizeof *key);
    memcpy(key->session_id, in, 8);
    memcpy(key->drone, in + 8, 32);
    memcpy(key->id, in + OFF_ID, 16);
    memcpy(key->key.b, in + OFF_KEY, 64);
    key->issue_ms = be64(in + OFF_ISSUE);
    key->lifetime_s = be32(in + OFF_ISSUE + 8);
    key->max_uses = be16(in + OFF_ISSUE + 12);
    key->n_nodes = in[OFF_N];
    memcpy(key->nodes, in + OFF_NODES, nodes);
    memcpy(key->sig, in + end + 2, sizeof key->sig);
    if (in_range(key))
        return HEAD2_OK;
malformed:
    head2_wipe(key, sizeof *key);
    return HEAD2_E_MALFORMED;
}

enum head2_status head2_fallback_verify(const struct head2_fallback_key *key,
                                        const uint8_t gateway_pk[HEAD2_MLDSA87_PK_BYTES])
{
    static const char context[] = HEAD2_FALLBACK_CONTEXT;
    uint8_t msg[HEAD2_FALLBACK_SIGNED_MAX_BYTES];
    const size_t len = head2_fallback_to_be_signed(msg, key);
    enum head2_status st = HEAD2_E_VERIFY;

    if (len != 0)
        st = head2_mldsa87_verify(gateway_pk, msg, len, (const uint8_t *)context,
                                  sizeof context - 1, key->sig, sizeof key->sig);
    head2_wipe(msg, sizeof msg);
    return st;
}

bool head2_fallback_names(const struct head2_fallback_key *key, const uint8_t node[32])
{
    for (unsigned i = 0; i < key->n_nodes; i++)
        if (memcmp(key->nodes[i], node, 32) == 0)
            return true;
    return false;
}
