/* The requests that make secrets which stay inside, and use them; see desk.h. */
#ifndef HEAD2_KEEPER_DESK_HANDLES_H
#define HEAD2_KEEPER_DESK_HANDLES_H

#include "keeper/desk.h"

/* KEEPER_ENCAPSULATE, KEEPER_DECAPSULATE */
HEAD2_CHECK enum head2_status desk_kem(struct desk *d, struct handles *h, struct ring_key *k,
                                       const struct keeper_message *ask,
                                       struct keeper_message *answer, const char **why);
/* KEEPER_DERIVE */
HEAD2_CHECK enum head2_status desk_derive(struct desk *d, struct handles *h,
                                          const struct keeper_message *ask,
                                          struct keeper_message *answer, const char **why);
/* KEEPER_SEAL, KEEPER_UNSEAL */
HEAD2_CHECK enum head2_status desk_seal(struct desk *d, struct handles *h,
                                        const struct keeper_message *ask,
                                        struct keeper_message *answer, const char **why);

#endif
