/*
 * settings.c - see settings.h.
 */
#include "functions/settings.h"

#include <stdint.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/json.h"

static bool is_line_of(const char *line, const char *name)
{
    size_t n = strlen(name);

    return strncmp(line, name, n) == 0 && line[n] == '=';
}

static size_t find(const th__settings *s, const char *name)
{
    size_t i = 0;

    while (i < s->count && !is_line_of(s->lines[i], name))
        i++;
    return i;
}

static void put(th__settings *s, size_t i, const char *line)
{
    if (i == s->count && s->count + 1 >= s->cap) {
        const char **more;
        s->cap = s->cap ? 2 * s->cap : 128;
        more = th_new(s->arena, const char *, s->cap);
        if (s->count)
            memcpy(more, s->lines, s->count * sizeof *more);
        s->lines = more;
    }
    s->lines[i] = line;
    if (i == s->count)
        s->lines[++s->count] = NULL;
}

void th__settings_set(th__settings *s, const char *name, const char *value)
{
    put(s, find(s, name), th_sprintf(s->arena, "%s=%s", name, value));
}

void th__settings_default(th__settings *s, const char *name, const char *value)
{
    if (find(s, name) == s->count)
        th__settings_set(s, name, value);
}

const char *th__settings_get(const th__settings *s, const char *name)
{
    size_t i = find(s, name);
    const char *value = i < s->count ? strchr(s->lines[i], '=') + 1 : NULL;

    return value && *value ? value : NULL;
}

static th_rc take_value(th__settings *s, const th_json_at *values, const char *name,
                        const json_t *value, th_error *err)
{
    if (!*name || strchr(name, '='))
        return th_json_field_fail(values, name, err, "is no name of a setting");
    if (!json_is_string(value) || strlen(json_string_value(value)) != json_string_length(value))
        return th_json_field_fail(values, name, err, "must be a string");
    th__settings_default(s, name, json_string_value(value));
    return TH_OK;
}

static th_rc take_host(th__settings *s, const th_json_at *top, th_error *err)
{
    const char *cors = NULL;
    th_json_at host;

    th_rc rc = th_json_object(top, "Host", TH_OPTIONAL, s->arena, &host, err);
    if (rc == TH_OK)
        rc = th_json_str(&host, "CORS", TH_OPTIONAL, &cors, err);
    if (rc == TH_OK)
        rc = th_json_bool(&host, "CORSCredentials", TH_OPTIONAL, &s->cors_credentials, err);
    s->cors = th_strdup(s->arena, cors);
    return rc;
}

static th_rc take_values(th__settings *s, const th_json_doc *doc, th_error *err)
{
    th_json_at top, values;
    bool encrypted = false;
    const char *name;
    json_t *value;

    th_rc rc = th_json_top(doc->root, doc, TH_CONFIG, true, &top, err);
    if (rc == TH_OK)
        rc = th_json_bool(&top, "IsEncrypted", TH_OPTIONAL, &encrypted, err);
    if (rc == TH_OK && encrypted)
        rc = th_json_field_fail(&top, "IsEncrypted", err,
                                "must be false: encrypted settings cannot be read");
    if (rc == TH_OK)
        rc = take_host(s, &top, err);
    if (rc == TH_OK)
        rc = th_json_object(&top, "Values", TH_OPTIONAL, s->arena, &values, err);
    if (rc != TH_OK || !values.object)
        return rc;
    json_object_foreach ((json_t *)(uintptr_t)values.object, name, value) {
        rc = take_value(s, &values, name, value, err);
        if (rc != TH_OK)
            return rc;
    }
    return TH_OK;
}

th_rc th__settings_read(th_arena *arena, const char *folder, th__settings *out, th_error *err)
{
    const char *file = th_sprintf(arena, "%s/local.settings.json", folder);
    th_json_doc doc = { 0 };
    th_error none = { 0 };

    *out = (th__settings){ .arena = arena };
    for (char **line = environ; *line; line++)
        if (strchr(*line, '='))
            put(out, out->count, th_strdup(arena, *line));
    if (!out->lines)
        th__settings_set(out, "PATH", "/usr/local/bin:/usr/bin:/bin");
    th_rc rc = th_json_doc_read(file, 0, &doc, &none);
    if (rc == TH_OK)
        rc = take_values(out, &doc, err);
    else if (rc == TH_NOT_FOUND)
        rc = TH_OK;
    else
        rc = th_fail(err, rc, "%s", none.text);
    th_json_doc_free(&doc);
    return rc;
}

const char *th__settings_expand(const th__settings *s, th_arena *arena, const char *text)
{
    th_buf out = TH_BUF_INIT;

    while (*text) {
        const char *end = *text == '%' ? strchr(text + 1, '%') : NULL;
        const char *value =
            end ? th__settings_get(s, th_strndup(arena, text + 1, (size_t)(end - text - 1))) : NULL;
        if (value) {
            th_buf_str(&out, value);
            text = end + 1;
        } else {
            th_buf_chr(&out, *text++);
        }
    }
    const char *copy = th_strdup(arena, out.data ? out.data : "");
    th_buf_free(&out);
    return copy;
}
