/* see evidence.h */
#include "cli/evidence.h"

#include "artifact/evidence.h"
#include "artifact/ledger_json.h"
#include "artifact/receipt_file.h"
#include "cli/files.h"

#include <stdlib.h>
#include <sys/stat.h>

/* The note of a whole receipt, in place of the receipt; anything else stays as it is. */
static enum head2_status unwrap_receipt(uint8_t **text, size_t *len)
{
    struct receipt_file_fault fault;
    struct receipt_file r;
    size_t room = RECEIPT_MU_MAX;

    if (receipt_file_parse(&r, *text, *len, &fault) != HEAD2_OK || r.proof != RECEIPT_PROOF_WHOLE)
        return HEAD2_OK;
    char *const note = malloc(room);
    const enum head2_status st =
        note != NULL ? checkpoint_write(&r.checkpoint, note, &room) : HEAD2_E_MEMORY;
    if (st != HEAD2_OK) {
        free(note);
        return st;
    }
    free(*text);
    *text = (uint8_t *)note;
    *len = room;
    return HEAD2_OK;
}

int cli_read_note(const struct cli *cli, const char *path, char **note, size_t *len)
{
    struct checkpoint c;
    const char *why = "no text";
    uint8_t *text;
    json_t *o;

    *note = NULL;
    int code = cli_read_file(cli, path, LEDGER_PROOF_MAX, &text, len);
    if (code != CLI_DONE)
        return code;
    if (unwrap_receipt(&text, len) != HEAD2_OK) {
        free(text);
        return cli_fail(cli, CLI_INTERNAL, path, NULL, "out of memory");
    }
    o = text[0] == '{' ? ledger_proof_load((char *)text, *len, &why) : NULL;
    const json_t *const of_proof = json_object_get(o, "checkpoint");
    const char *const from = of_proof != NULL ? json_string_value(of_proof) : (char *)text;
    *len = of_proof != NULL ? json_string_length(of_proof) : *len;
    if (from == NULL || checkpoint_parse(&c, from, *len, &why) != HEAD2_OK)
        code = cli_fail(cli, CLI_INPUT, path,
                        "give a checkpoint, a proof, a whole receipt or an export",
                        "not a checkpoint: %s", why);
    else if ((*note = malloc(*len + 1)) == NULL)
        code = cli_fail(cli, CLI_INTERNAL, path, NULL, "out of memory");
    if (*note != NULL) {
        memcpy(*note, from, *len);
        (*note)[*len] = 0;
    }
    json_decref(o);
    free(text);
    return code;
}

/* ---- the two notes ---- */

struct search {
    struct ledger_conflict want;
    const struct head2_key *key;
    char *note[2];
    size_t len[2];
};

static void offer(void *arg, const char *note, size_t len)
{
    struct search *s = arg;
    struct checkpoint c;
    const char *why;

    if (checkpoint_parse(&c, note, len, &why) != HEAD2_OK)
        return;
    for (unsigned i = 0; i < 2; i++) {
        if (s->note[i] != NULL || c.size != s->want.size[i] ||
            memcmp(c.root, s->want.root[i], sizeof c.root) != 0 ||
            checkpoint_check(&c, s->key) != HEAD2_OK)
            continue;
        s->note[i] = malloc(len);
        if (s->note[i] == NULL)
            return;
        memcpy(s->note[i], note, len);
        s->len[i] = len;
    }
}

static bool offer_own(void *arg, uint64_t size, const char *note, size_t len)
{
    (void)size;
    offer(arg, note, len);
    return true;
}

/* All that the check has seen, once more. Returns an exit code. */
static int search(struct cli *cli, struct search *s, const struct cli_evidence_of *of)
{
    struct ledger_fault fault;
    struct stat info;
    char *note;
    size_t len;
    int code = CLI_DONE;

    if (of->ledger == NULL)
        ledger_export_each_note(of->path, offer, s);
    else if (ledger_each_note(of->ledger, offer_own, s, &fault) != HEAD2_OK)
        return cli_fail(cli, CLI_INPUT, of->path, "use an export", "cannot be read once more");
    if (of->against == NULL)
        return CLI_DONE;
    if (stat(of->against, &info) == 0 && S_ISDIR(info.st_mode)) {
        ledger_export_each_note(of->against, offer, s);
    } else {
        code = cli_read_note(cli, of->against, &note, &len);
        if (code == CLI_DONE)
            offer(s, note, len);
        free(note);
    }
    return code;
}

static int write_file(struct cli *cli, const struct search *s, const struct cli_evidence_of *of,
                      const char *file)
{
    struct ledger_tiles tiles;
    const struct merkle_nodes nodes =
        of->ledger != NULL ? ledger_nodes(of->ledger) : ledger_export_nodes(&tiles, of->path);
    const char *why = "one of the two checkpoints is not there any more";
    json_t *o = NULL;

    if (s->note[0] == NULL || s->note[1] == NULL ||
        evidence_make(&o, s->note[0], s->len[0], s->note[1], s->len[1], &nodes, of->key, &why) !=
            HEAD2_OK)
        return cli_fail(cli, CLI_FAILED, of->path, "keep all of it as it is, both checkpoints too",
                        "there are two histories, and the evidence cannot be made: %s", why);
    char *const text = json_dumps(o, JSON_COMPACT);
    json_decref(o);
    const int code = text != NULL ? cli_write_file(cli, file, text, strlen(text), 0644, FILE_KEEP)
                                  : cli_fail(cli, CLI_INTERNAL, file, NULL, "out of memory");
    free(text);
    return code;
}

int cli_evidence_write(struct cli *cli, const struct cli_evidence_of *of, const char *file,
                       bool *written)
{
    struct search s = {.key = of->key};

    *written = false;
    if (!ledger_check_conflict(of->check, &s.want))
        return CLI_DONE;
    int code = search(cli, &s, of);
    if (code == CLI_DONE)
        code = write_file(cli, &s, of, file);
    *written = code == CLI_DONE;
    free(s.note[0]);
    free(s.note[1]);
    return code;
}
