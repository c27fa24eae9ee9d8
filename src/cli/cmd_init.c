/*
 * head2 init: a folder with a gateway and its drones that work as they are.
 *
 * Everything is made in a folder beside DIR that gets its name when all is done, so that an
 * interrupted run leaves no half of it. The receipts of the keys are signed by the new gateway.
 */
#include "artifact/base64.h"
#include "artifact/utc.h"
#include "base/signals.h"
#include "cli/files.h"
#include "cli/init.h"
#include "cli/keys.h"
#include "cli/ledgers.h"
#include "cli/verbs.h"
#include "gateway/address.h"
#include "gateway/ledger_writer.h"
#include "keys/keyfile.h"

#include <dirent.h>
#include <errno.h>
#include <ftw.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct making {
    struct cli *cli;
    char target[PATH_MAX - 512]; /* DIR without a slash at its end */
    char work[PATH_MAX - 256];   /* the folder that becomes it */
    struct init_plan plan;
    char passphrase[HEAD2_PASSPHRASE_MAX];
    struct keyfile_options private_options;
    struct head2_key *gateway;
    struct ledger *ledger;
};

static int say_key(const struct cli *cli, enum head2_status st, const struct keyfile_error *err)
{
    if (st == HEAD2_E_IO && err->error != 0)
        return cli_fail_errno(cli, err->where, err->error, err->what);
    return cli_fail(cli, cli_status_exit(st), err->where, err->hint[0] != 0 ? err->hint : NULL,
                    "%s", err->what);
}

static void path_in(char out[PATH_MAX], const struct making *m, const char *name)
{
    snprintf(out, PATH_MAX, "%s/%s", m->work, name);
}

static int make_folder(const struct making *m, const char *name, mode_t mode)
{
    char path[PATH_MAX];

    path_in(path, m, name);
    if (mkdir(path, mode) == 0)
        return CLI_DONE;
    return cli_fail_errno(m->cli, path, errno, "cannot make the folder");
}

static int write_text(const struct making *m, const char *name,
                      char *(*fn)(const struct init_plan *, unsigned), unsigned drone)
{
    char path[PATH_MAX];
    char *content = fn(&m->plan, drone);

    if (content == NULL)
        return cli_fail(m->cli, CLI_INTERNAL, name, NULL, "out of memory");
    path_in(path, m, name);
    int code = cli_write_file(m->cli, path, content, strlen(content), 0644, FILE_KEEP);
    free(content);
    return code;
}

static int write_public(const struct making *m, const struct head2_key *key, const char *name)
{
    char path[PATH_MAX];
    struct keyfile_error err = {0};
    const struct keyfile_options options = {.format = HEAD2_KEY_PEM};

    path_in(path, m, name);
    enum head2_status st = keyfile_write_public(key, path, &options, &err);
    return st == HEAD2_OK ? CLI_DONE : say_key(m->cli, st, &err);
}

static int make_key(const struct making *m, const char *name, struct head2_key **key,
                    struct entropy_text *entropy)
{
    char path[PATH_MAX];
    struct keyfile_error err = {0};

    enum head2_status st = head2_key_generate(key, HEAD2_MLDSA_87);
    entropy_text_now(entropy);
    if (st != HEAD2_OK)
        return cli_fail(m->cli, cli_status_exit(st), NULL, NULL, "%s", head2_status_string(st));
    path_in(path, m, name);
    st = keyfile_write_private(*key, path, &m->private_options, &err);
    return st == HEAD2_OK ? CLI_DONE : say_key(m->cli, st, &err);
}

/* ---- receipts ---- */

static int append(const struct making *m, enum receipt_kind kind, const char *subject,
                  const char *forward, size_t len)
{
    struct ledger_fault fault = {0};
    struct ledger_entry entry = {.kind = (uint8_t)kind,
                                 .ms = utc_now(),
                                 .subject = subject,
                                 .number = 1,
                                 .text = forward,
                                 .text_len = len};
    const enum head2_status st = ledger_append(m->ledger, &entry, 1, &fault);

    return st == HEAD2_OK ? CLI_DONE : cli_ledger_fail(m->cli, st, &fault);
}

static int receipt_of_key(const struct making *m, const struct head2_key *key, const char *file,
                          const struct entropy_text *entropy)
{
    char id[CLI_KEY_ID_TEXT], forward[RECEIPT_FORWARD_MAX];
    size_t len = sizeof forward;

    cli_key_id(id, key);
    const struct receipt_keygen text = {
        1, utc_now(), "ML-DSA-87", id, file, m->private_options.passphrase != NULL, entropy};
    if (receipt_text_keygen(&text, forward, &len) != HEAD2_OK)
        return cli_fail(m->cli, CLI_INTERNAL, file, NULL, "cannot write the receipt's text");
    return append(m, RECEIPT_KEYGEN, id, forward, len);
}

