/*
 * secret.c - finds passwords in connection strings.
 */
#include "cli/secret.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { SECRET_FILE_MAX = 16384 };

static bool overwrite(char *from, const char *to)
{
    bool any = from < to;

    for (; from < to; from++)
        *from = 'x';
    return any;
}

/* scheme://user:PASSWORD@host; the last '@' before the path ends it, as people forget to escape. */
static bool hide_userinfo(char *authority)
{
    char *end = authority + strcspn(authority, "/?#");
    char *at = memrchr(authority, '@', (size_t)(end - authority));

    /* An unescaped slash in the password would end the authority early: then the last '@' of all.
     */
    if (!at)
        at = strrchr(authority, '@');
    char *colon = at ? memchr(authority, ':', (size_t)(at - authority)) : NULL;
    return colon && overwrite(colon + 1, at);
}

static bool is_key(const char *p, const char *start, const char *key)
{
    bool at_start = p == start || isspace((unsigned char)p[-1]) || strchr("?&'", p[-1]);

    return at_start && strncasecmp(p, key, strlen(key)) == 0;
}

/* Where a value that starts at p ends: a quoted one, or up to a blank or '&'. */
static char *value_end(char *p)
{
    if (*p != '\'')
        return p + strcspn(p, "& \t\r\n");
    for (p++; *p && *p != '\''; p++)
        if (*p == '\\' && p[1])
            p++;
    return p;
}

/* password = '...' as a pair, or password=... in the query of a URI. */
static bool hide_pairs(char *text, const char *key)
{
    bool any = false;

    for (char *p = text; *p; p++) {
        if (!is_key(p, text, key))
            continue;
        char *q = p + strlen(key);
        q += strspn(q, " \t");
        if (*q != '=')
            continue;
        q++;
        q += strspn(q, " \t");
        char *end = value_end(q);
        any = overwrite(*q == '\'' ? q + 1 : q, end) || any;
        p = end - 1 > p ? end - 1 : p;
    }
    return any;
}

bool th_secret_hide(char *conninfo)
{
    char *scheme = strstr(conninfo, "://");
    bool any = scheme && hide_userinfo(scheme + 3);

    any = hide_pairs(conninfo, "password") || any;
    return hide_pairs(conninfo, "sslpassword") || any;
}

/* NULL: fine; else what is wrong with the file's text. */
static const char *one_line(char *text, size_t n)
{
    if (n >= SECRET_FILE_MAX)
        return "is longer than a connection string can be";
    if (memchr(text, '\0', n))
        return "has a NUL byte in it";
    size_t end = strcspn(text, "\r\n");
    if (text[end + strspn(text + end, " \t\r\n")] != '\0')
        return "must hold one line";
    text[end] = '\0';
    return text[strspn(text, " \t")] ? NULL : "is empty";
}

th_rc th_secret_file(th_arena *arena, const char *file, const char **out, th_error *err)
{
    th_rc rc = TH_OK;
    char *text = th_alloc(arena, SECRET_FILE_MAX + 1);

    FILE *f = fopen(file, "re");
    if (!f)
        return th_fail(err, TH_CONFIG, "--database-file: cannot read %s: %s", file,
                       strerror(errno));
    size_t n = fread(text, 1, SECRET_FILE_MAX, f);
    const char *problem = ferror(f) ? "cannot be read" : one_line(text, n);
    if (problem)
        rc = th_fail(err, TH_CONFIG, "--database-file: %s %s", file, problem);
    *out = text + strspn(text, " \t");
    fclose(f);
    return rc;
}
