/*
 * IP prefixes and whose they are: "10.77.0.2/32", "fd77::/64". IPv4 ones are kept as mapped into
 * IPv6, so that there is one kind.
 */
#ifndef HEAD2_GATEWAY_PREFIXES_H
#define HEAD2_GATEWAY_PREFIXES_H

#include "base/base.h"

#define PREFIX_TEXT 64

struct prefix {
    uint8_t ip[16];
    uint8_t bits; /* of 128 */
    uint32_t peer;
};

/* An address with or without "/bits"; bits behind the prefix must be 0 unless host is true. False
 * when it is anything else. */
bool prefix_parse(struct prefix *out, const char *text, bool host);
bool prefix_is_v4(const struct prefix *p);
/* As people write it. */
void prefix_text(char out[PREFIX_TEXT], const struct prefix *p);

/* Prefixes in the order in which they are looked up: longest first. */
struct prefixes {
    struct prefix *list;
    uint32_t n;
    uint32_t first[129 + 1]; /* those of 128 - i bits begin at first[i] */
};

#define PREFIX_NOBODY UINT32_MAX

/* Take over list (allocated; freed by prefixes_free), sorted in place. False when one prefix is
 * there twice; *twice then points to it. */
bool prefixes_build(struct prefixes *p, struct prefix *list, uint32_t n,
                    const struct prefix **twice);
/* The peer with the longest prefix of an address; PREFIX_NOBODY. */
uint32_t prefixes_find(const struct prefixes *p, const uint8_t ip[16]);
void prefixes_free(struct prefixes *p);

#endif
