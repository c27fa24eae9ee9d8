/* see keeper.h: connections, and turns of the loop; what is answered is in desk.c */
#include "keeper/keeper.h"

#include "keeper/awake.h"
#include "keeper/desk.h"
#include "keeper/dial.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define AWAKE_US  60    /* after an answer: who has it often asks again at once */
#define TICK_MS   1000  /* idle keys are shielded, counts flushed */
#define OUT_MUCH  65536 /* who has so much to read is not worked for */
#define OWED_MUCH 16    /* signatures of one connection in one turn */

struct bytes {
    uint8_t *at;
    size_t len, done, cap; /* done: of an input answered, of an output sent */
};

struct conn {
    int fd; /* -1: free */
    struct bytes in, out;
    struct visitor visitor;
    unsigned owed; /* requests to sign in this turn */
    bool broken;   /* to be dropped at the end of the turn */
    bool front;    /* asks under the rules of the front */
    uint64_t heard_ms;
};

struct keeper {
    struct keeper_options o;
    struct desk desk;
    struct conn conns[KEEPER_CLIENTS];
    struct desk_sign batch[DESK_BATCH];
    struct conn *asker[DESK_BATCH]; /* of each in the batch */
    size_t waiting;                 /* in the batch */
    bool again;                     /* a whole request was left for the next turn */
    bool asked;                     /* there was a request in this turn */
    struct awake awake;
    uint64_t rested_ms, told_ms;
    bool paired;
    bool uncalled; /* who could call has gone for good */
};

static struct ring_time read_time(void)
{
    struct timespec a, b;

    clock_gettime(CLOCK_MONOTONIC, &a);
    clock_gettime(CLOCK_REALTIME, &b);
    return (struct ring_time){(uint64_t)a.tv_sec * 1000 + (uint64_t)a.tv_nsec / 1000000,
                              (uint64_t)b.tv_sec * 1000 + (uint64_t)b.tv_nsec / 1000000};
}

/* ---- bytes: what was in them is wiped, since it may have been secret ---- */

static void bytes_free(struct bytes *b)
{
    if (b->at != NULL)
        head2_wipe(b->at, b->cap);
    free(b->at);
    *b = (struct bytes){0};
}

/* Room for so many more. */
static bool bytes_room(struct bytes *b, size_t more)
{
    size_t cap = b->cap == 0 ? 1024 : b->cap;

    while (cap - b->len < more)
        cap *= 2;
    if (cap == b->cap)
        return true;
    uint8_t *const at = malloc(cap);
    if (at == NULL)
        return false;
    copy_bytes(at, b->at, b->len);
    const struct bytes bigger = {at, b->len, b->done, cap};
    bytes_free(b);
    *b = bigger;
    return true;
}

/* Forget what is done. */
static void bytes_shift(struct bytes *b)
{
    if (b->done == 0)
        return;
    memmove(b->at, b->at + b->done, b->len - b->done);
    head2_wipe(b->at + b->len - b->done, b->done);
    b->len -= b->done;
    b->done = 0;
}

/* ---- connections ---- */

static void drop(struct conn *c)
{
    close(c->fd);
    bytes_free(&c->in);
    bytes_free(&c->out);
    visitor_clear(&c->visitor);
    *c = (struct conn){.fd = -1};
}

static struct conn *free_conn(struct keeper *k)
{
    for (size_t i = 0; i < KEEPER_CLIENTS; i++)
        if (k->conns[i].fd < 0)
            return &k->conns[i];
    return NULL;
}

static bool may_ask(int fd)
{
    struct ucred who;
    socklen_t len = sizeof who;

    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) == 0 &&
           (who.uid == 0 || who.uid == geteuid());
}

static void take_client(struct keeper *k)
{
    struct conn *const c = free_conn(k);

    if (c == NULL)
        return;
    const int fd = accept4(k->o.listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0)
        return;
    if (!may_ask(fd)) {
        desk_event(&k->desk, KEEPER_STATUS, NULL, HEAD2_E_POLICY);
        close(fd);
        return;
    }
    *c = (struct conn){.fd = fd, .heard_ms = k->desk.t.now_ms};
}

/* Whether a front may have another connection now. */
static bool may_call(const struct keeper *k)
{
    size_t calls = 0;

    for (size_t i = 0; i < KEEPER_CLIENTS; i++)
        calls += k->conns[i].fd >= 0 && k->conns[i].front;
    return k->o.front != NULL && !k->uncalled && calls < KEEPER_CALLS;
}

static void take_call(struct keeper *k)
{
    struct conn *const c = free_conn(k);
    const int fd = c != NULL && may_call(k) ? dial_take(k->o.front->pair) : -1;

    if (fd >= 0)
        *c = (struct conn){.fd = fd, .front = true, .heard_ms = k->desk.t.now_ms};
}

