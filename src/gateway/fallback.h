/*
 * Fallback in the running daemon: which keys it keeps, and that they are on the disk before the
 * session counts on them. A gateway stores what it issues; a link holds two keys, and turns to a
 * node when its gateway is lost; a node takes the keys that were imported, as they come.
 */
#ifndef HEAD2_GATEWAY_FALLBACK_H
#define HEAD2_GATEWAY_FALLBACK_H

#include "gateway/fallback_store.h"
#include "gateway/runtime.h"

/* Before the session is made: who the nodes are, and at a link where. *c refers to r->fallback. */
void fallback_configure(struct runtime *r, struct head2_session_config *c);
/* When the peers have been added: the keys of the state folder. HEAD2_OK, or a status with *err. */
HEAD2_CHECK enum head2_status fallback_start(struct runtime *r, struct config_error *err);
/* A link: give its keys to the session again, which has forgotten its peer. */
void fallback_add_again(struct runtime *r);
/* A node: peers have changed. */
void fallback_peers_changed(struct runtime *r);

/* What the session wants: store this key. */
void fallback_store(struct runtime *r, const struct head2_action *a);
/* What it tells: the drone has acknowledged a key; a signed session is up, and this is what the
 * drone says. */
void fallback_acknowledged(struct runtime *r, const struct head2_event *e);
void fallback_reported(struct runtime *r, const struct head2_event *e);

/* ---- between fallback.c and fallback_load.c ---- */

#define FALLBACK_KEPT_MS ((uint64_t)2 * 86400 * 1000) /* after a key has ended, for its count */

/* Have the disk do one thing after the other; what: see fallback.c. */
enum fallback_task {
    FALLBACK_STORE, /* write the entry, then tell the session */
    FALLBACK_NOTE,  /* in the file: acknowledged, or the drone's word */
    FALLBACK_SCRUB, /* overwrite the key with zeros */
    FALLBACK_TIDY   /* scrub and remove what has ended */
};
void fallback_queue(struct runtime *r, enum fallback_task task, const struct fallback_entry *entry,
                    uint32_t peer);

/* Any thread: what has ended in the folder is scrubbed, or removed; drone: as a link ends keys. */
void fallback_tidy(const char *state, bool drone, uint64_t now_ms);
/* Overwrite the key in its file. HEAD2_OK, or as fallback_store_write. */
HEAD2_CHECK enum head2_status fallback_scrub(const char *state,
                                             const uint8_t id[HEAD2_FALLBACK_ID_BYTES]);
/* A node: the keys of the folder, as they are now. */
void fallback_load_node(struct runtime *r);

#endif
