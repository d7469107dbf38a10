/*
 * worker_orch.c - episodes of orchestrators as workers get and answer them.
 *
 * A worker gets the whole past with each episode. It is kept encoded, and goes on by what the
 * episode consumed and produced, so that its cost is that of what is new.
 */
#include <stdlib.h>
#include <string.h>

#include "base/entity_id.h"
#include "base/ids.h"
#include "base/log.h"
#include "grpc/workers_int.h"

enum {
    PAST_EVENTS = 3,
    HISTORY_STREAMING = 6,
    LONGEST_NAME = 256,
    LARGEST_MEMO = 4096,
    MOST_LOSSES = 3
};

#define USUAL_LIMIT ((size_t)4 << 20) /* of a message, in clients of most SDKs */
#define LONG_PAST ((size_t)1 << 20)   /* a worker that can fetches it */

/* ---- encoding ----------------------------------------------------------------------------------
 */

static void put_varint(th_buf *out, uint64_t n)
{
    for (; n > 0x7f; n >>= 7)
        th_buf_chr(out, (char)(n | 0x80));
    th_buf_chr(out, (char)n);
}

static void put_tag(th_buf *out, unsigned number, size_t length)
{
    put_varint(out, number << 3 | 2);
    put_varint(out, length);
}

static void put_event(th_buf *out, const HistoryEvent *event)
{
    size_t n = history_event__get_packed_size(event);

    put_tag(out, PAST_EVENTS, n);
    th_buf_reserve(out, n + 1);
    history_event__pack(event, (uint8_t *)out->data + out->len);
    out->len += n;
}

/* What some worker would fail on is not shown to any. */
bool th__is_shown(const th_event *e)
{
    switch (e->kind) {
    case TH_ExecutionCompleted:
    case TH_ExecutionTerminated:
    case TH_ExecutionSuspended:
    case TH_ExecutionResumed:
    case TH_ExecutionRewound:
        return false;
    default:
        return true;
    }
}

/* Events without a time of their own have that of their episode. */
static void put_events(th_buf *out, const th_event *events, size_t n, th__pb_origin *origin)
{
    th_arena *arena = th_arena_new(0);

    for (size_t i = 0; i < n; i++) {
        if (events[i].kind == TH_OrchestratorStarted)
            origin->t_us = events[i].t_us;
        if (th__is_shown(&events[i]))
            put_event(out, th__pb_event(arena, &events[i], origin));
    }
    th_arena_free(arena);
}

/* ---- sessions ----------------------------------------------------------------------------------
 */

static th__session *session_of(const th_orch_item *item)
{
    th__session *s = th_malloc(sizeof *s);
    th__pb_origin origin = { item->instance_id, item->execution_id, 0 };

    for (size_t i = 0; i < item->past_count; i++)
        put_events(&s->past, item->past[i].events, item->past[i].count, &origin);
    s->next_seq = item->fresh[0].seq;
    return s;
}

static void free_session(th__session *s)
{
    th_buf_free(&s->past);
    free(s);
}

void th__drop_session(void *self, void *session)
{
    th_workers *w = self;

    th__work *unsent = NULL;

    pthread_mutex_lock(&w->lock);
    for (size_t i = 0; w->item_count && i < TH__ITEM_SLOTS; i++)
        for (th__work *item = w->slots[i]; item; item = item->next)
            if (item->session == session) { /* one at most: an instance has one episode at a time */
                item->session = NULL;
                unsent = item->was_out ? unsent : item;
            }
    if (unsent)
        th__work_take(w, unsent);
    pthread_mutex_unlock(&w->lock);
    th__work_free(unsent);
    free_session(session);
}

/* ---- the trace context: kept in the memo, in hexadecimal -------------------------------------
 */

static const char *memo_of(th_arena *arena, const OrchestrationTraceContext *trace)
{
    size_t n = trace ? orchestration_trace_context__get_packed_size(trace) : 0;

    if (n == 0 || n > LARGEST_MEMO)
        return NULL;
    uint8_t *bytes = th_alloc(arena, n);
    char *memo = th_alloc(arena, 2 * n + 1);
    orchestration_trace_context__pack(trace, bytes);
    for (size_t i = 0; i < n; i++) {
        memo[2 * i] = "0123456789abcdef"[bytes[i] >> 4];
        memo[2 * i + 1] = "0123456789abcdef"[bytes[i] & 15];
    }
    return memo;
}

