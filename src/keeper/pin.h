/*
 * A PIN in front of a keeper's private uses, for tools that expect one. It keeps programs of the
 * keeper's own user that do not know it from using keys by mistake; it is no defence against that
 * user, who may read the file that it came from.
 *
 * What is kept is its scrypt hash (4 MiB, log2 N 12: it is stored nowhere, and guesses are slowed).
 * After a wrong one nobody is listened to for a while, which doubles each time; after PIN_TRIES in
 * a row the PIN is locked until a new keeper.
 */
#ifndef HEAD2_KEEPER_PIN_H
#define HEAD2_KEEPER_PIN_H

#include "keeper/wire.h"

#define PIN_TRIES   10
#define PIN_WAIT_MS 100 /* after the first wrong one; 25.6 s after the ninth */

struct pin {
    uint8_t salt[16], hash[32];
};

/* HEAD2_OK, HEAD2_E_ARG (not KEEPER_PIN_MIN to KEEPER_PIN_MAX bytes), HEAD2_E_ENTROPY or
 * HEAD2_E_CRYPTO. */
HEAD2_CHECK enum head2_status pin_make(struct pin *out, struct keeper_bytes text);

struct pin_guard {
    const struct pin *pin; /* NULL: there is none */
    unsigned wrong;        /* in a row */
    uint64_t until_ms;     /* nobody is listened to before */
};
/* HEAD2_OK; HEAD2_E_PASSPHRASE (wrong), HEAD2_E_LIMIT (too soon: it was not looked at),
 * HEAD2_E_STATE (locked, or there is none) or HEAD2_E_CRYPTO. */
HEAD2_CHECK enum head2_status pin_try(struct pin_guard *g, struct keeper_bytes text,
                                      uint64_t now_ms, const char **why);
/* KEEPER_PIN_SET, _MISSED and _LOCKED. */
uint8_t pin_state(const struct pin_guard *g);

#endif
