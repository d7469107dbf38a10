/* Ids of entities. */
#include "test.h"

#include "base/entity_id.h"
#include "base/ids.h"

TEST(an_id_has_the_name_in_lower_case_and_the_key_as_it_is)
{
    th_arena *arena = th_arena_new(0);

    CHECK_STR(th_entity_id_make(arena, "Counter", "Key@1"), "@counter@Key@1");
    CHECK_STR(th_entity_id_make(arena, "Counter", ""), "@counter@");
    th_arena_free(arena);
}

TEST(an_id_is_split_at_its_second_at_sign)
{
    th_arena *arena = th_arena_new(0);
    const char *name, *key;

    CHECK(th_entity_id_split(arena, "@Counter@a@b", &name, &key));
    CHECK_STR(name, "counter");
    CHECK_STR(key, "a@b");
    CHECK(th_entity_id_split(arena, "@c@", &name, &key));
    CHECK_STR(key, "");
    th_arena_free(arena);
}

TEST(what_is_no_id_is_not_split)
{
    static const char *const bad[] = { "",         "@",      "@@",    "@@k",  "counter@k",
                                       "@counter", "@a/b@k", "@a@b#", "@a@\n" };
    th_arena *arena = th_arena_new(0);
    const char *name, *key;

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK(!th_entity_id_split(arena, bad[i], &name, &key));
    CHECK(!th_entity_id_split(arena, NULL, &name, &key));
    th_arena_free(arena);
}

TEST(problems_name_the_part_and_the_rule)
{
    CHECK_STR(th_entity_id_problem(NULL, "k"), "name must not be empty");
    CHECK_STR(th_entity_id_problem("", "k"), "name must not be empty");
    CHECK_STR(th_entity_id_problem("a", NULL), "key must not be absent");
    CHECK_STR(th_entity_id_problem("a@b", "k"), "name must not contain '@'");
    CHECK_STR(th_entity_id_problem("a?", "k"), "name must not contain '/', '\\', '#' or '?'");
    CHECK_STR(th_entity_id_problem("a", "k/1"), "key must not contain '/', '\\', '#' or '?'");
    CHECK_STR(th_entity_id_problem("a", "\x01"), "key must not contain control characters");
    CHECK_STR(th_entity_id_problem("a", "\xff"), "key must be valid UTF-8");
    CHECK_STR(th_entity_id_problem("\xff", "k"), "name must be valid UTF-8");
    CHECK_STR(th_entity_id_problem("a", "é@$ +"), NULL);
}

TEST(the_longest_id_is_as_long_as_any_instances)
{
    char key[300];

    memset(key, 'k', sizeof key);
    key[253] = '\0';
    CHECK_STR(th_entity_id_problem("a", key), NULL);
    key[253] = 'k';
    key[254] = '\0';
    CHECK_STR(th_entity_id_problem("a", key),
              "name and key together must not be longer than 254 characters");
    CHECK_STR(th_entity_id_problem("ab", key + 1),
              "name and key together must not be longer than 254 characters");
}
