/*
 * head2 status: ask the daemon's control socket, show one screen.
 *
 * The socket is --socket, else that of the configuration (-c, HEAD2_CONFIG, /etc/head2/head2.yaml),
 * gateway or link. With --json the daemon's answer is printed as it is.
 */
#include "cli/daemons.h"
#include "cli/verbs.h"
#include "keeper/unixsock.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define ANSWER_MAX ((size_t)64 << 20)

static int unreachable(const struct cli *cli, const char *path, int error)
{
    if (error == ENOENT || error == ECONNREFUSED)
        return cli_fail(cli, CLI_UNREACHABLE, path,
                        "start it with 'head2 gateway' or 'head2 link', or name its --socket",
                        "no daemon answers here");
    if (error == EACCES || error == EPERM)
        return cli_fail_errno(cli, path, error, "cannot reach the daemon");
    return cli_fail(cli, CLI_UNREACHABLE, path, "see the daemon's log", "no answer: %s",
                    strerror(error));
}

/* Read one line of any length; NULL with errno. */
static char *read_line(int fd)
{
    size_t len = 0, cap = 65536;
    char *line = malloc(cap);

    while (line != NULL) {
        ssize_t n = read(fd, line + len, cap - len - 1);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            errno = n == 0 ? EPIPE : errno;
            break;
        }
        len += (size_t)n;
        line[len] = 0;
        if (line[len - 1] == '\n')
            return line;
        if (len + 1 < cap)
            continue;
        char *more = cap < ANSWER_MAX ? realloc(line, 2 * cap) : NULL;
        if (more == NULL)
            break;
        line = more;
        cap *= 2;
    }
    free(line);
    return NULL;
}

static int ask(const struct cli *cli, const char *path, const char *request, json_t **out)
{
    const struct timeval limit = {5, 0};
    char *line = NULL;
    int error = 0;

    *out = NULL;
    int fd = unixsock_connect(path);
    if (fd < 0)
        return unreachable(cli, path, errno);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    if (write(fd, request, strlen(request)) == (ssize_t)strlen(request))
        line = read_line(fd);
    error = errno;
    close(fd);
    if (line == NULL)
        return unreachable(cli, path, error == EAGAIN ? ETIMEDOUT : error);
    *out = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
    free(line);
    if (*out == NULL)
        return cli_fail(cli, CLI_INPUT, path, "is it the socket of another program?",
                        "the answer is not JSON");
    return CLI_DONE;
}

/* ---- one screen ---- */

static uint64_t number(const json_t *o, const char *key)
{
    return (uint64_t)json_integer_value(json_object_get(o, key));
}

static const char *text(const json_t *o, const char *key)
{
    const char *value = json_string_value(json_object_get(o, key));
    return value != NULL ? value : "-";
}

static void duration(char out[32], uint64_t us)
{
    const unsigned long long s = us / 1000000;

    if (us < 10000000)
        snprintf(out, 32, "%llu.%llu s", s, (unsigned long long)(us / 100000 % 10));
    else if (s < 120)
        snprintf(out, 32, "%llu s", s);
    else if (s < 7200)
        snprintf(out, 32, "%llu min %llu s", s / 60, s % 60);
    else
        snprintf(out, 32, "%llu h %llu min", s / 3600, s / 60 % 60);
}

static void amount(char out[32], uint64_t bytes)
{
    static const char *const units[] = {"kB", "MB", "GB", "TB"};
    double value = (double)bytes / 1000;
    unsigned unit = 0;

    if (bytes < 1000) {
        snprintf(out, 32, "%u B", (unsigned)bytes);
        return;
    }
    for (; value >= 1000 && unit + 1 < HEAD2_LEN(units); unit++)
        value /= 1000;
    snprintf(out, 32, "%.2f %s", value, units[unit]);
}

static void show_pairs(struct cli *cli, const char *label, const json_t *o)
{
    json_t *map = (json_t *)(uintptr_t)o; /* iterators want it so, and change nothing */
    bool any = false;

    cli_print(cli, "  %-12s", label);
    for (void *i = json_object_iter(map); i != NULL; i = json_object_iter_next(map, i)) {
        const long long value = (long long)json_integer_value(json_object_iter_value(i));
        if (value == 0)
            continue;
        cli_print(cli, "%s%s %lld", any ? ", " : "", json_object_iter_key(i), value);
        any = true;
    }
    cli_print(cli, any ? "\n" : "none\n");
}

