/* see config_entropy.h */
#include "gateway/config_entropy.h"

#include "base/nearest.h"
#include "entropy/source_http.h"
#include "entropy/source_sim.h"
#include "gateway/config_peers.h"

#include <stdio.h>
#include <stdlib.h>

static const char *const keys[] = {"policy", "reseed", "generator", "method", "sources"};
static const char *const device_keys[] = {"name", "device", "h", "physical"};
static const char *const url_keys[] = {"name", "url", "api-key-file", "ca-file"};
static const char *const source_keys[] = {"name", "device",       "h",      "physical",
                                          "url",  "api-key-file", "ca-file"};

static const struct {
    const char *name;
    enum config_source_kind kind;
    bool credited, physical; /* at best: the machine may make less of it */
    const char *known_as;    /* in the library, where that is another name */
} plain[] = {
    {"rdseed",    CONFIG_SOURCE_LIBRARY,   true,  true,  NULL           },
    {"jitter",    CONFIG_SOURCE_LIBRARY,   true,  false, NULL           },
    {"getrandom", CONFIG_SOURCE_LIBRARY,   false, false, NULL           },
    {"hwrng",     CONFIG_SOURCE_HWRNG,     true,  true,  NULL           },
    {"hwmon",     CONFIG_SOURCE_HWMON,     true,  false, NULL           },
    {"simulator", CONFIG_SOURCE_SIMULATOR, false, false, SOURCE_SIM_NAME},
};

/* ---- words ---- */

struct words {
    const char *const *names;
    unsigned count;
    const char *list; /* for people */
};

/* The number of a word in its list; *out stays when the key is not there. */
static enum head2_status word(const struct tree *t, uint32_t map, const char *key,
                              const struct words *w, unsigned *out, struct config_error *err)
{
    const uint32_t node = tree_get(t, map, key);
    const char *text;
    char hint[160];

    if (node == TREE_NONE)
        return HEAD2_OK;
    enum head2_status st = config_text(t, node, &text, err);
    if (st != HEAD2_OK)
        return st;
    for (unsigned i = 0; i < w->count; i++) {
        if (strcmp(text, w->names[i]) != 0)
            continue;
        *out = i;
        return HEAD2_OK;
    }
    const char *near = nearest_name(text, w->names, w->count);
    if (near != NULL)
        snprintf(hint, sizeof hint, "did you mean '%s'?", near);
    else
        snprintf(hint, sizeof hint, "choose %s", w->list);
    return tree_fail(t, node, err, hint, "'%.40s' is not known here", text);
}

static enum head2_status read_words(const struct tree *t, uint32_t map, struct config_entropy *c,
                                    struct config_error *err)
{
    static const char *const policies[] = {"auto", "two", "single", "fast", "compat"};
    static const char *const reseeds[] = {"strict", "90a"};
    static const char *const generators[] = {"ctr-drbg", "xdrbg-256"};
    static const char *const methods[] = {"1", "2"};
    static const struct words w[] = {
        {policies,   HEAD2_LEN(policies),   "auto, two, single, fast or compat"},
        {reseeds,    HEAD2_LEN(reseeds),    "strict or 90a"                    },
        {generators, HEAD2_LEN(generators), "ctr-drbg or xdrbg-256"            },
        {methods,    HEAD2_LEN(methods),    "1 or 2"                           },
    };
    unsigned policy = HEAD2_ENTROPY_AUTO, reseed = HEAD2_RESEED_STRICT;
    unsigned generator = HEAD2_GENERATOR_CTR_DRBG, method = 1;
    enum head2_status st;

    HEAD2_TRY(word(t, map, "policy", &w[0], &policy, err));
    HEAD2_TRY(word(t, map, "reseed", &w[1], &reseed, err));
    HEAD2_TRY(word(t, map, "generator", &w[2], &generator, err));
    HEAD2_TRY(word(t, map, "method", &w[3], &method, err));
    c->policy = (enum head2_entropy_policy)policy;
    c->reseed = (enum head2_entropy_reseed)reseed;
    c->generator = (enum head2_generator)generator;
    c->physical_only = method == 0;
done:
    return st;
}

/* ---- one source ---- */

static enum head2_status plain_source(const struct tree *t, uint32_t node, struct config_source *s,
                                      struct config_error *err)
{
    const char *text, *names[HEAD2_LEN(plain)];
    char hint[160] = "choose rdseed, jitter, getrandom, hwrng, hwmon or simulator, or write a map";
    enum head2_status st = config_text(t, node, &text, err);

