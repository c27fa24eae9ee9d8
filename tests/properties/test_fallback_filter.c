/*
 * What may pass towards a drone in fallback: each frame that may, in both versions of MAVLink, and
 * everything else refused: other messages, other commands, parameters, lengths, checksums, what
 * stands before, behind and between.
 */
#include "check.h"

#include "base/base.h"
#include "base/crc16.h"
#include "telemetry/mavlink.h"

#include <head2/fallback.h>

#define HOLD         17
#define RETURN       20
#define LAND         21
#define PAUSE        193
#define FENCE        207
#define NOT_A_NUMBER 0x7fc00000u
#define ONE          0x3f800000u

struct kind {
    uint8_t id, len_1, len_2, extra;
};

static const struct kind kinds[] = {
    {0,   9,  9,  50 },
    {2,   12, 12, 137},
    {4,   14, 14, 237},
    {45,  2,  3,  232},
    {75,  35, 35, 158},
    {76,  33, 33, 152},
    {111, 16, 18, 34 },
};

static const struct kind *kind_of(uint32_t id)
{
    for (size_t i = 0; i < HEAD2_LEN(kinds); i++)
        if (kinds[i].id == id)
            return &kinds[i];
    return NULL;
}

/* A frame of version 1 or 2 around a payload of n bytes; the flags are those of version 2. */
static size_t frame(uint8_t *out, unsigned version, uint8_t flags, uint32_t id, uint8_t extra,
                    const uint8_t *payload, size_t n)
{
    const size_t head = version == 1 ? 6 : 10;

    memset(out, 0, head);
    out[0] = version == 1 ? 0xfe : 0xfd;
    out[1] = (uint8_t)n;
    if (version == 1) {
        out[5] = (uint8_t)id;
    } else {
        out[2] = flags;
        out[7] = (uint8_t)id;
        out[8] = (uint8_t)(id >> 8);
        out[9] = (uint8_t)(id >> 16);
    }
    memcpy(out + head, payload, n);
    const uint16_t crc = crc16_mavlink(out, head + n, extra);
    out[head + n] = (uint8_t)crc;
    out[head + n + 1] = (uint8_t)(crc >> 8);
    return head + n + 2;
}

static void command(uint8_t p[35], uint16_t number, uint32_t first)
{
    memset(p, 0, 35);
    put_le32(p, first);
    p[28] = (uint8_t)number;
    p[29] = (uint8_t)(number >> 8);
    p[30] = 1;
}

static bool passes(unsigned version, uint32_t id, const uint8_t *payload)
{
    uint8_t out[64];
    const struct kind *k = kind_of(id);

    return head2_fallback_allows(
        out, frame(out, version, 0, id, k->extra, payload, version == 1 ? k->len_1 : k->len_2));
}

static bool command_passes(uint16_t number, const uint8_t p[35])
{
    uint8_t copy[35];
    unsigned yes = 0;

    memcpy(copy, p, 35);
    copy[28] = (uint8_t)number;
    copy[29] = (uint8_t)(number >> 8);
    for (unsigned version = 1; version <= 2; version++)
        yes += passes(version, 76, copy) + passes(version, 75, copy);
    CHECK(yes == 0 || yes == 4);
    return yes == 4;
}

static void every_allowed_message_passes_in_both_versions(void)
{
    uint8_t payload[35];

    for (unsigned version = 1; version <= 2; version++) {
        memset(payload, 0xff, sizeof payload);
        CHECK(passes(version, 0, payload));
        CHECK(passes(version, 2, payload));
        CHECK(passes(version, 4, payload));
        CHECK(passes(version, 111, payload));
        payload[2] = 0;
        CHECK(passes(version, 45, payload));
    }
}

static void the_frames_of_the_telemetry_pass(void)
{
    uint8_t out[MAVLINK_MAX_FRAME];
    struct mavlink_source from = {1, 1, 0};
    const struct mavlink_state state = {0};

    CHECK(head2_fallback_allows(out, mavlink_heartbeat(out, &from)));
    CHECK(!head2_fallback_allows(out, mavlink_attitude(out, &from, &state)));
    CHECK(!head2_fallback_allows(out, mavlink_named_float(out, &from, 0, "x", 1)));
}

