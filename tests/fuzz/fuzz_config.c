/*
 * The configuration's reader, through a file in a folder of its own: either a configuration, or an
 * error that says what and where, never both.
 */
#include "gateway/config.h"

#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static char folder[] = "/tmp/head2-fuzz-XXXXXX", path[64];
    struct config *config = NULL;
    struct config_error err;

    if (path[0] == 0) {
        if (mkdtemp(folder) == NULL)
            abort();
        snprintf(path, sizeof path, "%s/head2.yaml", folder);
    }
    FILE *f = fopen(path, "wb");
    if (f == NULL || (len > 0 && fwrite(data, 1, len, f) != len) || fclose(f) != 0)
        abort();
    const enum head2_status st = config_read(&config, path, CONFIG_ANY, &err);
    if ((st == HEAD2_OK) != (config != NULL) ||
        (st != HEAD2_OK && (err.what[0] == 0 || err.where[0] == 0)))
        abort();
    config_free(config);
    return 0;
}
