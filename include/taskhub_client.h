/*
 * taskhub_client.h - start and manage durable functions from any C program, over libpq alone.
 *
 * A client needs a database that has a hub, and no server of ours: what it starts runs as soon as a
 * process serves the hub. Its user needs the role taskhub_client.
 *
 *     #include <taskhub_client.h>
 *
 *     int main(void)
 *     {
 *         taskhub *hub = taskhub_open("dbname=orders", NULL);
 *         taskhub_instance *done = NULL;
 *         char id[TASKHUB_ID_SIZE];
 *
 *         if (taskhub_start(hub, "ship_order", "{\"total\":100}", NULL, id) == TASKHUB_OK &&
 *             taskhub_wait(hub, id, 30000, &done) == TASKHUB_OK)
 *             printf("%s: %s\n", done->status, done->output ? done->output : "no output");
 *         else
 *             fprintf(stderr, "%s\n", taskhub_error(hub));
 *         taskhub_instance_free(done);
 *         taskhub_close(hub);
 *     }
 *
 *     $ cc ship.c $(pkg-config --cflags --libs taskhub-client)
 *
 * With a connection of your own (taskhub_on) everything happens in your transaction: an instance
 * that you start exists when you commit, together with your own rows, and never if you roll back.
 *
 * Payloads are JSON text, in UTF-8 as all texts. One thread at a time uses a client.
 */
#ifndef TASKHUB_CLIENT_H
#define TASKHUB_CLIENT_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TASKHUB_API __attribute__((visibility("default")))

/* Of any instance id with its NUL: 256 characters of up to four bytes. */
#define TASKHUB_ID_SIZE 1025

typedef struct taskhub taskhub;

typedef enum taskhub_code {
    TASKHUB_OK,
    TASKHUB_NOT_FOUND,    /* no such instance or entity */
    TASKHUB_FINISHED,     /* it has finished: too late for a message */
    TASKHUB_EXISTS,       /* a live instance has the id */
    TASKHUB_NOT_FINISHED, /* it runs still: too early to purge or restart it */
    TASKHUB_NOT_FAILED,   /* only what has failed can be rewound */
    TASKHUB_INVALID,      /* an argument; taskhub_error names it and the rule */
    TASKHUB_TIMEOUT,      /* of a wait */
    TASKHUB_LOST,         /* no connection. Whether a change was made is not known; a client of its
                             own connection connects again with the next call */
    TASKHUB_REFUSED,      /* the database refused for another reason */
} taskhub_code;

/* ---- a client ----------------------------------------------------------------------------------
 *
 * hub NULL: the setting taskhub.hub of the connection; without that the only hub there is, of
 * several the one called `default`. Neither connects: the first call does. Both give NULL only
 * without memory.
 */

/* A connection of its own, by libpq's conninfo or URL (NULL: its environment variables). */
TASKHUB_API taskhub *taskhub_open(const char *conninfo, const char *hub);

/* Over a connection that stays the caller's, and in whatever transaction is open there. */
TASKHUB_API taskhub *taskhub_on(PGconn *connection, const char *hub);

TASKHUB_API void taskhub_close(taskhub *client); /* NULL is fine */

/* Words for the last call that was not TASKHUB_OK; "" when there was none. Valid until the next
 * call. */
TASKHUB_API const char *taskhub_error(const taskhub *client);

/* ---- instances ---------------------------------------------------------------------------------
 */

typedef struct taskhub_start_options {
    const char *id;              /* NULL: 32 random hex digits */
    const char *version;         /* or NULL */
    const char *tags;            /* a JSON object of strings, or NULL */
    const char *scheduled_start; /* a time as PostgreSQL reads it, or NULL: at once */
    int priority;                /* of its activities, -100 to 100 */
    const char *traceparent;     /* of W3C Trace Context, or NULL */
    const char *tracestate;
} taskhub_start_options;

/*
 * Starts an instance of the orchestrator of that name. input, options and id_out may be NULL. A
 * finished instance of the same id is replaced; a live one: TASKHUB_EXISTS.
 */
TASKHUB_API taskhub_code taskhub_start(taskhub *client, const char *name, const char *input,
                                       const taskhub_start_options *options,
                                       char id_out[TASKHUB_ID_SIZE]);

/* All texts live as long as the instance; NULL: there is none. */
typedef struct taskhub_instance {
    const char *id;
    const char *name;
    const char *version;
    const char *status; /* Pending, Running, Suspended, ContinuedAsNew, Completed, Failed,
                           Terminated, Canceled */
    const char *input;
    const char *output;
    const char *failure;       /* JSON object with type and message */
    const char *custom_status; /* JSON */
    const char *tags;          /* JSON object */
    const char *created_at;    /* ISO 8601, UTC */
    const char *updated_at;
    const char *completed_at;
    bool finished; /* Completed, Failed, Terminated or Canceled */
} taskhub_instance;

TASKHUB_API taskhub_code taskhub_get(taskhub *client, const char *id, taskhub_instance **out);
TASKHUB_API void taskhub_instance_free(taskhub_instance *instance); /* NULL is fine */

/*
 * Until it has finished; its status says how. timeout_ms below 0: for ever. out may be NULL. With a
 * connection of yours there must be no transaction open that began before it finished.
 */
TASKHUB_API taskhub_code taskhub_wait(taskhub *client, const char *id, int64_t timeout_ms,
                                      taskhub_instance **out);

/* payload, reason: NULL for none. */
TASKHUB_API taskhub_code taskhub_raise_event(taskhub *client, const char *id, const char *event,
                                             const char *payload);
TASKHUB_API taskhub_code taskhub_terminate(taskhub *client, const char *id, const char *reason,
                                           bool children_too);
TASKHUB_API taskhub_code taskhub_suspend(taskhub *client, const char *id, const char *reason);
TASKHUB_API taskhub_code taskhub_resume(taskhub *client, const char *id, const char *reason);
TASKHUB_API taskhub_code taskhub_rewind(taskhub *client, const char *id, const char *reason);

/* Over from the start, under a new id or, when it has finished, under its own. */
TASKHUB_API taskhub_code taskhub_restart(taskhub *client, const char *id, bool new_id,
                                         char id_out[TASKHUB_ID_SIZE]);

/* Deletes what has finished, with its history. */
TASKHUB_API taskhub_code taskhub_purge(taskhub *client, const char *id, bool children_too);

/* ---- many --------------------------------------------------------------------------------------
 */

typedef struct taskhub_query {
    const char *status;    /* one of the above; NULL: any */
    const char *name;      /* of the orchestrator; NULL: any */
    const char *id_prefix; /* or NULL */
    const char *after_id;  /* the last id of the page before; NULL: the first page */
    int limit;             /* 1 to 1,000; 0: 100 */
} taskhub_query;

/* Orchestrations by id, without payloads. A page that is not full is the last one. */
TASKHUB_API taskhub_code taskhub_list(taskhub *client, const taskhub_query *query,
                                      taskhub_instance ***out, size_t *count);
TASKHUB_API void taskhub_list_free(taskhub_instance **list, size_t count);

/* ---- entities ----------------------------------------------------------------------------------
 */

/* Sends an operation; nobody gets its result. */
TASKHUB_API taskhub_code taskhub_signal_entity(taskhub *client, const char *name, const char *key,
                                               const char *operation, const char *input);

/* *state: JSON text, the caller's to free(). */
TASKHUB_API taskhub_code taskhub_entity_state(taskhub *client, const char *name, const char *key,
                                              char **state);

#ifdef __cplusplus
}
#endif

#endif