/* The last one began the present key. */
static void show_last_rotation(struct cli *cli, const json_t *p, const char *ago)
{
    const json_t *last = json_object_get(p, "last_rotation");

    if (json_is_object(last))
        cli_print(cli, "  %-12s%s ago, by %s, %s\n", "last", ago, text(last, "cause"),
                  json_is_true(json_object_get(last, "signed"))  ? "signed"
                  : json_is_true(json_object_get(last, "fresh")) ? "MAC only"
                                                                 : "a ratchet step");
    else
        cli_print(cli, "  %-12snone in this session\n", "last");
}

static void show_session(struct cli *cli, const json_t *p)
{
    char up[32], age[32], left[32], used[32], room[32], lag[32];

    duration(up, number(p, "up_us"));
    duration(age, number(p, "epoch_age_us"));
    duration(left, number(p, "us_to_rotation"));
    amount(used, number(p, "epoch_bytes"));
    amount(room, number(p, "bytes_to_rotation"));
    duration(lag, number(p, "lag_us"));
    cli_print(cli, "  %-12s%s\n", "address", text(p, "address"));
    cli_print(cli, "  %-12sup %s%s, %s\n", "session", up,
              json_is_true(json_object_get(p, "suspect")) ? ", SUSPECT" : "", text(p, "suite"));
    cli_print(cli, "  %-12s%s, %s old, %s\n", "key", text(p, "session_key_id"), age, used);
    cli_print(cli, "  %-12sin %s or %s\n", "rotation", left, room);
    show_last_rotation(cli, p, age);
    cli_print(cli, "  %-12s%.1f ms, %llu bytes\n", "handshake",
              (double)number(p, "handshake_us") / 1000,
              (unsigned long long)number(p, "handshake_bytes"));
    cli_print(cli, "  %-12s%s\n", "lag", lag);
}

/* ---- what --watch adds: the difference to the screen before ---- */

/* The same peer of the same process a while ago; us: how long. NULL when there is none. */
static const json_t *earlier(const json_t *before, const json_t *now, const json_t *peer,
                             uint64_t *us)
{
    const json_t *peers = json_object_get(before, "peers");
    const uint64_t then = number(before, "uptime_us");

    if (number(before, "pid") != number(now, "pid") || number(now, "uptime_us") <= then)
        return NULL;
    *us = number(now, "uptime_us") - then;
    for (size_t i = 0; i < json_array_size(peers); i++)
        if (strcmp(text(json_array_get(peers, i), "name"), text(peer, "name")) == 0)
            return json_array_get(peers, i);
    return NULL;
}

/* A counter's growth; what has come late can make rx_missing smaller. */
static double growth(const json_t *old, const json_t *new, const char *key)
{
    return (double)json_integer_value(json_object_get(new, key)) -
           (double)json_integer_value(json_object_get(old, key));
}

static double growth_of_all(const json_t *old, const json_t *new)
{
    json_t *map = (json_t *)(uintptr_t) new; /* as in show_pairs */
    double sum = 0;

    for (void *i = json_object_iter(map); i != NULL; i = json_object_iter_next(map, i))
        sum += growth(old, new, json_object_iter_key(i));
    return sum;
}

/* "4.80 Mbit/s: telemetry 20, video 512, control 8 packets/s" */
static void show_rate(struct cli *cli, const char *label, const json_t *bytes[2],
                      const char *bytes_key, const char *packets_key, double seconds)
{
    const json_t *old = json_object_get(bytes[0], packets_key);
    const json_t *new = json_object_get(bytes[1], packets_key);
    json_t *map = (json_t *)(uintptr_t) new;
    const char *comma = ":";

    cli_print(cli, "  %-12s%.3f Mbit/s", label,
              growth(bytes[0], bytes[1], bytes_key) * 8 / 1e6 / seconds);
    for (void *i = json_object_iter(map); i != NULL; i = json_object_iter_next(map, i)) {
        const double packets = growth(old, new, json_object_iter_key(i));
        if (packets <= 0)
            continue;
        cli_print(cli, "%s %s %.0f", comma, json_object_iter_key(i), packets / seconds);
        comma = ",";
    }
    cli_print(cli, *comma == ',' ? " packets/s\n" : "\n");
}

