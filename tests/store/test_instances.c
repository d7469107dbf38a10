/* test_instances.c - pages, purge and history of a hub's instances. */
#include "given_hub.h"
#include "store/instances.h"
#include "test.h"

enum { RUNNING = 0, COMPLETED = 1, FAILED = 3, PENDING = 6 }; /* statuses, as in engine/event.h */

static void given_instance(const th_hub *hub, const char *id, int status)
{
    given_sql(
        "insert into taskhub.instances (partition_id, instance_id, start_id, execution_id, status, "
        "name, input, created_at) values (%d, '%s', gen_random_uuid(), gen_random_uuid(), %d, "
        "'Hello',"
        " '\"in\"', '2026-01-01 00:00:00+00')",
        th_hub_partition_of(hub, id), id, status);
}

static th_instance_filter all(int32_t top)
{
    return (th_instance_filter){ .top = top };
}

/* The ids of all pages, with a space after each; "|" after each page. */
static void list(const th_hub *hub, th_instance_filter filter, char *out, size_t size)
{
    th_arena *arena = th_arena_new(0);
    size_t at = 0;

    out[0] = '\0';
    do {
        th_instance *rows;
        size_t count;
        th_error err = { 0 };

        if (!CHECK_INT(th_instances_list(given_db(), arena, hub, &filter, &rows, &count,
                                         &filter.after_id, &err),
                       TH_OK))
            break;
        for (size_t i = 0; i < count; i++)
            at += (size_t)snprintf(out + at, size - at, "%s ", rows[i].id);
        at += (size_t)snprintf(out + at, size - at, "|");
    } while (filter.after_id && at < size);
    th_arena_free(arena);
}

TEST(pages_run_over_all_partitions_in_the_order_of_ids)
{
    th_hub hub = given_hub(4), other = given_hub(4);
    char got[256];

    given_instance(&other, "a0", RUNNING);
    for (const char *id = "gfbadce"; *id; id++)
        given_instance(&hub, (char[]){ *id, '\0' }, RUNNING);

    list(&hub, all(3), got, sizeof got);
    CHECK_STR(got, "a b c |d e f |g |");
    list(&hub, all(7), got, sizeof got);
    CHECK_STR(got, "a b c d e f g |");
    list(&hub, all(1000), got, sizeof got);
    CHECK_STR(got, "a b c d e f g |");
}

TEST(an_empty_hub_has_one_empty_page)
{
    th_hub hub = given_hub(2);
    char got[16];

    list(&hub, all(10), got, sizeof got);

    CHECK_STR(got, "|");
}

TEST(a_page_holds_only_what_the_filter_asks_for)
{
    th_hub hub = given_hub(4);
    th_instance_filter filter = all(10);
    char got[256];

    given_instance(&hub, "a", RUNNING);
    given_instance(&hub, "b", COMPLETED);
    given_instance(&hub, "c", FAILED);
    given_sql("update taskhub.instances set created_at = '2026-01-02 00:00:00+00' where "
              "instance_id = 'c' "
              "and partition_id = %d",
              th_hub_partition_of(&hub, "c"));

    filter.statuses = 1u << COMPLETED | 1u << FAILED;
    list(&hub, filter, got, sizeof got);
    CHECK_STR(got, "b c |");
    filter.created_to_us = INT64_C(1767225600000000); /* 2026-01-01, inclusive */
    list(&hub, filter, got, sizeof got);
    CHECK_STR(got, "b |");
    filter = all(10);
    filter.created_from_us = INT64_C(1767312000000000); /* 2026-01-02, inclusive */
    list(&hub, filter, got, sizeof got);
    CHECK_STR(got, "c |");
    filter.created_from_us++;
    list(&hub, filter, got, sizeof got);
    CHECK_STR(got, "|");
}

TEST(a_page_that_had_to_look_at_too_much_ends_and_the_next_goes_on)
{
    th_hub hub = given_hub(2);
    th_instance_filter filter = { .top = 2, .statuses = 1u << FAILED | 1u << 5, .look_at = 6 };
    char got[512], id[16];

    for (int i = 10; i < 50; i++) {
        snprintf(id, sizeof id, "i%d", i);
        given_instance(&hub, id, i == 12 || i == 30 || i == 31 || i == 49 ? FAILED : COMPLETED);
    }

    list(&hub, filter, got, sizeof got);

    char found[512] = "";
    size_t at = 0;
    for (const char *c = got; *c; c++)
        if (*c != '|')
            found[at++] = *c;
    CHECK_STR(found, "i12 i30 i31 i49 ");
    CHECK(strstr(got, "||") != NULL); /* some pages are empty, and yet not the last */
}

