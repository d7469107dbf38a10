/* test_log.c - lines as text and as JSON, read back from a pipe in place of standard error. */
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <pthread.h>
#include <unistd.h>

#include "base/clock.h"
#include "test.h"

static int real_stderr = -1, reader = -1;

static void capture(th_log_level level, th_log_format format)
{
    int ends[2];

    if (!CHECK(pipe(ends) == 0))
        exit(1);
    real_stderr = dup(STDERR_FILENO);
    dup2(ends[1], STDERR_FILENO);
    close(ends[1]);
    reader = ends[0];
    fcntl(reader, F_SETFL, O_NONBLOCK);
    th_clock_set(INT64_C(1795496400123456));
    th_log_setup(level, format);
}

/* What was logged since capture(); standard error is itself again. */
static const char *captured(void)
{
    static char text[65536];
    size_t len = 0;

    dup2(real_stderr, STDERR_FILENO);
    close(real_stderr);
    for (ssize_t n = 1; n > 0 && len + 1 < sizeof text; len += n > 0 ? (size_t)n : 0)
        n = read(reader, text + len, sizeof text - 1 - len);
    close(reader);
    th_clock_set(-1);
    text[len] = '\0';
    return text;
}

TEST(a_text_line_has_time_level_event_context_and_message)
{
    th_log_ctx ctx = { "Shop", 3, "order-1" };

    capture(TH_LOG_INFO, TH_LOG_TEXT);
    th_log(TH_LOG_WARN, TH_EV_PARTITION_LOST, &ctx, "after %d s", 5);
    CHECK_STR(captured(), "2026-11-24T05:00:00.123Z WARN  partition.lost hub=Shop partition=3 "
                          "instance=order-1 after 5 s\n");
}

TEST(fields_without_a_value_are_left_out)
{
    capture(TH_LOG_INFO, TH_LOG_TEXT);
    th_log(TH_LOG_INFO, TH_EV_START, NULL, "here");
    CHECK_STR(captured(), "2026-11-24T05:00:00.123Z INFO  start here\n");
}

TEST(the_processes_hub_stands_in_for_a_missing_one)
{
    th_log_ctx other = { .hub = "Other" };

    capture(TH_LOG_INFO, TH_LOG_TEXT);
    th_log_set_hub("Mine");
    th_log(TH_LOG_INFO, TH_EV_START, NULL, "a");
    th_log(TH_LOG_INFO, TH_EV_START, &other, "b");
    th_log_set_hub(NULL);
    th_log(TH_LOG_INFO, TH_EV_START, NULL, "c");
    CHECK_STR(captured(), "2026-11-24T05:00:00.123Z INFO  start hub=Mine a\n"
                          "2026-11-24T05:00:00.123Z INFO  start hub=Other b\n"
                          "2026-11-24T05:00:00.123Z INFO  start c\n");
}

TEST(nothing_in_a_text_line_can_start_another_line)
{
    th_log_ctx ctx = { .instance = "a b\"=\\\n" };

    capture(TH_LOG_INFO, TH_LOG_TEXT);
    th_log(TH_LOG_ERROR, TH_EV_APP_LOG, &ctx, "one\ntwo\t\r\x1B[0m\xC2\x85\xFFz \xC3\xA9");
    CHECK_STR(captured(), "2026-11-24T05:00:00.123Z ERROR app.log instance=\"a b\\\"=\\\\\\n\" "
                          "one\\ntwo\\t\\r\\x1b[0m\\xc2\\x85\\xffz \xC3\xA9\n");
}

TEST(a_json_line_is_json_whatever_is_in_it)
{
    th_log_ctx ctx = { "Shop", 3, "a\"\xFF\n" };

    capture(TH_LOG_INFO, TH_LOG_JSON);
    th_log(TH_LOG_ERROR, TH_EV_APP_LOG, &ctx, "x\xC3\n\xC3\xA9");

    json_t *line = json_loads(captured(), 0, NULL);
    CHECK_STR(json_string_value(json_object_get(line, "time")), "2026-11-24T05:00:00.123456Z");
    CHECK_STR(json_string_value(json_object_get(line, "level")), "error");
    CHECK_STR(json_string_value(json_object_get(line, "event")), "app.log");
    CHECK_STR(json_string_value(json_object_get(line, "hub")), "Shop");
    CHECK_INT(json_integer_value(json_object_get(line, "partition")), 3);
    CHECK_STR(json_string_value(json_object_get(line, "instance")), "a\"\xEF\xBF\xBD\n");
    CHECK_STR(json_string_value(json_object_get(line, "message")), "x\xEF\xBF\xBD\n\xC3\xA9");
    json_decref(line);
}