    if (st != HEAD2_OK)
        return st;
    for (size_t i = 0; i < HEAD2_LEN(plain); i++) {
        names[i] = plain[i].name;
        if (strcmp(text, plain[i].name) != 0)
            continue;
        s->kind = plain[i].kind;
        snprintf(s->name, sizeof s->name, "%s",
                 plain[i].known_as != NULL ? plain[i].known_as : text);
        return HEAD2_OK;
    }
    const char *near = nearest_name(text, names, HEAD2_LEN(names));
    if (near != NULL)
        snprintf(hint, sizeof hint, "did you mean '%s'?", near);
    return tree_fail(t, node, err, hint, "unknown source '%.40s'", text);
}

static enum head2_status read_name(const struct tree *t, uint32_t map, struct config_source *s,
                                   struct config_error *err)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789-";
    const char *text;
    uint32_t node;
    enum head2_status st;

    HEAD2_TRY(config_need(t, map, "name", &node, err));
    HEAD2_TRY(config_text(t, node, &text, err));
    if (strlen(text) >= sizeof s->name || strspn(text, allowed) != strlen(text))
        return tree_fail(t, node, err, "choose another",
                         "a source's name has 1 to %d lower-case letters, digits and '-'",
                         HEAD2_ENTROPY_NAME - 1);
    for (size_t i = 0; i < HEAD2_LEN(plain); i++)
        if (strcmp(text, plain[i].name) == 0 || strcmp(text, SOURCE_SIM_NAME) == 0)
            return tree_fail(t, node, err, "choose another", "'%s' is a source of its own", text);
    snprintf(s->name, sizeof s->name, "%s", text);
done:
    return st;
}

/* 0.12 to 8 bits, with a point: what the health tests can speak about. */
static enum head2_status read_h(const struct tree *t, uint32_t map, double *out,
                                struct config_error *err)
{
    const uint32_t node = tree_get(t, map, "h");
    const char *text;
    char *end;

    if (node == TREE_NONE)
        return HEAD2_OK;
    enum head2_status st = config_text(t, node, &text, err);
    if (st != HEAD2_OK)
        return st;
    *out = strtod(text, &end);
    if (strlen(text) > 12 || strspn(text, "0123456789.") != strlen(text) || *end != 0 ||
        !(*out >= 0.12 && *out <= 8))
        return tree_fail(t, node, err,
                         "give the bits a byte that 'head2 rng assess' found, at most half of "
                         "which are believed",
                         "'%.40s' is not a number from 0.12 to 8", text);
    return HEAD2_OK;
}

static enum head2_status device_source(const struct tree *t, uint32_t map, struct config_source *s,
                                       struct config_error *err)
{
    enum head2_status st;

    s->kind = CONFIG_SOURCE_DEVICE;
    HEAD2_TRY(config_known(t, map, device_keys, HEAD2_LEN(device_keys), err));
    HEAD2_TRY(read_name(t, map, s, err));
    HEAD2_TRY(config_path_key(t, map, "device", s->path, err));
    HEAD2_TRY(read_h(t, map, &s->h, err));
    HEAD2_TRY(config_flag(t, map, "physical", &s->physical, err));
    if (s->physical && !(s->h > 0))
        st = tree_fail(t, tree_get(t, map, "physical"), err,
                       "assess it ('head2 rng assess'), and give h",
                       "nothing can be credited without h");
done:
    return st;
}

static enum head2_status url_source(const struct tree *t, uint32_t map, struct config_source *s,
                                    struct config_error *err)
{
    const uint32_t node = tree_get(t, map, "url");
    const char *text;
    enum head2_status st;

    s->kind = CONFIG_SOURCE_URL;
    HEAD2_TRY(config_known(t, map, url_keys, HEAD2_LEN(url_keys), err));
    HEAD2_TRY(read_name(t, map, s, err));
    HEAD2_TRY(config_text(t, node, &text, err));
    if (!source_http_url(text))
        return tree_fail(t, node, err,
                         "write \"https://…\"; http is for this machine alone (127.0.0.1, [::1], "
                         "localhost)",
                         "'%.60s' is not a URL that can be asked", text);
    snprintf(s->url, sizeof s->url, "%s", text);
    HEAD2_TRY(config_path_key(t, map, "api-key-file", s->api_key_file, err));
    st = config_path_key(t, map, "ca-file", s->ca_file, err);
done:
    return st;
}

static enum head2_status read_source(const struct tree *t, uint32_t node, struct config_entropy *c,
                                     struct config_error *err)
{
    struct config_source *s = &c->sources[c->n_sources];
    enum head2_status st;

