/*
 * keys.h - access keys: made here, stored as their hash, loaded by those who judge requests.
 *
 * A key opens one hub. Keys that somebody made are rows of taskhub.keys. The key that a hub puts
 * into its URLs is a row of nothing: HMAC-SHA-256 of the hub's secret, so that every process that
 * may read the secret has the same.
 */
#ifndef TH_STORE_KEYS_H
#define TH_STORE_KEYS_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/hmac.h"
#include "store/db.h"

#define TH_SYSTEM_KEY_NAME "durabletask_extension"

typedef enum th_key_kind {
    TH_KEY_NONE,     /* no key of the hub */
    TH_KEY_FUNCTION, /* opens the starters */
    TH_KEY_SYSTEM,   /* opens the management API */
    TH_KEY_MASTER,   /* opens both */
} th_key_kind;

typedef struct th_key {
    int32_t hub_id;
    const char *name;
    th_key_kind kind;
    uint8_t hash[32];
} th_key;

typedef struct th_key_hub {
    int32_t hub_id;
    const char *name;
    const char *system_key; /* as it stands in URLs, before they are encoded */
    uint8_t hash[32];       /* of system_key */
} th_key_hub;

typedef struct th_keys {
    th_key_hub *hubs;
    size_t n_hubs;
    th_key *keys; /* those that somebody made */
    size_t n_keys;
} th_keys;

/* "master", "system", "function"; TH_KEY_NONE: no such kind. */
th_key_kind th_key_kind_parse(const char *text);

/* A new random key. */
void th_key_make(char out[TH_BASE64URL_32]);

void th_key_hash(const char *key, uint8_t out[32]);

/*
 * Lets a key in; only its hash goes to the database. hub NULL: as taskhub.resolve_hub. TH_EXISTS:
 * the name is taken. TH_INVALID: a bad name or kind, no such hub.
 */
th_rc th_key_create(th_db *db, const char *hub, const char *name, const char *kind, const char *key,
                    th_error *err) TH_MUST_CHECK;

/* TH_NOT_FOUND: no key of that name. Of TH_SYSTEM_KEY_NAME a new one takes the place. */
th_rc th_key_revoke(th_db *db, const char *hub, const char *name, th_error *err) TH_MUST_CHECK;

/* The keys of all hubs of the database, those that are revoked left out. All lives in arena. */
th_rc th_keys_load(th_db *db, th_arena *arena, th_keys *out, th_error *err) TH_MUST_CHECK;

/* Puts a given system key in the place of a hub's own. key is copied to arena. */
void th_keys_give(th_keys *keys, th_arena *arena, int32_t hub_id, const char *key);

const th_key_hub *th_keys_hub(const th_keys *keys, int32_t hub_id);         /* NULL: none */
const th_key_hub *th_keys_hub_named(const th_keys *keys, const char *name); /* in any case */

/*
 * What the key opens of that hub; in a time that does not tell how near it came. *name: what it is
 * called, where keys lives; NULL if it is none.
 */
th_key_kind th_keys_kind(const th_keys *keys, int32_t hub_id, const char *key, const char **name);

#endif
