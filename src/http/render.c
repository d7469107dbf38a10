#include "http/render.h"

#include <jansson.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"

static bool is_json_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool is_blank_text(const char *text)
{
    return text[strspn(text, " \t\n\r\v\f")] == '\0';
}

/* The byte after the string literal that begins at s. */
static const char *after_string(const char *s, const char *end)
{
    for (s++; s < end && *s != '"'; s++)
        if (*s == '\\')
            s++;
    return s < end ? s + 1 : end;
}

void th_render_compact(th_buf *out, const char *json, size_t n)
{
    const char *end = json + n, *from = json, *at = json;

    while (at < end) {
        if (*at == '"') {
            at = after_string(at, end);
        } else if (is_json_blank(*at)) {
            th_buf_add(out, from, (size_t)(at - from));
            while (at < end && is_json_blank(*at))
                at++;
            from = at;
        } else {
            at++;
        }
    }
    th_buf_add(out, from, (size_t)(at - from));
}

void th_render_text(th_buf *out, const char *text)
{
    size_t n;

    if (!text) {
        th_buf_str(out, "null");
        return;
    }
    n = strlen(text);
    if (is_blank_text(text))
        th_buf_str(out, "\"\"");
    else if (th_json_valid(text, n, NULL))
        th_render_compact(out, text, n);
    else
        th_buf_json(out, text, n);
}

static void render_iso(th_buf *out, int64_t us, int digits)
{
    char text[TH_ISO_SIZE];

    th_iso_format(text, us, digits);
    th_buf_chr(out, '"');
    th_buf_str(out, text);
    th_buf_chr(out, '"');
}

void th_render_seconds(th_buf *out, int64_t us)
{
    render_iso(out, us, 0);
}

void th_render_time(th_buf *out, int64_t us)
{
    render_iso(out, us, -1);
}

/* A failure's message as a string; false: it has none. */
static bool render_message(th_buf *out, const char *failure)
{
    json_t *root = NULL;
    const char *message = NULL;

    if (!failure || th_json_parse(failure, strlen(failure), 0, &root, NULL) != TH_OK)
        return false;
    message = json_string_value(json_object_get(root, "message"));
    if (message)
        th_buf_json_str(out, message);
    json_decref(root);
    return message != NULL;
}

void th_render_output(th_buf *out, const th_instance *instance)
{
    if (instance->status != TH_FAILED)
        th_render_text(out, instance->output);
    else if (!render_message(out, instance->failure))
        th_buf_json_str(out, instance->output);
}

void th_render_status(th_buf *out, const th_instance *instance, const th_render_options *options)
{
    th_buf_str(out, "{\"name\":");
    th_buf_json_str(out, instance->name);
    th_buf_str(out, ",\"instanceId\":");
    th_buf_json_str(out, instance->id);
    if (instance->version) {
        th_buf_str(out, ",\"version\":");
        th_buf_json_str(out, instance->version);
    }
    if (instance->tags) {
        th_buf_str(out, ",\"tags\":");
        th_render_text(out, instance->tags);
    }
    th_buf_str(out, ",\"runtimeStatus\":");
    th_buf_json_str(out, th_status_name(instance->status));
    th_buf_str(out, ",\"input\":");
    th_render_text(out, options->show_input ? instance->input : NULL);
    th_buf_str(out, ",\"customStatus\":");
    th_render_text(out, instance->custom_status);
    th_buf_str(out, ",\"output\":");
    th_render_output(out, instance);
    th_buf_str(out, ",\"createdTime\":");
    th_render_seconds(out, instance->created_us);
    th_buf_str(out, ",\"lastUpdatedTime\":");
    th_render_seconds(out, instance->updated_us);
    if (options->show_history && instance->status != TH_PENDING) {
        th_buf_str(out, ",\"historyEvents\":");
        th_render_history(out, instance, options);
    }
    th_buf_chr(out, '}');
}
