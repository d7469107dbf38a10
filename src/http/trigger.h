/*
 * trigger.h - HTTP triggers of function apps: routes below the prefix whose requests are answered
 * by code outside of this room.
 */
#ifndef TH_HTTP_TRIGGER_H
#define TH_HTTP_TRIGGER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"

typedef struct th_trigger_pair {
    const char *name, *value;
} th_trigger_pair;

/* Which key a request needs, when keys are on. */
typedef enum th_trigger_level {
    TH_TRIGGER_OPEN,
    TH_TRIGGER_FUNCTION,
    TH_TRIGGER_MASTER
} th_trigger_level;

typedef struct th_trigger_request {
    const char *method;             /* as it came */
    const char *url;                /* with the public scheme and host, and the query */
    const char *path;               /* decoded, below the prefix, begins with "/" */
    const th_trigger_pair *headers; /* names in lower case, values of repeated ones joined by "," */
    size_t header_count;
    const th_trigger_pair *query; /* the same, in the case that they came in */
    size_t query_count;
    const char *body;
    size_t body_len;
} th_trigger_request;

/* Copied by whoever is told. */
typedef struct th_trigger_answer {
    int status;                     /* 100 to 599 */
    const th_trigger_pair *headers; /* good ones only: see th_trigger_header_ok */
    size_t header_count;
    const char *body;
    size_t body_len;
} th_trigger_answer;

/* From any thread, once. */
typedef void (*th_trigger_done)(void *arg, const th_trigger_answer *answer);

typedef struct th_triggers {
    void *self;

    /* Whether a route is there for the method; *level says which key it needs. */
    bool (*find)(void *self, const char *method, const char *path, th_trigger_level *level);

    /* Answers by done. The request's texts stay until then. */
    void (*call)(void *self, const th_trigger_request *request, th_trigger_done done, void *arg);
} th_triggers;

#endif
