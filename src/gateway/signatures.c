/* see signatures.h */
#include "gateway/signatures.h"

#include "gateway/journal.h"
#include "keeper/dial.h"
#include "keeper/wire.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define AGAIN_MS   10 /* before the next call, where one was not taken or has ended */
#define SAY_EACH_S 10 /* refusals are many where there is one */

/* What is asked and not answered, in the order of asking. */
struct asked {
    struct asked *next;
    struct head2_job *job;
    uint32_t id;
};

/* One connection. */
struct line {
    uv_poll_t poll;
    struct signatures *owner;
    int fd;
    bool wants_out;
    uint8_t *out; /* to be sent */
    size_t out_len, out_cap;
    uint8_t in[KEEPER_MESSAGE_MAX];
    size_t in_len;
};

struct signatures {
    struct signatures_options o;
    struct asked *first, **end;
    struct line *line; /* NULL: none at the moment */
    uv_timer_t again;
    uint32_t id;
    bool stopped;
    uint64_t said_ms;
    struct signatures_report report;
};

static void on_poll(uv_poll_t *poll, int status, int events);

/* ---- the connection ---- */

static void on_line_closed(uv_handle_t *handle)
{
    struct line *const l = handle->data;

    close(l->fd);
    free(l->out);
    free(l);
}

static void hang_up(struct signatures *s)
{
    if (s->line == NULL)
        return;
    uv_close((uv_handle_t *)&s->line->poll, on_line_closed);
    s->line = NULL;
}

static bool room_for(struct line *l, size_t more)
{
    size_t cap = l->out_cap == 0 ? 4096 : l->out_cap;

    while (cap - l->out_len < more)
        cap *= 2;
    if (cap == l->out_cap)
        return true;
    uint8_t *const out = realloc(l->out, cap);
    if (out == NULL)
        return false;
    l->out = out;
    l->out_cap = cap;
    return true;
}

static bool put_request(struct signatures *s, struct asked *a)
{
    struct line *const l = s->line;
    struct keeper_message ask = {.type = KEEPER_SIGN, .id = ++s->id};
    struct head2_to_sign what;
    size_t len;

    a->id = ask.id;
    if (!head2_job_to_sign(a->job, &what))
        return false;
    memcpy(ask.key, s->o.key_id, sizeof ask.key);
    ask.data = (struct keeper_bytes){what.msg, what.msg_len};
    ask.context = (struct keeper_bytes){(const uint8_t *)what.ctx, strlen(what.ctx)};
    if (!room_for(l, KEEPER_HEADER + KEEPER_CONTEXT_MAX + 64 + what.msg_len) ||
        keeper_encode(l->out + l->out_len, l->out_cap - l->out_len, &len, &ask) != HEAD2_OK)
        return false;
    l->out_len += len;
    return true;
}

static void on_again(uv_timer_t *timer);

static void call_later(struct signatures *s)
{
    hang_up(s);
    if (!s->stopped)
        uv_timer_start(&s->again, on_again, AGAIN_MS, 0);
}

static bool watch(struct line *l, bool wants_out)
{
    l->wants_out = wants_out;
    return uv_poll_start(&l->poll, UV_READABLE | (wants_out ? UV_WRITABLE : 0), on_poll) == 0;
}

static bool open_line(struct signatures *s)
{
    struct line *const l = calloc(1, sizeof *l);

    if (l == NULL)
        return false;
    l->owner = s;
    l->poll.data = l;
    l->fd = dial_call(s->o.pair);
    if (l->fd < 0 || uv_poll_init(s->o.loop, &l->poll, l->fd) != 0) {
        if (l->fd >= 0)
            close(l->fd);
        free(l);
        return false;
    }
    s->line = l;
    return watch(l, false);
}

/* A new connection, over which everything is asked again that has no answer. */
static void call(struct signatures *s)
{
    const bool first = s->id == 0;
    uint64_t again = 0;
    bool ok = open_line(s);

    for (struct asked *a = s->first; ok && a != NULL; a = a->next) {
        again += a->id != 0;
        ok = put_request(s, a);
    }
    if (!ok) {
        call_later(s);
        return;
    }
    s->report.again += again;
    if (!first)
        journal_say(JOURNAL_WARNING, "keeper-again",
                    "another keeper is asked, for %llu signatures a second time",
                    (unsigned long long)again);
    signatures_flush(s);
}

static void on_again(uv_timer_t *timer)
{
    call(timer->data);
}

/* ---- answers ---- */

static void finish(struct signatures *s, struct asked *a, enum head2_status st, const uint8_t *sig)
{
    head2_job_signed(a->job, st, sig);
    s->report.waiting--;
    s->o.done(s->o.arg, a->job);
    free(a);
}

