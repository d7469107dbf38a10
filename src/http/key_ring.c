/*
 * key_ring.c - the keys that are let in, in memory, and the check of a request.
 *
 * A thread with a connection of its own reads all keys anew every second, so a revoked key is
 * refused a second or two later, and no request, whatever key it comes with, costs a query. While
 * the database can't be reached the keys of the last reading stay.
 */
#include "http/http_int.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/log.h"
#include "http/auth.h"

#define REFRESH TH__SECOND

struct th__key_ring {
    char *conninfo;
    char *given; /* system key of the own hub, by setting; NULL: derived */
    th_hub own;
    th_db *db;
    bool failing; /* the last reading failed, and that was logged */

    pthread_rwlock_t lock; /* of the two below */
    th_arena *arena;
    th_keys keys;

    pthread_t thread;
    bool running;
    pthread_mutex_t stop_lock;
    pthread_cond_t stop;
    bool stopping;
};

/* ---- reading them -----------------------------------------------------------------------------
 */

static th_rc load(th__key_ring *ring, th_arena *arena, th_keys *keys, th_error *err)
{
    th_rc rc = TH_OK;

    if (ring->db && th_db_is_lost(ring->db)) {
        th_db_close(ring->db);
        ring->db = NULL;
    }
    if (!ring->db)
        rc = th_db_open(ring->conninfo, TH_DB_POOL, &ring->db, err);
    if (rc != TH_OK)
        ring->db = NULL;
    else
        rc = th_keys_load(ring->db, arena, keys, err);
    if (rc == TH_OK && !th_keys_hub(keys, ring->own.hub_id))
        rc = th_fail(
            err, TH_SCHEMA,
            "hub %s has no secret in taskhub.hub_secrets: `taskhub key revoke " TH_SYSTEM_KEY_NAME
            "` makes one",
            ring->own.name);
    if (rc == TH_OK && ring->given)
        th_keys_give(keys, arena, ring->own.hub_id, ring->given);
    return rc;
}

static th_rc refresh(th__key_ring *ring, th_error *err)
{
    th_arena *arena = th_arena_new(0), *old = arena;
    th_keys keys = { 0 };
    th_rc rc = load(ring, arena, &keys, err);

    if (rc == TH_OK) {
        pthread_rwlock_wrlock(&ring->lock);
        old = ring->arena;
        ring->arena = arena;
        ring->keys = keys;
        pthread_rwlock_unlock(&ring->lock);
    }
    th_arena_free(old);
    return rc;
}

static void log_outcome(th__key_ring *ring, th_rc rc, const th_error *err)
{
    bool failed = rc != TH_OK;

    if (failed && !ring->failing)
        th_log(TH_LOG_WARN, TH_EV_KEYS, NULL,
               "access keys cannot be read, those of the last reading stay: %s", err->text);
    else if (!failed && ring->failing)
        th_log(TH_LOG_INFO, TH_EV_KEYS, NULL, "access keys are read again");
    ring->failing = failed;
}

/* False: it is time to stop. */
static bool pause_between(th__key_ring *ring)
{
    struct timespec until;
    bool going;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += REFRESH / TH__SECOND;
    pthread_mutex_lock(&ring->stop_lock);
    while (!ring->stopping &&
           pthread_cond_timedwait(&ring->stop, &ring->stop_lock, &until) != ETIMEDOUT)
        ;
    going = !ring->stopping;
    pthread_mutex_unlock(&ring->stop_lock);
    return going;
}

static void *run(void *arg)
{
    th__key_ring *ring = arg;

    while (pause_between(ring)) {
        th_error err = { 0 };
        log_outcome(ring, refresh(ring, &err), &err);
    }
    return NULL;
}

/* ---- a life -----------------------------------------------------------------------------------
 */

static th__key_ring *new_ring(const th_http_options *options)
{
    th__key_ring *ring = th_malloc(sizeof *ring);
    pthread_condattr_t attr;

    ring->conninfo = th_mstrdup(options->conninfo);
    ring->given = th_mstrdup(options->system_key);
    ring->own = options->hub;
    pthread_rwlock_init(&ring->lock, NULL);
    pthread_mutex_init(&ring->stop_lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&ring->stop, &attr);
    pthread_condattr_destroy(&attr);
    return ring;
}

