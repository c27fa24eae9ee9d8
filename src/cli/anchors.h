/*
 * Whose signatures a verb believes: --key, --trust, or both (--key is then the key of a line that
 * has only a hash).
 */
#ifndef HEAD2_CLI_ANCHORS_H
#define HEAD2_CLI_ANCHORS_H

#include "artifact/ticket.h"
#include "artifact/trust.h"
#include "cli/cli.h"

struct cli_anchors {
    struct head2_key *key;
    struct trust *trust;
};

/* Return exit codes; close after any read. One of the two options must be given. */
int cli_anchors_need(const struct cli *cli);
int cli_anchors_read(const struct cli *cli, struct cli_anchors *a);
int cli_anchors_read_trust(const struct cli *cli, struct cli_anchors *a);
void cli_anchors_close(struct cli_anchors *a);

/* --signer, where the verb has it and it is given, must be the block's. */
enum verdict cli_anchors_judge(const struct cli *cli, const struct cli_anchors *a,
                               const struct sigblock *b, const uint8_t digest[64]);
/* The same as of a time before at which the signature was there, for sure: see trust_judge_then. */
enum verdict cli_anchors_judge_then(const struct cli *cli, const struct cli_anchors *a,
                                    const struct sigblock *b, const uint8_t digest[64],
                                    uint64_t then_ms);
enum verdict cli_anchors_judge_ticket(const struct cli_anchors *a, const struct ticket *t);

#endif
