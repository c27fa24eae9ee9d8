/*
 * The control socket: each line from a client is a JSON object {"op": NAME}, each answer is one
 * JSON object on a line. Operations: status, tags, rotate {"peer": NAME}. Bounds: 8 clients, 1 KiB
 * a line; a client that says nothing or does not take its answer for 5 s is dropped.
 */
#include "gateway/runtime.h"

#include "artifact/file.h"
#include "keeper/unixsock.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#define CLIENTS    8
#define LINE_BYTES 1024
#define PATIENCE   5000 /* ms */

struct client {
    uv_pipe_t pipe;
    uv_timer_t timer;
    uv_write_t write;
    struct console *console;
    char *answer;
    char line[LINE_BYTES];
    size_t len;
    bool used, busy, closing;
    unsigned open_handles;
};

struct console {
    struct runtime *runtime;
    uv_pipe_t pipe;
    struct client clients[CLIENTS];
    char path[PATH_MAX];
    unsigned open_handles; /* with those of clients; the last one frees it */
};

static void drop_console(struct console *c)
{
    if (--c->open_handles == 0)
        free(c);
}

static void on_handle_closed(uv_handle_t *handle)
{
    struct client *c = handle->data;

    if (--c->open_handles == 0) {
        free(c->answer);
        c->answer = NULL;
        c->used = false;
    }
    drop_console(c->console);
}

static void drop(struct client *c)
{
    if (c->closing)
        return;
    c->closing = true;
    uv_close((uv_handle_t *)&c->pipe, on_handle_closed);
    uv_close((uv_handle_t *)&c->timer, on_handle_closed);
}

static void on_patience(uv_timer_t *timer)
{
    drop(timer->data);
}

/* ---- requests ---- */

static json_t *failure(const char *what)
{
    json_t *o = json_object();

    json_object_set_new(o, "error", json_string(what));
    return o;
}

static json_t *rotate(struct runtime *r, const json_t *request)
{
    const char *name = json_string_value(json_object_get(request, "peer"));
    const uint64_t now = runtime_now();

    for (uint32_t i = 0; name != NULL && i < r->max_members; i++) {
        if (!r->members[i].used || strcmp(r->members[i].name, name) != 0)
            continue;
        head2_session_rotate(r->session, now, i);
        runtime_pump(r, now);
        return json_object();
    }
    return failure("no such peer");
}

static json_t *answer(struct runtime *r, const char *line, size_t len)
{
    json_t *request = json_loadb(line, len, JSON_REJECT_DUPLICATES, NULL);
    const char *op = json_string_value(json_object_get(request, "op"));
    json_t *out;

    if (op == NULL)
        out = failure("a request is a line {\"op\": NAME}");
    else if (strcmp(op, "status") == 0)
        out = report_status(r);
    else if (strcmp(op, "tags") == 0)
        out = report_tags(r);
    else if (strcmp(op, "rotate") == 0)
        out = rotate(r, request);
    else
        out = failure("unknown operation");
    json_decref(request);
    return out;
}

static void next_line(struct client *c);
static void listen_on(struct client *c);

static void on_written(uv_write_t *write, int status)
{
    struct client *c = write->data;

    c->busy = false;
    free(c->answer);
    c->answer = NULL;
    if (status != 0) {
        drop(c);
        return;
    }
    uv_timer_again(&c->timer);
    next_line(c);
    listen_on(c);
}

static void reply(struct client *c, json_t *o)
{
    size_t len = json_dumpb(o, NULL, 0, JSON_COMPACT);

    c->answer = len != 0 ? malloc(len + 1) : NULL;
    if (c->answer == NULL || json_dumpb(o, c->answer, len, JSON_COMPACT) != len) {
        json_decref(o);
        drop(c);
        return;
    }
    json_decref(o);
    c->answer[len] = '\n';
    uv_buf_t buf = uv_buf_init(c->answer, (unsigned)len + 1);
    c->busy = true;
    c->write.data = c;
    if (uv_write(&c->write, (uv_stream_t *)&c->pipe, &buf, 1, on_written) != 0)
        drop(c);
}

/* Answer the first whole line; the next one waits until the answer is taken. */
static void next_line(struct client *c)
{
    char *end = memchr(c->line, '\n', c->len);

    if (c->busy || c->closing)
        return;
    if (end == NULL) {
        if (c->len == sizeof c->line)
            drop(c);
        return;
    }
    size_t used = (size_t)(end - c->line) + 1;
    json_t *o = answer(c->console->runtime, c->line, used - 1);
    memmove(c->line, c->line + used, c->len - used);
    c->len -= used;
    reply(c, o);
}

