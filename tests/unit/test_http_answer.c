/* test_http_answer.c - the response of an HTTP call as its result. */
#include "test.h"

#include "runtime/http_answer.h"

static th_arena *arena;
static th__http_answer answer;

static void given(size_t content_max)
{
    if (arena) {
        th__http_answer_free(&answer);
        th_arena_free(arena);
    }
    arena = th_arena_new(0);
    th__http_answer_init(&answer, arena, content_max);
}

static bool head(const char *line)
{
    return th__http_answer_head(&answer, line, strlen(line));
}

static const char *written(void)
{
    th_buf out = TH_BUF_INIT;
    th__http_answer_write(&out, &answer);
    const char *text = th_strndup(arena, out.data, out.len);
    th_buf_free(&out);
    return text;
}

TEST(an_answer_is_written_as_durable_functions_writes_it)
{
    given(100);
    CHECK(head("HTTP/1.1 200 OK\r\n") && head("Content-Type: text/plain\r\n"));
    CHECK(head("Set-Cookie: a=1\r\n") && head("set-cookie:b=2\r\n") && head("Empty:\r\n"));
    CHECK(head("\r\n"));
    CHECK(th__http_answer_body(&answer, "he\"l", 4) && th__http_answer_body(&answer, "lo\n", 3));
    CHECK_STR(written(), "{\"statusCode\":200,\"headers\":{\"Content-Type\":\"text/plain\","
                         "\"Set-Cookie\":[\"a=1\",\"b=2\"],\"Empty\":\"\"},"
                         "\"content\":\"he\\\"llo\\n\"}");
}

TEST(an_interim_answer_is_forgotten)
{
    given(100);
    CHECK(head("HTTP/1.1 103 Early Hints\r\n") && head("Link: x\r\n") && head("\r\n"));
    CHECK(head("HTTP/2 204 \r\n") && head("\r\n"));
    CHECK_STR(written(), "{\"statusCode\":204,\"headers\":{},\"content\":\"\"}");
}

TEST(bytes_that_are_no_text_become_the_replacement_character)
{
    given(100);
    CHECK(head("HTTP/1.1 200 OK\r\n") && head("X: \xFF\r\n"));
    CHECK(th__http_answer_body(&answer, "a\xFF\0\xC3\xBC", 5));
    CHECK_STR(written(), "{\"statusCode\":200,\"headers\":{\"X\":\"\xEF\xBF\xBD\"},"
                         "\"content\":\"a\xEF\xBF\xBD\\u0000\xC3\xBC\"}");
}

TEST(latin_1_and_a_byte_order_mark_are_understood)
{
    given(100);
    CHECK(head("HTTP/1.1 200 OK\r\n") && head("Content-Type: text/plain; charset=ISO-8859-1\r\n"));
    CHECK(th__http_answer_body(&answer, "\xFC", 1));
    CHECK(strstr(written(), "\"content\":\"\xC3\xBC\"") != NULL);
    given(100);
    CHECK(head("HTTP/1.1 200 OK\r\n"));
    CHECK(th__http_answer_body(&answer, "\xEF\xBB\xBFx", 4));
    CHECK(strstr(written(), "\"content\":\"x\"") != NULL);
}

TEST(too_much_content_is_a_problem_at_the_first_byte_too_many)
{
    given(4);
    CHECK(th__http_answer_body(&answer, "1234", 4));
    CHECK(!th__http_answer_body(&answer, "5", 1));
    CHECK_STR(answer.problem, "has a content of more than 4 bytes");
}

TEST(too_many_headers_are_a_problem)
{
    char line[1001];

    given(4);
    for (int i = 0; i < 500; i++)
        CHECK(head("A: b\r\n"));
    CHECK(!head("A: b\r\n"));
    given(4);
    memset(line, 'a', 1000);
    line[1] = ':';
    line[1000] = '\0';
    for (int i = 0; i < 65; i++)
        CHECK(head(line));
    CHECK(!head(line));
    CHECK(answer.problem != NULL);
}

TEST(a_pause_is_named_in_seconds_or_as_a_date)
{
    int64_t now = INT64_C(1445412480) * TH_SECOND; /* Wed, 21 Oct 2015 07:28:00 GMT */

    given(4);
    CHECK_INT(th__http_answer_retry_after(&answer, now), -1);
    CHECK(head("Retry-After: 120\r\n"));
    CHECK_INT(th__http_answer_retry_after(&answer, now), 120 * TH_SECOND);
    given(4);
    CHECK(head("Retry-After: Wed, 21 Oct 2015 07:28:30 GMT\r\n"));
    CHECK_INT(th__http_answer_retry_after(&answer, now), 30 * TH_SECOND);
    CHECK_INT(th__http_answer_retry_after(&answer, now + TH_HOUR), 0);
    given(4);
    CHECK(head("Retry-After: soon\r\n"));
    CHECK_INT(th__http_answer_retry_after(&answer, now), -1);
    given(4);
    CHECK(head("Retry-After: 99999999999999999999999\r\n"));
    CHECK(th__http_answer_retry_after(&answer, now) > 100 * 366 * TH_DAY);
}
