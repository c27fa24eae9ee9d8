/* see replay.h */
#include "entropy/replay.h"

#include <head2/hash.h>

#include <stdlib.h>
#include <sys/random.h>

#define WAYS 4 /* places that a digest may have; the oldest of them makes room */
#define SETS (REPLAY_BLOCKS / WAYS)

struct replay {
    uint8_t key[32]; /* digests are keyed: which places they have tells nothing of the samples */
    size_t block, filled;
    uint8_t bytes[REPLAY_BLOCK_MAX];
    uint64_t digest[SETS][WAYS]; /* 0: free */
};

struct replay *replay_new(double h)
{
    struct replay *r = calloc(1, sizeof *r);

    if (r == NULL)
        return NULL;
    r->block = REPLAY_BLOCK;
    while (h > 0 && h * (double)r->block < 128 && r->block < REPLAY_BLOCK_MAX)
        r->block += REPLAY_BLOCK;
    /* not from the library's generator, which may be waiting for this very source */
    if (getrandom(r->key, sizeof r->key, 0) != sizeof r->key) {
        free(r);
        return NULL;
    }
    return r;
}

/* Look a digest up, and remember it. */
static bool known(struct replay *r, uint64_t digest)
{
    uint64_t *set = r->digest[digest % SETS];

    for (unsigned i = 0; i < WAYS; i++)
        if (set[i] == digest)
            return true;
    memmove(set + 1, set, (WAYS - 1) * sizeof *set);
    set[0] = digest;
    return false;
}

static bool end_block(struct replay *r)
{
    struct head2_blake3 ctx;
    uint8_t out[8];

    head2_blake3_init_keyed(&ctx, r->key);
    head2_blake3_update(&ctx, r->bytes, r->block);
    head2_blake3_final(&ctx, out, sizeof out, 0);
    head2_wipe(&ctx, sizeof ctx);
    r->filled = 0;
    HEAD2_PUBLIC(out, sizeof out, "source: keyed digest of a block of samples, to tell repeats");
    const uint64_t digest = le64(out);
    return known(r, digest != 0 ? digest : 1);
}

bool replay_seen(struct replay *r, const uint8_t *bytes, size_t n)
{
    bool seen = false;

    while (n != 0) {
        const size_t room = r->block - r->filled, take = n < room ? n : room;
        memcpy(r->bytes + r->filled, bytes, take);
        r->filled += take;
        bytes += take;
        n -= take;
        if (r->filled == r->block)
            seen = end_block(r) || seen;
    }
    return seen;
}

void replay_free(struct replay *r)
{
    if (r != NULL)
        head2_wipe(r, sizeof *r);
    free(r);
}
