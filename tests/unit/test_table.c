/* test_table.c - the functions that a worker lists. */
#include "functions/table.h"

#include "test.h"

static th_arena *arena;
static th__table table;
static th_error err;

/* Functions f0, f1, ... with one raw binding each. */
static th_rc read_bindings(const char *const *bindings, size_t n)
{
    json_t *list = json_array();

    if (!arena)
        arena = th_arena_new(0);
    th_error_clear(&err);
    for (size_t i = 0; i < n; i++) {
        char name[16];
        snprintf(name, sizeof name, "f%zu", i);
        json_array_append_new(list, json_pack("{s:s,s:s,s:[s]}", "name", name, "function_id", name,
                                              "raw_bindings", bindings[i]));
    }
    th_rc rc = th__table_read(arena, list, &table, &err);
    json_decref(list);
    return rc;
}

static void end(void)
{
    th_arena_free(arena);
    arena = NULL;
}

TEST(functions_are_found_by_their_durable_name_in_any_case)
{
    static const char *const bindings[] = {
        "{\"type\":\"activityTrigger\",\"name\":\"x\",\"activity\":\"Other\"}",
        "{\"type\":\"entityTrigger\",\"name\":\"c\",\"entityName\":\"Counter\"}",
        ("{\"type\":\"httpTrigger\",\"name\":\"req\",\"route\":\"/a/{b}/\",\"methods\":[\"get\"],"
         "\"authLevel\":\"ADMIN\"}"),
    };

    CHECK_INT(read_bindings(bindings, 3), TH_OK);
    CHECK(th__table_find(&table, TH__ACTIVITY, "OTHER") == &table.functions[0]);
    CHECK(th__table_find(&table, TH__ACTIVITY, "f0") == NULL);
    CHECK_STR(table.functions[1].durable_name, "counter");
    CHECK_STR(table.functions[2].route, "a/{b}");
    CHECK_STR(table.functions[2].methods[0], "GET");
    CHECK_INT(table.functions[2].auth, TH__ADMIN_KEY);
    CHECK(th__table_nth(&table, TH__HTTP, 0) == &table.functions[2]);
    CHECK(th__table_nth(&table, TH__HTTP, 1) == NULL);
    end();
}

TEST(what_cannot_be_served_is_named)
{
    static const char *const cases[][2] = {
        { "{\"type\":\"queueTrigger\",\"name\":\"m\"}",
          "function 'f0': there is nothing here for a binding of type queueTrigger" },
        { "{\"type\":\"durableClient\",\"name\":\"m\"}", "function 'f0': it has no trigger" },
        { "{\"type\":\"httpTrigger\",\"name\":\"m\",\"authLevel\":\"user\"}",
          "function 'f0': 'authLevel' must be anonymous, function or admin, not user" },
        { "{\"type\":\"activityTrigger\"}", "function 'f0': a binding has no 'type' or no 'name'" },
        { "[]", "function 'f0': a binding is no JSON object" },
        { "{\"type\":\"timerTrigger\",\"name\":\"t\"}",
          "function 'f0': its timer has no 'schedule'" },
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        CHECK_INT(read_bindings(cases[i], 1), TH_CONFIG);
        CHECK_STR(err.text, cases[i][1]);
    }
    end();
}

TEST(two_functions_of_a_kind_cannot_share_a_name)
{
    static const char *const bindings[] = {
        "{\"type\":\"activityTrigger\",\"name\":\"x\",\"activity\":\"a\"}",
        "{\"type\":\"activityTrigger\",\"name\":\"x\",\"activity\":\"A\"}",
    };

    CHECK_INT(read_bindings(bindings, 2), TH_CONFIG);
    CHECK_STR(err.text, "two functions of type activityTrigger are called 'A'");
    end();
}
