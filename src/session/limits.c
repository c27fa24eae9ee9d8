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

bool limit_half_used(const struct bucket *b, uint64_t now, uint64_t per_second, uint64_t burst)
{
    struct bucket copy = *b;

    refill(&copy, now, per_second, burst);
    return copy.micro < burst * TOKEN / 2;
}

static uint64_t prefix_of(const struct head2_address *a)
{
    static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

    if (memcmp(a->ip, mapped, sizeof mapped) == 0)
        return UINT64_C(1) << 63 | be32(a->ip + 12);
    return be64(a->ip);
}

bool limit_handshakes(struct head2_session *s, const struct head2_address *from)
{
    uint64_t rate = s->config.handshake_rate, burst = rate < 16 ? 16 : rate;
    uint64_t prefix = prefix_of(from);
    struct bucket *b = &s->prefix_bucket[(prefix * UINT64_C(0x9e3779b97f4a7c15)) >> 54];

    if (b->key != prefix) { /* prefixes that fall together share one allowance */
        b->key = prefix;
        if (b->at == 0)
            b->micro = 16 * TOKEN;
    }
    bool fair = limit_take(b, s->now, s->config.prefix_rate, 16);
    if (!fair && limit_half_used(&s->global_bucket, s->now, rate, burst))
        return false;
    return limit_take(&s->global_bucket, s->now, rate, burst);
}

bool limit_half_open(struct head2_session *s, const struct head2_address *from)
{
    unsigned same = 0;

    if (s->n_half >= s->max_half)
        return false;
    if (s->n_half < s->max_half / 2)
        return true;
    for (uint32_t i = 0; i < s->half_top; i++)
        same += s->half[i].state != HALF_FREE && prefix_of(&s->half[i].from) == prefix_of(from);
    return same < 16;
}
