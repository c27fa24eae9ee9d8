/*
 * Where a gateway's identity is, and what its keeper gets:
 *
 *     identity: { key: keeper:LABEL }
 *     keeper:   { store: store, key-file: FILE | credential: NAME | tpm: true,
 *                 socket: PATH, pin-file: FILE }
 *
 * Without one of the three the store's passphrase is asked for at the start. At socket, if there is
 * one, others use the same keeper, whoever has the daemon's user id; with pin-file who has the PIN.
 * Of an identity that is in a file, which is read at the start and given to the keeper:
 *
 *     keeper:   { rate: { uses: 2000, seconds: 1 } }
 *
 * A key of the store has its own policy there.
 */
#ifndef HEAD2_GATEWAY_CONFIG_KEEPER_H
#define HEAD2_GATEWAY_CONFIG_KEEPER_H

#include "gateway/tree.h"
#include "keeper/wire.h"

#include <limits.h>

#define CONFIG_KEEPER_PREFIX "keeper:" /* of a key's name in place of a file's */
#define CONFIG_CREDENTIAL    256

struct config_keeper {
    char label[KEEPER_LABEL_MAX + 1]; /* of the identity; "": it is in a file */
    char store[PATH_MAX], socket[PATH_MAX], pin_file[PATH_MAX]; /* "": none */
    char key_file[PATH_MAX];                                    /* "": not by it */
    char credential[CONFIG_CREDENTIAL];
    bool tpm;
    uint32_t rate_uses, rate_seconds; /* of an identity in a file; 0: no bound */
};

struct config;
HEAD2_CHECK enum head2_status config_identity(const struct tree *t, struct config *c,
                                              struct config_error *err);
/* node: TREE_NONE, or the map. The identity was read before. */
HEAD2_CHECK enum head2_status config_keeper(const struct tree *t, uint32_t node, struct config *c,
                                            struct config_error *err);
/* Whether there is an active ML-DSA-87 key of that label in the store, as far as its public part
 * says. HEAD2_OK, or a status with *err. */
HEAD2_CHECK enum head2_status config_keeper_check(const struct config *c, struct config_error *err);

#endif
