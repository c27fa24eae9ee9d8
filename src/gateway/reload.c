/* see reload.h */
#include "gateway/reload.h"

#include "gateway/fallback.h"

#include <stdlib.h>

struct loading {
    uv_work_t request;
    struct runtime *runtime;
    char file[PATH_MAX];
    enum config_role role;
    struct config *config;
    enum head2_status st;
    struct config_error err;
    struct head2_address endpoints[HEAD2_SESSION_MAX_ADDRS];
    uint32_t n_endpoints;
};

static void on_pool(uv_work_t *request)
{
    struct loading *l = request->data;

    l->st = config_read(&l->config, l->file, l->role, &l->err);
    if (l->st == HEAD2_OK && l->role == CONFIG_LINK)
        l->st = config_resolve(l->config, &l->config->endpoints, "gateway.endpoints", l->endpoints,
                               &l->n_endpoints, &l->err);
}

/* ---- what cannot change ---- */

static void say_fixed(bool differs, const char *key)
{
    if (differs)
        journal_say(JOURNAL_WARNING, "config-needs-restart",
                    "%s has changed in the file and stays as it was until the next start", key);
}

static bool same_tun(const struct tun_config *a, const struct tun_config *b)
{
    bool same = a->on == b->on && strcmp(a->name, b->name) == 0 && a->mtu == b->mtu &&
                a->n_addresses == b->n_addresses;

    for (uint32_t i = 0; same && i < a->n_addresses; i++)
        same = memcmp(a->address[i].ip, b->address[i].ip, sizeof a->address[i].ip) == 0 &&
               a->address[i].bits == b->address[i].bits;
    return same;
}

/* Keep the old values of what only a start can change. */
static void keep_fixed(const struct config *old, struct config *new)
{
    say_fixed(!address_same(&old->listen, &new->listen), "listen.udp");
    say_fixed(strcmp(old->control, new->control) != 0, "listen.control");
    say_fixed(strcmp(old->state, new->state) != 0, "state");
    say_fixed(strcmp(old->identity, new->identity) != 0, "identity.key");
    say_fixed(memcmp(&old->keeper, &new->keeper, sizeof old->keeper) != 0, "keeper");
    new->keeper = old->keeper;
    say_fixed(memcmp(old->suites, new->suites, sizeof old->suites) != 0, "suites");
    say_fixed(old->half_open != new->half_open, "limits.half_open");
    say_fixed(!same_tun(&old->tun, &new->tun), "tun");
    say_fixed(memcmp(&old->fallback, &new->fallback, sizeof old->fallback) != 0, "fallback");
    new->fallback = old->fallback;
    new->tun = old->tun;
    new->listen = old->listen;
    memcpy(new->control, old->control, sizeof new->control);
    memcpy(new->state, old->state, sizeof new->state);
    memcpy(new->identity, old->identity, sizeof new->identity);
    memcpy(new->suites, old->suites, sizeof new->suites);
    new->half_open = old->half_open;
}

/* ---- peers of a gateway ---- */

static bool same_key(const struct member *m, const struct config_peer *p)
{
    return memcmp(m->pk, p->pk, sizeof m->pk) == 0;
}

static const struct config_peer *find_peer(const struct config *c, const struct member *m)
{
    for (uint32_t i = 0; i < c->n_peers; i++)
        if (same_key(m, &c->peers[i]))
            return &c->peers[i];
    return NULL;
}

static struct member *find_member(struct runtime *r, const struct config_peer *p)
{
    for (uint32_t i = 0; i < r->max_members; i++)
        if (r->members[i].used && same_key(&r->members[i], p))
            return &r->members[i];
    return NULL;
}

static void remove_missing(struct runtime *r, const struct config *c)
{
    for (uint32_t i = 0; i < r->max_members; i++) {
        if (!r->members[i].used || find_peer(c, &r->members[i]) != NULL)
            continue;
        record_peer(r, RECEIPT_REVOCATION, &r->members[i]);
        runtime_remove(r, i);
    }
}

/* A lane's new output needs a new port only when it is of another family or reach; a new one is
 * always right. */
static void update_lanes(struct runtime *r, struct member *m, const struct config_peer *p)
{
    const uint32_t number = (uint32_t)(m - r->members);

    memcpy(m->name, p->name, sizeof m->name);
    for (unsigned lane = 0; lane < HEAD2_SESSION_LANES; lane++) {
        const struct config_lane *new = &p->lanes[lane];
        if (m->lanes[lane].on != new->on || !address_same(&m->lanes[lane].at, &new->at))
            ports_close(r, number, lane);
        m->lanes[lane] = *new;
    }
}

static void apply_peers(struct runtime *r, const struct config *c)
{
    remove_missing(r, c);
    for (uint32_t i = 0; i < c->n_peers; i++) {
        const struct config_peer *p = &c->peers[i];
        struct member *m = find_member(r, p);
        if (m != NULL) {
            update_lanes(r, m, p);
            continue;
        }
        if (r->config->fallback.node) /* it comes with a key of it */
            continue;
        enum head2_status st = runtime_add(r, p);
        m = find_member(r, p);
        if (st == HEAD2_OK && m != NULL)
            record_peer(r, RECEIPT_PROVISIONING, m);
        else
            journal_say(JOURNAL_ERROR, "config-needs-restart",
                        "no room for the peer %s until the next start", p->name);
    }
}

