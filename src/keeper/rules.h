/*
 * What a front may ask its keeper for: it signs with one key, under the contexts of its protocols,
 * and draws random bytes. Whoever takes a front over gets no more than that either: no other key,
 * no signature that means something elsewhere, and nothing that changes a key.
 */
#ifndef HEAD2_KEEPER_RULES_H
#define HEAD2_KEEPER_RULES_H

#include "keeper/wire.h"

struct keeper_rules {
    int pair; /* the front calls over it (dial.h); stays the caller's */
    uint8_t key[HEAD2_KEY_ID_BYTES];
    struct keeper_bytes label;   /* the name under which the front finds that key */
    const char *const *contexts; /* one of these, whole; NULL at the end */
};

/* HEAD2_OK, or HEAD2_E_POLICY with *why, a phrase. */
HEAD2_CHECK enum head2_status keeper_rules_allow(const struct keeper_rules *r,
                                                 const struct keeper_message *ask,
                                                 const char **why);

#endif
