/*
 * Whether a source gives what it has given before: the digests of about its last 65,536 blocks.
 *
 * A block is as long as 128 bits of what its source claims, and 64 bytes at least. One that comes
 * again at another offset of the stream is not found by itself; a stream that repeats is, whatever
 * its period, if that has no more than 65,536 bytes: after 64 periods its blocks fall together.
 * Good bytes are mistaken for a repetition with probability 2^-48 a block at most.
 */
#ifndef HEAD2_ENTROPY_REPLAY_H
#define HEAD2_ENTROPY_REPLAY_H

#include "base/base.h"

#define REPLAY_BLOCK     64
#define REPLAY_BLOCK_MAX 1088 /* for the lowest claim, 0.12 bits a byte */
#define REPLAY_BLOCKS    65536

struct replay;

/* h: bits that a byte claims; 0 when it claims nothing. NULL when memory is short. */
struct replay *replay_new(double h);
/* Take the next bytes of the stream: whether a block that they complete was there before. */
bool replay_seen(struct replay *r, const uint8_t *bytes, size_t n);
void replay_free(struct replay *r);

#endif
