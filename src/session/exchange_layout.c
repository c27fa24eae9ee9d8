/* see exchange_layout.h */
#include "session/exchange_layout.h"

/* Where both ends allow it most exchanges are not signed; every sixteenth always is. In a fallback
 * session none is: a node's signature says nothing to a drone. */
bool exchange_signs(const struct tunnel *t)
{
    if (t->fallback)
        return false;
    return (t->params.flags & PARAMS_MAC_ONLY) == 0 || rotation_gen_next(t) % SIGNED_EVERY == 0;
}

struct layout layout_of(const struct tunnel *t)
{
    struct layout l = {.kx2_len = suite_hybrid(t->suite) ? KX2_BYTES : 0,
                       .sig_len = exchange_signs(t) ? SIG_BYTES : 0};

    l.init_signed = OFF_KX2 + l.kx2_len;
    l.init_sig = l.init_signed + 2;
    l.init = l.init_sig + l.sig_len;
    l.resp_signed = OFF_KX2 + l.kx2_len + 4;
    l.resp_sig = l.resp_signed + 2;
    l.resp_conf = l.resp_sig + l.sig_len;
    l.resp = l.resp_conf + 32;
    return l;
}