static void clearing_the_plan_clears_no_fence(void)
{
    uint8_t payload[3] = {1, 1, 0};

    for (unsigned type = 1; type < 256; type++) {
        payload[2] = (uint8_t)type;
        CHECK_SAY(!passes(2, 45, payload), "type %u", type);
    }
}

static void of_all_commands_five_pass(void)
{
    static const uint32_t firsts[] = {
        0, 0x80000000, ONE, 0x40000000, 0xbf800000, NOT_A_NUMBER, 0xffffffff, 0x7f800000, 1};
    uint8_t p[35];
    unsigned passed = 0;

    for (unsigned number = 0; number < 0x10000; number++)
        for (size_t i = 0; i < HEAD2_LEN(firsts); i++) {
            const bool zero = i < 2, nan = i == 5 || i == 6;
            const bool want =
                ((number == HOLD || number == RETURN || number == LAND) && (zero || nan)) ||
                (number == PAUSE && zero) || (number == FENCE && firsts[i] == ONE);
            command(p, (uint16_t)number, firsts[i]);
            CHECK_SAY(command_passes((uint16_t)number, p) == want, "command %u with %08x", number,
                      firsts[i]);
            passed += want;
        }
    CHECK_EQ(passed, 3 * 4 + 2 + 1);
}

/* Every bit of every parameter beyond the first: position, radius and altitude are among them. */
static void no_command_says_where(void)
{
    static const uint16_t numbers[] = {HOLD, RETURN, LAND, PAUSE, FENCE};
    uint8_t p[35];

    for (size_t i = 0; i < HEAD2_LEN(numbers); i++)
        for (unsigned bit = 32; bit < 7 * 32; bit++) {
            command(p, numbers[i], numbers[i] == FENCE ? ONE : 0);
            p[bit / 8] = (uint8_t)(1 << bit % 8);
            const bool sign = bit % 32 == 31; /* -0: still "as set up", but no integer is */
            const bool place = bit / 32 == 4 || bit / 32 == 5;
            CHECK_SAY(passes(2, 76, p) == sign, "command %u, bit %u", numbers[i], bit);
            CHECK_SAY(passes(2, 75, p) == (sign && !place), "command %u, bit %u", numbers[i], bit);
        }
    command(p, RETURN, NOT_A_NUMBER);
    for (unsigned i = 1; i < 7; i++)
        put_le32(p + 4 * i, i == 4 || i == 5 ? INT32_MAX : NOT_A_NUMBER);
    CHECK(passes(2, 75, p));
    CHECK(passes(2, 76, p)); /* 0x7fffffff is not a number either */
    put_le32(p + 16, NOT_A_NUMBER);
    CHECK(!passes(2, 75, p)); /* as an integer it is a place */
}

static void every_other_message_is_refused(void)
{
    static const uint8_t zeros[255];
    uint8_t out[300];

    for (uint32_t id = 0; id < 0x20000; id++) {
        const struct kind *k = kind_of(id);
        if (k != NULL)
            continue;
        for (size_t i = 0; i < HEAD2_LEN(kinds); i++) {
            const size_t n = frame(out, 2, 0, id, kinds[i].extra, zeros, kinds[i].len_2);
            CHECK_SAY(!head2_fallback_allows(out, n), "message %u", id);
        }
        if (id < 256)
            CHECK(!head2_fallback_allows(out, frame(out, 1, 0, id, 50, zeros, 9)));
    }
}

static void every_changed_byte_is_refused(void)
{
    uint8_t out[64], p[35];

    command(p, RETURN, 0);
    for (unsigned version = 1; version <= 2; version++) {
        const size_t n = frame(out, version, 0, 76, 152, p, 33);
        CHECK(head2_fallback_allows(out, n));
        for (size_t i = 0; i < 8 * n; i++) {
            out[i / 8] ^= (uint8_t)(1 << i % 8);
            CHECK_SAY(!head2_fallback_allows(out, n), "version %u, bit %zu", version, i);
            out[i / 8] ^= (uint8_t)(1 << i % 8);
        }
        CHECK(head2_fallback_allows(out, n));
    }
}

