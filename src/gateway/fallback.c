/*
 * Fallback keys between the session and the disk; see fallback.h. Uses of a key are written on the
 * loop's thread, since the handshake waits for them; all else goes to the thread pool, one after
 * the other, so that no two writes of one file meet.
 */
#include "gateway/fallback.h"

#include "artifact/utc.h"
#include "session/schedule.h"

#include <errno.h>
#include <stdlib.h>

static void say_unwritten(const char *state, const uint8_t id[HEAD2_FALLBACK_ID_BYTES], int error)
{
    char path[PATH_MAX + 64];

    fallback_store_path(path, sizeof path, state, id);
    journal_say(JOURNAL_ERROR, "fallback-failing", "cannot write %s: %s", path, strerror(error));
}

/* ---- before the session is made ---- */

/* The handshake goes on only when this says HEAD2_OK. A file that was put back from a copy is
 * behind the session, never before it. */
static enum head2_status count(void *arg, const uint8_t id[HEAD2_FALLBACK_ID_BYTES],
                               uint16_t counter)
{
    struct runtime *r = arg;
    struct fallback_entry entry;
    struct fallback_clock clock;
    enum head2_status st = fallback_store_read(r->state.folder, id, &entry);

    if (st == HEAD2_OK && counter <= entry.counter)
        st = HEAD2_E_STATE;
    if (st == HEAD2_OK) {
        entry.counter = counter;
        entry.counted_ms = utc_now();
        if (r->config->role == CONFIG_LINK && fallback_clock_read(&clock))
            fallback_entry_save_age(&entry, &clock);
        st = fallback_store_write(r->state.folder, &entry);
    }
    if (st != HEAD2_OK)
        say_unwritten(r->state.folder, id, st == HEAD2_E_IO ? errno : EINVAL);
    head2_wipe(&entry, sizeof entry);
    return st;
}

/* The nodes of a link; one without an address is left out, which the log says. */
static void find_nodes(struct runtime *r)
{
    const struct config_fallback *f = &r->config->fallback;
    struct fallback_runtime *own = &r->fallback;
    struct config_error err;

    for (uint32_t i = 0; i < f->n_nodes; i++) {
        struct head2_fallback_node *node = &own->nodes[own->n];
        node->pk = f->nodes[i].pk;
        if (config_resolve(r->config, &f->nodes[i].endpoints, "fallback.gateways.endpoints",
                           node->addrs, &node->n_addrs, &err) == HEAD2_OK)
            own->n++;
        else
            journal_say(JOURNAL_ERROR, "fallback-failing", "%s: %s; the node is left out",
                        err.where, err.what);
    }
}

void fallback_configure(struct runtime *r, struct head2_session_config *c)
{
    const struct config_fallback *f = &r->config->fallback;
    struct fallback_runtime *own = &r->fallback;

    if (f->node)
        c->role = HEAD2_ROLE_FALLBACK;
    if (r->config->role == CONFIG_LINK && f->on) {
        find_nodes(r);
        c->fallback_nodes = own->nodes;
        c->n_fallback_nodes = own->n;
    } else if (f->on) {
        for (own->n = 0; own->n < f->n_nodes; own->n++)
            identity(own->ids[own->n], 'F', f->nodes[own->n].pk);
        c->fallback_ids = (const uint8_t(*)[32])own->ids;
        c->n_fallback_ids = own->n;
        c->fallback_lifetime = f->lifetime;
    }
    c->fallback_count = count;
    c->fallback_arg = r;
}

/* ---- one write after the other ---- */

struct fallback_write {
    struct fallback_write *next;
    uv_work_t request;
    struct runtime *runtime;
    enum fallback_task task;
    struct fallback_entry entry; /* NOTE and SCRUB: its id, and what is to be noted */
    uint32_t peer;
    bool drone; /* this is a link */
    enum head2_status st;
    int error;
};

/* What a drone has said goes into its key's file, beside what is there. */
static enum head2_status note(const char *state, const struct fallback_entry *news)
{
    struct fallback_entry entry;
    enum head2_status st = fallback_store_read(state, news->key.id, &entry);

    if (st == HEAD2_OK) {
        entry.acknowledged = entry.acknowledged || news->acknowledged;
        if (news->counted_ms != 0) {
            entry.counter = news->counter;
            entry.counted_ms = news->counted_ms;
        }
        st = fallback_store_write(state, &entry);
    }
    head2_wipe(&entry, sizeof entry);
    return st;
}

static void on_pool(uv_work_t *request)
{
    struct fallback_write *w = request->data;
    const char *state = w->runtime->state.folder;

    w->st = HEAD2_OK;
    if (w->task == FALLBACK_STORE)
        w->st = fallback_store_write(state, &w->entry);
    else if (w->task == FALLBACK_NOTE)
        w->st = note(state, &w->entry);
    else if (w->task == FALLBACK_SCRUB)
        w->st = fallback_scrub(state, w->entry.key.id);
    else
        fallback_tidy(state, w->drone, utc_now());
    w->error = errno;
}

