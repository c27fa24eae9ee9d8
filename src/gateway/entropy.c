/* see entropy.h */
#include "gateway/entropy.h"

#include "artifact/entropy_text.h"
#include "entropy/generation.h"
#include "entropy/source_file.h"
#include "entropy/source_http.h"
#include "entropy/source_hwmon.h"
#include "entropy/source_sim.h"

#include <head2/random.h>

#include <errno.h>
#include <stdio.h>
#include <time.h>

#define LOOK_MS 20 /* between two attempts of entropy_wait */

/* One a process, and never freed: a generator of some thread may ask it once more when it is
 * closed, and is told that there is none. */
static struct generation generation;

struct noting {
    entropy_note_fn *fn;
    void *arg;
};

static void note(const struct noting *to, const char *source, const char *what)
{
    if (to->fn != NULL)
        to->fn(to->arg, source, what);
}

/* ---- sources ---- */

static const char *why_of(enum head2_status st, int error)
{
    if (st == HEAD2_E_UNSUPPORTED)
        return "left out: this build has no libcurl";
    if (st == HEAD2_E_POLICY)
        return "left out: its api-key-file can be read or written by others; chmod 600 it";
    if (st == HEAD2_E_MALFORMED)
        return "left out: its api-key-file does not hold one line of at most 256 characters";
    if (st == HEAD2_E_STATE)
        return "has other values than before, and stays as it was until the next start";
    return st == HEAD2_E_IO ? strerror(error) : head2_status_string(st);
}

static enum head2_status make(struct feeder_source **out, const struct config_source *s)
{
    const struct source_file_config file = {s->name, s->path, s->h, s->physical, NULL};
    const struct source_http_config http = {.name = s->name,
                                            .url = s->url,
                                            .api_key_file =
                                                s->api_key_file[0] != 0 ? s->api_key_file : NULL,
                                            .ca_file = s->ca_file[0] != 0 ? s->ca_file : NULL};

    *out = NULL;
    switch (s->kind) {
    case CONFIG_SOURCE_LIBRARY:
        return HEAD2_OK;
    case CONFIG_SOURCE_HWRNG:
        return source_hwrng_new(out, NULL);
    case CONFIG_SOURCE_HWMON:
        return source_hwmon_new(out, NULL);
    case CONFIG_SOURCE_SIMULATOR:
        return source_sim_new(out);
    case CONFIG_SOURCE_DEVICE:
        return source_file_new(out, &file);
    case CONFIG_SOURCE_URL:
        return source_http_new(out, &http);
    }
    return HEAD2_E_ARG;
}

/* A source that cannot be had is no reason not to start: whether the others will do is for the
 * policy to say. */
static void add(struct feeder *f, const struct config_source *s, const struct noting *to)
{
    struct feeder_source *made;
    enum head2_status st = make(&made, s);
    const int error = errno;

    if (st == HEAD2_OK && made != NULL)
        st = feeder_add(f, made);
    if (st != HEAD2_OK)
        note(to, s->name, why_of(st, error));
}

entropy_generation_fn *entropy_generation(void **arg)
{
    *arg = &generation;
    return generation.page != NULL ? generation_read : NULL;
}

static enum head2_status configure(const struct config_entropy *c)
{
    const char *names[HEAD2_ENTROPY_SOURCES + 1];
    struct head2_entropy_config config = {.policy = c->policy,
                                          .reseed = c->reseed,
                                          .generator = c->generator,
                                          .physical_only = c->physical_only,
                                          .sources = config_entropy_names(c, names)};

    config.generation = entropy_generation(&config.generation_arg);
    return head2_entropy_configure(&config);
}

enum head2_status entropy_begin(struct entropy_sources *s, const struct config_entropy *c,
                                entropy_note_fn *fn, void *arg)
{
    static const struct config_entropy defaults = {.policy = HEAD2_ENTROPY_AUTO};
    const struct noting to = {fn, arg};
    enum head2_status st;

    *s = (struct entropy_sources){NULL};
    c = c != NULL ? c : &defaults;
    HEAD2_TRY(feeder_start(&s->feeder));
    (void)generation_open(&generation, NULL, NULL);
    HEAD2_TRY(configure(c));
    for (unsigned i = 0; i < c->n_sources; i++)
        add(s->feeder, &c->sources[i], &to);
done:
    if (st != HEAD2_OK)
        entropy_end(s);
    return st;
}

