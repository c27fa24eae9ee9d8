/*
 * Gateways that crash, come back, are replaced by a spare, or run twice by mistake, all with a
 * random generator that gives the same bytes each time (docs/protocol.md, section 7: random_g, and
 * the incarnation in params). The drone's generator repeats itself too.
 *
 * A session's keys come from random_d and random_g = H(incarnation, node, counter, random bytes);
 * bytes that repeat add nothing, so a key is here (random_d, incarnation, node, counter).
 *
 * What must hold:
 *   F1  no two sessions ever have the same keys, at whichever gateways
 *   F2  a drone that has accepted an incarnation accepts none below it (a zombie does not get it back)
 *
 * Mutations (-DMUT_...) each leave one rule out and must be found; -DREACH must be reached.
 */
#define NODES    2  /* machines, each with a node_id */
#define STARTS   3  /* of gateways in all */
#define ANSWERS  2  /* that one gateway gives */

byte store[NODES];              /* the durable counter in each machine's state folder */
bool running[NODES];
byte incarnation[NODES], counter[NODES];
byte starts, highest;
bool used[36];                  /* (incarnation, node, counter) */

hidden byte key, node_part;

inline start(n) {
#ifdef MUT_NO_INCARNATION
    incarnation[n] = 1;
#else
    store[n]++;                 /* durable before the first packet */
    incarnation[n] = store[n];
#endif
    counter[n] = 0;
    running[n] = true;
    starts++
}

inline answer(n) {
#ifdef MUT_NO_NODE
    node_part = 0;
#else
    node_part = n;
#endif
    key = (incarnation[n] * NODES + node_part) * 3 + counter[n];
    assert(!used[key]);                                                                 /* F1 */
    used[key] = true;
#ifndef MUT_COUNTER_REPEATS
    counter[n]++;
#endif
    /* the drone opens it, and reads the incarnation */
    if
#ifdef MUT_INCARNATION_NOT_CHECKED
    :: true ->
#else
    :: incarnation[n] >= highest ->
#endif
        assert(incarnation[n] >= highest);                                              /* F2 */
        highest = incarnation[n]
    :: else -> skip
    fi
}

active [NODES] proctype machine() {
    byte n = _pid;
    do
    :: atomic { !running[n] && starts < STARTS -> start(n) }   /* the other may run, or have crashed */
    :: atomic { running[n] && counter[n] < ANSWERS -> answer(n) }
    :: atomic { running[n] -> running[n] = false }
    :: starts >= STARTS && !running[n] -> break
    od
}

#ifdef REACH
active proctype reached() { atomic { highest == STARTS && used[(STARTS * NODES + 1) * 3] -> assert(false) } }
#endif
