/*
 * The sealed store as the place where a keeper's keys last.
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
