/* test_hubs.c - hubs are created once, found in any case, and place ids as the SQL functions do. */
#include "store/hubs.h"

#include <pthread.h>

#include "given_db.h"

static void drop_hub(th_db *db, const char *name)
{
    th_error err = { 0 };
    th_rc rc = th_db_query(db, "select taskhub.drop_hub($1)", 1, &name, NULL, &err);

    if (!CHECK(rc == TH_OK || rc == TH_INVALID)) /* invalid: it is not there */
        printf("%s\n", err.text);
}

TEST(a_hub_is_created_once_and_keeps_its_partitions)
{
    th_db *db = given_db(TH_DB_CONTROL);
    th_hub first = { 0 }, again = { 0 };
    th_error err = { 0 };

    drop_hub(db, "HubsOnce");
    CHECK_INT(th_hub_ensure(db, "HubsOnce", 3, &first, &err), TH_OK);
    CHECK_INT(th_hub_ensure(db, "hubsonce", 8, &again, &err), TH_OK);
    CHECK_INT(again.hub_id, first.hub_id);
    CHECK_INT(again.partition_count, 3);
    CHECK_STR(again.name, "HubsOnce");
    drop_hub(db, "HubsOnce");
    th_db_close(db);
}

TEST(an_unknown_hub_is_not_found_by_name)
{
    th_db *db = given_db(TH_DB_CONTROL);
    th_hub hub = { 0 };
    th_error err = { 0 };

    CHECK_INT(th_hub_get(db, "HubsNowhere", &hub, &err), TH_NOT_FOUND);
    CHECK(strstr(err.text, "HubsNowhere") != NULL);
    th_db_close(db);
}

TEST(a_bad_name_or_count_is_refused_with_the_rule)
{
    th_db *db = given_db(TH_DB_CONTROL);
    th_hub hub = { 0 };
    th_error err = { 0 };

    CHECK_INT(th_hub_ensure(db, "1st", 4, &hub, &err), TH_INVALID);
    CHECK(strstr(err.text, "name: ") != NULL);
    th_error_clear(&err);
    CHECK_INT(th_hub_ensure(db, "HubsMany", 1025, &hub, &err), TH_INVALID);
    CHECK(strstr(err.text, "partitions: ") != NULL);
    th_db_close(db);
}

static void *ensure_thread(void *arg)
{
    th_db *db = given_db(TH_DB_CONTROL);
    th_error err = { 0 };

    if (th_hub_ensure(db, "HubsRace", 4, arg, &err) != TH_OK)
        printf("ensure: %s\n", err.text);
    th_db_close(db);
    return NULL;
}

TEST(processes_that_start_at_once_agree_on_one_hub)
{
    th_db *db = given_db(TH_DB_CONTROL);
    th_hub hubs[4] = { 0 };
    pthread_t threads[4];

    drop_hub(db, "HubsRace");
    for (int i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, ensure_thread, &hubs[i]);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    CHECK(hubs[0].hub_id > 0);
    for (int i = 1; i < 4; i++)
        CHECK_INT(hubs[i].hub_id, hubs[0].hub_id);
    drop_hub(db, "HubsRace");
    th_db_close(db);
}

TEST(an_id_lies_in_the_partition_that_sql_says)
{
    static const char *const ids[] = {
        "a", "order-1", "a b", "\xC3\xA9t\xC3\xA9", "\xF0\x9F\x9A\x80", "@counter@1"
    };
    th_db *db = given_db(TH_DB_CONTROL);
    th_hub hub = { 0 };
    th_error err = { 0 };

    drop_hub(db, "HubsPlace");
    CHECK_INT(th_hub_ensure(db, "HubsPlace", 7, &hub, &err), TH_OK);
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
        const char *const params[] = { ids[i], hub.name };
        PGresult *res = NULL;

        CHECK_INT(th_db_query(db, "select taskhub.partition_of($1, $2)", 2, params, &res, &err),
                  TH_OK);
        if (res)
            CHECK_INT(th_hub_partition_of(&hub, ids[i]), atoi(PQgetvalue(res, 0, 0)));
        PQclear(res);
    }
    drop_hub(db, "HubsPlace");
    th_db_close(db);
}
