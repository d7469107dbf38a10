/* test_payload.c - a JSON text from the command line or a file. */
#include "cli/payload.h"
#include "test.h"

#include <unistd.h>

static const th_flag flags[] = { { "input", "JSON", NULL, "" },
                                 { "input-file", "FILE", NULL, "" } };

static th_arena *arena;
static th_error err;
static const char *text;

static th_rc get(char *first, char *second)
{
    char *values[] = { first, second };
    th_args args = { .flags = flags, .n_flags = 2, .values = values };

    if (!arena)
        arena = th_arena_new(0);
    th_error_clear(&err);
    text = NULL;
    return th_payload_get(arena, &args, "input", &text, &err);
}

static void done(void)
{
    th_arena_free(arena);
    arena = NULL;
}

TEST(no_flag_is_no_payload)
{
    CHECK_INT(get(NULL, NULL), TH_OK);
    CHECK_STR(text, NULL);
    done();
}

TEST(a_json_text_is_passed_on_as_it_is)
{
    char json[] = "{\"b\":1, \"a\":2.0}";

    CHECK_INT(get(json, NULL), TH_OK);
    CHECK_STR(text, "{\"b\":1, \"a\":2.0}");
    done();
}

TEST(what_is_not_json_is_refused_with_the_name_of_its_flag)
{
    char word[] = "hello", nothing[] = "";

    CHECK_INT(get(word, NULL), TH_INVALID);
    CHECK(strncmp(err.text, "--input: must be JSON", 21) == 0);
    CHECK_INT(get(nothing, NULL), TH_INVALID);
    done();
}

TEST(a_file_is_read_and_checked)
{
    char name[] = "/tmp/test_payload.XXXXXX";
    int fd = mkstemp(name);

    CHECK(fd >= 0 && write(fd, "[1,2]\n", 6) == 6);
    CHECK_INT(get(NULL, name), TH_OK);
    CHECK_STR(text, "[1,2]\n");
    CHECK_INT(pwrite(fd, "\0", 1, 3), 1);
    CHECK_INT(get(NULL, name), TH_INVALID);
    CHECK(strncmp(err.text, "--input-file: ", 14) == 0);
    close(fd);
    unlink(name);
    done();
}

TEST(both_flags_or_a_missing_file_are_configuration_errors)
{
    char json[] = "1", name[] = "/nonexistent/file";

    CHECK_INT(get(json, name), TH_CONFIG);
    CHECK_INT(get(NULL, name), TH_CONFIG);
    CHECK(strstr(err.text, name) != NULL);
    done();
}
