/*
 * Which tags are in use with a peer: for people who look at captures.
 */
#include "session/state.h"

struct list {
    struct head2_tag *tags;
    size_t n, room;
};

static void add(struct list *l, const struct lane_keys *keys, epoch_t epoch, bool sent)
{
    for (unsigned lane = 0; lane < LANES && l->n < l->room; lane++) {
        struct head2_tag *t = &l->tags[l->n++];
        memcpy(t->tag, keys->base[lane], sizeof t->tag);
        t->lane = (uint8_t)lane;
        t->sent = sent;
        t->gen = epoch_gen(epoch);
        t->step = epoch_step(epoch);
    }
}

static void add_tunnel(struct list *l, const struct tunnel *t)
{
    if (t->tx.used)
        add(l, &t->tx.keys, t->tx.epoch, true);
    if (t->prev.used)
        add(l, &t->prev.keys, t->prev.epoch, true);
    for (unsigned i = 0; i < RX_EPOCHS; i++)
        if (t->rx[i].used)
            add(l, &t->rx[i].keys, t->rx[i].epoch, false);
}

size_t head2_session_tags(const struct head2_session *s, uint32_t peer, struct head2_tag *tags,
                          size_t room)
{
    struct list l = {tags, 0, room};

    if (peer >= s->max_peers || !s->peers[peer].used)
        return 0;
    for (unsigned i = 0; i < PEER_TUNNELS; i++)
        if (s->peers[peer].tunnel[i] != INDEX_NONE)
            add_tunnel(&l, &s->tunnels[s->peers[peer].tunnel[i]]);
    return l.n;
}
