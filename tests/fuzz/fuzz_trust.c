/*
 * The trust file's parser, through a file in a folder of its own.
 */
#include "artifact/trust.h"

#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static char folder[] = "/tmp/head2-fuzz-XXXXXX", path[64];
    struct trust *trust = NULL;
    struct trust_fault fault;

    if (path[0] == 0) {
        if (mkdtemp(folder) == NULL || freopen("/dev/null", "r", stdin) == NULL)
            abort();
        snprintf(path, sizeof path, "%s/trust", folder);
    }
    FILE *f = fopen(path, "wb");
    if (f == NULL || (len > 0 && fwrite(data, 1, len, f) != len) || fclose(f) != 0)
        abort();
    const enum head2_status st = trust_read(&trust, path, &fault);
    if ((st == HEAD2_OK) != (trust != NULL) || (st != HEAD2_OK && fault.what[0] == 0))
        abort();
    trust_free(trust);
    return 0;
}