/* ---- lanes and gateway of a link ---- */

/* A port that listens elsewhere is opened before the old one goes; if it cannot be, the old one
 * stays. */
static void move_lane(struct runtime *r, unsigned lane, struct config_lane *new)
{
    struct member *m = &r->members[0];
    struct port *old_port = m->ports[lane];
    const struct config_lane old = m->lanes[lane];
    char text[ADDRESS_TEXT];

    m->lanes[lane].deliver_late = new->deliver_late;
    if (old.on == new->on && address_same(&old.at, &new->at))
        return;
    m->lanes[lane] = *new;
    m->ports[lane] = NULL;
    if (new->on && ports_listen(r, 0, lane) != HEAD2_OK) {
        address_text(text, &new->at);
        journal_say(JOURNAL_ERROR, "config-refused", "lanes.%s.listen: cannot open UDP %s",
                    config_lane_name(lane), text);
        m->lanes[lane] = old;
        m->ports[lane] = old_port;
        *new = old;
        return;
    }
    struct port *new_port = m->ports[lane];
    m->ports[lane] = old_port;
    ports_close(r, 0, lane);
    m->ports[lane] = new_port;
}

static bool same_endpoints(const struct runtime *r, const struct loading *l)
{
    bool same = r->n_endpoints == l->n_endpoints;

    for (uint32_t i = 0; same && i < l->n_endpoints; i++)
        same = address_same(&r->endpoints[i], &l->endpoints[i]);
    return same;
}

static void apply_link(struct runtime *r, struct loading *l)
{
    struct config_peer *gateway = &l->config->peers[0];

    for (unsigned lane = 0; lane < HEAD2_SESSION_LANES; lane++)
        move_lane(r, lane, &gateway->lanes[lane]);
    say_fixed(memcmp(r->members[0].pk, gateway->pk, sizeof gateway->pk) != 0, "gateway.key");
    memcpy(gateway->pk, r->members[0].pk, sizeof gateway->pk);
    memcpy(gateway->key_id, r->members[0].key_id, sizeof gateway->key_id);
    if (same_endpoints(r, l))
        return;
    memcpy(r->endpoints, l->endpoints, sizeof r->endpoints);
    r->n_endpoints = l->n_endpoints;
    r->endpoints_new = true;
}

/* Not before the new configuration is in place: it holds the gateway's key. */
static void use_endpoints(struct runtime *r)
{
    struct head2_peer_info info;

    if (r->endpoints_new &&
        (head2_session_peer_info(r->session, runtime_now(), 0, &info) != HEAD2_OK || !info.up))
        runtime_use_endpoints(r);
}

/* ---- the new configuration ---- */

static void apply(struct runtime *r, struct loading *l)
{
    struct config *old = r->config;

    keep_fixed(old, l->config);
    const struct head2_session_config s = runtime_session_config(r, l->config);
    if (head2_session_reconfigure(r->session, &s) != HEAD2_OK)
        journal_say(JOURNAL_ERROR, "config-refused", "the limits stay as they were");
    if (entropy_change(&r->entropy, &old->entropy, &l->config->entropy, record_entropy_note, r) !=
        HEAD2_OK)
        journal_say(JOURNAL_ERROR, "config-refused", "entropy stays as it was");
    if (l->role == CONFIG_GATEWAY)
        apply_peers(r, l->config);
    else
        apply_link(r, l);
    r->config = l->config;
    l->config = NULL;
    config_free(old);
    tun_set_routes(r);
    fallback_peers_changed(r);
    if (l->role == CONFIG_LINK)
        use_endpoints(r);
    journal_say(JOURNAL_INFO, "config", "%s is in force", r->config->file);
}

static void on_loaded(uv_work_t *request, int status)
{
    struct loading *l = request->data;
    struct runtime *r = l->runtime;

    (void)status;
    r->work--;
    r->loading = false;
    if (l->st != HEAD2_OK)
        journal_say(JOURNAL_ERROR, "config-refused", "%s: %s%s%s%s%s; the old one stays in force",
                    l->err.where, l->err.what, l->err.error != 0 ? ": " : "",
                    l->err.error != 0 ? strerror(l->err.error) : "",
                    l->err.hint[0] != 0 ? "; " : "", l->err.hint);
    else if (!r->stopping)
        apply(r, l);
    config_free(l->config);
    free(l);
    if (r->stopping)
        return;
    if (r->load_again)
        reload_begin(r);
    else
        notify_reloaded();
    runtime_pump(r, runtime_now());
}

void reload_begin(struct runtime *r)
{
    struct loading *l;

    r->load_again = r->loading;
    if (r->loading || r->stopping)
        return;
    l = calloc(1, sizeof *l);
    if (l == NULL)
        return;
    l->runtime = r;
    l->role = r->config->role;
    l->request.data = l;
    snprintf(l->file, sizeof l->file, "%s", r->config->file);
    if (uv_queue_work(&r->loop, &l->request, on_pool, on_loaded) != 0) {
        free(l);
        return;
    }
    r->work++;
    r->loading = true;
    notify_reloading();
}
