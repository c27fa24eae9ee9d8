/* see client.h */
#include "keeper/client.h"

#include "keeper/awake.h"
#include "keeper/dial.h"
#include "keeper/unixsock.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define AWAKE_US 150 /* for an answer: an ML-DSA-87 signature is there by then, mostly */

struct keeper_client {
    pthread_mutex_t mutex;
    int fd;   /* -1: gone */
    int pair; /* for calls; -1: path is where the keeper listens */
    bool reconnects;
    struct awake awake;
    uint32_t id;
    size_t used; /* of buf, by what was asked and answered */
    char path[PATH_MAX];
    uint8_t buf[KEEPER_MESSAGE_MAX]; /* a request, then its answer */
};

/* ---- the connection ---- */

static bool prepare(int fd)
{
    const struct timeval limit = {CLIENT_ANSWER_MS / 1000, 0};

    return setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) == 0 &&
           setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit) == 0;
}

static void hang_up(struct keeper_client *c)
{
    const int error = errno;

    if (c->fd >= 0)
        close(c->fd);
    c->fd = -1;
    errno = error;
}

static bool dial(struct keeper_client *c)
{
    c->fd = c->pair >= 0 ? dial_call(c->pair) : unixsock_connect(c->path);
    if (c->fd >= 0 && !prepare(c->fd))
        hang_up(c);
    return c->fd >= 0;
}

/* Until the keeper is there again. */
static bool dial_again(struct keeper_client *c)
{
    for (int waited = 0; c->reconnects; waited += 20) {
        if (dial(c))
            return true;
        if (waited >= CLIENT_PATIENCE_MS)
            return false;
        nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
    }
    errno = EPIPE;
    return false;
}

static enum head2_status make(struct keeper_client **out)
{
    struct keeper_client *const c = calloc(1, sizeof *c);

    *out = c;
    if (c == NULL)
        return HEAD2_E_MEMORY;
    c->fd = c->pair = -1;
    if (pthread_mutex_init(&c->mutex, NULL) == 0)
        return HEAD2_OK;
    free(c);
    *out = NULL;
    return HEAD2_E_MEMORY;
}

enum head2_status keeper_client_open(struct keeper_client **out, const char *path)
{
    enum head2_status st;

    HEAD2_TRY(make(out));
    (*out)->reconnects = true;
    if (snprintf((*out)->path, sizeof(*out)->path, "%s", path) >= (int)sizeof(*out)->path) {
        errno = ENAMETOOLONG;
        st = HEAD2_E_IO;
    } else if (!dial(*out)) {
        st = HEAD2_E_IO;
    }
    if (st != HEAD2_OK) {
        const int error = errno;
        keeper_client_close(*out);
        *out = NULL;
        errno = error;
    }
done:
    return st;
}

enum head2_status keeper_client_call(struct keeper_client **out, int pair)
{
    enum head2_status st;

    HEAD2_TRY(make(out));
    (*out)->reconnects = true;
    (*out)->pair = pair;
done:
    return st;
}

enum head2_status keeper_client_of(struct keeper_client **out, int fd)
{
    enum head2_status st;

    HEAD2_TRY(make(out));
    (*out)->fd = fd;
    if (!prepare(fd)) {
        keeper_client_close(*out);
        *out = NULL;
        st = HEAD2_E_IO;
    }
done:
    return st;
}

void keeper_client_close(struct keeper_client *c)
{
    if (c == NULL)
        return;
    hang_up(c);
    pthread_mutex_destroy(&c->mutex);
    head2_wipe(c, sizeof *c);
    free(c);
}

void keeper_client_forked(struct keeper_client *c)
{
    hang_up(c);
    head2_wipe(c->buf, sizeof c->buf);
}

/* ---- asking ---- */

