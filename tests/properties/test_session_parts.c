/*
 * The parts of the session room by themselves: replay windows against a plain set, reassembly in
 * every order, frames, messages and parameters written and read back, boxes with every byte
 * changed.
 */
#include "check.h"

#include "session/responder.h"

static uint64_t seed = 20261122;

static uint64_t rnd(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed;
}

/* The window's answer is that of a set of all numbers seen, and of the W latest. */
static void window_is_a_set(void)
{
    enum { SPAN = 40000 };
    static uint8_t seen[SPAN];
    static const uint32_t sizes[] = {WINDOW_OTHER, WINDOW_VIDEO};
    uint64_t bits[WINDOW_VIDEO / 64];

    for (unsigned round = 0; round < 60; round++) {
        struct window w = {.size = sizes[round % 2], .bits = bits};
        uint64_t top = 0, reach = round % 3 == 0 ? 10 : round % 3 == 1 ? 3000 : 20000;
        bool any = false;
        memset(bits, 0, sizeof bits);
        memset(seen, 0, sizeof seen);
        for (unsigned i = 0; i < 30000; i++) {
            uint64_t base = top > reach ? top - reach : 0;
            uint64_t rn = base + rnd() % (2 * reach);
            if (rn >= SPAN)
                rn = rnd() % SPAN;
            enum window_verdict expect = any && rn + w.size <= top ? WINDOW_OLD
                                         : seen[rn]                ? WINDOW_DUP
                                                                   : WINDOW_NEW;
            CHECK_EQ(window_check(&w, rn), expect);
            if (expect != WINDOW_NEW || rnd() % 8 == 0)
                continue; /* a forged packet: checked, never accepted */
            window_accept(&w, rn);
            seen[rn] = 1;
            top = rn > top ? rn : top;
            any = true;
        }
    }
}

static void window_far_ahead(void)
{
    uint64_t bits[WINDOW_OTHER / 64] = {0};
    struct window w = {.size = WINDOW_OTHER, .bits = bits};

    for (uint64_t rn = 1; rn < RN_LIMIT; rn = rn * 3 + 1) {
        CHECK_EQ(window_check(&w, rn), WINDOW_NEW);
        window_accept(&w, rn);
        CHECK_EQ(window_check(&w, rn), WINDOW_DUP);
        if (rn > WINDOW_OTHER)
            CHECK_EQ(window_check(&w, rn - WINDOW_OTHER), WINDOW_OLD);
    }
}

static void reassembly_any_order(void)
{
    static uint8_t msg[MESSAGE_MAX], buf[MESSAGE_MAX];

    for (size_t i = 0; i < sizeof msg; i++)
        msg[i] = (uint8_t)rnd();
    for (unsigned round = 0; round < 2000; round++) {
        uint16_t len = (uint16_t)(1 + rnd() % MESSAGE_MAX);
        uint16_t stride = (uint16_t)(STRIDE_MIN + rnd() % 2000);
        unsigned cnt = frame_count(len, stride);
        struct reassembly r;
        if (cnt > FRAGS_MAX)
            continue;
        memset(buf, 0, sizeof buf);
        reassembly_start(&r, buf, len, stride);
        CHECK(reassembly_fits(&r, len, stride, (uint8_t)cnt));
        uint64_t missing = UINT64_MAX >> (64 - cnt);
        while (missing != 0) {
            CHECK(!reassembly_complete(&r));
            uint8_t idx = (uint8_t)(rnd() % cnt);
            size_t from = (size_t)idx * stride;
            size_t n = idx + 1u < cnt ? stride : len - from;
            bool news = reassembly_add(&r, idx, msg + from, n);
            CHECK_EQ(news, missing >> idx & 1);
            missing &= ~(UINT64_C(1) << idx);
        }
        CHECK(reassembly_complete(&r));
        CHECK_MEM(buf, msg, len);
    }
}

static void frames_read_back(void)
{
    static uint8_t msg[MESSAGE_MAX], d[FRAME_OVERHEAD + STRIDE_MAX];
    uint8_t mkey[32] = {1}, cookie[32] = {2};
    struct frame f;

    for (unsigned round = 0; round < 500; round++) {
        struct frame_spec spec = {.type = (enum frame_type)(1 + rnd() % 8),
                                  .hs_id = rnd() | 1,
                                  .stride = (uint16_t)(STRIDE_MIN + rnd() % 3000),
                                  .msg = msg,
                                  .msg_len = (uint16_t)(1 + rnd() % MESSAGE_MAX),
                                  .cookie = cookie,
                                  .mkey = mkey};
        unsigned cnt = frame_count(spec.msg_len, spec.stride);
        if (cnt > FRAGS_MAX)
            continue;
        uint8_t idx = (uint8_t)(rnd() % cnt);
        size_t n = frame_build(d, &spec, idx);
        CHECK(frame_parse(&f, d, n));
        CHECK(f.type == spec.type && f.hs_id == spec.hs_id && f.msg_len == spec.msg_len);
        CHECK(f.stride == spec.stride && f.idx == idx && f.cnt == cnt);
        CHECK_EQ(frame_check_mac(&f, d, mkey), HEAD2_OK);
        CHECK(!frame_parse(&f, d, n - 1));
        size_t at = rnd() % n;
        d[at] ^= (uint8_t)(1 + rnd() % 255);
        if (frame_parse(&f, d, n))
            CHECK_EQ(frame_check_mac(&f, d, mkey), HEAD2_E_VERIFY);
    }
}

