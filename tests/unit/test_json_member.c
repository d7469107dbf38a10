/* A member's value, byte for byte. */
#include "base/json.h"

#include "test.h"

static const char *member(const char *text, const char *name)
{
    static char found[200];
    const char *value = NULL;
    size_t n = 0;

    if (!th_json_member(text, strlen(text), name, &value, &n))
        return NULL;
    snprintf(found, sizeof found, "%.*s", (int)n, value);
    return found;
}

TEST(a_value_is_found_as_it_stands_there)
{
    CHECK_STR(member("{\"a\": 1.00}", "a"), "1.00");
    CHECK_STR(member(" { \"x\":{\"a\":0} , \"a\" : [1, {\"b\":\"]\"} ] } ", "a"),
              "[1, {\"b\":\"]\"} ]");
    CHECK_STR(member("{\"a\":\"\\\"}, \\u0000\",\"b\":null}", "a"), "\"\\\"}, \\u0000\"");
    CHECK_STR(member("{\"a\":\"x\\\\\",\"b\":null}", "b"), "null");
    CHECK_STR(member("{\"a\":{},\"b\":[]}", "a"), "{}");
    CHECK_STR(member("{\"a\":{},\"b\":[]}", "b"), "[]");
    CHECK_STR(member("{\"a\":-1e5\n}", "a"), "-1e5");
}

TEST(of_two_members_with_one_name_the_last_counts)
{
    CHECK_STR(member("{\"a\":1,\"a\":2}", "a"), "2");
}

TEST(names_inside_of_values_do_not_count)
{
    CHECK_STR(member("{\"b\":{\"a\":1},\"c\":\"a\",\"d\":[\"a\"]}", "a"), NULL);
    CHECK_STR(member("{\"ab\":1,\"\":2}", "a"), NULL);
    CHECK_STR(member("{}", "a"), NULL);
    CHECK_STR(member("[\"a\"]", "a"), NULL);
    CHECK_STR(member("\"a\"", "a"), NULL);
    CHECK_STR(member("", "a"), NULL);
}

/* Callers give it valid texts; one that is not must not make it read beyond the end. */
TEST(a_text_that_ends_early_is_not_read_beyond_its_end)
{
    static const char text[] = "{\"a\" : [\"\\\\\", {\"b\": \"x\\\"\"}], \"c\": tr";

    for (size_t n = 0; n < sizeof text; n++) {
        char *copy = malloc(n + 1); /* so that the sanitizer sees the end */
        const char *value;
        size_t len = 0;

        if (!CHECK(copy != NULL))
            return;
        copy[0] = '\0';
        memcpy(copy + 1, text, n);
        if (th_json_member(copy + 1, n, "a", &value, &len))
            CHECK(value + len <= copy + 1 + n);
        free(copy);
    }
}
