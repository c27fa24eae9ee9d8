/*
 * The reverse of a text file of any length, from its end on, a block at a time.
 */
#ifndef HEAD2_ARTIFACT_MU_FILE_H
#define HEAD2_ARTIFACT_MU_FILE_H

#include "base/base.h"

#define MU_FILE_BLOCK ((size_t)1 << 20)

/* Takes a piece of the reverse; false: no more is wanted. */
typedef bool mu_piece_fn(void *arg, const uint8_t *piece, size_t len);

/* fd: an open file, read from its first byte whatever its offset is. It is read twice, so that
 * nothing is given out of one that is not UTF-8. HEAD2_OK; HEAD2_E_MALFORMED with the offset of the
 * first byte that is not UTF-8 in *bad; HEAD2_E_STATE (it was changed meanwhile: what was given is
 * not a reverse of anything); HEAD2_E_IO (errno), HEAD2_E_MEMORY. */
HEAD2_CHECK enum head2_status mu_reverse_file(int fd, mu_piece_fn *fn, void *arg, uint64_t *bad);

#endif
