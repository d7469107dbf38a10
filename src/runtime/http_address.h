/*
 * http_address.h - whether an address is one of the public internet.
 */
#ifndef TH_RUNTIME_HTTP_ADDRESS_H
#define TH_RUNTIME_HTTP_ADDRESS_H

#include <stdbool.h>
#include <sys/socket.h>

/* False for loopback, private, link-local, shared, multicast and reserved ones, also where an IPv6
 * address carries such an IPv4 one, and for anything that is neither. */
bool th__address_is_public(const struct sockaddr *address);

#endif
