/*
 * appender FOLDER KEY.pem [unsigned|TIME] - append what standard input says to a ledger, and sign
 * it, as of TIME if that is given: entries of any kind and time, one JSON object a line in the form
 * of an export. For tests that need receipts which no verb writes at their wish.
 */
#include "artifact/ledger_json.h"
#include "artifact/utc.h"
#include "keys/keyfile.h"

#include <stdio.h>
#include <stdlib.h>

static int fail(const char *what)
{
    fprintf(stderr, "appender: %s\n", what);
    return 1;
}

static int append_line(struct ledger *l, const char *line)
{
    json_t *o = json_loads(line, JSON_ALLOW_NUL, NULL);
    struct ledger_fault fault = {0};
    struct ledger_entry e;
    int code = 0;

    if (!ledger_entry_parse(&e, o))
        code = fail("not an entry");
    else if (ledger_append(l, &e, 1, &fault) != HEAD2_OK)
        code = fail(fault.what);
    json_decref(o);
    return code;
}

int main(int argc, char **argv)
{
    const struct keyfile_passphrase pass = {NULL};
    struct keyfile_error err = {0};
    struct ledger_fault fault = {0};
    struct head2_key *key = NULL;
    struct ledger *l = NULL;
    uint64_t now = utc_now();
    char *line = NULL;
    size_t cap = 0;
    int code = 0;

    const bool is_signed = argc == 3 || utc_parse(&now, argv[3], strlen(argv[3])) == HEAD2_OK;
    if (argc < 3 || keyfile_read(&key, argv[2], &pass, &err) != HEAD2_OK)
        return fail("usage: appender FOLDER KEY.pem [unsigned|TIME]");
    if (ledger_open(&l, argv[1], LEDGER_APPEND, key, &fault) != HEAD2_OK)
        return fail(fault.what);
    while (code == 0 && getline(&line, &cap, stdin) > 0)
        code = append_line(l, line);
    const struct artifact_signer signer = artifact_signer_of_key(key, false);
    if (code == 0 && is_signed && ledger_sign(l, &signer, now, &fault) != HEAD2_OK)
        code = fail(fault.what);
    free(line);
    ledger_close(l);
    head2_key_free(key);
    return code;
}
