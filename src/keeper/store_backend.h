/*
 * The sealed store as the place where a keeper's keys last. An object of the store that needs
 * approval is not used for anything private: nobody can give it here. What may leave of what is
 * derived (KEEPER_MAY_OUTPUT) is what the store calls extractable.
 */
#ifndef HEAD2_KEEPER_STORE_BACKEND_H
#define HEAD2_KEEPER_STORE_BACKEND_H

#include "keeper/ring.h"
#include "keeper/store.h"

struct store_backend {
    struct store *store;
    struct store_fault fault; /* of what has failed last */
};

/* b and its store are the caller's and must last. */
struct keeper_backend store_backend_of(struct store_backend *b);

#endif
