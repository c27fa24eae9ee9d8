/*
 * Addresses: text "127.0.0.1:5710" or "[::1]:5710", struct sockaddr, struct head2_address.
 */
#ifndef HEAD2_GATEWAY_ADDRESS_H
#define HEAD2_GATEWAY_ADDRESS_H

#include "base/base.h"

#include <head2/session.h>

#include <netinet/in.h>
#include <sys/socket.h>

#define ADDRESS_TEXT 64

bool address_is_v4(const struct head2_address *a);
bool address_is_loopback(const struct head2_address *a);
bool address_is_any(const struct head2_address *a);
bool address_same(const struct head2_address *a, const struct head2_address *b);

/* An IP address and a port; no names. False when it is anything else. */
bool address_parse(struct head2_address *out, const char *text);
/* The host and port of "host:port" or "[host]:port"; false when it is not of that form. */
bool address_split(const char *text, char *host, size_t cap, uint16_t *port);
void address_text(char out[ADDRESS_TEXT], const struct head2_address *a);

/* v6: write an IPv6 socket address also for an IPv4 one (a socket of both families). */
socklen_t address_to_sockaddr(struct sockaddr_storage *out, const struct head2_address *a, bool v6);
void address_from_sockaddr(struct head2_address *out, const struct sockaddr_storage *from);

#endif
