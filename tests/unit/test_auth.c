/* test_auth.c - which key opens which door of which hub. */
#include "http/auth.h"

#include "test.h"

static const th_key_kind all_kinds[] = { TH_KEY_NONE, TH_KEY_FUNCTION, TH_KEY_SYSTEM,
                                         TH_KEY_MASTER };

static void check_door(th_door door, const int wanted[4])
{
    for (int i = 0; i < 4; i++)
        CHECK_INT(th_auth_status(door, all_kinds[i]), wanted[i]);
}

TEST(the_management_api_opens_to_system_and_master_keys)
{
    check_door(TH_DOOR_WEBHOOK, (int[]){ 401, 403, 0, 0 });
}

TEST(starters_open_to_function_and_master_keys)
{
    check_door(TH_DOOR_STARTER, (int[]){ 401, 0, 403, 0 });
}

TEST(metrics_open_to_any_key)
{
    check_door(TH_DOOR_METRICS, (int[]){ 401, 0, 0, 0 });
}

TEST(what_is_done_to_a_whole_hub_opens_to_master_keys_only)
{
    check_door(TH_DOOR_ADMIN, (int[]){ 401, 403, 403, 0 });
}

TEST(an_open_door_asks_for_none)
{
    check_door(TH_DOOR_OPEN, (int[]){ 0, 0, 0, 0 });
}

TEST(the_header_counts_before_the_query_even_if_it_is_empty)
{
    CHECK_STR(th_auth_key("header", "code"), "header");
    CHECK_STR(th_auth_key(NULL, "code"), "code");
    CHECK_STR(th_auth_key("header", NULL), "header");
    CHECK(th_auth_key("", "code") == NULL);
    CHECK(th_auth_key(NULL, "") == NULL);
    CHECK(th_auth_key(NULL, NULL) == NULL);
}

TEST(what_is_too_long_for_a_key_is_none)
{
    char text[514];

    memset(text, 'x', sizeof text);
    text[513] = '\0';
    CHECK(th_auth_key(text, NULL) == NULL);
    text[512] = '\0';
    CHECK(th_auth_key(NULL, text) == text);
}

/* ---- what a key is ---- */

typedef struct given_keys {
    th_key_hub hubs[2];
    th_key keys[4];
    th_keys all;
} given_keys;

static const char *called; /* the key that was asked about last */

static void given_key(given_keys *g, int32_t hub_id, th_key_kind kind, const char *text)
{
    th_key *key = &g->keys[g->all.n_keys++];

    *key = (th_key){ .hub_id = hub_id, .name = text, .kind = kind };
    th_key_hash(text, key->hash);
}

/* Two hubs; of hub 1 also a key of each kind. */
static void given_two_hubs(given_keys *g)
{
    *g = (given_keys){ .hubs = { { .hub_id = 1, .name = "One", .system_key = "url-one" },
                                 { .hub_id = 2, .name = "Two", .system_key = "url-two" } } };
    g->all = (th_keys){ .hubs = g->hubs, .n_hubs = 2, .keys = g->keys };
    th_key_hash("url-one", g->hubs[0].hash);
    th_key_hash("url-two", g->hubs[1].hash);
    given_key(g, 1, TH_KEY_MASTER, "m");
    given_key(g, 1, TH_KEY_SYSTEM, "s");
    given_key(g, 1, TH_KEY_FUNCTION, "f");
    given_key(g, 2, TH_KEY_FUNCTION, "f2");
}

TEST(a_key_is_what_its_hub_says_and_nothing_to_another)
{
    given_keys g;

    given_two_hubs(&g);
    CHECK_INT(th_keys_kind(&g.all, 1, "url-one", &called), TH_KEY_SYSTEM);
    CHECK_INT(th_keys_kind(&g.all, 1, "m", &called), TH_KEY_MASTER);
    CHECK_INT(th_keys_kind(&g.all, 1, "s", &called), TH_KEY_SYSTEM);
    CHECK_INT(th_keys_kind(&g.all, 1, "f", &called), TH_KEY_FUNCTION);
    CHECK_INT(th_keys_kind(&g.all, 1, "url-two", &called), TH_KEY_NONE);
    CHECK_INT(th_keys_kind(&g.all, 1, "f2", &called), TH_KEY_NONE);
    CHECK_INT(th_keys_kind(&g.all, 2, "m", &called), TH_KEY_NONE);
    CHECK_INT(th_keys_kind(&g.all, 2, "f2", &called), TH_KEY_FUNCTION);
    CHECK_INT(th_keys_kind(&g.all, 3, "m", &called), TH_KEY_NONE);
}

TEST(a_key_is_called_by_its_name_and_an_unknown_one_has_none)
{
    given_keys g;

    given_two_hubs(&g);
    th_keys_kind(&g.all, 1, "m", &called);
    CHECK_STR(called, "m");
    th_keys_kind(&g.all, 1, "url-one", &called);
    CHECK_STR(called, TH_SYSTEM_KEY_NAME);
    th_keys_kind(&g.all, 1, "f2", &called);
    CHECK(called == NULL);
}

TEST(only_the_whole_key_in_its_own_letters_counts)
{
    static const char *const others[] = { "URL-ONE", "url-on", "url-one ", "url-one\n", "x", "" };
    given_keys g;

    given_two_hubs(&g);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        CHECK_INT(th_keys_kind(&g.all, 1, others[i], &called), TH_KEY_NONE);
}

TEST(hubs_are_found_by_number_and_by_name_in_any_case)
{
    given_keys g;

    given_two_hubs(&g);
    CHECK_STR(th_keys_hub(&g.all, 2)->name, "Two");
    CHECK(th_keys_hub(&g.all, 3) == NULL);
    CHECK_INT(th_keys_hub_named(&g.all, "tWO")->hub_id, 2);
    CHECK(th_keys_hub_named(&g.all, "Three") == NULL);
}

TEST(a_given_system_key_takes_the_place_of_the_derived_one)
{
    th_arena *arena = th_arena_new(0);
    given_keys g;

    given_two_hubs(&g);
    th_keys_give(&g.all, arena, 1, "given");
    CHECK_STR(th_keys_hub(&g.all, 1)->system_key, "given");
    CHECK_INT(th_keys_kind(&g.all, 1, "given", &called), TH_KEY_SYSTEM);
    CHECK_INT(th_keys_kind(&g.all, 1, "url-one", &called), TH_KEY_NONE);
    CHECK_INT(th_keys_kind(&g.all, 2, "given", &called), TH_KEY_NONE);
    th_arena_free(arena);
}

TEST(kinds_have_exactly_three_names)
{
    CHECK_INT(th_key_kind_parse("master"), TH_KEY_MASTER);
    CHECK_INT(th_key_kind_parse("system"), TH_KEY_SYSTEM);
    CHECK_INT(th_key_kind_parse("function"), TH_KEY_FUNCTION);
    CHECK_INT(th_key_kind_parse("Master"), TH_KEY_NONE);
    CHECK_INT(th_key_kind_parse("hub"), TH_KEY_NONE);
    CHECK_INT(th_key_kind_parse(""), TH_KEY_NONE);
}
