/* test_names.c - the activity names of this process. */
#include "test.h"

#include "engine/names.h"

typedef struct listing {
    const char *const *names;
    size_t count;
} listing;

static const char *list(void *self, th_item_kind kind, size_t n)
{
    const listing *l = self;
    return kind == TH_ITEM_ACTIVITY && n < l->count ? l->names[n] : NULL;
}

static const char *const ours[] = { "SayHello", "F2", "say_hello" };
static const char *const theirs[] = { "f2", "Other", "\xc3\x89t\xc3\xa9" };
static listing first_list = { ours, 3 }, second_list = { theirs, 3 };
static const th_executor first = { .name = "first", .self = &first_list, .list = list };
static const th_executor second = { .name = "second", .self = &second_list, .list = list };

TEST(names_are_found_in_any_case_and_the_first_executor_that_has_one_runs_it)
{
    const th_executor *executors[] = { &first, &second };
    th_names names;
    th_names_init(&names, executors, 2);

    CHECK_INT(names.count, 5);
    int f2 = th_names_find(&names, "F2", NULL);
    CHECK(f2 >= 0 && th_names_find(&names, "f2", NULL) == f2);
    CHECK(names.names[f2].executor == &first);
    CHECK(names.names[th_names_find(&names, "OTHER", NULL)].executor == &second);
    CHECK(th_names_find(&names, "sayHELLO", NULL) != th_names_find(&names, "say_hello", NULL));
    CHECK(th_names_find(&names, "\xc3\x89T\xc3\xa9", NULL) >= 0); /* only ASCII has cases here */
    CHECK_INT(th_names_find(&names, "\xc3\xa9t\xc3\xa9", NULL), -1);
    th_names_free(&names);
}

TEST(what_nobody_runs_is_not_found)
{
    const th_executor *executors[] = { &first };
    th_names names;
    th_names_init(&names, executors, 1);
    static const char *const unknown[] = { "", "F", "F22", "SayHell", "SayHello ", "Other" };
    for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++)
        CHECK_INT(th_names_find(&names, unknown[i], NULL), -1);
    th_names_free(&names);

    th_names_init(&names, NULL, 0);
    CHECK_INT(names.count, 0);
    CHECK_INT(th_names_find(&names, "F2", NULL), -1);
    th_names_free(&names);
}

TEST(names_that_come_and_go_keep_their_places)
{
    static const char *const later[] = { "Added", "f2" };
    listing changing = { later, 0 };
    const th_executor third = { .name = "third", .self = &changing, .list = list };
    const th_executor *executors[] = { &third, &first };
    th_names names;
    th_names_init(&names, executors, 2);
    int f2 = th_names_find(&names, "F2", NULL);
    CHECK_INT(th_names_find(&names, "added", NULL), -1);

    changing.count = 2;
    th_names_refresh(&names, executors, 2);
    int added = th_names_find(&names, "added", NULL);
    CHECK(added >= 0);
    CHECK_INT(th_names_find(&names, "F2", NULL), f2);
    CHECK(names.names[f2].executor == &third);
    CHECK_INT(names.lower_count, 4);

    changing.count = 0;
    th_names_refresh(&names, executors, 2);
    CHECK_INT(th_names_find(&names, "added", NULL), -1);
    CHECK(names.names[f2].executor == &first);
    CHECK_INT(names.lower_count, 3);
    CHECK_INT(names.count, 4);

    changing.count = 1;
    th_names_refresh(&names, executors, 2);
    CHECK_INT(th_names_find(&names, "added", NULL), added);
    th_names_free(&names);
}

static bool can_run(void *self, th_item_kind kind, const char *name, const char *version)
{
    return kind == TH_ITEM_ACTIVITY && strcmp(name, self) == 0 && !version;
}

static const char *const *offers(void *self, th_item_kind kind, th_arena *arena, size_t *count)
{
    const char **names = th_new(arena, const char *, 1);
    names[0] = self;
    *count = kind == TH_ITEM_ACTIVITY;
    return names;
}

TEST(names_that_are_offered_now_stand_behind_those_that_are_listed)
{
    char offered[] = "f9";
    const th_executor guest = {
        .self = offered, .list = list, .can_run = can_run, .offers = offers
    };
    const th_executor *executors[] = { &guest, &first };
    th_names names;
    size_t count;
    th_arena *arena = th_arena_new(0);
    th_names_init(&names, executors, 2);

    CHECK(names.names[th_names_find(&names, "f2", NULL)].executor == &first);
    CHECK(names.names[th_names_find(&names, "f9", NULL)].executor == &guest);
    CHECK_INT(th_names_find(&names, "f9", "2"), -1);
    const char *const *all = th_names_all(&names, arena, &count);
    CHECK_INT(count, 4);
    CHECK_STR(all[3], "f9");
    strcpy(offered, "g0");
    CHECK_INT(th_names_find(&names, "f9", NULL), -1);
    th_names_free(&names);
    th_arena_free(arena);
}

TEST(lists_for_sql_are_in_lower_case)
{
    const th_executor *executors[] = { &first };
    th_names names;
    th_names_init(&names, executors, 1);
    CHECK_STR(names.lower[0], "sayhello");
    CHECK_STR(names.lower[1], "f2");
    th_names_free(&names);
}

TEST(hundreds_of_names_are_all_found)
{
    static char texts[700][16];
    static const char *many[700];
    for (int i = 0; i < 700; i++) {
        snprintf(texts[i], sizeof texts[i], "Name%d", i);
        many[i] = texts[i];
    }
    listing all = { many, 700 };
    th_executor x = { .self = &all, .list = list };
    const th_executor *executors[] = { &x };
    th_names names;
    th_names_init(&names, executors, 1);
    for (int i = 0; i < 700; i++)
        CHECK_INT(th_names_find(&names, many[i], NULL), i);
    CHECK_INT(th_names_find(&names, "Name700", NULL), -1);
    th_names_free(&names);
}

TEST(a_duration_is_unknown_then_the_first_and_then_weighted_towards_the_shorter)
{
    const th_executor *executors[] = { &first };
    th_names names;
    th_names_init(&names, executors, 1);
    CHECK_INT(names.names[0].mean_us, -1);
    th_names_measure(&names, 0, 1000);
    CHECK_INT(names.names[0].mean_us, 1000);
    th_names_measure(&names, 0, 4200);
    CHECK_INT(names.names[0].mean_us, 1100);
    th_names_measure(&names, 0, 300);
    CHECK_INT(names.names[0].mean_us, 1000);
    CHECK_INT(names.names[1].mean_us, -1);
    for (int i = 0; i < 1000; i++)
        th_names_measure(&names, 0, 0);
    CHECK(names.names[0].mean_us >= 0 && names.names[0].mean_us < 10);
    th_names_free(&names);
}
