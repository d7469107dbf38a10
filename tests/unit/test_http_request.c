/* test_http_request.c - the input of an HTTP call: what is taken, what is refused, what is due. */
#include "test.h"

#include "runtime/http_request.h"

static th_arena *arena;
static th__http_request request;
static th_error error;

static bool given(const char *text)
{
    th_arena_free(arena);
    arena = th_arena_new(0);
    th_error_clear(&error);
    return th__http_request_parse(arena, text, strlen(text), &request, &error) == TH_OK;
}

/* What the request is written as, in arena. */
static const char *written(void)
{
    th_buf out = TH_BUF_INIT;
    th__http_request_write(&out, &request);
    const char *text = th_strndup(arena, out.data, out.len);
    th_buf_free(&out);
    return text;
}

static bool refused(const char *text, const char *words)
{
    return !given(text) && strstr(error.text, words) != NULL;
}

TEST(a_request_of_durable_functions_is_read)
{
    CHECK(
        given("{\"method\":\"post\",\"uri\":\"https://a/b\",\"content\":\"text\","
              "\"headers\":{\"Accept\":\"text/plain\",\"X-Two\":[\"1\",\"2\"],\"X-None\":null},"
              "\"tokenSource\":null,\"asynchronousPatternEnabled\":false,\"timeout\":\"00:00:05\","
              "\"retryOptions\":{\"FirstRetryInterval\":\"00:00:01.5\",\"MaxNumberOfAttempts\":4,"
              "\"BackoffCoefficient\":2.0,\"MaxRetryInterval\":\"6.00:00:00\","
              "\"RetryTimeout\":\"00:10:00\",\"StatusCodesToRetry\":[429,503]}}"));
    CHECK_STR(request.method, "POST");
    CHECK_STR(request.uri, "https://a/b");
    CHECK_STR(request.content, "text");
    CHECK_INT(request.header_count, 3);
    CHECK_STR(th__http_header_of(&request, "x-two"), "1");
    CHECK_STR(request.headers[2].value, "2");
    CHECK(!request.polls);
    CHECK_INT(request.timeout_us, 5 * TH_SECOND);
    CHECK_INT(request.retry.first_interval, 1500 * TH_MILLISECOND);
    CHECK_INT(request.retry.max_attempts, 4);
    CHECK_INT(request.retry.max_interval, 6 * TH_DAY);
    CHECK_INT(request.retry.timeout, 10 * TH_MINUTE);
    CHECK_INT(request.status_count, 2);
}

TEST(what_is_left_out_has_the_defaults_of_durable_functions)
{
    CHECK(given("{\"uri\":\"http://a\"}"));
    CHECK_STR(request.method, "GET");
    CHECK(request.polls && !request.content && !request.header_count);
    CHECK_INT(request.timeout_us, 100 * TH_SECOND);
    CHECK_INT(request.retry.max_attempts, 0);
    CHECK_INT(request.attempt, 1);
}

TEST(durations_may_be_milliseconds_as_the_sdks_of_python_and_javascript_write_them)
{
    CHECK(given("{\"uri\":\"http://a\",\"timeout\":2500,\"retryOptions\":{"
                "\"firstRetryIntervalInMilliseconds\":50,\"maxNumberOfAttempts\":2}}"));
    CHECK_INT(request.timeout_us, 2500 * TH_MILLISECOND);
    CHECK_INT(request.retry.first_interval, 50 * TH_MILLISECOND);
}

TEST(a_content_that_is_no_text_is_sent_as_its_json)
{
    CHECK(given("{\"uri\":\"http://a\",\"content\":{\"n\": [1, 2]}}"));
    CHECK_STR(request.content, "{\"n\":[1,2]}");
}

TEST(a_content_may_hold_zero_bytes)
{
    CHECK(given("{\"uri\":\"http://a\",\"content\":\"a\\u0000b\"}"));
    CHECK_INT(request.content_len, 3);
    CHECK_MEM(request.content, "a\0b", 3);
    CHECK_STR(written(), "{\"method\":\"GET\",\"uri\":\"http://a\",\"content\":\"a\\u0000b\"}");
}

TEST(each_mistake_is_named_with_its_member_and_its_rule)
{
    CHECK(refused("[]", "must be an object"));
    CHECK(refused("{", "JSON"));
    CHECK(refused("{\"method\":\"GET\"}", "uri: is required"));
    CHECK(refused("{\"uri\":7}", "uri: must be a string"));
    CHECK(refused("{\"uri\":\"u\",\"method\":\"G T\"}", "method: must be an HTTP method"));
    CHECK(refused("{\"uri\":\"u\",\"method\":\"connect\"}", "method: must not be CONNECT"));
    CHECK(refused("{\"uri\":\"u\",\"headers\":[]}", "headers: must be an object"));
    CHECK(refused("{\"uri\":\"u\",\"headers\":{\"A\":1}}", "headers.A: must be a text or"));
    CHECK(refused("{\"uri\":\"u\",\"headers\":{\"A\":\"x\\r\\nB: y\"}}", "control characters"));
    CHECK(refused("{\"uri\":\"u\",\"headers\":{\"A B\":\"x\"}}", "must have a name of"));
    CHECK(refused("{\"uri\":\"u\",\"headers\":{\"content-length\":\"9\"}}", "must not be given"));
    CHECK(refused("{\"uri\":\"u\",\"timeout\":\"soon\"}", "timeout:"));
    CHECK(refused("{\"uri\":\"u\",\"timeout\":0}", "from a millisecond to a day"));
    CHECK(refused("{\"uri\":\"u\",\"retryOptions\":{}}", "maxNumberOfAttempts: is required"));
    CHECK(refused("{\"uri\":\"u\",\"retryOptions\":{\"maxNumberOfAttempts\":2,"
                  "\"backoffCoefficient\":0.5}}",
                  "backoff must be"));
    CHECK(refused("{\"uri\":\"u\",\"retryOptions\":{\"maxNumberOfAttempts\":2,"
                  "\"statusCodesToRetry\":[\"x\"]}}",
                  "statusCodesToRetry: must be numbers"));
    CHECK(refused("{\"uri\":\"u\",\"method\":\"HEAD\",\"content\":\"x\"}", "with the method HEAD"));
    CHECK(refused("{\"uri\":\"u\",\"progress\":{\"attempt\":0}}", "progress.attempt"));
}

