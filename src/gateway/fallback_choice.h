/*
 * Which two of a drone's keys count. A drone holds two; a gateway keeps and exports two, and a node
 * takes two. The newest may never have come to the drone, so beside it stands the newest that the
 * drone has acknowledged.
 */
#ifndef HEAD2_GATEWAY_FALLBACK_CHOICE_H
#define HEAD2_GATEWAY_FALLBACK_CHOICE_H

#include "gateway/fallback_store.h"

/* A stored key without what is secret. */
struct fallback_brief {
    uint8_t id[HEAD2_FALLBACK_ID_BYTES];
    uint8_t drone[32];
    uint8_t beside[HEAD2_FALLBACK_ID_BYTES]; /* of the entry */
    uint64_t issue_ms;
    uint16_t counter;
    bool acknowledged;
    bool present;  /* the caller's: gateway: it names the nodes of the configuration */
    uint32_t peer; /* the caller's */
    bool chosen;
};

struct fallback_briefs {
    struct fallback_brief *b;
    size_t n, cap;
};

/* NULL when there is no memory. Good until the next one is added. */
struct fallback_brief *fallback_briefs_add(struct fallback_briefs *all,
                                           const struct fallback_entry *entry);
void fallback_briefs_free(struct fallback_briefs *all);

enum fallback_end { FALLBACK_GATEWAY, FALLBACK_LINK, FALLBACK_NODE };

/* Sort by drone, each drone's newest first, and choose two of each. */
void fallback_briefs_choose(struct fallback_briefs *all, enum fallback_end end);

#endif
