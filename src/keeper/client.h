/*
 * Asking a keeper. Calls block; any thread may make them: one at a time goes over the connection.
 *
 * When the keeper has gone, a call waits up to CLIENT_PATIENCE_MS for one to answer there again,
 * and asks anew what may be asked anew. What changes keys (generate, rotate, destroy) is not
 * repeated once it may have been heard: HEAD2_E_IO, and the caller looks. Handles end with the
 * connection: what uses one then is HEAD2_E_STATE. No answer is given to a question that it does
 * not belong to.
 */
#ifndef HEAD2_KEEPER_CLIENT_H
#define HEAD2_KEEPER_CLIENT_H

#include "keeper/wire.h"

#define CLIENT_PATIENCE_MS 5000
#define CLIENT_ANSWER_MS   30000 /* for one answer */

struct keeper_client;

/* HEAD2_OK, HEAD2_E_MEMORY, or HEAD2_E_IO with errno: nobody answers at path. */
HEAD2_CHECK enum head2_status keeper_client_open(struct keeper_client **out, const char *path);
/* Over calls (dial.h) on this pair, which stays the caller's. */
HEAD2_CHECK enum head2_status keeper_client_call(struct keeper_client **out, int pair);
/* Over one end of a socketpair, which is the client's from then on; there is no reconnecting. */
HEAD2_CHECK enum head2_status keeper_client_of(struct keeper_client **out, int fd);
void keeper_client_close(struct keeper_client *c);
/* In a child of the process that opened it: close the child's copy of the socket, and wipe what a
 * call of another thread had there. What is called here a child may call after fork(2); the rest of
 * the client is lost. */
void keeper_client_forked(struct keeper_client *c);

/* What the keeper has answered, in memory of its own. */
struct keeper_reply {
    struct keeper_message m;
    char why[KEEPER_PHRASE_MAX + 1]; /* what the keeper says of a refusal; "" otherwise */
    uint8_t *bytes;
    size_t len;
};
/* Wipe and free. */
void keeper_reply_free(struct keeper_reply *r);

/* Ask; id and answer of the request are set here. The answer's status, or HEAD2_E_IO with errno,
 * HEAD2_E_MALFORMED (what came is no answer), HEAD2_E_ARG (what is asked breaks a rule),
 * HEAD2_E_MEMORY. Free *reply in any case. */
HEAD2_CHECK enum head2_status keeper_call(struct keeper_client *c, struct keeper_message *ask,
                                          struct keeper_reply *reply);

/* The commonest: a signature of HEAD2_KEY_MAX_SIG bytes of room, as head2_key_sign gives it. */
HEAD2_CHECK enum head2_status keeper_sign(struct keeper_client *c, uint8_t *sig, size_t *sig_len,
                                          const uint8_t key[HEAD2_KEY_ID_BYTES],
                                          struct keeper_bytes msg, struct keeper_bytes ctx,
                                          uint8_t flags);

/* The same for n messages, of at most KEEPER_DATA_MAX bytes each, so many at a time that the keeper
 * signs them in batches. like is a KEEPER_SIGN with key, context and flags. The first refusal ends
 * it. */
HEAD2_CHECK enum head2_status keeper_sign_many(struct keeper_client *c,
                                               struct head2_key_sign_job *jobs, size_t n,
                                               const struct keeper_message *like);

#endif