static void show_rates(struct cli *cli, const json_t *old, const json_t *new, uint64_t us)
{
    const json_t *both[2] = {old, new};
    const double seconds = (double)us / 1e6;
    const double missing =
        growth_of_all(json_object_get(old, "rx_missing"), json_object_get(new, "rx_missing"));
    const double came =
        growth_of_all(json_object_get(old, "rx_packets"), json_object_get(new, "rx_packets"));

    show_rate(cli, "rate in", both, "rx_bytes", "rx_packets", seconds);
    show_rate(cli, "rate out", both, "tx_bytes", "tx_packets", seconds);
    cli_print(cli, "  %-12s%.1f %% of what was sent to us in the last %.1f s\n", "loss",
              missing > 0 ? 100 * missing / (missing + came) : 0, seconds);
}

/* ---- the whole screen ---- */

struct screen {
    struct cli *cli;
    const json_t *now, *before; /* before: NULL on the first one */
    const char *bold, *plain;
};

/* What nobody may overlook; and at a link, whether there is a key for the worst case. */
static void show_mode(const struct screen *on, const json_t *p)
{
    const json_t *left = json_object_get(p, "fallback_left_us");
    char time[32];

    duration(time, number(p, "fallback_left_us"));
    if (strcmp(text(p, "mode"), "FALLBACK") == 0)
        cli_print(on->cli, "  %s%-12sFALLBACK for %s more: only %s%s\n", on->bold, "MODE", time,
                  text(p, "restricted_to"), on->plain);
    else if (left != NULL && number(p, "fallback_left_us") == 0)
        cli_print(on->cli, "  %-12sNO KEY\n", "fallback");
    else if (left != NULL)
        cli_print(on->cli, "  %-12skey for %s\n", "fallback", time);
}

static void show_peer(const struct screen *on, const json_t *p)
{
    struct cli *cli = on->cli;
    uint64_t us = 0;
    const json_t *old = on->before != NULL ? earlier(on->before, on->now, p, &us) : NULL;
    char in[32], out[32];

    cli_print(cli, "\n%speer: %s%s\n", on->bold, text(p, "name"), on->plain);
    cli_print(cli, "  %-12s%s\n", "key id", text(p, "key_id"));
    show_mode(on, p);
    if (json_is_true(json_object_get(p, "up")))
        show_session(cli, p);
    else
        cli_print(cli, "  %-12sdown\n", "session");
    amount(in, number(p, "rx_bytes"));
    amount(out, number(p, "tx_bytes"));
    cli_print(cli, "  %-12s%s in, %s out, %llu sent twice in overlaps\n", "transfer", in, out,
              (unsigned long long)number(p, "twins"));
    show_pairs(cli, "packets in", json_object_get(p, "rx_packets"));
    show_pairs(cli, "missing in", json_object_get(p, "rx_missing"));
    show_pairs(cli, "packets out", json_object_get(p, "tx_packets"));
    show_pairs(cli, "rotations", json_object_get(p, "rotations"));
    if (old != NULL)
        show_rates(cli, old, p, us);
}

static void show_receipts(struct cli *cli, const json_t *r)
{
    const char *failing = json_string_value(json_object_get(r, "failing"));

    if (!json_is_object(r))
        return;
    cli_print(cli, "  %-12s%llu entries, %llu signed\n", "ledger",
              (unsigned long long)number(r, "entries"), (unsigned long long)number(r, "signed"));
    cli_print(cli, "  %-12s%llu recorded", "receipts", (unsigned long long)number(r, "count"));
    if (json_object_get(r, "last") != NULL)
        cli_print(cli, ", last %s", text(r, "last"));
    if (number(r, "waiting") != 0)
        cli_print(cli, ", %llu waiting", (unsigned long long)number(r, "waiting"));
    if (number(r, "lost") != 0)
        cli_print(cli, ", %llu LOST", (unsigned long long)number(r, "lost"));
    cli_print(cli, "\n");
    if (failing != NULL)
        cli_print(cli, "  %-12s%s\n", "FAILING", failing);
}

