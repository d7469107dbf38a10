/*
 * context.c - see context.h.
 */
#include "functions/context.h"

#include <jansson.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"

/* Longer than any timer, so that SDKs never split one into several. */
#define LONG_TIMER "3650.00:00:00"
#define HTTP_POLL_MS "30000"

/* ---- events -----------------------------------------------------------------------------------
 */

static void put_head(th_buf *out, const th_event *e, const th__shown *shown, int32_t id)
{
    char t[TH_ISO_SIZE];

    th_iso_format(t, e->t_us ? e->t_us : shown->t_us, 6);
    th_buf_str(out, out->len ? ",{\"EventType\":" : "{\"EventType\":");
    th_buf_i64(out, th_kind_event_type((int)e->kind));
    th_buf_str(out, ",\"EventId\":");
    th_buf_i64(out, id);
    th_buf_str(out, shown->played ? ",\"IsPlayed\":true,\"Timestamp\":\""
                                  : ",\"IsPlayed\":false,\"Timestamp\":\"");
    th_buf_str(out, t);
    th_buf_chr(out, '"');
}

static void put_text(th_buf *out, const char *key, const char *text)
{
    th_buf_str(out, key);
    th_buf_json_str(out, text);
}

static void put_ref(th_buf *out, const char *key, const th_event *e, const th__shown *shown)
{
    int32_t number = shown->renumbered ? shown->number : e->task_id;

    th_buf_str(out, key);
    th_buf_i64(out, number == TH_NONE ? -1 : number);
}

static void put_started(th_buf *out, const th_event *e)
{
    put_text(out, ",\"Name\":", e->name);
    put_text(out, ",\"Version\":", e->version); /* the Python SDK wants the key */
}

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text ? text : "";
}

/* "Activity function 'X' failed:  Type: text"; a child's failure has its own text. */
static void put_reason(th_buf *out, const th_event *e, const json_t *failure, const char *name)
{
    th_buf text = TH_BUF_INIT;
    const char *type = text_of(failure, "type");

    if (e->kind == TH_TaskFailed) {
        th_buf_printf(&text, "Activity function '%s' failed:  ", name ? name : "");
        if (*type)
            th_buf_printf(&text, "%s: ", type);
    }
    th_buf_str(&text, text_of(failure, "message"));
    put_text(out, ",\"Reason\":", text.data);
    th_buf_free(&text);
}

static void put_details(th_buf *out, const json_t *failure)
{
    th_buf text = TH_BUF_INIT;

    put_text(&text, "{\"Message\":", text_of(failure, "message"));
    put_text(&text, ",\"StackTrace\":", text_of(failure, "stack"));
    th_buf_chr(&text, '}');
    put_text(out, ",\"Details\":", text.data);
    th_buf_free(&text);
}

static json_t *parsed(const char *text)
{
    json_t *root = NULL;

    if (!text || th_json_parse(text, strlen(text), 0, &root, NULL) != TH_OK)
        return NULL;
    return root;
}

static void put_failed(th_buf *out, const th_event *e, const th__shown *shown)
{
    json_t *failure = parsed(e->failure);

    put_ref(out, ",\"TaskScheduledId\":", e, shown);
    put_reason(out, e, failure, shown->name);
    put_details(out, failure);
    json_decref(failure);
}

static void put_called(th_buf *out, const th_event *e)
{
    th_buf request = TH_BUF_INIT;

    put_text(&request, "{\"op\":", e->operation);
    put_text(&request, ",\"id\":", e->request_id);
    th_buf_chr(&request, '}');
    put_text(out, ",\"InstanceId\":", e->target);
    th_buf_str(out, ",\"Name\":\"op\"");
    put_text(out, ",\"Input\":", request.data);
    th_buf_free(&request);
}

/* The SDK asked for the lock under an id of its own, by which the answer is called. */
static void put_locked(th_buf *out, const th_event *e)
{
    th_buf request = TH_BUF_INIT;

    put_text(&request, "{\"id\":", e->critical_section_id);
    th_buf_chr(&request, '}');
    th_buf_str(out, ",\"Name\":\"op\"");
    put_text(out, ",\"Input\":", request.data);
    th_buf_free(&request);
}

/* The SDK wants the result's JSON text as a string; the text of a failure is JSON too. */
static void put_entity_answer(th_buf *out, const th_event *e)
{
    th_buf answer = TH_BUF_INIT, message = TH_BUF_INIT;
    json_t *failure = e->kind == TH_EntityOperationFailed ? parsed(e->failure) : NULL;

    if (e->kind == TH_EntityOperationFailed) {
        th_buf_json_str(&message, text_of(failure, "message"));
        put_text(&answer, "{\"exceptionType\":\"Error\",\"result\":", message.data);
    } else {
        put_text(&answer, "{\"result\":", e->payload ? e->payload : "null");
    }
    th_buf_chr(&answer, '}');
    put_text(out, ",\"Name\":", e->request_id);
    put_text(out, ",\"Input\":", answer.data);
    json_decref(failure);
    th_buf_free(&answer);
    th_buf_free(&message);
}