TEST(an_empty_message_is_fine_in_both_forms)
{
    capture(TH_LOG_INFO, TH_LOG_JSON);
    th_log(TH_LOG_INFO, TH_EV_STOP, NULL, "%s", "");
    CHECK_STR(captured(), "{\"time\":\"2026-11-24T05:00:00.123456Z\",\"level\":\"info\","
                          "\"event\":\"stop\",\"message\":\"\"}\n");
    capture(TH_LOG_INFO, TH_LOG_TEXT);
    th_log(TH_LOG_INFO, TH_EV_STOP, NULL, "%s", "");
    CHECK_STR(captured(), "2026-11-24T05:00:00.123Z INFO  stop \n");
}

TEST(lines_below_the_level_are_not_written)
{
    capture(TH_LOG_WARN, TH_LOG_TEXT);
    th_log(TH_LOG_INFO, TH_EV_START, NULL, "no");
    CHECK(!th_log_on(TH_LOG_INFO) && th_log_on(TH_LOG_WARN) && th_log_on(TH_LOG_ERROR));
    th_log_setup(TH_LOG_OFF, TH_LOG_TEXT);
    th_log(TH_LOG_ERROR, TH_EV_START, NULL, "no");
    CHECK(!th_log_on(TH_LOG_ERROR) && !th_log_on(TH_LOG_OFF));
    CHECK_STR(captured(), "");
}

TEST(logging_leaves_errno_as_it_was_and_can_print_it)
{
    capture(TH_LOG_INFO, TH_LOG_TEXT);
    errno = ENOENT;
    th_log(TH_LOG_INFO, TH_EV_START, NULL, "%m");
    CHECK_INT(errno, ENOENT);
    CHECK_STR(captured(), "2026-11-24T05:00:00.123Z INFO  start No such file or directory\n");
}

static void *log_many(void *arg)
{
    for (int i = 0; i < 50; i++)
        th_log(TH_LOG_INFO, TH_EV_DEBUG, NULL, "%s", (const char *)arg);
    return NULL;
}

TEST(lines_of_threads_do_not_mix)
{
    static const char *const want = "2026-11-24T05:00:00.123Z INFO  debug ";
    pthread_t threads[4];
    char names[4][41];
    int lines = 0;

    capture(TH_LOG_INFO, TH_LOG_TEXT);
    for (int i = 0; i < 4; i++) {
        memset(names[i], 'a' + i, 40);
        names[i][40] = '\0';
        CHECK_INT(pthread_create(&threads[i], NULL, log_many, names[i]), 0);
    }
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);

    for (const char *p = captured(); *p; p = strchr(p, '\n') + 1, lines++) {
        const char *name = p + strlen(want);

        CHECK_MEM(p, want, strlen(want));
        CHECK_INT(strspn(name, (char[]){ name[0], '\0' }), 40);
        CHECK(name[40] == '\n');
    }
    CHECK_INT(lines, 200);
}

TEST(levels_and_formats_are_read_by_name)
{
    th_log_level level = TH_LOG_DEBUG;
    th_log_format format = TH_LOG_TEXT;

    CHECK(th_log_level_parse("off", &level) && level == TH_LOG_OFF);
    CHECK(th_log_level_parse("warn", &level) && level == TH_LOG_WARN);
    CHECK(!th_log_level_parse("WARN", &level) && !th_log_level_parse("", &level));
    CHECK(!th_log_level_parse(NULL, &level));
    CHECK(th_log_format_parse("json", &format) && format == TH_LOG_JSON);
    CHECK(th_log_format_parse("text", &format) && format == TH_LOG_TEXT);
    CHECK(!th_log_format_parse("xml", &format) && !th_log_format_parse(NULL, &format));
}
