/*
 * reply.h - answers to episodes that another process has run for a partition's owner (protocol O6),
 * to text and back.
 *
 * A reply is a message in two texts. The payload is a JSON array of events: those of the actions,
 * then what continue as new hands over, then the completion. The body is a JSON object with all the
 * rest. What comes is checked as if a stranger had written it: an owner commits it as its own.
 */
#ifndef TH_ENGINE_REPLY_H
#define TH_ENGINE_REPLY_H

#include "base/arena.h"
#include "base/buf.h"
#include "engine/executor.h"

typedef struct th_reply {
    int64_t item;         /* id of the item that it answers; 0: unknown */
    int64_t t_us;         /* clock of the episode */
    const int64_t *taken; /* numbers of the messages that it took, in order */
    size_t taken_count;
    bool more;            /* of those left it would take some now */
    bool expired;         /* an entity's operations took longer than functionTimeout */
    const char *failure;  /* not NULL: the instance, or the operation, fails so; JSON object */
    const char *executor; /* that ran it */
    th_answer answer;     /* without token */
    th_entity_answer entity;
} th_reply;

/* What every reply says of its item. The body is left open: th_reply_end closes it. */
typedef struct th_reply_head {
    int64_t item, t_us;
    const int64_t *taken;
    size_t taken_count;
    const char *executor;
} th_reply_head;
void th_reply_begin(th_buf *body, const th_reply_head *head);
void th_reply_add_orch(th_buf *payload, th_buf *body, const th_answer *answer);
void th_reply_add_entity(th_buf *body, const th_entity_answer *answer);
void th_reply_add_failure(th_buf *body, const char *failure);
void th_reply_add_flag(th_buf *body, const char *flag); /* more, expired */
void th_reply_end(th_buf *body);

/* payload may be NULL. All lives in arena. TH_INVALID: what is wrong with it. */
th_rc th_reply_read(th_arena *arena, const char *payload, const char *body, th_reply *out,
                    th_error *err) TH_MUST_CHECK;

/* An array of message numbers. */
void th_numbers_write(th_buf *out, const int64_t *numbers, size_t n);
th_rc th_numbers_read(th_arena *arena, const char *json, const int64_t **out, size_t *count,
                      th_error *err) TH_MUST_CHECK;

#endif
