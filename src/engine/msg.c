/*
 * msg.c - messages in hand.
 */
#include "engine/msg.h"

#include <jansson.h>
#include <string.h>

#include "base/log.h"

static th_msg *blank(size_t size)
{
    th_arena *arena = th_arena_new(size);
    th_msg *msg = th_new(arena, th_msg, 1);
    msg->arena = arena;
    return msg;
}

static size_t length(const char *s)
{
    return s ? strlen(s) + 1 : 0;
}

static size_t row_size(const th_inbox_row *r)
{
    return sizeof(th_msg) + length(r->instance_id) + length(r->name) + length(r->payload) +
           length(r->message_id) + length(r->input) + length(r->row_name) + length(r->version) +
           length(r->tags) + length(r->body) + 320;
}

static void copy_row(th_msg *m, const th_inbox_row *r)
{
    m->row.found = r->found;
    if (!r->found)
        return;
    m->row.start_id = r->row_start_id;
    m->row.execution_id = r->row_execution_id;
    m->row.status = r->status;
    m->row.is_entity = r->is_entity;
    m->row.name = th_strdup(m->arena, r->row_name);
    m->row.version = th_strdup(m->arena, r->version);
    m->row.tags = th_strdup(m->arena, r->tags);
    m->row.parent_instance_id = th_strdup(m->arena, r->parent_instance_id);
    m->row.has_parent_execution = r->has_parent_execution;
    m->row.parent_execution_id = r->parent_execution_id;
    m->row.parent_ref = r->parent_ref;
    m->row.priority = r->priority;
}

static bool is_task_result(int kind)
{
    return kind == TH_TaskCompleted || kind == TH_TaskFailed || kind == TH_TimerFired ||
           kind == TH_SubOrchestrationInstanceCompleted ||
           kind == TH_SubOrchestrationInstanceFailed || kind == TH_EntityOperationCompleted ||
           kind == TH_EntityOperationFailed || kind == TH_EntityLockGranted;
}

static bool is_for_entity(int kind)
{
    return kind == TH_EntityOperationSignaled || kind == TH_EntityOperationCalled ||
           kind == TH_EntityLockRequested || kind == TH_EntityUnlockSent;
}

/* The row that it answers is gone: were it dropped, its instance would wait for ever. */
static void keep_result(th_msg *m)
{
    if (m->event.kind == TH_TaskFailed || m->event.kind == TH_EntityOperationFailed)
        m->event.failure =
            "{\"type\":\"UnreadableFailure\",\"message\":\"how it failed can't be read\"}";
}

/* Flags of the engine's own stand beside the event's keys in a body. */
static void read_body(th_msg *m, const char *body)
{
    th_error err = { 0 };
    if (strstr(body, "\"replaced\":true"))
        m->replaced = true;
    if (strstr(body, "\"carry\":true"))
        m->carry = true;
    if (strstr(body, "\"early\":true"))
        m->early = m->event.kind == TH_EventRaised && !m->has_start;
    if (strstr(body, "\"makes\":true"))
        m->makes = true;
    if (th_event_read_body(m->arena, body, strlen(body), &m->event, &err) != TH_OK) {
        th_log_ctx ctx = { .partition = m->partition_id, .instance = m->instance_id };
        th_log(TH_LOG_WARN, TH_EV_MESSAGE_DROPPED, &ctx, "message %lld: %s",
               (long long)m->message_no, err.text);
        if (is_task_result((int)m->event.kind))
            keep_result(m);
        else
            m->event.kind = TH_KIND_NONE;
    }
}

static void fill_event(th_msg *m, const th_inbox_row *r)
{
    th_event *e = &m->event;
    *e = th_event_of(th_kind_name(r->kind) ? (th_kind)r->kind : TH_KIND_NONE);
    e->t_us = r->kind == TH_TimerFired ? 0 : r->sent_us; /* a timer fires when its episode runs */
    e->name = th_strdup(m->arena, r->name);
    e->payload = th_strdup(m->arena, r->payload);
    if (is_task_result(r->kind))
        e->ref = r->ref;
    if (r->kind == TH_EventRaised || is_for_entity(r->kind))
        e->message_id = th_strdup(m->arena, r->message_id);
    if (r->kind == TH_ExecutionStarted && !e->payload && r->input)
        e->payload = th_strdup(m->arena, r->input);
}

/* Who waits for a child: {instanceId, executionId, name, version?, id, ref}. */
static void read_parent(th_msg *m)
{
    json_t *parent = m->event.parent ? json_loads(m->event.parent, 0, NULL) : NULL;
    const char *id = json_string_value(json_object_get(parent, "instanceId"));
    const char *execution = json_string_value(json_object_get(parent, "executionId"));
    m->parent_instance_id = th_strdup(m->arena, id);
    m->parent_ref = (int32_t)json_integer_value(json_object_get(parent, "ref"));
    m->has_parent = id && execution && th_uuid_parse(execution, &m->parent_execution_id);
    json_decref(parent);
}

