/* error.c - see error.h. */
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/base_int.h"

void th__cut_at_character(char *s)
{
    size_t len = strlen(s), start = len;

    while (start > 0 && len - start < 3 && ((unsigned char)s[start - 1] & 0xC0) == 0x80)
        start--;
    if (start == 0)
        return;

    unsigned char lead = (unsigned char)s[start - 1];
    size_t want = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
    if (want > 1 && len - (start - 1) < want)
        s[start - 1] = '\0';
}

/* libpq and strerror-like sources end their texts with newlines. */
static void drop_newlines(char *s)
{
    size_t len = strlen(s);

    while (len > 0 && (s[len - 1] == '\n' || s[len - 1] == '\r'))
        s[--len] = '\0';
}

th_rc th_fail(th_error *err, th_rc rc, const char *fmt, ...)
{
    va_list args;

    if (!err || err->rc != TH_OK)
        return rc;

    va_start(args, fmt);
    int len = vsnprintf(err->text, sizeof err->text, fmt, args);
    va_end(args);
    if (len < 0)
        err->text[0] = '\0';
    if (len >= (int)sizeof err->text)
        th__cut_at_character(err->text);
    drop_newlines(err->text);
    err->rc = rc;
    return rc;
}

void th_error_clear(th_error *err)
{
    if (!err)
        return;
    err->rc = TH_OK;
    err->sqlstate[0] = '\0';
    err->text[0] = '\0';
}

const char *th_rc_name(th_rc rc)
{
    switch (rc) {
#define TH_RC_NAME(name, number, words) \
    case TH_##name:                     \
        return #name;
        TH_RC_MAP(TH_RC_NAME)
#undef TH_RC_NAME
    }
    return "UNKNOWN";
}

const char *th_rc_words(th_rc rc)
{
    switch (rc) {
#define TH_RC_WORDS(name, number, words) \
    case TH_##name:                      \
        return words;
        TH_RC_MAP(TH_RC_WORDS)
#undef TH_RC_WORDS
    }
    return "unknown error";
}
