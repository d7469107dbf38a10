/* json_doc.c - JSON files, and the lines that things in them stand on. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base_int.h"
#include "base/buf.h"

#define DEFAULT_LIMIT ((size_t)1 << 20)

/* A valid text and a cursor in it; the bounds are kept even if it is not valid. */
typedef struct cursor {
    const char *text;
    size_t n;
    size_t at;
} cursor;

static char here(const cursor *c)
{
    return c->at < c->n ? c->text[c->at] : '\0';
}

static void skip_space(cursor *c)
{
    while (here(c) && strchr(" \n\r\t", here(c)))
        c->at++;
}

/* From the opening quote to behind the closing one. */
static void skip_string(cursor *c)
{
    for (c->at++; c->at < c->n && c->text[c->at] != '"'; c->at++)
        if (c->text[c->at] == '\\')
            c->at++;
    c->at++;
}

static void skip_value(cursor *c)
{
    size_t depth = 0;

    do {
        char now = here(c);

        if (now == '"') {
            skip_string(c);
            continue;
        }
        depth += now == '{' || now == '[';
        depth -= now == '}' || now == ']';
        c->at++;
    } while (c->at < c->n && (depth > 0 || !strchr(",}] \n\r\t", c->text[c->at])));
}

/* Moves from an object to its member's value. *name is where the member begins. */
static bool enter(cursor *c, const char *key, size_t len, size_t *name)
{
    size_t found = 0;

    skip_space(c);
    if (here(c) != '{')
        return false;
    do {
        c->at++;
        skip_space(c);
        if (here(c) != '"')
            break;

        size_t start = c->at;
        skip_string(c);
        size_t end = c->at; /* behind the closing quote */
        skip_space(c);
        c->at++;
        skip_space(c);
        if (end <= c->n && end - start == len + 2 &&
            strncasecmp(c->text + start + 1, key, len) == 0) {
            *name = start; /* of equal names the last counts, as in the tree */
            found = c->at;
        }
        skip_value(c);
        skip_space(c);
    } while (here(c) == ',');
    c->at = found;
    return found > 0;
}

static int line_of(const char *text, size_t at)
{
    int line = 1;

    for (const char *p = text; (p = memchr(p, '\n', at - (size_t)(p - text))) != NULL; p++)
        line++;
    return line;
}

int th_json_line(const char *text, size_t n, const char *path)
{
    cursor c = { text, n, 0 };
    size_t name = 0;

    while (*path) {
        size_t len = strcspn(path, ".");

        if (!enter(&c, path, len, &name))
            return 0;
        path += len;
        path += *path == '.';
    }
    return line_of(text, name);
}

th_rc th_json_doc_parse(const char *file, const char *text, size_t n, size_t limit,
                        th_json_doc *out, th_error *err)
{
    const char *what;
    size_t at, most = limit ? limit : DEFAULT_LIMIT;
    bool bom = n >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0;

    if (n > most)
        return th_fail(err, TH_TOO_LARGE, "%s: larger than %zu bytes", file, most);
    text += bom ? 3 : 0;
    n -= bom ? 3 : 0;

    json_t *root = th__json_load(text, n, &what, &at);
    if (!root)
        return th_fail(err, TH_CONFIG, "%s:%d: not JSON: %s", file, line_of(text, at < n ? at : n),
                       what);

    char *copy = th_malloc(n + 1);
    memcpy(copy, text, n);
    *out = (th_json_doc){ root, copy, n, file };
    return TH_OK;
}

/* A directory, a pipe or a device is not waited for. */
static th_rc open_file(const char *file, int *fd, th_error *err)
{
    struct stat st;

    *fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (*fd < 0 && (errno == ENOENT || errno == ENOTDIR))
        return th_fail(err, TH_NOT_FOUND, "%s: no such file", file);
    if (*fd < 0 || fstat(*fd, &st) != 0)
        return th_fail(err, TH_IO, "%s: cannot be read: %m", file);
    if (!S_ISREG(st.st_mode))
        return th_fail(err, TH_IO, "%s: is not a regular file", file);
    return TH_OK;
}

/* One byte beyond the limit is enough to know. */
static th_rc read_text(const char *file, int fd, size_t limit, th_buf *text, th_error *err)
{
    char piece[16384];
    ssize_t n = 1;

    while (n != 0 && text->len <= limit) {
        n = read(fd, piece, sizeof piece);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return th_fail(err, TH_IO, "%s: cannot be read: %m", file);
        th_buf_add(text, piece, (size_t)n);
    }
    return TH_OK;
}

th_rc th_json_doc_read(const char *file, size_t limit, th_json_doc *out, th_error *err)
{
    th_buf text = TH_BUF_INIT;
    int fd = -1;
    size_t most = limit ? limit : DEFAULT_LIMIT;

    th_rc rc = open_file(file, &fd, err);
    if (rc == TH_OK)
        rc = read_text(file, fd, most, &text, err);
    if (rc == TH_OK)
        rc = th_json_doc_parse(file, text.data, text.len, most, out, err);

    if (fd >= 0)
        close(fd);
    th_buf_free(&text);
    return rc;
}

void th_json_doc_free(th_json_doc *doc)
{
    json_decref(doc->root);
    free(doc->text);
    *doc = (th_json_doc){ 0 };
}