static void no_part_of_a_frame_passes(void)
{
    uint8_t out[80], p[35];

    CHECK(!head2_fallback_allows(NULL, 0));
    command(p, LAND, 0);
    for (unsigned flags = 0; flags <= 1; flags++) {
        const size_t n = frame(out, 2, (uint8_t)flags, 76, 152, p, 33) + (flags == 1 ? 13 : 0);
        memset(out + n, 0, sizeof out - n);
        for (size_t len = 0; len < sizeof out; len++) {
            /* in memory of its own size, so that reading too far is seen */
            uint8_t *exact = malloc(len + 1);
            CHECK(exact != NULL);
            memcpy(exact + 1, out, len);
            const bool yes = head2_fallback_allows(exact + 1, len);
            free(exact);
            CHECK_SAY(yes == (len == n), "%zu of %zu bytes", len, n);
        }
    }
}

static void payloads_are_cut_in_version_2_alone(void)
{
    uint8_t out[64], p[35];

    command(p, RETURN, 0);
    for (size_t n = 0; n <= 35; n++) {
        CHECK_EQ(head2_fallback_allows(out, frame(out, 1, 0, 76, 152, p, n)), n == 33);
        /* byte 28 is the number's, and nothing behind it is needed */
        CHECK_EQ(head2_fallback_allows(out, frame(out, 2, 0, 76, 152, p, n)), n >= 29 && n <= 33);
    }
}

static void only_the_flag_of_signatures_is_known(void)
{
    uint8_t out[64] = {0}, heartbeat[9] = {1};

    for (unsigned flags = 0; flags < 256; flags++) {
        const size_t n = frame(out, 2, (uint8_t)flags, 0, 50, heartbeat, 9);
        memset(out + n, 0x5a, 13);
        CHECK_EQ(head2_fallback_allows(out, n), flags == 0);
        CHECK_EQ(head2_fallback_allows(out, n + 13), flags == 1);
    }
}

static void several_frames_pass_when_each_does(void)
{
    uint8_t out[512], heartbeat[9] = {0}, good[35], bad[35];
    size_t at[5], n = 0;

    command(good, RETURN, 0);
    command(bad, 400, ONE); /* MAV_CMD_COMPONENT_ARM_DISARM */
    at[0] = n, n += frame(out + n, 2, 0, 0, 50, heartbeat, 9);
    at[1] = n, n += frame(out + n, 1, 0, 76, 152, good, 33);
    at[2] = n, n += frame(out + n, 2, 1, 75, 158, good, 35) + 13;
    at[3] = n, n += frame(out + n, 2, 0, 0, 50, heartbeat, 9);
    at[4] = n;
    CHECK(head2_fallback_allows(out, n));
    for (unsigned i = 0; i < 4; i++)
        CHECK(head2_fallback_allows(out + at[i], n - at[i]));
    CHECK(!head2_fallback_allows(out, n - 1));
    (void)frame(out + at[1], 1, 0, 76, 152, bad, 33);
    CHECK(!head2_fallback_allows(out, n));
    CHECK(head2_fallback_allows(out + at[2], n - at[2]));
    (void)frame(out + at[1], 1, 0, 76, 152, good, 33);
    out[n] = 0;
    CHECK(!head2_fallback_allows(out, n + 1));
    memmove(out + 1, out, n);
    CHECK(!head2_fallback_allows(out, n + 1));
}

int main(void)
{
    RUN(every_allowed_message_passes_in_both_versions);
    RUN(the_frames_of_the_telemetry_pass);
    RUN(clearing_the_plan_clears_no_fence);
    RUN(of_all_commands_five_pass);
    RUN(no_command_says_where);
    RUN(every_other_message_is_refused);
    RUN(every_changed_byte_is_refused);
    RUN(no_part_of_a_frame_passes);
    RUN(payloads_are_cut_in_version_2_alone);
    RUN(only_the_flag_of_signatures_is_known);
    RUN(several_frames_pass_when_each_does);
    CHECK_EXIT();
}
