/*
 * A bad path between a drone and a gateway: UDP datagrams both ways, with loss, bursts,
 * duplication, reordering, jitter, delay and a rate that a seed decides (impair.h). What it did is
 * printed as one line of JSON at SIGTERM, SIGINT and the end of --seconds, and at SIGUSR1 as it
 * stands.
 *
 *     relay --listen 10.0.1.1:5710 --to 10.0.2.1:5710 --seed 7 --loss 0.02 --delay 200
 *
 * One drone at a time: answers go to whoever sent last. Chances are from 0 to 1, times in
 * milliseconds, the rate in bits a second.
 */
#include "relay/impair.h"
#include "relay/queue.h"
#include "relay/tally.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netdb.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define BATCH    32
#define ROOM     65536      /* packets on their way */
#define BUFFER   (16 << 20) /* of a socket */
#define CONTROL  64
#define SECOND   UINT64_C(1000000)
#define QUEUE_US 250000 /* what a rate's queue holds; more is lost */

enum direction { UP, DOWN }; /* from the drone, from the gateway */

struct settings {
    const char *listen, *to;
    struct impairment how;
    uint64_t rate;    /* bits a second in each direction; 0: no limit */
    uint64_t seconds; /* 0: until told to end */
};

struct way {
    int in; /* where its packets come from: near for UP, far for DOWN */
    struct impair_path path;
    uint64_t free_at;  /* when the rate lets the next one on */
    uint64_t last_due; /* of those that keep the order */
    uint32_t dropped;  /* by the kernel, as it says */
    struct tally tally;
};

struct relay {
    struct settings set;
    struct queue *queue;
    struct way way[2];
    struct sockaddr_storage drone;
    socklen_t drone_len; /* 0: nobody has come */
    int timer, signals, poll;
    uint64_t began;
    struct mmsghdr messages[BATCH];
    struct iovec parts[BATCH];
    struct sockaddr_storage from[BATCH];
    uint8_t control[BATCH][CONTROL], bytes[BATCH][QUEUE_PACKET_MAX];
};

static const char *const names[2] = {"up", "down"};

static _Noreturn void give_up(const char *what)
{
    fprintf(stderr, "relay: %s: %s\n", what, strerror(errno));
    exit(1);
}

static uint64_t clock_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * SECOND + (uint64_t)t.tv_nsec / 1000;
}

/* ---- in ---- */

static void put(struct relay *r, enum direction d, const struct queued *head, const uint8_t *bytes)
{
    if (!queue_put(r->queue, head, bytes))
        r->way[d].tally.unsent++;
}

/* When a packet that comes now has passed the rate; 0: there is no place for it. */
static uint64_t past_rate(struct relay *r, struct way *w, uint64_t now, size_t len)
{
    if (r->set.rate == 0)
        return now;
    if (w->free_at < now)
        w->free_at = now;
    if (w->free_at - now > QUEUE_US)
        return 0;
    w->free_at += (len + 28) * 8 * SECOND / r->set.rate; /* with the headers of UDP and IPv4 */
    return w->free_at;
}

static void arrived(struct relay *r, enum direction d, uint64_t now, const uint8_t *bytes,
                    size_t len)
{
    struct way *w = &r->way[d];
    struct tally *t = &w->tally;
    struct tally_tag *tag = tally_tag(t, bytes, len);
    const struct fate f = impair_next(&w->path, &r->set.how);
    struct queued head = {
        .number = f.number, .direction = (uint8_t)d, .len = (uint16_t)len, .twin = false};

    t->in++;
    t->in_bytes += len;
    tag->in++;
    const uint64_t passed = f.lost ? now : past_rate(r, w, now, len);
    if (f.lost || passed == 0) {
        t->lost++;
        t->lost_in_bursts += f.lost && f.in_burst;
        t->overflow += !f.lost;
        tag->lost++;
        return;
    }
    head.due = passed + f.delay;
    if (!f.reordered) { /* jitter delays, and lets nothing overtake */
        head.due = head.due > w->last_due ? head.due : w->last_due;
        w->last_due = head.due;
    }
    t->held += f.reordered;
    put(r, d, &head, bytes);
    if (f.twice) {
        t->duplicated++;
        head.twin = true;
        head.due += f.twin_later;
        put(r, d, &head, bytes);
    }
}

/* The kernel says with each datagram how many it has dropped before. */
static void note_dropped(struct way *w, struct msghdr *m)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c != NULL; c = CMSG_NXTHDR(m, c))
        if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SO_RXQ_OVFL) {
            uint32_t total;
            memcpy(&total, CMSG_DATA(c), sizeof total);
            w->tally.kernel += total - w->dropped;
            w->dropped = total;
        }
}

