/*
 * GPX flight paths and MAVLink frames, from edits of good ones and from any bytes. Points that are
 * read are numbers within their ranges, at every time between them too; a frame that was written
 * is read as it was, and no other frame passes with the same bytes changed.
 */
#include "fuzz/edit.h"

#include "telemetry/gpx.h"
#include "telemetry/mavlink.h"

#include <math.h>

static const char gpx[] =
    "<?xml version=\"1.0\"?>\n<gpx version=\"1.1\"><trk><trkseg>\n"
    "<trkpt lat=\"48.1\" lon=\"11.5\"><ele>500.5</ele><time>2026-05-04T10:20:30Z</time></trkpt>\n"
    "<trkpt lat=\"48.2\" lon=\"-11.6\"><ele>-10</ele><time>2026-05-04T10:20:31Z</time></trkpt>\n"
    "<trkpt lon=\"1e1\" lat=\"-90\"/>\n"
    "<trkpt lat=\"48.3\" lon=\"180\"><time>2026-05-04T10:20:39.5Z</time></trkpt>\n"
    "</trkseg></trk></gpx>\n";

static bool in_range(const struct gpx_point *p)
{
    return fabs(p->lat) <= 90 && fabs(p->lon) <= 180 && p->ele >= -1000 && p->ele <= 20000;
}

static void read_gpx(struct input *in, bool any)
{
    static uint8_t text[32768];
    struct gpx_path path;
    unsigned line = 0;
    const char *why = NULL;
    size_t len = sizeof gpx - 1;

    memcpy(text, gpx, len);
    if (any)
        len = take_bytes(in, text, sizeof text);
    else
        edit(in, text, &len, sizeof text);
    char *exact = malloc(len > 0 ? len : 1);
    FUZZ_ASSERT(exact != NULL);
    memcpy(exact, text, len);
    if (gpx_parse(&path, exact, len, &line, &why) == HEAD2_OK) {
        FUZZ_ASSERT(path.n > 0 && path.n <= GPX_MAX_POINTS);
        for (size_t i = 0; i < path.n; i++)
            FUZZ_ASSERT(in_range(&path.points[i]));
        for (int t = -2; t < 12; t++) {
            struct gpx_point p = gpx_at(&path, t * 0.7);
            FUZZ_ASSERT(in_range(&p));
        }
        gpx_free(&path);
    } else {
        FUZZ_ASSERT(why != NULL && line > 0);
    }
    free(exact);
}

static size_t write_frame(struct input *in, uint8_t *out, struct mavlink_source *from)
{
    struct mavlink_state s;
    char name[12] = {0};
    uint8_t raw[sizeof s] = {0};

    take_bytes(in, raw, sizeof raw);
    memcpy(&s, raw, sizeof s);
    memcpy(name, raw, 11);
    switch (take8(in) % 6) {
    case 0:
        return mavlink_heartbeat(out, from);
    case 1:
        return mavlink_sys_status(out, from, &s);
    case 2:
        return mavlink_gps_raw(out, from, &s);
    case 3:
        return mavlink_attitude(out, from, &s);
    case 4:
        return mavlink_position(out, from, &s);
    default:
        return mavlink_named_float(out, from, s.boot_ms, name, s.roll);
    }
}

static void read_mavlink(struct input *in, bool any)
{
    uint8_t buf[2 * MAVLINK_MAX_FRAME], before[MAVLINK_MAX_FRAME];
    struct mavlink_source from = {take8(in), take8(in), take8(in)};
    const struct mavlink_source said = from;
    struct mavlink_frame f, changed;

    if (any) {
        size_t len = take_bytes(in, buf, sizeof buf);
        enum head2_status st = mavlink_read(&f, buf, len);
        FUZZ_ASSERT(st != HEAD2_OK || len <= MAVLINK_MAX_FRAME);
        return;
    }
    size_t len = write_frame(in, buf, &from);
    const size_t written = len;
    FUZZ_ASSERT(len <= MAVLINK_MAX_FRAME && mavlink_read(&f, buf, len) == HEAD2_OK);
    FUZZ_ASSERT(f.system == said.system && f.component == said.component && f.seq == said.seq);
    memcpy(before, buf, len);
    /* one byte changed: a 16-bit CRC sees every burst of up to 16 bits */
    if (in->left >= 3) {
        buf[take16(in) % len] ^= (uint8_t)(take8(in) | 1);
        FUZZ_ASSERT(memcmp(buf, before, len) == 0 || mavlink_read(&changed, buf, len) != HEAD2_OK);
        memcpy(buf, before, len);
    }
    edit(in, buf, &len, sizeof buf);
    if (mavlink_read(&changed, buf, len) == HEAD2_OK && len == written &&
        memcmp(buf, before, len) == 0)
        FUZZ_ASSERT(memcmp(changed.payload, f.payload, f.len) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = {data, size};
    const uint8_t how = take8(&in);

    if (how & 1)
        read_gpx(&in, (how & 2) != 0);
    else
        read_mavlink(&in, (how & 2) != 0);
    return 0;
}
