/*
 * The state folder: who holds it, and the numbers that must never go back.
 *
 *     lock           held with flock(2) by the running daemon, whose process id it names
 *     incarnation    a gateway's: raised and made durable before its first packet
 *     gateway        a link's: the highest incarnation seen of its gateway
 *     ledger/        a gateway's and a node's receipts
 *     run/           the control socket
 *
 * Each file begins with its kind and a version: `head2-incarnation 1`.
 */
#ifndef HEAD2_GATEWAY_STATE_H
#define HEAD2_GATEWAY_STATE_H

#include "gateway/tree.h"

#include <head2/keys.h>

#include <sys/types.h>

struct state {
    char folder[4096];
    int lock;
};

/* Whether a state folder may have this mode: nobody else may write to it. What is secret in it has
 * a mode of its own. */
bool state_mode_ok(mode_t mode);

/* Make the folder if need be, mode 0700, and take its lock. HEAD2_OK; HEAD2_E_STATE (another
 * process holds it), HEAD2_E_IO, HEAD2_E_UNSUPPORTED (of a newer version). */
HEAD2_CHECK enum head2_status state_open(struct state *s, const char *folder,
                                         struct config_error *err);
void state_close(struct state *s);
/* The process that has the folder's lock, or had it last; 0 when that is not known. */
long state_holder(const char *folder);

/* The next incarnation: above the last one and not below the clock. Durable when it returns.
 * HEAD2_OK, HEAD2_E_IO, HEAD2_E_MALFORMED, HEAD2_E_UNSUPPORTED, HEAD2_E_LIMIT. */
HEAD2_CHECK enum head2_status state_incarnation(const struct state *s, uint64_t *out,
                                                struct config_error *err);

/* The highest incarnation seen of the gateway with that key; 0 when none. */
HEAD2_CHECK enum head2_status state_gateway_seen(const struct state *s,
                                                 const uint8_t key_id[HEAD2_KEY_ID_BYTES],
                                                 uint64_t *out, struct config_error *err);
/* Keep it; durable when it returns. Any thread. HEAD2_OK or HEAD2_E_IO. */
HEAD2_CHECK enum head2_status state_gateway_keep(const char *folder,
                                                 const uint8_t key_id[HEAD2_KEY_ID_BYTES],
                                                 uint64_t incarnation);

#endif