static void receive(struct relay *r, enum direction d)
{
    struct way *w = &r->way[d];
    int n;

    do {
        for (unsigned i = 0; i < BATCH; i++) {
            r->parts[i] = (struct iovec){r->bytes[i], QUEUE_PACKET_MAX};
            r->messages[i].msg_hdr = (struct msghdr){.msg_name = &r->from[i],
                                                     .msg_namelen = sizeof r->from[i],
                                                     .msg_iov = &r->parts[i],
                                                     .msg_iovlen = 1,
                                                     .msg_control = r->control[i],
                                                     .msg_controllen = CONTROL};
        }
        n = recvmmsg(w->in, r->messages, BATCH, MSG_DONTWAIT, NULL);
        const uint64_t now = clock_us();
        for (int i = 0; i < n; i++) {
            note_dropped(w, &r->messages[i].msg_hdr);
            if (d == UP) {
                memcpy(&r->drone, &r->from[i], sizeof r->drone);
                r->drone_len = r->messages[i].msg_hdr.msg_namelen;
            }
            arrived(r, d, now, r->bytes[i], r->messages[i].msg_len);
        }
    } while (n == BATCH);
}

/* ---- out ---- */

static void went_on(struct way *w, const struct queued *p, uint64_t now)
{
    struct tally *t = &w->tally;
    const uint64_t late = now - p->due;

    t->out++;
    t->out_bytes += p->len;
    tally_tag(t, p->bytes, p->len)->out++;
    t->late_us += late;
    t->late_max = late > t->late_max ? late : t->late_max;
    if (p->twin)
        return;
    t->reordered += p->number + 1 < t->highest;
    t->highest = p->number >= t->highest ? p->number + 1 : t->highest;
}

static void send_due(struct relay *r)
{
    const uint64_t now = clock_us();

    for (struct queued *p = queue_first(r->queue); p != NULL && p->due <= now;
         p = queue_first(r->queue)) {
        struct way *w = &r->way[p->direction];
        const int out = r->way[p->direction == UP ? DOWN : UP].in;
        const struct sockaddr *to = p->direction == UP ? NULL : (struct sockaddr *)&r->drone;
        const ssize_t n =
            sendto(out, p->bytes, p->len, MSG_DONTWAIT, to, to != NULL ? r->drone_len : 0);
        if (n == (ssize_t)p->len)
            went_on(w, p, now);
        else
            w->tally.unsent++;
        queue_take(r->queue);
    }
}

static void set_timer(struct relay *r)
{
    const struct queued *p = queue_first(r->queue);
    const uint64_t due = p != NULL ? p->due : 0; /* 0 stops it */
    const struct itimerspec when = {
        .it_value = {(time_t)(due / SECOND), (long)(due % SECOND * 1000)}
    };

    if (timerfd_settime(r->timer, TFD_TIMER_ABSTIME, &when, NULL) != 0)
        give_up("timer");
}

static void report(struct relay *r)
{
    int first = 1;

    printf("{\"seed\":%" PRIu64 ",\"seconds\":%.3f,\"expected_loss\":%.6f,\"waiting\":%zu,",
           r->set.how.seed, (double)(clock_us() - r->began) / 1e6,
           impair_expected_loss(&r->set.how), queue_length(r->queue));
    for (unsigned d = 0; d < 2; d++) {
        tally_print(stdout, names[d], &r->way[d].tally);
        printf(",");
    }
    printf("\"bursts\":[%" PRIu64 ",%" PRIu64 "],\"tags\":[", r->way[UP].path.bursts,
           r->way[DOWN].path.bursts);
    for (unsigned d = 0; d < 2; d++)
        tally_print_tags(stdout, names[d], &r->way[d].tally, &first);
    printf("]}\n");
    if (fflush(stdout) != 0)
        give_up("standard output");
}

/* ---- sockets and settings ---- */

static int open_socket(const char *name, bool listens)
{
    char host[128];
    const char *colon = strrchr(name, ':');
    const struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
                                   .ai_socktype = SOCK_DGRAM};
    struct addrinfo *at = NULL;
    const int size = BUFFER, on = 1;

    if (colon == NULL || (size_t)(colon - name) >= sizeof host) {
        errno = EINVAL;
        give_up(name);
    }
    const bool brackets = name[0] == '[';
    snprintf(host, sizeof host, "%.*s", (int)(colon - name) - 2 * brackets, name + brackets);
    if (getaddrinfo(host, colon + 1, &hints, &at) != 0) {
        errno = EINVAL;
        give_up(name);
    }
    const int fd = socket(at->ai_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || (listens ? bind(fd, at->ai_addr, at->ai_addrlen)
                           : connect(fd, at->ai_addr, at->ai_addrlen)) != 0)
        give_up(name);
    freeaddrinfo(at);
    /* the privileged way first; a smaller buffer shows in what the kernel says it dropped */
    if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) != 0)
        (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
    if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size) != 0)
        (void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    if (setsockopt(fd, SOL_SOCKET, SO_RXQ_OVFL, &on, sizeof on) != 0)
        give_up("SO_RXQ_OVFL");
    return fd;
}

static double number_of(const char *text, double most)
{
    char *end;
    const double value = strtod(text, &end);

    if (end == text || *end != 0 || !(value >= 0 && value <= most)) {
        fprintf(stderr, "relay: '%s' is not a number from 0 to %g\n", text, most);
        exit(2);
    }
    return value;
}

