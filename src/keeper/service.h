/*
 * What a keeper's process does from its first moment to its end, as a child of a monitor: take the
 * secret, open the store that it opens or take the key that it is, give up what is not needed,
 * serve.
 */
#ifndef HEAD2_KEEPER_SERVICE_H
#define HEAD2_KEEPER_SERVICE_H

#include "keeper/keeper.h"
#include "keeper/monitor.h"
#include "keeper/store.h"

struct service {
    const char *folder; /* of the store, whose key is the secret; NULL: the secret is the one
                           private key, PKCS#8 in DER */
    const char *label;  /* of the one key, or of the store's key that the front uses */
    struct keeper_policy policy; /* of the one key */
    const char *const *contexts; /* of the front's signatures, NULL at the end; NULL: no front */
    int listener;                /* -1: none */
    const struct pin *pin;       /* NULL: none */
    keeper_event_fn *on_event;
    /* It serves so many keys; missing is what is not in force here (sandbox_missing). */
    void (*begun)(void *arg, size_t keys, const char *missing);
    void *arg;
};

/* Until SIGTERM or SIGINT: HEAD2_OK; else why not, with *fault, as store_open has it. */
HEAD2_CHECK enum head2_status
service_run(const struct service *s, const struct monitor_start *start, struct store_fault *fault);

#endif
