/*
 * head2 keeper: a monitor that unlocks the store, and the keeper, its child, which works with it.
 * The monitor holds the store's key and the listening socket: a keeper that dies is replaced by one
 * that needs no person, and who asks meanwhile waits.
 */
#include "artifact/base64.h"
#include "artifact/utc.h"
#include "base/secmem.h"
#include "cli/daemons.h"
#include "cli/keepers.h"
#include "cli/ledgers.h"
#include "cli/stores.h"
#include "cli/verbs.h"
#include "gateway/keeper_record.h"
#include "gateway/ledger_writer.h"
#include "keeper/monitor.h"
#include "keeper/service.h"
#include "keeper/told.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct keeping {
    struct cli *cli;
    char folder[PATH_MAX], socket[PATH_MAX];
    char ledger[PATH_MAX]; /* "": none */
    int listener, events;
    uint8_t *kek;
    bool has_pin;
    struct pin pin;
};

/* ---- the keeper ---- */

static void print_event(const struct keeper_event *e)
{
    char id[2 * HEAD2_KEY_ID_BYTES + 1] = {0};

    if (e->meta != NULL)
        hex_encode(id, e->meta->id, sizeof e->meta->id);
    json_t *const o =
        json_pack("{s:s, s:s, s:s*, s:s*}", "event", told_name(e->type), "result",
                  e->status == HEAD2_OK ? "done" : head2_status_string(e->status), "key",
                  e->meta != NULL ? id : NULL, "label", e->meta != NULL ? e->meta->label : NULL);
    char *const line = json_dumps(o, JSON_COMPACT);
    if (line != NULL)
        fprintf(stderr, "%s\n", line);
    free(line);
    json_decref(o);
}

/* Changes of keys, and connections of others, as lines on standard error, and for the recorder,
 * which is told of uses too. What is told is in the pipe before the asker has an answer. */
static void on_event(void *arg, const struct keeper_event *e)
{
    const struct keeping *const k = arg;

    if (told_is_change(e) && e->type != KEEPER_USES)
        print_event(e);
    cli_keeper_tell(k->events, e, cli_flag(k->cli, "each-use"));
}

static void on_begun(void *arg, size_t keys, const char *missing)
{
    const struct keeping *const k = arg;

    if (missing[0] != 0)
        fprintf(stderr, "head2: keeper: not in force here: %s\n", missing);
    fprintf(stderr, "head2: keeper: %zu keys, at %s\n", keys, k->socket);
}

static int keep(void *arg, const struct monitor_start *start)
{
    struct keeping *const k = arg;

    k->events = start->events;
    const struct service s = {.folder = k->folder,
                              .listener = k->listener,
                              .pin = k->has_pin ? &k->pin : NULL,
                              .on_event = on_event,
                              .begun = on_begun,
                              .arg = k};
    struct store_fault fault = {0};
    const enum head2_status st = service_run(&s, start, &fault);

    return st == HEAD2_OK ? CLI_DONE : cli_store_fail(k->cli, st, &fault);
}

/* ---- the recorder ---- */

static void on_trouble(void *arg, const struct ledger_fault *fault)
{
    (void)arg;
    if (fault == NULL)
        fprintf(stderr, "head2: recorder: what waited is in the ledger\n");
    else
        fprintf(stderr, "head2: recorder: %s: %s; tried again until it is done\n", fault->where,
                fault->what);
}

static int record(void *arg, const struct monitor_start *start)
{
    struct keeping *const k = arg;
    struct ledger_fault fault;

    head2_wipe(&k->pin, sizeof k->pin); /* which is not its business */
    const enum head2_status st =
        keeper_record_run(start->events, k->ledger, on_trouble, NULL, &fault);

    return st == HEAD2_OK ? CLI_DONE : cli_ledger_fail(k->cli, st, &fault);
}

/* A ledger that cannot be written stops the keeper before it begins. */
static int find_ledger(struct keeping *k)
{
    struct ledger_writer *w;
    struct ledger_fault fault;

    if (cli_string(k->cli, "ledger") == NULL)
        return cli_flag(k->cli, "each-use")
                   ? cli_fail(k->cli, CLI_USAGE, "--each-use", "say where: --ledger DIR",
                              "nothing is recorded without a ledger")
                   : CLI_DONE;
    const int code = cli_ledger_folder(k->cli, k->ledger);
    if (code != CLI_DONE)
        return code;
    const enum head2_status st = ledger_writer_open(&w, k->ledger, NULL, &fault);
    if (st != HEAD2_OK)
        return cli_ledger_fail(k->cli, st, &fault);
    ledger_writer_close(w);
    return CLI_DONE;
}