static void params_read_back(void)
{
    uint8_t wire[PARAMS_BYTES];
    struct params a = {.incarnation = 5,
                       .rot_seconds = 60,
                       .rot_bytes = ROT_BYTES,
                       .overlap = 5,
                       .flags = 3,
                       .now_ms = 99,
                       .max_dgram = 1200};
    struct params b, c;

    params_write(wire, &a);
    CHECK(params_read(&b, wire));
    CHECK(b.incarnation == 5 && b.rot_seconds == 60 && b.rot_bytes == ROT_BYTES);
    CHECK(b.overlap == 5 && b.flags == 3 && b.now_ms == 99 && b.max_dgram == 1200);
    for (unsigned i = 36; i < PARAMS_BYTES; i++) {
        wire[i] = 1;
        CHECK(!params_read(&b, wire));
        wire[i] = 0;
    }
    a.max_dgram = DATAGRAM_FLOOR - 1; /* messages would not fit 64 fragments before long */
    params_write(wire, &a);
    CHECK(!params_read(&b, wire));
    a.max_dgram = DATAGRAM_FLOOR;
    params_write(wire, &a);
    CHECK(params_read(&b, wire));
    a.incarnation = INCARNATION_MAX;
    params_write(wire, &a);
    CHECK(!params_read(&b, wire));
    /* the stricter of both, within the floors */
    a.rot_seconds = 30, a.rot_bytes = 10, a.overlap = 2, a.max_dgram = 1400, a.flags = 6;
    b.rot_seconds = 1, b.rot_bytes = 9000000, b.overlap = 90, b.max_dgram = 548, b.flags = 5;
    params_agree(&c, &a, &b);
    CHECK_EQ(c.rot_seconds, ROT_SECONDS_MIN);
    CHECK_EQ(c.rot_bytes, ROT_BYTES_MIN);
    CHECK_EQ(c.overlap, OVERLAP_MAX);
    CHECK_EQ(c.max_dgram, 548);
    CHECK_EQ(c.flags, 4);
}

static void boxes_reject_every_change(void)
{
    static uint8_t plain[AUTH_BOX], box[AUTH_BYTES], back[AUTH_BOX];
    struct hs_keys keys;
    uint8_t th[64] = {9};
    struct head2_aead *aead;

    memset(&keys, 7, sizeof keys);
    CHECK_EQ(head2_aead_new(&aead), HEAD2_OK);
    CHECK_EQ(box_seal(aead, box, &keys, D2G, 0, th, plain, AUTH_BOX), HEAD2_OK);
    CHECK_EQ(box_open(aead, back, &keys, D2G, 0, th, box, AUTH_BOX), HEAD2_OK);
    for (size_t i = 0; i < AUTH_BYTES; i++) {
        box[i] ^= 0x40;
        CHECK_EQ(box_open(aead, back, &keys, D2G, 0, th, box, AUTH_BOX), HEAD2_E_VERIFY);
        box[i] ^= 0x40;
    }
    th[63] ^= 1;
    CHECK_EQ(box_open(aead, back, &keys, D2G, 0, th, box, AUTH_BOX), HEAD2_E_VERIFY);
    th[63] ^= 1;
    CHECK_EQ(box_open(aead, back, &keys, D2G, 1, th, box, AUTH_BOX), HEAD2_E_VERIFY);
    head2_aead_free(aead);
}

/* A bucket grants its rate however often it is asked. */
static void bucket_keeps_its_rate(void)
{
    static const uint64_t rates[] = {1, 5, 10, 400};

    for (unsigned i = 0; i < HEAD2_LEN(rates); i++) {
        struct bucket b = {.at = 1000};
        uint64_t granted = 0;
        for (uint64_t now = 1000; now <= 1000 + 2 * SECOND; now += 3)
            granted += limit_take(&b, now, rates[i], 16);
        CHECK(granted >= 2 * rates[i] - 1 && granted <= 2 * rates[i]);
    }
}

/* The multimap keeps what is added until it is removed, equal keys apart. */
static void index_chains(void)
{
    struct index ix;
    static uint64_t keys[300];
    unsigned found = 0;

    CHECK_EQ(index_init(&ix, 300, 42), HEAD2_OK);
    for (uint32_t i = 0; i < 300; i++) {
        keys[i] = rnd() % 40; /* many share a key */
        index_add(&ix, keys[i], i);
    }
    for (uint32_t i = 0; i < 300; i += 3)
        index_remove(&ix, keys[i], i);
    for (uint64_t key = 0; key < 40; key++)
        for (uint32_t i = index_first(&ix, key); i != INDEX_NONE; i = index_next(&ix, i)) {
            CHECK(i % 3 != 0);
            found += keys[i] == key;
        }
    CHECK_EQ(found, 200);
    index_free(&ix);
}

int main(void)
{
    RUN(window_is_a_set);
    RUN(window_far_ahead);
    RUN(reassembly_any_order);
    RUN(frames_read_back);
    RUN(params_read_back);
    RUN(boxes_reject_every_change);
    RUN(bucket_keeps_its_rate);
    RUN(index_chains);
    CHECK_EXIT();
}