static void on_room(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    struct client *c = handle->data;

    (void)suggested;
    *buf = uv_buf_init(c->line + c->len, (unsigned)(sizeof c->line - c->len));
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    struct client *c = stream->data;

    (void)buf;
    if (n < 0) {
        drop(c);
        return;
    }
    c->len += (size_t)n;
    next_line(c);
    if (c->len == sizeof c->line && !c->closing) /* no room before the next answer is taken */
        uv_read_stop(stream);
}

static void listen_on(struct client *c)
{
    if (!c->closing && c->len < sizeof c->line)
        (void)uv_read_start((uv_stream_t *)&c->pipe, on_room, on_read); /* it may be on already */
}

static void on_extra_closed(uv_handle_t *handle)
{
    free(handle);
}

/* One client too many is taken and closed, so that it does not wait for ever. */
static void refuse(struct console *console)
{
    uv_pipe_t *extra = calloc(1, sizeof *extra);

    if (extra == NULL)
        return;
    uv_pipe_init(&console->runtime->loop, extra, 0);
    (void)uv_accept((uv_stream_t *)&console->pipe, (uv_stream_t *)extra);
    uv_close((uv_handle_t *)extra, on_extra_closed);
}

static void on_client(uv_stream_t *server, int status)
{
    struct console *console = server->data;
    struct client *c = NULL;

    for (unsigned i = 0; status == 0 && i < CLIENTS && c == NULL; i++)
        if (!console->clients[i].used)
            c = &console->clients[i];
    if (c == NULL) {
        if (status == 0)
            refuse(console);
        return;
    }
    memset(c, 0, sizeof *c);
    c->used = true;
    c->console = console;
    c->pipe.data = c->timer.data = c;
    uv_pipe_init(&console->runtime->loop, &c->pipe, 0);
    uv_timer_init(&console->runtime->loop, &c->timer);
    c->open_handles = 2;
    console->open_handles += 2;
    uv_timer_start(&c->timer, on_patience, PATIENCE, PATIENCE);
    if (uv_accept(server, (uv_stream_t *)&c->pipe) != 0 ||
        uv_read_start((uv_stream_t *)&c->pipe, on_room, on_read) != 0)
        drop(c);
}

/* ---- opening and closing ---- */

static enum head2_status fail(struct config_error *err, const char *path, int error)
{
    snprintf(err->where, sizeof err->where, "%.600s", path);
    if (error == EADDRINUSE || error == EEXIST) {
        snprintf(err->what, sizeof err->what,
                 error == EEXIST ? "there is a file here that is not a socket"
                                 : "another daemon answers at this control socket");
        snprintf(err->hint, sizeof err->hint, "name another listen.control");
        return HEAD2_E_STATE;
    }
    snprintf(err->what, sizeof err->what, "cannot open the control socket");
    err->error = error;
    return HEAD2_E_IO;
}

enum head2_status console_open(struct runtime *r, struct config_error *err)
{
    char folder[PATH_MAX];
    const char *path = r->config->control;
    const char *slash = strrchr(path, '/');
    struct console *c = calloc(1, sizeof *c);

    if (c == NULL)
        return fail(err, path, ENOMEM);
    snprintf(folder, sizeof folder, "%.*s", slash != NULL ? (int)(slash - path) : 0, path);
    if (slash != NULL && slash != path && file_make_dirs(folder, 0700) != HEAD2_OK) {
        free(c);
        return fail(err, folder, errno);
    }
    int fd = unixsock_listen(path);
    if (fd < 0) {
        free(c);
        return fail(err, path, errno);
    }
    c->runtime = r;
    c->pipe.data = c;
    snprintf(c->path, sizeof c->path, "%s", path);
    uv_pipe_init(&r->loop, &c->pipe, 0);
    c->open_handles = 1;
    r->console = c;
    int code = uv_pipe_open(&c->pipe, fd);
    if (code == 0)
        code = uv_listen((uv_stream_t *)&c->pipe, 16, on_client);
    return code == 0 ? HEAD2_OK : fail(err, path, -code);
}

static void on_console_closed(uv_handle_t *handle)
{
    drop_console(handle->data);
}

void console_close(struct runtime *r)
{
    struct console *c = r->console;

    if (c == NULL)
        return;
    r->console = NULL;
    unlink(c->path);
    for (unsigned i = 0; i < CLIENTS; i++)
        if (c->clients[i].used)
            drop(&c->clients[i]);
    uv_close((uv_handle_t *)&c->pipe, on_console_closed);
}
