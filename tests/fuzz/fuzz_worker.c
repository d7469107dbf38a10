/*
 * fuzz_worker.c - what comes from a language worker: frames, lists of functions, lists of actions,
 * values and HTTP answers; and route templates with paths.
 *
 * The first byte says which. Whatever is taken must hold what its readers rely on.
 */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "functions/frame.h"
#include "functions/messages.h"
#include "functions/route.h"
#include "functions/steps.h"
#include "functions/table.h"
#include "functions/trigger_answer.h"

#define MUST(cond)   \
    do {             \
        if (!(cond)) \
            abort(); \
    } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Pieces of 1, 2, 3... bytes. */
static void frames(const char *text, size_t n)
{
    th__frames f = { 0 };
    const char *frame = "";
    size_t at = 0, len, room;
    th_rc rc = TH_OK;

    for (size_t piece = 1; at < n && rc == TH_OK; at += piece++) {
        if (piece > n - at)
            piece = n - at;
        memcpy(th__frames_room(&f, piece, &room), text + at, piece);
        MUST(room >= piece);
        th__frames_came(&f, piece);
        while ((rc = th__frames_next(&f, &frame, &len, NULL)) == TH_OK && frame) {
            MUST(len > 0 && len <= n);
            (void)th_utf8_valid(frame, len); /* reads every byte of it */
        }
    }
    th__frames_free(&f);
}

static void steps(th_arena *arena, const char *text, size_t n)
{
    th__steps s;

    if (th__steps_read(arena, text, n, &s, NULL) != TH_OK)
        return;
    for (size_t i = 0; i < s.count; i++) {
        MUST(s.list[i].name);
        MUST(!s.list[i].input || th_json_valid(s.list[i].input, strlen(s.list[i].input), NULL));
        MUST(th__retry_delay_us(&s.list[i].retry, 1) >= 0);
        bool locks = s.list[i].type == TH__LOCK_ENTITIES;
        MUST(s.list[i].section || (!locks && s.list[i].type != TH__RELEASE_ENTITIES));
        MUST(!locks || th_json_valid(s.list[i].name, strlen(s.list[i].name), NULL));
    }
    MUST(!s.output || th_json_valid(s.output, strlen(s.output), NULL));
    MUST(!s.status || th_json_valid(s.status, strlen(s.status), NULL));
}

static void list(th_arena *arena, const json_t *root)
{
    th__table table;

    if (th__table_read(arena, root, &table, NULL) != TH_OK)
        return;
    for (size_t i = 0; i < table.count; i++) {
        const th__function *f = &table.functions[i];
        MUST(f->name && f->id && f->parameter && f->durable_name && f->metadata);
        MUST(f->trigger != TH__HTTP || !th__route_problem(f->route));
    }
}

static void answer(th_arena *arena, const json_t *root)
{
    th__outcome outcome = th__message_outcome(root);
    th_trigger_answer http;
    th_buf out = TH_BUF_INIT;
    size_t n;

    MUST(outcome.type && outcome.message && outcome.stack);
    th__typed_json(outcome.value, &out);
    th__typed_text(outcome.value, &n);
    th_buf_free(&out);
    if (th__trigger_answer(arena, outcome.value, &http, NULL) != TH_OK)
        return;
    MUST(http.status >= 200 && http.status <= 599);
    for (size_t i = 0; i < http.header_count; i++)
        MUST(!strpbrk(http.headers[i].name, "\r\n:") && !strpbrk(http.headers[i].value, "\r\n"));
}

/* "template path" */
static void route(th_arena *arena, const char *text)
{
    size_t n = strcspn(text, " ");
    const char *template = th_strndup(arena, text, n), *path = text + n;
    th__route_params params;

    if (th__route_problem(template) || !th__route_match(arena, template, path, &params))
        return;
    for (size_t i = 0; i < params.count; i++)
        MUST(*params.names[i] && params.values[i]);
    MUST(th__route_compare(template, template) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    th_arena *arena = th_arena_new(0);
    json_t *root = NULL;

    if (size < 1 || size > 65536)
        goto done;
    const char *text = th_strndup(arena, (const char *)data + 1, size - 1);
    size_t n = size - 1;
    if (data[0] % 5 == 0)
        frames(text, n);
    else if (data[0] % 5 == 1)
        steps(arena, text, n);
    else if (data[0] % 5 == 2)
        route(arena, text);
    else if (th_json_parse(text, n, 0, &root, NULL) == TH_OK && data[0] % 5 == 3)
        list(arena, root);
    else if (root)
        answer(arena, root);

done:
    json_decref(root);
    th_arena_free(arena);
    return 0;
}
