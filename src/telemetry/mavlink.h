/*
 * MAVLink 2 frames: the few messages that a spray flight's telemetry is made of, written and read.
 * Frames are unsigned; the session around them authenticates them.
 */
#ifndef HEAD2_TELEMETRY_MAVLINK_H
#define HEAD2_TELEMETRY_MAVLINK_H

#include "base/base.h"

#define MAVLINK_MAX_FRAME (10 + 255 + 2)

enum mavlink_id {
    MAVLINK_HEARTBEAT = 0,
    MAVLINK_SYS_STATUS = 1,
    MAVLINK_GPS_RAW_INT = 24,
    MAVLINK_ATTITUDE = 30,
    MAVLINK_GLOBAL_POSITION_INT = 33,
    MAVLINK_NAMED_VALUE_FLOAT = 251
};

/* Who speaks; seq counts the frames. */
struct mavlink_source {
    uint8_t system;
    uint8_t component;
    uint8_t seq;
};

struct mavlink_frame {
    uint32_t id;
    uint8_t seq, system, component;
    uint8_t len;
    uint8_t payload[255]; /* trailing zeros restored */
};

/* Where the aircraft is and how it does, as the messages want it. */
struct mavlink_state {
    uint32_t boot_ms;
    int32_t lat_e7, lon_e7; /* degrees x 10^7 */
    int32_t alt_mm, relative_alt_mm;
    int16_t vn_cms, ve_cms, vd_cms; /* north, east, down */
    uint16_t heading_cdeg;
    float roll, pitch, yaw; /* rad */
    uint16_t battery_mv;
    int16_t battery_ca;
    int8_t battery_percent;
};

/* Each writes one frame to out (MAVLINK_MAX_FRAME bytes at most) and returns its length. */
size_t mavlink_heartbeat(uint8_t *out, struct mavlink_source *from);
size_t mavlink_sys_status(uint8_t *out, struct mavlink_source *from, const struct mavlink_state *s);
size_t mavlink_gps_raw(uint8_t *out, struct mavlink_source *from, const struct mavlink_state *s);
size_t mavlink_attitude(uint8_t *out, struct mavlink_source *from, const struct mavlink_state *s);
size_t mavlink_position(uint8_t *out, struct mavlink_source *from, const struct mavlink_state *s);
/* name: at most 10 characters */
size_t mavlink_named_float(uint8_t *out, struct mavlink_source *from, uint32_t boot_ms,
                           const char *name, float value);

/**
 * mavlink_read - read one frame that fills buf exactly.
 *
 * Returns HEAD2_OK, HEAD2_E_MALFORMED (not a MAVLink 2 frame of that length), HEAD2_E_UNSUPPORTED
 * (a message not listed above, or a signed frame) or HEAD2_E_VERIFY (checksum).
 */
HEAD2_CHECK enum head2_status mavlink_read(struct mavlink_frame *f, const uint8_t *buf, size_t len);

#endif