static int hex_digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static OrchestrationTraceContext *trace_of(const char *memo)
{
    uint8_t bytes[LARGEST_MEMO];
    size_t n = memo ? strlen(memo) / 2 : 0;

    if (n == 0 || n > sizeof bytes)
        return NULL;
    for (size_t i = 0; i < n; i++) {
        int high = hex_digit(memo[2 * i]), low = hex_digit(memo[2 * i + 1]);
        if (high < 0 || low < 0)
            return NULL;
        bytes[i] = (uint8_t)(high << 4 | low);
    }
    return orchestration_trace_context__unpack(NULL, n, bytes);
}

/* ---- out ---------------------------------------------------------------------------------------
 */

/* All of the request but the past. */
static void put_head(th_buf *out, const th_orch_item *given)
{
    th_arena *arena = th_arena_new(0);
    OrchestratorRequest request = ORCHESTRATOR_REQUEST__INIT;
    OrchestratorEntityParameters entities = ORCHESTRATOR_ENTITY_PARAMETERS__INIT;
    Google__Protobuf__Duration none = GOOGLE__PROTOBUF__DURATION__INIT;
    th__pb_origin origin = { given->instance_id, given->execution_id, given->fresh[0].t_us };

    entities.entitymessagereorderwindow = &none;
    request.instanceid = (char *)given->instance_id;
    request.executionid = th__pb_text(arena, given->execution_id);
    request.entityparameters = &entities;
    request.orchestrationtracecontext = trace_of(given->memo);
    request.newevents = th_new(arena, HistoryEvent *, given->fresh_count);
    for (size_t i = 0; i < given->fresh_count; i++)
        if (th__is_shown(&given->fresh[i]))
            request.newevents[request.n_newevents++] =
                th__pb_event(arena, &given->fresh[i], &origin);
    size_t n = orchestrator_request__get_packed_size(&request);
    th_buf_reserve(out, n + 1);
    orchestrator_request__pack(&request, (uint8_t *)out->data);
    out->len = n;
    if (request.orchestrationtracecontext)
        orchestration_trace_context__free_unpacked(request.orchestrationtracecontext, NULL);
    th_arena_free(arena);
}

bool th__orch_pack(th__work *item, bool streams)
{
    enum { REQUEST = 1, COMPLETION = 10 };
    const th__session *s = item->session;
    th_buf out = TH_BUF_INIT;
    size_t token = strlen(item->completion);

    if (!s)
        return false;
    bool leaves_out = streams && s->past.len > LONG_PAST;
    size_t past = leaves_out ? 2 : s->past.len;
    th_buf_reserve(&out, item->head.len + past + token + 32);
    put_tag(&out, REQUEST, item->head.len + past);
    th_buf_add(&out, item->head.data, item->head.len);
    if (leaves_out) {
        put_varint(&out, HISTORY_STREAMING << 3);
        put_varint(&out, true);
    } else {
        th_buf_add(&out, s->past.data, past);
    }
    put_tag(&out, COMPLETION, token);
    th_buf_add(&out, item->completion, token);
    free(item->bytes);
    item->n = out.len;
    item->bytes = (uint8_t *)th_buf_steal(&out);
    return true;
}

void th__run_orchestrator(void *self, const th_orch_item *given)
{
    th_workers *w = self;
    th__session *s = *given->session;

    if (s && s->next_seq != given->fresh[0].seq) {
        /* The engine has written without us, or has not kept what it was told: read it anew. */
        th_answer again = { .token = given->token, .kind = TH_ANSWER_NEEDS_HISTORY };
        *given->session = NULL;
        th__drop_session(w, s);
        th_engine_orch_answered(w->engine, &again);
        return;
    }
    if (!s)
        *given->session = s = session_of(given);
    th__work *item = th__work_new(TH_ITEM_ORCHESTRATOR, given->token, given->instance_id,
                                  given->name, given->version);
    th__pb_origin origin = { given->instance_id, given->execution_id, 0 };
    item->session = s;
    item->execution_id = th_mstrdup(given->execution_id);
    item->trace = th_mstrdup(given->trace);
    item->t_us = given->fresh[0].t_us;
    item->next_seq = given->next_seq;
    put_events(&item->fresh, given->fresh, given->fresh_count, &origin);
    th__work_name(w, item);
    put_head(&item->head, given);
    th__workers_begin(w, item);
}

/* ---- in: actions -------------------------------------------------------------------------------
 */

/* An answer while it is read: what is wrong with it, if anything. */
typedef struct reading {
    th__work *item;
    th_arena *arena;
    th_answer *answer;
    th_action *actions;
    size_t count;
    const char *problem;
} reading;

static bool is_name(const char *name)
{
    return *name && strlen(name) <= LONGEST_NAME;
}

