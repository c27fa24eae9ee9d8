/*
 * A job: one lattice operation with all it needs, so that it can run while its session changes
 * (jobs.c).
 */
#ifndef HEAD2_SESSION_JOB_H
#define HEAD2_SESSION_JOB_H

#include "session/message.h"

#include <head2/fallback.h>

enum job_kind { JOB_KEYPAIR, JOB_ENCAPS, JOB_DECAPS, JOB_SIGN, JOB_VERIFY };
enum job_owner { OWNER_NONE, OWNER_ATTEMPT, OWNER_HALF_OPEN, OWNER_TUNNEL, OWNER_ISSUE };

struct head2_job {
    enum job_kind kind;
    enum job_owner owner;
    uint32_t slot;   /* of the owner */
    uint64_t serial; /* the owner's, when the job was made: a newer owner ignores the result */
    enum head2_status result;
    struct head2_job *next;
    const char *ctx;  /* sign, verify */
    uint16_t msg_len; /* sign, verify, as is the next */
    uint8_t msg[HEAD2_FALLBACK_SIGNED_MAX_BYTES];
    struct kx_secret seed;               /* keypair, decaps; encaps: its P-384 half */
    struct head2_secret32 m;             /* encaps */
    struct shared_secret ss;             /* encaps, decaps */
    uint8_t key[HEAD2_SESSION_PK_BYTES]; /* ek, or the public key that verifies */
    uint8_t ct[CT_BYTES];
    uint8_t kx2[KX2_BYTES]; /* the peer's share on its way in, the own one on its way out */
    uint8_t sig[SIG_BYTES];
};

#endif
