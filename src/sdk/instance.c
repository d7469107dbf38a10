/*
 * instance.c - one instance: start, read, wait, what is sent to it; entities.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sdk/sdk_int.h"

enum { FIRST_PAUSE_MS = 10, LONGEST_PAUSE_MS = 500 };

static taskhub_code no_memory(taskhub *client)
{
    return th__sdk_fail(client, TASKHUB_REFUSED, "no memory");
}

static void put_id(const PGresult *res, char id_out[TASKHUB_ID_SIZE])
{
    if (id_out)
        snprintf(id_out, TASKHUB_ID_SIZE, "%s", PQgetvalue(res, 0, 0));
}

/* ---- rows --------------------------------------------------------------------------------------
 */

enum { COLUMNS = 12 };

/* The struct and its texts are one block, so that one free ends it. */
taskhub_instance *th__sdk_instance(const PGresult *res, int row)
{
    taskhub_instance *instance;
    const char *texts[COLUMNS] = { NULL };
    size_t bytes = sizeof *instance;

    for (int i = 0; i < COLUMNS; i++)
        bytes += (size_t)PQgetlength(res, row, i) + 1;
    char *block = calloc(1, bytes);
    if (!block)
        return NULL;
    char *at = block + sizeof *instance;
    for (int i = 0; i < COLUMNS; i++) {
        if (PQgetisnull(res, row, i))
            continue;
        size_t n = (size_t)PQgetlength(res, row, i) + 1;
        texts[i] = memcpy(at, PQgetvalue(res, row, i), n);
        at += n;
    }
    instance = (taskhub_instance *)(void *)block;
    *instance = (taskhub_instance){ texts[0],  texts[1],  texts[2],         texts[3], texts[4],
                                    texts[5],  texts[6],  texts[7],         texts[8], texts[9],
                                    texts[10], texts[11], texts[11] != NULL };
    return instance;
}

void taskhub_instance_free(taskhub_instance *instance)
{
    free(instance);
}

/* ---- start -------------------------------------------------------------------------------------
 */

taskhub_code taskhub_start(taskhub *client, const char *name, const char *input,
                           const taskhub_start_options *options, char id_out[TASKHUB_ID_SIZE])
{
    static const taskhub_start_options none = { 0 };
    const taskhub_start_options *o = options ? options : &none;
    char priority[16];
    const char *params[] = { name,         input,    o->id,
                             o->version,   o->tags,  o->scheduled_start,
                             client->hub,  priority, o->traceparent,
                             o->tracestate };
    PGresult *res;

    snprintf(priority, sizeof priority, "%d", o->priority);
    taskhub_code code = th__sdk_query(client,
                                      "select taskhub.start_instance($1, $2, $3, $4, $5,"
                                      " $6::timestamptz, $7, $8::int, $9, $10)",
                                      10, params, &res);
    if (code == TASKHUB_OK)
        put_id(res, id_out);
    PQclear(res);
    return code;
}

taskhub_code taskhub_restart(taskhub *client, const char *id, bool new_id,
                             char id_out[TASKHUB_ID_SIZE])
{
    const char *params[] = { id, new_id ? "true" : "false", client->hub };
    PGresult *res;
    taskhub_code code = th__sdk_query(
        client, "select taskhub.restart_instance($1, $2::boolean, $3)", 3, params, &res);

    if (code == TASKHUB_OK)
        put_id(res, id_out);
    PQclear(res);
    return code;
}

/* ---- read and wait -----------------------------------------------------------------------------
 */

taskhub_code taskhub_get(taskhub *client, const char *id, taskhub_instance **out)
{
    const char *params[] = { id, client->hub };
    PGresult *res;
    taskhub_code code = th__sdk_query(
        client, "select " TH__SDK_COLUMNS(TH__SDK_PAYLOADS) " from taskhub.get_instance($1, $2)", 2,
        params, &res);

    *out = code == TASKHUB_OK ? th__sdk_instance(res, 0) : NULL;
    PQclear(res);
    return code == TASKHUB_OK && !*out ? no_memory(client) : code;
}

static int64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void pause_ms(int64_t ms)
{
    struct timespec t = { ms / 1000, ms % 1000 * 1000000 };

    while (nanosleep(&t, &t) != 0 && errno == EINTR)
        ;
}

