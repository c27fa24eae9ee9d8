/* see journal.h */
#include "gateway/journal.h"

#include "artifact/utc.h"

#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define LINE_MAX_BYTES 4000 /* below PIPE_BUF: a line that poll lets through goes whole */

static uint64_t dropped; /* of the loop thread, the only one that writes events */

/* A pipe or terminal that is ready for writing takes PIPE_BUF bytes without blocking. */
static void put(const char *line, size_t len)
{
    struct pollfd fd = {STDERR_FILENO, POLLOUT, 0};

    if (poll(&fd, 1, 0) != 1 || (fd.revents & POLLOUT) == 0 ||
        write(STDERR_FILENO, line, len) != (ssize_t)len)
        dropped++;
}

void journal_write(const struct journal_line *line)
{
    static const char *const levels[] = {"info", "warning", "error", "alarm"};
    char ts[UTC_BYTES + 1];
    char out[LINE_MAX_BYTES + 2];
    json_t *o = json_object();

    utc_format(ts, utc_now());
    json_object_set_new(o, "ts", json_string(ts));
    json_object_set_new(o, "level", json_string(levels[line->level]));
    json_object_set_new(o, "event", json_string(line->event));
    json_object_set_new(o, "peer", line->peer != NULL ? json_string(line->peer) : json_null());
    json_object_set_new(o, "key_id",
                        line->key_id != NULL ? json_string(line->key_id) : json_null());
    json_object_set_new(o, "detail", line->detail != NULL ? line->detail : json_object());
    size_t len = json_dumpb(o, out, LINE_MAX_BYTES, JSON_COMPACT);
    json_decref(o);
    if (len == 0 || len > LINE_MAX_BYTES) {
        dropped++;
        return;
    }
    out[len++] = '\n';
    put(out, len);
}

void journal_say(enum journal_level level, const char *event, const char *fmt, ...)
{
    char text[1024];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    json_t *detail = json_object();
    if (json_object_set_new(detail, "text", json_string(text)) != 0)
        json_object_set_new(detail, "text", json_string("(not UTF-8)"));
    journal_write(&(struct journal_line){level, event, NULL, NULL, detail});
}

uint64_t journal_dropped(void)
{
    return dropped;
}
