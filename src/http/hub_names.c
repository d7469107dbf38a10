/*
 * hub_names.c - the hub that a request addresses: the app's own, or another one by name.
 *
 * Other hubs are looked up in the database and remembered for a while. A name that no hub has
 * addresses an empty hub (r->hub is NULL).
 */
#include "http/http_int.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/config.h"

#define CACHE_SIZE 32
#define FOUND_FOR (10 * TH__SECOND)
#define MISSING_FOR TH__SECOND

typedef struct entry {
    char name[TH_HUB_NAME_SIZE];
    th_hub hub;
    bool found;
    int64_t until_us;
} entry;

struct th__hubs {
    pthread_mutex_t lock;
    entry entries[CACHE_SIZE];
};

th__hubs *th__hubs_new(void)
{
    th__hubs *hubs = th_malloc(sizeof *hubs);

    pthread_mutex_init(&hubs->lock, NULL);
    return hubs;
}

void th__hubs_free(th__hubs *hubs)
{
    if (!hubs)
        return;
    pthread_mutex_destroy(&hubs->lock);
    free(hubs);
}

/* False: not known, or no longer. */
static bool recall(th__hubs *hubs, const char *name, entry *out)
{
    int64_t now = th_mono_us();
    bool known = false;

    pthread_mutex_lock(&hubs->lock);
    for (size_t i = 0; i < CACHE_SIZE && !known; i++) {
        const entry *e = &hubs->entries[i];
        known = e->until_us > now && strcasecmp(e->name, name) == 0;
        if (known)
            *out = *e;
    }
    pthread_mutex_unlock(&hubs->lock);
    return known;
}

/* Takes the place of an older word about the name, or of the entry that ends first. */
static void remember(th__hubs *hubs, const entry *news)
{
    entry *place = hubs->entries;

    pthread_mutex_lock(&hubs->lock);
    for (size_t i = 0; i < CACHE_SIZE; i++) {
        entry *e = &hubs->entries[i];
        if (strcasecmp(e->name, news->name) == 0) {
            place = e;
            break;
        }
        if (e->until_us < place->until_us)
            place = e;
    }
    *place = *news;
    pthread_mutex_unlock(&hubs->lock);
}

static void use(th__request *r, const entry *e)
{
    th_hub *copy = NULL;

    if (e->found) {
        copy = th_new(r->arena, th_hub, 1);
        *copy = e->hub;
    }
    r->hub = copy;
}

static th_rc look_up(th__request *r, th_db *db, th_error *err)
{
    const char *name = r->text;
    entry e = { .until_us = 0 };
    th_error missing = { 0 };
    th_rc rc = th_db_is_lost(db) ? TH_DB_LOST : th_hub_get(db, name, &e.hub, &missing);

    if (rc != TH_OK && rc != TH_NOT_FOUND)
        return th_fail(err, rc, "%s", missing.text);
    e.found = rc == TH_OK;
    e.until_us = th_mono_us() + (e.found ? FOUND_FOR : MISSING_FOR);
    strncpy(e.name, name, sizeof e.name - 1);
    remember(r->server->hubs, &e);
    use(r, &e);
    return TH_OK;
}

const char *th__hub_asked(th__request *r)
{
    const char *name = th_query_text(&r->query, r->arena, "taskHub");

    return name && name[strspn(name, " ")] ? name : NULL;
}

void th__hub_then(th__request *r, th__handler handler)
{
    const char *name = th__hub_asked(r);
    const th_hub *own = &r->server->options.hub;
    entry e;

    if (!name || strcasecmp(name, own->name) == 0) {
        r->hub = own;
        handler(r);
    } else if (r->strange_hub || th_hub_name_problem(name)) {
        r->hub = NULL; /* no hub has that name, or none can have it */
        handler(r);
    } else if (recall(r->server->hubs, name, &e)) {
        use(r, &e);
        handler(r);
    } else {
        r->text = name;
        th__pool_run(r, look_up, handler);
    }
}
