/* see keeper_anchors.h */
#include "cli/keeper_anchors.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#define EVERY_MS (1000 * KEEPER_ANCHOR_S)

static volatile sig_atomic_t stop;

static void on_signal(int number)
{
    (void)number;
    stop = 1;
}

int keeper_anchors_open(struct keeper_anchors *a, const struct cli *cli)
{
    int ends[2];

    *a = (struct keeper_anchors){cli, -1, -1};
    if (!cli_flag(cli, "ledger"))
        return CLI_DONE;
    /* the keeper does not wait: where the pipe is full, a later anchor comes */
    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0)
        return cli_fail_errno(cli, NULL, errno, "cannot make a pipe");
    a->from = ends[0];
    a->to = ends[1];
    return CLI_DONE;
}

void keeper_anchors_close(struct keeper_anchors *a)
{
    if (a->from >= 0) {
        close(a->from);
        close(a->to);
    }
    a->from = a->to = -1;
}

int keeper_anchors_now(const struct keeper_anchors *a, const char *folder, const uint8_t *kek)
{
    const struct store_unlock unlock = {.type = STORE_WRAP_KEK, .kek = kek};
    struct store_fault fault = {0};
    struct store *s;

    if (a->from < 0)
        return CLI_DONE;
    const enum head2_status st = store_open(&s, folder, &unlock, &fault);
    if (st != HEAD2_OK)
        return cli_store_fail(a->cli, st, &fault);
    return cli_store_finish(a->cli, s, cli_store_compare_ledger(a->cli, s));
}

/* ---- beside the keeper ---- */

static int64_t now_ms(void)
{
    struct timespec t = {0};

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Whether there was one; the last counts. */
static bool take(int from, struct store_anchor *last)
{
    struct store_anchor one;
    bool any = false;

    while (read(from, &one, sizeof one) == (ssize_t)sizeof one) {
        *last = one;
        any = true;
    }
    return any;
}

int keeper_anchors_run(struct keeper_anchors *a)
{
    const struct sigaction act = {.sa_handler = on_signal};
    struct pollfd wait = {.fd = a->from, .events = POLLIN};
    int64_t next = now_ms();
    struct store_anchor last;
    sigset_t held, before;
    bool due = false;

    /* signals come while it waits, and at no other moment */
    sigemptyset(&held);
    sigaddset(&held, SIGTERM);
    sigaddset(&held, SIGINT);
    if (sigprocmask(SIG_BLOCK, &held, &before) != 0 || sigaction(SIGTERM, &act, NULL) != 0 ||
        sigaction(SIGINT, &act, NULL) != 0)
        return cli_fail_errno(a->cli, NULL, errno, "cannot await signals");
    while (stop == 0) {
        int64_t left = next - now_ms();
        if (due && left <= 0) {
            due = cli_store_anchor(a->cli, &last) != CLI_DONE; /* said; again later */
            next = now_ms() + EVERY_MS;
            left = EVERY_MS;
        }
        const struct timespec until = {left / 1000, left % 1000 * 1000000};
        if (ppoll(&wait, 1, due ? &until : NULL, &before) < 0 && errno != EINTR)
            return cli_fail_errno(a->cli, NULL, errno, "cannot wait");
        due = take(a->from, &last) || due;
    }
    return CLI_DONE;
}