static int receipt_of_peer(const struct making *m, const struct head2_key *key, const char *name)
{
    char id[CLI_KEY_ID_TEXT], forward[RECEIPT_FORWARD_MAX];
    size_t len = sizeof forward;

    cli_key_id(id, key);
    const struct receipt_field fields[] = {
        {"Peer",      name       },
        {"Key ID",    id         },
        {"Algorithm", "ML-DSA-87"},
    };
    const struct receipt_event e = {RECEIPT_PROVISIONING, 1, utc_now(), id, fields,
                                    HEAD2_LEN(fields)};
    if (receipt_text(&e, forward, &len) != HEAD2_OK)
        return cli_fail(m->cli, CLI_INTERNAL, name, NULL, "cannot write the receipt's text");
    return append(m, RECEIPT_PROVISIONING, id, forward, len);
}

/* ---- the pieces ---- */

static int make_gateway(struct making *m)
{
    char folder[PATH_MAX];
    struct ledger_fault fault = {0};
    struct entropy_text entropy;

    int code = make_key(m, "gateway.pem", &m->gateway, &entropy);
    if (code == CLI_DONE)
        code = write_public(m, m->gateway, "gateway.pub.pem");
    if (code == CLI_DONE)
        code = write_public(m, m->gateway, "links/gateway.pub.pem");
    if (code != CLI_DONE)
        return code;
    path_in(folder, m, "state/ledger");
    enum head2_status st = ledger_open(&m->ledger, folder, LEDGER_APPEND, m->gateway, &fault);
    if (st == HEAD2_OK)
        st = ledger_write_public(folder, m->gateway, &fault);
    if (st != HEAD2_OK)
        return cli_ledger_fail(m->cli, st, &fault);
    return receipt_of_key(m, m->gateway, "gateway.pem", &entropy);
}

/* One checkpoint for all that has been made. */
static int sign_ledger(struct making *m)
{
    const struct artifact_signer signer = artifact_signer_of_key(m->gateway, false);
    struct ledger_fault fault = {0};
    const enum head2_status st = ledger_sign(m->ledger, &signer, utc_now(), &fault);

    ledger_close(m->ledger);
    m->ledger = NULL;
    return st == HEAD2_OK ? CLI_DONE : cli_ledger_fail(m->cli, st, &fault);
}

static int make_drone(const struct making *m, unsigned drone)
{
    char name[64], file[80];
    struct head2_key *key = NULL;
    struct entropy_text entropy;

    snprintf(file, sizeof file, "links/drone-%u.pem", drone);
    int code = make_key(m, file, &key, &entropy);
    if (code == CLI_DONE)
        code = receipt_of_key(m, key, file, &entropy);
    snprintf(file, sizeof file, "drone-%u.pub.pem", drone);
    if (code == CLI_DONE)
        code = write_public(m, key, file);
    snprintf(name, sizeof name, "drone-%u", drone);
    if (code == CLI_DONE)
        code = receipt_of_peer(m, key, name);
    snprintf(file, sizeof file, "links/drone-%u.yaml", drone);
    if (code == CLI_DONE)
        code = write_text(m, file, init_link_text, drone);
    head2_key_free(key);
    return code;
}

static int make_all(struct making *m)
{
    int code = make_folder(m, "links", 0755);

    if (code == CLI_DONE)
        code = make_folder(m, "state", 0700);
    if (code == CLI_DONE)
        code = make_gateway(m);
    for (unsigned i = 1; code == CLI_DONE && i <= m->plan.drones; i++) {
        if (signals_wait())
            return CLI_REFUSED; /* ends by the signal when all of it is removed */
        code = make_drone(m, i);
    }
    if (code == CLI_DONE)
        code = sign_ledger(m);
    if (code == CLI_DONE)
        code = write_text(m, "trust", init_trust_text, 0);
    if (code == CLI_DONE)
        code = write_text(m, "head2.yaml", init_gateway_text, 0);
    return code;
}

/* ---- before and after ---- */

/* DIR may be missing or empty. */
static int check_target(const struct making *m)
{
    char path[PATH_MAX];
    struct dirent *entry;
    bool empty = true;
    DIR *dir = opendir(m->target);

    if (dir == NULL && errno == ENOENT)
        return CLI_DONE;
    if (dir == NULL)
        return cli_fail_errno(m->cli, m->target, errno, "cannot use the folder");
    while ((entry = readdir(dir)) != NULL)
        empty = empty && (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0);
    closedir(dir);
    if (empty)
        return CLI_DONE;
    snprintf(path, sizeof path, "%s/head2.yaml", m->target);
    if (access(path, F_OK) == 0)
        return cli_fail(m->cli, CLI_REFUSED, m->target,
                        "choose another folder: keys are never overwritten",
                        "there is a gateway here already");
    return cli_fail(m->cli, CLI_REFUSED, m->target, "choose a new or empty folder",
                    "the folder is not empty");
}

