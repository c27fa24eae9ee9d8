/* see anchors.h */
#include "cli/anchors.h"

#include "cli/keys.h"

#include <errno.h>

int cli_anchors_read_trust(const struct cli *cli, struct cli_anchors *a)
{
    const char *trust = cli_string(cli, "trust");
    struct trust_fault fault;

    if (trust == NULL)
        return CLI_DONE;
    enum head2_status st = trust_read(&a->trust, trust, &fault);
    if (st == HEAD2_E_IO)
        return cli_fail_errno(cli, trust, errno, "cannot read");
    if (st != HEAD2_OK && fault.line == 0)
        return cli_fail(cli, cli_status_exit(st), trust, "give a trust file", "%s", fault.what);
    if (st != HEAD2_OK)
        return cli_fail(cli, cli_status_exit(st), trust, "correct that line", "line %u: %s",
                        fault.line, fault.what);
    return CLI_DONE;
}

int cli_anchors_need(const struct cli *cli)
{
    if (cli_string(cli, "key") != NULL || cli_string(cli, "trust") != NULL)
        return CLI_DONE;
    return cli_fail(cli, CLI_USAGE, "--key", "give --key FILE or --trust FILE",
                    "nothing says whose signature is trusted");
}

int cli_anchors_read(const struct cli *cli, struct cli_anchors *a)
{
    const char *key = cli_string(cli, "key");
    int code = cli_anchors_need(cli);

    if (code == CLI_DONE && key != NULL)
        code = cli_read_key(cli, key, CLI_KEY_VERIFY, &a->key);
    return code == CLI_DONE ? cli_anchors_read_trust(cli, a) : code;
}

void cli_anchors_close(struct cli_anchors *a)
{
    head2_key_free(a->key);
    trust_free(a->trust);
    *a = (struct cli_anchors){0};
}

enum verdict cli_anchors_judge_then(const struct cli *cli, const struct cli_anchors *a,
                                    const struct sigblock *b, const uint8_t digest[64],
                                    uint64_t then_ms)
{
    const char *signer = cli_string_if(cli, "signer");
    const uint64_t now = utc_now();
    enum verdict v = a->trust != NULL ? trust_judge_then(a->trust, b, digest, a->key, now, then_ms)
                                      : sigblock_check(b, digest, a->key, now);

    if (v == VERDICT_VALID && signer != NULL && strcmp(signer, b->signer) != 0)
        v = VERDICT_SIGNER;
    return v;
}

enum verdict cli_anchors_judge(const struct cli *cli, const struct cli_anchors *a,
                               const struct sigblock *b, const uint8_t digest[64])
{
    return cli_anchors_judge_then(cli, a, b, digest, UINT64_MAX);
}

static enum verdict check_ticket(const void *arg, const struct head2_key *key, uint64_t now_ms)
{
    return ticket_check(arg, key, now_ms);
}

enum verdict cli_anchors_judge_ticket(const struct cli_anchors *a, const struct ticket *t)
{
    const struct trust_claim claim = {t->head_id, check_ticket, t};
    const uint64_t now = utc_now();

    return a->trust != NULL ? trust_judge_claim(a->trust, &claim, a->key, now)
                            : ticket_check(t, a->key, now);
}
