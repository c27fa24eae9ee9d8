/* see jobs.h */
#include "cli/jobs.h"

#include "artifact/job.h"
#include "artifact/ledger.h"
#include "cli/anchors.h"
#include "cli/files.h"

#include <stdlib.h>

static void print_finding(struct cli *cli, const char *path, const struct job_finding *f)
{
    if (cli->json)
        cli_print_json(
            cli, json_pack("{s:s*, s:s, s:s}", "file", path, "field", f->path, "finding", f->what));
    else
        cli_print(cli, "%s: %s: %s\n", path, f->path, f->what);
}

int cli_job_check(struct cli *cli, const char *path, const uint8_t *text, size_t len)
{
    struct job_findings *f = malloc(sizeof *f);
    struct job *job = NULL;

    const enum head2_status st =
        f != NULL ? job_parse(&job, (const char *)text, len, f) : HEAD2_E_MEMORY;
    int code = CLI_DONE;
    if (st == HEAD2_E_MALFORMED && job == NULL) {
        code = cli_fail(cli, CLI_INPUT, path, "give a JSON object, or --kind text", "%s",
                        f->list[0].what);
    } else if (st == HEAD2_E_MALFORMED) {
        for (size_t i = 0; i < f->n && i < JOB_FINDINGS; i++)
            print_finding(cli, path, &f->list[i]);
        code = cli_fail(cli, CLI_INPUT, path, "mend what is listed",
                        "not a job record: %zu finding%s, first: %s: %s", f->n,
                        f->n == 1 ? "" : "s", f->list[0].path, f->list[0].what);
    } else if (st != HEAD2_OK) {
        code = cli_fail(cli, CLI_INTERNAL, path, NULL, "out of memory");
    }
    free(job);
    free(f);
    return code;
}

json_t *cli_job_missing(const char *text, size_t len)
{
    struct job_findings *f = malloc(sizeof *f);
    const char *names[JOB_MISSING];
    json_t *list = json_array();
    struct job *job = NULL;

    if (f != NULL && job_parse(&job, text, len, f) == HEAD2_OK) {
        const size_t n = job_missing(job, job_regimes(job), names);
        for (size_t i = 0; i < n; i++)
            json_array_append_new(list, json_string(names[i]));
    }
    free(job);
    free(f);
    return list;
}

/* ---- its signature ---- */

int cli_job_options(const struct cli *cli, bool job)
{
    const bool is_signed = cli_string(cli, "signature") != NULL;

    if (is_signed && !job)
        return cli_fail(cli, CLI_USAGE, "--signature", "add --kind job, or leave it out",
                        "it goes with a job record");
    if (is_signed && cli->count > 1)
        return cli_fail(cli, CLI_USAGE, "--signature", "append one record at a time",
                        "it is of one file and there are %d", cli->count);
    if (is_signed && cli_string(cli, "trust") == NULL)
        return cli_fail(cli, CLI_USAGE, "--signature", "give --trust FILE",
                        "nothing says whose signature is trusted");
    if (!is_signed && cli_string(cli, "trust") != NULL)
        return cli_fail(cli, CLI_USAGE, "--trust", "give --signature FILE, or leave it out",
                        "there is no signature to judge");
    return CLI_DONE;
}

static int judge(const struct cli *cli, const char *sig_path, const char *block, size_t block_len,
                 const uint8_t *text, size_t len)
{
    struct cli_anchors anchors = {0};
    struct sigblock *b = calloc(1, sizeof *b);
    struct sigblock_fault fault = {0};
    struct sigblock_hasher h;
    uint8_t digest[64];
    int code = CLI_DONE;

    if (b == NULL)
        return cli_fail(cli, CLI_INTERNAL, NULL, NULL, "out of memory");
    if (sigblock_parse(b, block, block_len, &fault) != HEAD2_OK)
        code = cli_fail(cli, CLI_INPUT, sig_path, "get the file again from its signer",
                        "malformed: signature block, line %u: %s", fault.line, fault.what);
    if (code == CLI_DONE)
        code = cli_anchors_read_trust(cli, &anchors);
    if (code == CLI_DONE) {
        sigblock_hash_init(&h, b->hash);
        sigblock_hash_update(&h, text, len);
        sigblock_hash_final(&h, digest);
        const enum verdict v = trust_judge(anchors.trust, b, digest, NULL, utc_now());
        if (v != VERDICT_VALID)
            code = cli_fail(cli, CLI_FAILED, sig_path, "nothing was appended; have it signed anew",
                            "invalid: %s", verdict_text(v));
    }
    cli_anchors_close(&anchors);
    free(b);
    return code;
}

int cli_job_signature(const struct cli *cli, const char *path, const uint8_t *text, size_t len,
                      char **out, size_t *out_len)
{
    const char *const sig_path = cli_string(cli, "signature");
    uint8_t *block = NULL, hash[JOB_HASH_BYTES];
    size_t block_len = 0;

    *out = NULL;
    if (strcmp(sig_path, "-") == 0 && strcmp(path, "-") == 0)
        return cli_fail(cli, CLI_USAGE, "--signature", "name a file for one of the two",
                        "record and signature cannot both be standard input");
    int code = cli_read_file(cli, sig_path, SIGBLOCK_MAX, &block, &block_len);
    if (code == CLI_DONE)
        code = judge(cli, sig_path, (const char *)block, block_len, text, len);
    if (code == CLI_DONE) {
        head2_sha3_512(hash, text, len);
        *out_len = LEDGER_TEXT_MAX;
        *out = malloc(*out_len);
        if (*out == NULL)
            code = cli_fail(cli, CLI_INTERNAL, NULL, NULL, "out of memory");
        else if (job_signature_write(*out, out_len, hash, (const char *)block, block_len) !=
                 HEAD2_OK)
            code = cli_fail(cli, CLI_INPUT, sig_path, "sign it without --proof",
                            "the block does not fit an entry of %d bytes", LEDGER_TEXT_MAX);
    }
    free(block);
    return code;
}