/* 900 that have finished, and at the end of the order one that has the wanted status and time. */
static void given_one_among_many(const th_hub *hub, int status)
{
    char id[16];

    for (int i = 0; i < 900; i++) {
        snprintf(id, sizeof id, "a%03d", i);
        given_instance(hub, id, COMPLETED);
    }
    given_instance(hub, "z", status);
    given_sql(
        "update taskhub.instances set created_at = '2026-01-02 00:00:00+00', completed_at = null"
        " where instance_id = 'z' and partition_id = %d",
        th_hub_partition_of(hub, "z"));
    given_sql("update taskhub.instances set created_at = '2025-01-02 00:00:00+00', completed_at ="
              " created_at where instance_id <> 'z' and partition_id between %d and %d",
              hub->first_partition, hub->first_partition + hub->partition_count - 1);
}

TEST(the_few_that_live_are_found_in_the_first_page_however_many_have_finished)
{
    th_hub hub = given_hub(2);
    th_instance_filter filter = { .top = 2, .look_at = 6 };
    char got[512];

    given_one_among_many(&hub, RUNNING);
    filter.statuses = 1u << RUNNING | 1u << PENDING;
    list(&hub, filter, got, sizeof got);
    CHECK_STR(got, "z |");
    filter.id_prefix = "y";
    list(&hub, filter, got, sizeof got);
    CHECK_STR(got, "|");
}

TEST(the_few_that_failed_are_found_in_the_first_page_too)
{
    th_hub hub = given_hub(2);
    th_instance_filter filter = { .top = 2, .look_at = 6, .statuses = 1u << FAILED };
    char got[512];

    given_one_among_many(&hub, FAILED);
    given_sql("update taskhub.instances set failure = '{}' where instance_id = 'z' and"
              " partition_id = %d",
              th_hub_partition_of(&hub, "z"));
    list(&hub, filter, got, sizeof got);
    CHECK_STR(got, "z |");
}

TEST(the_few_of_a_span_of_time_are_found_in_the_first_page_whatever_their_status)
{
    th_hub hub = given_hub(2);
    th_instance_filter filter = { .top = 2, .look_at = 6 };
    char got[512];

    given_one_among_many(&hub, FAILED);
    filter.created_from_us = INT64_C(1767225600000000); /* 2026-01-01 */
    list(&hub, filter, got, sizeof got);
    CHECK_STR(got, "z |");
    filter.statuses = 1u << FAILED;
    list(&hub, filter, got, sizeof got);
    CHECK_STR(got, "z |");
    filter.statuses = 1u << RUNNING;
    list(&hub, filter, got, sizeof got);
    CHECK_STR(got, "|");
}

TEST(a_page_by_name_holds_the_functions_of_that_name_in_any_case)
{
    th_hub hub = given_hub(4);
    th_instance_filter filter = { .top = 10, .name = "hELLO" };
    char got[256];

    given_instance(&hub, "a", RUNNING);
    given_instance(&hub, "b", RUNNING);
    given_sql("update taskhub.instances set name = 'Hello_' where instance_id = 'b' and "
              "partition_id = %d",
              th_hub_partition_of(&hub, "b"));

    list(&hub, filter, got, sizeof got);
    CHECK_STR(got, "a |");
    filter.name = "Hello%";
    list(&hub, filter, got, sizeof got);
    CHECK_STR(got, "|");
}

TEST(a_prefix_is_literal_and_ends_where_the_next_text_begins)
{
    th_hub hub = given_hub(4);
    th_instance_filter filter = all(2);
    char got[512];
    static const char *const ids[] = { "a%b",
                                       "a%c",
                                       "axb",
                                       "a",
                                       "b",
                                       "\xc3\xbf"
                                       "1",
                                       "\xc4\x80",
                                       "\xed\x9f\xbf"
                                       "x",
                                       "\xee\x80\x80",
                                       "\xf4\x8f\xbf\xbf"
                                       "z",
                                       "z\x7f"
                                       "1",
                                       "z\xc2\x80" };
    static const struct {
        const char *prefix, *want;
    } cases[] = {
        { "a", "a a%b |a%c axb |" },
        { "a%", "a%b a%c |" },
        { "z\x7f", "z\x7f"
                   "1 |" },
        { "\xc3\xbf", "\xc3\xbf"
                      "1 |" },
        { "_", "|" },
        { "\xed\x9f\xbf", "\xed\x9f\xbf"
                          "x |" },
        { "\xf4\x8f\xbf\xbf", "\xf4\x8f\xbf\xbf"
                              "z |" },
    };

    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++)
        given_instance(&hub, ids[i], RUNNING);

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        filter.id_prefix = cases[i].prefix;
        list(&hub, filter, got, sizeof got);
        CHECK_STR(got, cases[i].want);
    }
}