/* "open, policy auto: rdseed good, jitter good" */
static void show_entropy(struct cli *cli, const json_t *e)
{
    const json_t *sources = json_object_get(e, "sources");
    bool any = false;

    if (!json_is_object(e))
        return;
    cli_print(cli, "  %-12spolicy %s%s: ", "entropy", text(e, "policy"),
              json_is_true(json_object_get(e, "single")) ? ", ONE SOURCE" : "");
    for (size_t i = 0; i < json_array_size(sources); i++) {
        const json_t *s = json_array_get(sources, i);
        if (!json_is_true(json_object_get(s, "credited")))
            continue;
        cli_print(cli, "%s%s %s", any ? ", " : "", text(s, "name"), text(s, "state"));
        any = true;
    }
    cli_print(cli, any ? "\n" : "no source is credited\n");
    if (!json_is_true(json_object_get(e, "open")))
        cli_print(cli,
                  "  %-12sthe sources do not satisfy the policy: no new keys, no new sessions\n",
                  "CLOSED");
}

static void show(struct cli *cli, const json_t *o, const json_t *before)
{
    const bool colour = cli_colour();
    const struct screen on = {cli, o, before, colour ? "\033[1m" : "", colour ? "\033[0m" : ""};
    char up[32];
    const json_t *peers = json_object_get(o, "peers");

    duration(up, number(o, "uptime_us"));
    cli_print(cli, "%s%s: %s%s\n", on.bold, text(o, "role"), text(o, "name"), on.plain);
    cli_print(cli, "  %-12s%s\n", "key id", text(o, "key_id"));
    cli_print(cli, "  %-12s%s, process %llu, up %s\n", "listening", text(o, "listen"),
              (unsigned long long)number(o, "pid"), up);
    show_entropy(cli, json_object_get(o, "entropy"));
    show_receipts(cli, json_object_get(o, "receipts"));
    show_pairs(cli, "drops", json_object_get(o, "drops"));
    if (strcmp(text(o, "role"), "fallback") == 0 && json_array_size(peers) == 0)
        cli_print(cli, "  %-12sNO KEYS: no drone can come; 'head2 fallback import' takes some\n",
                  "fallback");
    for (size_t i = 0; i < json_array_size(peers); i++)
        show_peer(&on, json_array_get(peers, i));
}

/* A line for each, as examples/wireshark reads them. */
static void show_tags(struct cli *cli, const json_t *o)
{
    const json_t *tags = json_object_get(o, "tags");

    for (size_t i = 0; i < json_array_size(tags); i++) {
        const json_t *t = json_array_get(tags, i);
        cli_print(cli, "%s %lld %s %s %s\n", text(t, "tag"),
                  (long long)json_integer_value(json_object_get(t, "lane")), text(t, "direction"),
                  text(t, "key_id"), text(t, "peer"));
    }
}

/* ---- the verb ---- */

static int find_socket(const struct cli *cli, char *out, size_t cap)
{
    const char *given = cli_string(cli, "socket");
    struct config *c;
    struct config_error err;

    if (given != NULL) {
        snprintf(out, cap, "%s", given);
        return CLI_DONE;
    }
    enum head2_status st =
        config_read(&c, cli_config_file(cli, "/etc/head2/head2.yaml"), CONFIG_ANY, &err);
    if (st != HEAD2_OK)
        return cli_config_fail(cli, st, &err);
    snprintf(out, cap, "%s", c->control);
    config_free(c);
    return CLI_DONE;
}

static volatile sig_atomic_t interrupted;

static void on_interrupt(int number_)
{
    (void)number_;
    interrupted = 1;
}

int cmd_status(struct cli *cli)
{
    char path[PATH_MAX];
    const bool watch = cli_flag(cli, "watch"), tags = cli_flag(cli, "tags");
    const char *const request = tags ? "{\"op\":\"tags\"}\n" : "{\"op\":\"status\"}\n";
    json_t *o, *before = NULL;
    const struct sigaction action = {.sa_handler = on_interrupt};

    int code = find_socket(cli, path, sizeof path);
    if (code != CLI_DONE)
        return code;
    if (watch)
        sigaction(SIGINT, &action, NULL);
    do {
        code = ask(cli, path, request, &o);
        if (code != CLI_DONE)
            break;
        if (watch && !cli->json && !tags && isatty(STDOUT_FILENO))
            cli_print(cli, "\033[H\033[2J");
        if (cli->json) {
            cli_print_json(cli, o);
        } else {
            if (tags)
                show_tags(cli, o);
            else
                show(cli, o, before);
            json_decref(before);
            before = o;
        }
        if (!watch || cli_flush(cli, CLI_DONE) != CLI_DONE)
            break;
        nanosleep(&(struct timespec){1, 0}, NULL);
    } while (!interrupted);
    json_decref(before);
    return code;
}
