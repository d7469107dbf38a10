/* Parameters in binary format, and results read back: through a real server, both ways. */
#include "store/params.h"

#include "given_db.h"

/* Sends one column and gets it back as rows. */
static PGresult *echo(th_db *db, th_array *a, const char *type)
{
    th_params p = { 0 };
    PGresult *res = NULL;
    th_error err = { 0 };
    char sql[80];

    snprintf(sql, sizeof sql, "select * from unnest($1::%s[])", type);
    th_param_array(&p, a);
    th_params_ready(&p);
    CHECK(th_db_exec(db, sql, &p, true, &res, &err) == TH_OK);
    CHECK_STR(err.text, "");
    th_params_free(&p);
    return res;
}

/* What the server makes of it, in its own words. */
static void check_text(th_db *db, const th_params *p, const char *type, const char *want)
{
    PGresult *res = NULL;
    th_error err = { 0 };
    char sql[80];

    snprintf(sql, sizeof sql, "select $1::%s::text", type);
    CHECK(th_db_exec(db, sql, p, false, &res, &err) == TH_OK);
    CHECK_STR(err.text, "");
    if (res)
        CHECK_STR(PQgetisnull(res, 0, 0) ? NULL : PQgetvalue(res, 0, 0), want);
    PQclear(res);
}

static void check_array(th_db *db, th_array *a, const char *type, const char *want)
{
    th_params p = { 0 };

    th_param_array(&p, a);
    th_params_ready(&p);
    check_text(db, &p, type, want);
    th_params_free(&p);
    th_array_free(a);
}

TEST(the_server_reads_arrays_of_every_type_as_they_were_meant)
{
    th_db *db = given_db(TH_DB_CONTROL);
    th_uuid id = { { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 255 } };
    th_array a;

    th_array_init(&a, TH_T_BOOL);
    th_array_bool(&a, true);
    th_array_null(&a);
    th_array_bool(&a, false);
    check_array(db, &a, "bool[]", "{t,NULL,f}");

    th_array_init(&a, TH_T_INT2);
    th_array_i16(&a, INT16_MIN);
    th_array_i16(&a, INT16_MAX);
    check_array(db, &a, "int2[]", "{-32768,32767}");

    th_array_init(&a, TH_T_INT4);
    th_array_i32(&a, INT32_MIN);
    th_array_i32(&a, INT32_MAX);
    check_array(db, &a, "int4[]", "{-2147483648,2147483647}");

    th_array_init(&a, TH_T_INT8);
    th_array_i64(&a, INT64_MIN);
    th_array_i64(&a, INT64_MAX);
    check_array(db, &a, "int8[]", "{-9223372036854775808,9223372036854775807}");

    th_array_init(&a, TH_T_TEXT);
    th_array_text(&a, "");
    th_array_text(&a, NULL);
    th_array_text(&a, "NULL");
    th_array_text(&a, "{\"a\\,b}");
    th_array_bytes(&a, "caf\xC3\xA9 and more", 5);
    check_array(db, &a, "text[]", "{\"\",NULL,\"NULL\",\"{\\\"a\\\\,b}\",café}");

    th_array_init(&a, TH_T_JSON);
    th_array_text(&a, "[1]");
    th_array_null(&a);
    check_array(db, &a, "json[]", "{[1],NULL}");

    th_array_init(&a, TH_T_UUID);
    th_array_uuid(&a, &id);
    th_array_uuid(&a, NULL);
    check_array(db, &a, "uuid[]", "{00010203-0405-0607-0809-0a0b0c0d0eff,NULL}");

    th_array_init(&a, TH_T_TIMESTAMPTZ);
    th_array_time(&a, 0);
    th_array_time(&a, 946684800 * SECOND + 1);
    th_array_time(&a, TH_TIME_NEG_INF);
    th_array_time(&a, TH_TIME_INF);
    th_array_null(&a);
    check_array(db, &a, "timestamptz[]",
                "{\"1970-01-01 00:00:00+00\",\"2000-01-01 00:00:00.000001+00\",-infinity,infinity,"
                "NULL}");
    th_db_close(db);
}

TEST(an_empty_array_is_empty_and_not_null_and_can_be_filled_later)
{
    th_db *db = given_db(TH_DB_CONTROL);
    th_array a;

    th_array_init(&a, TH_T_INT4);
    PGresult *res = echo(db, &a, "int4");
    CHECK_INT(PQntuples(res), 0);
    PQclear(res);

    th_array_i32(&a, 7);
    res = echo(db, &a, "int4");
    CHECK_INT(PQntuples(res), 1);
    CHECK_INT(th_get_i32(PQgetvalue(res, 0, 0)), 7);
    PQclear(res);

    th_array_clear(&a);
    check_array(db, &a, "int4[]", "{}");
    th_db_close(db);
}

