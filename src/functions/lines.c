/*
 * lines.c - see lines.h.
 */
#include "functions/lines.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"

enum { LONGEST = 32768, PIECE = 16384 };

static const char own[] = "LanguageWorkerConsoleLog";

static void log_line(th__lines *l)
{
    const char *text = l->line.data;

    if (l->line.len == 0)
        return;
    if (strncmp(text, own, sizeof own - 1) == 0)
        th_log(TH_LOG_INFO, TH_EV_WORKER_PROCESS, NULL, "%s",
               text + sizeof own - 1 + strspn(text + sizeof own - 1, ": "));
    else
        th_log(TH_LOG_INFO, TH_EV_APP_LOG, NULL, "%s", text);
    th_buf_clear(&l->line);
}

void th__lines_add(th__lines *l, const char *bytes, size_t n)
{
    while (n) {
        const char *end = memchr(bytes, '\n', n);
        size_t part = end ? (size_t)(end - bytes) : n;
        size_t room = LONGEST - l->line.len;
        th_buf_add(&l->line, bytes, part < room ? part : room);
        if (end || l->line.len == LONGEST)
            log_line(l);
        part += end != NULL;
        bytes += part;
        n -= part;
    }
}

bool th__lines_read(th__lines *l)
{
    char bytes[PIECE];
    ssize_t n = read(l->fd, bytes, sizeof bytes);

    if (n > 0) {
        th__lines_add(l, bytes, (size_t)n);
        return true;
    }
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return true;
    th__lines_close(l);
    return false;
}

void th__lines_close(th__lines *l)
{
    log_line(l);
    th_buf_free(&l->line);
    if (l->fd >= 0)
        close(l->fd);
    l->fd = -1;
}
