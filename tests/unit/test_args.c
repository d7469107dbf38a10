/* test_args.c - flags and operands of a subcommand. */
#include "cli/args.h"
#include "test.h"

static const th_flag flags[] = {
    { "port", "N", "port", "the port" },
    { "drain", "SECONDS", NULL, "a value that is not a setting" },
    { "no-http", NULL, "no_http", "serve no HTTP\nat all" },
    { "partitions", "N", "partition_count", "of a new hub" },
};
enum { N_FLAGS = sizeof(flags) / sizeof(*flags), MAX_WORDS = 8 };

static th_arena *arena;
static th_args args;
static th_error err;

/* Splits a command line at blanks. */
static th_rc parse(const char *line)
{
    char *words[MAX_WORDS];
    int n = 0;

    th_arena_free(arena);
    arena = th_arena_new(0);
    th_error_clear(&err);
    for (char *p = strtok(th_strdup(arena, line), " "); p && n < MAX_WORDS; p = strtok(NULL, " "))
        words[n++] = p;
    return th_args_parse(arena, flags, N_FLAGS, n, words, &args, &err);
}

static void done(void)
{
    th_arena_free(arena);
    arena = NULL;
}

TEST(flags_take_their_value_from_the_next_word_or_after_an_equals_sign)
{
    CHECK_INT(parse("--port 80 --drain=5"), TH_OK);
    CHECK_STR(th_args_get(&args, "port"), "80");
    CHECK_STR(th_args_get(&args, "drain"), "5");
    CHECK_STR(th_args_get(&args, "no-http"), NULL);
    done();
}

TEST(a_flag_may_stand_anywhere_and_the_other_words_are_operands_in_order)
{
    CHECK_INT(parse("one --no-http two"), TH_OK);
    CHECK_INT(args.n_operands, 2);
    CHECK_STR(args.operands[0], "one");
    CHECK_STR(args.operands[1], "two");
    CHECK_STR(args.operands[2], NULL);
    CHECK(th_args_get(&args, "no-http") != NULL);
    done();
}

TEST(two_dashes_end_the_flags_and_one_dash_is_an_operand)
{
    CHECK_INT(parse("- -- --port 80"), TH_OK);
    CHECK_INT(args.n_operands, 3);
    CHECK_STR(args.operands[0], "-");
    CHECK_STR(args.operands[1], "--port");
    CHECK_STR(th_args_get(&args, "port"), NULL);
    done();
}

TEST(the_last_of_a_flag_given_twice_counts)
{
    CHECK_INT(parse("--port 1 --port 2"), TH_OK);
    CHECK_STR(th_args_get(&args, "port"), "2");
    done();
}

TEST(an_empty_value_after_the_equals_sign_is_a_value)
{
    CHECK_INT(parse("--port="), TH_OK);
    CHECK_STR(th_args_get(&args, "port"), "");
    done();
}

TEST(help_is_known_to_every_command)
{
    CHECK_INT(parse("--port 1 -h"), TH_OK);
    CHECK(args.help);
    CHECK_INT(parse("--help"), TH_OK);
    CHECK(args.help);
    CHECK_INT(parse("x"), TH_OK);
    CHECK(!args.help);
    done();
}

TEST(wrong_flags_are_refused_by_name)
{
    CHECK_INT(parse("--nope"), TH_INVALID);
    CHECK_STR(err.text, "unknown option --nope");
    CHECK_INT(parse("-p"), TH_INVALID);
    CHECK_STR(err.text, "unknown option -p");
    CHECK_INT(parse("--por 1"), TH_INVALID);
    CHECK_INT(parse("--port"), TH_INVALID);
    CHECK_STR(err.text, "--port needs a value: N");
    CHECK_INT(parse("--no-http=yes"), TH_INVALID);
    CHECK_STR(err.text, "--no-http takes no value");
    done();
}

TEST(the_number_of_operands_is_checked)
{
    CHECK_INT(parse("a b"), TH_OK);
    CHECK_INT(th_args_operands(&args, 1, 2, "the id", &err), TH_OK);
    CHECK_INT(th_args_operands(&args, 3, 3, "the id", &err), TH_INVALID);
    CHECK_STR(err.text, "the id is missing");
    th_error_clear(&err);
    CHECK_INT(th_args_operands(&args, 0, 1, "the id", &err), TH_INVALID);
    CHECK_STR(err.text, "'b' is one word too many");
    done();
}

TEST(flags_with_a_setting_reach_the_configuration)
{
    th_config *config = th_config_new();

    CHECK_INT(parse("--port 8080 --no-http --drain 3"), TH_OK);
    CHECK_INT(th_args_configure(&args, config, &err), TH_OK);
    CHECK_INT(config->port, 8080);
    CHECK(config->no_http);
    CHECK_INT(th_config_origin(config, "port"), TH_FROM_FLAG);
    th_config_free(config);
    done();
}

TEST(a_bad_value_is_reported_under_the_name_of_the_flag)
{
    th_config *config = th_config_new();

    CHECK_INT(parse("--partitions 0"), TH_OK);
    CHECK_INT(th_args_configure(&args, config, &err), TH_CONFIG);
    CHECK(strncmp(err.text, "--partitions: ", 14) == 0);
    th_config_free(config);
    done();
}

TEST(help_names_every_flag_and_indents_the_lines_that_follow)
{
    char *text = NULL;
    size_t n = 0;
    FILE *out = open_memstream(&text, &n);

    th_args_help(flags, N_FLAGS, out);
    fclose(out);
    CHECK(strstr(text, "  --port N                the port\n") != NULL);
    CHECK(strstr(text, "  --no-http               serve no HTTP\n"
                       "                          at all\n") != NULL);
    free(text);
}
