/*
 * head2 gateway: three processes. The monitor reads the configuration and what the identity needs;
 * the keeper has the identity and signs; the front has the network, and no private key.
 */
#include "artifact/base64.h"
#include "artifact/checkpoint.h"
#include "base/secmem.h"
#include "cli/daemons.h"
#include "cli/gateway_record.h"
#include "cli/keepers.h"
#include "cli/stores.h"
#include "cli/verbs.h"
#include "gateway/daemon.h"
#include "gateway/journal.h"
#include "gateway/notify.h"
#include "keeper/monitor.h"
#include "keeper/service.h"
#include "keeper/told.h"

#include <errno.h>
#include <head2/fallback.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define IDENTITY "identity" /* the label of a key that comes from a file */

struct house {
    struct cli *cli;
    const char *file; /* the configuration, and of it */
    struct config_keeper keeper;
    pid_t monitor;
    uint8_t *secret; /* MONITOR_SECRET_MAX bytes of room */
    size_t secret_len;
    char ledger[PATH_MAX];
    int listener; /* for others who use the store's keys; -1: none */
    int events;   /* the keeper's, to the recorder; -1: none */
    struct pin pin;
};

static bool in_store(const struct house *h)
{
    return h->keeper.label[0] != 0;
}

static const char *label_of(const struct house *h)
{
    return in_store(h) ? h->keeper.label : IDENTITY;
}

/* What a gateway signs: handshakes and rotations, keys for fallback, checkpoints. */
static const char *const contexts[] = {
    "ch2v1 hs gw", "ch2v1 rot gw", HEAD2_FALLBACK_CONTEXT, CHECKPOINT_CONTEXT, NULL,
};

static int out_of_memory(const struct cli *cli)
{
    return cli_fail(cli, CLI_INTERNAL, NULL, NULL, "out of memory");
}

/* ---- the keeper ---- */

/* Who asks for what it may not can do so often: a line a second is enough. */
static bool says_refusal(void)
{
    static time_t last;
    const time_t now = time(NULL);
    const bool says = now != last;

    last = now;
    return says;
}

/* What changes keys, and what the front or a stranger may not ask. */
static void on_event(void *arg, const struct keeper_event *e)
{
    const bool refused = e->status == HEAD2_E_POLICY;
    const struct house *const h = arg;
    char id[CLI_KEY_ID_TEXT] = "";

    if (refused && !says_refusal())
        return;
    cli_keeper_tell(h->events, e, false);
    if (!refused && (!told_is_change(e) || e->type == KEEPER_USES))
        return;
    if (e->meta != NULL)
        hex_encode(id, e->meta->id, sizeof e->meta->id);
    journal_write(&(struct journal_line){
        .level = refused ? JOURNAL_ALARM : JOURNAL_INFO,
        .event = refused ? "keeper-refused" : "keeper-key",
        .key_id = e->meta != NULL ? id : NULL,
        .detail = json_pack("{s:s, s:s, s:s*}", "request", told_name(e->type), "result",
                            e->status == HEAD2_OK ? "done" : head2_status_string(e->status),
                            "label", e->meta != NULL ? e->meta->label : NULL)});
}

static void on_begun(void *arg, size_t keys, const char *missing)
{
    const struct house *const h = arg;

    journal_write(&(struct journal_line){
        .level = JOURNAL_INFO,
        .event = "keeper",
        .detail = json_pack("{s:I, s:s*, s:s}", "keys", (json_int_t)keys, "socket",
                            h->listener >= 0 ? h->keeper.socket : NULL, "not_in_force", missing)});
}

static int keep(void *arg, const struct monitor_start *start)
{
    struct house *const h = arg;
    const struct service s = {
        .folder = in_store(h) ? h->keeper.store : NULL,
        .label = label_of(h),
        .policy = {.purposes = KEEPER_MAY_SIGN,
                   .rate_count = h->keeper.rate_uses,
                   .rate_seconds = h->keeper.rate_seconds},
        .contexts = contexts,
        .listener = h->listener,
        .pin = h->keeper.pin_file[0] != 0 ? &h->pin : NULL,
        .on_event = on_event,
        .begun = on_begun,
        .arg = h
    };
    struct store_fault fault = {0};

    h->events = start->events;
    if (setpriority(PRIO_PROCESS, 0, 5) != 0) /* keys may take their time, packets may not */
        return cli_fail_errno(h->cli, NULL, errno, "cannot lower the keeper's priority");
    const enum head2_status st = service_run(&s, start, &fault);
    return st == HEAD2_OK ? CLI_DONE : cli_store_fail(h->cli, st, &fault);
}