static th_event *add(reading *r, th_action_kind kind, th_kind event, int32_t id)
{
    th_action *action = &r->actions[r->count++];

    *action = (th_action){ .kind = kind, .event = th_event_of(event) };
    action->event.id = id;
    return &action->event;
}

/* Its own, or that of the start, as the engine has it too. */
static const char *trace_for(const reading *r, const TraceContext *own)
{
    return own ? th__pb_trace_json(r->arena, own) : r->item->trace;
}

static void read_task(reading *r, int32_t id, const ScheduleTaskAction *a)
{
    if (!is_name(a->name)) {
        r->problem = "scheduleTask.name: must have 1 to 256 bytes";
        return;
    }
    th_event *e = add(r, TH_ACT_TASK, TH_TaskScheduled, id);
    e->name = a->name;
    e->version = th__pb_text_of(a->version);
    e->payload = th__pb_text_of(a->input);
    e->tags = th__pb_tags_json(r->arena, a->tags, a->n_tags);
    e->trace = trace_for(r, a->parenttracecontext);
}

static void read_timer(reading *r, int32_t id, const CreateTimerAction *a)
{
    int64_t due_us;

    if (!a->fireat || !th__pb_time_us(a->fireat, &due_us)) {
        r->problem = "createTimer.fireAt: must be between the years 1 and 9999";
        return;
    }
    th_event *e = add(r, TH_ACT_TIMER, TH_TimerCreated, id);
    e->fire_at = th__pb_time_text(r->arena, a->fireat);
    r->actions[r->count - 1].due_us = due_us;
}

static void read_child(reading *r, int32_t id, const CreateSubOrchestrationAction *a)
{
    const char *child = *a->instanceid
                            ? a->instanceid
                            : th_sprintf(r->arena, "%s:%04x", r->item->instance_id, (unsigned)id);
    const char *problem = th_instance_id_problem(child);

    if (problem)
        r->problem = th_sprintf(r->arena, "createSubOrchestration.instanceId: %s", problem);
    else if (!is_name(a->name))
        r->problem = "createSubOrchestration.name: must have 1 to 256 bytes";
    if (r->problem)
        return;
    th_event *e = add(r, TH_ACT_CHILD, TH_SubOrchestrationInstanceCreated, id);
    e->instance_id = child;
    e->name = a->name;
    e->version = th__pb_text_of(a->version);
    e->payload = th__pb_text_of(a->input);
    e->tags = th__pb_tags_json(r->arena, a->tags, a->n_tags);
    e->trace = trace_for(r, a->parenttracecontext);
}

static void read_event(reading *r, int32_t id, const SendEventAction *a)
{
    const char *target = a->instance ? a->instance->instanceid : "";

    if (*target == '@')
        r->problem = "sendEvent: entities are reached by sendEntityMessage only";
    else if (!*target || !is_name(a->name))
        r->problem = "sendEvent: needs an instance id and a name of 1 to 256 bytes";
    if (r->problem)
        return;
    th_event *e = add(r, TH_ACT_EVENT, TH_EventSent, id);
    e->instance_id = target;
    e->name = a->name;
    e->payload = th__pb_text_of(a->data);
}

static void set_due(reading *r, th_event *e, const Google__Protobuf__Timestamp *time)
{
    if (!th__pb_time_us(time, &r->actions[r->count - 1].due_us))
        r->problem = "scheduledTime: must be between the years 1 and 9999";
    e->scheduled_time = th__pb_time_text(r->arena, time);
}

static void read_signal(reading *r, int32_t id, const EntityOperationSignaledEvent *a)
{
    th_event *e = add(r, TH_ACT_ENTITY, TH_EntityOperationSignaled, id);

    e->request_id = a->requestid;
    e->operation = a->operation;
    e->payload = th__pb_text_of(a->input);
    e->target = th__pb_text_of(a->targetinstanceid);
    set_due(r, e, a->scheduledtime);
}

static void read_call(reading *r, int32_t id, const EntityOperationCalledEvent *a)
{
    th_event *e = add(r, TH_ACT_ENTITY, TH_EntityOperationCalled, id);

    e->request_id = a->requestid;
    e->operation = a->operation;
    e->payload = th__pb_text_of(a->input);
    e->target = th__pb_text_of(a->targetinstanceid);
    e->parent_instance_id = th__pb_text_of(a->parentinstanceid);
    e->parent_execution_id = th__pb_text_of(a->parentexecutionid);
    set_due(r, e, a->scheduledtime);
}

