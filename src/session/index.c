/* see index.h */
#include "session/index.h"

#include <stdlib.h>

static uint32_t *chain_of(const struct index *ix, uint64_t key)
{
    uint64_t h = (key ^ ix->secret) * UINT64_C(0x9e3779b97f4a7c15);
    return &ix->heads[(h >> 32) & ix->mask];
}

enum head2_status index_init(struct index *ix, uint32_t slots, uint64_t secret)
{
    uint32_t size = 16;

    while (size < slots && size < UINT32_C(1) << 30)
        size *= 2;
    ix->mask = size - 1;
    ix->secret = secret;
    ix->heads = malloc(size * sizeof *ix->heads);
    ix->next = malloc((slots + 1) * sizeof *ix->next);
    if (ix->heads == NULL || ix->next == NULL) {
        index_free(ix);
        return HEAD2_E_MEMORY;
    }
    memset(ix->heads, 0xff, size * sizeof *ix->heads);
    return HEAD2_OK;
}

void index_free(struct index *ix)
{
    free(ix->heads);
    free(ix->next);
    ix->heads = NULL;
    ix->next = NULL;
}

void index_add(struct index *ix, uint64_t key, uint32_t slot)
{
    uint32_t *head = chain_of(ix, key);
    ix->next[slot] = *head;
    *head = slot;
}

void index_remove(struct index *ix, uint64_t key, uint32_t slot)
{
    uint32_t *at = chain_of(ix, key);

    while (*at != slot) {
        HEAD2_REQUIRES(*at != INDEX_NONE);
        at = &ix->next[*at];
    }
    *at = ix->next[slot];
}

uint32_t index_first(const struct index *ix, uint64_t key)
{
    return *chain_of(ix, key);
}