static bool say(struct keeper_client *c, size_t len, bool *heard)
{
    for (size_t at = 0; at < len;) {
        const ssize_t n = send(c->fd, c->buf + at, len - at, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        at += (size_t)n;
        *heard = at == len; /* a request that is not whole is not worked on */
    }
    return true;
}

/*
 * Some bytes more, at most so many. Sleeps in poll(2), not in recv(2): a keeper that takes a
 * request wakes whoever sleeps in recv on the other end, for nothing.
 */
static ssize_t some(struct keeper_client *c, uint8_t *to, size_t most)
{
    struct pollfd wait = {.fd = c->fd, .events = POLLIN};

    for (;;) {
        const bool awake = awake_still(&c->awake);
        const int ready = poll(&wait, 1, awake ? 0 : CLIENT_ANSWER_MS);
        if (ready == 0 && awake)
            continue;
        if (ready == 0)
            errno = ETIMEDOUT;
        if (ready <= 0)
            return -1;
        awake_found(&c->awake);
        const ssize_t n = recv(c->fd, to, most, MSG_DONTWAIT);
        if (n >= 0 || errno != EAGAIN)
            return n;
    }
}

static bool hear(struct keeper_client *c, size_t *len)
{
    size_t whole = KEEPER_HEADER;
    enum head2_status st = HEAD2_E_SPACE;

    awake_begin(&c->awake, AWAKE_US);
    for (*len = 0; st == HEAD2_E_SPACE || (st == HEAD2_OK && *len < whole);) {
        /* all that is there: nothing comes behind an answer that is one */
        const ssize_t n = some(c, c->buf + *len, sizeof c->buf - *len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            errno = n == 0 ? EPIPE : errno;
            return false;
        }
        *len += (size_t)n;
        st = keeper_frame(c->buf, *len, &whole);
    }
    errno = EPROTO;
    return st == HEAD2_OK && *len == whole;
}

static bool may_repeat(const struct keeper_message *ask)
{
    return ask->type != KEEPER_GENERATE && ask->type != KEEPER_ROTATE &&
           ask->type != KEEPER_DESTROY && ask->type != KEEPER_APPROVE && ask->handle == 0;
}

/* With the lock. HEAD2_OK: *len bytes of an answer are in buf. */
static enum head2_status exchange(struct keeper_client *c, struct keeper_message *ask, size_t *len)
{
    enum head2_status st;

    ask->answer = false;
    ask->status = HEAD2_OK;
    for (int tries = 0; tries < 2; tries++) {
        bool heard = false;
        size_t n;
        if (c->fd < 0 && (ask->handle != 0 || !dial_again(c)))
            return ask->handle != 0 ? HEAD2_E_STATE : HEAD2_E_IO;
        ask->id = ++c->id;
        HEAD2_TRY(keeper_encode(c->buf, sizeof c->buf, &n, ask));
        c->used = n > c->used ? n : c->used;
        if (say(c, n, &heard) && hear(c, len))
            return HEAD2_OK;
        hang_up(c); /* what comes late has nowhere to come */
        if (ask->handle != 0)
            return HEAD2_E_STATE;
        if ((heard && !may_repeat(ask)) || errno == ETIMEDOUT || errno == EPROTO)
            return HEAD2_E_IO;
    }
    st = HEAD2_E_IO;
done:
    return st;
}

static enum head2_status understand(struct keeper_client *c, const struct keeper_message *ask,
                                    size_t len, struct keeper_reply *r)
{
    bool header;

    r->bytes = malloc(len);
    if (r->bytes == NULL)
        return HEAD2_E_MEMORY;
    r->len = len;
    memcpy(r->bytes, c->buf, len);
    if (keeper_decode(&r->m, r->bytes, len, &header) != HEAD2_OK || !r->m.answer ||
        r->m.id != ask->id || r->m.type != ask->type) {
        hang_up(c);
        return HEAD2_E_MALFORMED;
    }
    if (r->m.status != HEAD2_OK)
        snprintf(r->why, sizeof r->why, "%.*s", (int)r->m.data.len, (const char *)r->m.data.at);
    return r->m.status;
}

enum head2_status keeper_call(struct keeper_client *c, struct keeper_message *ask,
                              struct keeper_reply *reply)
{
    size_t len = 0;

    *reply = (struct keeper_reply){0};
    pthread_mutex_lock(&c->mutex);
    enum head2_status st = exchange(c, ask, &len);
    if (st == HEAD2_OK)
        st = understand(c, ask, len, reply);
    const int error = errno;
    head2_wipe(c->buf, c->used > len ? c->used : len);
    c->used = 0;
    pthread_mutex_unlock(&c->mutex);
    errno = error;
    return st;
}

void keeper_reply_free(struct keeper_reply *r)
{
    if (r->bytes != NULL)
        head2_wipe(r->bytes, r->len);
    free(r->bytes);
    *r = (struct keeper_reply){0};
}

enum head2_status keeper_sign(struct keeper_client *c, uint8_t *sig, size_t *sig_len,
                              const uint8_t key[HEAD2_KEY_ID_BYTES], struct keeper_bytes msg,
                              struct keeper_bytes ctx, uint8_t flags)
{
    struct keeper_message ask = {.type = KEEPER_SIGN, .flags = flags, .context = ctx, .data = msg};
    struct keeper_reply reply;

    memcpy(ask.key, key, sizeof ask.key);
    *sig_len = 0;
    const enum head2_status st = keeper_call(c, &ask, &reply);
    if (st == HEAD2_OK) {
        memcpy(sig, reply.m.sig.at, reply.m.sig.len);
        *sig_len = reply.m.sig.len;
    }
    keeper_reply_free(&reply);
    return st;
}

/* ---- several signatures ---- */

#define MANY 16 /* asked for before the first answer is read; neither side's socket gets full */

struct many {
    struct head2_key_sign_job *jobs;
    const struct keeper_message *like; /* key, context, flags */
    size_t n;                          /* under way */
    uint32_t first;                    /* the id of jobs[0] */
    bool answered[MANY];
    enum head2_status st; /* the first refusal */
};

/* Ask for as many of the first n as fit. */
static bool ask_many(struct keeper_client *c, struct many *m, size_t n)
{
    size_t len = 0;
    bool heard;

    m->first = c->id + 1;
    for (m->n = 0; m->n < n && m->n < MANY; m->n++) {
        struct keeper_message ask = *m->like;
        size_t one;
        ask.id = c->id + 1;
        ask.data = (struct keeper_bytes){m->jobs[m->n].msg, m->jobs[m->n].msg_len};
        if (keeper_encode(c->buf + len, sizeof c->buf - len, &one, &ask) != HEAD2_OK)
            break;
        m->answered[m->n] = false;
        c->id++;
        len += one;
    }
    c->used = len > c->used ? len : c->used;
    return say(c, len, &heard);
}

/* False: it is no answer to any of them. */
static bool take_one(struct many *m, const uint8_t *bytes, size_t len)
{
    struct keeper_message answer;
    bool header;

    if (keeper_decode(&answer, bytes, len, &header) != HEAD2_OK || !answer.answer ||
        answer.type != KEEPER_SIGN)
        return false;
    const uint32_t i = answer.id - m->first;
    if (i >= m->n || m->answered[i])
        return false;
    m->answered[i] = true;
    m->st = m->st == HEAD2_OK ? answer.status : m->st;
    if (answer.status == HEAD2_OK) {
        memcpy(m->jobs[i].sig, answer.sig.at, answer.sig.len);
        m->jobs[i].sig_len = answer.sig.len;
    }
    return true;
}

static bool hear_many(struct keeper_client *c, struct many *m)
{
    size_t len = 0, whole;

    awake_begin(&c->awake, AWAKE_US);
    for (size_t got = 0; got < m->n;) {
        size_t at = 0;
        const ssize_t n = some(c, c->buf + len, sizeof c->buf - len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        len += (size_t)n;
        c->used = len > c->used ? len : c->used;
        while (keeper_frame(c->buf + at, len - at, &whole) == HEAD2_OK && whole <= len - at) {
            if (!take_one(m, c->buf + at, whole))
                return false;
            at += whole;
            got++;
        }
        memmove(c->buf, c->buf + at, len - at);
        len -= at;
    }
    return len == 0;
}

enum head2_status keeper_sign_many(struct keeper_client *c, struct head2_key_sign_job *jobs,
                                   size_t n, const struct keeper_message *like)
{
    struct many m = {.jobs = jobs, .like = like};
    unsigned failed = 0;

    pthread_mutex_lock(&c->mutex);
    while (n > 0 && m.st == HEAD2_OK) {
        if (c->fd < 0 && !dial_again(c)) {
            m.st = HEAD2_E_IO;
        } else if (ask_many(c, &m, n) && m.n > 0 && hear_many(c, &m)) {
            m.jobs += m.n;
            n -= m.n;
            failed = 0;
        } else {
            hang_up(c);
            m.st = m.n == 0 ? HEAD2_E_ARG : ++failed == 2 ? HEAD2_E_IO : HEAD2_OK;
        }
    }
    const int error = errno;
    head2_wipe(c->buf, c->used);
    c->used = 0;
    pthread_mutex_unlock(&c->mutex);
    errno = error;
    return m.st;
}
