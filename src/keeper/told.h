/*
 * What a keeper tells the process that records it: events, each TOLD_BYTES over a stream
 * socket, whole, which blocks when nobody takes what is in it: what cannot be recorded waits, and
 * so does who has asked for it.
 *
 *      0  version   1   1
 *      1  type      1   enum keeper_type; 0: uses so far
 *      2  status    2   enum head2_status
 *      4  algorithm 1   0: it is of no key
 *      5  zero      3
 *      8  time      8   milliseconds since 1970
 *     16  uses      8   of the key, in all
 *     24  key      16
 *     40  label    64   zeros to the end
 *
 * and anchors of its store (store_ledger.h): type 255, uses is the revision, key the store's id,
 * label the digest.
 */
#ifndef HEAD2_KEEPER_TOLD_H
#define HEAD2_KEEPER_TOLD_H

#include "keeper/keeper.h"
#include "keeper/store.h"

#define TOLD_BYTES 104

struct told {
    enum keeper_type type;
    enum head2_status status;
    enum head2_alg alg; /* HEAD2_ALG_NONE: it is of no key */
    uint64_t time_ms, uses;
    uint8_t key[HEAD2_KEY_ID_BYTES];
    char label[KEEPER_LABEL_MAX + 1];
};

void told_write(uint8_t out[TOLD_BYTES], const struct keeper_event *e, uint64_t time_ms);
void told_write_anchor(uint8_t out[TOLD_BYTES], const struct store_anchor *anchor);
/* Whether it is an anchor. */
bool told_read_anchor(struct store_anchor *out, const uint8_t in[TOLD_BYTES]);
/* An event. HEAD2_OK or HEAD2_E_MALFORMED. */
HEAD2_CHECK enum head2_status told_read(struct told *out, const uint8_t in[TOLD_BYTES]);

/* A word for it: "generate", "sign", "uses". */
const char *told_name(enum keeper_type type);
/* Whether it changes keys, or who may use them, or was refused at the door: what is always
 * recorded. */
bool told_is_change(const struct keeper_event *e);

#endif
