/*
 * The handshake (docs/protocol.md, sections 6 and 7) over a network that loses, repeats, delays and
 * reorders, with a stranger who sends what he can: he knows neither cookies nor handshake keys.
 * The drone makes up to ATTEMPTS attempts, one after the other, each with an hs_id of its own.
 *
 * What must hold:
 *   H1  keys are installed once for each attempt and side
 *   H2  a gateway has memory only for who has shown that he hears at his address
 *   H3  a session that is up stays until the drone has used the new one
 *   H4  a drone that is done has a gateway that is done; a gateway that is done has heard that drone
 *
 * Mutations (-DMUT_...) each leave one rule out and must be found; -DREACH must be reached.
 */
#ifndef ATTEMPTS
#define ATTEMPTS 2
#endif
#define SLOTS 2 /* messages under way in each direction */

#define NONE  0
#define HELLO 1
#define RETRY 2
#define INIT  3
#define RESP  4
#define AUTH  5
#define DONE  6
#define DATA  7

/* proof: a cookie of this address in what goes to the gateway; keyed: written with handshake keys */
typedef message { byte kind; byte id; bool proof; bool keyed }
message link[2 * SLOTS]; /* to the gateway, then to the drone */

#define SAYING_HELLO 0
#define WAITS_RESP   1
#define WAITS_DONE   2
#define UP           3
byte drone = SAYING_HELLO, attempt = 1;
bool cookie;         /* the drone holds one */
byte installed_drone[ATTEMPTS + 1];

#define UNKNOWN   0
#define HALF_OPEN 1
#define SESSION   2
#define FORGOTTEN 3
byte gateway[ATTEMPTS + 1];
bool granted[ATTEMPTS + 1], authentic[ATTEMPTS + 1];
byte installed_gateway[ATTEMPTS + 1];
bool old_session = true, proven;

hidden byte slot, k, i;
hidden byte p, s; /* of the message at hand */

inline put(to, what, which, shown, written) {
    slot = to * SLOTS;
    do
    :: slot < (to + 1) * SLOTS && link[slot].kind != NONE -> slot++
    :: else -> break
    od;
    if
    :: slot < (to + 1) * SLOTS ->
        link[slot].kind = what; link[slot].id = which;
        link[slot].proof = shown; link[slot].keyed = written
    :: else -> skip
    fi
}

inline clear(at) { link[at].kind = NONE; link[at].id = 0; link[at].proof = false; link[at].keyed = false }

/* Any message under way, which may stay and come again. */
inline take(to) {
    slot = to * SLOTS;
    do
    :: slot < (to + 1) * SLOTS - 1 -> slot++
    :: break
    od;
    k = link[slot].kind; i = link[slot].id; p = link[slot].proof; s = link[slot].keyed;
    if
    :: clear(slot)
    :: skip
    fi
}

inline drone_hears() {
    take(1);
    if
    :: k == RETRY && i == attempt && drone == SAYING_HELLO -> cookie = true
    :: k == RESP && i == attempt && drone == WAITS_RESP ->
        drone = WAITS_DONE;
        authentic[i] = true;
        put(0, AUTH, i, true, true)
    :: k == DONE && i == attempt && drone == WAITS_DONE ->
        drone = UP;
        installed_drone[i]++;
        assert(gateway[i] == SESSION)                                                   /* H4 */
#ifdef MUT_DONE_INSTALLS_AGAIN
    :: k == DONE && i == attempt && drone == UP -> installed_drone[i]++
#endif
    :: else -> skip
    fi;
    assert(installed_drone[attempt] < 2)                                                /* H1 */
}

#ifdef MUT_NO_COOKIE
#define HEARS_THERE true
#else
#define HEARS_THERE p
#endif
#ifdef MUT_AUTH_NOT_CHECKED
#define VERIFIES true
#else
#define VERIFIES s
#endif

inline gateway_hears() {
    take(0);
    if
    :: k == HELLO || (k == INIT && !(HEARS_THERE)) -> granted[i] = true; put(1, RETRY, i, false, false)
    :: k == INIT && (HEARS_THERE) && gateway[i] == UNKNOWN ->
        gateway[i] = HALF_OPEN;
        assert(granted[i] && p);                                                        /* H2 */
        put(1, RESP, i, false, true)
    :: k == INIT && (HEARS_THERE) && gateway[i] == HALF_OPEN -> put(1, RESP, i, false, true)
    :: k == AUTH && (VERIFIES) && gateway[i] == HALF_OPEN ->
        gateway[i] = SESSION;
        installed_gateway[i]++;
        assert(authentic[i]);                                                           /* H4 */
#ifdef MUT_NEW_SESSION_ENDS_OLD
        old_session = false;
#endif
        put(1, DONE, i, false, true)
    :: k == AUTH && (VERIFIES) && gateway[i] == SESSION ->
#ifdef MUT_AUTH_INSTALLS_AGAIN
        installed_gateway[i]++;
#endif
        put(1, DONE, i, false, true)                                       /* the same bytes again */
    :: k == DATA && s && gateway[i] == SESSION -> proven = true; old_session = false
    :: else -> skip
    fi;
    assert(installed_gateway[1] < 2 && installed_gateway[ATTEMPTS] < 2);                /* H1 */
    assert(old_session || proven)                                                       /* H3 */
}

active proctype drone_end() {
    do
    :: atomic { drone == SAYING_HELLO && !cookie -> put(0, HELLO, attempt, false, false) }
    :: atomic { drone == SAYING_HELLO && cookie -> drone = WAITS_RESP; put(0, INIT, attempt, true, false) }
    :: atomic { drone == WAITS_RESP -> put(0, INIT, attempt, true, false) }
    :: atomic { drone == WAITS_DONE -> put(0, AUTH, attempt, true, true) }
    :: atomic { drone == UP -> put(0, DATA, attempt, true, true) }
    :: atomic { drone < UP && attempt < ATTEMPTS -> drone = SAYING_HELLO; cookie = false; attempt++ }
    :: atomic { drone_hears() }
    od
}

active proctype gateway_end() {
    do
    :: atomic { gateway_hears() }
    :: atomic { gateway[1] == HALF_OPEN -> gateway[1] = FORGOTTEN }  /* an hs_id is not used again */
    :: atomic { gateway[ATTEMPTS] == HALF_OPEN -> gateway[ATTEMPTS] = FORGOTTEN }
    od
}

active proctype network() {
    do
    :: atomic { slot = 0; do :: slot < 2 * SLOTS - 1 -> slot++ :: break od; clear(slot) }
    :: atomic { put(0, HELLO, 1, false, false) }
    :: atomic { put(0, INIT, 1, false, false) }
    :: atomic { put(0, AUTH, 1, false, false) }
    :: atomic { put(0, DATA, 1, false, false) }
    od
}

#ifdef REACH
active proctype reached() { atomic { drone == UP && proven -> assert(false) } }
#endif
