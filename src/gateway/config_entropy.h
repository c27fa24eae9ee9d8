/*
 * The part of the configuration that says where randomness comes from.
 *
 *     entropy:
 *       policy: auto                 two, single, fast, compat
 *       reseed: strict               90a
 *       generator: ctr-drbg          xdrbg-256
 *       method: 2                    1: physical sources alone are credited
 *       sources:
 *         - rdseed                   jitter, getrandom, hwrng, hwmon, simulator
 *         - { name: quantis, device: /dev/qrandom0, h: 6.4, physical: true }
 *         - { name: anu, url: "https://…", api-key-file: anu.key, ca-file: ca.pem }
 */
#ifndef HEAD2_GATEWAY_CONFIG_ENTROPY_H
#define HEAD2_GATEWAY_CONFIG_ENTROPY_H

#include "gateway/tree.h"

#include <head2/entropy.h>

#include <limits.h>

#define CONFIG_URL_MAX 1023

enum config_source_kind {
    CONFIG_SOURCE_LIBRARY, /* rdseed, jitter, getrandom: the library has it */
    CONFIG_SOURCE_HWRNG,
    CONFIG_SOURCE_HWMON,
    CONFIG_SOURCE_SIMULATOR,
    CONFIG_SOURCE_DEVICE,
    CONFIG_SOURCE_URL,
};

struct config_source {
    enum config_source_kind kind;
    char name[HEAD2_ENTROPY_NAME];
    char path[PATH_MAX]; /* of a device */
    double h;
    bool physical;
    char url[CONFIG_URL_MAX + 1];
    char api_key_file[PATH_MAX], ca_file[PATH_MAX]; /* "" for none */
};

/* What is asked of sources, without those that need the program: see head2/entropy.h. */
struct config_entropy {
    enum head2_entropy_policy policy;
    enum head2_entropy_reseed reseed;
    enum head2_generator generator;
    bool physical_only;
    struct config_source *sources; /* NULL: those of the library */
    unsigned n_sources;
};

/* The map `entropy`, or TREE_NONE for the defaults. HEAD2_OK, or a status with *err; out is to be
 * freed in any case. */
HEAD2_CHECK enum head2_status config_entropy(const struct tree *t, uint32_t map,
                                             struct config_entropy *out, struct config_error *err);
void config_entropy_free(struct config_entropy *c);

/* The names of the sources, NULL at the end, for head2_entropy_configure; NULL for all. */
const char *const *config_entropy_names(const struct config_entropy *c,
                                        const char *names[HEAD2_ENTROPY_SOURCES + 1]);

#endif
