/* test_http_target.c - where an HTTP call goes, and whether it may. */
#include "test.h"

#include "runtime/http_target.h"

static th_arena *arena;
static th__http_target target;

static bool given(const char *base, const char *text)
{
    th__http_target from = { 0 };
    th_error err = { 0 };

    if (!arena)
        arena = th_arena_new(0);
    if (base && th__http_target_parse(arena, NULL, base, &from, &err) != TH_OK)
        return false;
    return th__http_target_parse(arena, base ? &from : NULL, text, &target, &err) == TH_OK;
}

static bool allows(const char *list, const char *url)
{
    th__http_allow allow;
    th_error err = { 0 };

    return given(NULL, url) && th__http_allow_parse(arena, list, &allow, &err) == TH_OK &&
           th__http_allows(&allow, &target);
}

static bool is_entry(const char *entry)
{
    th__http_allow allow;
    th_error err = { 0 };

    if (!arena)
        arena = th_arena_new(0);
    th_rc rc = th__http_allow_parse(arena, entry, &allow, &err);
    return rc == TH_OK && allow.count == 1;
}

TEST(a_url_is_taken_apart)
{
    CHECK(given(NULL, "HTTPS://User:pw@API.Example.com.:8443/a/../b?q=1#top"));
    CHECK(target.tls);
    CHECK_STR(target.host, "api.example.com");
    CHECK_INT(target.port, 8443);
    CHECK_STR(target.path, "/b");
    CHECK_STR(th__http_origin(arena, &target), "https://api.example.com:8443");
    CHECK(given(NULL, "http://[::1]/x"));
    CHECK_STR(target.host, "::1");
    CHECK_STR(th__http_origin(arena, &target), "http://[::1]");
}

TEST(a_location_is_taken_relative_to_where_it_came_from)
{
    CHECK(given("http://a:81/x/y?z", "../status/7?k=v"));
    CHECK_STR(target.url, "http://a:81/status/7?k=v");
    CHECK(given("http://a/x", "/status"));
    CHECK_STR(target.url, "http://a/status");
    CHECK(given("http://a/x", "//b/status"));
    CHECK_STR(target.host, "b");
    CHECK(given("http://a/x", "https://c/with space"));
    CHECK_STR(target.url, "https://c/with%20space");
}

TEST(other_schemes_and_what_is_no_url_are_refused)
{
    const char *bad[] = { "",
                          "a/b",
                          "file:///etc/passwd",
                          "ftp://a/",
                          "gopher:x",
                          "http://",
                          "http://a b/",
                          "http://\xC3\xBC/",
                          "http://a:0/",
                          "http://a:70000/",
                          "http://%41%2Fb/",
                          "javascript:alert(1)",
                          "http://a\x01/" };

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (!CHECK(!given(NULL, bad[i])))
            printf("  taken: %s\n", bad[i]);
    CHECK(!given("http://a/", "file:///etc/passwd"));
}

TEST(numbers_for_an_address_are_what_they_stand_for)
{
    CHECK(given(NULL, "http://0x7f.1/"));
    CHECK_STR(target.host, "127.0.0.1");
}

TEST(an_origin_is_scheme_host_and_port)
{
    th__http_target a;

    CHECK(given(NULL, "http://a/x"));
    a = target;
    CHECK(given(NULL, "http://A:80/y") && th__http_same_origin(&a, &target));
    CHECK(given(NULL, "https://a/y") && !th__http_same_origin(&a, &target));
    CHECK(given(NULL, "http://a:81/y") && !th__http_same_origin(&a, &target));
    CHECK(given(NULL, "http://b/y") && !th__http_same_origin(&a, &target));
}

TEST(without_a_list_everything_is_allowed)
{
    CHECK(allows(NULL, "http://anywhere/"));
    CHECK(allows("", "http://anywhere/"));
}

TEST(a_host_is_allowed_with_any_scheme_and_port_unless_they_are_named)
{
    CHECK(allows("a.example, b.example", "http://B.example:8080/x"));
    CHECK(!allows("a.example", "http://x.a.example/"));
    CHECK(!allows("a.example", "http://a.example.evil/"));
    CHECK(!allows("a.example:8080", "http://a.example/"));
    CHECK(allows("https://a.example", "https://a.example/"));
    CHECK(!allows("https://a.example", "http://a.example/"));
    CHECK(!allows("https://a.example", "https://a.example:8443/"));
    CHECK(allows("[::1]:81", "http://[::1]:81/"));
    CHECK(!allows("a.example", "http://a.example@evil/"));
}

TEST(a_star_stands_for_what_is_below_a_host)
{
    CHECK(allows("*.example.com", "http://x.y.example.com/"));
    CHECK(!allows("*.example.com", "http://example.com/"));
    CHECK(!allows("*.example.com", "http://badexample.com/"));
}

TEST(a_path_covers_itself_and_what_is_below_and_no_way_around)
{
    CHECK(allows("a/v1", "http://a/v1") && allows("a/v1", "http://a/v1/x?y"));
    CHECK(allows("a/v1/", "http://a/v1/x") && allows("a/", "http://a/x"));
    CHECK(!allows("a/v1", "http://a/v10"));
    CHECK(!allows("a/v1", "http://a/v1/../admin"));
    CHECK(!allows("a/v1", "http://a/v1/%2e%2e/admin"));
    CHECK(!allows("a/v1", "http://a/v1/%2E./admin"));
    CHECK(!allows("a/v1", "http://a/v1/..%2fadmin"));
    CHECK(!allows("a/v1", "http://a/v1/%252e%252e/admin"));
}

TEST(entries_that_are_none_are_refused)
{
    CHECK(is_entry("a") && is_entry("https://*.a.b:1/c"));
    CHECK(!is_entry("ftp://a") && !is_entry("a:b") && !is_entry("a:0") && !is_entry("https://"));
    CHECK(!is_entry("*") && !is_entry("a/b?c") && !is_entry("a/../b") && !is_entry("a_b%20"));
    CHECK(!is_entry("[::1") && !is_entry("\xC3\xBC"));
}
