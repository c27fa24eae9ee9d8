/*
 * head2 ledger judge: whether a file proves that a ledger's signer has signed two histories. It
 * takes the file and the signer's public key, and nothing else.
 */
#include "artifact/base64.h"
#include "artifact/evidence.h"
#include "artifact/utc.h"
#include "cli/files.h"
#include "cli/keys.h"
#include "cli/verbs.h"

#include <stdlib.h>

static json_t *point_json(const struct checkpoint *c)
{
    char root[BASE64_LEN(MERKLE_BYTES) + 1] = {0}, when[UTC_BYTES + 1];

    base64_encode(root, c->root, sizeof c->root);
    utc_format(when, c->ms);
    return json_pack("{s:I, s:s, s:s}", "size", (json_int_t)c->size, "root", root, "signed", when);
}

static void say_point(struct cli *cli, const struct checkpoint *c)
{
    char root[BASE64_LEN(MERKLE_BYTES) + 1] = {0}, when[UTC_BYTES + 1];

    base64_encode(root, c->root, sizeof c->root);
    utc_format(when, c->ms);
    cli_print(cli, "%llu entries with root %s, signed at %s\n", (unsigned long long)c->size, root,
              when);
}

static int say(struct cli *cli, const struct evidence *e)
{
    if (cli->json) {
        cli_print_json(cli, json_pack("{s:s*, s:s, s:s, s:[o, o]}", "file", cli->args[0], "verdict",
                                      "two-histories", "origin", e->first.origin, "checkpoints",
                                      point_json(&e->first), point_json(&e->second)));
        return CLI_DONE;
    }
    cli_print(cli, "proven: the signer of %s has signed two histories\n", e->first.origin);
    say_point(cli, &e->first);
    say_point(cli, &e->second);
    if (e->first.size != e->second.size)
        cli_print(cli, "the first %llu of the second are not those of the first: the proof holds\n",
                  (unsigned long long)e->first.size);
    return CLI_DONE;
}

int cmd_ledger_judge(struct cli *cli)
{
    const char *const path = cli->args[0], *const by = cli_string(cli, "key");
    struct evidence e;
    struct head2_key *key = NULL;
    const char *why = "no JSON object with head2_evidence";
    uint8_t *text = NULL;
    size_t len = 0;

    if (by == NULL)
        return cli_fail(cli, CLI_USAGE, "--key", "give --key FILE with the ledger's public key",
                        "evidence is against somebody: name the key");
    int code = cli_read_key(cli, by, CLI_KEY_VERIFY, &key);
    if (code == CLI_DONE)
        code = cli_read_file(cli, path, EVIDENCE_MAX, &text, &len);
    if (code == CLI_DONE) {
        json_t *o = evidence_load((char *)text, len);
        const enum head2_status st =
            o != NULL ? evidence_judge(&e, o, key, &why) : HEAD2_E_MALFORMED;
        if (st == HEAD2_OK)
            code = say(cli, &e);
        else if (st == HEAD2_E_MALFORMED)
            code = cli_fail(cli, CLI_INPUT, path,
                            "give what 'ledger verify --evidence' or a witness wrote",
                            "malformed: %s", why);
        else
            code = cli_fail(cli, CLI_FAILED, path, "accuse nobody by it", "it proves nothing: %s",
                            why);
        json_decref(o);
    }
    free(text);
    head2_key_free(key);
    return code;
}