static int read_listen(struct making *m)
{
    const char *text = cli_string_or(m->cli, "listen", "0.0.0.0:5710");
    struct head2_address a;

    if (!address_parse(&a, text) || a.port == 0)
        return cli_fail(m->cli, CLI_USAGE, "--listen", "give ADDRESS:PORT, as 0.0.0.0:5710",
                        "'%s' is not an IP address and a port", text);
    address_text(m->plan.listen, &a);
    if (address_is_any(&a)) { /* a link needs one address: this machine, until it is changed */
        const uint16_t port = a.port;
        if (!address_parse(&a, address_is_v4(&a) ? "127.0.0.1:1" : "[::1]:1"))
            return CLI_INTERNAL;
        a.port = port;
        m->plan.local_endpoint = true;
    }
    address_text(m->plan.endpoint, &a);
    return CLI_DONE;
}

static int read_passphrase(struct making *m)
{
    const char *file = cli_string(m->cli, "passphrase-file");
    const struct keyfile_passphrase pass = {file};
    struct keyfile_error err = {0};

    m->private_options = (struct keyfile_options){.format = HEAD2_KEY_PEM};
    if (cli_flag(m->cli, "no-passphrase") && file != NULL)
        return cli_fail(m->cli, CLI_USAGE, "--no-passphrase", "leave one of them out",
                        "given together with --passphrase-file");
    if (cli_flag(m->cli, "no-passphrase"))
        return CLI_DONE;
    enum head2_status st =
        keyfile_new_passphrase(&pass, "the gateway's and the drones' keys", m->passphrase,
                               &m->private_options.passphrase_len, &err);
    if (st == HEAD2_E_PASSPHRASE && file == NULL && !isatty(STDIN_FILENO))
        return cli_fail(m->cli, CLI_REFUSED, m->target,
                        "give --passphrase-file, or --no-passphrase to leave the keys unencrypted",
                        "no passphrase: there is no terminal to ask");
    if (st != HEAD2_OK)
        return say_key(m->cli, st, &err);
    m->private_options.passphrase = m->passphrase;
    return CLI_DONE;
}

static int remove_entry(const char *path, const struct stat *info, int kind, struct FTW *at)
{
    (void)info;
    (void)kind;
    (void)at;
    return remove(path);
}

static void print_commands(struct making *m)
{
    struct cli *cli = m->cli;

    if (cli->json) {
        cli_print_json(cli, json_pack("{s:s, s:s, s:s, s:i}", "folder", m->target, "config",
                                      "head2.yaml", "listen", m->plan.listen, "drones",
                                      (int)m->plan.drones));
        return;
    }
    cli_print(cli,
              "%s: a gateway with %u drone%s. Run them with\n\n"
              "    head2 gateway -c %s/head2.yaml\n"
              "    head2 link -c %s/links/drone-1.yaml\n\n",
              m->target, m->plan.drones, m->plan.drones == 1 ? "" : "s", m->target, m->target);
    cli_print(cli, "and look at them with 'head2 status -c %s/head2.yaml'.\n", m->target);
    if (m->plan.local_endpoint)
        cli_print(cli, "The links look for the gateway at %s: give them its address.\n",
                  m->plan.endpoint);
}

static int make_held(struct making *m)
{
    snprintf(m->work, sizeof m->work, "%s.new-XXXXXX", m->target);
    if (mkdtemp(m->work) == NULL)
        return cli_fail_errno(m->cli, m->target, errno, "cannot make the folder");
    int code = make_all(m);
    if (code == CLI_DONE && chmod(m->work, 0755) != 0)
        code = cli_fail_errno(m->cli, m->work, errno, "cannot open the folder to its readers");
    if (code == CLI_DONE && rename(m->work, m->target) != 0)
        code = cli_fail_errno(m->cli, m->target, errno, "cannot give the folder its name");
    if (code != CLI_DONE)
        (void)nftw(m->work, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
    return code;
}

/* An interrupt, too, leaves no folder of keys behind. */
static int make(struct making *m)
{
    sigset_t before;

    signals_hold(&before);
    const int code = make_held(m);
    signals_release(&before);
    return code;
}

int cmd_init(struct cli *cli)
{
    struct making m = {.cli = cli};
    size_t len = strlen(cli->args[0]);

    while (len > 1 && cli->args[0][len - 1] == '/')
        len--;
    if (len == 0)
        return cli_fail(cli, CLI_USAGE, "DIR", "name a new or empty folder", "the name is empty");
    if (len >= sizeof m.target)
        return cli_fail(cli, CLI_USAGE, "DIR", "use a shorter name", "the name is too long");
    memcpy(m.target, cli->args[0], len);
    m.plan.drones = (unsigned)cli_number(cli, "drones", 1);
    int code = check_target(&m);
    if (code == CLI_DONE)
        code = read_listen(&m);
    if (code == CLI_DONE)
        code = read_passphrase(&m);
    if (code == CLI_DONE)
        code = make(&m);
    if (code == CLI_DONE)
        print_commands(&m);
    head2_wipe(m.passphrase, sizeof m.passphrase);
    ledger_close(m.ledger);
    head2_key_free(m.gateway);
    return code;
}
