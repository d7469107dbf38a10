/*
 * payload.c - reads and checks a JSON text.
 */
#include "cli/payload.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"

enum { PAYLOAD_MAX = 256 * 1024 * 1024 };

static th_rc read_all(FILE *f, const char *name, th_buf *out, th_error *err)
{
    char part[65536];

    out->limit = PAYLOAD_MAX;
    for (size_t n; (n = fread(part, 1, sizeof(part), f)) > 0;)
        th_buf_add(out, part, n);
    if (ferror(f))
        return th_fail(err, TH_CONFIG, "cannot read %s: %s", name, strerror(errno));
    if (out->failed)
        return th_fail(err, TH_CONFIG, "%s is larger than %d MiB", name, PAYLOAD_MAX >> 20);
    return TH_OK;
}

static th_rc read_file(th_arena *arena, const char *file, const char **out, size_t *n,
                       th_error *err)
{
    bool is_stdin = strcmp(file, "-") == 0;
    th_buf text = TH_BUF_INIT;

    FILE *f = is_stdin ? stdin : fopen(file, "re");
    if (!f)
        return th_fail(err, TH_CONFIG, "cannot read %s: %s", file, strerror(errno));
    th_rc rc = read_all(f, is_stdin ? "standard input" : file, &text, err);
    *out = th_strndup(arena, text.data ? text.data : "", text.len);
    *n = text.len;
    th_buf_free(&text);
    if (!is_stdin)
        fclose(f);
    return rc;
}

th_rc th_payload_get(th_arena *arena, const th_args *args, const char *flag, const char **out,
                     th_error *err)
{
    th_rc rc = TH_OK;
    th_error why = { 0 };
    const char *text = th_args_get(args, flag);
    const char *file = th_args_get(args, th_sprintf(arena, "%s-file", flag));
    size_t n = text ? strlen(text) : 0;

    if (text && file)
        return th_fail(err, TH_CONFIG, "--%s and --%s-file cannot both be given", flag, flag);
    if (file)
        rc = read_file(arena, file, &text, &n, err);
    if (rc == TH_OK && text && !th_json_valid(text, n, &why))
        rc = th_fail(err, TH_INVALID, "--%s%s: must be JSON: %s", flag, file ? "-file" : "",
                     why.text);
    *out = text;
    return rc;
}
