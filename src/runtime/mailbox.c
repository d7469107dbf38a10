/*
 * mailbox.c - external events by name: who waits for them, and those that came early.
 *
 * Names come from outside, so both names and events may be many: finding a name is a hash lookup,
 * and an early event is in two lists, that of its name and that of all, for the order of
 * continue-as-new.
 */
#include "base/buf.h"
#include "runtime/names.h"
#include "runtime/runtime_int.h"

struct th__letter {
    th__letter *next_here;   /* of the same name */
    th__letter *prev, *next; /* of all names */
    th_event event;
};

struct th__box {
    th__box *next; /* in its bucket */
    const char *name;
    uint32_t hash;
    th__letter *first, *last;
    th_task *waiters, *waiters_end;
};

enum { FIRST_BUCKETS = 4 };

static void rehash(th_orch *o)
{
    th__mailbox *mail = &o->mail;
    size_t n = mail->bucket_count ? mail->bucket_count * 2 : FIRST_BUCKETS;
    th__box **buckets = th_new(o->scope.arena, th__box *, n);

    for (size_t i = 0; i < mail->bucket_count; i++) {
        for (th__box *box = mail->buckets[i], *next; box; box = next) {
            next = box->next;
            box->next = buckets[box->hash & (n - 1)];
            buckets[box->hash & (n - 1)] = box;
        }
    }
    mail->buckets = buckets;
    mail->bucket_count = n;
}

static th__box *box_of(th_orch *o, const char *name)
{
    th__mailbox *mail = &o->mail;
    uint32_t hash = th__name_hash(name, (uint32_t)((uintptr_t)o >> 4));

    if (mail->box_count >= mail->bucket_count)
        rehash(o);

    th__box **bucket = &mail->buckets[hash & (mail->bucket_count - 1)];
    for (th__box *box = *bucket; box; box = box->next)
        if (box->hash == hash && th__name_compare(box->name, name) == 0)
            return box;

    th__box *box = th_new(o->scope.arena, th__box, 1);
    box->name = th_strdup(o->scope.arena, name);
    box->hash = hash;
    box->next = *bucket;
    *bucket = box;
    mail->box_count++;
    return box;
}

/* ---- early events ---------------------------------------------------------------------------- */

static void keep(th_orch *o, th__box *box, const th_event *event)
{
    th__mailbox *mail = &o->mail;
    th__letter *letter = th_new(o->scope.arena, th__letter, 1);

    letter->event = th_event_of(TH_EventRaised);
    letter->event.name = th_strdup(o->scope.arena, event->name);
    letter->event.raised_as = th_strdup(o->scope.arena, event->raised_as);
    letter->event.payload = th_strdup(o->scope.arena, event->payload);
    letter->event.t_us = event->t_us;
    letter->event.seq = event->seq;

    *(box->last ? &box->last->next_here : &box->first) = letter;
    box->last = letter;
    letter->prev = mail->last;
    *(mail->last ? &mail->last->next : &mail->first) = letter;
    mail->last = letter;
    mail->letter_count++;
}

static const char *take_oldest(th_orch *o, th__box *box)
{
    th__mailbox *mail = &o->mail;
    th__letter *letter = box->first;

    box->first = letter->next_here;
    if (!box->first)
        box->last = NULL;
    *(letter->prev ? &letter->prev->next : &mail->first) = letter->next;
    *(letter->next ? &letter->next->prev : &mail->last) = letter->prev;
    mail->letter_count--;
    return letter->event.payload;
}

const th_event *th__mail_left(th_orch *o, size_t *count)
{
    th_event *events = th_new(o->scope.arena, th_event, o->mail.letter_count);
    size_t n = 0;

    for (const th__letter *l = o->mail.first; l; l = l->next)
        events[n++] = l->event;
    *count = n;
    return events;
}

/* ---- waiters --------------------------------------------------------------------------------- */

void th__mail_forget(th_task *task)
{
    th__box *box = task->u.wait.box;

    if (!box)
        return;
    *(task->u.wait.prev ? &task->u.wait.prev->u.wait.next : &box->waiters) = task->u.wait.next;
    *(task->u.wait.next ? &task->u.wait.next->u.wait.prev : &box->waiters_end) = task->u.wait.prev;
    task->u.wait.box = NULL;
    task->o->mail.waiter_count--;
}

static void line_up(th__box *box, th_task *task)
{
    task->u.wait.box = box;
    task->u.wait.prev = box->waiters_end;
    *(box->waiters_end ? &box->waiters_end->u.wait.next : &box->waiters) = task;
    box->waiters_end = task;
    task->o->mail.waiter_count++;
}

static void add_waits(const th__mailbox *mail, th_buf *json)
{
    bool first = true;
    for (size_t i = 0; i < mail->bucket_count; i++) {
        for (const th__box *box = mail->buckets[i]; box; box = box->next) {
            if (!box->waiters)
                continue;
            if (!first)
                th_buf_chr(json, ',');
            th_buf_json_str(json, box->name);
            first = false;
        }
    }
}

const char *th__mail_waits(th_orch *o)
{
    th_buf json = TH_BUF_INIT;

    if (!o->mail.waiter_count)
        return NULL;
    th_buf_str(&json, "{\"waits\":[");
    add_waits(&o->mail, &json);
    th_buf_str(&json, "]}");
    const char *memo = th_strndup(o->scope.arena, json.data, json.len);
    th_buf_free(&json);
    return memo;
}

void th__mail_raise(th_orch *o, const th_event *event)
{
    if (!event->name)
        return;

    th__box *box = box_of(o, event->name);
    th_task *task = box->waiters;
    if (!task || o->ended) {
        keep(o, box, event);
        return;
    }
    th__mail_forget(task);
    th__task_complete(task, th_strdup(o->scope.arena, event->payload), NULL);
}

void th__mail_expect(th_orch *o, th_task *task, const char *name)
{
    th__box *box = box_of(o, name);

    if (box->first)
        th__task_complete(task, take_oldest(o, box), NULL);
    else
        line_up(box, task);
}
