/* see ledger_door.h; the other side is in ledger_door_client.c */
#include "gateway/ledger_door.h"

#include "artifact/ledger_json.h"
#include "keeper/unixsock.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

struct client {
    int fd; /* -1: free */
    char *line;
    size_t len, cap;
    char *answer; /* while it is being written */
    size_t answer_len, written;
    bool asked; /* a request of its is being worked on */
    uint64_t heard_ms;
};

struct door {
    int listener;
    uint64_t now_ms;
    char path[PATH_MAX];
    struct client clients[DOOR_CLIENTS];
};

/* ---- requests ---- */

void door_request_free(struct door_request *r)
{
    free(r->entries);
    json_decref(r->json);
    *r = (struct door_request){0};
}

static enum head2_status parse(struct door_request *out, const char *line, size_t len,
                               const char **why)
{
    json_t *const o = json_loadb(line, len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
    const json_t *const list = json_object_get(o, "append");

    out->json = o;
    out->n = json_array_size(list);
    *why = "not a line {\"append\": [ENTRY, …]}";
    if (json_object_size(o) != 1 || out->n == 0)
        return HEAD2_E_MALFORMED;
    *why = "too many entries in one request";
    if (out->n > DOOR_ENTRIES)
        return HEAD2_E_MALFORMED;
    out->entries = calloc(out->n, sizeof *out->entries);
    if (out->entries == NULL)
        return HEAD2_E_MEMORY;
    *why = "not an entry of a ledger";
    for (size_t i = 0; i < out->n; i++)
        if (!ledger_entry_parse(&out->entries[i], json_array_get(list, i)) ||
            !ledger_entry_ok(&out->entries[i]))
            return HEAD2_E_MALFORMED;
    return HEAD2_OK;
}

enum head2_status door_parse(struct door_request *out, const char *line, size_t len,
                             const char **why)
{
    *out = (struct door_request){0};
    const enum head2_status st = parse(out, line, len, why);
    if (st != HEAD2_OK)
        door_request_free(out);
    return st;
}

/* ---- clients ---- */

static void drop(struct client *c)
{
    close(c->fd);
    free(c->line);
    free(c->answer);
    *c = (struct client){.fd = -1};
}

static void take_client(struct door *d)
{
    for (unsigned i = 0; i < DOOR_CLIENTS; i++) {
        if (d->clients[i].fd >= 0)
            continue;
        const int fd = accept4(d->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0)
            d->clients[i] = (struct client){.fd = fd, .heard_ms = d->now_ms};
        return;
    }
}

static bool make_room(struct client *c)
{
    if (c->len < c->cap)
        return true;
    const size_t cap = c->cap == 0 ? 4096 : 2 * c->cap;
    char *const more = c->cap < DOOR_REQUEST ? realloc(c->line, cap) : NULL;
    if (more == NULL)
        return false;
    c->line = more;
    c->cap = cap;
    return true;
}

/* A client that breaks off while its request is worked on has no answer to get. */
static void take_bytes(struct door *d, struct client *c)
{
    while (c->fd >= 0 && !c->asked && make_room(c)) {
        const ssize_t n = read(c->fd, c->line + c->len, c->cap - c->len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN)
            return;
        if (n <= 0)
            break;
        c->len += (size_t)n;
        c->heard_ms = d->now_ms;
        if (c->line[c->len - 1] == '\n')
            return;
    }
    drop(c);
}

static void give_bytes(struct door *d, struct client *c)
{
    while (c->written < c->answer_len) {
        const ssize_t n =
            send(c->fd, c->answer + c->written, c->answer_len - c->written, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN)
            return;
        if (n <= 0) {
            drop(c);
            return;
        }
        c->written += (size_t)n;
    }
    free(c->answer);
    c->answer = NULL;
    c->asked = false;
    c->heard_ms = d->now_ms;
}

unsigned door_polls(const struct door *d, struct pollfd polls[DOOR_POLLS])
{
    bool full = true;

    for (unsigned i = 0; i < DOOR_CLIENTS; i++) {
        const struct client *const c = &d->clients[i];
        const short events = c->answer != NULL ? POLLOUT : c->asked ? 0 : POLLIN;
        polls[1 + i] = (struct pollfd){.fd = c->fd, .events = events};
        full = full && c->fd >= 0;
    }
    polls[0] = (struct pollfd){.fd = full ? -1 : d->listener, .events = POLLIN};
    return DOOR_POLLS;
}

void door_turn(struct door *d, const struct pollfd *polls, unsigned n, uint64_t now_ms)
{
    d->now_ms = now_ms;
    for (unsigned i = 0; i + 1 < n; i++) {
        struct client *const c = &d->clients[i];
        const short ready = polls[1 + i].revents;
        if (c->fd < 0 || c->fd != polls[1 + i].fd)
            continue;
        if ((ready & (POLLERR | POLLNVAL)) != 0)
            drop(c);
        else if (c->answer != NULL && (ready & (POLLOUT | POLLHUP)) != 0)
            give_bytes(d, c);
        else if (c->answer == NULL && !c->asked && (ready & (POLLIN | POLLHUP)) != 0)
            take_bytes(d, c);
        if (c->fd >= 0 && (!c->asked || c->answer != NULL) &&
            now_ms - c->heard_ms > DOOR_PATIENCE_MS)
            drop(c);
    }
    if ((polls[0].revents & POLLIN) != 0)
        take_client(d);
}

/* ---- asked and answered ---- */

static void answer(struct door *d, struct client *c, json_t *o)
{
    char *const text = json_dumps(o, JSON_COMPACT);

    json_decref(o);
    c->len = 0;
    c->written = 0;
    c->answer_len = text != NULL ? strlen(text) + 1 : 0;
    c->answer = text;
    if (text == NULL) {
        drop(c);
        return;
    }
    text[c->answer_len - 1] = '\n'; /* in the place of the zero byte */
    give_bytes(d, c);
}

bool door_next(struct door *d, struct door_request *out, unsigned *client)
{
    const char *why = "out of memory";

    for (unsigned i = 0; i < DOOR_CLIENTS; i++) {
        struct client *const c = &d->clients[i];
        if (c->fd < 0 || c->asked || c->len == 0 || c->line[c->len - 1] != '\n')
            continue;
        c->asked = true;
        const enum head2_status st = door_parse(out, c->line, c->len - 1, &why);
        *client = i;
        if (st == HEAD2_OK)
            return true;
        struct ledger_fault fault = {0};
        snprintf(fault.what, sizeof fault.what, "%s", why);
        door_answer(d, i, st, 0, &fault);
    }
    return false;
}

void door_answer(struct door *d, unsigned client, enum head2_status st, uint64_t first,
                 const struct ledger_fault *fault)
{
    struct client *const c = &d->clients[client];

    if (st == HEAD2_OK)
        answer(d, c, json_pack("{s:I}", "first", (json_int_t)first));
    else
        answer(d, c,
               json_pack("{s:s, s:s, s:s, s:i, s:i}", "error", fault->what, "where", fault->where,
                         "hint", fault->hint, "status", (int)st, "errno", fault->error));
}

/* ---- opening and closing ---- */

struct door *door_open(const char *folder)
{
    struct door *const d = calloc(1, sizeof *d);

    if (d == NULL)
        return NULL;
    for (unsigned i = 0; i < DOOR_CLIENTS; i++)
        d->clients[i].fd = -1;
    d->listener = -1;
    if (snprintf(d->path, sizeof d->path, "%s/" DOOR_FILE, folder) < (int)sizeof d->path)
        d->listener = unixsock_listen(d->path);
    else
        errno = ENAMETOOLONG;
    if (d->listener >= 0)
        return d;
    free(d);
    return NULL;
}

void door_close(struct door *d)
{
    if (d == NULL)
        return;
    unlink(d->path);
    close(d->listener);
    for (unsigned i = 0; i < DOOR_CLIENTS; i++)
        if (d->clients[i].fd >= 0)
            drop(&d->clients[i]);
    free(d);
}
