/*
 * Registered peers: a gateway's drones, a drone's gateway.
 */
#include "session/state.h"

enum head2_status head2_session_add_peer(struct head2_session *s, uint32_t *peer,
                                         const struct head2_peer_config *config)
{
    bool drone = s->config.role == HEAD2_ROLE_DRONE;
    uint8_t id[ID_BYTES];
    uint32_t slot = INDEX_NONE;

    *peer = HEAD2_SESSION_NO_PEER;
    if (config->pk == NULL || config->n_addrs > HEAD2_SESSION_MAX_ADDRS ||
        drone != (config->n_addrs > 0))
        return HEAD2_E_ARG;
    identity(id, drone ? 'G' : 'D', config->pk);
    for (uint32_t i = 0; i < s->max_peers; i++) {
        if (!s->peers[i].used)
            slot = slot == INDEX_NONE ? i : slot;
        else if (memcmp(s->peers[i].id, id, ID_BYTES) == 0)
            return HEAD2_E_STATE;
    }
    if (slot == INDEX_NONE)
        return HEAD2_E_SPACE;
    struct peer *p = &s->peers[slot];
    memset(p, 0, sizeof *p);
    p->used = true;
    memcpy(p->id, id, ID_BYTES);
    memcpy(p->pk, config->pk, sizeof p->pk);
    memset(p->tunnel, 0xff, sizeof p->tunnel); /* INDEX_NONE */
    memcpy(p->addrs, config->addrs, sizeof p->addrs);
    p->n_addrs = config->n_addrs;
    p->min_incarnation = config->min_incarnation;
    index_add(&s->peer_index, be64(id), slot);
    if (drone)
        derive_mac1_keys(s->mkey, p->pk);
    *peer = slot;
    return HEAD2_OK;
}

void head2_session_remove_peer(struct head2_session *s, uint32_t peer)
{
    if (peer >= s->max_peers || !s->peers[peer].used)
        return;
    struct peer *p = &s->peers[peer];
    while (p->tunnel[0] != INDEX_NONE)
        tunnel_erase(s, p->tunnel[0], CLOSE_NORMAL);
    initiator_abort_all(s);
    index_remove(&s->peer_index, be64(p->id), peer);
    head2_wipe(p, sizeof *p);
}
