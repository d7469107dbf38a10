/* test_buf.c - appending, limits, JSON strings, big-endian integers. */
#include "base/buf.h"

#include <jansson.h>

#include "test.h"

TEST(what_is_appended_stands_in_order)
{
    th_buf buf = TH_BUF_INIT;

    th_buf_str(&buf, "ab");
    th_buf_chr(&buf, 'c');
    th_buf_add(&buf, "d\0e", 3);
    th_buf_printf(&buf, "%d-%s", 5, "f");
    CHECK_INT(buf.len, 9);
    CHECK_MEM(buf.data, "abcd\0e5-f", 10);
    CHECK(!buf.failed);
    th_buf_free(&buf);
    CHECK(buf.data == NULL && buf.len == 0 && buf.cap == 0);
}

TEST(integers_are_written_in_decimal_to_their_ends)
{
    th_buf buf = TH_BUF_INIT;

    th_buf_i64(&buf, INT64_MIN);
    th_buf_chr(&buf, ' ');
    th_buf_i64(&buf, INT64_MAX);
    th_buf_chr(&buf, ' ');
    th_buf_i64(&buf, 0);
    th_buf_i64(&buf, -10);
    CHECK_STR(buf.data, "-9223372036854775808 9223372036854775807 0-10");
    th_buf_free(&buf);
}

TEST(a_buffer_over_its_limit_remembers_and_stays_as_it_was)
{
    th_buf buf = { .limit = 4 };

    th_buf_str(&buf, "abcd");
    CHECK(!buf.failed);
    th_buf_chr(&buf, 'e');
    CHECK(buf.failed);
    th_buf_printf(&buf, "%s", "");
    CHECK_STR(buf.data, "abcd");

    th_buf_clear(&buf);
    th_buf_printf(&buf, "%d", 12345);
    CHECK(buf.failed);
    CHECK_STR(buf.data, "");
    th_buf_free(&buf);
    CHECK_INT(buf.limit, 4);
    CHECK(!buf.failed);
}

TEST(a_length_that_overflows_is_a_failure)
{
    th_buf buf = TH_BUF_INIT;

    th_buf_str(&buf, "ab");
    th_buf_reserve(&buf, SIZE_MAX);
    CHECK(buf.failed);
    CHECK_STR(buf.data, "ab");
    th_buf_free(&buf);
}

TEST(reserved_room_is_not_asked_for_again)
{
    th_buf buf = TH_BUF_INIT;

    th_buf_reserve(&buf, 1000);
    char *data = buf.data;
    for (int i = 0; i < 1000; i++)
        th_buf_chr(&buf, 'x');
    CHECK(buf.data == data);
    th_buf_free(&buf);
}

TEST(a_stolen_text_is_the_callers)
{
    th_buf buf = { .limit = 9 };
    char *empty = th_buf_steal(&buf);

    th_buf_str(&buf, "mine");
    char *text = th_buf_steal(&buf);
    CHECK_STR(empty, "");
    CHECK_STR(text, "mine");
    CHECK(buf.data == NULL && buf.len == 0 && buf.limit == 9);
    free(empty);
    free(text);
}

TEST(printf_fits_any_length)
{
    th_buf buf = TH_BUF_INIT;
    char text[201];

    for (int n = 0; n < 200; n++) {
        memset(text, 'p', (size_t)n);
        text[n] = '\0';
        th_buf_clear(&buf);
        th_buf_printf(&buf, "%s", text);
        CHECK_STR(buf.data, text);
    }
    th_buf_free(&buf);
}

TEST(json_strings_escape_what_must_be_escaped)
{
    th_buf buf = TH_BUF_INIT;

    th_buf_json(&buf, "a\"b\\c\n\t\r\b\f\x01\x1F\x7F/\xC3\xA9\0z", 18);
    CHECK_STR(buf.data, "\"a\\\"b\\\\c\\n\\t\\r\\b\\f\\u0001\\u001f\x7F/\xC3\xA9\\u0000z\"");
    th_buf_clear(&buf);
    th_buf_json_str(&buf, NULL);
    th_buf_json_str(&buf, "");
    CHECK_STR(buf.data, "null\"\"");
    th_buf_free(&buf);
}

/* Every byte at every place of a word, against jansson's reading of the result. */
TEST(json_strings_come_back_from_any_place_in_a_word)
{
    th_buf buf = TH_BUF_INIT;

    for (int c = 0; c < 0x80; c++) {
        for (size_t at = 0; at < 20; at++) {
            char text[20];

            memset(text, 'a', sizeof text);
            text[at] = (char)c;
            th_buf_clear(&buf);
            th_buf_json(&buf, text, sizeof text);

            json_t *back = json_loadb(buf.data, buf.len, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
            if (CHECK(json_string_length(back) == sizeof text))
                CHECK_MEM(json_string_value(back), text, sizeof text);
            json_decref(back);
        }
    }
    th_buf_free(&buf);
}

TEST(a_json_string_beyond_the_limit_fails)
{
    th_buf buf = { .limit = 6 };

    th_buf_json(&buf, "abcd", 4);
    CHECK(!buf.failed);
    th_buf_clear(&buf);
    th_buf_json(&buf, "abcd\n", 5);
    CHECK(buf.failed);
    th_buf_free(&buf);
}

TEST(binary_integers_are_big_endian)
{
    th_buf buf = TH_BUF_INIT;

    th_buf_be16(&buf, 0x0102);
    th_buf_be32(&buf, 0x03040506);
    th_buf_be64(&buf, UINT64_C(0x0708090A0B0C0DFE));
    CHECK_INT(buf.len, 14);
    CHECK_MEM(buf.data, "\1\2\3\4\5\6\7\x8\x9\xA\xB\xC\xD\xFE", 14);
    th_buf_free(&buf);
}
