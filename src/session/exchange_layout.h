/*
 * Where things are in ROT_INIT and ROT_RESP, which the suite and whether the exchange is signed
 * decide.
 */
#ifndef HEAD2_SESSION_EXCHANGE_LAYOUT_H
#define HEAD2_SESSION_EXCHANGE_LAYOUT_H

#include "session/state.h"

/* By offset, in both: what comes before the P-384 share is where it is. */
#define OFF_RANDOM  4
#define OFF_KEM     36
#define OFF_KX2_LEN (OFF_KEM + EK_BYTES)
#define OFF_KX2     (OFF_KX2_LEN + 1)
_Static_assert(EK_BYTES == CT_BYTES, "both messages have one beginning");

struct layout {
    size_t kx2_len;                     /* 0 or KX2_BYTES */
    size_t sig_len;                     /* 0 or SIG_BYTES */
    size_t init_signed, init_sig, init; /* bytes under the signature; where that is; all */
    size_t resp_signed, resp_sig, resp_conf, resp;
};

/* Of the next exchange: whether it is signed, and where things are. */
bool exchange_signs(const struct tunnel *t);
struct layout layout_of(const struct tunnel *t);

#endif