/* ---- the front ---- */

static int ask_for_identity(const struct house *h, int pair, struct keeper_remote *out)
{
    char why[KEEPER_PHRASE_MAX + 1];
    struct keeper_client *client;

    if (keeper_client_call(&client, pair) != HEAD2_OK)
        return out_of_memory(h->cli);
    const enum head2_status st = keeper_remote_find(out, client, label_of(h), why);
    if (st == HEAD2_OK && head2_key_alg(out->key) == HEAD2_MLDSA_87)
        return CLI_DONE;
    keeper_client_close(client);
    if (st == HEAD2_OK) {
        snprintf(why, sizeof why, "%s", head2_alg_name(head2_key_alg(out->key)));
        keeper_remote_free(out);
        return cli_fail(h->cli, CLI_INPUT, label_of(h), "make one with 'head2 key generate'",
                        "an identity is an ML-DSA-87 key, and this is %s", why);
    }
    return cli_fail(h->cli, cli_status_exit(st), NULL, NULL, "the keeper does not give its key: %s",
                    why[0] != 0 ? why : head2_status_string(st));
}

static int run_front(const struct house *h, const struct daemon_identity *who)
{
    struct config *config;
    struct config_error err;

    /* again: it may be another one than that with which the monitor has begun */
    enum head2_status st = config_read(&config, h->file, CONFIG_GATEWAY, &err);
    if (st == HEAD2_OK)
        st = daemon_run(config, who, &err);
    return st == HEAD2_OK ? CLI_DONE : cli_config_fail(h->cli, st, &err);
}

static int front(void *arg, const struct monitor_start *start)
{
    struct house *const h = arg;
    struct keeper_remote remote;

    head2_wipe(&h->pin, sizeof h->pin); /* which is not its business */
    if (h->listener >= 0)               /* whose callers are the keeper's */
        close(h->listener);
    signal(SIGHUP, SIG_IGN); /* until the daemon awaits it: the configuration is being read */
    notify_for(h->monitor);
    int code = ask_for_identity(h, start->pair, &remote);
    if (code != CLI_DONE)
        return code;
    code = run_front(
        h, &(struct daemon_identity){.key = remote.key, .remote = &remote, .pair = start->pair});
    keeper_client_close(remote.client);
    keeper_remote_free(&remote);
    return code;
}

/* ---- the recorder, where there is a store ---- */

static int record(void *arg, const struct monitor_start *start)
{
    struct house *const h = arg;

    head2_wipe(&h->pin, sizeof h->pin);
    if (h->listener >= 0)
        close(h->listener);
    return gateway_record(h->cli, start->events, h->ledger);
}

/* ---- the monitor ---- */

/* A node's file and a gateway's are alike: which is meant has to be said, and to be true. */
static int check_node(const struct cli *cli, const struct config *c)
{
    const bool wanted = cli_flag(cli, "fallback");

    if (wanted == c->fallback.node)
        return CLI_DONE;
    if (wanted)
        return cli_fail(cli, CLI_INPUT, c->file,
                        "run it with 'head2 gateway', or name a node's file",
                        "this is the file of a gateway: its fallback has no issuer");
    return cli_fail(cli, CLI_INPUT, c->file,
                    "run it with 'head2 gateway --fallback', or name a gateway's file",
                    "this is the file of a fallback node");
}