TEST(a_page_of_large_texts_ends_early_and_goes_on)
{
    th_hub hub = given_hub(2);
    th_instance_filter filter = all(10);
    char got[128];

    for (const char *id = "abcde"; *id; id++)
        given_instance(&hub, (char[]){ *id, '\0' }, RUNNING);
    given_sql(
        "update taskhub.instances set output = repeat('x', 9000000) where partition_id in (%d, %d)",
        hub.first_partition, hub.first_partition + 1);

    filter.want_payloads = true;
    list(&hub, filter, got, sizeof got);
    CHECK_STR(got, "a b |c d |e |");
    filter.want_payloads = false;
    list(&hub, filter, got, sizeof got);
    CHECK_STR(got, "a b c d e |");
}

TEST(payloads_come_only_when_they_are_wanted)
{
    th_hub hub = given_hub(1);
    th_arena *arena = th_arena_new(0);
    th_instance_filter filter = all(1);
    th_instance *rows;
    size_t count;
    const char *next;
    th_error err = { 0 };

    given_instance(&hub, "a", PENDING);
    CHECK_INT(th_instances_list(given_db(), arena, &hub, &filter, &rows, &count, &next, &err),
              TH_OK);
    CHECK_INT(count, 1);
    CHECK_STR(rows[0].input, NULL);
    filter.want_payloads = true;
    CHECK_INT(th_instances_list(given_db(), arena, &hub, &filter, &rows, &count, &next, &err),
              TH_OK);
    CHECK_STR(rows[0].input, "\"in\"");
    th_arena_free(arena);
}

TEST(a_bad_page_size_or_text_is_refused_by_name)
{
    th_hub hub = given_hub(1);
    th_arena *arena = th_arena_new(0);
    th_instance_filter bad[] = { all(0), all(1001), all(1), all(1) };
    static const char *const words[] = { "top: ", "top: ", "prefix: ", "continue after: " };

    bad[2].id_prefix =
        "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80"
        "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80";
    bad[3].after_id = "\xff";
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        th_instance *rows;
        size_t count;
        const char *next;
        th_error err = { 0 };

        CHECK_INT(th_instances_list(given_db(), arena, &hub, &bad[i], &rows, &count, &next, &err),
                  TH_INVALID);
        CHECK(strstr(err.text, words[i]) != NULL);
    }
    th_arena_free(arena);
}

TEST(one_instance_comes_with_all_its_columns)
{
    th_hub hub = given_hub(4);
    th_arena *arena = th_arena_new(0);
    th_instance *got;
    th_error err = { 0 };

    given_instance(&hub, "a", COMPLETED);
    given_sql(
        "update taskhub.instances set version = '', output = 'raw', failure = '{}', custom_status "
        "= "
        "'2', tags = '{\"t\":\"1\"}', parent_instance_id = 'p', execution_id = "
        "'01234567-89ab-cdef-0123-456789abcdef', completed_at = '2026-01-01 00:00:01.5+00' where "
        "instance_id = 'a' and partition_id = %d",
        th_hub_partition_of(&hub, "a"));

    if (!CHECK_INT(th_instance_get(given_db(), arena, &hub, "a", &got, &err), TH_OK))
        return;
    CHECK_STR(got->id, "a");
    CHECK_STR(got->name, "Hello");
    CHECK_STR(got->version, "");
    CHECK_STR(got->execution_id, "0123456789abcdef0123456789abcdef");
    CHECK_INT(got->status, COMPLETED);
    CHECK_STR(got->input, "\"in\"");
    CHECK_STR(got->output, "raw");
    CHECK_STR(got->failure, "{}");
    CHECK_STR(got->custom_status, "2");
    CHECK_STR(got->tags, "{\"t\":\"1\"}");
    CHECK_STR(got->parent_instance_id, "p");
    CHECK_INT(got->created_us, INT64_C(1767225600000000));
    CHECK_INT(got->completed_us, INT64_C(1767225601500000));
    CHECK_INT(th_instance_get(given_db(), arena, &hub, "b", &got, &err), TH_NOT_FOUND);
    CHECK(got == NULL);
    th_arena_free(arena);
}

