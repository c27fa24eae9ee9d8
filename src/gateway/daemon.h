/*
 * A gateway or a link from start to end. Blocks until SIGTERM or SIGINT; SIGHUP reads the
 * configuration again.
 */
#ifndef HEAD2_GATEWAY_DAEMON_H
#define HEAD2_GATEWAY_DAEMON_H

#include "gateway/config.h"

/*
 * Run until told to end. config is taken over; key is the identity, an ML-DSA-87 private key.
 *
 * HEAD2_OK after a clean end; HEAD2_E_STATE (lock or port in use) or another status with *err when
 * it cannot start.
 */
HEAD2_CHECK enum head2_status daemon_run(struct config *config, const struct head2_key *key,
                                         struct config_error *err);

#endif
