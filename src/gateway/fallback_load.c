/*
 * The keys of the state folder, when a daemon begins and while it runs; see fallback.h.
 */
#include "gateway/fallback.h"
#include "gateway/fallback_choice.h"

#include "artifact/utc.h"
#include "session/schedule.h"

#include <errno.h>
#include <stdlib.h>

#define TIDY_MS   3600000
#define SETTLE_MS 500

/* ---- the folder ---- */

enum head2_status fallback_scrub(const char *state, const uint8_t id[HEAD2_FALLBACK_ID_BYTES])
{
    struct fallback_entry entry;
    enum head2_status st = fallback_store_read(state, id, &entry);

    if (st == HEAD2_OK) {
        head2_wipe(&entry.key.key, sizeof entry.key.key);
        entry.scrubbed = true;
        st = fallback_store_write(state, &entry);
    }
    head2_wipe(&entry, sizeof entry);
    return st;
}

static bool ended(bool drone, const struct fallback_entry *e, uint64_t now_ms)
{
    struct fallback_clock clock;

    if (drone)
        return !fallback_clock_read(&clock) || fallback_entry_left(e, &clock) == 0;
    return e->scrubbed || fallback_ended(&e->key, now_ms);
}

typedef void entry_fn(void *arg, const struct fallback_entry *entry);

/* Call fn with every entry that can be read; others are told of. */
static enum head2_status each(const char *state, entry_fn *fn, void *arg)
{
    uint8_t(*ids)[HEAD2_FALLBACK_ID_BYTES];
    struct fallback_entry entry;
    char path[PATH_MAX + 64];
    size_t n;

    const enum head2_status st = fallback_store_list(state, &ids, &n);
    if (st != HEAD2_OK)
        return st;
    for (size_t i = 0; i < n; i++) {
        const enum head2_status is = fallback_store_read(state, ids[i], &entry);
        fallback_store_path(path, sizeof path, state, ids[i]);
        if (is == HEAD2_OK)
            fn(arg, &entry);
        else if (is != HEAD2_E_IO || errno != ENOENT)
            journal_say(JOURNAL_ERROR, "fallback-failing", "%s is not used: %s", path,
                        is == HEAD2_E_IO ? strerror(errno) : head2_status_string(is));
        head2_wipe(&entry, sizeof entry);
    }
    free(ids);
    return HEAD2_OK;
}

struct tidying {
    const char *state;
    bool drone;
    uint64_t now_ms;
};

static void tidy_entry(void *arg, const struct fallback_entry *e)
{
    const struct tidying *t = arg;
    enum head2_status st = HEAD2_OK;

    if (!ended(t->drone, e, t->now_ms))
        return;
    if (t->drone ||
        (t->now_ms > FALLBACK_KEPT_MS && fallback_ended(&e->key, t->now_ms - FALLBACK_KEPT_MS)))
        st = fallback_store_remove(t->state, e->key.id);
    else if (!e->scrubbed)
        st = fallback_scrub(t->state, e->key.id);
    (void)st; /* it is tried again in an hour */
}

void fallback_tidy(const char *state, bool drone, uint64_t now_ms)
{
    struct tidying t = {state, drone, now_ms};
    struct fallback_clock clock;

    fallback_store_sweep(state, now_ms);
    if (drone && !fallback_clock_read(&clock))
        return; /* without a clock no key is used, and none is thrown away */
    const enum head2_status st = each(state, tidy_entry, &t);
    (void)st;
}

/* ---- whose they are ---- */

struct drone {
    uint8_t id[32];
    uint32_t peer;
};

struct loading {
    const struct runtime *r;
    uint64_t now_ms;
    struct drone *drones; /* by id */
    struct fallback_briefs keys;
    uint8_t (*wanted)[HEAD2_FALLBACK_ID_BYTES]; /* node: those to be held, by id */
    size_t n_wanted;
};

static int by_id(const void *a, const void *b)
{
    return memcmp(a, b, 32); /* of struct drone, or of an id */
}

