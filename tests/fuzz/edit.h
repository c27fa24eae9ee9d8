/*
 * What the fuzzers that start from something valid share: the input is a list of edits to a base
 * text or key, so that what lies behind checksums of structure is reached; and a private folder for
 * parsers that read files.
 */
#ifndef HEAD2_TESTS_FUZZ_EDIT_H
#define HEAD2_TESTS_FUZZ_EDIT_H

#include "base/base.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* An oracle that does not hold ends the fuzzer as a crash does. */
#define FUZZ_ASSERT(cond)                                                                          \
    do {                                                                                           \
        if (!(cond)) {                                                                             \
            fprintf(stderr, "ERROR: %s:%d: %s\n", __FILE__, __LINE__, #cond);                      \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

/* The input, taken from the front. */
struct input {
    const uint8_t *p;
    size_t left;
};

HEAD2_UNUSED static uint8_t take8(struct input *in)
{
    if (in->left == 0)
        return 0;
    in->left--;
    return *in->p++;
}

HEAD2_UNUSED static uint16_t take16(struct input *in)
{
    const unsigned high = take8(in);
    return (uint16_t)(high << 8 | take8(in));
}

HEAD2_UNUSED static size_t take_bytes(struct input *in, uint8_t *out, size_t len)
{
    if (len > in->left)
        len = in->left;
    copy_bytes(out, in->p, len);
    in->p += len;
    in->left -= len;
    return len;
}

/*
 * Apply edits to buf, which holds *len of cap bytes: each is a place, how many bytes go, how many
 * come, and these. True when anything was edited.
 */
HEAD2_UNUSED static bool edit(struct input *in, uint8_t *buf, size_t *len, size_t cap)
{
    bool any = false;

    for (unsigned n = take8(in) % 8; n > 0 && in->left > 3; n--) {
        const size_t at = *len == 0 ? 0 : take16(in) % (*len + 1);
        const uint8_t how = take8(in);
        uint8_t fresh[16];
        size_t gone = how >> 4, come = take_bytes(in, fresh, how & 15);
        if (how == 0xf0)
            gone = *len - at; /* the rest of it */
        if (gone > *len - at)
            gone = *len - at;
        if (come > cap - (*len - gone))
            come = cap - (*len - gone);
        memmove(buf + at + come, buf + at + gone, *len - at - gone);
        memcpy(buf + at, fresh, come);
        *len = *len - gone + come;
        any = true;
    }
    return any;
}

static char fuzz_folder[64];

HEAD2_UNUSED static int fuzz_unlink(const char *path, const struct stat *info, int flag,
                                    struct FTW *ftw)
{
    (void)info, (void)flag, (void)ftw;
    return remove(path);
}

HEAD2_UNUSED static void fuzz_remove(void)
{
    if (chdir("/") == 0 && fuzz_folder[0] != 0)
        nftw(fuzz_folder, fuzz_unlink, 16, FTW_DEPTH | FTW_PHYS);
}

/* Make a folder in memory where there is one, work in it, and take it away at the end. */
HEAD2_UNUSED static void fuzz_enter_folder(void)
{
    const char *base = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";

    snprintf(fuzz_folder, sizeof fuzz_folder, "%s/head2-fuzz-XXXXXX", base);
    FUZZ_ASSERT(mkdtemp(fuzz_folder) != NULL && chdir(fuzz_folder) == 0);
    atexit(fuzz_remove);
}

HEAD2_UNUSED static void fuzz_put(const char *name, const void *bytes, size_t len)
{
    FILE *f = fopen(name, "wb");
    FUZZ_ASSERT(f != NULL && fwrite(bytes, 1, len, f) == len);
    FUZZ_ASSERT(fclose(f) == 0);
}

#endif
