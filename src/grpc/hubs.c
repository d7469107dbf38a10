/*
 * hubs.c - the hub that a call names in its metadata; what was looked up stays for a while.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/config.h"
#include "grpc/grpc_int.h"

enum { REMEMBERED = 32 };

#define FOUND_FOR (10 * TH__SECOND)

typedef struct entry {
    th_hub hub;
    int64_t until_us;
} entry;

struct th__grpc_hubs {
    pthread_mutex_t lock;
    entry entries[REMEMBERED];
};

th__grpc_hubs *th__grpc_hubs_new(void)
{
    th__grpc_hubs *hubs = th_malloc(sizeof *hubs);

    pthread_mutex_init(&hubs->lock, NULL);
    return hubs;
}

void th__grpc_hubs_free(th__grpc_hubs *hubs)
{
    if (!hubs)
        return;
    pthread_mutex_destroy(&hubs->lock);
    free(hubs);
}

static bool recall(th__grpc_hubs *hubs, const char *name, th_hub *out)
{
    int64_t now = th_mono_us();
    bool known = false;

    pthread_mutex_lock(&hubs->lock);
    for (size_t i = 0; i < REMEMBERED && !known; i++) {
        const entry *e = &hubs->entries[i];
        known = e->until_us > now && strcasecmp(e->hub.name, name) == 0;
        if (known)
            *out = e->hub;
    }
    pthread_mutex_unlock(&hubs->lock);
    return known;
}

/* In the place of the one that ends first. */
static void remember(th__grpc_hubs *hubs, const th_hub *hub)
{
    entry *place = hubs->entries;

    pthread_mutex_lock(&hubs->lock);
    for (size_t i = 1; i < REMEMBERED; i++)
        if (hubs->entries[i].until_us < place->until_us)
            place = &hubs->entries[i];
    *place = (entry){ *hub, th_mono_us() + FOUND_FOR };
    pthread_mutex_unlock(&hubs->lock);
}

void th__grpc_hub_forget(th__grpc_hubs *hubs, const char *name)
{
    pthread_mutex_lock(&hubs->lock);
    for (size_t i = 0; i < REMEMBERED; i++)
        if (strcasecmp(hubs->entries[i].hub.name, name) == 0)
            hubs->entries[i].until_us = 0;
    pthread_mutex_unlock(&hubs->lock);
}

static th_rc look_up(th__rpc *rpc, th_db *db, void *name, th_error *err)
{
    if (th_db_is_lost(db))
        return th_fail(err, TH_DB_LOST, "the connection was lost");
    return th_hub_get(db, name, &rpc->hub, err);
}

th_rc th__grpc_hub_find(th__rpc *rpc, th_error *err)
{
    const th_grpc_options *o = &rpc->grpc->options;
    const char *name = th_call_metadata(rpc->call, "taskhub");

    if (!name || !*name || strcasecmp(name, o->hub.name) == 0) {
        rpc->hub = o->hub;
        return TH_OK;
    }
    if (th_hub_name_problem(name))
        return th_fail(err, TH_NOT_FOUND, "no task hub has the name in the metadata taskhub");
    if (recall(rpc->grpc->hubs, name, &rpc->hub))
        return TH_OK;
    th_rc rc = th__grpc_pool_run(rpc, look_up, (void *)(uintptr_t)name, err);
    if (rc == TH_NOT_FOUND) {
        th_error_clear(err);
        return th_fail(err, rc, "there is no task hub '%s'", name);
    }
    if (rc == TH_OK)
        remember(rpc->grpc->hubs, &rpc->hub);
    return rc;
}
