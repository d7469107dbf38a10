/* test_secret.c - passwords in connection strings are found and overwritten. */
#include "cli/secret.h"
#include "test.h"

#include <unistd.h>

static char text[256];

static bool hide(const char *conninfo)
{
    snprintf(text, sizeof(text), "%s", conninfo);
    return th_secret_hide(text);
}

TEST(the_password_of_a_uri_is_overwritten)
{
    CHECK(hide("postgresql://me:secret@db.example:5432/app?sslmode=require"));
    CHECK_STR(text, "postgresql://me:xxxxxx@db.example:5432/app?sslmode=require");
}

TEST(a_uri_without_a_password_stays_as_it_is)
{
    CHECK(!hide("postgresql://me@db.example:5432/app"));
    CHECK_STR(text, "postgresql://me@db.example:5432/app");
    CHECK(!hide("postgresql://db.example:5432/app"));
    CHECK(!hide("postgresql:///app?host=/run/postgresql"));
    CHECK(!hide(""));
}

TEST(a_password_with_an_unescaped_at_sign_or_slash_is_overwritten_whole)
{
    CHECK(hide("postgres://me:p@ss@db/app"));
    CHECK_STR(text, "postgres://me:xxxx@db/app");
    CHECK(hide("postgres://me:p/ss@db/app"));
    CHECK_STR(text, "postgres://me:xxxx@db/app");
}

TEST(a_password_in_the_query_of_a_uri_is_overwritten)
{
    CHECK(hide("postgresql:///app?user=me&password=secret&host=db"));
    CHECK_STR(text, "postgresql:///app?user=me&password=xxxxxx&host=db");
}

TEST(the_password_of_key_value_pairs_is_overwritten)
{
    CHECK(hide("host=db password=secret dbname=app"));
    CHECK_STR(text, "host=db password=xxxxxx dbname=app");
    CHECK(hide("password = secret"));
    CHECK_STR(text, "password = xxxxxx");
}

TEST(a_quoted_password_is_overwritten_up_to_its_closing_quote)
{
    CHECK(hide("password='my \\' word' host=db"));
    CHECK_STR(text, "password='xxxxxxxxxx' host=db");
    CHECK(hide("password='no end"));
    CHECK_STR(text, "password='xxxxxx");
}

TEST(words_that_only_look_like_a_password_stay)
{
    CHECK(!hide("host=db passfile=/home/me/password dbname=password"));
    CHECK_STR(text, "host=db passfile=/home/me/password dbname=password");
    CHECK(!hide("mypassword=x"));
    CHECK(!hide("password="));
}

TEST(the_password_of_a_client_key_is_one_too)
{
    CHECK(hide("sslkey=k sslpassword=abc"));
    CHECK_STR(text, "sslkey=k sslpassword=xxx");
}

/* ---- files ---- */

static th_arena *arena;
static th_error err;
static const char *line;

static th_rc read_file_with(const char *content, size_t n)
{
    char name[] = "/tmp/test_secret.XXXXXX";
    int fd = mkstemp(name);

    CHECK(fd >= 0 && write(fd, content, n) == (ssize_t)n);
    close(fd);
    th_arena_free(arena);
    arena = th_arena_new(0);
    th_error_clear(&err);
    line = NULL;
    th_rc rc = th_secret_file(arena, name, &line, &err);
    unlink(name);
    return rc;
}

TEST(a_file_gives_its_only_line)
{
    CHECK_INT(read_file_with("host=db password=x\n", 19), TH_OK);
    CHECK_STR(line, "host=db password=x");
    CHECK_INT(read_file_with("  host=db\r\n\r\n", 13), TH_OK);
    CHECK_STR(line, "host=db");
    CHECK_INT(read_file_with("host=db", 7), TH_OK);
    CHECK_STR(line, "host=db");
}

TEST(a_file_that_is_empty_or_holds_more_is_refused)
{
    CHECK_INT(read_file_with("", 0), TH_CONFIG);
    CHECK_INT(read_file_with("\n\n", 2), TH_CONFIG);
    CHECK_INT(read_file_with("a=b\nc=d\n", 8), TH_CONFIG);
    CHECK_INT(read_file_with("a=b\0c", 5), TH_CONFIG);
    char *large = calloc(1, 20000);
    memset(large, 'a', 20000);
    CHECK_INT(read_file_with(large, 20000), TH_CONFIG);
    free(large);
}

TEST(a_file_that_is_not_there_is_named)
{
    th_error_clear(&err);
    CHECK_INT(th_secret_file(arena, "/nonexistent/file", &line, &err), TH_CONFIG);
    CHECK(strstr(err.text, "--database-file") != NULL);
    th_arena_free(arena);
    arena = NULL;
}
