/*
 * Rotation, ratchet and overlap (docs/protocol.md, section 11) over a network that loses, repeats,
 * delays and reorders whatever it likes. One data lane for each direction, and the control lane.
 *
 * An epoch is one byte: generation * STEPS + ratchet step. A side knows nothing of the other but
 * what packets tell it, as in src/session: its sending epoch, the one before it (overlap), the set
 * of receive keys it holds, whether the next generation can be sent under, and whether it has heard
 * the peer in its present epoch (the look-ahead rule).
 *
 * What must hold:
 *   P1  an authentic packet never arrives under keys that the receiver does not hold yet
 *   P2  no (epoch, record number) seals two different plaintexts
 *   P3  a record is delivered at most once
 *   P4  a side's sending epoch only grows
 *   P5  both ends that have a next generation have the same one
 *
 * Mutations (-DMUT_...) each leave one rule out: run expects them to be found. -DREACH asks whether
 * a rotation can complete at all: it must.
 */
#ifndef RECORDS
#define RECORDS 2   /* data packets that each side sends */
#endif
#ifndef GENERATIONS
#define GENERATIONS 2
#endif
#ifndef RATCHETS
#define RATCHETS 1  /* steps that a side may take in all */
#endif
#ifndef SLOTS
#define SLOTS 2     /* packets under way in each direction; more are lost */
#endif
#define STEPS   3
#define OVERLAP 2   /* 5 in the protocol; two show what there is to show */

#define GEN(e)     ((e) / STEPS)
#define FIRST(g)   ((g) * STEPS)
#define PEER(s)    (1 - (s))
#define BIT(e)     (1 << (e))

#define NOTHING 0
#define DATA    1
#define INIT    2
#define RESP    3
#define CONFIRM 4

typedef packet { byte kind; byte epoch; byte number }   /* number: record, or generation */
packet link[2 * SLOTS];                                 /* to the gateway, then to the drone */

/* side 0 is the drone, 1 the gateway */
byte tx[2], prev[2], overlap[2], record[2];
byte keys[2];       /* epochs whose receive keys are held */
byte newest[2];     /* highest epoch under which the peer was authentic */
bool heard[2];      /* the peer, in the present epoch or a later one */
byte agreed[2];     /* highest generation whose receive keys were made */
byte usable[2];     /* highest generation that may be sent under */
byte steps[2];
bool asked;         /* the drone has sent ROT_INIT and waits */
bool delivered[2 * RECORDS], sealed[12 * RECORDS];
byte times[2 * RECORDS];

hidden byte slot, e, n, k;

inline put(side, what, under, no) {
    slot = side * SLOTS;
    do
    :: slot < (side + 1) * SLOTS && link[slot].kind != NOTHING -> slot++
    :: else -> break
    od;
    if
    :: slot < (side + 1) * SLOTS ->
        link[slot].kind = what; link[slot].epoch = under; link[slot].number = no
    :: else -> skip
    fi
}

inline clear(at) { link[at].kind = NOTHING; link[at].epoch = 0; link[at].number = 0 }

/* twin: the copy of a record under the epoch before. One record number, one plaintext. */
inline seal(side, under, no) {
    assert(!sealed[(side * 6 + under) * RECORDS + no]);                                 /* P2 */
    sealed[(side * 6 + under) * RECORDS + no] = true;
    put(side, DATA, under, no)
}

inline send(side) {
    seal(side, tx[side], record[side]);
    if
    :: overlap[side] > 0 -> seal(side, prev[side], record[side]); overlap[side]--
    :: else -> skip
    fi;
    record[side]++
}

inline switch_to(side, to) {
    assert(to > tx[side]);                                                              /* P4 */
    prev[side] = tx[side];
    tx[side] = to;
    overlap[side] = OVERLAP;
    heard[side] = newest[side] >= to;
#ifdef MUT_NUMBERS_RESTART
    record[side] = 0;
#endif
    keys[side] = keys[side] | BIT(to) | BIT(to + 1)
}

/* The step is silent: the peer holds the keys of the next one always, and of no other. */
#ifdef MUT_NO_LOOK_AHEAD
#define MAY_STEP(side) true
#else
#define MAY_STEP(side) heard[side]
#endif

inline deliver(from, no) {
#ifdef MUT_NO_WINDOW
    times[from * RECORDS + no]++;
#else
    if
    :: !delivered[from * RECORDS + no] -> times[from * RECORDS + no]++
    :: else -> skip
    fi;
#endif
    delivered[from * RECORDS + no] = true;
    assert(times[from * RECORDS + no] < 2)                                              /* P3 */
}

/* An authentic packet under epoch e; side is who receives it. */
inline authentic(side) {
    if
    :: e > newest[side] -> newest[side] = e
    :: else -> skip
    fi;
    if
    :: e >= tx[side] -> heard[side] = true
    :: else -> skip
    fi;
#ifndef MUT_CONFIRM_NOT_NEEDED
    if
    :: GEN(e) > usable[side] -> usable[side] = GEN(e)
    :: else -> skip
    fi;
#endif
    if
    :: e > tx[side] && usable[side] > GEN(e) -> switch_to(side, FIRST(usable[side]))
    :: e > tx[side] && usable[side] <= GEN(e) -> switch_to(side, e)
    :: else -> skip
    fi
}

