/*
 * The keeper's messages: what is accepted is written again byte for byte, and keeps its bounds. The
 * data of an answered list is taken apart too.
 */
#include "keeper/wire.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t len);

static void take_apart(struct keeper_bytes list)
{
    const size_t all = list.len;
    struct keeper_entry e;
    size_t n = 0;

    while (keeper_entry_next(&e, &list) == HEAD2_OK)
        n++;
    if (n > all / 30)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t len)
{
    static uint8_t again[KEEPER_MESSAGE_MAX];
    struct keeper_message m;
    size_t whole, second;
    bool header;

    const enum head2_status framed = keeper_frame(input, len, &whole);
    uint8_t *const copy = malloc(len + 1); /* exact size, so that a read past the end is seen */
    if (copy == NULL)
        return 0;
    copy_bytes(copy, input, len);
    const enum head2_status st = keeper_decode(&m, copy, len, &header);
    if (header != (framed == HEAD2_OK && whole == len) || (st == HEAD2_OK && !header))
        abort();
    if (st == HEAD2_OK) {
        if (m.label.len > KEEPER_LABEL_MAX || m.context.len > KEEPER_CONTEXT_MAX ||
            m.sig.len > HEAD2_KEY_MAX_SIG || m.aad.len > KEEPER_AAD_MAX ||
            m.data.len > KEEPER_DATA_MAX + KEEPER_SEAL_EXTRA)
            abort();
        if (keeper_encode(again, sizeof again, &second, &m) != HEAD2_OK || second != len ||
            memcmp(again, input, len) != 0)
            abort();
        if (m.type == KEEPER_LIST && m.answer && m.status == HEAD2_OK)
            take_apart(m.data);
    }
    free(copy);
    return 0;
}