th_rc th__key_ring_start(const th_http_options *options, th__key_ring **out, th_error *err)
{
    th__key_ring *ring = *out = new_ring(options);
    th_rc rc = refresh(ring, err);

    if (rc != TH_OK)
        return rc;
    if (pthread_create(&ring->thread, NULL, run, ring) != 0)
        return th_fail(err, TH_IO, "cannot start a thread for access keys");
    ring->running = true;
    return TH_OK;
}

bool th__key_ring_stop(th__key_ring *ring, int64_t wait_us)
{
    struct timespec until;

    if (!ring || !ring->running)
        return true;
    pthread_mutex_lock(&ring->stop_lock);
    ring->stopping = true;
    pthread_cond_signal(&ring->stop);
    pthread_mutex_unlock(&ring->stop_lock);
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += wait_us / TH__SECOND;
    ring->running = pthread_timedjoin_np(ring->thread, NULL, &until) != 0;
    return !ring->running;
}

void th__key_ring_free(th__key_ring *ring)
{
    if (!ring)
        return;
    th_db_close(ring->db);
    pthread_cond_destroy(&ring->stop);
    pthread_mutex_destroy(&ring->stop_lock);
    pthread_rwlock_destroy(&ring->lock);
    th_arena_free(ring->arena);
    free(ring->given);
    free(ring->conninfo);
    free(ring);
}

/* ---- judging a request ------------------------------------------------------------------------
 */

/*
 * The hub whose keys count. Starters and metrics belong to the own one; so does the name of a hub
 * that is not there, which the request then addresses as an empty one (strange_hub), even if it
 * comes to be meanwhile.
 */
static int32_t hub_of(th__request *r, th_door door)
{
    th__key_ring *ring = r->server->key_ring;
    const char *name = door == TH_DOOR_WEBHOOK || door == TH_DOOR_ADMIN ? th__hub_asked(r) : NULL;
    const th_key_hub *hub = name ? th_keys_hub_named(&ring->keys, name) : NULL;

    r->strange_hub = name && !hub && strcasecmp(name, ring->own.name) != 0;
    return hub ? hub->hub_id : ring->own.hub_id;
}

int th__key_check(th__request *r)
{
    th__key_ring *ring = r->server->key_ring;
    th_door door = ring ? th__dispatch_door(r) : TH_DOOR_OPEN;
    th_key_kind kind = TH_KEY_NONE;
    const char *key, *named;

    if (door == TH_DOOR_OPEN || r->port->is_rpc)
        return 0;
    key = th_auth_key(th__request_header(r, "x-functions-key"),
                      th_query_text(&r->query, r->arena, "code"));
    if (key) {
        pthread_rwlock_rdlock(&ring->lock);
        kind = th_keys_kind(&ring->keys, hub_of(r, door), key, &named);
        r->key_name = th_strdup(r->arena, named);
        pthread_rwlock_unlock(&ring->lock);
    }
    return th_auth_status(door, kind);
}

static const char *system_key(th__key_ring *ring, int32_t hub_id, th_arena *arena)
{
    const th_key_hub *hub;
    const char *key = NULL;

    pthread_rwlock_rdlock(&ring->lock);
    hub = th_keys_hub(&ring->keys, hub_id);
    if (hub)
        key = th_strdup(arena, hub->system_key);
    pthread_rwlock_unlock(&ring->lock);
    return key;
}

const char *th__key_for_urls(th__request *r)
{
    th__key_ring *ring = r->server->key_ring;

    return ring && r->hub ? system_key(ring, r->hub->hub_id, r->arena) : NULL;
}

const char *th_http_server_key(th_http_server *server, th_arena *arena)
{
    th__key_ring *ring = server->key_ring;

    return ring ? system_key(ring, ring->own.hub_id, arena) : NULL;
}
