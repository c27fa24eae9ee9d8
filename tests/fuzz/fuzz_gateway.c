/*
 * Datagrams from anyone to a gateway, or to a node. The input is a list of datagrams; those that
 * look like handshake frames get a right mac1 and cookie, so that what lies behind these checks is
 * reached.
 */
#include "session/state.h"

#include <head2/hash.h>

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct head2_session *gateway;
static uint64_t seed = 1, now = 1000000;
static uint8_t pk[HEAD2_SESSION_PK_BYTES];
static bool is_node;
static const uint8_t key_id[HEAD2_FALLBACK_ID_BYTES] = {1}, key[64] = {2};

static enum head2_status numbers(void *arg, void *out, size_t len)
{
    uint8_t *p = out;
    (void)arg;
    for (size_t i = 0; i < len; i++) {
        seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407;
        p[i] = (uint8_t)(seed >> 56);
    }
    return HEAD2_OK;
}

static enum head2_status sign(void *arg, uint8_t *sig, const uint8_t *msg, size_t len,
                              const char *ctx)
{
    (void)arg, (void)msg, (void)len, (void)ctx;
    memset(sig, 7, SIG_BYTES);
    return HEAD2_OK;
}

static uint64_t wall(void *arg)
{
    (void)arg;
    return 1700000000000;
}

static enum head2_status counted(void *arg, const uint8_t *id, uint16_t counter)
{
    (void)arg, (void)id, (void)counter;
    return HEAD2_OK;
}

/* A node has a drone by its key alone. */
static enum head2_status add_drone(void)
{
    const struct head2_peer_config d = {.pk = pk};
    struct head2_fallback_key k = {
        .issue_ms = 1700000000000 - 1000, .lifetime_s = 86400, .max_uses = 64, .n_nodes = 1};
    uint32_t peer;

    if (!is_node)
        return head2_session_add_peer(gateway, &peer, &d);
    memcpy(k.id, key_id, sizeof k.id);
    memcpy(k.key.b, key, sizeof k.key.b);
    identity(k.drone, 'D', pk);
    identity(k.nodes[0], 'F', pk);
    return head2_session_add_fallback_key(gateway, now, &peer, &k, 0, UINT64_MAX);
}

static void open_gateway(void)
{
    struct head2_session_config c = {
        .role = is_node ? HEAD2_ROLE_FALLBACK : HEAD2_ROLE_GATEWAY,
        .wall_ms = wall,
        .fallback_count = is_node ? counted : NULL,
        .pk = pk,
        .suites = {HEAD2_SUITE_L5_P384, HEAD2_SUITE_L5},
        .max_peers = 2,
        .half_open = 16,
        .handshake_rate = 1000000,
        .prefix_rate = 1000000,
        .random = numbers
    };
    if (head2_session_new(&gateway, &c, now) != HEAD2_OK || add_drone() != HEAD2_OK)
        abort();
}

static void make_right(uint8_t *d, size_t len, const struct head2_address *from)
{
    struct frame f;
    uint8_t mac[64];
    const struct cookie_keys *c = &gateway->cookies;

    memcpy(d, wire_magic, 6);
    if (!frame_parse(&f, d, len))
        return;
    cookie_make(d + 24, c->key[c->kid & 1], c->kid, (uint32_t)(now / SECOND), from, f.hs_id);
    const uint8_t *mkey = gateway->mkey[D2G];
    if (f.type == FRAME_AUTH)
        for (uint32_t i = 0; i < gateway->half_top; i++)
            if (gateway->half[i].hs_id == f.hs_id)
                mkey = gateway->half[i].keys.frag[D2G];
    head2_hmac_sha3_512(mac, mkey, 32, d, len - 16);
    memcpy(d + len - 16, mac, 16);
}

/* An INIT that a node takes. */
static void bind(uint8_t *msg, uint16_t len)
{
    struct chain early;

    derive_early(&early, key);
    init_bind(msg, len, key_id, &early);
}

/* A whole frame from a few bytes: type, id, size and fragment are chosen, the rest is the input. */
static size_t make_frame(uint8_t *d, size_t len)
{
    static const uint16_t sizes[] = {HELLO_BYTES, INIT_BYTES, AUTH_BYTES, HSACK_BYTES,
                                     INIT_MAX,    300,        162};
    static const uint16_t strides[] = {STRIDE_FULL, STRIDE_SMALL, STRIDE_MIN, 2000, 7000};
    static uint8_t msg[8192], zero[32];
    struct frame_spec spec = {.msg = msg, .mkey = zero};

    if (len < 8)
        return 0;
    spec.type = (enum frame_type)(1 + d[0] % 8);
    spec.hs_id = 1 + d[1] % 3u;
    spec.msg_len = sizes[d[2] % HEAD2_LEN(sizes)];
    spec.stride = strides[d[3] % HEAD2_LEN(strides)];
    unsigned idx = d[4] % frame_count(spec.msg_len, spec.stride);
    memset(msg, 0, sizeof msg);
    if (spec.type == FRAME_INIT || spec.type == FRAME_HELLO) {
        put_be16(msg, WIRE_VERSION);
        put_be16(msg + 2, WIRE_VERSION);
        if (spec.type == FRAME_INIT)
            put_be32(msg + 4, 0x01010001);
    }
    size_t at = (size_t)idx * spec.stride + be16(d + 5) % spec.stride;
    for (size_t i = 8; i < len && at < sizeof msg; i++)
        msg[at++] ^= d[i];
    if (spec.type == FRAME_INIT && is_node && (d[7] & 1) != 0 && spec.msg_len >= INIT_BYTES)
        bind(msg, spec.msg_len);
    uint8_t *out = malloc(FRAME_OVERHEAD + STRIDE_MAX);
    size_t n = out == NULL ? 0 : frame_build(out, &spec, (uint8_t)idx);
    if (n > 2048)
        n = 0;
    memcpy(d, out, n);
    free(out);
    return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct head2_address from = {
        {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127, 0, 0, 1},
        7
    };
    uint8_t d[2048];
    struct head2_session_data out;
    struct head2_action a;

    is_node = size != 0 && (data[0] & 0x80) != 0; /* be16 below is taken modulo 2048 */
    open_gateway();
    while (size > 3) {
        size_t len = be16(data) % sizeof d;
        uint8_t how = data[2];
        data += 3;
        size -= 3;
        if (len > size)
            len = size;
        memcpy(d, data, len);
        data += len;
        size -= len;
        from.port = how >> 6;
        if (how & 32)
            len = make_frame(d, len);
        if (len > FRAME_OVERHEAD && (how & 1))
            make_right(d, len, &from);
        now += (how & 6) * 10000u;
        head2_session_input(gateway, now, &from, d, len, &out);
        if (how & 8)
            head2_session_tick(gateway, now);
        for (unsigned i = 0; i < 64 && head2_session_next(gateway, now, &a); i++) {
            if (a.kind != HEAD2_ACTION_JOB)
                continue;
            head2_job_run(a.job, sign, NULL);
            head2_session_complete(gateway, now, a.job);
        }
    }
    head2_session_free(gateway);
    return 0;
}
