/*
 * keys.c - the keys that open a hub, in memory for a second: a call costs no query then, and a
 * revoked key is refused a second later. While the database can't be reached the last ones stay.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "grpc/grpc_int.h"

enum { LONGEST_KEY = 512 }; /* what is longer is not even hashed */

struct th__grpc_keys {
    pthread_mutex_t lock; /* also while they are read: one reads, the others wait for it */
    th_arena *arena;      /* NULL: never read */
    th_keys keys;
    int64_t read_us;
};

th__grpc_keys *th__grpc_keys_new(void)
{
    th__grpc_keys *keys = th_malloc(sizeof *keys);

    pthread_mutex_init(&keys->lock, NULL);
    return keys;
}

void th__grpc_keys_free(th__grpc_keys *keys)
{
    if (!keys)
        return;
    pthread_mutex_destroy(&keys->lock);
    th_arena_free(keys->arena);
    free(keys);
}

static th_rc load(th__rpc *rpc, th_db *db, void *data, th_error *err)
{
    th__grpc_keys *ring = data;
    const th_grpc_options *o = &rpc->grpc->options;
    th_arena *arena = th_arena_new(0), *old = arena;
    th_keys keys = { 0 };
    th_rc rc = th_keys_load(db, arena, &keys, err);

    if (rc == TH_OK) {
        if (o->system_key)
            th_keys_give(&keys, arena, o->hub.hub_id, o->system_key);
        old = ring->arena;
        ring->arena = arena;
        ring->keys = keys;
    }
    th_arena_free(old);
    return rc;
}

/* Under the lock. */
static th_rc refresh(th__rpc *rpc, th__grpc_keys *ring, th_error *err)
{
    th_rc rc = TH_OK;

    if (!ring->arena || th_mono_us() - ring->read_us > TH__SECOND) {
        rc = th__grpc_pool_run(rpc, load, ring, err);
        ring->read_us = th_mono_us(); /* of a failure too: no storm of tries */
    }
    return ring->arena ? TH_OK : rc;
}

/* x-functions-key, or what stands behind Bearer; NULL: there is nothing that could be a key. */
static const char *key_of(const th_call *call)
{
    const char *key = th_call_metadata(call, "x-functions-key");
    const char *bearer = th_call_metadata(call, "authorization");

    if (!key && bearer && strncasecmp(bearer, "Bearer ", 7) == 0)
        key = bearer + 7;
    return key && *key && strnlen(key, LONGEST_KEY + 1) <= LONGEST_KEY ? key : NULL;
}

/* For a hub that is still to be made one of the own hub is good. */
static th_key_kind kind_of(th__rpc *rpc, const th_keys *keys, const char *key, bool makes)
{
    const char *name = th_call_metadata(rpc->call, "taskhub"), *called = NULL;
    bool named = name && *name;
    const th_key_hub *hub = named ? th_keys_hub_named(keys, name) : NULL;

    if (!hub && (!named || makes))
        hub = th_keys_hub(keys, rpc->grpc->options.hub.hub_id);
    th_key_kind kind = hub ? th_keys_kind(keys, hub->hub_id, key, &called) : TH_KEY_NONE;
    rpc->key_name = th_strdup(rpc->arena, called);
    return kind;
}

bool th__grpc_key_check(th__rpc *rpc, th__rpc_scope scope)
{
    th__grpc_keys *ring = rpc->grpc->keys;
    const char *key = key_of(rpc->call);
    th_key_kind kind = TH_KEY_NONE;
    th_error err = { 0 };
    th_rc rc = TH_OK;

    pthread_mutex_lock(&ring->lock);
    if (key)
        rc = refresh(rpc, ring, &err);
    if (key && rc == TH_OK)
        kind = kind_of(rpc, &ring->keys, key, scope == TH__MAKES_HUB);
    pthread_mutex_unlock(&ring->lock);
    if (kind == TH_KEY_MASTER || (kind == TH_KEY_SYSTEM && scope == TH__WITHIN_HUB))
        return true;
    if (rc != TH_OK)
        th__rpc_fail_rc(rpc, TH_UNAVAILABLE, err.text);
    else if (kind == TH_KEY_SYSTEM)
        th__rpc_fail(rpc, TH_STATUS_PERMISSION_DENIED, "this call needs a master key of the hub");
    else if (kind == TH_KEY_FUNCTION)
        th__rpc_fail(rpc, TH_STATUS_PERMISSION_DENIED, "a function key does not open this service");
    else
        th__rpc_fail(rpc, TH_STATUS_UNAUTHENTICATED,
                     "a key of the hub is needed: authorization: Bearer KEY, or x-functions-key");
    return false;
}
