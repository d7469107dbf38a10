/* trace.c - see trace.h. */
#include "base/trace.h"

#include <jansson.h>
#include <stdbool.h>
#include <string.h>

#include "base/buf.h"

enum { LONGEST_STATE = 512 };

static const char hex[] = "0123456789abcdef";

/* n digits that are not all zero, unless zeros may be. */
static bool is_hex(const char *text, size_t n, bool zeros)
{
    return strspn(text, hex) >= n && (zeros || strspn(text, "0") < n);
}

/* version-trace-parent-flags; version ff is none. */
static bool is_parent(const char *t)
{
    return strlen(t) == 55 && is_hex(t, 2, true) && strncmp(t, "ff", 2) != 0 && t[2] == '-' &&
           is_hex(t + 3, 32, false) && t[35] == '-' && is_hex(t + 36, 16, false) && t[52] == '-' &&
           is_hex(t + 53, 2, true);
}

static bool is_state(const char *text)
{
    size_t n = 0;

    for (; text[n]; n++)
        if (n == LONGEST_STATE || text[n] < ' ' || text[n] > '~')
            return false;
    return n > 0;
}

const char *th_trace_json(th_arena *arena, const char *traceparent, const char *tracestate)
{
    th_buf json = TH_BUF_INIT;

    if (!traceparent || !is_parent(traceparent))
        return NULL;
    th_buf_printf(&json, "{\"parent\":\"%s\"", traceparent);
    if (tracestate && is_state(tracestate)) {
        th_buf_str(&json, ",\"state\":");
        th_buf_json_str(&json, tracestate);
    }
    th_buf_chr(&json, '}');
    const char *copy = th_strdup(arena, json.data);
    th_buf_free(&json);
    return copy;
}

void th_trace_read(th_arena *arena, const char *json, const char **traceparent,
                   const char **tracestate)
{
    json_t *root = json ? json_loads(json, 0, NULL) : NULL;

    *traceparent = th_strdup(arena, json_string_value(json_object_get(root, "parent")));
    *tracestate = th_strdup(arena, json_string_value(json_object_get(root, "state")));
    json_decref(root);
}
