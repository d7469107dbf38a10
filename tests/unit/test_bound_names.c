/* test_bound_names.c - the names of SQL activities that a process knows. */
#include "runtime/bound_names.h"

#include "test.h"

TEST(at_first_there_are_none)
{
    th__bound_names *names = th__bound_names_new();

    CHECK(!th__bound_names_has(names, "charge"));
    CHECK(th__bound_names_at(names, 0) == NULL);
    CHECK(!th__bound_names_set(names, NULL, 0));
    th__bound_names_free(names);
}

TEST(names_come_and_go_and_are_found_in_any_case)
{
    th__bound_names *names = th__bound_names_new();

    CHECK(th__bound_names_set(names, (const char *[]){ "Charge", "Refund" }, 2));
    CHECK(th__bound_names_has(names, "cHARGE"));
    CHECK_STR(th__bound_names_at(names, 1), "Refund");
    CHECK(th__bound_names_at(names, 2) == NULL);

    CHECK(th__bound_names_set(names, (const char *[]){ "Refund" }, 1));
    CHECK(!th__bound_names_has(names, "Charge"));
    th__bound_names_free(names);
}

TEST(only_a_change_is_a_change)
{
    th__bound_names *names = th__bound_names_new();

    CHECK(th__bound_names_set(names, (const char *[]){ "a", "b" }, 2));
    CHECK(!th__bound_names_set(names, (const char *[]){ "a", "b" }, 2));
    CHECK(th__bound_names_set(names, (const char *[]){ "a", "B" }, 2));
    CHECK(th__bound_names_set(names, NULL, 0));
    th__bound_names_free(names);
}
