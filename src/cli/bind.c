/*
 * bind.c - keys or none.
 */
#include "cli/bind.h"

#include "base/loopback.h"

bool th_bind_needs_keys(const th_config *config)
{
    return config->auth || (!config->no_auth && !th_is_loopback(config->bind));
}
