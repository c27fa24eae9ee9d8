/*
 * How many handshakes may reach the expensive part, a second and at once, all together and from one
 * network: token buckets and a share of the table.
 */
#include "session/responder.h"

/* One microsecond at one token a second is one millionth of a token: nothing is lost by rounding,
 * however often this is called. */
static void refill(struct bucket *b, uint64_t now, uint64_t per_second, uint64_t burst)
{
    uint64_t elapsed = now - b->at;
    uint64_t full = burst * TOKEN;

    if (elapsed > 3600 * SECOND)
        elapsed = 3600 * SECOND;
    b->at = now;
    b->micro += elapsed * per_second;
    if (b->micro > full)
        b->micro = full;
}

bool limit_take(struct bucket *b, uint64_t now, uint64_t per_second, uint64_t burst)
{
    refill(b, now, per_second, burst);
    if (b->micro < TOKEN)
        return false;
    b->micro -= TOKEN;
    return true;
}

uint64_t limit_left(const struct bucket *b, uint64_t now, uint64_t per_second, uint64_t burst)
{
    struct bucket copy = *b;

    refill(&copy, now, per_second, burst);
    return copy.micro;
}

bool limit_half_used(const struct bucket *b, uint64_t now, uint64_t per_second, uint64_t burst)
{
    return limit_left(b, now, per_second, burst) < burst * TOKEN / 2;
}

/* Networks that one owner may have: an IPv4 address; an IPv6 /64, /56 and /48, each width with its
 * own allowance, which is four times that of the one before. */
struct prefixes {
    uint64_t key[PREFIX_WIDTHS];
    unsigned n;
};

static struct prefixes prefixes_of(const struct head2_address *a)
{
    static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    struct prefixes p = {.n = PREFIX_WIDTHS};

    if (memcmp(a->ip, mapped, sizeof mapped) == 0)
        return (struct prefixes){{UINT64_C(1) << 63 | be32(a->ip + 12)}, 1};
    for (unsigned width = 0; width < PREFIX_WIDTHS; width++)
        p.key[width] = be64(a->ip) >> 8 * width;
    return p;
}

#define PREFIX_BURST 16

static uint64_t times(uint64_t one, unsigned width)
{
    return one << 2 * width;
}

static bool matches(const struct head2_prefix *p, const struct head2_address *a)
{
    const unsigned bytes = p->bits / 8, rest = p->bits % 8;

    if (p->bits > 128 || memcmp(p->ip, a->ip, bytes) != 0)
        return false;
    return rest == 0 || (p->ip[bytes] ^ a->ip[bytes]) >> (8 - rest) == 0;
}

static bool exempt(const struct head2_session *s, const struct head2_address *a)
{
    for (uint32_t i = 0; i < s->config.n_exempt; i++)
        if (matches(&s->exempt[i], a))
            return true;
    return false;
}

static bool take_width(struct head2_session *s, uint64_t prefix, unsigned width)
{
    struct bucket *b =
        &s->prefix_bucket[width * PREFIX_BUCKETS + (prefix * UINT64_C(0x9e3779b97f4a7c15) >> 54)];

    if (b->key != prefix) { /* prefixes that fall together share one allowance */
        b->key = prefix;
        if (b->at == 0)
            b->micro = times(PREFIX_BURST, width) * TOKEN;
    }
    return limit_take(b, s->now, times(s->config.prefix_rate, width), times(PREFIX_BURST, width));
}

/* Every width counts, also where another one has no more. */
static bool take_prefixes(struct head2_session *s, const struct head2_address *from)
{
    const struct prefixes p = prefixes_of(from);
    bool fair = true;

    for (unsigned width = 0; width < p.n; width++)
        fair = take_width(s, p.key[width], width) && fair;
    return fair;
}

static uint64_t burst_of(uint64_t rate)
{
    return rate < 16 ? 16 : rate;
}

bool limit_handshakes(struct head2_session *s, const struct head2_address *from)
{
    const uint64_t rate = s->config.handshake_rate, burst = burst_of(rate);
    const bool fair = exempt(s, from) || take_prefixes(s, from);

    if (!fair && limit_half_used(&s->global_bucket, s->now, rate, burst))
        return false;
    return limit_take(&s->global_bucket, s->now, rate, burst);
}

/* ---- when more would only wait ---- */

void limit_served(struct head2_session *s, uint64_t waited)
{
    s->served_at = s->now;
    s->served_late = waited > HS_BACKLOG;
}

bool limit_reached(const struct head2_session *s)
{
    const uint64_t rate = s->config.handshake_rate;

    if (s->served_late && s->now - s->served_at < HS_BACKLOG)
        return true;
    return limit_left(&s->global_bucket, s->now, rate, burst_of(rate)) < TOKEN ||
           s->n_half >= s->max_half;
}

bool limit_half_open(struct head2_session *s, const struct head2_address *from)
{
    const struct prefixes mine = prefixes_of(from);
    unsigned same[PREFIX_WIDTHS] = {0};

    if (s->n_half >= s->max_half)
        return false;
    if (s->n_half < s->max_half / 2 || exempt(s, from))
        return true;
    for (uint32_t i = 0; i < s->half_top; i++) {
        const struct prefixes other = prefixes_of(&s->half[i].from);
        if (s->half[i].state == HALF_FREE || other.n != mine.n)
            continue;
        for (unsigned width = 0; width < mine.n; width++)
            same[width] += other.key[width] == mine.key[width];
    }
    for (unsigned width = 0; width < mine.n; width++)
        if (same[width] >= times(PREFIX_BURST, width))
            return false;
    return true;
}