/* False when there is no such setting. */
static bool set_one(struct settings *s, const char *name, const char *text)
{
    const struct {
        const char *name;
        double *chance;
    } chances[] = {
        {"--loss",        &s->how.loss       },
        {"--burst-begin", &s->how.burst_begin},
        {"--burst-end",   &s->how.burst_end  },
        {"--burst-loss",  &s->how.burst_loss },
        {"--duplicate",   &s->how.duplicate  },
        {"--reorder",     &s->how.reorder    },
    };
    const struct {
        const char *name;
        uint64_t *value;
        double scale, most;
    } numbers[] = {
        {"--delay",   &s->how.delay,  1000, 60000             },
        {"--jitter",  &s->how.jitter, 1000, 60000             },
        {"--hold",    &s->how.hold,   1000, 60000             },
        {"--seed",    &s->how.seed,   1,    9007199254740992.0},
        {"--rate",    &s->rate,       1,    1e12              },
        {"--seconds", &s->seconds,    1,    1e6               },
    };

    for (size_t i = 0; i < sizeof chances / sizeof chances[0]; i++)
        if (strcmp(name, chances[i].name) == 0) {
            *chances[i].chance = number_of(text, 1);
            return true;
        }
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        if (strcmp(name, numbers[i].name) == 0) {
            *numbers[i].value = (uint64_t)(number_of(text, numbers[i].most) * numbers[i].scale);
            return true;
        }
    if (strcmp(name, "--listen") == 0)
        s->listen = text;
    else if (strcmp(name, "--to") == 0)
        s->to = text;
    else
        return false;
    return true;
}

/* Names and values, in pairs. */
static void set_all(struct settings *s, int argc, char **argv)
{
    s->how.hold = 30000;
    for (int i = 1; i < argc; i += 2)
        if (i + 1 == argc || !set_one(s, argv[i], argv[i + 1])) {
            fprintf(stderr, "relay: '%s' is no setting, or has no value; see relay.c\n", argv[i]);
            exit(2);
        }
    if (s->listen == NULL || s->to == NULL) {
        fprintf(stderr, "relay: --listen ADDR:PORT and --to ADDR:PORT are needed\n");
        exit(2);
    }
}

static void watch(struct relay *r, int fd)
{
    struct epoll_event e = {.events = EPOLLIN, .data.fd = fd};

    if (epoll_ctl(r->poll, EPOLL_CTL_ADD, fd, &e) != 0)
        give_up("epoll");
}

static void open_all(struct relay *r)
{
    sigset_t set;

    r->queue = queue_new(ROOM);
    if (r->queue == NULL)
        give_up("memory");
    r->way[UP].path.direction = UP;
    r->way[DOWN].path.direction = DOWN;
    r->way[UP].in = open_socket(r->set.listen, true);
    r->way[DOWN].in = open_socket(r->set.to, false);
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGUSR1);
    sigaddset(&set, SIGALRM);
    if (sigprocmask(SIG_BLOCK, &set, NULL) != 0)
        give_up("signals");
    r->signals = signalfd(-1, &set, SFD_CLOEXEC);
    r->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    r->poll = epoll_create1(EPOLL_CLOEXEC);
    if (r->signals < 0 || r->timer < 0 || r->poll < 0)
        give_up("epoll");
    watch(r, r->signals);
    watch(r, r->timer);
    watch(r, r->way[UP].in);
    watch(r, r->way[DOWN].in);
}

/* True when it is time to end. */
static bool signalled(struct relay *r)
{
    struct signalfd_siginfo info;

    if (read(r->signals, &info, sizeof info) != (ssize_t)sizeof info)
        return false;
    report(r);
    return info.ssi_signo != SIGUSR1;
}

static void run(struct relay *r)
{
    struct epoll_event ready[4];
    uint64_t expirations;

    for (;;) {
        const int n = epoll_wait(r->poll, ready, 4, -1);
        if (n < 0 && errno != EINTR)
            give_up("epoll");
        for (int i = 0; i < n; i++) {
            const int fd = ready[i].data.fd;
            if (fd == r->way[UP].in)
                receive(r, UP);
            else if (fd == r->way[DOWN].in)
                receive(r, DOWN);
            else if (fd == r->timer)
                (void)!read(r->timer, &expirations, sizeof expirations);
            else if (signalled(r))
                return;
        }
        send_due(r);
        set_timer(r);
    }
}

int main(int argc, char **argv)
{
    struct relay *r = calloc(1, sizeof *r);

    if (r == NULL)
        give_up("memory");
    set_all(&r->set, argc, argv);
    open_all(r);
    r->began = clock_us();
    alarm((unsigned)r->set.seconds); /* 0: never */
    fprintf(stderr, "relay: ready\n");
    run(r);
    for (unsigned d = 0; d < 2; d++)
        close(r->way[d].in);
    close(r->timer);
    close(r->signals);
    close(r->poll);
    queue_free(r->queue);
    free(r);
    return 0;
}