static void receive(struct keeper *k, struct conn *c)
{
    if (c->in.len == KEEPER_MESSAGE_MAX)
        return;
    /* as much as is said to be there, once the header is */
    size_t want = 4096, whole;
    if (keeper_frame(c->in.at, c->in.len, &whole) == HEAD2_OK && whole > c->in.len)
        want = whole - c->in.len;
    if (want > KEEPER_MESSAGE_MAX - c->in.len)
        want = KEEPER_MESSAGE_MAX - c->in.len;
    if (!bytes_room(&c->in, want)) {
        c->broken = true;
        return;
    }
    const ssize_t n = recv(c->fd, c->in.at + c->in.len, want, MSG_DONTWAIT);
    if (n < 0 && (errno == EINTR || errno == EAGAIN))
        return;
    c->broken = n <= 0;
    if (n > 0)
        c->in.len += (size_t)n;
    c->heard_ms = k->desk.t.now_ms;
}

static void give(struct conn *c)
{
    while (c->out.done < c->out.len) {
        const ssize_t n = send(c->fd, c->out.at + c->out.done, c->out.len - c->out.done,
                               MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN)
            break;
        if (n <= 0) {
            c->broken = true;
            return;
        }
        c->out.done += (size_t)n;
    }
    bytes_shift(&c->out);
}

/* ---- requests ---- */

static void reply(struct conn *c, const struct keeper_message *answer)
{
    size_t len;

    if (!bytes_room(&c->out, KEEPER_HEADER + 192 + answer->data.len + answer->sig.len) ||
        keeper_encode(c->out.at + c->out.len, c->out.cap - c->out.len, &len, answer) != HEAD2_OK) {
        c->broken = true; /* who gets no answer must not wait for it */
        return;
    }
    c->out.len += len;
}

/* Sign what waits. */
static void flush(struct keeper *k)
{
    desk_sign(&k->desk, k->batch, k->waiting);
    for (size_t i = 0; i < k->waiting; i++) {
        struct desk_sign *const s = &k->batch[i];
        struct keeper_message answer = {
            .type = KEEPER_SIGN, .answer = true, .id = s->ask.id, .sig = {s->sig, s->sig_len}
        };
        if (s->st != HEAD2_OK)
            desk_refuse(&answer, s->st, s->why);
        reply(k->asker[i], &answer);
        k->asker[i]->owed--;
    }
    k->waiting = 0;
}

/* Whether a request is one, and one that this client may ask. */
static enum head2_status judge(struct keeper *k, struct conn *c, const struct keeper_message *ask,
                               enum head2_status st, const char **why)
{
    *why = "this is no request";
    if (st != HEAD2_OK || ask->answer)
        return HEAD2_E_MALFORMED;
    if (!c->front)
        return desk_admit(&k->desk, &c->visitor, ask->type, why);
    st = keeper_rules_allow(k->o.front, ask, why);
    if (st != HEAD2_OK)
        desk_event(&k->desk, ask->type, NULL, st);
    return st;
}

static void work_on(struct keeper *k, struct conn *c, const struct keeper_message *ask,
                    enum head2_status st)
{
    struct keeper_message answer = {.type = ask->type, .answer = true, .id = ask->id};
    const char *why;

    st = judge(k, c, ask, st, &why);
    if (st == HEAD2_OK && ask->type == KEEPER_SIGN) {
        if (k->waiting == DESK_BATCH)
            flush(k);
        k->asker[k->waiting] = c;
        desk_accept(&k->desk, &k->batch[k->waiting++], ask);
        c->owed++;
        return;
    }
    /* what was asked before comes before: a key must not be gone when its turn comes */
    if (ask->type == KEEPER_DESTROY || ask->type == KEEPER_REVOKE || ask->type == KEEPER_ROTATE)
        flush(k);
    if (st == HEAD2_OK)
        desk_answer(&k->desk, &c->visitor, ask, &answer);
    else
        desk_refuse(&answer, st, why);
    reply(c, &answer);
    if (answer.data.at == k->desk.room) /* it may have been secret */
        head2_wipe(k->desk.room, answer.data.len);
}

/* The requests that are whole. */
static void read_requests(struct keeper *k, struct conn *c)
{
    while (!c->broken && c->in.done < c->in.len) {
        struct keeper_message ask;
        size_t whole;
        bool header;
        const uint8_t *const at = c->in.at + c->in.done;
        const enum head2_status st = keeper_frame(at, c->in.len - c->in.done, &whole);

        if (st == HEAD2_E_SPACE || (st == HEAD2_OK && whole > c->in.len - c->in.done))
            return;
        if (c->out.len - c->out.done >= OUT_MUCH || c->owed >= OWED_MUCH) {
            k->again = k->again || c->owed >= OWED_MUCH;
            return;
        }
        if (st != HEAD2_OK) { /* nothing behind it can be found */
            c->broken = true;
            return;
        }
        const enum head2_status good = keeper_decode(&ask, at, whole, &header);
        work_on(k, c, &ask, good);
        c->in.done += whole;
        k->asked = true;
    }
}

/* ---- the loop ---- */

enum { POLL_LISTENER = KEEPER_CLIENTS, POLL_FRONT, POLLS };

