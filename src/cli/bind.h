/*
 * bind.h - which addresses only this machine can reach, and so whether requests need keys.
 */
#ifndef TH_CLI_BIND_H
#define TH_CLI_BIND_H

#include <stdbool.h>

#include "base/config.h"

/* 127.0.0.0/8, ::1 (also in brackets or mapped), and the name localhost. Other names are not looked
 * up. */
bool th_bind_is_loopback(const char *address);

/* Keys are on where other machines can reach the address, unless no_auth; and wherever auth says
 * so. */
bool th_bind_needs_keys(const th_config *config);

#endif
