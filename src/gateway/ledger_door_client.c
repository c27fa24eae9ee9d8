/* Appending through the door of a ledger; see ledger_door.h. */
#include "artifact/ledger_json.h"
#include "gateway/ledger_door.h"
#include "keeper/unixsock.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define ANSWER_MAX  8192
#define ANSWER_WAIT 15 /* seconds: a disk may be slow */

static int connect_to(const char *folder)
{
    char path[PATH_MAX];

    if (snprintf(path, sizeof path, "%s/" DOOR_FILE, folder) < (int)sizeof path)
        return unixsock_connect(path);
    errno = ENAMETOOLONG;
    return -1;
}

bool door_is_open(const char *folder)
{
    const int fd = connect_to(folder);

    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

/* The request's line, to be freed; NULL: out of memory. */
static char *request(const struct ledger_entry *entries, size_t n, size_t *len)
{
    json_t *const list = json_array();
    json_t *o = json_pack("{s:o}", "append", list);
    char *line = NULL;

    for (size_t i = 0; o != NULL && i < n; i++)
        if (json_array_append_new(list, ledger_entry_json(&entries[i])) != 0) {
            json_decref(o);
            o = NULL;
        }
    if (o != NULL)
        line = json_dumps(o, JSON_COMPACT);
    json_decref(o);
    *len = line != NULL ? strlen(line) + 1 : 0;
    if (line != NULL)
        line[*len - 1] = '\n';
    return line;
}

static bool say(int fd, const char *line, size_t len)
{
    while (len > 0) {
        const ssize_t n = send(fd, line, len, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        line += n;
        len -= (size_t)n;
    }
    return true;
}

/* One line; false with errno. */
static bool hear(int fd, char line[ANSWER_MAX])
{
    size_t len = 0;

    while (len + 1 < ANSWER_MAX) {
        const ssize_t n = recv(fd, line + len, ANSWER_MAX - 1 - len, 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            errno = n == 0 ? EPIPE : errno == EAGAIN ? ETIMEDOUT : errno;
            return false;
        }
        len += (size_t)n;
        line[len] = 0;
        if (line[len - 1] == '\n')
            return true;
    }
    errno = EPROTO;
    return false;
}

static void copy(char *out, size_t cap, const json_t *o, const char *name)
{
    const char *const text = json_string_value(json_object_get(o, name));
    snprintf(out, cap, "%s", text != NULL ? text : "");
}

/* What the owner has answered. */
static enum head2_status understand(const char *line, struct ledger_entry *entries, size_t n,
                                    struct ledger_fault *fault)
{
    json_t *const o = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
    const json_t *const first = json_object_get(o, "first");
    enum head2_status st = HEAD2_OK;

    for (size_t i = 0; json_is_integer(first) && i < n; i++)
        entries[i].index = (uint64_t)json_integer_value(first) + i;
    if (!json_is_integer(first)) {
        copy(fault->what, sizeof fault->what, o, "error");
        copy(fault->where, sizeof fault->where, o, "where");
        copy(fault->hint, sizeof fault->hint, o, "hint");
        fault->error = (int)json_integer_value(json_object_get(o, "errno"));
        st = (enum head2_status)json_integer_value(json_object_get(o, "status"));
        if (st == HEAD2_OK || fault->what[0] == 0)
            st = HEAD2_E_IO;
    }
    json_decref(o);
    return st;
}

static enum head2_status broken(struct ledger_fault *fault, const char *folder, int error)
{
    snprintf(fault->where, sizeof fault->where, "%.490s/" DOOR_FILE, folder);
    snprintf(fault->what, sizeof fault->what,
             "the daemon that owns the ledger has not answered: %s", strerror(error));
    snprintf(fault->hint, sizeof fault->hint,
             "see its log, and whether the entry is there ('head2 ledger show')");
    return HEAD2_E_IO;
}

enum head2_status door_send(const char *folder, struct ledger_entry *entries, size_t n,
                            struct ledger_fault *fault)
{
    const struct timeval limit = {ANSWER_WAIT, 0};
    char reply[ANSWER_MAX];
    size_t len;

    memset(fault, 0, sizeof *fault);
    const int fd = connect_to(folder);
    if (fd < 0) {
        fault->error = errno;
        return HEAD2_E_STATE;
    }
    char *const line = request(entries, n, &len);
    enum head2_status st = HEAD2_OK;
    if (line == NULL)
        st = HEAD2_E_MEMORY;
    else if (n > DOOR_ENTRIES || len > DOOR_REQUEST)
        st = HEAD2_E_LIMIT;
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    if (st == HEAD2_OK && (!say(fd, line, len) || !hear(fd, reply)))
        st = broken(fault, folder, errno);
    else if (st == HEAD2_OK)
        st = understand(reply, entries, n, fault);
    free(line);
    close(fd);
    return st;
}