static void read_lock(reading *r, int32_t id, const EntityLockRequestedEvent *a)
{
    th_event *e = add(r, TH_ACT_ENTITY, TH_EntityLockRequested, id);
    th_buf set = TH_BUF_INIT;

    for (size_t i = 0; i < a->n_lockset; i++) {
        th_buf_chr(&set, i ? ',' : '[');
        th_buf_json_str(&set, a->lockset[i]);
    }
    th_buf_str(&set, a->n_lockset ? "]" : "[]");
    e->critical_section_id = a->criticalsectionid;
    e->lock_set = th_strdup(r->arena, set.data);
    e->position = a->position;
    e->parent_instance_id = th__pb_text_of(a->parentinstanceid);
    th_buf_free(&set);
}

static void read_unlock(reading *r, int32_t id, const EntityUnlockSentEvent *a)
{
    th_event *e = add(r, TH_ACT_ENTITY, TH_EntityUnlockSent, id);

    e->critical_section_id = a->criticalsectionid;
    e->target = th__pb_text_of(a->targetinstanceid);
    e->parent_instance_id = th__pb_text_of(a->parentinstanceid);
}

static void read_entity_message(reading *r, int32_t id, const SendEntityMessageAction *a)
{
    switch (a->entity_message_type_case) {
    case SEND_ENTITY_MESSAGE_ACTION__ENTITY_MESSAGE_TYPE_ENTITY_OPERATION_SIGNALED:
        read_signal(r, id, a->entityoperationsignaled);
        break;
    case SEND_ENTITY_MESSAGE_ACTION__ENTITY_MESSAGE_TYPE_ENTITY_OPERATION_CALLED:
        read_call(r, id, a->entityoperationcalled);
        break;
    case SEND_ENTITY_MESSAGE_ACTION__ENTITY_MESSAGE_TYPE_ENTITY_LOCK_REQUESTED:
        read_lock(r, id, a->entitylockrequested);
        break;
    case SEND_ENTITY_MESSAGE_ACTION__ENTITY_MESSAGE_TYPE_ENTITY_UNLOCK_SENT:
        read_unlock(r, id, a->entityunlocksent);
        break;
    default:
        r->problem = "sendEntityMessage: holds no message that is known here";
    }
}

/* ---- in: the completion ------------------------------------------------------------------------
 */

static const char *failure_json(th_arena *arena, const char *type, const char *message)
{
    TaskFailureDetails failure = TASK_FAILURE_DETAILS__INIT;

    failure.errortype = (char *)type;
    failure.errormessage = (char *)message;
    return th__pb_failure_json(arena, &failure);
}

static void read_carry(reading *r, const CompleteOrchestrationAction *a, th_completion *c)
{
    th_event *carry = th_new(r->arena, th_event, a->n_carryoverevents + 1);

    for (size_t i = 0; i < a->n_carryoverevents; i++) {
        const HistoryEvent *h = a->carryoverevents[i];
        if (h->event_type_case != HISTORY_EVENT__EVENT_TYPE_EVENT_RAISED ||
            !is_name(h->eventraised->name))
            continue;
        carry[c->carry_count] = th_event_of(TH_EventRaised);
        carry[c->carry_count].name = h->eventraised->name;
        carry[c->carry_count++].payload = th__pb_text_of(h->eventraised->input);
    }
    c->carry = carry;
}

static void read_completion(reading *r, int32_t id, const CompleteOrchestrationAction *a)
{
    th_completion *c = &r->answer->completion;

    *c = (th_completion){ .done = true, .status = (th_status)a->orchestrationstatus, .id = id };
    switch (a->orchestrationstatus) {
    case ORCHESTRATION_STATUS__ORCHESTRATION_STATUS_CONTINUED_AS_NEW:
        c->new_input = th__pb_text_of(a->result);
        c->new_version = th__pb_text_of(a->newversion);
        read_carry(r, a, c);
        break;
    case ORCHESTRATION_STATUS__ORCHESTRATION_STATUS_FAILED:
        c->failure = a->failuredetails ? th__pb_failure_json(r->arena, a->failuredetails)
                                       : failure_json(r->arena, "OrchestrationFailed",
                                                      a->details ? a->details->value : "it failed");
        c->result = th__pb_text_of(a->result);
        break;
    case ORCHESTRATION_STATUS__ORCHESTRATION_STATUS_COMPLETED:
    case ORCHESTRATION_STATUS__ORCHESTRATION_STATUS_TERMINATED:
    case ORCHESTRATION_STATUS__ORCHESTRATION_STATUS_CANCELED:
        c->result = th__pb_text_of(a->result);
        break;
    default:
        r->problem = "completeOrchestration.orchestrationStatus: is none in which it can end";
    }
}

