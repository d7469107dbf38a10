/*
 * log.c - see log.h.
 *
 * A line is built in memory and leaves with one write(), so lines of threads and of processes that
 * share a pipe do not mix (up to the pipe's own limit).
 */
#include "base/log.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/base_int.h"
#include "base/buf.h"
#include "base/clock.h"

#define HUB_SIZE 64

static atomic_int min_level = TH_LOG_INFO;
static atomic_int line_format = TH_LOG_TEXT;

static pthread_mutex_t hub_lock = PTHREAD_MUTEX_INITIALIZER;
static char process_hub[HUB_SIZE]; /* "": none */

static const char *const level_names[] = { "debug", "info", "warn", "error", "off" };

static const char *const event_names[] = {
#define TH_EVENT_TEXT(name, text) text,
    TH_EVENT_MAP(TH_EVENT_TEXT)
#undef TH_EVENT_TEXT
};

void th_log_setup(th_log_level level, th_log_format format)
{
    atomic_store_explicit(&min_level, (int)level, memory_order_relaxed);
    atomic_store_explicit(&line_format, (int)format, memory_order_relaxed);
}

void th_log_set_hub(const char *hub)
{
    pthread_mutex_lock(&hub_lock);
    snprintf(process_hub, sizeof process_hub, "%s", hub ? hub : "");
    pthread_mutex_unlock(&hub_lock);
}

bool th_log_level_parse(const char *s, th_log_level *out)
{
    for (int i = TH_LOG_DEBUG; s && i <= TH_LOG_OFF; i++) {
        if (strcmp(s, level_names[i]) == 0) {
            *out = (th_log_level)i;
            return true;
        }
    }
    return false;
}

bool th_log_format_parse(const char *s, th_log_format *out)
{
    if (!s || (strcmp(s, "text") != 0 && strcmp(s, "json") != 0))
        return false;
    *out = s[0] == 'j' ? TH_LOG_JSON : TH_LOG_TEXT;
    return true;
}

bool th_log_on(th_log_level level)
{
    return level < TH_LOG_OFF &&
           (int)level >= atomic_load_explicit(&min_level, memory_order_relaxed);
}

static void add_hidden(th_buf *line, unsigned char c)
{
    if (c == '\n')
        th_buf_str(line, "\\n");
    else if (c == '\t')
        th_buf_str(line, "\\t");
    else if (c == '\r')
        th_buf_str(line, "\\r");
    else
        th_buf_printf(line, "\\x%02x", c);
}

/* Control characters and broken UTF-8 become visible; the rest stays. */
static void add_visible(th_buf *line, const char *s, size_t n)
{
    for (size_t i = 0; i < n;) {
        size_t len = th__utf8_char(s + i, n - i);
        bool hidden = len == 0 || th__is_control(s + i, len);

        len = len ? len : 1;
        for (size_t k = 0; hidden && k < len; k++)
            add_hidden(line, (unsigned char)s[i + k]);
        if (!hidden)
            th_buf_add(line, s + i, len);
        i += len;
    }
}

/* A value that could be taken for more than one word gets quotes. */
static void text_field(th_buf *line, const char *name, const char *value)
{
    bool quotes = value[0] == '\0' || strpbrk(value, " \"=") != NULL;

    th_buf_printf(line, " %s=%s", name, quotes ? "\"" : "");
    for (const char *p = value; *p;) {
        size_t n = strcspn(p, "\"\\");

        add_visible(line, p, n);
        p += n;
        if (*p) {
            th_buf_chr(line, '\\');
            th_buf_chr(line, *p++);
        }
    }
    th_buf_str(line, quotes ? "\"" : "");
}

