/*
 * Batches inside: groups of up to eight operations, one in each lane of Keccak.
 */
#ifndef HEAD2_MLDSA_BATCH_H
#define HEAD2_MLDSA_BATCH_H

#include "hash/keccak.h"
#include "mldsa/external.h"
#include "mldsa/prepared.h"

/* Algorithm 6 for n <= 8 seeds. */
void mldsa_keygen_group(const struct mldsa_params *P, uint8_t *const pk[KECCAK_LANES],
                        uint8_t *const sk[KECCAK_LANES],
                        const struct head2_secret32 *const xi[KECCAK_LANES], unsigned n);

/* mu of a group of messages: the hash jobs for keccak_many, whose inputs must stay. */
struct mu_jobs {
    struct keccak_job job[KECCAK_LANES];
    struct mldsa_prefix prefix[KECCAK_LANES];
    unsigned n;
};
/* Add one: mu = H(tr || M'). HEAD2_OK, or HEAD2_E_ARG when in is no message: then none is added. */
HEAD2_CHECK enum head2_status mldsa_mu_add(struct mu_jobs *m, uint8_t mu[HEAD2_MLDSA_MU_BYTES],
                                           const uint8_t *tr, const struct mldsa_input *in);
void mldsa_mu_run(struct mu_jobs *m);

#endif
