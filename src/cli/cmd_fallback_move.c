/*
 * head2 fallback export and import: keys from the gateway to a node.
 */
#include "artifact/utc.h"
#include "cli/fallback.h"
#include "cli/files.h"
#include "cli/keepers.h"
#include "cli/verbs.h"
#include "gateway/fallback_choice.h"
#include "gateway/fallback_export.h"
#include "session/schedule.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- export ---- */

struct collecting {
    const struct cli *cli;
    struct cli_drones drones;
    struct fallback_briefs keys;
    struct fallback_bundle bundle;
    uint64_t now_ms;
};

/* Of drones that are revoked nothing leaves. */
static int collect(void *arg, const struct fallback_entry *entry)
{
    struct collecting *c = arg;

    if (entry->scrubbed || fallback_ended(&entry->key, c->now_ms) ||
        cli_drones_name(&c->drones, entry->key.drone) == NULL)
        return CLI_DONE;
    return fallback_briefs_add(&c->keys, entry) != NULL
               ? CLI_DONE
               : cli_fail(c->cli, CLI_INTERNAL, NULL, NULL, "out of memory");
}

static int put_key(struct collecting *c, const struct config *config,
                   const uint8_t id[HEAD2_FALLBACK_ID_BYTES])
{
    struct fallback_entry entry;

    enum head2_status st = fallback_store_read(config->state, id, &entry);
    if (st == HEAD2_E_IO && errno == ENOENT)
        return CLI_DONE; /* the daemon has removed it meanwhile */
    if (st != HEAD2_OK)
        return cli_fallback_unreadable(c->cli, config, id, st);
    if (!entry.scrubbed)
        st = fallback_bundle_add(&c->bundle, &entry.key);
    head2_wipe(&entry, sizeof entry);
    if (st == HEAD2_E_LIMIT)
        return cli_fail(c->cli, CLI_REFUSED, NULL, "run a second gateway",
                        "more than %d keys are in force", FALLBACK_EXPORT_KEYS);
    return st == HEAD2_OK
               ? CLI_DONE
               : cli_fail(c->cli, CLI_INTERNAL, NULL, NULL, "%s", head2_status_string(st));
}

/* Of each drone the newest key, and the newest that it has acknowledged. */
static int gather(struct collecting *c, const struct config *config)
{
    int code = cli_fallback_each(c->cli, config, collect, c);

    fallback_briefs_choose(&c->keys, FALLBACK_GATEWAY);
    for (size_t i = 0; code == CLI_DONE && i < c->keys.n; i++)
        if (c->keys.b[i].chosen)
            code = put_key(c, config, c->keys.b[i].id);
    fallback_briefs_free(&c->keys);
    return code;
}

static int read_kem(const struct cli *cli, const char *path, enum cli_key_need need,
                    struct head2_key **out)
{
    const int code = cli_read_key(cli, path, need, out);

    if (code != CLI_DONE || head2_key_alg(*out) == HEAD2_MLKEM_1024)
        return code;
    const char *name = head2_alg_name(head2_key_alg(*out));
    head2_key_free(*out);
    *out = NULL;
    return cli_fail(cli, CLI_INPUT, path, "make one with 'head2 key generate --type ML-KEM-1024'",
                    "a node has an ML-KEM-1024 key, and this is %s", name);
}

static int seal(struct cli *cli, const struct collecting *c, const struct artifact_signer *by,
                const struct head2_key *to)
{
    const char *path = cli_string_or(cli, "out", "-");
    char id[CLI_KEY_ID_TEXT];
    uint8_t *record;
    size_t len;

    const enum head2_status st = fallback_seal(&record, &len, &c->bundle, by, to, c->now_ms);
    if (st != HEAD2_OK)
        return cli_fail(cli, cli_status_exit(st), NULL, NULL, "%s", head2_status_string(st));
    const int code = cli_write_file(cli, path, record, len, 0600, FILE_REPLACE);
    free(record);
    if (code != CLI_DONE || strcmp(path, "-") == 0)
        return code;
    cli_key_id(id, to);
    if (cli->json)
        cli_print_json(cli, json_pack("{s:s, s:I, s:s}", "file", path, "keys",
                                      (json_int_t)c->bundle.n, "to", id));
    else
        cli_print(cli, "%s: %u keys, sealed to %s\n", path, c->bundle.n, id);
    return code;
}

int cmd_fallback_export(struct cli *cli)
{
    struct collecting c = {.cli = cli, .now_ms = utc_now()};
    struct cli_signer identity = {0};
    struct head2_key *to = NULL;
    struct config *config = NULL;
    const char *to_file = cli_string(cli, "to");

    if (to_file == NULL)
        return cli_fail(cli, CLI_USAGE, "--to", "give the node's ML-KEM-1024 public key",
                        "the option is missing");
    if (strcmp(cli_string_or(cli, "out", "-"), "-") == 0 && isatty(STDOUT_FILENO))
        return cli_fail(cli, CLI_REFUSED, "--out", "name a file, or give it to another program",
                        "a terminal is no place for raw bytes");
    int code = cli_fallback_config(cli, CLI_END_GATEWAY, &config);
    if (code == CLI_DONE)
        code = read_kem(cli, to_file, CLI_KEY_ENCAPS, &to);
    if (code == CLI_DONE)
        code = cli_drones_make(cli, &c.drones, config);
    if (code == CLI_DONE)
        code = gather(&c, config);
    if (code == CLI_DONE && c.bundle.n == 0)
        code = cli_fail(cli, CLI_FAILED, config->state,
                        "a drone gets one after its handshake when 'fallback' has nodes",
                        "no key is in force");
    if (code == CLI_DONE)
        code = cli_signer_of_config(cli, config, &identity);
    if (code == CLI_DONE)
        code = seal(cli, &c, &identity.signer, to);
    fallback_bundle_free(&c.bundle);
    cli_drones_free(&c.drones);
    cli_signer_close(&identity);
    head2_key_free(to);
    config_free(config);
    return code;
}

