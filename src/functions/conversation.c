/*
 * conversation.c - what a worker says: the handshake, answers, logs (workers/README.md).
 */
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "functions/crew_int.h"
#include "functions/messages.h"

static void send_message(th__worker *w, const th_buf *frame)
{
    pthread_mutex_lock(&w->crew->lock);
    if (w->sock >= 0)
        th__worker_send(w, frame->data, frame->len);
    pthread_mutex_unlock(&w->crew->lock);
}

void th__worker_enter(th__worker *w, th__phase phase)
{
    w->phase = phase;
    w->deadline_us =
        phase == TH__READY || phase == TH__WAITING ? 0 : th_mono_us() + TH__PATIENCE_US;
}

void th__worker_load(th__worker *w)
{
    const th__table *table = &w->crew->table;
    th_buf frame = TH_BUF_INIT;

    th__worker_enter(w, TH__LOADING);
    w->loads = table->count;
    for (size_t i = 0; i < table->count; i++) {
        th__message_load(&frame, &table->functions[i]);
        send_message(w, &frame);
    }
    th_buf_free(&frame);
}

static th_rc take_start(th__worker *w, const json_t *m, th_error *err)
{
    const char *id = json_string_value(json_object_get(m, "worker_id"));
    th_buf frame = TH_BUF_INIT;

    if (w->phase != TH__STARTING || !id || strcmp(id, w->id) != 0)
        return th_fail(err, TH_INVALID, "a start_stream that nobody waits for");
    th__worker_enter(w, TH__INITING);
    th__message_init(&frame, w->crew->options.folder, w->crew->options.worker_folder);
    send_message(w, &frame);
    th_buf_free(&frame);
    return TH_OK;
}

/* Who lists the functions for all; the others wait for it. */
static th__phase next_phase(th__worker *w)
{
    th__crew *crew = w->crew;

    pthread_mutex_lock(&crew->lock);
    th__phase phase = crew->listed ? TH__LOADING : crew->lister < 0 ? TH__LISTING : TH__WAITING;
    if (phase == TH__LISTING)
        crew->lister = w->index;
    pthread_mutex_unlock(&crew->lock);
    return phase;
}

static th_rc take_init(th__worker *w, const json_t *m, th_error *err)
{
    th_buf frame = TH_BUF_INIT;

    if (w->phase != TH__INITING)
        return th_fail(err, TH_INVALID, "a worker_init_response that nobody waits for");
    th_rc rc = th__message_result(m, "the worker can't start", err);
    if (rc != TH_OK)
        return rc;
    th__worker_enter(w, next_phase(w));
    if (w->phase == TH__LOADING) {
        th__worker_load(w);
    } else if (w->phase == TH__LISTING) {
        th__message_list(&frame, w->crew->options.folder);
        send_message(w, &frame);
        th_buf_free(&frame);
    }
    return TH_OK;
}

static void tell_listed(th__crew *crew)
{
    pthread_mutex_lock(&crew->lock);
    crew->listed = true;
    for (int i = 0; i < crew->options.processes; i++)
        th__worker_wake(&crew->workers[i]);
    pthread_mutex_unlock(&crew->lock);
}

static th_rc take_list(th__worker *w, const json_t *m, th_error *err)
{
    th__crew *crew = w->crew;
    const json_t *results = json_object_get(m, "function_metadata_results");

    if (w->phase != TH__LISTING)
        return th_fail(err, TH_INVALID, "a function_metadata_response that nobody waits for");
    th_rc rc = th__message_result(m, "the app can't be loaded", err);
    if (rc != TH_OK)
        return rc;
    if (json_array_size(results) == 0)
        return th_fail(err, TH_CONFIG, "the app in %s has no functions", crew->options.folder);
    rc = th__table_read(crew->arena, results, &crew->table, err);
    if (rc != TH_OK)
        return rc;
    tell_listed(crew);
    th__worker_load(w);
    return TH_OK;
}

static void become_ready(th__worker *w)
{
    th__worker_enter(w, TH__READY);
    w->ready_at_us = th_mono_us();
    pthread_mutex_lock(&w->crew->lock);
    w->crew->started = true;
    pid_t pid = w->pid;
    pthread_mutex_unlock(&w->crew->lock);
    th_log(TH_LOG_DEBUG, TH_EV_WORKER_PROCESS, NULL, "worker %d (pid %d) is ready", w->index + 1,
           (int)pid);
    th__crew_ready(w);
}

static th_rc take_load(th__worker *w, const json_t *m, th_error *err)
{
    if (w->phase != TH__LOADING || w->loads == 0)
        return th_fail(err, TH_INVALID, "a function_load_response that nobody waits for");
    th_rc rc = th__message_result(m, "a function can't be loaded", err);
    if (rc != TH_OK)
        return rc;
    if (--w->loads == 0)
        become_ready(w);
    return TH_OK;
}

static th_rc take_answer(th__worker *w, const json_t *m, th_error *err)
{
    const char *text = json_string_value(json_object_get(m, "invocation_id"));
    th_uuid id;

    if (!text || !th_uuid_parse(text, &id))
        return th_fail(err, TH_INVALID, "an invocation_response without an invocation_id");
    th__call *call = th__crew_answered(w, &id);
    if (!call)
        return TH_OK; /* a second answer */
    th__outcome outcome = th__message_outcome(m);
    call->done(call, &outcome);
    return TH_OK;
}

static th_rc take_log(th__worker *w, const json_t *m, th_error *err)
{
    (void)w;
    (void)err;
    th__message_log(m);
    return TH_OK;
}

static const struct {
    const char *kind;
    th_rc (*take)(th__worker *w, const json_t *m, th_error *err);
} kinds[] = {
    { "invocation_response", take_answer },
    { "rpc_log", take_log },
    { "start_stream", take_start },
    { "worker_init_response", take_init },
    { "function_metadata_response", take_list },
    { "function_load_response", take_load },
};

th_rc th__worker_take(th__worker *w, const char *text, size_t n, th_error *err)
{
    json_t *root = NULL;
    th_rc rc = th_json_parse(text, n, 0, &root, err);

    for (size_t i = 0; rc == TH_OK && i < sizeof kinds / sizeof *kinds; i++) {
        const json_t *m = json_object_get(root, kinds[i].kind);
        if (!json_is_object(m))
            continue;
        rc = kinds[i].take(w, m, err);
        break;
    }
    json_decref(root);
    return rc;
}
