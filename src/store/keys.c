/* keys.c - see keys.h. */
#include "store/keys.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>

#include "base/ids.h"
#include "store/th_sql.h"

enum { HASH_HEX = 65, LONGEST_SECRET = 1024 };

static const char *const kind_names[] = {
    [TH_KEY_FUNCTION] = "function", [TH_KEY_SYSTEM] = "system", [TH_KEY_MASTER] = "master"
};

th_key_kind th_key_kind_parse(const char *text)
{
    for (int kind = TH_KEY_FUNCTION; kind <= TH_KEY_MASTER; kind++)
        if (strcmp(kind_names[kind], text) == 0)
            return (th_key_kind)kind;
    return TH_KEY_NONE;
}

/* A key that can be guessed is worse than no program. */
void th_key_make(char out[TH_BASE64URL_32])
{
    uint8_t bytes[32];

    for (size_t got = 0; got < sizeof bytes;) {
        ssize_t n = getrandom(bytes + got, sizeof bytes - got, 0);

        if (n < 0 && errno != EINTR)
            abort();
        if (n > 0)
            got += (size_t)n;
    }
    th_base64url_32(bytes, out);
    explicit_bzero(bytes, sizeof bytes);
}

void th_key_hash(const char *key, uint8_t out[32])
{
    th_sha256(key, strlen(key), out);
}

/* ---- create, revoke ---- */

static void write_hex(const uint8_t hash[32], char out[HASH_HEX])
{
    static const char digits[] = "0123456789abcdef";

    for (int i = 0; i < 32; i++) {
        *out++ = digits[hash[i] >> 4];
        *out++ = digits[hash[i] & 15];
    }
    *out = '\0';
}

th_rc th_key_create(th_db *db, const char *hub, const char *name, const char *kind, const char *key,
                    th_error *err)
{
    uint8_t hash[32];
    char hex[HASH_HEX];
    const char *const params[] = { name, kind, hex, hub };

    th_key_hash(key, hash);
    write_hex(hash, hex);
    return th_db_query(db, "select taskhub.create_key($1, $2, decode($3, 'hex'), $4)", 4, params,
                       NULL, err);
}

th_rc th_key_revoke(th_db *db, const char *hub, const char *name, th_error *err)
{
    const char *const params[] = { name, hub };

    return th_db_query(db, "select taskhub.revoke_key($1, $2)", 2, params, NULL, err);
}

/* ---- load ---- */

static int hex_value(char c)
{
    return c <= '9' ? c - '0' : c - 'a' + 10;
}

/* Hex as encode() writes it; at most size bytes of it. How many there were. */
static size_t read_hex(const char *hex, uint8_t *out, size_t size)
{
    size_t n = strlen(hex) / 2;

    n = n < size ? n : size;
    for (size_t i = 0; i < n; i++)
        out[i] = (uint8_t)(hex_value(hex[2 * i]) << 4 | hex_value(hex[2 * i + 1]));
    return n;
}

static void add_hub(th_keys *out, th_arena *arena, const PGresult *res, int row)
{
    th_key_hub *hub = &out->hubs[out->n_hubs++];
    uint8_t secret[LONGEST_SECRET], sum[32];
    size_t n = read_hex(PQgetvalue(res, row, 3), secret, sizeof secret);
    char text[TH_BASE64URL_32];

    th_hmac_sha256(secret, n, TH_SYSTEM_KEY_NAME, strlen(TH_SYSTEM_KEY_NAME), sum);
    th_base64url_32(sum, text);
    hub->hub_id = (int32_t)strtol(PQgetvalue(res, row, 0), NULL, 10);
    hub->name = th_strdup(arena, PQgetvalue(res, row, 1));
    hub->system_key = th_strdup(arena, text);
    th_key_hash(text, hub->hash);
    explicit_bzero(secret, sizeof secret);
}

static void add_key(th_keys *out, th_arena *arena, const PGresult *res, int row)
{
    th_key *key = &out->keys[out->n_keys++];

    key->hub_id = (int32_t)strtol(PQgetvalue(res, row, 0), NULL, 10);
    key->name = th_strdup(arena, PQgetvalue(res, row, 1));
    key->kind = th_key_kind_parse(PQgetvalue(res, row, 2));
    read_hex(PQgetvalue(res, row, 3), key->hash, sizeof key->hash);
}

th_rc th_keys_load(th_db *db, th_arena *arena, th_keys *out, th_error *err)
{
    PGresult *res = NULL;

    *out = (th_keys){ 0 };
    th_rc rc = th_db_query(db, th_sql_keys_load, 0, NULL, &res, err);
    if (rc != TH_OK)
        goto done;

    int n = PQntuples(res);
    out->hubs = th_new(arena, th_key_hub, (size_t)n + 1);
    out->keys = th_new(arena, th_key, (size_t)n + 1);
    for (int row = 0; row < n; row++) {
        if (strcmp(PQgetvalue(res, row, 2), "hub") == 0)
            add_hub(out, arena, res, row);
        else
            add_key(out, arena, res, row);
    }

done:
    PQclear(res);
    return rc;
}

/* ---- look ---- */

static th_key_hub *find_hub(const th_keys *keys, int32_t hub_id)
{
    for (size_t i = 0; i < keys->n_hubs; i++)
        if (keys->hubs[i].hub_id == hub_id)
            return &keys->hubs[i];
    return NULL;
}

const th_key_hub *th_keys_hub(const th_keys *keys, int32_t hub_id)
{
    return find_hub(keys, hub_id);
}

const th_key_hub *th_keys_hub_named(const th_keys *keys, const char *name)
{
    for (size_t i = 0; i < keys->n_hubs; i++)
        if (strcasecmp(keys->hubs[i].name, name) == 0)
            return &keys->hubs[i];
    return NULL;
}

void th_keys_give(th_keys *keys, th_arena *arena, int32_t hub_id, const char *key)
{
    th_key_hub *hub = find_hub(keys, hub_id);

    if (!hub)
        return;
    hub->system_key = th_strdup(arena, key);
    th_key_hash(key, hub->hash);
}

/* Goes through all keys of the hub, whichever fits. */
th_key_kind th_keys_kind(const th_keys *keys, int32_t hub_id, const char *key, const char **name)
{
    const th_key_hub *hub = th_keys_hub(keys, hub_id);
    th_key_kind kind = TH_KEY_NONE;
    uint8_t hash[32];

    *name = NULL;
    th_key_hash(key, hash);
    if (hub && th_equal_secret(hub->hash, hash, sizeof hash)) {
        kind = TH_KEY_SYSTEM;
        *name = TH_SYSTEM_KEY_NAME;
    }
    for (size_t i = 0; i < keys->n_keys; i++) {
        const th_key *k = &keys->keys[i];

        if (k->hub_id == hub_id && th_equal_secret(k->hash, hash, sizeof hash)) {
            kind = k->kind;
            *name = k->name;
        }
    }
    return kind;
}
