/*
 * A keeper in a process of its own, at a socket in a new folder, and what the tests ask it.
 */
#ifndef HEAD2_TESTS_KEEPER_FIXTURE_H
#define HEAD2_TESTS_KEEPER_FIXTURE_H

#include "base/secmem.h"
#include "keeper/client.h"
#include "keeper/handles.h"
#include "keeper/keeper.h"
#include "keeper/sandbox.h"
#include "keeper/unixsock.h"

#include <head2/hash.h>
#include <head2/random.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>

static char folder[64], socket_path[96];
static pid_t keeper_pid;
static volatile sig_atomic_t keeper_stop;
HEAD2_UNUSED static struct pin keeper_pin;
static bool keeper_has_pin;

#define EVERY_USE                                                                                  \
    {                                                                                              \
        .purposes = KEEPER_MAY_ALL                                                                 \
    }

__attribute__((unused)) static struct keeper_bytes text(const char *s)
{
    return (struct keeper_bytes){(const uint8_t *)s, strlen(s)};
}

static void on_term(int number)
{
    (void)number;
    keeper_stop = 1;
}

/* The seed of the key "known", which no memory of the tests' process has before it is asked for. */
__attribute__((unused)) static void known_seed(uint8_t seed[32])
{
    head2_sha3_256(seed, "the seed of a known key", 23);
}

/* A key whose private bytes the tests can tell. */
static enum head2_status add_known(struct ring *ring)
{
    const struct keeper_policy policy = EVERY_USE;
    struct head2_key *key = NULL;
    struct ring_key *k;
    enum head2_status st;
    void *seed;

    HEAD2_TRY(secmem_new(&seed, 32, SECMEM_LONG_TERM));
    known_seed(seed);
    HEAD2_TRY(head2_key_from_seed(&key, HEAD2_MLDSA_87, seed, 32));
    secmem_free(seed);
    HEAD2_TRY(head2_key_protect(key));
    HEAD2_TRY(ring_add(ring, &k, key, text("known"), &policy,
                       (struct ring_time){0, (uint64_t)time(NULL) * 1000}));
done:
    head2_key_free(key);
    return st;
}

/* What the child does; its exit status. */
static int keeper_main(int listener, int pair, bool confined)
{
    struct keeper_options o = {.listener = listener,
                               .pair = pair,
                               .pin = keeper_has_pin ? &keeper_pin : NULL,
                               .stop = &keeper_stop};
    const struct sandbox box = {.folder = folder};
    struct keeper *k;
    const char *what;
    uint8_t byte;

    signal(SIGTERM, on_term);
    if (head2_random(&byte, 1) != HEAD2_OK || secmem_harden_process() != HEAD2_OK)
        return 3;
    if (confined && sandbox_enter(&box, &o.sandbox, &what) != HEAD2_OK)
        return 4;
    if (keeper_new(&k, &o) != HEAD2_OK || add_known(keeper_ring(k)) != HEAD2_OK)
        return 5;
    const enum head2_status st = keeper_run(k);
    keeper_free(k);
    return st == HEAD2_OK ? 0 : 6;
}

__attribute__((unused)) static void start_keeper(bool confined)
{
    if (folder[0] == 0) {
        snprintf(folder, sizeof folder, "/tmp/head2-keeper-XXXXXX");
        CHECK(mkdtemp(folder) != NULL);
        snprintf(socket_path, sizeof socket_path, "%s/keeper.sock", folder);
    }
    const int listener = unixsock_listen(socket_path);
    CHECK(listener >= 0);
    keeper_pid = fork();
    CHECK(keeper_pid >= 0);
    if (keeper_pid == 0)
        _exit(keeper_main(listener, -1, confined));
    close(listener);
}

/* Its wait status. */
__attribute__((unused)) static int stop_keeper(int number)
{
    int status = 0;

    kill(keeper_pid, number);
    CHECK_EQ(waitpid(keeper_pid, &status, 0), keeper_pid);
    keeper_pid = 0;
    return status;
}

__attribute__((unused)) static struct keeper_client *connect_client(void)
{
    struct keeper_client *c;

    CHECK_EQ(keeper_client_open(&c, socket_path), HEAD2_OK);
    return c;
}

/* Ask, and hold the status against what it should be. */
#define ASK(c, ask, reply, st)                                                                     \
    do {                                                                                           \
        const enum head2_status ask_st = keeper_call((c), (ask), (reply));                         \
        CHECK_SAY(ask_st == (st), "type %d: %s, not %s: %s", (int)(ask)->type,                     \
                  head2_status_string(ask_st), head2_status_string(st), (reply)->why);             \
    } while (0)

/* The id of a label. */
__attribute__((unused)) static void find_key(struct keeper_client *c, uint8_t id[16],
                                             const char *label)
{
    struct keeper_message ask = {.type = KEEPER_FIND, .label = text(label)};
    struct keeper_reply reply;

    ASK(c, &ask, &reply, HEAD2_OK);
    memcpy(id, reply.m.key, 16);
    keeper_reply_free(&reply);
}

__attribute__((unused)) static void generate_key(struct keeper_client *c, uint8_t id[16],
                                                 enum head2_alg alg, const char *label,
                                                 struct keeper_policy policy)
{
    struct keeper_message ask = {
        .type = KEEPER_GENERATE, .alg = alg, .label = text(label), .policy = policy};
    struct keeper_reply reply;

    ASK(c, &ask, &reply, HEAD2_OK);
    CHECK_EQ(reply.m.data.len, head2_alg_public_bytes(alg));
    memcpy(id, reply.m.key, 16);
    keeper_reply_free(&reply);
}

__attribute__((unused)) static struct keeper_message of_key(enum keeper_type type,
                                                            const uint8_t id[16])
{
    struct keeper_message m = {.type = type};

    memcpy(m.key, id, 16);
    return m;
}

__attribute__((unused)) static struct head2_key *public_key(struct keeper_client *c,
                                                            const uint8_t id[16])
{
    struct keeper_message ask = of_key(KEEPER_EXPORT, id);
    struct keeper_reply reply;
    struct head2_key *key;

    ASK(c, &ask, &reply, HEAD2_OK);
    CHECK_EQ(head2_key_from_public(&key, reply.m.alg, reply.m.data.at, reply.m.data.len), HEAD2_OK);
    keeper_reply_free(&reply);
    return key;
}

__attribute__((unused)) static struct keeper_info keeper_status(struct keeper_client *c)
{
    struct keeper_message ask = {.type = KEEPER_STATUS};
    struct keeper_reply reply;

    ASK(c, &ask, &reply, HEAD2_OK);
    const struct keeper_info info = reply.m.info;
    keeper_reply_free(&reply);
    return info;
}

__attribute__((unused)) static void remove_folder(void)
{
    unlink(socket_path);
    rmdir(folder);
}

#endif
