/*
 * One file that is being signed; see cmd_sign.c for the order of things.
 */
#ifndef HEAD2_CLI_SIGN_PIECE_H
#define HEAD2_CLI_SIGN_PIECE_H

#include "artifact/rawsig.h"
#include "artifact/sigblock.h"
#include "cli/forms.h"
#include "cli/keepers.h"
#include "cli/receipts.h"
#include "cli/signing.h"

/* What all files of a call share. */
struct sign_work {
    struct cli *cli;
    struct cli_signer by;
    const struct head2_key *key; /* by's */
    struct cli_receipts receipts;
    enum cli_form form; /* as asked; auto is settled for each file */
    enum sigblock_hash hash;
    bool deterministic, replace, skip;
    uint8_t *proof;
    size_t proof_len;
    uint64_t number;   /* of files read so far in this call */
    cli_edit_fn *edit; /* of a document, before it is signed, or NULL */
    void *edit_arg;    /* for struct cli_signing */
    const char *made;  /* by another verb: the file's name */
};

struct sign_piece {
    enum cli_form form;
    char *path;
    char target[PATH_MAX];
    struct sigblock_hasher hasher;
    struct rawsig raw;
    struct sigblock block;
    uint8_t *document; /* MAML: its bytes up to the block, with room for the block */
    size_t document_len;
    mode_t mode;
    uint64_t number; /* in this call, from 1 */
    char forward[RECEIPT_FORWARD_MAX];
    size_t forward_len;
};

/* These return exit codes. */

/* Settle the form and the target of path, read the artifact, fill the block but for its signature.
 * *skipped: there is a signature already, and --existing skip was given. */
int sign_piece_read(struct sign_work *w, struct sign_piece *p, const char *path, bool *skipped);
/* Where the signature beside a file goes, which must be free; target may be NULL. */
int sign_piece_target(const struct sign_work *w, const char *path, char target[PATH_MAX]);
/* The same with bytes that are those of the file, and the signature beside it. */
int sign_piece_take(struct sign_work *w, struct sign_piece *p, const char *path, const void *bytes,
                    size_t len);
/* What the receipt says; the signature has been made. */
int sign_piece_receipt(const struct sign_work *w, struct sign_piece *p);
/* Write the signature to where it goes. */
int sign_piece_write(const struct sign_work *w, const struct sign_piece *p);
void sign_piece_end(struct sign_piece *p);

#endif
