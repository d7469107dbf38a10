/*
 * output.c - prints rows for people (a table, or a record) and for programs (JSON).
 */
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "cli/client.h"

/* ---- JSON ------------------------------------------------------------------------------------ */

/* Columns of type text that hold what a user gave: shown as the JSON value that they nearly always
 * are. */
static bool is_payload(const char *name)
{
    static const char *const names[] = { "input",   "output",  "customStatus",
                                         "failure", "payload", "tags" };

    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

static bool is_json_text(const th_rows *rows, size_t column, const char *cell)
{
    if (rows->kinds[column] == TH_COLUMN_JSON)
        return true;
    return is_payload(rows->names[column]) && th_json_valid(cell, strlen(cell), NULL);
}

static void json_cell(th_buf *out, const th_rows *rows, size_t row, size_t column)
{
    const char *cell = th_rows_cell(rows, row, column);

    if (!cell)
        th_buf_str(out, "null");
    else if (rows->kinds[column] == TH_COLUMN_BOOL)
        th_buf_str(out, cell[0] == 't' ? "true" : "false");
    else if (rows->kinds[column] == TH_COLUMN_NUMBER || is_json_text(rows, column, cell))
        th_buf_str(out, cell);
    else
        th_buf_json_str(out, cell);
}

static void json_row(th_buf *out, const th_rows *rows, size_t row)
{
    th_buf_chr(out, '{');
    for (size_t c = 0; c < rows->columns; c++) {
        th_buf_str(out, c ? ", " : "");
        th_buf_json_str(out, rows->names[c]);
        th_buf_str(out, ": ");
        json_cell(out, rows, row, c);
    }
    th_buf_chr(out, '}');
}

static void print_json(const th_rows *rows, th_shape shape)
{
    th_buf out = TH_BUF_INIT;

    if (shape == TH_SHAPE_TABLE)
        th_buf_str(&out, "[");
    for (size_t r = 0; r < rows->count; r++) {
        th_buf_str(&out, r ? ",\n " : "");
        json_row(&out, rows, r);
    }
    th_buf_str(&out, shape == TH_SHAPE_TABLE ? "]\n" : "\n");
    fwrite(out.data, 1, out.len, stdout);
    th_buf_free(&out);
}

/* ---- text ------------------------------------------------------------------------------------ */

/* Characters of UTF-8, so that names of all languages line up more or less. */
static int width_of(const char *s)
{
    int n = 0;

    for (; *s; s++)
        n += ((unsigned char)*s & 0xc0) != 0x80;
    return n;
}

/* A stored text could hold bytes that a terminal obeys. */
static void print_safe(const char *s)
{
    for (; *s; s++)
        putchar((unsigned char)*s < ' ' || *s == 0x7f ? ' ' : *s);
}

static const char *shown(const th_rows *rows, size_t row, size_t column)
{
    const char *cell = th_rows_cell(rows, row, column);

    if (cell && rows->kinds[column] == TH_COLUMN_BOOL)
        return cell[0] == 't' ? "yes" : "no";
    return cell ? cell : "-";
}

static int column_width(const th_rows *rows, size_t column)
{
    int widest = width_of(rows->names[column]);

    for (size_t r = 0; r < rows->count; r++) {
        int width = width_of(shown(rows, r, column));
        widest = width > widest ? width : widest;
    }
    return widest;
}

static void print_padded(const char *text, int width, bool last)
{
    print_safe(text);
    if (last)
        putchar('\n');
    else
        printf("%*s", width - width_of(text) + 2, "");
}

static void print_table(const th_rows *rows, const int *widths)
{
    for (size_t c = 0; c < rows->columns; c++)
        print_padded(rows->names[c], widths[c], c + 1 == rows->columns);
    for (size_t r = 0; r < rows->count; r++)
        for (size_t c = 0; c < rows->columns; c++)
            print_padded(shown(rows, r, c), widths[c], c + 1 == rows->columns);
}

static void print_record(const th_rows *rows)
{
    int widest = 0;

    for (size_t c = 0; c < rows->columns; c++) {
        int width = width_of(rows->names[c]);
        widest = width > widest ? width : widest;
    }
    for (size_t c = 0; rows->count && c < rows->columns; c++) {
        if (!th_rows_cell(rows, 0, c))
            continue;
        print_padded(rows->names[c], widest, false);
        print_padded(shown(rows, 0, c), 0, true);
    }
}

void th_client_print(const th_client *client, const th_rows *rows, th_shape shape)
{
    if (client->json) {
        print_json(rows, shape);
        return;
    }
    if (shape == TH_SHAPE_RECORD) {
        print_record(rows);
        return;
    }
    int *widths = th_new(client->arena, int, rows->columns + 1);
    for (size_t c = 0; c < rows->columns; c++)
        widths[c] = column_width(rows, c);
    print_table(rows, widths);
}
