/*
 * The receipt's parser: what it accepts is exactly what the writer writes.
 */
#include "artifact/receipt.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static struct receipt r;
    static uint8_t back[RECEIPT_FILE_MAX * 2];
    size_t n = sizeof back;
    const char *why;

    const enum head2_status st = receipt_parse(&r, data, len, &why);
    if (st != HEAD2_OK && st != HEAD2_E_VERIFY)
        return 0;
    if (receipt_write(&r, back, &n) != HEAD2_OK || n != len || memcmp(back, data, len) != 0)
        abort();
    return 0;
}
