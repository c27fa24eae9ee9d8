/*
 * Intel's libipsec-mb for the packets of gateways and links, where the program is built with it: a
 * packet of 1,172 bytes costs a quarter of what it costs with OpenSSL 3.0.
 */
#ifndef HEAD2_GATEWAY_IPSEC_MB_H
#define HEAD2_GATEWAY_IPSEC_MB_H

#include "cipher/aead_provider.h"

/* Use it from now on, if the program has it, the processor has what it needs at the level in use
 * (cpu_isa), and it agrees with libcrypto. Returns who computes AES-GCM now. */
const char *ipsec_mb_plug_in(void);

/* The provider itself, for tests; NULL where there is none. */
const struct aead_provider *ipsec_mb_provider(void);

#endif
