/*
 * head2 keeper: a monitor that unlocks the store, and the keeper, its child, which works with it.
 * The monitor holds the store's key and the listening socket: a keeper that dies is replaced by one
 * that needs no person, and who asks meanwhile waits.
 */
#include "artifact/base64.h"
#include "base/secmem.h"
#include "cli/stores.h"
#include "cli/verbs.h"
#include "keeper/keeper.h"
#include "keeper/sandbox.h"
#include "keeper/store_backend.h"
#include "keeper/unixsock.h"

#include <errno.h>
#include <fcntl.h>
#include <head2/random.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SOCKET_FILE "keeper.sock"
#define QUICK_S     2 /* who dies sooner after its start ... */
#define QUICK_MAX   5 /* ... so often in a row is not started again */

static volatile sig_atomic_t stop, child;

struct monitor {
    struct cli *cli;
    char folder[PATH_MAX], socket[PATH_MAX];
    int listener;
    uint8_t *kek;
};

/* The monitor passes the signal on; the keeper ends at it. */
static void on_signal(int number)
{
    stop = 1;
    if (child > 0)
        kill((pid_t)child, number);
}

/* ---- the keeper ---- */

static const char *event_name(enum keeper_type type)
{
    switch (type) {
    case KEEPER_GENERATE:
        return "generate";
    case KEEPER_ROTATE:
        return "rotate";
    case KEEPER_REVOKE:
        return "revoke";
    case KEEPER_DESTROY:
        return "destroy";
    case KEEPER_STATUS:
        return "connect"; /* of this one only refusals are told */
    default:
        return NULL;
    }
}

/* Changes of keys, and connections of others, as lines on standard error. */
static void on_event(void *arg, const struct keeper_event *e)
{
    const char *const name = event_name(e->type);
    char id[2 * HEAD2_KEY_ID_BYTES + 1] = {0};

    (void)arg;
    if (name == NULL || (e->type == KEEPER_STATUS && e->status == HEAD2_OK))
        return;
    if (e->meta != NULL)
        hex_encode(id, e->meta->id, sizeof e->meta->id);
    json_t *const o =
        json_pack("{s:s, s:s, s:s*, s:s*}", "event", name, "result",
                  e->status == HEAD2_OK ? "done" : head2_status_string(e->status), "key",
                  e->meta != NULL ? id : NULL, "label", e->meta != NULL ? e->meta->label : NULL);
    char *const line = json_dumps(o, JSON_COMPACT);
    if (line != NULL)
        fprintf(stderr, "%s\n", line);
    free(line);
    json_decref(o);
}

/* The store's key comes through a pipe: protected pages are not inherited. */
static bool take_kek(int from, uint8_t kek[STORE_KEK_BYTES])
{
    uint8_t staged[STORE_KEK_BYTES];
    const bool whole = read(from, staged, sizeof staged) == (ssize_t)sizeof staged;

    close(from);
    if (whole)
        memcpy(kek, staged, sizeof staged);
    head2_wipe(staged, sizeof staged);
    return whole;
}

static int open_store(const struct monitor *m, int from, struct store **out)
{
    struct store_unlock unlock = {.type = STORE_WRAP_KEK};
    struct store_fault fault = {0};
    void *kek;

    if (secmem_new(&kek, STORE_KEK_BYTES, SECMEM_LONG_TERM) != HEAD2_OK || !take_kek(from, kek))
        return cli_fail(m->cli, CLI_INTERNAL, NULL, NULL, "the store's key did not arrive");
    unlock.kek = kek;
    const enum head2_status st = store_open(out, m->folder, &unlock, &fault);
    secmem_free(kek);
    return st == HEAD2_OK ? CLI_DONE : cli_store_fail(m->cli, st, &fault);
}

static int serve(const struct monitor *m, struct store *s)
{
    struct store_backend b = {.store = s};
    const struct keeper_backend backend = store_backend_of(&b);
    struct keeper_options o = {.listener = m->listener,
                               .pair = -1,
                               .backend = &backend,
                               .on_event = on_event,
                               .stop = &stop};
    const struct sandbox box = {.folder = m->folder};
    char missing[SANDBOX_TEXT];
    const char *what;
    struct keeper *k;
    uint8_t byte;

    if (head2_random(&byte, 1) != HEAD2_OK) /* its sources open what they need */
        return cli_fail(m->cli, CLI_HEALTH, NULL, "see 'head2 rng status'", "no randomness");
    if (sandbox_enter(&box, &o.sandbox, &what) != HEAD2_OK)
        return cli_fail_errno(m->cli, NULL, errno, what);
    sandbox_missing(missing, o.sandbox);
    if (missing[0] != 0)
        fprintf(stderr, "head2: keeper: not in force here: %s\n", missing);
    enum head2_status st = keeper_new(&k, &o);
    if (st != HEAD2_OK)
        return cli_fail(m->cli, cli_status_exit(st), m->folder, NULL, "cannot begin: %s",
                        head2_status_string(st));
    fprintf(stderr, "head2: keeper: %zu keys, at %s\n", ring_count(keeper_ring(k)), m->socket);
    st = keeper_run(k);
    keeper_free(k);
    return st == HEAD2_OK ? CLI_DONE : cli_fail_errno(m->cli, m->socket, errno, "waits");
}