static void text_line(th_buf *line, th_log_level level, th_log_event event, const th_log_ctx *ctx,
                      const th_buf *message)
{
    static const char *const levels[] = { "DEBUG", "INFO", "WARN", "ERROR" };
    char time[TH_ISO_SIZE];

    th_iso_format(time, th_now_us(), 3);
    th_buf_printf(line, "%s %-5s %s", time, levels[level], event_names[event]);
    if (ctx->hub)
        text_field(line, "hub", ctx->hub);
    if (ctx->partition)
        th_buf_printf(line, " partition=%d", ctx->partition);
    if (ctx->instance)
        text_field(line, "instance", ctx->instance);
    th_buf_chr(line, ' ');
    add_visible(line, message->data, message->len);
}

/* JSON must be UTF-8: a byte that is not becomes U+FFFD. */
static void add_json_text(th_buf *line, const char *s, size_t n)
{
    th_buf clean = TH_BUF_INIT;
    bool valid = th_utf8_valid(s, n);

    for (size_t i = 0; !valid && i < n;) {
        size_t len = th__utf8_char(s + i, n - i);

        th_buf_add(&clean, len ? s + i : "\xEF\xBF\xBD", len ? len : 3);
        i += len ? len : 1;
    }
    th_buf_json(line, valid ? s : clean.data, valid ? n : clean.len);
    th_buf_free(&clean);
}

static void add_json_field(th_buf *line, const char *name, const char *value)
{
    th_buf_printf(line, ",\"%s\":", name);
    add_json_text(line, value, strlen(value));
}

static void json_line(th_buf *line, th_log_level level, th_log_event event, const th_log_ctx *ctx,
                      const th_buf *message)
{
    char time[TH_ISO_SIZE];

    th_iso_format(time, th_now_us(), 6);
    th_buf_printf(line, "{\"time\":\"%s\",\"level\":\"%s\",\"event\":\"%s\"", time,
                  level_names[level], event_names[event]);
    if (ctx->hub)
        add_json_field(line, "hub", ctx->hub);
    if (ctx->partition)
        th_buf_printf(line, ",\"partition\":%d", ctx->partition);
    if (ctx->instance)
        add_json_field(line, "instance", ctx->instance);
    th_buf_str(line, ",\"message\":");
    add_json_text(line, message->data, message->len);
    th_buf_chr(line, '}');
}

/* One write(); more only if the system took a part. What it refuses is lost: nobody is left to
 * tell. */
static void write_line(const th_buf *line)
{
    for (size_t done = 0; done < line->len;) {
        ssize_t n = write(STDERR_FILENO, line->data + done, line->len - done);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return;
        done += (size_t)n;
    }
}

static void format_message(th_buf *message, const char *fmt, va_list args)
{
    va_list again;

    va_copy(again, args);
    int len = vsnprintf(NULL, 0, fmt, args);
    size_t n = len < 0 ? 0 : (size_t)len;

    th_buf_reserve(message, n);
    if (n > 0)
        vsnprintf(message->data, n + 1, fmt, again);
    message->len = n;
    va_end(again);
}

void th_log(th_log_level level, th_log_event event, const th_log_ctx *ctx, const char *fmt, ...)
{
    th_log_ctx about = ctx ? *ctx : (th_log_ctx){ 0 };
    th_buf message = TH_BUF_INIT, line = TH_BUF_INIT;
    char hub[HUB_SIZE];
    int saved = errno;
    va_list args;

    if (!th_log_on(level) || (unsigned)event >= TH_EV_COUNT)
        return;

    pthread_mutex_lock(&hub_lock);
    memcpy(hub, process_hub, sizeof hub);
    pthread_mutex_unlock(&hub_lock);
    if (!about.hub && hub[0])
        about.hub = hub;

    errno = saved; /* for %m */
    va_start(args, fmt);
    format_message(&message, fmt, args);
    va_end(args);
    if (atomic_load_explicit(&line_format, memory_order_relaxed) == TH_LOG_JSON)
        json_line(&line, level, event, &about, &message);
    else
        text_line(&line, level, event, &about, &message);
    th_buf_chr(&line, '\n');
    write_line(&line);

    th_buf_free(&line);
    th_buf_free(&message);
    errno = saved;
}
