/* see handles.h */
#include "keeper/handles.h"

#include "base/secmem.h"

#include <head2/random.h>

const struct handle *handles_find(const struct handles *h, uint64_t number)
{
    for (size_t i = 0; number != 0 && i < HANDLES_MAX; i++)
        if (h->rows[i].number == number)
            return &h->rows[i];
    return NULL;
}

const uint8_t *handles_secret(const struct handles *h, const struct handle *row)
{
    return h->secrets + (size_t)(row - h->rows) * HANDLE_BYTES;
}

enum head2_status handles_add(struct handles *h, uint64_t *number, const uint8_t *key,
                              const uint8_t *secret, size_t len)
{
    enum head2_status st = HEAD2_OK;
    size_t at = 0;
    void *place;

    HEAD2_REQUIRES(len <= HANDLE_BYTES);
    *number = 0;
    while (at < HANDLES_MAX && h->rows[at].number != 0)
        at++;
    if (at == HANDLES_MAX)
        return HEAD2_E_LIMIT;
    if (h->secrets == NULL) {
        HEAD2_TRY(secmem_new(&place, (size_t)HANDLES_MAX * HANDLE_BYTES, SECMEM_SESSION));
        h->secrets = place;
    }
    while (handles_find(h, *number) != NULL || *number == 0)
        HEAD2_TRY(head2_random(number, sizeof *number));
    memcpy(h->secrets + at * HANDLE_BYTES, secret, len);
    h->rows[at] = (struct handle){.number = *number, .len = len};
    h->rows[at].foreign = key == NULL;
    if (key != NULL)
        memcpy(h->rows[at].key, key, HEAD2_KEY_ID_BYTES);
done:
    return st;
}

enum head2_status handles_remove(struct handles *h, uint64_t number)
{
    for (size_t i = 0; number != 0 && i < HANDLES_MAX; i++)
        if (h->rows[i].number == number) {
            head2_wipe(h->secrets + i * HANDLE_BYTES, HANDLE_BYTES);
            h->rows[i] = (struct handle){0};
            return HEAD2_OK;
        }
    return HEAD2_E_STATE;
}

void handles_clear(struct handles *h)
{
    secmem_free(h->secrets);
    *h = (struct handles){0};
}
