/*
 * Roaming; see path.h. An answer counts for an address only when it comes from there: what somebody
 * in between takes elsewhere proves nothing.
 */
#include "session/path.h"

#include "session/state.h"

void path_start(struct tunnel *t, const struct head2_address *address, uint64_t now)
{
    t->address = t->path.from = *address;
    t->path.heard = now;
    t->path.began = now - PATH_WAIT;
}

/* A drone's gateway, or its node, is at one of the addresses that were provisioned, whoever says
 * what. */
static bool allowed(const struct head2_session *s, const struct tunnel *t,
                    const struct head2_address *to)
{
    const struct peer *p = &s->peers[t->peer];
    const struct standby_node *node = &s->fb.node[t->node];
    const struct head2_address *addrs = t->fallback ? node->addrs : p->addrs;
    const uint32_t n = t->fallback ? node->n_addrs : p->n_addrs;

    if (s->config.role != HEAD2_ROLE_DRONE)
        return to->port != 0;
    for (uint32_t i = 0; i < n; i++)
        if (same_address(to, &addrs[i]))
            return true;
    return false;
}

static void ask(struct head2_session *s, struct tunnel *t)
{
    t->path.tries++;
    t->path.due[PATH_IN_USE] = true;
    t->path.due[PATH_NEW] = !t->path.answered;
    tunnel_wake(s, t);
    tunnel_due(s, t, path_due(t));
}

static void begin(struct head2_session *s, struct tunnel *t, const struct head2_address *to,
                  size_t len)
{
    struct path *p = &t->path;

    if (draw(s, p->token, sizeof p->token) != HEAD2_OK)
        return;
    HEAD2_PUBLIC(p->token, sizeof p->token, "compared with what an authentic peer sends back");
    p->probing = true;
    p->answered = false;
    p->to = *to;
    p->tries = 0;
    p->began = s->now;
    p->rx = len;
    p->tx = 0;
    t->rot.moved = true;
    count(s, HEAD2_COUNT_PATH_TRIED);
    ask(s, t);
}

static void end(struct tunnel *t)
{
    t->path.probing = false;
    t->path.due[PATH_IN_USE] = t->path.due[PATH_NEW] = false;
}

void path_heard(struct head2_session *s, struct tunnel *t, const struct head2_address *from,
                size_t len, bool highest)
{
    struct path *p = &t->path;

    p->from = *from;
    if (same_address(from, &t->address))
        p->heard = s->now;
    else if (p->probing && same_address(from, &p->to))
        p->rx += len;
    else if (highest && !p->probing && !t->closing && s->now - p->began >= PATH_WAIT &&
             allowed(s, t, from))
        begin(s, t, from, len);
}

void path_answered(struct head2_session *s, struct tunnel *t, const uint8_t token[PATH_TOKEN])
{
    struct path *p = &t->path;

    if (!p->probing)
        return;
    if (same_address(&p->from, &t->address) &&
        memcmp(token, p->token[PATH_IN_USE], PATH_TOKEN) == 0) {
        count(s, HEAD2_COUNT_PATH_KEPT);
        end(t);
    } else if (same_address(&p->from, &p->to) &&
               memcmp(token, p->token[PATH_NEW], PATH_TOKEN) == 0) {
        p->answered = true;
        p->due[PATH_NEW] = false;
    }
}

static void move(struct head2_session *s, struct tunnel *t)
{
    struct head2_event *e = event_new(s, HEAD2_EVENT_MOVED, t->peer);

    e->from = t->address;
    e->to = t->path.to;
    memcpy(e->pseudonym, t->pseudonym, sizeof e->pseudonym);
    count(s, HEAD2_COUNT_PATH_MOVED);
    t->address = t->path.to;
    t->path.heard = s->now;
}

void path_tick(struct head2_session *s, struct tunnel *t)
{
    struct path *p = &t->path;

    if (!p->probing)
        return;
    if (s->now - p->began >= PATH_WAIT) {
        if (p->answered)
            move(s, t);
        else
            count(s, HEAD2_COUNT_PATH_UNPROVEN);
        end(t);
    } else if (p->tries < PATH_TRIES && s->now - p->began >= p->tries * PATH_EVERY) {
        ask(s, t);
    }
}

uint64_t path_due(const struct tunnel *t)
{
    const struct path *p = &t->path;

    if (!p->probing)
        return UINT64_MAX;
    return p->began + (p->tries < PATH_TRIES ? p->tries * PATH_EVERY : PATH_WAIT);
}

static bool may_send(const struct path *p, size_t len)
{
    return p->tx + len <= PATH_FACTOR * p->rx;
}

size_t path_next(struct head2_session *s, struct tunnel *t, uint8_t *out, struct head2_address *to)
{
    enum { LEN = CTL_HEAD + PATH_TOKEN, WIRE = LEN + HEAD2_SESSION_OVERHEAD };
    struct path *p = &t->path;
    uint8_t plain[LEN];

    for (unsigned side = 0; side < 2; side++) {
        if (!p->due[side])
            continue;
        p->due[side] = false;
        if (side == PATH_NEW && !may_send(p, WIRE))
            continue;
        control_write(plain, CTL_PATH_CHALLENGE, p->token[side], PATH_TOKEN);
        if (tunnel_seal(s, t, out, plain, LEN) == 0)
            return 0;
        if (side == PATH_NEW)
            p->tx += WIRE;
        *to = side == PATH_NEW ? p->to : t->address;
        return WIRE;
    }
    return 0;
}

bool path_copies(const struct head2_session *s, struct tunnel *t, size_t len)
{
    struct path *p = &t->path;

    if (!p->probing || s->now - p->heard < PATH_SILENCE || !may_send(p, len))
        return false;
    p->tx += len;
    return true;
}
