/*
 * Datagrams from a gateway, true or false, to a drone in the middle of its handshake: the mirror of
 * fuzz_gateway. Frames get the drone's own handshake ids and a right mac1.
 */
#include "fuzz/edit.h"

#include "session/state.h"

#include <head2/hash.h>

static uint64_t rng, now;
static const uint8_t pk[HEAD2_SESSION_PK_BYTES] = {4};
static const struct head2_address gateway_addr = {
    {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127, 0, 0, 1},
    5710
};

static enum head2_status numbers(void *arg, void *out, size_t len)
{
    uint8_t *p = out;
    (void)arg;
    for (size_t i = 0; i < len; i++)
        p[i] = (uint8_t)((rng = rng * UINT64_C(6364136223846793005) + 1442695040888963407) >> 56);
    return HEAD2_OK;
}

static enum head2_status sign(void *arg, uint8_t *sig, const uint8_t *msg, size_t len,
                              const char *ctx)
{
    (void)arg, (void)msg, (void)len, (void)ctx;
    memset(sig, 7, SIG_BYTES);
    return HEAD2_OK;
}

static struct head2_session *open_drone(void)
{
    struct head2_session *s = NULL;
    struct head2_session_config c = {
        .role = HEAD2_ROLE_DRONE,
        .pk = pk,
        .suites = {HEAD2_SUITE_L5_P384, HEAD2_SUITE_L5},
        .random = numbers
    };
    struct head2_peer_config g = {.pk = pk, .addrs = {gateway_addr}, .n_addrs = 1};
    uint32_t peer;

    rng = 1;
    now = 1000000;
    FUZZ_ASSERT(head2_session_new(&s, &c, now) == HEAD2_OK);
    FUZZ_ASSERT(head2_session_add_peer(s, &peer, &g) == HEAD2_OK);
    return s;
}

static void work(struct head2_session *s)
{
    struct head2_action a;

    for (unsigned i = 0; i < 64 && head2_session_next(s, now, &a); i++) {
        if (a.kind != HEAD2_ACTION_JOB)
            continue;
        head2_job_run(a.job, sign, NULL);
        head2_session_complete(s, now, a.job);
    }
}

/* The handshake that a frame is for, with the key that its mac1 is made with. */
static const struct attempt *attempt_of(const struct head2_session *s, unsigned n)
{
    for (unsigned i = 0; i < HS_PARALLEL; i++)
        if (s->attempts[(i + n) % HS_PARALLEL].state != ATTEMPT_FREE)
            return &s->attempts[(i + n) % HS_PARALLEL];
    return NULL;
}

static size_t make_frame(const struct head2_session *s, struct input *in, uint8_t *out)
{
    static const enum frame_type types[] = {FRAME_RETRY, FRAME_RESP,  FRAME_DONE, FRAME_HSACK,
                                            FRAME_HINT,  FRAME_HELLO, FRAME_INIT, FRAME_AUTH};
    static const uint16_t sizes[] = {COOKIE_BYTES, HSACK_BYTES, DONE_BYTES,
                                     RESP_BYTES,   RESP_MAX,    MESSAGE_MAX};
    static const uint16_t strides[] = {STRIDE_FULL, STRIDE_SMALL, STRIDE_MIN};
    static uint8_t msg[MESSAGE_MAX];
    const struct attempt *a = attempt_of(s, take8(in));
    struct frame_spec spec = {.msg = msg};

    spec.type = types[take8(in) % HEAD2_LEN(types)];
    spec.msg_len = sizes[take8(in) % HEAD2_LEN(sizes)];
    if (take8(in) & 1)
        spec.msg_len = (uint16_t)(1 + take16(in) % MESSAGE_MAX);
    spec.stride = strides[take8(in) % HEAD2_LEN(strides)];
    spec.hs_id = a != NULL ? a->hs_id : 5;
    const bool secret = a != NULL && a->state == ATTEMPT_AUTH &&
                        (spec.type == FRAME_DONE || spec.type == FRAME_HSACK);
    spec.mkey = secret ? a->keys.frag[G2D] : s->mkey[G2D];
    const unsigned count = frame_count(spec.msg_len, spec.stride);
    if (count == 0 || count > 64)
        return 0;
    memset(msg, 0, sizeof msg);
    const unsigned idx = take8(in) % count;
    const size_t at = (size_t)idx * spec.stride;
    take_bytes(in, msg + at, take8(in));
    return frame_build(out, &spec, (uint8_t)idx);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t d[FRAME_OVERHEAD + STRIDE_MAX + 64];
    struct input in = {data, size};
    struct head2_session *s = open_drone();
    struct head2_session_data out;

    head2_session_tick(s, now);
    work(s);
    while (in.left > 3) {
        const uint8_t how = take8(&in);
        size_t len = how & 1 ? make_frame(s, &in, d) : take_bytes(&in, d, take16(&in) % sizeof d);
        struct head2_address from = gateway_addr;
        from.port = (uint16_t)(from.port + (how >> 7));
        if (how & 2) { /* changed after mac1 was made */
            edit(&in, d, &len, sizeof d);
        }
        now += (how & 12) * 50000u;
        head2_session_input(s, now, &from, d, len, &out);
        FUZZ_ASSERT(out.bytes == NULL); /* nobody has proved anything */
        if (how & 16)
            head2_session_tick(s, now);
        work(s);
    }
    head2_session_free(s);
    return 0;
}