TEST(a_cleared_array_forgets_its_nulls_and_finishing_twice_changes_nothing)
{
    th_db *db = given_db(TH_DB_CONTROL);
    th_array a;

    th_array_init(&a, TH_T_TEXT);
    th_array_null(&a);
    th_array_clear(&a);
    CHECK(!a.has_null);
    th_array_null(&a);
    th_array_finish(&a);
    CHECK_MEM(a.buf.data, "\0\0\0\1\0\0\0\1\0\0\0\x19\0\0\0\1\0\0\0\1\xFF\xFF\xFF\xFF", 24);
    th_array_clear(&a);
    th_array_text(&a, "one");
    th_array_finish(&a);
    th_array_finish(&a);
    th_array_text(&a, "two");
    check_array(db, &a, "text[]", "{one,two}");
    th_db_close(db);
}

TEST(the_server_reads_scalars_of_every_type_as_they_were_meant)
{
    th_db *db = given_db(TH_DB_CONTROL);
    th_uuid id = { { 255 } };
    th_params p = { 0 };

#define SCALAR(call, type, want) \
    th_params_clear(&p);         \
    call;                        \
    th_params_ready(&p);         \
    check_text(db, &p, type, want)

    SCALAR(th_param_bool(&p, true), "bool", "true");
    SCALAR(th_param_i16(&p, -2), "int2", "-2");
    SCALAR(th_param_i32(&p, INT32_MIN), "int4", "-2147483648");
    SCALAR(th_param_i64(&p, INT64_MAX), "int8", "9223372036854775807");
    SCALAR(th_param_text(&p, ""), "text", "");
    SCALAR(th_param_text(&p, "caf\xC3\xA9"), "text", "café");
    SCALAR(th_param_text(&p, NULL), "text", NULL);
    SCALAR(th_param_uuid(&p, &id), "uuid", "ff000000-0000-0000-0000-000000000000");
    SCALAR(th_param_uuid(&p, NULL), "uuid", NULL);
    SCALAR(th_param_time(&p, -1), "timestamptz", "1969-12-31 23:59:59.999999+00");
    SCALAR(th_param_time(&p, TH_TIME_INF), "timestamptz", "infinity");
    SCALAR(th_param_time(&p, TH_TIME_NEG_INF), "timestamptz", "-infinity");
#undef SCALAR
    th_params_free(&p);
    th_db_close(db);
}

TEST(many_scalars_keep_their_values_while_their_memory_grows)
{
    th_db *db = given_db(TH_DB_POOL);
    th_params p = { 0 };
    PGresult *res = NULL;
    th_error err = { 0 };

    for (int i = 0; i < TH_MAX_PARAMS; i++)
        th_param_i64(&p, 1 << (i / 2));
    th_params_ready(&p);
    CHECK(th_db_exec(db,
                     "select $1+$2+$3+$4+$5+$6+$7+$8+$9+$10+$11+$12+$13+$14+$15+$16+$17+$18+$19"
                     "+$20+$21+$22+$23+$24+$25+$26+$27+$28+$29+$30+$31+$32",
                     &p, true, &res, &err) == TH_OK);
    if (CHECK(res != NULL))
        CHECK_INT(th_get_i64(PQgetvalue(res, 0, 0)), 2 * 65535);
    PQclear(res);
    th_params_free(&p);
    th_db_close(db);
}

TEST(times_come_back_as_they_went_infinities_too)
{
    static const int64_t times[] = { 0,
                                     -1,
                                     INT64_C(1764000000123456),
                                     TH_TIME_INF,
                                     TH_TIME_NEG_INF,
                                     -62135596800 * SECOND, /* year 1 */
                                     253402300799 * SECOND };
    enum { N = sizeof times / sizeof *times };
    th_db *db = given_db(TH_DB_POOL);
    th_array a;

    th_array_init(&a, TH_T_TIMESTAMPTZ);
    for (int i = 0; i < N; i++)
        th_array_time(&a, times[i]);
    PGresult *res = echo(db, &a, "timestamptz");
    for (int i = 0; res && i < N; i++)
        CHECK_INT(th_get_time(PQgetvalue(res, i, 0)), times[i]);
    PQclear(res);
    th_array_free(&a);
    th_db_close(db);
}

