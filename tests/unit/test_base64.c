/* test_base64.c - RFC 4648's own examples, and what is no base64. */
#include "base/base64.h"

#include "test.h"

static const char *const pairs[][2] = {
    { "", "" },        { "f", "Zg==" },        { "fo", "Zm8=" },
    { "foo", "Zm9v" }, { "foob", "Zm9vYg==" }, { "\xff\xfe\xfd", "//79" }
};

TEST(bytes_become_text_and_text_becomes_bytes)
{
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        th_buf out = TH_BUF_INIT;
        char back[16];
        size_t n = 99;
        th_base64_encode(&out, pairs[i][0], strlen(pairs[i][0]));
        CHECK_STR(out.data ? out.data : "", pairs[i][1]);
        CHECK(th_base64_decode(pairs[i][1], strlen(pairs[i][1]), back, &n));
        CHECK_INT(n, strlen(pairs[i][0]));
        CHECK_MEM(back, pairs[i][0], n);
        th_buf_free(&out);
    }
}

TEST(what_is_no_base64_is_refused)
{
    static const char *const bad[] = {
        "Z", "Zg=", "Zg=a", "====", "Zm9v!A==", "Zg==Zg==", "Z\n=="
    };
    char back[16];
    size_t n;

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK(!th_base64_decode(bad[i], strlen(bad[i]), back, &n));
}