static void arm(const struct keeper *k, struct pollfd polls[POLLS])
{
    bool full = true;

    for (size_t i = 0; i < KEEPER_CLIENTS; i++) {
        const struct conn *const c = &k->conns[i];
        const bool waits = c->out.len != 0, much = c->out.len >= OUT_MUCH;
        polls[i] = (struct pollfd){
            .fd = c->fd,
            .events = (short)((waits ? POLLOUT : 0) |
                              (much || c->in.len == KEEPER_MESSAGE_MAX ? 0 : POLLIN))};
        full = full && c->fd >= 0;
    }
    polls[POLL_LISTENER] = (struct pollfd){.fd = full ? -1 : k->o.listener, .events = POLLIN};
    polls[POLL_FRONT] =
        (struct pollfd){.fd = full || !may_call(k) ? -1 : k->o.front->pair, .events = POLLIN};
}

static bool is_late(const struct keeper *k, const struct conn *c)
{
    return (c->in.len != 0 || c->out.len != 0) &&
           k->desk.t.now_ms - c->heard_ms > KEEPER_PATIENCE_MS;
}

static void turn(struct keeper *k, const struct pollfd polls[POLLS])
{
    k->again = k->asked = false;
    for (size_t i = 0; i < KEEPER_CLIENTS; i++) {
        struct conn *const c = &k->conns[i];
        if (c->fd < 0)
            continue;
        if ((polls[i].revents & (POLLIN | POLLHUP | POLLERR)) != 0)
            receive(k, c);
        if (c->in.len != 0)
            read_requests(k, c);
    }
    flush(k);
    for (size_t i = 0; i < KEEPER_CLIENTS; i++) {
        struct conn *const c = &k->conns[i];
        if (c->fd < 0)
            continue;
        bytes_shift(&c->in);
        if (!c->broken && c->out.len != 0)
            give(c);
        if (c->broken || is_late(k, c))
            drop(c);
    }
    if ((polls[POLL_LISTENER].revents & POLLIN) != 0)
        take_client(k);
    if ((polls[POLL_FRONT].revents & POLLIN) != 0)
        take_call(k);
    else if (polls[POLL_FRONT].revents != 0)
        k->uncalled = true;
}

static void tell_uses(void *to, const struct keeper_meta *meta)
{
    desk_event(to, KEEPER_USES, meta, HEAD2_OK);
}

/* What is done now and then. */
static void rest(struct keeper *k)
{
    const uint64_t now_ms = k->desk.t.now_ms;

    if (now_ms - k->rested_ms < TICK_MS)
        return;
    ring_rest(k->desk.ring, k->desk.t);
    k->rested_ms = now_ms;
    if (now_ms - k->told_ms < KEEPER_USES_MS)
        return;
    ring_each_used(k->desk.ring, tell_uses, &k->desk);
    k->told_ms = now_ms;
}

enum head2_status keeper_run(struct keeper *k)
{
    struct pollfd polls[POLLS];

    while (*k->o.stop == 0) {
        const bool awake = awake_still(&k->awake);
        arm(k, polls);
        const int ready = poll(polls, POLLS, k->again || awake ? 0 : TICK_MS);
        if (ready < 0 && errno != EINTR)
            return HEAD2_E_IO;
        if (ready < 0 || (ready == 0 && awake && !k->again))
            continue;
        if (ready > 0)
            awake_found(&k->awake);
        k->desk.t = read_time();
        turn(k, polls);
        if (k->asked)
            awake_begin(&k->awake, AWAKE_US);
        rest(k);
        if (k->paired && k->o.listener < 0 && k->conns[0].fd < 0)
            break;
    }
    ring_each_used(k->desk.ring, tell_uses, &k->desk);
    return HEAD2_OK;
}

/* ---- beginning and end ---- */

enum head2_status keeper_new(struct keeper **out, const struct keeper_options *o)
{
    struct keeper *const k = calloc(1, sizeof *k);

    *out = NULL;
    if (k == NULL)
        return HEAD2_E_MEMORY;
    k->o = *o;
    for (size_t i = 0; i < KEEPER_CLIENTS; i++)
        k->conns[i].fd = -1;
    k->desk.on_event = o->on_event;
    k->desk.arg = o->arg;
    k->desk.sandbox = o->sandbox;
    k->desk.pin.pin = o->pin;
    k->desk.t = read_time();
    k->rested_ms = k->told_ms = k->desk.t.now_ms;
    const enum head2_status st = ring_new(&k->desk.ring, o->backend, k->desk.t);
    if (st != HEAD2_OK) {
        keeper_free(k);
        return st;
    }
    k->paired = o->pair >= 0;
    if (k->paired)
        k->conns[0] =
            (struct conn){.fd = o->pair, .heard_ms = k->desk.t.now_ms, .visitor.shown = true};
    *out = k;
    return HEAD2_OK;
}

struct ring *keeper_ring(struct keeper *k)
{
    return k->desk.ring;
}

struct ring_time keeper_time(const struct keeper *k)
{
    return k->desk.t;
}

void keeper_free(struct keeper *k)
{
    if (k == NULL)
        return;
    for (size_t i = 0; i < KEEPER_CLIENTS; i++)
        if (k->conns[i].fd >= 0)
            drop(&k->conns[i]);
    ring_free(k->desk.ring);
    head2_wipe(k, sizeof *k);
    free(k);
}
