/* sql_failure.c - see sql_failure.h. */
#include "runtime/sql_failure.h"

#include <string.h>

#include "base/buf.h"

static void add_member(th_buf *out, bool *first, const char *name, const char *value)
{
    if (!value || !*value)
        return;
    if (!*first)
        th_buf_chr(out, ',');
    *first = false;
    th_buf_json_str(out, name);
    th_buf_chr(out, ':');
    th_buf_json_str(out, value);
}

static void add_properties(th_buf *out, const th_bound_failure *failed)
{
    bool first = true;

    th_buf_str(out, ",\"properties\":{");
    add_member(out, &first, "sqlstate", failed->sqlstate);
    add_member(out, &first, "detail", failed->detail);
    add_member(out, &first, "hint", failed->hint);
    add_member(out, &first, "schema", failed->schema);
    add_member(out, &first, "table", failed->table);
    add_member(out, &first, "column", failed->column);
    add_member(out, &first, "constraint", failed->constraint);
    th_buf_chr(out, '}');
}

static bool is_for_good(const th_bound_failure *failed)
{
    return failed->sqlstate && strcmp(failed->sqlstate, "TH007") == 0;
}

const char *th__sql_failure(th_arena *arena, const th_bound_failure *failed)
{
    th_buf out = TH_BUF_INIT;
    bool first = false;

    th_buf_str(&out, "{\"type\":\"SqlError\",\"message\":");
    th_buf_json_str(&out, failed->message ? failed->message : "the function failed");
    add_member(&out, &first, "stack", failed->context);
    if (is_for_good(failed))
        th_buf_str(&out, ",\"nonRetriable\":true");
    add_properties(&out, failed);
    th_buf_chr(&out, '}');

    const char *text = th_strndup(arena, out.data ? out.data : "", out.len);
    th_buf_free(&out);
    return text;
}