    if (t->nodes[node].kind == TREE_SCALAR)
        st = plain_source(t, node, s, err);
    else if (t->nodes[node].kind != TREE_MAP)
        st = tree_fail(t, node, err, "write its name, or { name: …, device: … }", "not a source");
    else if (tree_get(t, node, "device") != TREE_NONE)
        st = device_source(t, node, s, err);
    else if (tree_get(t, node, "url") != TREE_NONE)
        st = url_source(t, node, s, err);
    else if ((st = config_known(t, node, source_keys, HEAD2_LEN(source_keys), err)) == HEAD2_OK)
        st = tree_fail(t, node, err, "give a device or a url", "a source of nothing");
    for (unsigned i = 0; st == HEAD2_OK && i < c->n_sources; i++)
        if (strcmp(c->sources[i].name, s->name) == 0)
            st = tree_fail(t, node, err, "keep one of them", "a second source '%s'", s->name);
    c->n_sources += st == HEAD2_OK;
    return st;
}

/* ---- all of them ---- */

/* Whether a source could be credited on some machine under these settings. */
static bool may_count(const struct config_entropy *c, const struct config_source *s)
{
    if (s->kind == CONFIG_SOURCE_DEVICE)
        return s->physical;
    for (size_t i = 0; i < HEAD2_LEN(plain); i++)
        if (strcmp(plain[i].name, s->name) == 0)
            return (plain[i].credited && (plain[i].physical || !c->physical_only)) ||
                   (c->policy == HEAD2_ENTROPY_COMPAT && strcmp(s->name, "getrandom") == 0);
    return false;
}

/* A list that can never do is refused here, where its line is known, not at the first key. The
 * library has room for so many sources, and its own three are there, named or not. */
static enum head2_status check_enough(const struct tree *t, uint32_t list,
                                      const struct config_entropy *c, struct config_error *err)
{
    const unsigned need = c->policy == HEAD2_ENTROPY_TWO ? 2 : 1;
    unsigned n = 0, added = 0;

    for (unsigned i = 0; i < c->n_sources; i++) {
        n += may_count(c, &c->sources[i]);
        added += c->sources[i].kind != CONFIG_SOURCE_LIBRARY;
    }
    if (added > HEAD2_ENTROPY_SOURCES - 3)
        return tree_fail(t, list, err, "leave some out",
                         "more than %d sources beside the library's", HEAD2_ENTROPY_SOURCES - 3);
    if (n >= need)
        return HEAD2_OK;
    return tree_fail(t, list, err,
                     c->physical_only ? "add rdseed, hwrng or a physical device, or use method 2"
                                      : "add rdseed or jitter",
                     "%u of these sources can be credited, and %u are needed", n, need);
}

static enum head2_status read_sources(const struct tree *t, uint32_t list, struct config_entropy *c,
                                      struct config_error *err)
{
    enum head2_status st = HEAD2_OK;

    if (t->nodes[list].kind != TREE_LIST || t->nodes[list].count == 0)
        return tree_fail(t, list, err, "write [rdseed, jitter, getrandom]",
                         "not a list of sources");
    if (t->nodes[list].count > HEAD2_ENTROPY_SOURCES)
        return tree_fail(t, list, err, "leave some out", "more than %d sources",
                         HEAD2_ENTROPY_SOURCES);
    c->sources = calloc(t->nodes[list].count, sizeof *c->sources);
    if (c->sources == NULL) {
        snprintf(err->what, sizeof err->what, "out of memory");
        return HEAD2_E_MEMORY;
    }
    for (uint32_t i = t->nodes[list].first; st == HEAD2_OK && i != TREE_NONE; i = t->nodes[i].next)
        st = read_source(t, i, c, err);
    return st != HEAD2_OK ? st : check_enough(t, list, c, err);
}

enum head2_status config_entropy(const struct tree *t, uint32_t map, struct config_entropy *out,
                                 struct config_error *err)
{
    enum head2_status st = HEAD2_OK;

    *out = (struct config_entropy){.policy = HEAD2_ENTROPY_AUTO};
    if (map == TREE_NONE)
        return HEAD2_OK;
    HEAD2_TRY(config_map(t, map, err));
    HEAD2_TRY(config_known(t, map, keys, HEAD2_LEN(keys), err));
    HEAD2_TRY(read_words(t, map, out, err));
    const uint32_t list = tree_get(t, map, "sources");
    if (list != TREE_NONE)
        st = read_sources(t, list, out, err);
done:
    return st;
}

void config_entropy_free(struct config_entropy *c)
{
    free(c->sources);
    *c = (struct config_entropy){.policy = HEAD2_ENTROPY_AUTO};
}

const char *const *config_entropy_names(const struct config_entropy *c,
                                        const char *names[HEAD2_ENTROPY_SOURCES + 1])
{
    if (c->sources == NULL)
        return NULL;
    for (unsigned i = 0; i < c->n_sources; i++)
        names[i] = c->sources[i].name;
    names[c->n_sources] = NULL;
    return names;
}