/* ---- in: the whole -----------------------------------------------------------------------------
 */

static void read_action(reading *r, const OrchestratorAction *a)
{
    switch (a->orchestrator_action_type_case) {
    case ORCHESTRATOR_ACTION__ORCHESTRATOR_ACTION_TYPE_SCHEDULE_TASK:
        read_task(r, a->id, a->scheduletask);
        break;
    case ORCHESTRATOR_ACTION__ORCHESTRATOR_ACTION_TYPE_CREATE_SUB_ORCHESTRATION:
        read_child(r, a->id, a->createsuborchestration);
        break;
    case ORCHESTRATOR_ACTION__ORCHESTRATOR_ACTION_TYPE_CREATE_TIMER:
        read_timer(r, a->id, a->createtimer);
        break;
    case ORCHESTRATOR_ACTION__ORCHESTRATOR_ACTION_TYPE_SEND_EVENT:
        read_event(r, a->id, a->sendevent);
        break;
    case ORCHESTRATOR_ACTION__ORCHESTRATOR_ACTION_TYPE_SEND_ENTITY_MESSAGE:
        read_entity_message(r, a->id, a->sendentitymessage);
        break;
    case ORCHESTRATOR_ACTION__ORCHESTRATOR_ACTION_TYPE_COMPLETE_ORCHESTRATION:
        read_completion(r, a->id, a->completeorchestration);
        break;
    default:
        r->problem = "an action of this kind is not known here";
    }
}

/* What it would only leave behind is not begun by one that was terminated. */
static void drop_work(reading *r)
{
    size_t kept = 0;

    for (size_t i = 0; i < r->count; i++)
        if (r->actions[i].kind == TH_ACT_EVENT || r->actions[i].kind == TH_ACT_ENTITY)
            r->actions[kept++] = r->actions[i];
    r->count = kept;
}

static void fail(reading *r)
{
    r->count = 0;
    r->answer->completion =
        (th_completion){ .done = true,
                         .status = TH_FAILED,
                         .id = -1,
                         .failure = failure_json(r->arena, "InvalidAction", r->problem) };
}

static void read_custom_status(th_answer *answer, const Google__Protobuf__StringValue *status)
{
    if (!status)
        return;
    answer->status_op = *status->value ? TH_STATUS_SET : TH_STATUS_CLEAR;
    answer->custom_status = *status->value ? status->value : NULL;
}

/* The past is now what it was, and this episode. */
static void extend_session(const reading *r)
{
    th__session *s = r->item->session;
    th__pb_origin origin = { r->item->instance_id, r->item->execution_id, r->item->t_us };

    if (!s)
        return;
    th_buf_add(&s->past, r->item->fresh.data, r->item->fresh.len);
    for (size_t i = 0; i < r->count; i++)
        put_event(&s->past, th__pb_event(r->arena, &r->actions[i].event, &origin));
    s->next_seq = r->item->next_seq + (int32_t)r->count;
    s->losses = 0;
}

void th__orch_answer(th__work *item, th_arena *arena, const OrchestratorResponse *response,
                     th_answer *answer)
{
    reading r = { .item = item, .arena = arena, .answer = answer };

    *answer = (th_answer){ .token = item->token, .kind = TH_ANSWER_DONE };
    r.actions = th_new(arena, th_action, response->n_actions + 1);
    for (size_t i = 0; i < response->n_actions && !r.problem; i++)
        read_action(&r, response->actions[i]);
    if (r.problem)
        fail(&r);
    if (answer->completion.done && answer->completion.status == TH_TERMINATED)
        drop_work(&r);
    read_custom_status(answer, response->customstatus);
    answer->actions = r.actions;
    answer->action_count = r.count;
    answer->memo = memo_of(arena, response->orchestrationtracecontext);
    extend_session(&r);
}

bool th__orch_too_large(th__work *item, th_answer *answer)
{
    static const char failure[] =
        "{\"type\":\"WorkItemTooLarge\",\"message\":\"its history has more bytes than its workers "
        "take in one message (4 MiB unless they are told otherwise): they went away each time\"}";

    if (item->kind != TH_ITEM_ORCHESTRATOR || !item->was_out || item->n <= USUAL_LIMIT ||
        !item->session || ++item->session->losses < MOST_LOSSES)
        return false;
    answer->kind = TH_ANSWER_DONE;
    answer->completion =
        (th_completion){ .done = true, .status = TH_FAILED, .id = -1, .failure = failure };
    return true;
}