static void start_write(struct runtime *r);

static void on_written(uv_work_t *request, int status)
{
    struct fallback_write *w = request->data;
    struct runtime *r = w->runtime;

    (void)status;
    r->work--;
    r->fallback.first = w->next;
    if (w->next == NULL)
        r->fallback.last = NULL;
    if (w->st != HEAD2_OK)
        say_unwritten(r->state.folder, w->entry.key.id, w->error);
    else if (w->task == FALLBACK_STORE)
        head2_session_fallback_kept(r->session, runtime_now(), w->peer, w->entry.key.id);
    else if (w->task == FALLBACK_TIDY && r->config->fallback.node && !r->stopping)
        fallback_load_node(r);
    head2_wipe(w, sizeof *w);
    free(w);
    start_write(r);
    runtime_pump(r, runtime_now());
}

static void start_write(struct runtime *r)
{
    struct fallback_write *w = r->fallback.first;

    if (w == NULL)
        return;
    w->request.data = w;
    if (uv_queue_work(&r->loop, &w->request, on_pool, on_written) == 0) {
        r->work++;
        return;
    }
    r->fallback.first = w->next; /* the session asks again, and a count comes again */
    head2_wipe(w, sizeof *w);
    free(w);
}

void fallback_queue(struct runtime *r, enum fallback_task task, const struct fallback_entry *entry,
                    uint32_t peer)
{
    struct fallback_write *w = calloc(1, sizeof *w);

    if (w == NULL)
        return;
    w->runtime = r;
    w->task = task;
    w->peer = peer;
    w->drone = r->config->role == CONFIG_LINK;
    if (entry != NULL)
        w->entry = *entry;
    if (r->fallback.first == NULL)
        r->fallback.first = w;
    else
        r->fallback.last->next = w;
    r->fallback.last = w;
    if (r->fallback.first == w)
        start_write(r);
}

/* ---- what the session wants and tells ---- */

/* A gateway keeps two keys of each drone, as the drone does: see fallback_choice.h. */
static void shift(struct runtime *r, struct member *m, const struct head2_fallback_key *key)
{
    struct fallback_entry old = {0};

    if (memcmp(m->fallback[0].id, key->id, sizeof key->id) == 0)
        return; /* it is offered again */
    const unsigned goes = m->fallback[1].acknowledged && !m->fallback[0].acknowledged ? 0 : 1;
    if (m->fallback[goes].issue_ms != 0) {
        memcpy(old.key.id, m->fallback[goes].id, sizeof old.key.id);
        fallback_queue(r, FALLBACK_SCRUB, &old, 0);
    }
    if (goes == 1)
        m->fallback[1] = m->fallback[0];
    memcpy(m->fallback[0].id, key->id, sizeof key->id);
    m->fallback[0].issue_ms = key->issue_ms;
    m->fallback[0].counter = 0;
    m->fallback[0].acknowledged = false;
}

void fallback_store(struct runtime *r, const struct head2_action *a)
{
    struct fallback_entry entry = {.key = *a->fallback};
    struct fallback_clock clock;

    if (r->config->role == CONFIG_LINK) {
        if (!fallback_clock_read(&clock)) {
            journal_say(JOURNAL_ERROR, "fallback-failing",
                        "/proc/sys/kernel/random/boot_id cannot be read: the key is not taken");
            return;
        }
        fallback_entry_begin(&entry, &clock);
    } else {
        shift(r, &r->members[a->peer], a->fallback);
    }
    fallback_queue(r, FALLBACK_STORE, &entry, a->peer);
    head2_wipe(&entry, sizeof entry);
}

void fallback_acknowledged(struct runtime *r, const struct head2_event *e)
{
    struct member *m = &r->members[e->peer];
    struct fallback_entry news = {.acknowledged = true};

    for (unsigned i = 0; i < HEAD2_LEN(m->fallback); i++)
        if (memcmp(m->fallback[i].id, e->fallback_id, sizeof e->fallback_id) == 0)
            m->fallback[i].acknowledged = true;
    memcpy(news.key.id, e->fallback_id, sizeof e->fallback_id);
    fallback_queue(r, FALLBACK_NOTE, &news, e->peer);
}

/* The drone's word is about the newest key that it holds. Which one that is is known only when the
 * last one that was sent to it was acknowledged. */
void fallback_reported(struct runtime *r, const struct head2_event *e)
{
    const struct member *m = &r->members[e->peer];
    struct fallback_entry news = {.counter = e->fb_counter, .counted_ms = utc_now()};

    if (m->fallback[0].issue_ms == 0 || !m->fallback[0].acknowledged)
        return;
    memcpy(news.key.id, m->fallback[0].id, sizeof news.key.id);
    fallback_queue(r, FALLBACK_NOTE, &news, e->peer);
}
