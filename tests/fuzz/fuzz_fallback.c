/*
 * Fallback keys and the filter of fallback. A key that is read is written back as the same bytes.
 * What a bundle of keys gives is written back as its bytes, and no file opens that nobody signed. A
 * datagram that passes is made of frames that pass alone, as a simpler reading of it finds them.
 */
#include "fuzz/edit.h"

#include "gateway/fallback_export.h"
#include "gateway/fallback_used.h"

#include <head2/fallback.h>

static void read_key(const uint8_t *p, size_t len)
{
    static struct head2_fallback_key key;
    static uint8_t back[HEAD2_FALLBACK_MAX_BYTES];

    if (head2_fallback_decode(&key, p, len) != HEAD2_OK)
        return;
    FUZZ_ASSERT(head2_fallback_encode(back, &key) == len && memcmp(back, p, len) == 0);
}

static void read_bundle(const uint8_t *p, size_t len)
{
    static struct head2_fallback_key key;
    struct fallback_bundle b = {.bytes = (uint8_t *)(uintptr_t)p, .len = len}, back = {0};
    size_t at = 0;

    while (fallback_bundle_next(&b, &at, &key))
        FUZZ_ASSERT(fallback_bundle_add(&back, &key) == HEAD2_OK);
    FUZZ_ASSERT(at <= len && back.len == at && (at == 0 || memcmp(back.bytes, p, at) == 0));
    fallback_bundle_free(&back);
}

static void open_export(const uint8_t *p, size_t len)
{
    static struct head2_key *gateway, *node;
    static const uint8_t seed[64];
    struct fallback_bundle b;
    const char *why;

    if (gateway == NULL) {
        FUZZ_ASSERT(head2_key_from_seed(&gateway, HEAD2_MLDSA_87, seed, 32) == HEAD2_OK);
        FUZZ_ASSERT(head2_key_from_seed(&node, HEAD2_MLKEM_1024, seed, 64) == HEAD2_OK);
    }
    FUZZ_ASSERT(fallback_open(&b, p, len, head2_key_public(gateway), node, &why) != HEAD2_OK);
}

static void read_used(const uint8_t *p, size_t len)
{
    struct fallback_used used;
    char *text = malloc(len + 1);

    FUZZ_ASSERT(text != NULL);
    copy_bytes(text, p, len);
    text[len] = 0;
    if (fallback_used_read(&used, text, len) == HEAD2_OK) {
        FUZZ_ASSERT(used.signed_len < len && used.n * 100 < len);
        free(used.uses);
    }
    free(text);
}

static void filter(const uint8_t *p, size_t len)
{
    if (!head2_fallback_allows(p, len))
        return;
    for (size_t n; len > 0; p += n, len -= n) {
        const bool two = p[0] == 0xfd;
        n = two ? 12 + (size_t)p[1] + 13 * (size_t)p[2] : 8 + (size_t)p[1];
        FUZZ_ASSERT(n <= len && head2_fallback_allows(p, n));
        FUZZ_ASSERT(!head2_fallback_allows(p, n - 1));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const readers[])(const uint8_t *p, size_t len) = {read_key, filter, read_bundle,
                                                                    open_export, read_used};

    if (size != 0)
        readers[data[0] % HEAD2_LEN(readers)](data + 1, size - 1);
    return 0;
}