/* ---- another configuration ---- */

static struct config_source *find(const struct config_entropy *c, const char *name)
{
    for (unsigned i = 0; i < c->n_sources; i++)
        if (strcmp(c->sources[i].name, name) == 0)
            return &c->sources[i];
    return NULL;
}

static bool same(const struct config_source *a, const struct config_source *b)
{
    return a->kind == b->kind && strcmp(a->path, b->path) == 0 && strcmp(a->url, b->url) == 0 &&
           strcmp(a->api_key_file, b->api_key_file) == 0 && strcmp(a->ca_file, b->ca_file) == 0 &&
           !(a->h < b->h || a->h > b->h) && a->physical == b->physical;
}

static void change_sources(struct entropy_sources *s, const struct config_entropy *old,
                           struct config_entropy *new, const struct noting *to)
{
    for (unsigned i = 0; i < old->n_sources; i++)
        if (find(new, old->sources[i].name) == NULL)
            feeder_remove(s->feeder, old->sources[i].name);
    for (unsigned i = 0; i < new->n_sources; i++) {
        struct config_source *now = &new->sources[i];
        const struct config_source *was = find(old, now->name);
        if (was != NULL && !same(was, now)) {
            note(to, now->name, why_of(HEAD2_E_STATE, 0));
            *now = *was;
        }
        if (!feeder_has(s->feeder, now->name))
            add(s->feeder, now, to);
    }
}

static bool same_settings(const struct config_entropy *a, const struct config_entropy *b)
{
    bool equal = a->policy == b->policy && a->reseed == b->reseed && a->generator == b->generator &&
                 a->physical_only == b->physical_only && a->n_sources == b->n_sources;

    for (unsigned i = 0; equal && i < a->n_sources; i++)
        equal = find(b, a->sources[i].name) != NULL;
    return equal;
}

enum head2_status entropy_change(struct entropy_sources *s, const struct config_entropy *old,
                                 struct config_entropy *new, entropy_note_fn *fn, void *arg)
{
    const struct noting to = {fn, arg};
    enum head2_status st = HEAD2_OK;

    if (!same_settings(old, new))
        st = configure(new);
    if (st == HEAD2_OK)
        change_sources(s, old, new, &to);
    return st;
}

/* Whether a source is left that could bring what is needed. */
static bool hope(void)
{
    struct head2_entropy_info info;
    bool any = false;

    head2_entropy_info(&info);
    for (unsigned i = 0; i < info.n; i++)
        any = any || (info.source[i].credited && info.source[i].state != HEAD2_ENTROPY_FAILED);
    return any;
}

enum head2_status entropy_wait(unsigned ms)
{
    const uint64_t end = feeder_now() + ms;
    uint8_t byte;
    enum head2_status st;

    while ((st = head2_random(&byte, sizeof byte)) != HEAD2_OK && feeder_now() < end && hope())
        nanosleep(&(struct timespec){0, LOOK_MS * 1000000L}, NULL);
    head2_wipe(&byte, sizeof byte);
    return st;
}

void entropy_why(char *out, size_t room)
{
    struct head2_entropy_info info;
    bool any = false;

    head2_entropy_info(&info);
    size_t len = (size_t)snprintf(out, room, "policy %s: ", entropy_policy_name(info.policy));
    for (unsigned i = 0; i < info.n && len < room; i++) {
        const struct head2_entropy_source_info *s = &info.source[i];
        if (!s->credited)
            continue;
        len += (size_t)snprintf(out + len, room - len, "%s%s %s%s%s%s", any ? ", " : "", s->name,
                                entropy_state_name(s->state), s->why[0] != 0 ? " (" : "", s->why,
                                s->why[0] != 0 ? ")" : "");
        any = true;
    }
    if (!any && len < room)
        snprintf(out + len, room - len, "no source here is credited anything");
}

void entropy_end(struct entropy_sources *s)
{
    feeder_stop(s->feeder);
    s->feeder = NULL;
    /* the library must not look at a page that is gone */
    const enum head2_status st = head2_entropy_configure(NULL);
    HEAD2_ENSURES(st == HEAD2_OK);
    if (st == HEAD2_OK)
        generation_close(&generation);
}