TEST(times_that_cannot_be_said_are_refused_or_bounded_and_never_infinite)
{
    th_db *db = given_db(TH_DB_POOL);
    th_params p = { 0 };
    PGresult *res = NULL;
    th_error err = { 0 };

    th_param_time(&p, INT64_MIN + 1);
    th_params_ready(&p);
    CHECK(th_db_exec(db, "select $1", &p, true, &res, &err) == TH_DB);
    CHECK_STR(err.sqlstate, "22008");

    th_error_clear(&err);
    CHECK(th_db_exec(db, "select timestamptz '294276-12-31 00:00:00+00'", NULL, true, &res, &err) ==
          TH_OK);
    if (CHECK(res != NULL))
        CHECK(th_get_time(PQgetvalue(res, 0, 0)) == TH_TIME_INF - 1);
    PQclear(res);
    th_params_free(&p);
    th_db_close(db);
}

TEST(a_hundred_thousand_elements_of_several_columns_come_back_unchanged)
{
    enum { N = 100000 };
    th_db *db = given_db(TH_DB_POOL);
    th_array ids, texts, uuids;
    th_params p = { 0 };
    PGresult *res = NULL;
    th_error err = { 0 };
    int wrong = 0;

    th_array_init(&ids, TH_T_INT8);
    th_array_init(&texts, TH_T_TEXT);
    th_array_init(&uuids, TH_T_UUID);
    for (int i = 0; i < N; i++) {
        char text[32];
        th_uuid id = { { (uint8_t)i, (uint8_t)(i >> 8), (uint8_t)(i >> 16) } };

        snprintf(text, sizeof text, "%*d", i % 20, i);
        th_array_i64(&ids, (int64_t)i << 20);
        th_array_text(&texts, i % 3 ? text : NULL);
        th_array_uuid(&uuids, &id);
    }
    th_param_array(&p, &ids);
    th_param_array(&p, &texts);
    th_param_array(&p, &uuids);
    th_params_ready(&p);
    CHECK(th_db_exec(db, "select * from unnest($1, $2, $3)", &p, true, &res, &err) == TH_OK);
    CHECK_STR(err.text, "");
    CHECK_INT(PQntuples(res), N);
    for (int i = 0; i < PQntuples(res); i++) {
        char text[32];
        const uint8_t *id = (const uint8_t *)PQgetvalue(res, i, 2);

        snprintf(text, sizeof text, "%*d", i % 20, i);
        wrong += th_get_i64(PQgetvalue(res, i, 0)) != (int64_t)i << 20;
        wrong += i % 3 ? strcmp(PQgetvalue(res, i, 1), text) != 0 : !PQgetisnull(res, i, 1);
        wrong += id[0] + (id[1] << 8) + (id[2] << 16) != i;
    }
    CHECK_INT(wrong, 0);
    PQclear(res);
    th_array_free(&ids);
    th_array_free(&texts);
    th_array_free(&uuids);
    th_params_free(&p);
    th_db_close(db);
}

TEST(small_integers_are_read_with_their_sign)
{
    CHECK_INT(th_get_i16("\xFF\xFE"), -2);
    CHECK_INT(th_get_i32("\x80\x00\x00\x00"), INT32_MIN);
    CHECK_INT(th_get_i64("\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF"), -1);
}

TEST(what_does_not_fit_is_remembered_and_never_sent)
{
    th_db *db = given_db(TH_DB_POOL);
    th_error err = { 0 };
    PGresult *res = NULL;
    th_params p = { 0 };
    th_array a;

    th_array_init(&a, TH_T_TEXT);
    th_array_bytes(&a, "x", (size_t)1 << 30);
    th_array_text(&a, "small");
    th_param_array(&p, &a);
    CHECK(p.failed);
    CHECK(th_db_exec(db, "select $1", &p, true, &res, &err) == TH_TOO_LARGE);
    CHECK(res == NULL);

    th_params_clear(&p);
    for (int i = 0; i <= TH_MAX_PARAMS; i++)
        th_param_i32(&p, i);
    CHECK(p.failed);
    CHECK_INT(p.n, TH_MAX_PARAMS);
    CHECK_STR(value_of(db, "select 1"), "1");
    th_array_free(&a);
    th_params_free(&p);
    th_db_close(db);
}

TEST(scalars_that_were_not_made_ready_are_not_sent_as_nulls)
{
    th_db *db = given_db(TH_DB_POOL);
    th_error err = { 0 };
    th_params p = { 0 };

    th_param_i32(&p, 1);
    CHECK(th_db_exec(db, "select $1", &p, true, NULL, &err) == TH_INTERNAL);
    th_params_free(&p);
    th_db_close(db);
}
