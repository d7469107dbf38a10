/*
 * fuzz_reply.c - what another process answers to an episode: payload and body, with a line's end
 * between them.
 *
 * What is read can be written and read again with nothing lost; what is refused says why.
 */
#include <stdlib.h>
#include <string.h>

#include "engine/reply.h"

#define MUST(cond)   \
    do {             \
        if (!(cond)) \
            abort(); \
    } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void same_actions(const th_answer *a, const th_answer *b)
{
    MUST(a->action_count == b->action_count);
    for (size_t i = 0; i < a->action_count; i++) {
        MUST(a->actions[i].kind == b->actions[i].kind);
        MUST(a->actions[i].event.kind == b->actions[i].event.kind);
        MUST(a->actions[i].due_us == b->actions[i].due_us);
        MUST(a->actions[i].cancel_ref == b->actions[i].cancel_ref);
    }
    MUST(a->completion.done == b->completion.done);
    MUST(a->completion.carry_count == b->completion.carry_count);
}

static void round_trip(th_arena *arena, const th_reply *reply)
{
    th_buf payload = TH_BUF_INIT, body = TH_BUF_INIT;
    th_reply again;
    th_error err = { 0 };
    th_reply_head head = { .item = reply->item,
                           .t_us = reply->t_us,
                           .taken = reply->taken,
                           .taken_count = reply->taken_count,
                           .executor = reply->executor };
    th_reply_begin(&body, &head);
    if (reply->failure)
        th_reply_add_failure(&body, reply->failure);
    if (reply->entity.result_count)
        th_reply_add_entity(&body, &reply->entity);
    else
        th_reply_add_orch(&payload, &body, &reply->answer);
    th_reply_end(&body);
    MUST(th_reply_read(arena, payload.data, body.data, &again, &err) == TH_OK);
    MUST(again.taken_count == reply->taken_count && again.item == reply->item);
    MUST(!again.failure == !reply->failure);
    MUST(again.entity.result_count == reply->entity.result_count);
    if (!reply->entity.result_count)
        same_actions(&again.answer, &reply->answer);
    th_buf_free(&payload);
    th_buf_free(&body);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    th_arena *arena = th_arena_new(0);
    th_error err = { 0 };
    th_reply reply;
    char *text = th_strndup(arena, size ? (const char *)data : "", size);
    char *end = strchr(text, '\n');
    const char *body = end ? end + 1 : text;

    if (end)
        *end = '\0';
    if (th_reply_read(arena, end ? text : NULL, body, &reply, &err) == TH_OK)
        round_trip(arena, &reply);
    else
        MUST(err.rc == TH_INVALID && err.text[0]);
    th_arena_free(arena);
    return 0;
}
