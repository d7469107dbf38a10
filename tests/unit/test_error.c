/* test_error.c - codes, words, and the text that goes with a failure. */
#include "base/error.h"

#include "test.h"

TEST(the_first_failure_stays_when_a_later_one_comes)
{
    th_error err = { 0 };

    CHECK_INT(th_fail(&err, TH_NOT_FOUND, "no instance '%s'", "a"), TH_NOT_FOUND);
    CHECK_INT(th_fail(&err, TH_DB, "later"), TH_DB);
    CHECK_INT(err.rc, TH_NOT_FOUND);
    CHECK_STR(err.text, "no instance 'a'");
}

TEST(a_cleared_error_takes_the_next_failure)
{
    th_error err = { 0 };

    th_fail(&err, TH_DB, "first");
    memcpy(err.sqlstate, "40001", 6);
    th_error_clear(&err);
    CHECK_INT(err.rc, TH_OK);
    CHECK_STR(err.text, "");
    CHECK_STR(err.sqlstate, "");
    th_fail(&err, TH_IO, "second");
    CHECK_STR(err.text, "second");
}

TEST(nobody_has_to_want_the_text)
{
    CHECK_INT(th_fail(NULL, TH_INVALID, "%d", 1), TH_INVALID);
    th_error_clear(NULL);
}

TEST(newlines_at_the_end_of_a_text_are_dropped)
{
    th_error err = { 0 };

    th_fail(&err, TH_DB, "%s", "FATAL: no\nreally\r\n\n");
    CHECK_STR(err.text, "FATAL: no\nreally");
}

TEST(a_long_text_is_cut_between_characters)
{
    static const char *const characters[] = { "x", "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80" };
    char text[4 * 1024 + 8];

    for (size_t c = 0; c < 4; c++) {
        size_t len = strlen(characters[c]);

        for (size_t shift = 0; shift < 4; shift++) {
            th_error err = { 0 };

            memset(text, '.', shift);
            for (size_t i = 0; i < 1024; i++)
                memcpy(text + shift + i * len, characters[c], len);
            text[shift + 1024 * len] = '\0';
            th_fail(&err, TH_DB, "%s", text);

            size_t got = strlen(err.text);
            CHECK_INT((got - shift) % len, 0);
            CHECK(got >= sizeof err.text - 4);
            CHECK_MEM(err.text, text, got);
        }
    }
}

TEST(a_whole_character_at_the_very_end_is_kept)
{
    th_error err = { 0 };
    char text[1100];

    memset(text, 'a', sizeof text);
    memcpy(text + 1021, "\xC3\xA9", 2); /* bytes 1021 and 1022 are the last that fit */
    text[1099] = '\0';
    th_fail(&err, TH_DB, "%s", text);
    CHECK_INT(strlen(err.text), 1023);
    CHECK_MEM(err.text, text, 1023);
}

TEST(codes_have_names_and_words)
{
    CHECK_STR(th_rc_name(TH_NOT_FOUND), "NOT_FOUND");
    CHECK_STR(th_rc_words(TH_NOT_FOUND), "no such instance");
    CHECK_STR(th_rc_name(TH_OK), "OK");
    CHECK_STR(th_rc_name((th_rc)-999), "UNKNOWN");
    CHECK_STR(th_rc_words((th_rc)-999), "unknown error");
}
