/* see gpx.h */
#include "telemetry/gpx.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

struct reader {
    const char *at, *end;
    const char *why;
};

static bool fail(struct reader *r, const char *why)
{
    if (r->why == NULL)
        r->why = why;
    return false;
}

/* The next occurrence of word before limit, or NULL. */
static const char *find(const char *from, const char *limit, const char *word)
{
    return memmem(from, (size_t)(limit - from), word, strlen(word));
}

/* A decimal number in [min, max] that fills [from, to) but for blanks. */
static bool number(struct reader *r, double *out, const char *from, const char *to, double min,
                   double max)
{
    char buf[40];
    char *stop;
    size_t n = (size_t)(to - from);

    if (n == 0 || n >= sizeof buf)
        return fail(r, "a number is expected");
    memcpy(buf, from, n);
    buf[n] = 0;
    *out = strtod(buf, &stop);
    stop += strspn(stop, " \t\r\n");
    if (stop == buf || *stop != 0 || !(*out >= min && *out <= max))
        return fail(r, "a number is expected, within its range");
    return true;
}

static bool attribute(struct reader *r, double *out, const char *tag_end, const char *name,
                      double limit)
{
    const char *at = find(r->at, tag_end, name);

    if (at == NULL)
        return fail(r, "a track point needs lat and lon");
    at += strlen(name);
    const char *close = memchr(at, '"', (size_t)(tag_end - at));
    if (close == NULL)
        return fail(r, "an attribute is not closed");
    return number(r, out, at, close, -limit, limit);
}

static bool point_time(struct reader *r, int64_t *out, const char *from, const char *to)
{
    char buf[32];
    struct tm tm = {0};
    size_t n = (size_t)(to - from);

    if (n < 20 || n >= sizeof buf)
        return fail(r, "a time is written 2026-05-04T10:20:30Z");
    memcpy(buf, from, n);
    buf[n] = 0;
    const char *rest = strptime(buf, "%Y-%m-%dT%H:%M:%S", &tm);
    if (rest == NULL || rest[strcspn(rest, "Z")] != 'Z')
        return fail(r, "a time is written 2026-05-04T10:20:30Z");
    *out = (int64_t)timegm(&tm);
    return true;
}

/* r->at stands behind "<trkpt". */
static bool point(struct reader *r, struct gpx_point *p)
{
    const char *tag_end = memchr(r->at, '>', (size_t)(r->end - r->at));

    memset(p, 0, sizeof *p);
    if (tag_end == NULL)
        return fail(r, "a tag is not closed");
    if (!attribute(r, &p->lat, tag_end, " lat=\"", 90) ||
        !attribute(r, &p->lon, tag_end, " lon=\"", 180))
        return false;
    if (tag_end[-1] == '/') {
        r->at = tag_end + 1;
        return true;
    }
    const char *close = find(tag_end, r->end, "</trkpt>");
    if (close == NULL)
        return fail(r, "a track point is not closed");
    if (memchr(tag_end, '&', (size_t)(close - tag_end)) != NULL ||
        find(tag_end, close, "<!") != NULL || find(tag_end, close, "<trkpt") != NULL)
        return fail(r, "entities, comments and points within a point are refused");
    const char *from = find(tag_end, close, "<ele>"), *to = find(tag_end, close, "</ele>");
    if (from != NULL && (to == NULL || !number(r, &p->ele, from + 5, to, -1000, 20000)))
        return fail(r, "an elevation is not closed");
    from = find(tag_end, close, "<time>");
    to = find(tag_end, close, "</time>");
    if (from != NULL && (to == NULL || !point_time(r, &p->time, from + 6, to)))
        return fail(r, "a time is not closed");
    r->at = close + strlen("</trkpt>");
    return true;
}

static unsigned line_of(const char *text, const char *at)
{
    unsigned line = 1;

    for (; text < at; text++)
        line += *text == '\n';
    return line;
}

enum head2_status gpx_parse(struct gpx_path *path, const char *text, size_t len, unsigned *line,
                            const char **why)
{
    struct reader r = {text, text + len, NULL};
    enum head2_status st = HEAD2_OK;
    size_t room = 0;

    memset(path, 0, sizeof *path);
    if (len > GPX_MAX_BYTES) {
        st = HEAD2_E_LIMIT;
        r.why = "longer than 16 MiB";
        goto done;
    }
    for (const char *next; (next = find(r.at, r.end, "<trkpt")) != NULL;) {
        r.at = next + strlen("<trkpt");
        if (path->n == room) {
            room = room == 0 ? 256 : 2 * room;
            struct gpx_point *more = realloc(path->points, room * sizeof *more);
            if (more == NULL) {
                st = HEAD2_E_MEMORY;
                goto done;
            }
            path->points = more;
        }
        if (path->n == GPX_MAX_POINTS) {
            st = HEAD2_E_LIMIT;
            r.why = "more than 100,000 points";
            goto done;
        }
        if (!point(&r, &path->points[path->n])) {
            st = HEAD2_E_MALFORMED;
            goto done;
        }
        path->n++;
    }
    if (path->n == 0) {
        st = HEAD2_E_MALFORMED;
        fail(&r, "no track point");
    }
done:
    if (line != NULL)
        *line = line_of(text, r.at);
    if (why != NULL)
        *why = r.why;
    if (st != HEAD2_OK)
        gpx_free(path);
    return st;
}

void gpx_free(struct gpx_path *path)
{
    free(path->points);
    memset(path, 0, sizeof *path);
}

struct gpx_point gpx_at(const struct gpx_path *path, double t)
{
    for (size_t i = 1; i < path->n; i++) {
        const struct gpx_point *a = &path->points[i - 1], *b = &path->points[i];
        double begin = (double)(a->time - path->points[0].time);
        double span = (double)(b->time - a->time);
        if (span <= 0 || t >= begin + span)
            continue;
        double f = t <= begin ? 0 : (t - begin) / span;
        struct gpx_point p = {a->lat + f * (b->lat - a->lat), a->lon + f * (b->lon - a->lon),
                              a->ele + f * (b->ele - a->ele), a->time};
        return p;
    }
    return path->points[path->n - 1];
}