static void given_episode(const th_hub *hub, const char *id, int episode, const char *execution)
{
    given_sql(
        "insert into taskhub.history (partition_id, instance_id, execution_id, episode, first_seq, "
        "at, events) select partition_id, instance_id, %s, %d, %d, '2026-01-01 00:00:00+00', "
        "'[{\"kind\":\"E%d\"}]' from taskhub.instances where partition_id = %d and instance_id = "
        "'%s'",
        execution, episode, episode * 3, episode, th_hub_partition_of(hub, id), id);
}

TEST(history_holds_the_present_execution_in_order)
{
    th_hub hub = given_hub(4);
    th_arena *arena = th_arena_new(0);
    th_history_row *rows;
    size_t count;
    th_error err = { 0 };

    given_instance(&hub, "a", RUNNING);
    CHECK_INT(th_history_get(given_db(), arena, &hub, "a", &rows, &count, &err), TH_OK);
    CHECK_INT(count, 0);
    given_episode(&hub, "a", 1, "execution_id");
    given_episode(&hub, "a", 0, "execution_id");
    given_episode(&hub, "a", 2, "gen_random_uuid()");

    CHECK_INT(th_history_get(given_db(), arena, &hub, "a", &rows, &count, &err), TH_OK);
    if (CHECK_INT(count, 2)) {
        CHECK_INT(rows[0].episode, 0);
        CHECK_INT(rows[1].first_seq, 3);
        CHECK_INT(rows[1].at_us, INT64_C(1767225600000000));
        CHECK_STR(rows[1].events, "[{\"kind\":\"E1\"}]");
    }
    CHECK_INT(th_history_get(given_db(), arena, &hub, "b", &rows, &count, &err), TH_NOT_FOUND);
    th_arena_free(arena);
}

TEST(purge_takes_a_finished_instance_with_all_its_history)
{
    th_hub hub = given_hub(4);
    th_error err = { 0 };
    int status;

    given_instance(&hub, "a", COMPLETED);
    given_episode(&hub, "a", 0, "execution_id");
    given_episode(&hub, "a", 0, "gen_random_uuid()");
    given_instance(&hub, "b", RUNNING);

    CHECK_INT(th_instance_purge(given_db(), &hub, "b", NULL, &status, &err), TH_NOT_FINISHED);
    CHECK_INT(status, RUNNING);
    th_error_clear(&err);
    CHECK_INT(th_instance_purge(given_db(), &hub, "a", NULL, &status, &err), TH_OK);
    CHECK_INT(status, COMPLETED);
    CHECK_INT(th_instance_purge(given_db(), &hub, "a", NULL, &status, &err), TH_NOT_FOUND);
    CHECK_INT(status, -1);
    CHECK_INT(
        given_sql(
            "select count(*) from taskhub.history where instance_id = 'a' and partition_id = %d",
            th_hub_partition_of(&hub, "a")),
        0);
    CHECK_INT(
        given_sql(
            "select count(*) from pg_stat_activity where state like 'idle in transaction%%' and "
            "pid = pg_backend_pid()"),
        0);
}

TEST(purge_waits_for_nobodys_lock_longer_than_a_moment)
{
    th_hub hub = given_hub(1);
    th_error err = { 0 };
    int status;
    char sql[256];
    PGconn *stranger = given_stranger();

    given_instance(&hub, "a", COMPLETED);
    PQclear(given_sql_on(stranger, "begin"));
    snprintf(sql, sizeof sql, "select from taskhub.instances where partition_id = %d for update",
             hub.first_partition);
    PQclear(given_sql_on(stranger, sql));
    int64_t before_us = given_now_us();

    CHECK_INT(th_instance_purge(given_db(), &hub, "a", NULL, &status, &err), TH_DB_RETRY);
    CHECK(given_now_us() - before_us < 3000000);
    PQclear(given_sql_on(stranger, "rollback"));
    th_error_clear(&err);
    CHECK_INT(th_instance_purge(given_db(), &hub, "a", NULL, &status, &err), TH_OK);
    PQfinish(stranger);
}