/* The private key, for the keeper; nothing of it stays here but in protected memory. */
static int read_key(struct house *h, const struct config *config)
{
    struct head2_key *key = NULL;
    int code = cli_read_identity(h->cli, config, &key);

    if (code != CLI_DONE)
        return code;
    h->secret_len = MONITOR_SECRET_MAX;
    if (head2_key_write_private(key, HEAD2_KEY_DER, HEAD2_PRIVATE_DEFAULT, NULL, 0, h->secret,
                                &h->secret_len) != HEAD2_OK)
        code = cli_fail(h->cli, CLI_INTERNAL, NULL, NULL, "cannot hand the key to the keeper");
    head2_key_free(key);
    return code;
}

/* The store's key. */
static int unlock(struct house *h)
{
    struct store_unlock unlock;
    struct cli_store_ask ask = {0};
    struct store_fault fault = {0};

    cli_store_unlock_as(h->cli, &h->keeper, &unlock, &ask);
    const enum head2_status st = store_unwrap(h->secret, h->keeper.store, &unlock, &fault);
    h->secret_len = STORE_KEK_BYTES;
    if (ask.said)
        return (int)cli_status_exit(st);
    return st == HEAD2_OK ? gateway_compare(h->cli, h->keeper.store, h->secret, h->ledger)
                          : cli_store_fail(h->cli, st, &fault);
}

static int read_secret(struct house *h, const struct config *config)
{
    void *place;

    if (secmem_new(&place, MONITOR_SECRET_MAX, SECMEM_LONG_TERM) != HEAD2_OK)
        return out_of_memory(h->cli);
    h->secret = place;
    h->keeper = config->keeper;
    if (snprintf(h->ledger, sizeof h->ledger, "%s/ledger", config->state) >= (int)sizeof h->ledger)
        return cli_fail(h->cli, CLI_INPUT, config->state, "use a shorter one",
                        "the name is too long");
    const int code = in_store(h) ? unlock(h) : read_key(h, config);
    return code == CLI_DONE && h->keeper.pin_file[0] != 0
               ? cli_keeper_pin(h->cli, h->keeper.pin_file, &h->pin)
               : code;
}

static void on_death(void *arg, const char *name, const char *why)
{
    (void)arg;
    journal_say(JOURNAL_ALARM, "process-ended", "%s: %s", name, why);
}

static int watch(struct house *h)
{
    const struct monitor_options o = {.secret = h->secret,
                                      .secret_len = h->secret_len,
                                      .keeper = keep,
                                      .front = front,
                                      .recorder = in_store(h) ? record : NULL,
                                      .died = on_death,
                                      .arg = h};
    const char *what;
    int code;
    const enum head2_status st = monitor_run(&o, &code, &what);

    if (st == HEAD2_OK)
        return code;
    if (st == HEAD2_E_IO)
        return cli_fail_errno(h->cli, NULL, errno, what);
    return cli_fail(h->cli, CLI_INTERNAL, NULL, "see the lines above", "%s", what);
}

int cmd_gateway(struct cli *cli)
{
    const char *const otherwise =
        cli_flag(cli, "fallback") ? "/etc/head2/fallback.yaml" : "/etc/head2/head2.yaml";
    struct house h = {.cli = cli,
                      .file = cli_config_file(cli, otherwise),
                      .monitor = getpid(),
                      .listener = -1,
                      .events = -1};
    struct config *config;
    struct config_error err;

    enum head2_status st = secmem_harden_process();
    if (st != HEAD2_OK)
        return cli_fail(cli, CLI_INTERNAL, NULL, "allow prctl(2) and setrlimit(2)",
                        "cannot keep others from this process's memory");
    st = config_read(&config, h.file, CONFIG_GATEWAY, &err);
    if (st != HEAD2_OK)
        return cli_config_fail(cli, st, &err);
    int code = check_node(cli, config);
    if (code == CLI_DONE)
        code = read_secret(&h, config);
    config_free(config);
    if (code == CLI_DONE)
        code = cli_change_user(cli);
    if (code == CLI_DONE && h.keeper.socket[0] != 0)
        code = cli_keeper_listen(cli, h.keeper.socket, &h.listener);
    if (code == CLI_DONE)
        code = watch(&h);
    cli_keeper_unlisten(h.keeper.socket, h.listener);
    secmem_free(h.secret);
    head2_wipe(&h.pin, sizeof h.pin);
    return code;
}
