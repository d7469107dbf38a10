/*
 * fuzz_json.c - the validator against jansson, wherever both apply.
 *
 * Jansson goes deeper, overlooks a NUL byte after a number, and its tree cannot hold all that is
 * JSON; everything else must agree.
 */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"

#define MUST(cond)   \
    do {             \
        if (!(cond)) \
            abort(); \
    } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Valid JSON that a tree cannot hold. */
static bool beyond_a_tree(const json_error_t *error)
{
    enum json_error_code code = json_error_code(error);

    return code == json_error_numeric_overflow || code == json_error_null_byte_in_key ||
           (code == json_error_invalid_syntax && strstr(error->text, "invalid Unicode"));
}

/* What we refuse and jansson takes. */
static bool beyond_us(const th_error *err)
{
    return strstr(err->text, "512 levels") || strstr(err->text, "raw NUL");
}

static void compare(const char *text, size_t n)
{
    json_error_t error;
    th_error err = { 0 };
    json_t *theirs = json_loadb(text, n, JSON_DECODE_ANY | JSON_ALLOW_NUL, &error), *ours = NULL;
    bool valid = th_json_valid(text, n, &err);

    if (valid)
        MUST(theirs || beyond_a_tree(&error));
    else
        MUST(err.rc == TH_INVALID && (!theirs || beyond_us(&err)));
    MUST(!memchr(text, 0, n) || !valid);
    MUST(!valid || th_utf8_valid(text, n));

    th_rc rc = th_json_parse(text, n, 0, &ours, NULL);
    MUST((rc == TH_OK) == (valid && theirs));
    MUST(rc != TH_OK || json_equal(ours, theirs) || n == 0);
    json_decref(theirs);
    json_decref(ours);
}

/* A string literal made of any UTF-8 is JSON and reads back the same. */
static void quote(const char *text, size_t n)
{
    th_buf buf = TH_BUF_INIT;

    th_buf_json(&buf, text, n);
    MUST(th_json_valid(buf.data, buf.len, NULL) == th_utf8_valid(text, n));
    if (th_utf8_valid(text, n)) {
        json_t *back = json_loadb(buf.data, buf.len, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);

        MUST(back && json_string_length(back) == n);
        MUST(memcmp(json_string_value(back), text, n) == 0);
        json_decref(back);
    }
    th_buf_free(&buf);
}

/* A member's value is inside of the text; if that is JSON, so is the value. */
static void slice(const char *text, size_t n)
{
    const char *value;
    size_t len;

    if (!th_json_member(text, n, "a", &value, &len))
        return;
    MUST(value >= text && len <= n && value + len <= text + n);
    MUST(!th_json_valid(text, n, NULL) || th_json_valid(value, len, NULL));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char empty[1];
    const char *text = data ? (const char *)data : empty;

    compare(text, size);
    quote(text, size);
    slice(text, size);
    MUST(th_json_line(text, size, "a.b") >= 0);
    return 0;
}
