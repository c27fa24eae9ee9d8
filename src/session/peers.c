/*
 * Registered peers: a gateway's or a node's drones, a drone's gateway.
 */
#include "session/state.h"

uint32_t peer_by_id(const struct head2_session *s, const uint8_t id[ID_BYTES])
{
    for (uint32_t i = index_first(&s->peer_index, be64(id)); i != INDEX_NONE;
         i = index_next(&s->peer_index, i))
        if (s->peers[i].used && memcmp(s->peers[i].id, id, ID_BYTES) == 0)
            return i;
    return HEAD2_SESSION_NO_PEER;
}

enum head2_status peer_add(struct head2_session *s, uint32_t *slot, const uint8_t id[ID_BYTES])
{
    uint32_t i = 0;

    while (i < s->max_peers && s->peers[i].used)
        i++;
    if (i == s->max_peers)
        return HEAD2_E_SPACE;
    struct peer *p = &s->peers[i];
    memset(p, 0, sizeof *p);
    p->used = true;
    memcpy(p->id, id, ID_BYTES);
    memset(p->tunnel, 0xff, sizeof p->tunnel); /* INDEX_NONE */
    index_add(&s->peer_index, be64(id), i);
    *slot = i;
    return HEAD2_OK;
}

enum head2_status head2_session_add_peer(struct head2_session *s, uint32_t *peer,
                                         const struct head2_peer_config *config)
{
    enum head2_status st;
    bool drone = s->config.role == HEAD2_ROLE_DRONE;
    uint8_t id[ID_BYTES];
    uint32_t slot;

    *peer = HEAD2_SESSION_NO_PEER;
    if (config->pk == NULL || config->n_addrs > HEAD2_SESSION_MAX_ADDRS ||
        drone != (config->n_addrs > 0) || s->config.role == HEAD2_ROLE_FALLBACK)
        return HEAD2_E_ARG;
    identity(id, drone ? 'G' : 'D', config->pk);
    if (peer_by_id(s, id) != HEAD2_SESSION_NO_PEER)
        return HEAD2_E_STATE;
    HEAD2_TRY(peer_add(s, &slot, id));
    struct peer *p = &s->peers[slot];
    memcpy(p->pk, config->pk, sizeof p->pk);
    memcpy(p->addrs, config->addrs, sizeof p->addrs);
    p->n_addrs = config->n_addrs;
    p->min_incarnation = config->min_incarnation;
    if (drone)
        derive_mac1_keys(s->mkey, p->pk);
    *peer = slot;
done:
    return st;
}

void head2_session_remove_peer(struct head2_session *s, uint32_t peer)
{
    if (peer >= s->max_peers || !s->peers[peer].used)
        return;
    struct peer *p = &s->peers[peer];
    while (p->tunnel[0] != INDEX_NONE)
        tunnel_erase(s, p->tunnel[0], CLOSE_NORMAL);
    initiator_abort_all(s);
    fallback_forget_peer(s, peer);
    index_remove(&s->peer_index, be64(p->id), peer);
    head2_wipe(p, sizeof *p);
}
