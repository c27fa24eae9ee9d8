/*
 * The portable kernels of ML-DSA: kernels.h says what each does. The AVX2 table has some of them
 * where there is little to gain.
 */
#ifndef HEAD2_MLDSA_KERNELS_PORTABLE_H
#define HEAD2_MLDSA_KERNELS_PORTABLE_H

#include "mldsa/kernels.h"

/* ntt.c, short.c */
void mldsa_ntt_portable(struct poly *to, const struct poly *from);
void mldsa_inverse_ntt_portable(struct poly *w);
void mldsa_dot_portable(struct poly *w, const struct poly *row, const struct poly *v, unsigned n);
void mldsa_rows_portable(struct poly *w, const struct poly *row, const struct poly *v, unsigned k,
                         unsigned n);
void mldsa_short_ntt_portable(struct short_poly *to, const struct poly *a);
uint32_t mldsa_add_short_product_portable(struct poly *w, const struct short_poly *c,
                                          const struct short_poly *s, int32_t bound);
/* round.c */
void mldsa_power2_round_portable(struct poly *t, struct poly *t0, const struct poly *s2);
void mldsa_split_portable(struct poly *w, uint8_t *packed, uint64_t nonzero[FLAG_WORDS],
                          int32_t gamma2);
void mldsa_use_hint_portable(uint8_t *packed, const struct poly *w, const uint64_t hint[FLAG_WORDS],
                             int32_t gamma2);
uint32_t mldsa_make_hint_portable(uint64_t hint[FLAG_WORDS], const struct poly *w0,
                                  const struct poly *ct0, const uint64_t nonzero[FLAG_WORDS],
                                  int32_t gamma2);
uint32_t mldsa_reduce_and_norm_portable(struct poly *a, int32_t bound);
/* sample.c */
unsigned mldsa_reject_uniform_portable(struct poly *a, unsigned have, const uint8_t *in,
                                       size_t len);
unsigned mldsa_reject_bounded_portable(struct poly *a, unsigned have, const uint8_t *in, size_t len,
                                       int32_t eta);
/* pack.c */
void mldsa_pack_portable(uint8_t *out, const struct poly *a, unsigned bits);
void mldsa_unpack_portable(struct poly *a, const uint8_t *in, unsigned bits);
void mldsa_pack_signed_portable(uint8_t *out, const struct poly *a, int32_t top, unsigned bits);
void mldsa_unpack_signed_portable(struct poly *a, const uint8_t *in, int32_t top, unsigned bits);

#endif
