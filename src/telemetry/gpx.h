/*
 * Flight paths: the track points of a GPX file.
 */
#ifndef HEAD2_TELEMETRY_GPX_H
#define HEAD2_TELEMETRY_GPX_H

#include "base/base.h"

#define GPX_MAX_BYTES  ((size_t)16 << 20)
#define GPX_MAX_POINTS 100000

struct gpx_point {
    double lat, lon; /* degrees, WGS 84 */
    double ele;      /* metres */
    int64_t time;    /* Unix seconds, 0 where the file has none */
};

struct gpx_path {
    struct gpx_point *points;
    size_t n;
};

/**
 * gpx_parse - read the <trkpt> elements of a GPX 1.1 document.
 *
 * Only what a track needs is read: elements of other names are passed over, an entity, a comment
 * inside a point or a point without lat and lon is refused. Nesting is not checked beyond that.
 *
 * path   receives the points in their order; free with gpx_free
 * line   NULL, or receives the line of the first error
 * why    NULL, or receives a constant phrase
 *
 * Returns HEAD2_OK, HEAD2_E_MALFORMED, HEAD2_E_LIMIT (16 MiB, 100,000 points) or HEAD2_E_MEMORY.
 */
HEAD2_CHECK enum head2_status gpx_parse(struct gpx_path *path, const char *text, size_t len,
                                        unsigned *line, const char **why);
void gpx_free(struct gpx_path *path);

/* The position at t seconds after the first point, interpolated; the last point after the end. */
struct gpx_point gpx_at(const struct gpx_path *path, double t);

#endif