/* Off the list: answers mostly come in the order of the questions. */
static struct asked *take(struct signatures *s, uint32_t id)
{
    for (struct asked **at = &s->first; *at != NULL; at = &(*at)->next) {
        struct asked *const a = *at;
        if (a->id != id)
            continue;
        *at = a->next;
        if (s->end == &a->next)
            s->end = at;
        return a;
    }
    return NULL;
}

static void note_refusal(struct signatures *s, const struct keeper_message *m)
{
    const uint64_t now = uv_now(s->o.loop);

    s->report.refused++;
    if (s->said_ms != 0 && now - s->said_ms < SAY_EACH_S * 1000)
        return;
    s->said_ms = now;
    journal_say(JOURNAL_ERROR, "keeper-refuses", "no signature: %.*s", (int)m->data.len,
                (const char *)m->data.at);
}

/* False: this is no keeper's answer to what was asked. */
static bool take_answer(struct signatures *s, const uint8_t *bytes, size_t len)
{
    struct keeper_message m;
    bool header;

    if (keeper_decode(&m, bytes, len, &header) != HEAD2_OK || !m.answer || m.type != KEEPER_SIGN ||
        (m.status == HEAD2_OK && m.sig.len != HEAD2_SESSION_SIG_BYTES))
        return false;
    struct asked *const a = take(s, m.id);
    if (a == NULL)
        return false;
    if (m.status != HEAD2_OK)
        note_refusal(s, &m);
    finish(s, a, m.status, m.sig.at);
    return true;
}

/* All whole answers; false as above. */
static bool take_answers(struct signatures *s, struct line *l)
{
    size_t at = 0, whole;
    enum head2_status st;

    while ((st = keeper_frame(l->in + at, l->in_len - at, &whole)) == HEAD2_OK &&
           whole <= l->in_len - at) {
        if (!take_answer(s, l->in + at, whole))
            return false;
        at += whole;
    }
    memmove(l->in, l->in + at, l->in_len - at);
    l->in_len -= at;
    return st != HEAD2_E_MALFORMED;
}

static bool receive(struct signatures *s, struct line *l)
{
    const ssize_t n = recv(l->fd, l->in + l->in_len, sizeof l->in - l->in_len, MSG_DONTWAIT);

    if (n < 0)
        return errno == EAGAIN || errno == EINTR;
    l->in_len += (size_t)n;
    return n > 0 && take_answers(s, l);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    struct line *const l = poll->data;
    struct signatures *const s = l->owner;

    if (status < 0 || ((events & UV_READABLE) != 0 && !receive(s, l)))
        call_later(s);
    else if ((events & UV_WRITABLE) != 0)
        signatures_flush(s);
    s->o.turned(s->o.arg);
}

/* ---- asking ---- */

bool signatures_ask(struct signatures *s, struct head2_job *job)
{
    struct asked *const a = calloc(1, sizeof *a);

    if (a == NULL)
        return false;
    a->job = job;
    if (s->line != NULL && !put_request(s, a)) {
        free(a);
        return false;
    }
    *s->end = a;
    s->end = &a->next;
    s->report.waiting++;
    return true;
}

void signatures_flush(struct signatures *s)
{
    struct line *const l = s->line;
    size_t at = 0;

    if (l == NULL || l->out_len == 0)
        return;
    while (at < l->out_len) {
        const ssize_t n = send(l->fd, l->out + at, l->out_len - at, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno != EAGAIN) {
            call_later(s);
            return;
        }
        if (n < 0)
            break;
        at += (size_t)n;
    }
    memmove(l->out, l->out + at, l->out_len - at);
    l->out_len -= at;
    if (l->wants_out != (l->out_len != 0) && !watch(l, l->out_len != 0))
        call_later(s);
}

/* ---- beginning and end ---- */

enum head2_status signatures_start(struct signatures **out,
                                   const struct signatures_options *options)
{
    struct signatures *const s = calloc(1, sizeof *s);

    *out = s;
    if (s == NULL)
        return HEAD2_E_MEMORY;
    s->o = *options;
    s->end = &s->first;
    s->again.data = s;
    if (uv_timer_init(options->loop, &s->again) != 0) {
        free(s);
        *out = NULL;
        return HEAD2_E_MEMORY;
    }
    call(s);
    return HEAD2_OK;
}

void signatures_stop(struct signatures *s)
{
    if (s == NULL || s->stopped)
        return;
    s->stopped = true;
    while (s->first != NULL)
        finish(s, take(s, s->first->id), HEAD2_E_STATE, NULL);
    hang_up(s);
    uv_close((uv_handle_t *)&s->again, NULL);
}

void signatures_free(struct signatures *s)
{
    free(s);
}

struct signatures_report signatures_report(const struct signatures *s)
{
    return s->report;
}
