/*
 * bind.h - whether requests need keys.
 */
#ifndef TH_CLI_BIND_H
#define TH_CLI_BIND_H

#include <stdbool.h>

#include "base/config.h"

/* Keys are on where other machines can reach the address, unless no_auth; and wherever auth says
 * so. */
bool th_bind_needs_keys(const th_config *config);

#endif
