/*
 * Hashing a large file by several threads. Each reads and hashes parts of it, since reading costs
 * as much as hashing; what is hashed is what one thread that reads to the end would find.
 */
#include "artifact/file.h"
#include "artifact/sigblock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* One round is 16 tasks, each of which goes through 16 subtrees in a buffer of its own. */
enum { TASKS = 16, SUBTREES = 16, WORTH = 4 };

#define UNIT HEAD2_BLAKE3_SUBTREE_BYTES

struct round {
    const struct head2_blake3 *ctx;
    int fd;
    off_t at;        /* where the round begins */
    size_t subtrees; /* how many it has */
    uint8_t *buffers;
    struct head2_blake3_subtree done[TASKS * SUBTREES];
    atomic_bool failed; /* the file is shorter than it was, or cannot be read there */
};

static bool read_at(int fd, uint8_t *to, size_t len, off_t at)
{
    while (len > 0) {
        const ssize_t n = pread(fd, to, len, at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        to += n;
        at += n;
        len -= (size_t)n;
    }
    return true;
}

static void hash_part(void *arg, size_t task)
{
    struct round *const r = arg;
    uint8_t *const buffer = r->buffers + task * UNIT;

    for (size_t i = task * SUBTREES; i < (task + 1) * SUBTREES && i < r->subtrees; i++) {
        const off_t at = r->at + (off_t)(i * UNIT);
        if (!read_at(r->fd, buffer, UNIT, at)) {
            atomic_store(&r->failed, true);
            return;
        }
        head2_blake3_subtree(r->ctx, &r->done[i], buffer, (uint64_t)at);
    }
}

/* The whole subtrees of the file's present size. False where one could not be read whole. */
static bool hash_subtrees(struct sigblock_hasher *h, struct round *r, off_t size)
{
    struct head2_blake3 *const ctx = &h->u.blake3;

    while (r->at + (off_t)UNIT <= size) {
        const size_t left = (size_t)(size - r->at) / UNIT;
        r->subtrees = left < HEAD2_LEN(r->done) ? left : HEAD2_LEN(r->done);
        h->runner->run(h->runner->pool, (r->subtrees + SUBTREES - 1) / SUBTREES, hash_part, r);
        if (atomic_load(&r->failed))
            return false;
        for (size_t i = 0; i < r->subtrees; i++)
            head2_blake3_append(ctx, &r->done[i]);
        r->at += (off_t)(r->subtrees * UNIT);
    }
    return true;
}

/* What is behind the subtrees, and what the file has grown by. */
static bool hash_rest(struct sigblock_hasher *h, struct round *r)
{
    ssize_t n;

    do {
        n = pread(r->fd, r->buffers, UNIT, r->at);
        if (n > 0) {
            sigblock_hash_update(h, r->buffers, (size_t)n);
            r->at += n;
        }
    } while (n > 0 || (n < 0 && errno == EINTR));
    return n == 0;
}

/* False, with h as it was, where one thread should do it. */
static bool hash_by_threads(struct sigblock_hasher *h, const char *path)
{
    const struct sigblock_hasher before = *h;
    struct stat info;
    struct round r = {.ctx = &h->u.blake3};
    bool done = false;

    r.fd = open(path, O_RDONLY | O_CLOEXEC);
    if (r.fd < 0)
        return false;
    if (fstat(r.fd, &info) == 0 && S_ISREG(info.st_mode) && info.st_size >= (off_t)(WORTH * UNIT))
        r.buffers = malloc(TASKS * UNIT);
    if (r.buffers != NULL)
        done = hash_subtrees(h, &r, info.st_size) && hash_rest(h, &r);
    free(r.buffers);
    close(r.fd);
    if (!done)
        *h = before;
    return done;
}

static void take_piece(void *arg, const uint8_t *piece, size_t len)
{
    sigblock_hash_update(arg, piece, len);
}

enum head2_status sigblock_hash_file(struct sigblock_hasher *h, const char *path)
{
    if (h->hash == SIGBLOCK_BLAKE3 && h->runner != NULL && strcmp(path, "-") != 0 &&
        hash_by_threads(h, path))
        return HEAD2_OK;
    return file_stream(path, take_piece, h);
}