static void collect(void *arg, const struct fallback_entry *e)
{
    struct loading *l = arg;
    const struct config *c = l->r->config;
    const struct drone *d =
        l->drones != NULL ? bsearch(e->key.drone, l->drones, c->n_peers, sizeof *d, by_id) : NULL;

    if (ended(c->role == CONFIG_LINK, e, l->now_ms) || (l->drones != NULL && d == NULL))
        return;
    struct fallback_brief *b = fallback_briefs_add(&l->keys, e);
    if (b == NULL)
        return; /* a key less: the session does without */
    b->peer = d != NULL ? d->peer : 0;
    b->present = e->key.n_nodes == l->r->fallback.n &&
                 memcmp(e->key.nodes, l->r->fallback.ids, 32 * (size_t)e->key.n_nodes) == 0;
}

/* The keys in force, by drone, the newest first, two of each chosen; of drones that are not known
 * none. */
static enum head2_status load(struct loading *l, const struct runtime *r)
{
    const struct config *c = r->config;
    const bool many = c->role == CONFIG_GATEWAY;

    *l = (struct loading){.r = r, .now_ms = utc_now()};
    if (many) {
        l->drones = calloc((size_t)c->n_peers + 1, sizeof *l->drones);
        if (l->drones == NULL)
            return HEAD2_E_MEMORY;
        for (uint32_t i = 0; i < c->n_peers; i++) {
            identity(l->drones[i].id, 'D', c->peers[i].pk);
            l->drones[i].peer = i;
        }
        qsort(l->drones, c->n_peers, sizeof *l->drones, by_id);
    }
    const enum head2_status st = each(c->state, collect, l);
    fallback_briefs_choose(&l->keys, r->config->fallback.node         ? FALLBACK_NODE
                                     : r->config->role == CONFIG_LINK ? FALLBACK_LINK
                                                                      : FALLBACK_GATEWAY);
    free(l->drones);
    l->drones = NULL;
    return st;
}

/* ---- a gateway ---- */

static void load_gateway(struct runtime *r, const struct loading *l)
{
    for (size_t i = 0; i < l->keys.n; i++) {
        const struct fallback_brief *s = &l->keys.b[i];
        struct member *m = &r->members[s->peer]; /* peers were added in their order */
        const unsigned slot = m->fallback[0].issue_ms != 0;
        if (!s->chosen) {
            const enum head2_status st = fallback_scrub(r->state.folder, s->id);
            (void)st;
            continue;
        }
        if (s->acknowledged && s->present)
            head2_session_fallback_given(r->session, runtime_now(), s->peer, s->issue_ms);
        memcpy(m->fallback[slot].id, s->id, sizeof s->id);
        m->fallback[slot].issue_ms = s->issue_ms;
        m->fallback[slot].counter = s->counter;
        m->fallback[slot].acknowledged = s->acknowledged;
    }
}

/* ---- a link ---- */

/* Note a new start of the machine before the key is used. */
static bool begin_entry(const struct runtime *r, struct fallback_entry *e, uint64_t *left_us)
{
    struct fallback_clock clock;

    if (fallback_store_read(r->state.folder, e->key.id, e) != HEAD2_OK ||
        !fallback_clock_read(&clock))
        return false;
    if (fallback_entry_start(e, &clock) && fallback_store_write(r->state.folder, e) != HEAD2_OK)
        return false;
    *left_us = fallback_entry_left(e, &clock);
    return *left_us != 0;
}

static void load_link(struct runtime *r, const struct loading *l)
{
    struct fallback_entry e;
    uint64_t left_us;
    uint32_t peer;

    for (size_t i = 0; i < l->keys.n; i++) {
        memcpy(e.key.id, l->keys.b[i].id, sizeof e.key.id);
        enum head2_status st = HEAD2_OK;
        if (!l->keys.b[i].chosen)
            st = fallback_store_remove(r->state.folder, e.key.id);
        else if (begin_entry(r, &e, &left_us))
            st = head2_session_add_fallback_key(r->session, runtime_now(), &peer, &e.key, e.counter,
                                                left_us);
        if (st != HEAD2_OK)
            journal_say(JOURNAL_ERROR, "fallback-failing", "a stored key cannot be used: %s",
                        head2_status_string(st));
        head2_wipe(&e, sizeof e);
    }
}

/* ---- a node ---- */