/* ---- the monitor ---- */

static void on_death(void *arg, const char *name, const char *why)
{
    (void)arg;
    fprintf(stderr, "head2: %s: %s\n", name, why);
}

static int watch(struct keeping *k)
{
    const struct monitor_options o = {.secret = k->kek,
                                      .secret_len = STORE_KEK_BYTES,
                                      .keeper = keep,
                                      .recorder = k->ledger[0] != 0 ? record : NULL,
                                      .died = on_death,
                                      .arg = k};
    const char *what;
    int code;
    const enum head2_status st = monitor_run(&o, &code, &what);

    if (st == HEAD2_OK)
        return code;
    if (st == HEAD2_E_IO)
        return cli_fail_errno(k->cli, NULL, errno, what);
    return cli_fail(k->cli, CLI_INTERNAL, k->socket, NULL, "%s", what);
}

/* ---- the beginning ---- */

static int listen_at(struct keeping *k)
{
    const char *const given = cli_string(k->cli, "socket");
    const int n = given != NULL
                      ? snprintf(k->socket, sizeof k->socket, "%s", given)
                      : snprintf(k->socket, sizeof k->socket, "%s/" CLI_KEEPER_FILE, k->folder);

    if (n >= (int)sizeof k->socket)
        return cli_fail_errno(k->cli, k->socket, ENAMETOOLONG, "cannot listen");
    return cli_keeper_listen(k->cli, k->socket, &k->listener);
}

static int unlock(struct keeping *k)
{
    struct store_unlock unlock;
    struct cli_store_ask ask = {0};
    struct store_fault fault = {0};
    void *kek;
    const int code = cli_store_unlock(k->cli, &unlock, &ask);

    if (code != CLI_DONE)
        return code;
    memcpy(k->folder, ask.where, sizeof k->folder);
    if (secmem_new(&kek, STORE_KEK_BYTES, SECMEM_LONG_TERM) != HEAD2_OK)
        return cli_fail(k->cli, CLI_INTERNAL, NULL, NULL, "out of memory");
    k->kek = kek;
    const enum head2_status st = store_unwrap(k->kek, k->folder, &unlock, &fault);
    if (ask.said)
        return (int)cli_status_exit(st);
    return st == HEAD2_OK ? CLI_DONE : cli_store_fail(k->cli, st, &fault);
}

static int take_pin(struct keeping *k)
{
    const char *const path = cli_string(k->cli, "pin-file");

    k->has_pin = path != NULL;
    return k->has_pin ? cli_keeper_pin(k->cli, path, &k->pin) : CLI_DONE;
}

/* Compare the store with its anchors in the ledger, and anchor it: before it is used, and when
 * nobody uses it any more. */
static int anchor(const struct keeping *k)
{
    const struct store_unlock with = {.type = STORE_WRAP_KEK, .kek = k->kek};
    struct store_fault fault = {0};
    struct store *s;

    if (k->ledger[0] == 0)
        return CLI_DONE;
    const enum head2_status st = store_open(&s, k->folder, &with, &fault);
    if (st != HEAD2_OK)
        return cli_store_fail(k->cli, st, &fault);
    return cli_store_finish(k->cli, s, cli_store_compare_ledger(k->cli, s));
}

int cmd_keeper(struct cli *cli)
{
    struct keeping k = {.cli = cli, .listener = -1, .events = -1};

    if (secmem_harden_process() != HEAD2_OK)
        return cli_fail(cli, CLI_INTERNAL, NULL, "allow prctl(2) and setrlimit(2)",
                        "cannot keep others from this process's memory");
    int code = take_pin(&k);
    if (code == CLI_DONE)
        code = unlock(&k);
    if (code == CLI_DONE)
        code = cli_change_user(cli);
    if (code == CLI_DONE)
        code = find_ledger(&k);
    if (code == CLI_DONE)
        code = anchor(&k);
    if (code == CLI_DONE)
        code = listen_at(&k);
    if (code == CLI_DONE)
        code = watch(&k);
    if (code == CLI_DONE)
        code = anchor(&k);
    cli_keeper_unlisten(k.socket, k.listener);
    secmem_free(k.kek);
    head2_wipe(&k.pin, sizeof k.pin);
    return code;
}
