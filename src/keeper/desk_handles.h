/* The requests that make secrets which stay inside, and use them; see desk.h. */
#ifndef HEAD2_KEEPER_DESK_HANDLES_H
#define HEAD2_KEEPER_DESK_HANDLES_H

#include "keeper/desk.h"

/* KEEPER_ENCAPSULATE to a key of the keeper's, KEEPER_DECAPSULATE */
HEAD2_CHECK enum head2_status desk_kem(struct desk *d, struct handles *h, struct ring_key *k,
                                       const struct keeper_message *ask,
                                       struct keeper_message *answer, const char **why);
/* KEEPER_ENCAPSULATE to the public key in data */
HEAD2_CHECK enum head2_status desk_kem_foreign(struct desk *d, struct handles *h,
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

/* KEEPER_ENCRYPT, KEEPER_DECRYPT; in desk_cipher.c */
HEAD2_CHECK enum head2_status desk_cipher(struct desk *d, struct visitor *v,
                                          const struct keeper_message *ask,
                                          struct keeper_message *answer, const char **why);
/* KEEPER_REVEAL, of a key or of a handle */
HEAD2_CHECK enum head2_status desk_reveal(struct desk *d, struct ring_key *k,
                                          const struct keeper_message *ask,
                                          struct keeper_message *answer, const char **why);
HEAD2_CHECK enum head2_status desk_reveal_handle(struct desk *d, struct handles *h,
                                                 const struct keeper_message *ask,
                                                 struct keeper_message *answer, const char **why);

/* The secret of a handle, where its key's policy allows the use (KEEPER_MAY_ bits) now. */
HEAD2_CHECK enum head2_status desk_use_handle(struct desk *d, const struct handles *h,
                                              uint64_t number, uint16_t purpose,
                                              struct keeper_bytes *secret, const char **why);

#endif