static struct member *member_of(struct runtime *r, const struct config_peer *p)
{
    for (uint32_t i = 0; i < r->max_members; i++)
        if (r->members[i].used && memcmp(r->members[i].pk, p->pk, sizeof p->pk) == 0)
            return &r->members[i];
    return NULL;
}

static int by_key(const void *a, const void *b)
{
    return memcmp(a, b, HEAD2_FALLBACK_ID_BYTES);
}

static bool find_wanted(struct loading *l)
{
    l->wanted = calloc(l->keys.n + 1, sizeof *l->wanted);
    if (l->wanted == NULL)
        return false;
    for (size_t i = 0; i < l->keys.n; i++)
        if (l->keys.b[i].chosen)
            memcpy(l->wanted[l->n_wanted++], l->keys.b[i].id, sizeof *l->wanted);
    qsort(l->wanted, l->n_wanted, sizeof *l->wanted, by_key);
    return true;
}

static bool wanted(const struct loading *l, const uint8_t id[HEAD2_FALLBACK_ID_BYTES])
{
    return bsearch(id, l->wanted, l->n_wanted, sizeof *l->wanted, by_key) != NULL;
}

static bool held(const struct member *m, const uint8_t id[HEAD2_FALLBACK_ID_BYTES])
{
    for (unsigned i = 0; m != NULL && i < HEAD2_LEN(m->fallback); i++)
        if (m->fallback[i].issue_ms != 0 &&
            memcmp(m->fallback[i].id, id, HEAD2_FALLBACK_ID_BYTES) == 0)
            return true;
    return false;
}

/* Give up to n keys of a drone up that are no longer wanted. */
static void drop_stale(struct runtime *r, const struct loading *l, struct member *m, unsigned n)
{
    for (unsigned i = 0; i < HEAD2_LEN(m->fallback); i++) {
        if (n == 0 || m->fallback[i].issue_ms == 0 || wanted(l, m->fallback[i].id))
            continue;
        head2_session_drop_fallback_key(r->session, m->fallback[i].id);
        memset(&m->fallback[i], 0, sizeof m->fallback[i]);
        n--;
    }
}

static unsigned keys_of(const struct member *m)
{
    unsigned n = 0;

    for (unsigned i = 0; i < HEAD2_LEN(m->fallback); i++)
        n += m->fallback[i].issue_ms != 0;
    return n;
}

static void enter(struct runtime *r, uint32_t peer, const struct config_peer *p,
                  const struct fallback_brief *s)
{
    struct member *m = &r->members[peer];

    if (!m->used) {
        memset(m, 0, sizeof *m);
        m->used = true;
        memcpy(m->name, p->name, sizeof m->name);
        memcpy(m->pk, p->pk, sizeof m->pk);
        memcpy(m->key_id, p->key_id, sizeof m->key_id);
        memcpy(m->lanes, p->lanes, sizeof m->lanes);
    }
    const unsigned slot = m->fallback[0].issue_ms != 0;
    memcpy(m->fallback[slot].id, s->id, sizeof s->id);
    m->fallback[slot].issue_ms = s->issue_ms;
}

/* True when it is held now and was not before. */
static bool add_key(struct runtime *r, const struct loading *l, const struct fallback_brief *s)
{
    const struct config_peer *p = &r->config->peers[s->peer];
    struct member *m = member_of(r, p);
    struct fallback_entry e;
    uint32_t peer;

    if (held(m, s->id))
        return false;
    if (m != NULL && keys_of(m) == HEAD2_LEN(m->fallback))
        drop_stale(r, l, m, 1);
    enum head2_status st = fallback_store_read(r->state.folder, s->id, &e);
    if (st == HEAD2_OK) /* when it was imported the issuer may have been another */
        st = head2_fallback_verify(&e.key, r->config->fallback.issuer);
    if (st == HEAD2_OK) {
        const uint64_t left_ms =
            e.key.issue_ms + (uint64_t)e.key.lifetime_s * 1000 - l->now_ms; /* not ended */
        st = head2_session_add_fallback_key(r->session, runtime_now(), &peer, &e.key, e.counter,
                                            left_ms * 1000);
    }
    if (st == HEAD2_OK)
        enter(r, peer, p, s);
    else
        journal_say(JOURNAL_ERROR, "fallback-failing", "a key of %s cannot be used: %s", p->name,
                    head2_status_string(st));
    head2_wipe(&e, sizeof e);
    return st == HEAD2_OK;
}

