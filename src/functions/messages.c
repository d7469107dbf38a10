/*
 * messages.c - see messages.h.
 */
#include "functions/messages.h"

#include <string.h>

#include "base/log.h"
#include "functions/frame.h"

#define HOST_VERSION "4.1034.0" /* of Azure's host, for workers that look at it */

void th__message_init(th_buf *frame, const char *folder, const char *worker_folder)
{
    th__frame_begin(frame);
    th_buf_str(frame, "{\"worker_init_request\":{\"host_version\":\"" HOST_VERSION
                      "\",\"capabilities\":{},\"worker_directory\":");
    th_buf_json_str(frame, worker_folder);
    th_buf_str(frame, ",\"function_app_directory\":");
    th_buf_json_str(frame, folder);
    th_buf_str(frame, "}}");
    th__frame_end(frame);
}

void th__message_list(th_buf *frame, const char *folder)
{
    th__frame_begin(frame);
    th_buf_str(frame, "{\"functions_metadata_request\":{\"function_app_directory\":");
    th_buf_json_str(frame, folder);
    th_buf_str(frame, "}}");
    th__frame_end(frame);
}

void th__message_load(th_buf *frame, const th__function *f)
{
    th__frame_begin(frame);
    th_buf_str(frame, "{\"function_load_request\":{\"function_id\":");
    th_buf_json_str(frame, f->id);
    th_buf_str(frame, ",\"metadata\":");
    th_buf_str(frame, f->metadata);
    th_buf_str(frame, "}}");
    th__frame_end(frame);
}

/* ---- answers ----------------------------------------------------------------------------------
 */

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text ? text : "";
}

static void log_stack(const char *stack)
{
    while (*stack) {
        size_t n = strcspn(stack, "\n");
        if (n)
            th_log(TH_LOG_ERROR, TH_EV_APP_LOADED, NULL, "%.*s", (int)(n < 2000 ? n : 2000), stack);
        stack += n + (stack[n] != '\0');
    }
}

th_rc th__message_result(const json_t *message, const char *what, th_error *err)
{
    const json_t *result = json_object_get(message, "result");
    const json_t *exception = json_object_get(result, "exception");

    if (strcmp(text_of(result, "status"), "Success") == 0)
        return TH_OK;
    log_stack(text_of(exception, "stack_trace"));
    return th_fail(err, TH_CONFIG, "%s: %s", what, text_of(exception, "message"));
}

th__outcome th__message_outcome(const json_t *message)
{
    const json_t *result = json_object_get(message, "result");
    const json_t *exception = json_object_get(result, "exception");
    th__outcome outcome = { .end = TH__RETURNED,
                            .value = json_object_get(message, "return_value"),
                            .outputs = json_object_get(message, "output_data"),
                            .type = "",
                            .message = "",
                            .stack = "" };

    if (strcmp(text_of(result, "status"), "Success") == 0)
        return outcome;
    outcome.end = TH__THREW;
    outcome.type = text_of(exception, "type");
    outcome.message = text_of(exception, "message");
    outcome.stack = text_of(exception, "stack_trace");
    return outcome;
}

static th_log_level level_of(const char *name)
{
    static const struct {
        const char *name;
        th_log_level level;
    } levels[] = { { "Trace", TH_LOG_DEBUG },    { "Debug", TH_LOG_DEBUG },
                   { "Warning", TH_LOG_WARN },   { "Error", TH_LOG_ERROR },
                   { "Critical", TH_LOG_ERROR }, { "None", TH_LOG_DEBUG } };

    for (size_t i = 0; i < sizeof levels / sizeof *levels; i++)
        if (strcmp(levels[i].name, name) == 0)
            return levels[i].level;
    return TH_LOG_INFO;
}

void th__message_log(const json_t *message)
{
    bool own = strcmp(text_of(message, "log_category"), "System") == 0;

    th_log(level_of(text_of(message, "level")), own ? TH_EV_WORKER_PROCESS : TH_EV_APP_LOG, NULL,
           "%s", text_of(message, "message"));
}