static int keep(const struct monitor *m, int from)
{
    struct store *s;

    /* a keeper without its monitor would keep the store locked */
    if (prctl(PR_SET_PDEATHSIG, SIGTERM) != 0 || secmem_harden_process() != HEAD2_OK)
        return cli_fail(m->cli, CLI_INTERNAL, NULL, "allow prctl(2)", "cannot confine itself");
    int code = open_store(m, from, &s);
    if (code == CLI_DONE) {
        code = serve(m, s);
        store_close(s);
    }
    return code;
}

/* ---- the monitor ---- */

static bool give_kek(int to, const uint8_t kek[STORE_KEK_BYTES])
{
    uint8_t staged[STORE_KEK_BYTES]; /* system calls do not reach secret pages */

    memcpy(staged, kek, sizeof staged);
    const bool whole = write(to, staged, sizeof staged) == (ssize_t)sizeof staged;
    head2_wipe(staged, sizeof staged);
    close(to);
    return whole;
}

/* One life of a keeper: its wait status, or -1 with errno. */
static int one_life(const struct monitor *m)
{
    int ends[2], status = 0;

    if (pipe2(ends, O_CLOEXEC) != 0)
        return -1;
    const pid_t pid = fork();
    if (pid < 0)
        return -1;
    if (pid == 0) {
        close(ends[1]);
        const int code = keep(m, ends[0]);
        fflush(NULL);
        _exit(code);
    }
    child = pid;
    if (stop != 0) /* the signal came in between */
        kill(pid, SIGTERM);
    close(ends[0]);
    const bool given = give_kek(ends[1], m->kek);
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return -1;
    child = 0;
    return given || stop != 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 0 ? status : -1;
}

static void say_death(int status)
{
    const int number = WTERMSIG(status);

    if (number == SIGSYS)
        fprintf(stderr, "head2: keeper: ended by its sandbox: it made a system call that is not on "
                        "the list\n");
    else
        fprintf(stderr, "head2: keeper: ended by signal %d (%s)\n", number, strsignal(number));
}

static int watch(const struct monitor *m)
{
    unsigned quick = 0;

    while (stop == 0) {
        const time_t begun = time(NULL);
        const int status = one_life(m);
        if (status < 0)
            return cli_fail_errno(m->cli, NULL, errno, "cannot start the keeper");
        if (WIFEXITED(status))
            return WEXITSTATUS(status);
        say_death(status);
        quick = time(NULL) - begun < QUICK_S ? quick + 1 : 0;
        if (quick == QUICK_MAX)
            return cli_fail(m->cli, CLI_INTERNAL, m->socket, NULL,
                            "the keeper dies as soon as it is started");
    }
    return CLI_DONE;
}

/* ---- the beginning ---- */

static int listen_at(struct monitor *m)
{
    const char *const given = cli_string(m->cli, "socket");
    const int n = given != NULL
                      ? snprintf(m->socket, sizeof m->socket, "%s", given)
                      : snprintf(m->socket, sizeof m->socket, "%s/" SOCKET_FILE, m->folder);

    errno = ENAMETOOLONG;
    m->listener = n < (int)sizeof m->socket ? unixsock_listen(m->socket) : -1;
    if (m->listener >= 0)
        return CLI_DONE;
    if (errno == EADDRINUSE)
        return cli_fail(m->cli, CLI_REFUSED, m->socket, "end it, or name another with --socket",
                        "another keeper answers here");
    return cli_fail_errno(m->cli, m->socket, errno, "cannot listen");
}

static int unlock(struct monitor *m)
{
    struct store_unlock unlock;
    struct cli_store_ask ask = {0};
    struct store_fault fault = {0};
    void *kek;
    const int code = cli_store_unlock(m->cli, &unlock, &ask);

    if (code != CLI_DONE)
        return code;
    memcpy(m->folder, ask.where, sizeof m->folder);
    if (secmem_new(&kek, STORE_KEK_BYTES, SECMEM_LONG_TERM) != HEAD2_OK)
        return cli_fail(m->cli, CLI_INTERNAL, NULL, NULL, "out of memory");
    m->kek = kek;
    const enum head2_status st = store_unwrap(m->kek, m->folder, &unlock, &fault);
    if (ask.said)
        return (int)cli_status_exit(st);
    return st == HEAD2_OK ? CLI_DONE : cli_store_fail(m->cli, st, &fault);
}

int cmd_keeper(struct cli *cli)
{
    const struct sigaction act = {.sa_handler = on_signal};
    struct monitor m = {.cli = cli, .listener = -1};

    if (secmem_harden_process() != HEAD2_OK)
        return cli_fail(cli, CLI_INTERNAL, NULL, "allow prctl(2) and setrlimit(2)",
                        "cannot keep others from this process's memory");
    int code = unlock(&m);
    if (code == CLI_DONE)
        code = listen_at(&m);
    if (code == CLI_DONE &&
        (sigaction(SIGTERM, &act, NULL) != 0 || sigaction(SIGINT, &act, NULL) != 0))
        code = cli_fail_errno(cli, NULL, errno, "cannot await signals");
    if (code == CLI_DONE)
        code = watch(&m);
    if (m.listener >= 0) {
        unlink(m.socket);
        close(m.listener);
    }
    secmem_free(m.kek);
    return code;
}
