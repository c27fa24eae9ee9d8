/*
 * MAVLink 2 serialisation (mavlink.io, "MAVLink Packet Format"): little-endian payloads with their
 * trailing zeros cut, CRC-16/MCRF4XX over everything but the magic, and the message's CRC_EXTRA.
 */
#include "telemetry/mavlink.h"

#include "base/crc16.h"

#define MAGIC 0xfd
#define HEAD  10

struct message {
    uint32_t id;
    uint8_t len;   /* of the full payload */
    uint8_t extra; /* CRC_EXTRA, from the message's definition */
};

static const struct message messages[] = {
    {MAVLINK_HEARTBEAT,           9,  50 },
    {MAVLINK_SYS_STATUS,          31, 124},
    {MAVLINK_GPS_RAW_INT,         30, 24 },
    {MAVLINK_ATTITUDE,            28, 39 },
    {MAVLINK_GLOBAL_POSITION_INT, 28, 104},
    {MAVLINK_NAMED_VALUE_FLOAT,   18, 170},
};

static const struct message *message_of(uint32_t id)
{
    for (size_t i = 0; i < HEAD2_LEN(messages); i++)
        if (messages[i].id == id)
            return &messages[i];
    return NULL;
}

static void put_le16(uint8_t *p, uint16_t v)
{
    p[0] = (uint8_t)v;
    p[1] = (uint8_t)(v >> 8);
}

static void put_float(uint8_t *p, float v)
{
    uint32_t bits;

    memcpy(&bits, &v, sizeof bits);
    put_le32(p, bits);
}

static size_t finish(uint8_t *out, struct mavlink_source *from, uint32_t id)
{
    const struct message *m = message_of(id);
    size_t len = m->len;

    while (len > 1 && out[HEAD + len - 1] == 0)
        len--;
    out[0] = MAGIC;
    out[1] = (uint8_t)len;
    out[2] = out[3] = 0;
    out[4] = from->seq++;
    out[5] = from->system;
    out[6] = from->component;
    out[7] = (uint8_t)id;
    out[8] = (uint8_t)(id >> 8);
    out[9] = (uint8_t)(id >> 16);
    put_le16(out + HEAD + len, crc16_mavlink(out, HEAD + len, m->extra));
    return HEAD + len + 2;
}

size_t mavlink_heartbeat(uint8_t *out, struct mavlink_source *from)
{
    uint8_t *p = out + HEAD;

    put_le32(p, 0);  /* custom_mode */
    p[4] = 2;        /* MAV_TYPE_QUADROTOR */
    p[5] = 3;        /* MAV_AUTOPILOT_ARDUPILOTMEGA */
    p[6] = 0x81 | 8; /* armed, guided, custom mode enabled */
    p[7] = 4;        /* MAV_STATE_ACTIVE */
    p[8] = 3;        /* MAVLink version */
    return finish(out, from, MAVLINK_HEARTBEAT);
}

size_t mavlink_sys_status(uint8_t *out, struct mavlink_source *from, const struct mavlink_state *s)
{
    uint8_t *p = out + HEAD;

    memset(p, 0, 31);
    put_le32(p, 0x2f); /* sensors present, enabled, healthy */
    put_le32(p + 4, 0x2f);
    put_le32(p + 8, 0x2f);
    put_le16(p + 12, 350); /* load, 0.1 % */
    put_le16(p + 14, s->battery_mv);
    put_le16(p + 16, (uint16_t)s->battery_ca);
    p[30] = (uint8_t)s->battery_percent;
    return finish(out, from, MAVLINK_SYS_STATUS);
}

size_t mavlink_gps_raw(uint8_t *out, struct mavlink_source *from, const struct mavlink_state *s)
{
    uint8_t *p = out + HEAD;

    put_le64(p, (uint64_t)s->boot_ms * 1000);
    put_le32(p + 8, (uint32_t)s->lat_e7);
    put_le32(p + 12, (uint32_t)s->lon_e7);
    put_le32(p + 16, (uint32_t)s->alt_mm);
    put_le16(p + 20, 80);  /* eph, cm */
    put_le16(p + 22, 120); /* epv, cm */
    put_le16(p + 24, 500); /* ground speed, cm/s */
    put_le16(p + 26, s->heading_cdeg);
    p[28] = 6;  /* RTK fixed */
    p[29] = 18; /* satellites */
    return finish(out, from, MAVLINK_GPS_RAW_INT);
}

size_t mavlink_attitude(uint8_t *out, struct mavlink_source *from, const struct mavlink_state *s)
{
    uint8_t *p = out + HEAD;

    put_le32(p, s->boot_ms);
    put_float(p + 4, s->roll);
    put_float(p + 8, s->pitch);
    put_float(p + 12, s->yaw);
    put_float(p + 16, 0);
    put_float(p + 20, 0);
    put_float(p + 24, 0);
    return finish(out, from, MAVLINK_ATTITUDE);
}

size_t mavlink_position(uint8_t *out, struct mavlink_source *from, const struct mavlink_state *s)
{
    uint8_t *p = out + HEAD;

    put_le32(p, s->boot_ms);
    put_le32(p + 4, (uint32_t)s->lat_e7);
    put_le32(p + 8, (uint32_t)s->lon_e7);
    put_le32(p + 12, (uint32_t)s->alt_mm);
    put_le32(p + 16, (uint32_t)s->relative_alt_mm);
    put_le16(p + 20, (uint16_t)s->vn_cms);
    put_le16(p + 22, (uint16_t)s->ve_cms);
    put_le16(p + 24, (uint16_t)s->vd_cms);
    put_le16(p + 26, s->heading_cdeg);
    return finish(out, from, MAVLINK_GLOBAL_POSITION_INT);
}

size_t mavlink_named_float(uint8_t *out, struct mavlink_source *from, uint32_t boot_ms,
                           const char *name, float value)
{
    uint8_t *p = out + HEAD;
    size_t n = strlen(name);

    put_le32(p, boot_ms);
    put_float(p + 4, value);
    memset(p + 8, 0, 10);
    memcpy(p + 8, name, n < 10 ? n : 10);
    return finish(out, from, MAVLINK_NAMED_VALUE_FLOAT);
}

enum head2_status mavlink_read(struct mavlink_frame *f, const uint8_t *buf, size_t len)
{
    if (len < HEAD + 1 + 2 || buf[0] != MAGIC || len != HEAD + (size_t)buf[1] + 2)
        return HEAD2_E_MALFORMED;
    if (buf[2] != 0) /* incompatibility flags: signed, or something newer */
        return HEAD2_E_UNSUPPORTED;
    f->len = buf[1];
    f->seq = buf[4];
    f->system = buf[5];
    f->component = buf[6];
    f->id = buf[7] | (uint32_t)buf[8] << 8 | (uint32_t)buf[9] << 16;
    const struct message *m = message_of(f->id);
    if (m == NULL)
        return HEAD2_E_UNSUPPORTED;
    uint16_t crc = (uint16_t)(buf[len - 2] | (unsigned)buf[len - 1] << 8);
    if (crc != crc16_mavlink(buf, len - 2, m->extra))
        return HEAD2_E_VERIFY;
    if (f->len > m->len)
        return HEAD2_E_MALFORMED;
    memset(f->payload, 0, sizeof f->payload);
    memcpy(f->payload, buf + HEAD, f->len);
    f->len = m->len;
    return HEAD2_OK;
}
