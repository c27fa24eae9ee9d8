/*
 * The last events of entropy in this process, for status and monitor; see rng.h.
 */
#include "artifact/utc.h"
#include "cli/rng.h"

#include <pthread.h>

enum { KEPT = 8 };

static struct {
    pthread_mutex_t lock; /* they come on any thread */
    struct {
        uint64_t at;
        struct head2_entropy_event event;
    } last[KEPT];
    unsigned n; /* since the process began */
} events = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void keep(void *arg, const struct head2_entropy_event *event)
{
    (void)arg;
    pthread_mutex_lock(&events.lock);
    events.last[events.n % KEPT].at = utc_now();
    events.last[events.n % KEPT].event = *event;
    events.n++;
    pthread_mutex_unlock(&events.lock);
}

void rng_keep_events(void)
{
    head2_entropy_on_event(keep, NULL);
}

json_t *rng_events(void)
{
    json_t *list = json_array();

    pthread_mutex_lock(&events.lock);
    for (unsigned i = events.n > KEPT ? events.n - KEPT : 0; i < events.n; i++) {
        const struct head2_entropy_event *e = &events.last[i % KEPT].event;
        char at[UTC_BYTES + 1];
        utc_format(at, events.last[i % KEPT].at);
        json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:s, s:I}", "time", at, "event",
                                              entropy_event_name(e->kind), "source", e->source,
                                              "why", e->why, "voided_bits", (json_int_t)e->voided));
    }
    pthread_mutex_unlock(&events.lock);
    return list;
}

void rng_print_events(struct cli *cli)
{
    json_t *list = rng_events();

    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *e = json_array_get(list, i);
        const char *source = json_string_value(json_object_get(e, "source"));
        const char *why = json_string_value(json_object_get(e, "why"));
        cli_print(cli, "%s  %s%s%s%s%s\n", json_string_value(json_object_get(e, "time")),
                  json_string_value(json_object_get(e, "event")), *source != 0 ? "  " : "", source,
                  *why != 0 ? ": " : "", why);
    }
    json_decref(list);
}