/* ---- import ---- */

struct importing {
    struct cli *cli;
    const char *file;
    const struct config *config;
    struct fallback_bundle bundle;
    struct cli_drones drones;
    uint8_t node[32];
    uint32_t fresh, known, ended, strangers, others;
};

/* What root writes the daemon could not read. */
static int check_owner(const struct cli *cli, const char *state)
{
    struct stat info;

    if (stat(state, &info) != 0 || info.st_uid == geteuid())
        return CLI_DONE;
    return cli_fail(cli, CLI_REFUSED, state, "run this as its owner (sudo -u)",
                    "the state folder belongs to another user");
}

static int open_record(struct importing *i, const struct head2_key *kem)
{
    uint8_t *record;
    size_t len;
    const char *why;

    const int code = cli_read_file(i->cli, i->file, FALLBACK_EXPORT_MAX, &record, &len);
    if (code != CLI_DONE)
        return code;
    const enum head2_status st =
        fallback_open(&i->bundle, record, len, i->config->fallback.issuer, kem, &why);
    free(record);
    if (st == HEAD2_OK)
        return CLI_DONE;
    return cli_fail(i->cli, cli_status_exit(st), i->file, "nothing was imported", "%s", why);
}

/* Keys from before the gateway knew this node do not name it; but some must. */
static int check_named(const struct importing *i)
{
    struct head2_fallback_key key;
    size_t at = 0;
    bool named = false;

    while (!named && fallback_bundle_next(&i->bundle, &at, &key))
        named = head2_fallback_names(&key, i->node);
    head2_wipe(&key, sizeof key);
    if (named)
        return CLI_DONE;
    return cli_fail(i->cli, CLI_FAILED, i->file,
                    "add this node's key to fallback.nodes of the gateway and restart it",
                    "no key in it is for this node");
}

/* beside: the id of the older key of its drone that comes with it, or NULL. */
static int import_one(struct importing *i, const struct head2_fallback_key *key,
                      const uint8_t *beside)
{
    char path[PATH_MAX + 64];

    if (!head2_fallback_names(key, i->node)) {
        i->others++;
        return CLI_DONE;
    }
    if (fallback_ended(key, utc_now())) {
        i->ended++;
        return CLI_DONE;
    }
    if (cli_drones_name(&i->drones, key->drone) == NULL) {
        i->strangers++;
        return CLI_DONE;
    }
    struct fallback_entry entry = {.key = *key};
    if (beside != NULL)
        memcpy(entry.beside, beside, sizeof entry.beside);
    const enum head2_status st = fallback_store_add(i->config->state, &entry);
    const int error = errno;
    head2_wipe(&entry, sizeof entry);
    if (st == HEAD2_E_IO && error == EEXIST) {
        i->known++;
        return CLI_DONE;
    }
    fallback_store_path(path, sizeof path, i->config->state, key->id);
    if (st != HEAD2_OK)
        return cli_fail_errno(i->cli, path, error, "cannot write the key");
    i->fresh++;
    return CLI_DONE;
}

static int import_all(struct importing *i)
{
    struct head2_fallback_key key, next = {0};
    size_t at = 0;
    int code = CLI_DONE;

    for (bool more = fallback_bundle_next(&i->bundle, &at, &key); more && code == CLI_DONE;) {
        more = fallback_bundle_next(&i->bundle, &at, &next);
        const bool two = more && memcmp(next.drone, key.drone, sizeof key.drone) == 0;
        code = import_one(i, &key, two ? next.id : NULL);
        key = next;
    }
    head2_wipe(&key, sizeof key);
    head2_wipe(&next, sizeof next);
    if (code != CLI_DONE)
        return code;
    if (i->cli->json)
        cli_print_json(i->cli,
                       json_pack("{s:I, s:I, s:I, s:I, s:I}", "new", (json_int_t)i->fresh, "known",
                                 (json_int_t)i->known, "ended", (json_int_t)i->ended, "strangers",
                                 (json_int_t)i->strangers, "others", (json_int_t)i->others));
    else
        cli_print(i->cli,
                  "%u new, %u known, %u ended, %u of drones that are not in peers, %u for other "
                  "nodes alone\n",
                  i->fresh, i->known, i->ended, i->strangers, i->others);
    return CLI_DONE;
}

int cmd_fallback_import(struct cli *cli)
{
    struct importing i = {.cli = cli, .file = cli->args[0]};
    struct cli_signer own = {0};
    struct head2_key *kem = NULL;
    struct config *config = NULL;

    int code = cli_fallback_config(cli, CLI_END_NODE, &config);
    i.config = config;
    if (code == CLI_DONE)
        code = check_owner(cli, config->state);
    if (code == CLI_DONE)
        code = read_kem(cli, config->fallback.kem, CLI_KEY_DECAPS, &kem);
    if (code == CLI_DONE)
        code = cli_signer_of_config(cli, config, &own);
    if (code == CLI_DONE)
        code = cli_drones_make(cli, &i.drones, config);
    if (code == CLI_DONE)
        code = open_record(&i, kem);
    if (code == CLI_DONE) {
        identity(i.node, 'F', head2_key_public(own.key));
        code = check_named(&i);
    }
    if (code == CLI_DONE)
        code = import_all(&i);
    fallback_bundle_free(&i.bundle);
    cli_drones_free(&i.drones);
    head2_key_free(kem);
    cli_signer_close(&own);
    config_free(config);
    return code;
}
