/* see address.h */
#include "gateway/address.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>

static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

bool address_is_v4(const struct head2_address *a)
{
    return memcmp(a->ip, mapped, sizeof mapped) == 0;
}

bool address_is_loopback(const struct head2_address *a)
{
    static const uint8_t one[16] = {[15] = 1};

    return address_is_v4(a) ? a->ip[12] == 127 : memcmp(a->ip, one, sizeof one) == 0;
}

bool address_is_any(const struct head2_address *a)
{
    static const uint8_t zero[16];

    return memcmp(a->ip, zero, 16) == 0 || (address_is_v4(a) && memcmp(a->ip + 12, zero, 4) == 0);
}

bool address_same(const struct head2_address *a, const struct head2_address *b)
{
    return a->port == b->port && memcmp(a->ip, b->ip, sizeof a->ip) == 0;
}

bool address_split(const char *text, char *host, size_t cap, uint16_t *port)
{
    const char *colon = strrchr(text, ':');
    unsigned long number = 0;

    if (colon == NULL || colon == text || colon[1] == 0 || strlen(colon + 1) > 5 ||
        strspn(colon + 1, "0123456789") != strlen(colon + 1))
        return false;
    number = strtoul(colon + 1, NULL, 10);
    size_t len = (size_t)(colon - text);
    if (text[0] == '[') {
        if (text[len - 1] != ']' || len < 3)
            return false;
        text++;
        len -= 2;
    } else if (memchr(text, ':', len) != NULL) {
        return false; /* an IPv6 address without brackets: the port would be guessed */
    }
    if (number > 65535 || len >= cap)
        return false;
    memcpy(host, text, len);
    host[len] = 0;
    *port = (uint16_t)number;
    return true;
}

bool address_parse(struct head2_address *out, const char *text)
{
    char host[INET6_ADDRSTRLEN];

    memset(out, 0, sizeof *out);
    if (!address_split(text, host, sizeof host, &out->port))
        return false;
    memcpy(out->ip, mapped, sizeof mapped);
    if (text[0] != '[')
        return inet_pton(AF_INET, host, out->ip + 12) == 1;
    return inet_pton(AF_INET6, host, out->ip) == 1;
}

void address_text(char out[ADDRESS_TEXT], const struct head2_address *a)
{
    char host[INET6_ADDRSTRLEN] = "?";

    if (address_is_v4(a)) {
        inet_ntop(AF_INET, a->ip + 12, host, sizeof host);
        snprintf(out, ADDRESS_TEXT, "%s:%u", host, a->port);
    } else {
        inet_ntop(AF_INET6, a->ip, host, sizeof host);
        snprintf(out, ADDRESS_TEXT, "[%s]:%u", host, a->port);
    }
}

socklen_t address_to_sockaddr(struct sockaddr_storage *out, const struct head2_address *a, bool v6)
{
    memset(out, 0, sizeof(struct sockaddr_in6));
    if (!v6) {
        struct sockaddr_in *in = (struct sockaddr_in *)out;
        in->sin_family = AF_INET;
        in->sin_port = htons(a->port);
        memcpy(&in->sin_addr, a->ip + 12, 4);
        return sizeof *in;
    }
    struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)out;
    in6->sin6_family = AF_INET6;
    in6->sin6_port = htons(a->port);
    memcpy(&in6->sin6_addr, a->ip, 16);
    return sizeof *in6;
}

void address_from_sockaddr(struct head2_address *out, const struct sockaddr_storage *from)
{
    memset(out, 0, sizeof *out);
    if (from->ss_family == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)from;
        memcpy(out->ip, mapped, sizeof mapped);
        memcpy(out->ip + 12, &in->sin_addr, 4);
        out->port = ntohs(in->sin_port);
    } else if (from->ss_family == AF_INET6) {
        const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)from;
        memcpy(out->ip, &in6->sin6_addr, 16);
        out->port = ntohs(in6->sin6_port);
    }
}