inline take_init(side) {
    if
    :: n == agreed[1] + 1 && usable[1] == agreed[1] && n == GEN(tx[1]) + 1 ->
        agreed[1] = n;
        keys[1] = keys[1] | BIT(FIRST(n))
#ifdef MUT_CONFIRM_NOT_NEEDED
        ; usable[1] = n
#endif
    :: else -> skip
    fi;
    if
    :: n == agreed[1] && n > GEN(tx[1]) -> put(1, RESP, tx[1], n)     /* the same bytes each time */
    :: else -> skip
    fi
}

inline take_resp(side) {
    if
    :: asked && n == agreed[0] + 1 ->
        asked = false;
        agreed[0] = n;
        usable[0] = n;
        keys[0] = keys[0] | BIT(FIRST(n)) | BIT(FIRST(n) + 1);
        assert(agreed[1] == n);                                                         /* P5 */
        put(0, CONFIRM, tx[0], n)
    :: else -> skip
    fi
}

inline take_confirm(side) {
    if
    :: n == agreed[1] && usable[1] < n -> usable[1] = n
    :: else -> skip
    fi
}

/* Any packet under way to side, whichever; it may stay and come again. */
inline receive(side) {
    slot = PEER(side) * SLOTS;
    do
    :: slot < PEER(side) * SLOTS + SLOTS - 1 -> slot++
    :: break
    od;
    k = link[slot].kind; e = link[slot].epoch; n = link[slot].number;
    if
    :: clear(slot)
    :: skip
    fi;
    if
    :: k != NOTHING && (keys[side] & BIT(e)) == 0 ->
        assert(e < newest[side])                                         /* P1: erased, not missing */
    :: k != NOTHING && (keys[side] & BIT(e)) != 0 ->
        authentic(side);
        if
        :: k == DATA -> deliver(PEER(side), n)
        :: k == INIT -> take_init(side)
        :: k == RESP -> take_resp(side)
        :: k == CONFIRM -> take_confirm(side)
        fi
    :: else -> skip
    fi
}

/* Two seconds after the first packet of a newer epoch. */
inline forget_old(side) {
    e = 0;
    do
    :: e < newest[side] && e < tx[side] -> keys[side] = keys[side] & ~BIT(e); e++
    :: else -> break
    od
}

inline arm(side) {
    if
    :: usable[side] > GEN(tx[side]) -> switch_to(side, FIRST(usable[side]))
    :: usable[side] <= GEN(tx[side]) && steps[side] < RATCHETS && tx[side] % STEPS < STEPS - 1 ->
        if
        :: MAY_STEP(side) -> steps[side]++; switch_to(side, tx[side] + 1)
        :: else -> skip
        fi
    :: else -> skip
    fi
}

#define SENT_ALL (record[0] >= RECORDS && record[1] >= RECORDS)

proctype drone() {
    do
    :: atomic { record[0] < RECORDS -> send(0) }
    :: atomic { !asked && agreed[0] == GEN(tx[0]) && GEN(newest[0]) == GEN(tx[0]) &&
                agreed[0] + 1 < GENERATIONS -> asked = true; put(0, INIT, tx[0], agreed[0] + 1) }
    :: atomic { asked -> put(0, INIT, tx[0], agreed[0] + 1) }              /* retransmission */
    :: atomic { usable[0] > GEN(newest[0]) -> put(0, CONFIRM, tx[0], usable[0]) }
    :: atomic { arm(0) }
    :: atomic { overlap[0] = 0 }                                           /* two seconds over */
    :: atomic { forget_old(0) }
    :: atomic { receive(0) }
    :: SENT_ALL -> break
    od
}

proctype gateway() {
    do
    :: atomic { record[1] < RECORDS -> send(1) }
    :: atomic { arm(1) }
    :: atomic { overlap[1] = 0 }
    :: atomic { forget_old(1) }
    :: atomic { receive(1) }
    :: SENT_ALL -> break
    od
}

proctype loss() {
    do
    :: atomic { slot = 0; do :: slot < 2 * SLOTS - 1 -> slot++ :: break od; clear(slot) }
    :: SENT_ALL -> break
    od
}

#ifdef REACH
proctype reached() {
    atomic { GEN(tx[0]) == 1 && GEN(tx[1]) == 1 && delivered[0] && delivered[RECORDS] -> assert(false) }
}
#endif

init {
    atomic {
        keys[0] = BIT(0) | BIT(1); keys[1] = BIT(0) | BIT(1);
        heard[0] = true; heard[1] = true;
        run drone(); run gateway(); run loss();
#ifdef REACH
        run reached();
#endif
    }
}
