/*
 * A key in a keeper as an artifact_signer: whoever signs blocks and receipts need not know where
 * the key is. What is too long for a message is signed by its mu, of which the keeper sees no more.
 */
#ifndef HEAD2_KEEPER_REMOTE_H
#define HEAD2_KEEPER_REMOTE_H

#include "artifact/signer.h"
#include "keeper/client.h"

struct keeper_remote {
    struct keeper_client *client;
    struct head2_key *key; /* public */
    uint8_t key_id[HEAD2_KEY_ID_BYTES];
};

/* The newest active key of a label, over a client, which stays the caller's. HEAD2_OK, or what
 * keeper_call says with *why, "" or a phrase of KEEPER_PHRASE_MAX characters. */
HEAD2_CHECK enum head2_status keeper_remote_find(struct keeper_remote *out,
                                                 struct keeper_client *client, const char *label,
                                                 char why[KEEPER_PHRASE_MAX + 1]);
void keeper_remote_free(struct keeper_remote *r);

/* r stays where it is. Calls block, from any thread. */
struct artifact_signer keeper_remote_signer(struct keeper_remote *r, bool deterministic);

#endif
