/* test_trigger_answer.c - what a function returned, as an answer. */
#include "functions/trigger_answer.h"

#include "test.h"

static th_arena *arena;
static th_trigger_answer answer;
static th_error err;

static th_rc take(const char *text)
{
    json_t *value = json_loads(text, JSON_DECODE_ANY, NULL);

    if (!arena)
        arena = th_arena_new(0);
    th_error_clear(&err);
    th_rc rc = th__trigger_answer(arena, value, &answer, &err);
    json_decref(value);
    return rc;
}

static void end(void)
{
    th_arena_free(arena);
    arena = NULL;
}

static const char *header(const char *name)
{
    for (size_t i = 0; i < answer.header_count; i++)
        if (strcmp(answer.headers[i].name, name) == 0)
            return answer.headers[i].value;
    return NULL;
}

TEST(a_whole_answer_is_taken)
{
    CHECK_INT(take("{\"http\":{\"status_code\":\"201\",\"headers\":{\"X-One\":\"1\",\"content-"
                   "length\":\"7\"},"
                   "\"cookies\":[{\"name\":\"c\",\"value\":\"v\",\"path\":\"/"
                   "\",\"max_age\":60,\"secure\":true,"
                   "\"same_site\":\"ExplicitNone\"}],\"body\":{\"bytes\":\"AAH/\"}}}"),
              TH_OK);
    CHECK_INT(answer.status, 201);
    CHECK_STR(header("X-One"), "1");
    CHECK(header("content-length") == NULL); /* the server's own */
    CHECK_STR(header("Set-Cookie"), "c=v; Path=/; Max-Age=60; Secure; SameSite=None");
    CHECK_INT(answer.body_len, 3);
    CHECK_MEM(answer.body, "\0\1\xff", 3);
    end();
}

TEST(plain_values_are_bodies_and_none_is_no_content)
{
    CHECK_INT(take("{\"string\":\"text\"}"), TH_OK);
    CHECK_INT(answer.status, 200);
    CHECK_STR(header("Content-Type"), "text/plain; charset=utf-8");
    CHECK_INT(take("{\"json\":\"{}\"}"), TH_OK);
    CHECK_STR(header("Content-Type"), "application/json; charset=utf-8");
    CHECK_INT(take("{}"), TH_OK);
    CHECK_INT(answer.status, 204);
    end();
}

TEST(a_header_of_several_values_comes_several_times)
{
    CHECK_INT(
        take("{\"http\":{\"status_code\":200,\"headers\":{\"set-cookie\":[\"a=1\",\"b=2\"]}}}"),
        TH_OK);
    CHECK_INT(answer.header_count, 2);
    CHECK_STR(answer.headers[1].value, "b=2");
    end();
}

TEST(what_no_answer_can_have_is_refused)
{
    static const char *const bad[] = {
        "{\"http\":{\"status_code\":\"abc\"}}",
        "{\"http\":{\"status_code\":\"99\"}}",
        "{\"http\":{\"status_code\":101}}",
        "{\"http\":{\"headers\":{\"a b\":\"c\"}}}",
        "{\"http\":{\"headers\":{\"a\":\"c\\r\\nd\"}}}",
        "{\"http\":{\"headers\":{\"a\":5}}}",
        "{\"http\":{\"cookies\":[{\"name\":\"a\",\"value\":\"b;c\"}]}}",
        "{\"http\":{\"body\":{\"bytes\":\"!\"}}}",
    };

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK_INT(take(bad[i]), TH_INVALID);
    end();
}