/* Text that is not JSON would kill the SDK. */
static void put_json_text(th_buf *out, const char *key, const char *text)
{
    th_buf quoted = TH_BUF_INIT;

    if (text && !th_json_valid(text, strlen(text), NULL)) {
        th_buf_json_str(&quoted, text);
        text = quoted.data;
    }
    put_text(out, key, text);
    th_buf_free(&quoted);
}

void th__context_event(th_buf *out, const th_event *e, const th__shown *shown)
{
    switch (e->kind) {
    case TH_OrchestratorStarted:
        put_head(out, e, shown, -1);
        break;
    case TH_ExecutionStarted:
        put_head(out, e, shown, -1);
        put_started(out, e);
        break;
    case TH_TaskCompleted:
    case TH_SubOrchestrationInstanceCompleted:
        put_head(out, e, shown, -1);
        put_ref(out, ",\"TaskScheduledId\":", e, shown);
        put_json_text(out, ",\"Result\":", e->payload);
        break;
    case TH_TaskFailed:
    case TH_SubOrchestrationInstanceFailed:
        put_head(out, e, shown, -1);
        put_failed(out, e, shown);
        break;
    case TH_TimerFired:
        put_head(out, e, shown, -1);
        put_ref(out, ",\"TimerId\":", e, shown);
        put_text(out, ",\"FireAt\":", e->fire_at);
        break;
    case TH_EventRaised:
        put_head(out, e, shown, -1);
        put_text(out, ",\"Name\":", shown->name ? shown->name : e->name);
        put_json_text(out, ",\"Input\":", e->payload);
        break;
    case TH_EntityOperationCalled:
        put_head(out, e, shown, shown->renumbered ? shown->number : e->id);
        put_called(out, e);
        break;
    case TH_EntityLockRequested:
        put_head(out, e, shown, shown->renumbered ? shown->number : e->id);
        put_locked(out, e);
        break;
    case TH_EntityLockGranted:
        put_head(out, e, shown, -1);
        put_text(out, ",\"Name\":", e->critical_section_id);
        th_buf_str(out, ",\"Input\":null");
        break;
    case TH_EntityOperationCompleted:
    case TH_EntityOperationFailed:
        put_head(out, e, shown, -1);
        put_entity_answer(out, e);
        break;
    default: /* read by no SDK */
        return;
    }
    th_buf_chr(out, '}');
}

/* ---- around it --------------------------------------------------------------------------------
 */

bool th__holds_json(const char *input)
{
    json_t *value = parsed(input);
    bool holds = json_is_string(value) &&
                 th_json_valid(json_string_value(value), json_string_length(value), NULL);

    json_decref(value);
    return holds;
}

/*
 * The Python SDK decodes the input once more, and takes nothing but an object, null, or a string
 * that holds JSON: all else is sent as such a string, which gives the app the same value.
 */
static void put_python_input(th_buf *out, const char *input)
{
    const char *from = input ? input + strspn(input, " \t\r\n") : "null";
    bool valid = !input || th_json_valid(input, strlen(input), NULL);

    if (valid && (*from == '{' || *from == 'n' || (*from == '"' && th__holds_json(input))))
        th_buf_str(out, from);
    else
        th_buf_json_str(out, from);
}

/* Node hands out the value that it gets. */
static void put_input(th_buf *out, const char *input, th__language language)
{
    if (language == TH__PYTHON)
        put_python_input(out, input);
    else if (!input || th_json_valid(input, strlen(input), NULL))
        th_buf_str(out, input ? input : "null");
    else
        th_buf_json_str(out, input);
}

static void put_parent(th_buf *out, const char *parent)
{
    json_t *object = parsed(parent);

    th_buf_json_str(out, json_string_value(json_object_get(object, "instanceId")));
    json_decref(object);
}

void th__context_tail(th_buf *out, const th_orch_item *item, const char *input,
                      th__language language)
{
    th_buf_str(out, "],\"input\":");
    put_input(out, input, language);
    th_buf_str(out, ",\"instanceId\":");
    th_buf_json_str(out, item->instance_id);
    th_buf_str(out, ",\"isReplaying\":false,\"parentInstanceId\":");
    put_parent(out, item->parent);
    th_buf_str(out, ",\"upperSchemaVersion\":1,\"upperSchemaVersionNew\":");
    th_buf_str(out, language == TH__NODE ? "3" : "2"); /* 3: entity locks */
    th_buf_str(out, ",\"longRunningTimerIntervalDuration\":\"" LONG_TIMER "\","
                    "\"maximumShortTimerDuration\":\"" LONG_TIMER "\","
                    "\"defaultHttpAsyncRequestSleepTimeMillseconds\":" HTTP_POLL_MS "}");
}
