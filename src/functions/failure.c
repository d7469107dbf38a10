/*
 * failure.c - what a function threw, as a failure of events.
 */
#include <string.h>

#include "functions/functions_int.h"

static const char *without_type(const char *type, const char *message)
{
    size_t n = strlen(type);

    if (n && strncmp(message, type, n) == 0 && strncmp(message + n, ": ", 2) == 0)
        return message + n + 2;
    return message;
}

void th__failure_json(th_buf *out, const char *type, const char *message, const char *stack)
{
    th_buf_str(out, "{\"type\":");
    th_buf_json_str(out, *type ? type : "Exception");
    th_buf_str(out, ",\"message\":");
    th_buf_json_str(out, without_type(type, message));
    if (stack && *stack) {
        th_buf_str(out, ",\"stack\":");
        th_buf_json_str(out, stack);
    }
    th_buf_chr(out, '}');
}
