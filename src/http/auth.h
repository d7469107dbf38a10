/*
 * auth.h - which door of the server opens to which kind of key.
 */
#ifndef TH_HTTP_AUTH_H
#define TH_HTTP_AUTH_H

#include "store/keys.h"

typedef enum th_door {
    TH_DOOR_OPEN,    /* health, readiness, and what is not there at all */
    TH_DOOR_WEBHOOK, /* the management API: system and master keys */
    TH_DOOR_STARTER, /* routes that apps declare: function and master keys */
    TH_DOOR_METRICS, /* any key */
    TH_DOOR_ADMIN,   /* what operators do to a whole hub, functions of level admin: master keys */
} th_door;

/* 0: come in; 401: no key of this hub; 403: one, but for another door. */
int th_auth_status(th_door door, th_key_kind kind);

/*
 * Of a request's header x-functions-key and query parameter code (NULL: not there) the one that
 * counts: the header, even an empty one. NULL: there is none that could be a key.
 */
const char *th_auth_key(const char *header, const char *code);

#endif
