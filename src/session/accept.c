/*
 * The end of a handshake at a gateway or a node: AUTH is opened, the drone has proven itself by its
 * signature or by a fallback key, and its session begins.
 */
#include "session/responder.h"

#include <head2/hash.h>

static void finish(struct head2_session *s, struct half_open *h, uint16_t status)
{
    uint8_t plain[DONE_BOX] = {0};

    memcpy(plain, h->session_id, 8);
    put_be16(plain + 8, status);
    head2_wipe(&h->keys.master, sizeof h->keys.master);
    if (box_seal(s->box, h->done, &h->keys, G2D, 1, h->th, plain, DONE_BOX) != HEAD2_OK) {
        half_drop(s, h);
        return;
    }
    h->state = HALF_DONE;
    h->send_done = true;
    h->reacted = s->now;
    half_wake(s, h);
}

static void reject(struct head2_session *s, struct half_open *h, enum head2_counter why)
{
    count(s, why);
    alarm_event(s, h->peer, why);
    struct head2_event *e = event_new(s, HEAD2_EVENT_REJECTED, h->peer);
    e->counter = why;
    e->fallback = h->fallback;
    memcpy(e->fallback_id, h->psk_id, sizeof e->fallback_id);
    finish(s, h, DONE_REJECTED);
}

/* The drone is who it says, by its signature or by its key: its session begins. */
static void install(struct head2_session *s, struct half_open *h, const struct held_key *k)
{
    struct tunnel_spec spec = {.peer = h->peer,
                               .suite = h->suite,
                               .session_id = h->session_id,
                               .th8 = h->th,
                               .master = &h->keys.master,
                               .address = h->from,
                               .began = h->created,
                               .wire_bytes = h->wire_bytes + DONE_BYTES + FRAME_OVERHEAD,
                               .fallback = k,
                               .fb_counter = h->params_d.fb_counter};

    params_agree(&spec.params, &h->params_g, &h->params_d);
    h->tunnel = tunnel_new(s, &spec);
    finish(s, h, h->tunnel != INDEX_NONE ? DONE_OK : DONE_BUSY);
}

/* A use of the fallback key is spent, durably, before anything is made of it. */
static void spend_use(struct head2_session *s, struct half_open *h)
{
    struct held_key *k = fallback_find(s, h->psk_id);
    const enum head2_counter why =
        k != NULL ? node_refuses(s, k, h->params_d.fb_counter) : HEAD2_COUNT_PSK_UNKNOWN;

    if (why != HEAD2_COUNTERS) {
        reject(s, h, why);
        return;
    }
    k->counter = h->params_d.fb_counter;
    if (fallback_count(s, k) == HEAD2_OK)
        install(s, h, k);
    else
        finish(s, h, DONE_BUSY);
}

/* Who may be the drone of this handshake. */
static uint32_t drone_of(const struct head2_session *s, const struct half_open *h,
                         const uint8_t id[ID_BYTES])
{
    const struct held_key *k = h->fallback ? fallback_find(s, h->psk_id) : NULL;

    if (!h->fallback)
        return peer_by_id(s, id);
    return k != NULL && memcmp(k->drone, id, ID_BYTES) == 0 ? k->peer : HEAD2_SESSION_NO_PEER;
}

void accept_auth(struct head2_session *s, struct half_open *h)
{
    const size_t sig_len = h->fallback ? 0 : SIG_BYTES;
    uint8_t plain[AUTH_BOX], fin[64];
    const uint8_t *sig = plain + ID_BYTES + PARAMS_BYTES + 2;
    uint8_t th6[64], th7[64];

    if (box_open(s->box, plain, &h->keys, D2G, 0, h->th5, h->auth_buf,
                 auth_box_len(!h->fallback)) != HEAD2_OK) {
        count(s, HEAD2_COUNT_BAD_BOX);
        memset(&h->auth, 0, sizeof h->auth); /* the drone repeats it */
        return;
    }
    transcript(th6, h->th5, 0x05, plain, ID_BYTES + PARAMS_BYTES);
    transcript(th7, th6, 0x25, sig, sig_len);
    head2_hmac_sha3_512(fin, h->keys.fin_d, 64, th7, 64);
    bool fin_fits = head2_equal(fin, sig + sig_len, 64) == HEAD2_OK;
    transcript(h->th, th7, 0x35, sig + sig_len, 64); /* th8, for DONE */
    h->peer = drone_of(s, h, plain);
    if (!fin_fits) {
        reject(s, h, HEAD2_COUNT_BAD_FIN);
    } else if (h->peer == HEAD2_SESSION_NO_PEER) {
        reject(s, h, HEAD2_COUNT_BAD_ID);
    } else if (be16(sig - 2) != sig_len || !params_read(&h->params_d, plain + ID_BYTES)) {
        reject(s, h, HEAD2_COUNT_BAD_FRAME);
    } else if (h->fallback) {
        spend_use(s, h);
    } else {
        memcpy(h->auth_buf, sig, SIG_BYTES);
        memcpy(h->resp, h->th, 64); /* th8 waits while th6 is verified; RESP is not needed again */
        memcpy(h->th, th6, 64);
        half_ask(s, h, JOB_VERIFY, HALF_VERIFY);
    }
    head2_wipe(plain, sizeof plain);
    head2_wipe(fin, sizeof fin);
}

void accept_verified(struct head2_session *s, struct half_open *h, const struct head2_job *j)
{
    memcpy(h->th, h->resp, 64); /* th8 */
    /* meanwhile the drone may have been removed, and its number given to another */
    if (!s->peers[h->peer].used || memcmp(s->peers[h->peer].pk, j->key, sizeof j->key) != 0) {
        h->peer = HEAD2_SESSION_NO_PEER;
        reject(s, h, HEAD2_COUNT_BAD_ID);
    } else if (j->result != HEAD2_OK) {
        reject(s, h, HEAD2_COUNT_BAD_SIG);
    } else {
        install(s, h, NULL);
    }
}
