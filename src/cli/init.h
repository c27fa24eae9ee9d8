/*
 * The files that `head2 init` writes, as texts: two configurations and the trust file.
 */
#ifndef HEAD2_CLI_INIT_H
#define HEAD2_CLI_INIT_H

#include "gateway/address.h"

#define INIT_DRONES_MAX 250

struct init_plan {
    char listen[ADDRESS_TEXT];   /* of the gateway */
    char endpoint[ADDRESS_TEXT]; /* where links look for it */
    bool local_endpoint;         /* which is this machine, for want of an address */
    unsigned drones;
};

/* Each returns an allocated text, NULL when memory is short. drone counts from 1. */
char *init_gateway_text(const struct init_plan *plan, unsigned unused);
char *init_link_text(const struct init_plan *plan, unsigned drone);
char *init_trust_text(const struct init_plan *plan, unsigned unused);

#endif
