/* see prefixes.h */
#include "gateway/prefixes.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>

static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

static void cut(uint8_t out[16], const uint8_t ip[16], unsigned bits)
{
    for (unsigned i = 0; i < 16; i++) {
        const unsigned left = bits > 8 * i ? bits - 8 * i : 0;
        const uint8_t mask = (uint8_t)(left >= 8 ? 0xff : 0xff00 >> left);
        out[i] = ip[i] & mask;
    }
}

/* 0 to most, without sign or zeros before; -1 when it is anything else. */
static int small_number(const char *text, int most)
{
    const size_t len = strlen(text);

    if (len == 0 || len > 3 || strspn(text, "0123456789") != len || (len > 1 && text[0] == '0'))
        return -1;
    const int n = atoi(text);
    return n <= most ? n : -1;
}

bool prefix_parse(struct prefix *out, const char *text, bool host)
{
    char address[PREFIX_TEXT];
    uint8_t net[16];
    const char *slash = strchr(text, '/');
    const size_t len = slash != NULL ? (size_t)(slash - text) : strlen(text);

    if (len >= sizeof address)
        return false;
    memcpy(address, text, len);
    address[len] = 0;
    memcpy(out->ip, mapped, sizeof mapped);
    const bool v4 = inet_pton(AF_INET, address, out->ip + 12) == 1;
    if (!v4 && (inet_pton(AF_INET6, address, out->ip) != 1 || prefix_is_v4(out)))
        return false;
    const int most = v4 ? 32 : 128, bits = slash != NULL ? small_number(slash + 1, most) : most;
    if (bits < 0)
        return false;
    out->bits = (uint8_t)(bits + (v4 ? 96 : 0));
    cut(net, out->ip, out->bits);
    return host || memcmp(net, out->ip, sizeof net) == 0;
}

bool prefix_is_v4(const struct prefix *p)
{
    return memcmp(p->ip, mapped, sizeof mapped) == 0;
}

void prefix_text(char out[PREFIX_TEXT], const struct prefix *p)
{
    char address[INET6_ADDRSTRLEN] = "";
    const bool v4 = prefix_is_v4(p) && p->bits >= 96;

    if (inet_ntop(v4 ? AF_INET : AF_INET6, v4 ? p->ip + 12 : p->ip, address, sizeof address) ==
        NULL)
        address[0] = 0;
    snprintf(out, PREFIX_TEXT, "%s/%d", address, p->bits - (v4 ? 96 : 0));
}

static int by_length(const void *a, const void *b)
{
    const struct prefix *x = a, *y = b;

    return x->bits != y->bits ? (int)y->bits - (int)x->bits : memcmp(x->ip, y->ip, sizeof x->ip);
}

bool prefixes_build(struct prefixes *p, struct prefix *list, uint32_t n,
                    const struct prefix **twice)
{
    *twice = NULL;
    p->list = list;
    p->n = n;
    if (n != 0)
        qsort(list, n, sizeof *list, by_length);
    for (uint32_t i = 1; i < n; i++)
        if (by_length(&list[i - 1], &list[i]) == 0)
            *twice = &list[i];
    for (uint32_t i = 0, at = 0; i <= 129; i++) {
        while (at < n && 128u - list[at].bits < i)
            at++;
        p->first[i] = at;
    }
    return *twice == NULL;
}

uint32_t prefixes_find(const struct prefixes *p, const uint8_t ip[16])
{
    struct prefix wanted = {.peer = PREFIX_NOBODY};

    for (unsigned i = 0; i <= 128; i++) {
        const uint32_t first = p->first[i], n = p->first[i + 1] - first;
        if (n == 0)
            continue;
        wanted.bits = (uint8_t)(128 - i);
        cut(wanted.ip, ip, wanted.bits);
        const struct prefix *found = bsearch(&wanted, p->list + first, n, sizeof wanted, by_length);
        if (found != NULL)
            return found->peer;
    }
    return PREFIX_NOBODY;
}

void prefixes_free(struct prefixes *p)
{
    free(p->list);
    *p = (struct prefixes){.list = NULL};
}
