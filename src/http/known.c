/*
 * known.c - whether a name is one of a function: an app of this process has it, or the hub
 * remembers it of some worker, which may come again.
 *
 * What a hub has known it never forgets, so that a name needs to be asked for once.
 */
#include "http/http_int.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define CACHED 256

static const char *const kinds[] = { [TH_ITEM_ORCHESTRATOR] = "orchestrator",
                                     [TH_ITEM_ACTIVITY] = "activity",
                                     [TH_ITEM_ENTITY] = "entity" };

typedef struct entry {
    int32_t hub_id;
    const char *kind; /* one of the above */
    char *name;
} entry;

struct th__known {
    pthread_mutex_t lock;
    entry entries[CACHED];
    size_t next; /* the oldest goes */
};

th__known *th__known_new(void)
{
    th__known *known = th_malloc(sizeof *known);

    pthread_mutex_init(&known->lock, NULL);
    return known;
}

void th__known_free(th__known *known)
{
    if (!known)
        return;
    for (size_t i = 0; i < CACHED; i++)
        free(known->entries[i].name);
    pthread_mutex_destroy(&known->lock);
    free(known);
}

static bool recall(const th__request *r)
{
    th__known *known = r->server->known;
    bool found = false;

    pthread_mutex_lock(&known->lock);
    for (size_t i = 0; i < CACHED && !found; i++) {
        const entry *e = &known->entries[i];
        found = e->name && e->hub_id == r->hub->hub_id && e->kind == r->known_kind &&
                strcasecmp(e->name, r->known_name) == 0;
    }
    pthread_mutex_unlock(&known->lock);
    return found;
}

static void remember(const th__request *r)
{
    th__known *known = r->server->known;

    pthread_mutex_lock(&known->lock);
    entry *e = &known->entries[known->next++ % CACHED];
    free(e->name);
    *e = (entry){ r->hub->hub_id, r->known_kind, th_mstrdup(r->known_name) };
    pthread_mutex_unlock(&known->lock);
}

static bool is_here(const th__request *r, th_item_kind kind, const char *version)
{
    const th_http_options *o = &r->server->options;

    if (r->hub != &o->hub)
        return false;
    if (o->has_function && o->has_function(o->has_arg, kind, r->known_name, version))
        return true;
    return o->engine && th_engine_can_run(o->engine, kind, r->known_name, version);
}

static th_rc ask(th__request *r, th_db *db, th_error *err)
{
    th_rc rc = th_hub_knows(db, r->hub->hub_id, r->known_kind, r->known_name, &r->is_known, err);

    if (rc == TH_OK && r->is_known)
        remember(r);
    return rc;
}

void th__known_then(th__request *r, th_item_kind kind, const char *name, const char *version,
                    th__handler then)
{
    r->known_kind = kinds[kind];
    r->known_name = name;
    r->is_known = is_here(r, kind, version) || recall(r);
    if (r->is_known)
        then(r);
    else
        th__pool_run(r, ask, then);
}
