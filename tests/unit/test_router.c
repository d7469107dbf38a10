#include "http/router.h"

#include "test.h"

static th_arena *arena;

static th_route match(const char *method, const char *path)
{
    if (!arena)
        arena = th_arena_new(0);
    return th_router_match(arena, th_verb_parse(method), path);
}

TEST(the_last_segment_of_the_base_path_matches_in_any_case)
{
    CHECK_STR(th_router_below_base("/runtime/webhooks/durabletask"), "");
    CHECK_STR(th_router_below_base("/runtime/webhooks/durableTask/instances"), "/instances");
    CHECK_STR(th_router_below_base("/runtime/webhooks/DURABLETASK/"), "/");
    CHECK_STR(th_router_below_base("/runtime/webhooks/durabletasks"), NULL);
    CHECK_STR(th_router_below_base("/runtime/webhooks"), NULL);
    CHECK_STR(th_router_below_base("/Runtime/webhooks/durabletask"), NULL);
    CHECK_STR(th_router_below_base("/x"), NULL);
}

TEST(what_begins_with_admin_is_for_admins_however_it_is_spelled)
{
    CHECK(th_router_is_admin("/admin/hub"));
    CHECK(th_router_is_admin("/ADMIN/hub"));
    CHECK(th_router_is_admin("//admin"));
    CHECK(!th_router_is_admin("/instances/admin"));
    CHECK(!th_router_is_admin("/"));
}

TEST(each_route_is_found_by_verb_and_path)
{
    static const struct {
        const char *method, *path;
        th_route_id id;
        const char *first, *second;
    } rows[] = {
        { "POST", "/orchestrators/F", TH_ROUTE_START, "F", NULL },
        { "POST", "/orchestrators/F/i", TH_ROUTE_START, "F", "i" },
        { "POST", "/ORCHESTRATORS/F/i/", TH_ROUTE_START, "F", "i" },
        { "POST", "/orchestrators/F/i/raiseEvent/e", TH_ROUTE_SIGNAL_START, "F", "i" },
        { "GET", "/instances/i", TH_ROUTE_STATUS, "i", NULL },
        { "GET", "/INSTANCES/i/", TH_ROUTE_STATUS, "i", NULL },
        { "GET", "/instances", TH_ROUTE_LIST, NULL, NULL },
        { "GET", "/instances/", TH_ROUTE_LIST, NULL, NULL },
        { "DELETE", "/instances/i", TH_ROUTE_PURGE, "i", NULL },
        { "DELETE", "/instances", TH_ROUTE_PURGE_MANY, NULL, NULL },
        { "POST", "/instances/i/raiseevent/My Event", TH_ROUTE_RAISE, "i", "My Event" },
        { "POST", "/instances/i/terminate", TH_ROUTE_TERMINATE, "i", NULL },
        { "POST", "/instances/i/suspend", TH_ROUTE_SUSPEND, "i", NULL },
        { "POST", "/instances/i/resume", TH_ROUTE_RESUME, "i", NULL },
        { "POST", "/instances/i/rewind", TH_ROUTE_REWIND, "i", NULL },
        { "POST", "/instances/i/restart", TH_ROUTE_RESTART, "i", NULL },
        { "GET", "/instances/i/explain", TH_ROUTE_EXPLAIN, "i", NULL },
        { "GET", "/admin/hub", TH_ROUTE_HUB, NULL, NULL },
        { "POST", "/ADMIN/hub/pause/", TH_ROUTE_HUB_PAUSE, NULL, NULL },
        { "GET", "/admin/audit", TH_ROUTE_AUDIT, NULL, NULL },
        { "GET", "/admin/items", TH_ROUTE_ITEMS, NULL, NULL },
        { "POST", "/admin/items/i/retry", TH_ROUTE_ITEM_RETRY, "i", NULL },
        { "POST", "/admin/items/i/4/retry", TH_ROUTE_ITEM_RETRY, "i", "4" },
        { "POST", "/admin/items/i/4/fail", TH_ROUTE_ITEM_FAIL, "i", "4" },
        { "POST", "/admin/hub/resume", TH_ROUTE_HUB_RESUME, NULL, NULL },
        { "POST", "/entities/Counter/k", TH_ROUTE_ENTITIES, "Counter", "k" },
        { "GET", "/entities", TH_ROUTE_ENTITIES, NULL, NULL },
        { "PUT", "/makeprimary", TH_ROUTE_MAKEPRIMARY, NULL, NULL },
        { "GET", "/schedules", TH_ROUTE_SCHEDULES, NULL, NULL },
        { "GET", "/Schedules/every day", TH_ROUTE_SCHEDULE, "every day", NULL },
        { "PUT", "/schedules/s", TH_ROUTE_SCHEDULE_PUT, "s", NULL },
        { "DELETE", "/schedules/s", TH_ROUTE_SCHEDULE_DROP, "s", NULL },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        th_route route = match(rows[i].method, rows[i].path);
        if (!CHECK_INT(route.id, rows[i].id))
            printf("  %s %s\n", rows[i].method, rows[i].path);
        CHECK_STR(route.args[0], rows[i].first);
        CHECK_STR(route.args[1], rows[i].second);
    }
}

