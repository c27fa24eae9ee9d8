/*
 * What may pass towards a drone in fallback: a short list of MAVLink messages ("MAVLink Packet
 * Format" and the common dialect, mavlink.io), and nothing else. A node may be somebody with a
 * stolen key, so a command is let through only when it says no more than its name: hold here, come
 * back, land here. Positions, radii and altitudes are parameters, and any parameter that is not
 * "as you are set up" (0, or not a number) is refused.
 */
#include "base/base.h"
#include "base/crc16.h"

#include <head2/fallback.h>

#define MAGIC_1      0xfe
#define MAGIC_2      0xfd
#define HEAD_1       6
#define HEAD_2       10
#define CHECKSUM     2
#define FLAG_SIGNED  1
#define SIGNATURE    13
#define ONE_FLOAT    0x3f800000u
#define MISSION_PLAN 0 /* MAV_MISSION_TYPE_MISSION; others are fences and rally points */
#define AT_COMMAND   28
#define MAX_PAYLOAD  35

enum message_id {
    HEARTBEAT = 0,
    SYSTEM_TIME = 2,
    PING = 4,
    MISSION_CLEAR_ALL = 45,
    COMMAND_INT = 75,
    COMMAND_LONG = 76,
    TIMESYNC = 111
};

/* The full payload's length in each version (extension fields exist in version 2 alone), and the
 * CRC_EXTRA that the message's definition gives. */
struct message {
    uint8_t id;
    uint8_t len_1;
    uint8_t len_2;
    uint8_t extra;
};

static const struct message messages[] = {
    {HEARTBEAT,         9,  9,  50 },
    {SYSTEM_TIME,       12, 12, 137},
    {PING,              14, 14, 237},
    {MISSION_CLEAR_ALL, 2,  3,  232},
    {COMMAND_INT,       35, 35, 158},
    {COMMAND_LONG,      33, 33, 152},
    {TIMESYNC,          16, 18, 34 },
};

/* One whole frame. Its payload's cut zeros are restored. */
struct frame {
    const struct message *message;
    size_t len; /* of the frame, in the datagram */
    uint8_t payload[MAX_PAYLOAD];
};

static const struct message *message_of(uint32_t id)
{
    for (size_t i = 0; i < HEAD2_LEN(messages); i++)
        if (messages[i].id == id)
            return &messages[i];
    return NULL;
}

/* The frame that begins at p: false when there is none, or none that is known. */
static bool frame_read(struct frame *f, const uint8_t *p, size_t len)
{
    if (len < HEAD_2)
        return false;
    const bool two = p[0] == MAGIC_2;
    const size_t head = two ? HEAD_2 : HEAD_1, n = p[1];
    const uint32_t id = two ? p[7] | (uint32_t)p[8] << 8 | (uint32_t)p[9] << 16 : p[5];
    if ((!two && p[0] != MAGIC_1) || (two && (p[2] & ~FLAG_SIGNED) != 0))
        return false;
    f->message = message_of(id);
    if (f->message == NULL)
        return false;
    if (two ? n < 1 || n > f->message->len_2 : n != f->message->len_1)
        return false;
    f->len = head + n + CHECKSUM + (two && p[2] == FLAG_SIGNED ? SIGNATURE : 0);
    if (f->len > len)
        return false;
    const uint8_t *sum = p + head + n;
    if (crc16_mavlink(p, head + n, f->message->extra) != (sum[0] | (unsigned)sum[1] << 8))
        return false;
    memset(f->payload, 0, sizeof f->payload);
    memcpy(f->payload, p + head, n);
    return true;
}

/* A float that asks for nothing of its own: zero of either sign, or not a number. */
static bool is_default(uint32_t bits)
{
    const uint32_t size = bits & 0x7fffffff;

    return size == 0 || size > 0x7f800000;
}

/* The same of a coordinate in COMMAND_INT, which has INT32_MAX for "not given". */
static bool is_default_place(uint32_t v)
{
    return v == 0 || v == INT32_MAX;
}

static bool first_parameter_allowed(uint16_t command, uint32_t bits)
{
    switch (command) {
    case 17: /* MAV_CMD_NAV_LOITER_UNLIM */
    case 20: /* MAV_CMD_NAV_RETURN_TO_LAUNCH */
    case 21: /* MAV_CMD_NAV_LAND */
        return is_default(bits);
    case 193: /* MAV_CMD_DO_PAUSE_CONTINUE: 0 pauses, 1 goes on */
        return (bits & 0x7fffffff) == 0;
    case 207: /* MAV_CMD_DO_FENCE_ENABLE: 1 switches on; 0 and 2 switch off */
        return bits == ONE_FLOAT;
    default:
        return false;
    }
}

static bool command_allowed(const uint8_t *p, bool places_are_integers)
{
    const uint16_t command = (uint16_t)(p[AT_COMMAND] | (unsigned)p[AT_COMMAND + 1] << 8);

    if (!first_parameter_allowed(command, le32(p)))
        return false;
    for (unsigned i = 1; i < 7; i++) {
        const uint32_t v = le32(p + 4 * i);
        const bool place = places_are_integers && (i == 4 || i == 5);
        if (place ? !is_default_place(v) : !is_default(v))
            return false;
    }
    return true;
}

static bool frame_allowed(const struct frame *f)
{
    switch (f->message->id) {
    case COMMAND_LONG:
    case COMMAND_INT:
        return command_allowed(f->payload, f->message->id == COMMAND_INT);
    case MISSION_CLEAR_ALL:
        return f->payload[2] == MISSION_PLAN;
    default: /* listed, and commands nothing */
        return true;
    }
}

bool head2_fallback_allows(const uint8_t *datagram, size_t len)
{
    struct frame f;

    if (len == 0)
        return false;
    for (size_t at = 0; at < len; at += f.len)
        if (!frame_read(&f, datagram + at, len - at) || !frame_allowed(&f))
            return false;
    return true;
}