static void hold_wanted(struct runtime *r, const struct loading *l)
{
    unsigned taken = 0;

    for (size_t i = 0; i < l->keys.n; i++)
        if (l->keys.b[i].chosen)
            taken += add_key(r, l, &l->keys.b[i]);
    if (taken != 0)
        journal_say(JOURNAL_INFO, "fallback-key", "keys taken: %u", taken);
    for (uint32_t i = 0; i < r->max_members; i++) {
        struct member *m = &r->members[i];
        if (!m->used)
            continue;
        drop_stale(r, l, m, HEAD2_LEN(m->fallback));
        if (keys_of(m) == 0)
            runtime_remove(r, i);
    }
}

void fallback_load_node(struct runtime *r)
{
    struct loading l;

    if (load(&l, r) == HEAD2_OK && find_wanted(&l))
        hold_wanted(r, &l);
    fallback_briefs_free(&l.keys);
    free(l.wanted);
}

/* ---- when the daemon begins, and while it runs ---- */

static void on_hour(uv_timer_t *timer)
{
    fallback_queue(timer->data, FALLBACK_TIDY, NULL, 0);
}

static void on_settled(uv_timer_t *timer)
{
    struct runtime *r = timer->data;

    if (r->stopping)
        return;
    fallback_load_node(r);
    runtime_pump(r, runtime_now());
}

/* Many keys come one after the other: they are read when no more do. */
static void on_folder(uv_fs_event_t *handle, const char *name, int events, int status)
{
    struct runtime *r = handle->data;

    (void)events;
    if (status == 0 && !r->stopping && (name == NULL || name[0] != '.'))
        uv_timer_start(&r->fallback.settle, on_settled, SETTLE_MS, 0);
}

static void watch_folder(struct runtime *r)
{
    char path[PATH_MAX + 16];

    snprintf(path, sizeof path, "%s/fallback", r->state.folder);
    r->fallback.folder.data = r->fallback.settle.data = r;
    uv_timer_init(&r->loop, &r->fallback.settle);
    const bool watching = fallback_store_prepare(r->state.folder) == HEAD2_OK &&
                          uv_fs_event_init(&r->loop, &r->fallback.folder) == 0 &&
                          uv_fs_event_start(&r->fallback.folder, on_folder, path, 0) == 0;
    if (!watching)
        journal_say(JOURNAL_ERROR, "fallback-failing",
                    "%s cannot be watched: keys that are imported are seen at the next SIGHUP",
                    path);
}

enum head2_status fallback_start(struct runtime *r, struct config_error *err)
{
    const struct config_fallback *f = &r->config->fallback;
    struct loading l;
    enum head2_status st;

    if (!f->on && !f->node)
        return HEAD2_OK;
    r->fallback.timer.data = r;
    uv_timer_init(&r->loop, &r->fallback.timer);
    uv_timer_start(&r->fallback.timer, on_hour, TIDY_MS, TIDY_MS);
    fallback_tidy(r->state.folder, r->config->role == CONFIG_LINK, utc_now());
    if (f->node) {
        watch_folder(r);
        fallback_load_node(r);
        return HEAD2_OK;
    }
    st = load(&l, r);
    if (st == HEAD2_OK)
        (r->config->role == CONFIG_LINK ? load_link : load_gateway)(r, &l);
    fallback_briefs_free(&l.keys);
    if (st == HEAD2_OK)
        return st;
    err->error = errno;
    snprintf(err->where, sizeof err->where, "%.500s/fallback", r->state.folder);
    snprintf(err->what, sizeof err->what, "cannot read the fallback keys");
    return st;
}

void fallback_add_again(struct runtime *r)
{
    struct loading l;

    if (r->config->fallback.on && load(&l, r) == HEAD2_OK)
        load_link(r, &l);
    fallback_briefs_free(&l.keys);
}

void fallback_peers_changed(struct runtime *r)
{
    if (r->config->fallback.node)
        fallback_load_node(r);
}
