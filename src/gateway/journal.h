/*
 * The event log: one JSON object a line on standard error, with ts, level, event, peer, key_id and
 * detail. A log that nobody reads never holds the daemon up: a line that does not fit the pipe is
 * dropped and counted. No secret, no payload.
 */
#ifndef HEAD2_GATEWAY_JOURNAL_H
#define HEAD2_GATEWAY_JOURNAL_H

#include "base/base.h"

#include <jansson.h>

enum journal_level { JOURNAL_INFO, JOURNAL_WARNING, JOURNAL_ERROR, JOURNAL_ALARM };

struct journal_line {
    enum journal_level level;
    const char *event;
    const char *peer;   /* or NULL */
    const char *key_id; /* or NULL */
    json_t *detail;     /* taken over; or NULL */
};

void journal_write(const struct journal_line *line);
/* The same with a sentence as the detail {"text": …}. */
void journal_say(enum journal_level level, const char *event, const char *fmt, ...)
    HEAD2_PRINTF(3, 4);
/* Lines that were dropped so far. */
uint64_t journal_dropped(void);

#endif
