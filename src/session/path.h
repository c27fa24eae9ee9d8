/*
 * Where a session's peer is reached, and how that moves (path.c).
 *
 * The address moves only after a challenge sent to the new one has been answered from it and the
 * one in use has not answered for a second. Only an authentic packet that is no duplicate and
 * carries the highest record number of its lane makes an end ask. One address is asked at a time.
 */
#ifndef HEAD2_SESSION_PATH_H
#define HEAD2_SESSION_PATH_H

#include "session/wire.h"

#define PATH_TOKEN   8
#define PATH_TRIES   3
#define PATH_EVERY   (300 * MS) /* between two tries */
#define PATH_WAIT    SECOND     /* after which it is decided */
#define PATH_SILENCE (300 * MS) /* of the address in use: then urgent packets go to both */
#define PATH_FACTOR  3          /* bytes to an unproven address, for each that came from it */
/* A key must be this old before a challenge has it replaced: who can cause challenges causes no
 * more exchanges than the shortest rotation makes. */
#define PATH_KEY_AGE (ROT_SECONDS_MIN * SECOND)

enum path_side { PATH_IN_USE, PATH_NEW };

struct path {
    struct head2_address from; /* of the latest authentic packet */
    uint64_t heard;            /* when the latest came from the address in use */
    bool probing;
    bool answered;           /* the new address has answered */
    struct head2_address to; /* the new address */
    uint8_t token[2][PATH_TOKEN];
    bool due[2]; /* a challenge is to be sent there */
    unsigned tries;
    uint64_t began;  /* of the present probe; the next begins PATH_WAIT later */
    uint64_t rx, tx; /* bytes from the new address, and to it */
};

/* The second of two that are the same. */
struct datagram {
    struct head2_address to;
    size_t len;
    uint8_t bytes[DATAGRAM_MAX];
};

struct head2_session;
struct tunnel;

void path_start(struct tunnel *t, const struct head2_address *address, uint64_t now);
/* An authentic packet has come that is no duplicate. highest: of its lane. */
void path_heard(struct head2_session *s, struct tunnel *t, const struct head2_address *from,
                size_t len, bool highest);
/* A PATH_RESPONSE has come, from where path_heard was last told. */
void path_answered(struct head2_session *s, struct tunnel *t, const uint8_t token[PATH_TOKEN]);
void path_tick(struct head2_session *s, struct tunnel *t);
uint64_t path_due(const struct tunnel *t);
/* Seals the challenge that is due next, if there is one, and says where to; 0 if not. */
size_t path_next(struct head2_session *s, struct tunnel *t, uint8_t *out, struct head2_address *to);
/* Whether an urgent datagram of len bytes, sealed and on its way to the address in use, goes to the
 * new one as well, as it is. If so it is counted. */
bool path_copies(const struct head2_session *s, struct tunnel *t, size_t len);

#endif