TEST(a_token_source_is_not_supported_and_says_so)
{
    CHECK(refused("{\"uri\":\"u\",\"tokenSource\":{\"kind\":\"AzureManagedIdentity\"}}",
                  "not supported"));
    CHECK_INT(error.rc, TH_NOT_SUPPORTED);
}

TEST(what_is_written_is_read_as_the_same)
{
    const char *text =
        "{\"method\":\"PUT\",\"uri\":\"http://a/\",\"headers\":{\"A\":[\"1\",\"2\"],\"B\":\"\"},"
        "\"content\":\"c\",\"asynchronousPatternEnabled\":false,"
        "\"timeout\":\"0.00:00:00.250000\",\"retryOptions\":{\"maxNumberOfAttempts\":3,"
        "\"firstRetryInterval\":\"1.02:03:04.000005\",\"maxRetryInterval\":\"6.00:00:00.000000\","
        "\"retryTimeout\":\"0.00:00:01.000000\",\"backoffCoefficient\":1.5,"
        "\"statusCodesToRetry\":[500,429]},"
        "\"progress\":{\"attempt\":2,\"since\":17,\"polls\":4}}";

    CHECK(given(text));
    CHECK_STR(written(), text);
}

TEST(pauses_grow_up_to_the_longest_one)
{
    int64_t pause = 0;
    CHECK(given("{\"uri\":\"u\",\"retryOptions\":{\"maxNumberOfAttempts\":5,"
                "\"firstRetryInterval\":\"00:00:02\",\"backoffCoefficient\":3,"
                "\"maxRetryInterval\":\"00:00:10\"}}"));
    int64_t want[] = { 2, 6, 10, 10 };
    for (int i = 0; i < 4; i++) {
        request.attempt = i + 1;
        CHECK(th__http_next_try(&request, 0, &pause));
        CHECK_INT(pause, want[i] * TH_SECOND);
    }
    request.attempt = 5;
    CHECK(!th__http_next_try(&request, 0, &pause));
}

TEST(no_try_starts_later_than_the_timeout_of_the_policy)
{
    int64_t pause = 0;
    CHECK(given("{\"uri\":\"u\",\"retryOptions\":{\"maxNumberOfAttempts\":99,"
                "\"firstRetryInterval\":\"00:00:02\",\"retryTimeout\":\"00:00:05\"},"
                "\"progress\":{\"attempt\":2,\"since\":1000000}}"));
    CHECK(th__http_next_try(&request, 4 * TH_SECOND, &pause));
    CHECK(!th__http_next_try(&request, 5 * TH_SECOND, &pause));
}

TEST(without_a_first_interval_the_next_try_is_at_once_however_many_there_were)
{
    int64_t pause = 7;
    CHECK(given("{\"uri\":\"u\",\"retryOptions\":{\"maxNumberOfAttempts\":100000,"
                "\"backoffCoefficient\":10},\"progress\":{\"attempt\":99999}}"));
    CHECK(th__http_next_try(&request, 0, &pause));
    CHECK_INT(pause, 0);
}

TEST(all_bad_statuses_are_tried_again_or_those_that_are_named)
{
    CHECK(given("{\"uri\":\"u\"}"));
    CHECK(!th__http_retries(&request, 500));
    CHECK(given("{\"uri\":\"u\",\"retryOptions\":{\"maxNumberOfAttempts\":2}}"));
    CHECK(th__http_retries(&request, 400) && th__http_retries(&request, 503));
    CHECK(!th__http_retries(&request, 204));
    CHECK(given("{\"uri\":\"u\",\"retryOptions\":{\"maxNumberOfAttempts\":2,"
                "\"statusCodesToRetry\":[503]}}"));
    CHECK(!th__http_retries(&request, 500) && th__http_retries(&request, 503));
}

TEST(credentials_and_what_describes_a_content_can_be_taken_out)
{
    CHECK(given("{\"uri\":\"u\",\"content\":\"c\",\"headers\":{\"authorization\":\"a\","
                "\"Cookie\":\"b\",\"X\":\"c\",\"content-type\":\"d\"}}"));
    th__http_drop_credentials(arena, &request);
    CHECK_INT(request.header_count, 2);
    th__http_drop_content(arena, &request);
    CHECK_INT(request.header_count, 1);
    CHECK_STR(request.headers[0].name, "X");
    CHECK(!request.content);
}
