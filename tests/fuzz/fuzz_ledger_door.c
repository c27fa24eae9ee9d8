/*
 * A request at the ledger's door: what is accepted can be appended.
 */
#include "gateway/ledger_door.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct door_request r;
    const char *why = NULL;

    if (door_parse(&r, (const char *)data, len, &why) != HEAD2_OK) {
        if (why == NULL || r.json != NULL || r.entries != NULL)
            abort();
        return 0;
    }
    if (r.n == 0 || r.n > DOOR_ENTRIES)
        abort();
    for (size_t i = 0; i < r.n; i++)
        if (!ledger_entry_ok(&r.entries[i]))
            abort();
    door_request_free(&r);
    return 0;
}