/* Who sent it, if that is an orchestration: its run, and its event there. */
static void read_sender(th_msg *m, int32_t ref)
{
    m->for_entity = true;
    m->parent_instance_id = m->event.parent_instance_id;
    m->parent_ref = ref;
    m->has_parent = m->event.parent_instance_id && m->event.parent_execution_id &&
                    th_uuid_parse(m->event.parent_execution_id, &m->parent_execution_id);
}

/* Who waited for a child until its parent was rewound: {executionId, ref}. Without it, it is no
 * parent's rewind. */
static void read_was(th_msg *m, const char *body)
{
    json_t *root = json_loads(body, 0, NULL), *was = json_object_get(root, "was");
    const char *execution = json_string_value(json_object_get(was, "executionId"));
    m->was_ref = (int32_t)json_integer_value(json_object_get(was, "ref"));
    m->child_input = th_strdup(m->arena, json_string_value(json_object_get(root, "input")));
    m->has_parent = m->has_parent && m->event.name && execution &&
                    th_uuid_parse(execution, &m->was_execution_id);
    json_decref(root);
}

static void read_reply(th_msg *m, const th_inbox_row *r)
{
    th_error err = { 0 };
    th_reply *reply = th_new(m->arena, th_reply, 1);
    m->event = th_event_of((th_kind)TH_EPISODE_ANSWERED);
    m->event.ref = r->ref;
    if (th_reply_read(m->arena, r->payload, r->body, reply, &err) == TH_OK) {
        m->reply = reply;
        return;
    }
    th_log_ctx ctx = { .partition = m->partition_id, .instance = m->instance_id };
    th_log(TH_LOG_WARN, TH_EV_MESSAGE_DROPPED, &ctx, "message %lld: %s", (long long)m->message_no,
           err.text);
}

th_msg *th_msg_from_row(const th_inbox_row *r)
{
    th_msg *m = blank(row_size(r));
    m->partition_id = r->partition_id;
    m->due_us = r->due_us;
    m->message_no = r->message_no;
    m->has_start = r->has_start;
    m->start_id = r->start_id;
    m->has_execution = r->has_execution;
    m->execution_id = r->execution_id;
    m->attempts = r->attempts;
    m->behind = r->behind;
    m->instance_id = th_strdup(m->arena, r->instance_id);
    copy_row(m, r);
    if (r->kind == TH_EPISODE_ANSWERED) {
        read_reply(m, r);
        return m;
    }
    fill_event(m, r);
    if (r->body)
        read_body(m, r->body);
    if (is_for_entity((int)m->event.kind))
        read_sender(m, r->ref);
    if ((m->event.kind == TH_ExecutionStarted || m->event.kind == TH_ExecutionRewound) &&
        m->event.parent)
        read_parent(m);
    if (m->event.kind == TH_ExecutionRewound && m->has_parent)
        read_was(m, r->body);
    return m;
}

th_msg *th_msg_local(int32_t partition_id, const char *instance_id, const th_uuid *execution_id,
                     int32_t seq, int32_t task_id, int64_t activity_id, int32_t claim_no,
                     const char *result, const char *failure, int64_t now_us)
{
    th_msg *m =
        blank(sizeof(th_msg) + length(instance_id) + length(result) + length(failure) + 128);
    m->partition_id = partition_id;
    m->instance_id = th_strdup(m->arena, instance_id);
    m->has_execution = true;
    m->execution_id = *execution_id;
    m->activity_id = activity_id;
    m->claim_no = claim_no;
    m->event = th_event_of(failure ? TH_TaskFailed : TH_TaskCompleted);
    m->event.ref = seq;
    m->event.task_id = task_id;
    m->event.t_us = now_us;
    m->event.payload = failure ? NULL : th_strdup(m->arena, result);
    m->event.failure = th_strdup(m->arena, failure);
    return m;
}

void th_msg_free(th_msg *msg)
{
    if (msg)
        th_arena_free(msg->arena);
}

void th_msg_push(th_msg_list *list, th_msg *msg)
{
    msg->next = NULL;
    if (list->tail)
        list->tail->next = msg;
    else
        list->head = msg;
    list->tail = msg;
    list->count++;
}

th_msg *th_msg_pop(th_msg_list *list)
{
    th_msg *msg = list->head;
    if (!msg)
        return NULL;
    list->head = msg->next;
    if (!list->head)
        list->tail = NULL;
    list->count--;
    msg->next = NULL;
    return msg;
}

void th_msg_join(th_msg_list *front, th_msg_list *back)
{
    if (!back->head)
        return;
    if (front->tail)
        front->tail->next = back->head;
    else
        front->head = back->head;
    front->tail = back->tail;
    front->count += back->count;
    *back = (th_msg_list){ 0 };
}
