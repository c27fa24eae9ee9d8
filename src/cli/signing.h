/*
 * The verbs sign and verify, for other verbs: those that do the same with MAML documents and look
 * at them first, and those that sign what they have made. What they look at is what is signed or
 * judged: the file is read once.
 */
#ifndef HEAD2_CLI_SIGNING_H
#define HEAD2_CLI_SIGNING_H

#include "artifact/signer.h"
#include "cli/cli.h"

struct cli_signing {
    struct cli *cli;
    const struct head2_key *key;
    const struct artifact_signer *signer;
    void *arg;
};

/* May refuse a document, or put another in place of its bytes (from malloc). Returns an exit
 * code. */
typedef int cli_edit_fn(const struct cli_signing *s, const char *path, uint8_t **bytes,
                        size_t *len);
int cli_sign_documents(struct cli *cli, cli_edit_fn *edit, void *arg);

/* For a verb that makes a file and signs it: opened before it is made, so that nothing is made that
 * cannot be signed or recorded. The verb has the options --key, --signer, --hash, --existing,
 * --ledger and --no-receipt. The bytes are those of the file, which has been written; the signature
 * goes beside it, after its receipt. Return exit codes; close after any open. */
struct sign_work;
int cli_sign_open(struct cli *cli, const char *path, struct sign_work **w);
int cli_sign_bytes(struct sign_work *w, const void *bytes, size_t len);
void cli_sign_close(struct sign_work *w);

typedef int cli_look_fn(struct cli *cli, const char *path, const uint8_t *bytes, size_t len);
int cli_verify_documents(struct cli *cli, cli_look_fn *look);

#endif
