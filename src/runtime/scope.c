/*
 * scope.c - what taskhub.h offers to orchestrators, activities and entities alike.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/log.h"
#include "runtime/runtime_int.h"

/* A wrong pointer can't be reported to anybody but the developer. */
static th__scope *scope_of(void *ctx, const char *caller)
{
    th__scope *scope = ctx;

    if (scope &&
        (scope->kind == TH__ORCH || scope->kind == TH__ACTIVITY || scope->kind == TH__ENTITY))
        return scope;
    th_log(TH_LOG_ERROR, TH_EV_APP_LOG, NULL,
           "%s was called with a context that is no orchestrator, activity or entity; aborting",
           caller);
    abort();
}

const char *th_input(void *ctx)
{
    const char *input = scope_of(ctx, "th_input")->input;

    return input ? input : "null";
}

const char *th_instance_id(void *ctx)
{
    return scope_of(ctx, "th_instance_id")->instance_id;
}

const char *th_tags(void *ctx)
{
    const char *tags = scope_of(ctx, "th_tags")->tags;

    return tags ? tags : "null";
}

const char *th_trace(void *ctx)
{
    const char *trace = scope_of(ctx, "th_trace")->trace;

    return trace ? trace : "null";
}

const char *th_version(void *ctx)
{
    return scope_of(ctx, "th_version")->version;
}

/* ---- memory and texts ------------------------------------------------------------------------ */

char *th__vtext(th_arena *arena, const char *fmt, va_list args)
{
    char small[256]; /* orchestrators have little stack */
    va_list again;

    if (!fmt)
        fmt = "";
    va_copy(again, args);
    int len = vsnprintf(small, sizeof small, fmt, args);
    size_t n = len < 0 ? 0 : (size_t)len;
    char *out = th_alloc(arena, n + 1);

    if (n < sizeof small)
        memcpy(out, small, n);
    else
        vsnprintf(out, n + 1, fmt, again);
    va_end(again);
    return out;
}

char *th_text(void *ctx, const char *fmt, ...)
{
    th__scope *scope = scope_of(ctx, "th_text");
    va_list args;

    va_start(args, fmt);
    char *out = th__vtext(scope->arena, fmt, args);
    va_end(args);
    return out;
}

void *th_memory(void *ctx, size_t size)
{
    th__scope *scope = scope_of(ctx, "th_memory");

    if (size <= TH__MEMORY_MAX)
        return th_alloc(scope->arena, size);
    if (scope->kind == TH__ORCH)
        th__session_misuse(ctx, "th_memory: %zu bytes are more than 1 GiB", size);
    th_log(TH_LOG_ERROR, TH_EV_APP_LOG, NULL, "th_memory: %zu bytes are more than 1 GiB; aborting",
           size);
    abort();
}

/* ---- failures -------------------------------------------------------------------------------- */

void th__add_string(th_buf *out, const char *s, size_t n)
{
    static const char unknown[] = "\xEF\xBF\xBD"; /* U+FFFD */
    th_buf clean = TH_BUF_INIT;

    if (th_utf8_valid(s, n)) {
        th_buf_json(out, s, n);
        return;
    }
    for (size_t i = 0; i < n;) {
        size_t len = 1;
        while (len <= 4 && i + len <= n && !th_utf8_valid(s + i, len))
            len++;
        bool good = len <= 4 && i + len <= n;
        th_buf_add(&clean, good ? s + i : unknown, good ? len : 3);
        i += good ? len : 1;
    }
    th_buf_json(out, clean.data, clean.len);
    th_buf_free(&clean);
}

static void add_string(th_buf *out, const char *s)
{
    th__add_string(out, s, strlen(s));
}

static const char *to_arena(th_arena *arena, th_buf *buf)
{
    const char *text = th_strndup(arena, buf->data ? buf->data : "", buf->len);

    th_buf_free(buf);
    return text;
}

const char *th_quote(void *ctx, const char *text)
{
    th__scope *scope = scope_of(ctx, "th_quote");
    th_buf out = TH_BUF_INIT;

    if (!text)
        return "null";
    add_string(&out, text);
    return to_arena(scope->arena, &out);
}

const char *th__failure(th_arena *arena, const char *type, const char *message, bool for_good)
{
    th_buf out = TH_BUF_INIT;

    th_buf_str(&out, "{\"type\":");
    add_string(&out, type && *type ? type : "Error");
    th_buf_str(&out, ",\"message\":");
    add_string(&out, message);
    th_buf_str(&out, for_good ? ",\"nonRetriable\":true}" : "}");
    return to_arena(arena, &out);
}

static void set_failure(th__scope *scope, const char *type, bool for_good, const char *fmt,
                        va_list args)
{
    const char *message = th__vtext(scope->arena, fmt, args);

    scope->failure = th__failure(scope->arena, type, message, for_good);
}

const char *th_fail_with(void *ctx, const char *type, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    set_failure(scope_of(ctx, "th_fail_with"), type, false, fmt, args);
    va_end(args);
    return NULL;
}

const char *th_fail_for_good(void *ctx, const char *type, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    set_failure(scope_of(ctx, "th_fail_for_good"), type, true, fmt, args);
    va_end(args);
    return NULL;
}

const char *th__json_problem(th_arena *arena, const char *text)
{
    th_error err = { 0 };

    return th_json_valid(text, strlen(text), &err) ? NULL : th_strdup(arena, err.text);
}

/* ---- the log --------------------------------------------------------------------------------- */

static void log_line(th__scope *scope, th_log_level level, const char *fmt, va_list args)
{
    th_log_ctx about = { .instance = scope->instance_id };

    if (scope->quiet || !th_log_on(level))
        return;

    th_arena_mark mark = th_arena_mark_here(scope->arena);
    th_log(level, TH_EV_APP_LOG, &about, "%s", th__vtext(scope->arena, fmt, args));
    th_arena_rewind(scope->arena, mark);
}

void th_log_info(void *ctx, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    log_line(scope_of(ctx, "th_log_info"), TH_LOG_INFO, fmt, args);
    va_end(args);
}

void th_log_warn(void *ctx, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    log_line(scope_of(ctx, "th_log_warn"), TH_LOG_WARN, fmt, args);
    va_end(args);
}

/* ---- arrays ---------------------------------------------------------------------------------- */

const char *th_list(void *ctx, const char *const *items, size_t n)
{
    th__scope *scope = scope_of(ctx, "th_list");
    th_buf out = TH_BUF_INIT;

    th_buf_chr(&out, '[');
    for (size_t i = 0; i < n; i++) {
        if (i > 0)
            th_buf_chr(&out, ',');
        th_buf_str(&out, items[i] ? items[i] : "null");
    }
    th_buf_chr(&out, ']');
    return to_arena(scope->arena, &out);
}
