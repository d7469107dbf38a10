/* test_keys.c - access keys in the database: made, loaded, revoked; derived from a hub's secret. */
#include "store/keys.h"

#include "given_hub.h"
#include "test.h"

static th_keys given_loaded(th_arena *arena)
{
    th_keys keys;
    th_error err = { 0 };

    if (th_keys_load(given_db(), arena, &keys, &err) != TH_OK)
        given_failed("load keys", &err);
    return keys;
}

static th_key_kind kind_now(const th_hub *hub, const char *key)
{
    th_arena *arena = th_arena_new(0);
    th_keys keys = given_loaded(arena);
    const char *name;
    th_key_kind kind = th_keys_kind(&keys, hub->hub_id, key, &name);

    th_arena_free(arena);
    return kind;
}

static char *system_key_now(const th_hub *hub)
{
    th_arena *arena = th_arena_new(0);
    th_keys keys = given_loaded(arena);
    const th_key_hub *found = th_keys_hub(&keys, hub->hub_id);
    char *key = th_mstrdup(found ? found->system_key : NULL);

    th_arena_free(arena);
    return key;
}

TEST(a_key_that_is_made_opens_its_hub_until_it_is_revoked)
{
    th_hub hub = given_hub(1), other = given_hub(1);
    char key[TH_BASE64URL_32];
    th_error err = { 0 };

    th_key_make(key);
    CHECK_INT(strlen(key), 43);
    CHECK_INT(th_key_create(given_db(), hub.name, "ci", "master", key, &err), TH_OK);
    CHECK_INT(kind_now(&hub, key), TH_KEY_MASTER);
    CHECK_INT(kind_now(&other, key), TH_KEY_NONE);
    CHECK_INT(th_key_revoke(given_db(), hub.name, "CI", &err), TH_OK);
    CHECK_INT(kind_now(&hub, key), TH_KEY_NONE);
    CHECK_STR(err.text, "");
}

TEST(two_keys_are_never_the_same)
{
    char a[TH_BASE64URL_32], b[TH_BASE64URL_32];

    th_key_make(a);
    th_key_make(b);
    CHECK(strcmp(a, b) != 0);
}

TEST(the_database_never_gets_the_key_itself)
{
    th_hub hub = given_hub(1);
    char key[TH_BASE64URL_32];
    th_error err = { 0 };

    th_key_make(key);
    CHECK_INT(th_key_create(given_db(), hub.name, "k", "function", key, &err), TH_OK);
    CHECK_INT(given_sql("select count(*) from taskhub.keys where hub_id = %d"
                        " and hash = sha256('%s') and keys::text not like '%%%s%%'",
                        (int)hub.hub_id, key, key),
              1);
}

TEST(the_key_in_urls_is_derived_from_the_secret_of_the_hub)
{
    th_hub hub = given_hub(1);

    given_sql("update taskhub.hub_secrets set secret = '\\x0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b'"
              " where hub_id = %d",
              (int)hub.hub_id);
    char *key = system_key_now(&hub);
    CHECK_STR(key, "nVn-6-zhtGc5gZ4B4sM4sfbnhNXae6SnwP0cePvQ-50");
    CHECK_INT(kind_now(&hub, key), TH_KEY_SYSTEM);
    free(key);
}

TEST(revoking_the_key_in_urls_puts_another_in_its_place)
{
    th_hub hub = given_hub(1);
    th_error err = { 0 };
    char *before = system_key_now(&hub);

    CHECK_INT(th_key_revoke(given_db(), hub.name, TH_SYSTEM_KEY_NAME, &err), TH_OK);
    char *after = system_key_now(&hub);
    CHECK_INT(kind_now(&hub, before), TH_KEY_NONE);
    CHECK_INT(kind_now(&hub, after), TH_KEY_SYSTEM);
    free(before);
    free(after);
}

TEST(what_cannot_be_made_or_revoked_is_said)
{
    th_hub hub = given_hub(1);
    th_error err = { 0 };

    CHECK_INT(th_key_create(given_db(), hub.name, "a b", "system", "x", &err), TH_INVALID);
    CHECK(strstr(err.text, "name: ") != NULL);
    th_error_clear(&err);
    CHECK_INT(th_key_create(given_db(), hub.name, "a", "other", "x", &err), TH_INVALID);
    CHECK(strstr(err.text, "kind: ") != NULL);
    th_error_clear(&err);
    CHECK_INT(th_key_create(given_db(), hub.name, "a", "system", "x", &err), TH_OK);
    CHECK_INT(th_key_create(given_db(), hub.name, "A", "system", "y", &err), TH_EXISTS);
    th_error_clear(&err);
    CHECK_INT(th_key_revoke(given_db(), hub.name, "b", &err), TH_NOT_FOUND);
    CHECK(strstr(err.text, "has no key \"b\"") != NULL);
}

TEST(a_hub_that_lost_its_secret_is_not_among_those_that_have_keys)
{
    th_hub hub = given_hub(1);

    given_sql("delete from taskhub.hub_secrets where hub_id = %d", (int)hub.hub_id);
    CHECK(system_key_now(&hub) == NULL);
}
