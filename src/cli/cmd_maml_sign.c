/*
 * head2 maml sign, verify: as sign and verify do it with MAML documents, but a document that breaks
 * the rules is neither signed nor called valid.
 */
#include "cli/files.h"
#include "cli/maml.h"
#include "cli/signing.h"
#include "cli/verbs.h"

#include <stdlib.h>

static int check_first(const struct cli_signing *s, const char *path, uint8_t **bytes, size_t *len)
{
    return cli_maml_check(s->cli, path, *bytes, *len);
}

int cmd_maml_sign(struct cli *cli)
{
    return cli_sign_documents(cli, check_first, NULL);
}

/* With --proof FILE: whether the evidence record in the block is this one. */
static int check_proof(struct cli *cli, const char *path, const struct maml *m)
{
    const char *proof = cli_string(cli, "proof");
    uint8_t *bytes = NULL, hash[64];
    size_t len = 0;

    if (proof == NULL)
        return CLI_DONE;
    int code = cli_read_file(cli, proof, SIGBLOCK_PROOF_MAX, &bytes, &len);
    if (code == CLI_DONE) {
        head2_sha3_512(hash, bytes, len);
        const bool is_it = m->block_good && m->block.has_proof &&
                           memcmp(hash, m->block.proof_hash, sizeof hash) == 0;
        if (!is_it)
            code = cli_fail(cli, CLI_FAILED, path, "'head2 maml show --proof FILE' writes what is",
                            "invalid: the evidence record in it is not %s", proof);
    }
    free(bytes);
    return code;
}

static int look(struct cli *cli, const char *path, const uint8_t *bytes, size_t len)
{
    struct maml *m;

    if (maml_parse(&m, bytes, len, cli_maml_mode(cli)) != HEAD2_OK)
        return cli_fail(cli, CLI_INTERNAL, path, NULL, "out of memory");
    int code = cli_maml_refuse(cli, path, m);
    if (code == CLI_DONE)
        code = check_proof(cli, path, m);
    maml_free(m);
    return code;
}

int cmd_maml_verify(struct cli *cli)
{
    return cli_verify_documents(cli, look);
}