TEST(whatever_fits_no_row_is_not_found)
{
    static const char *const rows[][2] = {
        { "GET", "" },
        { "GET", "/" },
        { "GET", "/nothing" },
        { "GET", "/orchestrators/F" },
        { "POST", "/orchestrators" },
        { "POST", "/orchestrators/F/a/b" },
        { "GET", "/instances//i" },
        { "GET", "/instances/i/a/b/c" },
        { "GET", "/instances/i/terminate" },
        { "PUT", "/instances/i" },
        { "PUT", "/schedules" },
        { "POST", "/schedules/s" },
        { "OPTIONS", "/instances/i" },
        { "POST", "/instances/i" },
        { "POST", "/instances" },
        { "POST", "/instances/i/explode" },
        { "POST", "/instances/i/raiseEvent" },
        { "PUT", "/entities/Counter/k" },
        { "GET", "/a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q/r/s" },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (!CHECK_INT(match(rows[i][0], rows[i][1]).id, TH_ROUTE_NONE))
            printf("  %s %s\n", rows[i][0], rows[i][1]);
}

TEST(methods_are_case_sensitive)
{
    CHECK_INT(th_verb_parse("GET"), TH_VERB_GET);
    CHECK_INT(th_verb_parse("get"), TH_VERB_OTHER);
    CHECK_INT(th_verb_parse("PATCH"), TH_VERB_OTHER);
    CHECK_INT(th_verb_parse("HEAD"), TH_VERB_HEAD);
}

TEST(a_template_takes_the_name_from_its_placeholder)
{
    const char *name = NULL;

    if (!arena)
        arena = th_arena_new(0);
    CHECK(th_template_match(arena, "orchestrators/{name}", "/Orchestrators/Hello", &name));
    CHECK_STR(name, "Hello");
    CHECK(th_template_match(arena, "/orders/{id}/{Name}/", "orders/7/Hello/", &name));
    CHECK_STR(name, "Hello");
    CHECK(th_template_match(arena, "start", "/start", &name));
    CHECK_STR(name, NULL);
    CHECK(!th_template_match(arena, "orchestrators/{name}", "/orchestrators", &name));
    CHECK(!th_template_match(arena, "orchestrators/{name}", "/orchestrators/a/b", &name));
    CHECK(!th_template_match(arena, "orchestrators/{name}", "/others/a", &name));
}

TEST(a_bad_template_is_refused_with_words)
{
    CHECK_STR(th_template_problem("orchestrators/{name}", true), NULL);
    CHECK_STR(th_template_problem("start", false), NULL);
    CHECK_STR(th_template_problem("start", true),
              "has no {name}, and names no orchestrator either");
    CHECK_STR(th_template_problem("", false), "is empty");
    CHECK_STR(th_template_problem("a//b", false), "has an empty segment or more than 16");
    CHECK_STR(th_template_problem("a/{}", false), "has a placeholder without a name");
    CHECK_STR(th_template_problem("a/x{name}", false),
              "has a brace that is not around a whole segment");
    CHECK_STR(th_template_problem("{name}/{name}", true), "has more than one {name}");
}