/* Without payloads, since it is asked again and again. */
static taskhub_code look(taskhub *client, const char *id, bool *finished)
{
    const char *params[] = { id, client->hub };
    PGresult *res;
    taskhub_code code =
        th__sdk_query(client, "select completed_at is not null from taskhub.get_instance($1, $2)",
                      2, params, &res);

    *finished = code == TASKHUB_OK && *PQgetvalue(res, 0, 0) == 't';
    PQclear(res);
    return code;
}

taskhub_code taskhub_wait(taskhub *client, const char *id, int64_t timeout_ms,
                          taskhub_instance **out)
{
    int64_t pause = FIRST_PAUSE_MS, end = now_ms() + timeout_ms, left = pause;
    bool finished = false;

    if (out)
        *out = NULL;
    for (;;) {
        taskhub_code code = look(client, id, &finished);
        if (code != TASKHUB_OK)
            return code;
        if (finished)
            return out ? taskhub_get(client, id, out) : TASKHUB_OK;
        if (timeout_ms >= 0 && (left = end - now_ms()) <= 0)
            return th__sdk_fail(client, TASKHUB_TIMEOUT, "instance \"%s\" has not finished in time",
                                id);
        pause_ms(timeout_ms >= 0 && left < pause ? left : pause);
        pause = pause * 3 / 2 < LONGEST_PAUSE_MS ? pause * 3 / 2 : LONGEST_PAUSE_MS;
    }
}

/* ---- what is sent to it ------------------------------------------------------------------------
 */

taskhub_code taskhub_raise_event(taskhub *client, const char *id, const char *event,
                                 const char *payload)
{
    const char *params[] = { id, event, payload, client->hub };

    return th__sdk_query(client, "select taskhub.raise_event($1, $2, $3, $4)", 4, params, NULL);
}

taskhub_code taskhub_terminate(taskhub *client, const char *id, const char *reason,
                               bool children_too)
{
    const char *params[] = { id, reason, children_too ? "true" : "false", client->hub };

    return th__sdk_query(client, "select taskhub.terminate_instance($1, $2, $3::boolean, $4)", 4,
                         params, NULL);
}

/* A statement of an id, a reason and a hub. */
static taskhub_code tell(taskhub *client, const char *sql, const char *id, const char *reason)
{
    const char *params[] = { id, reason, client->hub };

    return th__sdk_query(client, sql, 3, params, NULL);
}

taskhub_code taskhub_suspend(taskhub *client, const char *id, const char *reason)
{
    return tell(client, "select taskhub.suspend_instance($1, $2, $3)", id, reason);
}

taskhub_code taskhub_resume(taskhub *client, const char *id, const char *reason)
{
    return tell(client, "select taskhub.resume_instance($1, $2, $3)", id, reason);
}

taskhub_code taskhub_rewind(taskhub *client, const char *id, const char *reason)
{
    return tell(client, "select taskhub.rewind_instance($1, $2, $3)", id, reason);
}

taskhub_code taskhub_purge(taskhub *client, const char *id, bool children_too)
{
    const char *params[] = { id, client->hub, children_too ? "true" : "false" };

    return th__sdk_query(client, "select taskhub.purge_instance($1, $2, $3::boolean)", 3, params,
                         NULL);
}

/* ---- entities ----------------------------------------------------------------------------------
 */

taskhub_code taskhub_signal_entity(taskhub *client, const char *name, const char *key,
                                   const char *operation, const char *input)
{
    const char *params[] = { name, key, operation, input, client->hub };

    return th__sdk_query(client, "select taskhub.signal_entity($1, $2, $3, $4, $5)", 5, params,
                         NULL);
}

taskhub_code taskhub_entity_state(taskhub *client, const char *name, const char *key, char **state)
{
    const char *params[] = { name, key, client->hub };
    PGresult *res;
    taskhub_code code =
        th__sdk_query(client, "select state from taskhub.get_entity($1, $2, $3)", 3, params, &res);

    *state = NULL;
    if (code == TASKHUB_OK && PQgetisnull(res, 0, 0))
        code = th__sdk_fail(client, TASKHUB_NOT_FOUND, "the entity has no state");
    else if (code == TASKHUB_OK && !(*state = strdup(PQgetvalue(res, 0, 0))))
        code = no_memory(client);
    PQclear(res);
    return code;
}
