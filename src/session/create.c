/*
 * One end of sessions comes and goes: its settings, its tables, all the memory that it has.
 */
#include "session/responder.h"

#include <stdlib.h>

#define JOBS_DRONE      8
#define JOBS_GATEWAY    64
#define POOL_PER_TUNNEL 4
#define POOL_MAX        8192

static enum head2_status set_defaults(struct head2_session_config *c)
{
    if (c->rotate_seconds == 0)
        c->rotate_seconds = ROT_SECONDS;
    if (c->rotate_bytes == 0)
        c->rotate_bytes = ROT_BYTES;
    if (c->overlap == 0 && !c->no_overlap)
        c->overlap = OVERLAP_DEFAULT;
    if (c->max_datagram == 0)
        c->max_datagram = 1200;
    if (c->half_open == 0)
        c->half_open = 4096;
    if (c->handshake_rate == 0)
        c->handshake_rate = 400;
    if (c->prefix_rate == 0)
        c->prefix_rate = 5;
    if (c->fallback_lifetime == 0)
        c->fallback_lifetime = HEAD2_FALLBACK_MAX_LIFETIME;
    if (c->forgery_limit == 0)
        c->forgery_limit = FORGERIES_MAX;
    if (c->role == HEAD2_ROLE_DRONE)
        c->max_peers = 1;
    if ((unsigned)c->role > HEAD2_ROLE_FALLBACK || c->rotate_seconds < ROT_SECONDS_MIN ||
        c->rotate_bytes < ROT_BYTES_MIN || c->overlap > OVERLAP_MAX ||
        c->max_datagram < DATAGRAM_FLOOR || c->max_datagram > DATAGRAM_MAX || c->max_peers == 0 ||
        c->max_peers > 1000000 || c->half_open > 65536 || c->n_exempt > HEAD2_SESSION_MAX_EXEMPT ||
        (c->n_exempt != 0 && c->exempt == NULL) || c->incarnation >= INCARNATION_MAX ||
        c->pk == NULL || c->random == NULL)
        return HEAD2_E_ARG;
    return HEAD2_OK;
}

static void copy_exempt(struct head2_session *s, struct head2_session_config *c)
{
    if (c->n_exempt != 0)
        memcpy(s->exempt, c->exempt, c->n_exempt * sizeof s->exempt[0]);
    c->exempt = s->exempt;
}

static enum head2_status set_suites(struct head2_session *s)
{
    const uint16_t *want = s->config.suites;

    s->n_suites = 0;
    for (unsigned i = 0; i < HEAD2_SESSION_MAX_SUITES && want[i] != 0; i++) {
        if (want[i] != HEAD2_SUITE_L5 && want[i] != HEAD2_SUITE_L1X4 &&
            want[i] != HEAD2_SUITE_L5_P384)
            return HEAD2_E_ARG;
        s->suites[s->n_suites++] = want[i];
    }
    if (s->n_suites == 0)
        s->suites[s->n_suites++] = HEAD2_SUITE_L5;
    return HEAD2_OK;
}

bool hybrid_offered(const struct head2_session *s)
{
    for (unsigned i = 0; i < s->n_suites; i++)
        if (suite_hybrid(s->suites[i]))
            return true;
    return false;
}

static enum head2_status make_jobs(struct head2_session *s, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        struct head2_job *j = calloc(1, sizeof *j);
        if (j == NULL)
            return HEAD2_E_MEMORY;
        j->next = s->jobs_free;
        s->jobs_free = j;
    }
    return HEAD2_OK;
}

static enum head2_status make_pool(struct head2_session *s)
{
    uint32_t n = s->max_tunnels * POOL_PER_TUNNEL;

    s->pool_total = n < POOL_MAX ? n : POOL_MAX;
    s->pool = calloc(s->pool_total, MESSAGE_MAX);
    s->pool_free = calloc(s->pool_total, sizeof *s->pool_free);
    if (s->pool == NULL || s->pool_free == NULL)
        return HEAD2_E_MEMORY;
    for (uint32_t i = 0; i < s->pool_total; i++)
        s->pool_free[s->pool_n++] = s->pool_total - 1 - i;
    return HEAD2_OK;
}

/* From 128 schedules to 8,192, which take 9 MB. */
static uint32_t cipher_sets(uint32_t tunnels)
{
    uint32_t sets = 32;

    while (sets < tunnels && sets < 2048)
        sets *= 2;
    return sets;
}

static enum head2_status make_tables(struct head2_session *s)
{
    enum head2_status st;
    uint64_t secret[5];
    bool drone = s->config.role == HEAD2_ROLE_DRONE;

