/*
 * The verbs sign and verify, for other verbs that do the same with MAML documents and look at them
 * first. What they look at is what is signed or judged: the file is read once.
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

typedef int cli_look_fn(struct cli *cli, const char *path, const uint8_t *bytes, size_t len);
int cli_verify_documents(struct cli *cli, cli_look_fn *look);

#endif
