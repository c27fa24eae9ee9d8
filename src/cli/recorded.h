/*
 * What a ledger has recorded of a signature, for verbs that judge it: with --receipt R.mu and
 * --ledger-key FILE, a key that is revoked, or outside its validity now, is judged by the time of
 * the checkpoint in R.mu. The signer's own timestamp would prove nothing once the key is stolen; a
 * ledger of another key does.
 *
 * The receipt must be whole, its checkpoint signed by that key, its kind signature, and its text
 * that of this very signature: digest, key id, signer, media type, algorithm, time, evidence
 * record.
 */
#ifndef HEAD2_CLI_RECORDED_H
#define HEAD2_CLI_RECORDED_H

#include "cli/anchors.h"
#include "cli/mu_files.h"

struct cli_recorded {
    bool given; /* the options are */
    const char *path;
    struct cli_mu *mu;
    struct head2_key *key; /* the ledger's */
    char why[CLI_MU_WHAT + 80];
};

#define CLI_RECORDED_OPTIONS                                                                       \
    {"receipt",                                                                                    \
     0,                                                                                            \
     CLI_FILE,                                                                                     \
     "FILE",                                                                                       \
     "with --trust: a whole .mu receipt; a key no longer valid is judged by its checkpoint's "     \
     "time",                                                                                       \
     0,                                                                                            \
     0},                                                                                           \
    {                                                                                              \
        "ledger-key", 0, CLI_FILE, "FILE", "with --receipt: the public key of its ledger", 0, 0    \
    }

/* Read what the options name; close after any read. Returns an exit code, which is CLI_DONE too
 * where they are not given. */
int cli_recorded_read(const struct cli *cli, struct cli_recorded *r);
void cli_recorded_close(struct cli_recorded *r);

/* Whether the receipt shows that a signature, whose verdict now is that its key is revoked or
 * outside its validity, was made when the key was valid. false: r->why says why not. */
bool cli_recorded_vouches(const struct cli *cli, struct cli_recorded *r,
                          const struct cli_anchors *anchors, const struct sigblock *b,
                          const uint8_t digest[64]);

#endif
