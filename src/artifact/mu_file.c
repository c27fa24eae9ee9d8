/* see mu_file.h */
#include "artifact/mu_file.h"

#include "artifact/mu.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#define POINT_MAX 4 /* bytes of a code point */

/* As much as there is, up to len bytes; -1 with errno. */
static ssize_t read_at(int fd, uint8_t *to, size_t len, uint64_t at)
{
    size_t got = 0;

    while (got < len) {
        const ssize_t n = pread(fd, to + got, len - got, (off_t)(at + got));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        if (n == 0)
            break;
        got += (size_t)n;
    }
    return (ssize_t)got;
}

/* From the beginning: how long it is, and that it is UTF-8. */
static enum head2_status check(int fd, uint8_t *block, uint64_t *size, uint64_t *bad)
{
    uint64_t at = 0;
    size_t wrong;

    for (;;) {
        const ssize_t n = read_at(fd, block, MU_FILE_BLOCK, at);
        if (n < 0)
            return HEAD2_E_IO;
        size_t len = (size_t)n;
        const enum head2_status st = mu_check_utf8(block, len, &wrong);
        const bool last = len < MU_FILE_BLOCK;
        if (st != HEAD2_OK && (last || len - wrong >= POINT_MAX)) {
            *bad = at + wrong;
            return st;
        }
        if (st != HEAD2_OK)
            len = wrong; /* a code point that goes on in the next block, or is none: seen there */
        at += len;
        if (last) {
            *size = at;
            return HEAD2_OK;
        }
    }
}

/* The block that ends at `end`: where its first whole code point begins. */
static size_t first_point(const uint8_t *block, size_t len, bool is_first)
{
    size_t skip = 0;

    while (!is_first && skip < len && (block[skip] & 0xc0) == 0x80)
        skip++;
    return skip;
}

enum head2_status mu_reverse_file(int fd, mu_piece_fn *fn, void *arg, uint64_t *bad)
{
    uint8_t *const block = malloc(2 * MU_FILE_BLOCK);
    enum head2_status st;
    uint64_t end = 0;
    size_t wrong;

    if (block == NULL)
        return HEAD2_E_MEMORY;
    uint8_t *const out = block + MU_FILE_BLOCK;
    HEAD2_TRY(check(fd, block, &end, bad));
    while (end > 0) {
        const size_t len = end < MU_FILE_BLOCK ? (size_t)end : MU_FILE_BLOCK;
        const ssize_t n = read_at(fd, block, len, end - len);
        st = n < 0 ? HEAD2_E_IO : HEAD2_E_STATE;
        if (n != (ssize_t)len)
            break;
        const size_t skip = first_point(block, len, len == end);
        if (skip >= POINT_MAX || mu_reverse(out, block + skip, len - skip, &wrong) != HEAD2_OK)
            break;
        end -= len - skip;
        st = HEAD2_OK;
        if (!fn(arg, out, len - skip))
            break;
    }
done:
    free(block);
    return st;
}
