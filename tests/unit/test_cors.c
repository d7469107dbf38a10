/* test_cors.c - pages of other origins: who may call, and what their browsers are told. */
#include "functions/cors.h"

#include "test.h"

static th_arena *arena;
static th__cors cors;
static th_error err;

static th_rc given(const char *text, bool credentials)
{
    if (!arena)
        arena = th_arena_new(0);
    th_error_clear(&err);
    return th__cors_read(arena, text, credentials, &cors, &err);
}

static void end(void)
{
    th_arena_free(arena);
    arena = NULL;
}

static const char *header(const th_trigger_answer *answer, const char *name)
{
    for (size_t i = 0; i < answer->header_count; i++)
        if (strcmp(answer->headers[i].name, name) == 0)
            return answer->headers[i].value;
    return NULL;
}

TEST(named_origins_are_allowed_in_any_case_and_no_others)
{
    CHECK_INT(given(" https://a.example , http://localhost:3000/", false), TH_OK);
    CHECK_STR(th__cors_allowed(&cors, "https://A.example"), "https://a.example");
    CHECK_STR(th__cors_allowed(&cors, "http://localhost:3000"), "http://localhost:3000");
    CHECK(!th__cors_allowed(&cors, "http://localhost:3001"));
    CHECK(!th__cors_allowed(&cors, "https://a.example.org"));
    CHECK(!th__cors_allowed(&cors, NULL));
    end();
}

TEST(without_the_setting_nothing_is_said)
{
    th_trigger_answer answer = { .status = 200 };

    CHECK_INT(given("  ", false), TH_OK);
    th__cors_answer(arena, &cors, "https://a.example", &answer);
    CHECK_INT(answer.header_count, 0);
    CHECK(!cors.origins);
    end();
}

TEST(what_is_no_origin_is_refused)
{
    CHECK_INT(given("https://a.example,nonsense", false), TH_CONFIG);
    CHECK_INT(given("https://a.example/path", false), TH_CONFIG);
    CHECK_INT(given("https://", false), TH_CONFIG);
    CHECK_INT(given("https://a.example,,", false), TH_CONFIG);
    CHECK_INT(given("*", true), TH_CONFIG);
    CHECK(strstr(err.text, "Host.CORSCredentials"));
    end();
}

TEST(an_answer_says_whom_it_is_for_unless_the_app_has_said_so)
{
    const th_trigger_pair own[] = { { "access-control-allow-origin", "https://b.example" } };
    th_trigger_answer plain = { .status = 200 }, said = { 200, own, 1, NULL, 0 },
                      stranger = { .status = 200 };

    CHECK_INT(given("https://a.example", true), TH_OK);
    th__cors_answer(arena, &cors, "https://a.example", &plain);
    CHECK_STR(header(&plain, "Access-Control-Allow-Origin"), "https://a.example");
    CHECK_STR(header(&plain, "Access-Control-Allow-Credentials"), "true");
    CHECK_STR(header(&plain, "Vary"), "Origin");
    th__cors_answer(arena, &cors, "https://a.example", &said);
    CHECK_INT(said.header_count, 1);
    th__cors_answer(arena, &cors, "https://c.example", &stranger);
    CHECK(!header(&stranger, "Access-Control-Allow-Origin"));
    CHECK_STR(header(&stranger, "Vary"), "Origin");
    end();
}

TEST(a_preflight_allows_what_it_asks_for_but_nothing_that_is_no_list_of_tokens)
{
    const th_trigger_pair good[] = { { "origin", "https://a.example" },
                                     { "access-control-request-method", "PUT" },
                                     { "access-control-request-headers", "x-one, x-two" } };
    const th_trigger_pair bad[] = { { "origin", "https://a.example" },
                                    { "access-control-request-method", "PUT\r\nX: 1" },
                                    { "access-control-request-headers", "" } };
    th_trigger_request request = { .method = "OPTIONS", .headers = good, .header_count = 3 };
    th_trigger_answer answer;

    CHECK_INT(given("*", false), TH_OK);
    th__cors_preflight(arena, &cors, &request, &answer);
    CHECK_INT(answer.status, 204);
    CHECK_STR(header(&answer, "Access-Control-Allow-Origin"), "*");
    CHECK_STR(header(&answer, "Access-Control-Allow-Methods"), "PUT");
    CHECK_STR(header(&answer, "Access-Control-Allow-Headers"), "x-one, x-two");
    request.headers = bad;
    th__cors_preflight(arena, &cors, &request, &answer);
    CHECK_STR(header(&answer, "Access-Control-Allow-Origin"), "*");
    CHECK_INT(answer.header_count, 1);
    end();
}
