/*
 * Which symbols have followed which contexts: the memory of MultiMMC and LZ78Y for more than two
 * symbols. A context of length m is the m symbols before a position. Contexts form a trie that
 * grows backwards from the position; a chain of contexts that were met once only, at one position,
 * is a single leaf until it is met again. So a symbol costs as many steps as its longest known
 * context has symbols, and memory is in proportion to contexts met twice.
 */
#ifndef HEAD2_ASSESS_CONTEXTS_H
#define HEAD2_ASSESS_CONTEXTS_H

#include "assess/sequence.h"

#define CONTEXT_MAX 16

/* A known context: its most frequent follower (of several, the greatest) and how often that was.
 * One follower and one longer context, all that most have, need no table. */
struct context {
    uint32_t best;
    uint8_t symbol;
    bool many;         /* it has more followers than `symbol`: counts are in the table */
    uint8_t longer_by; /* the symbol before this context in its first longer one */
    uint32_t longer;   /* that; 0 when there is none. The others are in the table */
};

struct context_table; /* of 32-bit keys */

struct contexts {
    const uint8_t *symbol;
    struct context *node; /* the first 256 are the contexts of length 1 */
    size_t nodes, nodes_room;
    struct context_leaf *leaf;
    size_t leaves, leaves_room;
    struct context_table *longer;
    struct context_table *followers;
    uint32_t *first;  /* how often symbol b followed a, at 256 a + b */
    uint32_t *second; /* the context of a with b before it, at 256 a + b */
};

HEAD2_CHECK enum head2_status contexts_init(struct contexts *c, const uint8_t *symbol);
void contexts_free(struct contexts *c);

/* Room for one more symbol: what comes before the next contexts_reserve cannot fail. */
HEAD2_CHECK enum head2_status contexts_reserve(struct contexts *c);

/* The known contexts of position i of lengths 1, 2, ... at most `most`, until one is unknown:
 * path[m] is that of length m. Returns the greatest known length. */
unsigned contexts_find(struct contexts *c, uint32_t path[CONTEXT_MAX + 1], size_t i, unsigned most);

/* Symbol v followed a known context; true when it had not done so yet. Does nothing in that case
 * when new ones are not to be counted. */
bool contexts_follow(struct contexts *c, uint32_t id, uint8_t v, bool count_new);

/* The contexts of lengths from..to before position i, which are unknown, are followed by the symbol
 * there. path is that of contexts_find, which returned from - 1. */
void contexts_add(struct contexts *c, const uint32_t path[CONTEXT_MAX + 1], size_t i, unsigned from,
                  unsigned to);

#endif