    HEAD2_TRY(draw(s, secret, sizeof secret));
    HEAD2_PUBLIC(secret, sizeof secret, "chooses chains of public keys, protects nothing else");
    s->event_cap = EVENT_MIN + 4 * s->max_peers;
    s->events = calloc(s->event_cap, sizeof *s->events);
    s->peers = calloc(s->max_peers, sizeof *s->peers);
    s->tunnels = calloc(s->max_tunnels, sizeof *s->tunnels);
    s->tunnel_free = calloc(s->max_tunnels, sizeof *s->tunnel_free);
    if (s->events == NULL || s->peers == NULL || s->tunnels == NULL || s->tunnel_free == NULL)
        return HEAD2_E_MEMORY;
    HEAD2_TRY(index_init(&s->peer_index, s->max_peers, secret[0]));
    HEAD2_TRY(index_init(&s->tag_index, s->max_tunnels * RX_EPOCHS * LANES, secret[1]));
    HEAD2_TRY(ciphers_init(&s->ciphers, cipher_sets(s->max_tunnels)));
    HEAD2_TRY(fallback_init(s, secret[4]));
    HEAD2_TRY(deadlines_init(&s->due, s->max_tunnels));
    HEAD2_TRY(make_pool(s));
    HEAD2_TRY(make_jobs(s, drone ? JOBS_DRONE : JOBS_GATEWAY));
    if (drone) {
        s->attempts = calloc(ATTEMPTS, sizeof *s->attempts);
        return s->attempts != NULL ? HEAD2_OK : HEAD2_E_MEMORY;
    }
    s->max_half = s->config.half_open;
    s->inits = calloc(s->max_half, sizeof *s->inits);
    s->half = calloc(s->max_half, sizeof *s->half);
    s->prefix_bucket = calloc((size_t)PREFIX_WIDTHS * PREFIX_BUCKETS, sizeof *s->prefix_bucket);
    if (s->inits == NULL || s->half == NULL || s->prefix_bucket == NULL)
        return HEAD2_E_MEMORY;
    HEAD2_TRY(index_init(&s->init_index, s->max_half, secret[2]));
    HEAD2_TRY(index_init(&s->half_index, s->max_half, secret[3]));
done:
    return st;
}

enum head2_status head2_session_new(struct head2_session **out,
                                    const struct head2_session_config *config, uint64_t now)
{
    enum head2_status st;
    static const char role_letters[] = "DGF";
    struct head2_session *s = calloc(1, sizeof *s);

    *out = NULL;
    if (s == NULL)
        return HEAD2_E_MEMORY;
    s->config = *config;
    s->now = s->last_tick = s->half_swept = now;
    s->ready_first = s->half_first = INDEX_NONE;
    image_note(s);
    HEAD2_TRY(set_defaults(&s->config));
    copy_exempt(s, &s->config);
    HEAD2_TRY(set_suites(s));
    s->max_peers = s->config.max_peers;
    s->max_tunnels = 2 * s->max_peers + 2 * PEER_TUNNELS;
    memcpy(s->pk, config->pk, sizeof s->pk);
    s->config.pk = s->pk;
    identity(s->id, role_letters[s->config.role], s->pk);
    HEAD2_TRY(head2_aead_new(&s->box));
    HEAD2_TRY(make_tables(s));
    if (s->config.role != HEAD2_ROLE_DRONE) {
        derive_mac1_keys(s->mkey, s->pk);
        s->global_bucket.at = s->hint_bucket.at = now;
        s->global_bucket.micro = (uint64_t)s->config.handshake_rate * TOKEN;
        s->hint_bucket.micro = 10 * TOKEN;
        s->busy_bucket.at = now;
        responder_tick(s);
    }
    *out = s;
    s = NULL;
done:
    head2_session_free(s);
    return st;
}

static void free_jobs(struct head2_job *j)
{
    while (j != NULL) {
        struct head2_job *next = j->next;
        head2_job_free(j);
        j = next;
    }
}

void head2_session_free(struct head2_session *s)
{
    if (s == NULL)
        return;
    for (uint32_t i = 0; s->tunnels != NULL && i < s->tunnel_top; i++)
        if (s->tunnels[i].used)
            tunnel_erase(s, i, CLOSE_NORMAL);
    initiator_abort_all(s);
    fallback_free(s);
    if (s->half_top != 0)
        head2_wipe(s->half, s->half_top * sizeof *s->half);
    free_jobs(s->jobs_free);
    free_jobs(s->jobs_ready);
    head2_aead_free(s->box);
    index_free(&s->peer_index);
    index_free(&s->tag_index);
    index_free(&s->init_index);
    index_free(&s->half_index);
    deadlines_free(&s->due);
    ciphers_free(&s->ciphers);
    free(s->events);
    free(s->peers);
    free(s->tunnels);
    free(s->tunnel_free);
    free(s->attempts);
    free(s->inits);
    free(s->half);
    free(s->prefix_bucket);
    free(s->pool);
    free(s->pool_free);
    head2_wipe(s, sizeof *s);
    free(s);
}

enum head2_status head2_session_reconfigure(struct head2_session *s,
                                            const struct head2_session_config *config)
{
    struct head2_session_config c = s->config;

    c.rotate_seconds = config->rotate_seconds;
    c.rotate_bytes = config->rotate_bytes;
    c.overlap = config->overlap;
    c.no_overlap = config->no_overlap;
    c.mac_only_rotation = config->mac_only_rotation;
    c.handshake_rate = config->handshake_rate;
    c.prefix_rate = config->prefix_rate;
    c.exempt = config->exempt;
    c.n_exempt = config->n_exempt;
    if (set_defaults(&c) != HEAD2_OK)
        return HEAD2_E_ARG;
    copy_exempt(s, &c);
    s->config = c;
    return HEAD2_OK;
}
