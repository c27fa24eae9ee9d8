/*
 * A gateway or a link from start to end. Blocks until SIGTERM or SIGINT; SIGHUP reads the
 * configuration again.
 */
#ifndef HEAD2_GATEWAY_DAEMON_H
#define HEAD2_GATEWAY_DAEMON_H

#include "gateway/config.h"
#include "keeper/remote.h"

/* Who it is. A link has the private key itself; a gateway asks its keeper. */
struct daemon_identity {
    const struct head2_key *key;  /* ML-DSA-87, with its private part or without; borrowed */
    struct keeper_remote *remote; /* without: the same key for who can wait; NULL: a link's */
    int pair;                     /* without: for calls to the keeper (keeper/dial.h) */
};

/*
 * Run until told to end. config is taken over.
 *
 * HEAD2_OK after a clean end; HEAD2_E_STATE (lock or port in use) or another status with *err when
 * it cannot start.
 */
HEAD2_CHECK enum head2_status daemon_run(struct config *config, const struct daemon_identity *who,
                                         struct config_error *err);

#endif
