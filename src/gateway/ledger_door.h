/*
 * The door of a ledger: while a daemon owns it, other processes of its user append through a unix
 * socket of mode 0600, FOLDER/ledger.sock. A request is one line,
 *
 *     {"append": [ENTRY, …]}      entries as in ledger_json.h; their index and time do not count
 *
 * and its answer, when all of them are durable, or none is there, one of
 *
 *     {"first": 1842}
 *     {"error": "…", "where": "…", "hint": "…", "status": -12, "errno": 28}
 *
 * Bounds: DOOR_CLIENTS at once, the others wait; DOOR_REQUEST bytes and DOOR_ENTRIES entries a
 * request; who says nothing for DOOR_PATIENCE_MS is dropped. One thread serves it with poll(2).
 */
#ifndef HEAD2_GATEWAY_LEDGER_DOOR_H
#define HEAD2_GATEWAY_LEDGER_DOOR_H

#include "artifact/ledger.h"

#include <jansson.h>
#include <poll.h>

#define DOOR_FILE        "ledger.sock"
#define DOOR_CLIENTS     32
#define DOOR_POLLS       (DOOR_CLIENTS + 1)
#define DOOR_REQUEST     ((size_t)4 << 20)
#define DOOR_ENTRIES     1024
#define DOOR_PATIENCE_MS 10000

/* Entries that belong together. Their strings are the JSON's. */
struct door_request {
    json_t *json;
    struct ledger_entry *entries;
    size_t n;
};

/* Parse a request's line. HEAD2_OK, HEAD2_E_MEMORY, or HEAD2_E_MALFORMED with *why, a phrase. */
HEAD2_CHECK enum head2_status door_parse(struct door_request *out, const char *line, size_t len,
                                         const char **why);
void door_request_free(struct door_request *r);

struct door;

/* NULL with errno: EADDRINUSE where another process answers there. */
struct door *door_open(const char *folder);
void door_close(struct door *d);

/* What to poll for; returns how many of the DOOR_POLLS are used. */
unsigned door_polls(const struct door *d, struct pollfd polls[DOOR_POLLS]);
/* After poll(2): take new clients, read, write, drop. now_ms is of the monotonic clock. */
void door_turn(struct door *d, const struct pollfd *polls, unsigned n, uint64_t now_ms);

/* The next request that is whole, and who has to be answered; false: none. Malformed ones are
 * answered here. A client has one request at a time. */
bool door_next(struct door *d, struct door_request *out, unsigned *client);
/* Every request has to be answered before the next door_turn. fault: NULL where st is HEAD2_OK. */
void door_answer(struct door *d, unsigned client, enum head2_status st, uint64_t first,
                 const struct ledger_fault *fault);

/* From another process: append through the door of this folder. HEAD2_OK with each entry's index;
 * HEAD2_E_STATE where nobody answers there (with fault->error), else what the owner says. After
 * HEAD2_E_IO they may be there or not. */
HEAD2_CHECK enum head2_status door_send(const char *folder, struct ledger_entry *entries, size_t n,
                                        struct ledger_fault *fault);
/* Whether somebody answers. */
bool door_is_open(const char *folder);

#endif
