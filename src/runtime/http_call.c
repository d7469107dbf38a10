/*
 * http_call.c - executor `http`: the thread, and what an answer means.
 */
#include "runtime/http_call.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "runtime/http_transfer.h"
#include "runtime/runtime_int.h"

#define SHORTEST_PAUSE (100 * TH_MILLISECOND) /* a Retry-After of 0 is no invitation to a loop */
#define LONGEST_PAUSE (7 * TH_DAY)
#define NO_THREAD_DELAY TH_SECOND

enum { REDIRECTS_MAX = 10, IDLE_MS = 60000 };

/* A call that this process has. */
typedef struct job {
    struct job *next;
    th_arena *arena; /* of all but the transfer */
    th_token token;
    const char *call_id, *trace;
    const char *input;
    th__http_request request;
    th__http_target target;
    th__http_transfer *transfer; /* NULL: its turn has not come */
    int redirects;
} job;

typedef struct jobs {
    job *head, **end;
} jobs;

/* Tokens whose calls nobody waits for. */
typedef struct numbers {
    uint64_t *list;
    size_t count, cap;
} numbers;

struct th_http_calls {
    th_arena *arena;
    th_http_call_options options;
    th__http_rules rules;
    th_executor executor;
    th_engine *engine;

    pthread_mutex_t lock;
    bool started, stopping;
    jobs incoming;
    numbers cancels;

    /* The thread's own. */
    pthread_t thread;
    CURLM *multi;
    jobs waiting;
    job *running;
    int running_count;
};

/* ---- jobs ------------------------------------------------------------------------------------ */

static job *job_new(const th_activity_item *item)
{
    th_arena *arena = th_arena_new(0);
    job *j = th_new(arena, job, 1);

    j->arena = arena;
    j->token = item->token;
    j->call_id = th_sprintf(arena, "%s-%d", item->execution_id, (int)item->seq);
    j->trace = th_strdup(arena, item->trace);
    j->input = th_strdup(arena, item->input ? item->input : "null");
    return j;
}

static void job_free(job *j)
{
    th__http_transfer_free(j->transfer);
    th_arena_free(j->arena);
}

static void push(jobs *list, job *j)
{
    j->next = NULL;
    if (!list->head)
        list->end = &list->head;
    *list->end = j;
    list->end = &j->next;
}

static job *pop(jobs *list)
{
    job *j = list->head;

    if (j)
        list->head = j->next;
    return j;
}

static job *unlink_number(job **list, uint64_t number)
{
    for (job **p = list; *p; p = &(*p)->next) {
        job *j = *p;
        if (j->token.number != number)
            continue;
        *p = j->next;
        return j;
    }
    return NULL;
}

/* ---- answers to the engine; each ends the job --------------------------------------------------
 */

static void end_failed(th_http_calls *c, job *j, const char *failure)
{
    th_activity_answer answer = { .token = j->token, .kind = TH_ANSWER_DONE, .failure = failure };

    th_engine_activity_answered(c->engine, &answer);
    job_free(j);
}

static void end_done(th_http_calls *c, job *j)
{
    th_activity_answer answer = { .token = j->token, .kind = TH_ANSWER_DONE };
    th_buf result = TH_BUF_INIT;

    th__http_answer_write(&result, &j->transfer->answer);
    answer.result = result.data;
    th_engine_activity_answered(c->engine, &answer);
    th_buf_free(&result);
    job_free(j);
}

/* Back to the queue: it goes on with `next` after the pause. */
static void end_later(th_http_calls *c, job *j, const th__http_request *next, int64_t pause_us)
{
    th_activity_answer answer = { .token = j->token, .kind = TH_ANSWER_ABANDONED };
    th_buf input = TH_BUF_INIT;

    th__http_request_write(&input, next);
    answer.next_input = input.data;
    answer.delay_us = pause_us;
    th_engine_activity_answered(c->engine, &answer);
    th_buf_free(&input);
    job_free(j);
}

static void end_given_back(th_http_calls *c, job *j)
{
    th_activity_answer answer = { .token = j->token, .kind = TH_ANSWER_ABANDONED };

    th_engine_activity_answered(c->engine, &answer);
    job_free(j);
}

static const char *cancelled(th_arena *arena)
{
    return th__failure(arena, "TaskCanceled",
                       "the call was broken off: its orchestration has ended, or it took longer "
                       "than functionTimeout",
                       true);
}

/* ---- on its way ------------------------------------------------------------------------------ */

static const char *not_allowed(job *j, const th__http_target *target)
{
    const char *text = th_sprintf(j->arena, "%s %s: httpSettings.allowList does not have it",
                                  j->request.method, th__http_origin(j->arena, target));

    return th__failure(j->arena, "HttpRequestException", text, true);
}

static void launch(th_http_calls *c, job *j)
{
    j->transfer = th__http_transfer_new(&c->rules, j->arena, &j->request, &j->target, j->call_id,
                                        j->trace, j);
    if (curl_multi_add_handle(c->multi, j->transfer->easy) != CURLM_OK)
        abort(); /* no memory */
    j->next = c->running;
    c->running = j;
    c->running_count++;
}

static const char *bad_request(job *j, const th_error *err, const char *member)
{
    bool unsupported = err->rc == TH_NOT_SUPPORTED;
    const char *text = th_sprintf(j->arena, "the request of an HTTP call: %s%s", member, err->text);

    return th__failure(j->arena, unsupported ? "NotSupportedException" : "ArgumentException", text,
                       true);
}

/* NULL: the request is good. */
static const char *read_request(th_http_calls *c, job *j)
{
    th_error err = { 0 };

    if (th__http_request_parse(j->arena, j->input, strlen(j->input), &j->request, &err) != TH_OK)
        return bad_request(j, &err, "");
    if (th__http_target_parse(j->arena, NULL, j->request.uri, &j->target, &err) != TH_OK)
        return bad_request(j, &err, "uri: ");
    return th__http_allows(&c->rules.allow, &j->target) ? NULL : not_allowed(j, &j->target);
}

static void begin(th_http_calls *c, job *j)
{
    const char *failure = read_request(c, j);

    if (failure)
        end_failed(c, j, failure);
    else
        launch(c, j);
}

/* Off the multi handle; the transfer stays with the job. */
static void land(th_http_calls *c, job *j)
{
    unlink_number(&c->running, j->token.number);
    c->running_count--;
    curl_multi_remove_handle(c->multi, j->transfer->easy);
}

/* ---- what an answer means -------------------------------------------------------------------- */

/* True: it is tried again. */
static bool try_again(th_http_calls *c, job *j)
{
    th__http_request next = j->request;
    int64_t now_us = th_now_us(), pause_us;

    if (!th__http_next_try(&j->request, now_us, &pause_us))
        return false;
    next.attempt++;
    if (!next.since_us)
        next.since_us = now_us;
    end_later(c, j, &next, pause_us);
    return true;
}

/* As in Durable Functions, a status that is still one to retry after the last try is a failure. */
static const char *status_failure(job *j)
{
    const char *text = th_sprintf(j->arena, "%s %s: status %d after %d attempts", j->request.method,
                                  th__http_origin(j->arena, &j->target), j->transfer->answer.status,
                                  j->request.attempt);

    return th__failure(j->arena, "HttpRequestException", text, false);
}

static bool is_redirect(int status)
{
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

/* The place that the answer names, relative to where it came from. False: none, or no good one. */
static bool location_of(job *j, th__http_target *out)
{
    th_error err = { 0 };
    th__http_target to;
    const char *text = th__http_answer_header(&j->transfer->answer, "Location");

    if (!text || th__http_target_parse(j->arena, &j->target, text, &to, &err) != TH_OK)
        return false;
    *out = to;
    return true;
}

/* 303 makes everything a GET, and by custom 301 and 302 do that with POST. */
static void change_method(job *j, int status)
{
    bool post = strcmp(j->request.method, "POST") == 0;

    if (strcmp(j->request.method, "HEAD") == 0 || status > 303 || (status < 303 && !post))
        return;
    j->request.method = "GET";
    th__http_drop_content(j->arena, &j->request);
}

static void follow(th_http_calls *c, job *j, const th__http_target *to)
{
    int status = j->transfer->answer.status;

    th__http_transfer_free(j->transfer);
    j->transfer = NULL;
    change_method(j, status);
    if (!th__http_same_origin(&j->target, to))
        th__http_drop_credentials(j->arena, &j->request);
    j->target = *to;
    j->redirects++;
    launch(c, j);
}

static void redirect(th_http_calls *c, job *j, const th__http_target *to)
{
    if (!th__http_allows(&c->rules.allow, to)) {
        end_failed(c, j, not_allowed(j, to));
    } else if (j->redirects == REDIRECTS_MAX) {
        const char *text = th_sprintf(j->arena, "%s %s: more than %d redirects", j->request.method,
                                      th__http_origin(j->arena, to), REDIRECTS_MAX);
        end_failed(c, j, th__failure(j->arena, "HttpRequestException", text, true));
    } else {
        follow(c, j, to);
    }
}

static int64_t poll_pause(const th_http_calls *c, const job *j)
{
    int64_t pause_us = th__http_answer_retry_after(&j->transfer->answer, th_now_us());

    if (pause_us < 0)
        return c->options.poll_us;
    if (pause_us < SHORTEST_PAUSE)
        return SHORTEST_PAUSE;
    return pause_us < LONGEST_PAUSE ? pause_us : LONGEST_PAUSE;
}

/* 202: the next request is a GET of the place it names, with the same headers. */
static void poll_later(th_http_calls *c, job *j, const th__http_target *to)
{
    th__http_request next = j->request;

    if (!th__http_allows(&c->rules.allow, to)) {
        end_failed(c, j, not_allowed(j, to));
        return;
    }
    next.method = "GET";
    next.uri = to->url;
    th__http_drop_content(j->arena, &next);
    if (j->target.tls && !to->tls)
        th__http_drop_credentials(j->arena, &next);
    next.attempt = 1;
    next.since_us = 0;
    next.poll_count++;
    end_later(c, j, &next, poll_pause(c, j));
}

static void conclude(th_http_calls *c, job *j)
{
    int status = j->transfer->answer.status;
    th__http_target to = j->target; /* a later 202 may leave it out */
    bool there = location_of(j, &to);

    if (is_redirect(status) && there && (to.tls || !j->target.tls))
        redirect(c, j, &to);
    else if (status == 202 && j->request.polls && (there || j->request.poll_count > 0))
        poll_later(c, j, &to);
    else if (!th__http_retries(&j->request, status))
        end_done(c, j);
    else if (!try_again(c, j))
        end_failed(c, j, status_failure(j));
}

static void finish(th_http_calls *c, job *j, CURLcode code)
{
    bool again = false;

    land(c, j);
    const char *failure =
        th__http_transfer_failure(j->transfer, j->arena, code, &j->request, &j->target, &again);
    if (!failure)
        conclude(c, j);
    else if (!again || !try_again(c, j))
        end_failed(c, j, failure);
}

/* ---- the thread ------------------------------------------------------------------------------ */

static void cancel_one(th_http_calls *c, uint64_t number)
{
    job *j = unlink_number(&c->running, number);

    if (j) {
        c->running_count--;
        curl_multi_remove_handle(c->multi, j->transfer->easy);
        end_failed(c, j, cancelled(j->arena));
        return;
    }
    jobs rest = { 0 };
    for (job *w; (w = pop(&c->waiting));) {
        if (w->token.number == number)
            end_failed(c, w, cancelled(w->arena));
        else
            push(&rest, w);
    }
    c->waiting = rest;
}

static bool take_orders(th_http_calls *c)
{
    pthread_mutex_lock(&c->lock);
    jobs incoming = c->incoming;
    numbers cancels = c->cancels;
    c->incoming = (jobs){ 0 };
    c->cancels = (numbers){ 0 };
    bool stopping = c->stopping;
    pthread_mutex_unlock(&c->lock);

    for (job *j = incoming.head, *next; j; j = next) {
        next = j->next;
        push(&c->waiting, j);
    }
    for (size_t i = 0; i < cancels.count; i++)
        cancel_one(c, cancels.list[i]);
    free(cancels.list);
    return !stopping;
}

static void begin_what_fits(th_http_calls *c)
{
    while (c->running_count < c->options.max_calls && c->waiting.head)
        begin(c, pop(&c->waiting));
}

static void take_finished(th_http_calls *c)
{
    CURLMsg *message;
    int left;

    while ((message = curl_multi_info_read(c->multi, &left))) {
        CURLcode code = message->data.result;
        job *j = NULL;
        if (message->msg != CURLMSG_DONE)
            continue;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &j);
        finish(c, j, code);
    }
}

static void give_all_back(th_http_calls *c)
{
    for (job *j; (j = c->running);) {
        land(c, j);
        end_given_back(c, j);
    }
    for (job *j; (j = pop(&c->waiting));)
        end_given_back(c, j);
}

static void *work(void *arg)
{
    th_http_calls *c = arg;
    int running;

    while (take_orders(c)) {
        begin_what_fits(c);
        curl_multi_perform(c->multi, &running);
        take_finished(c);
        if (!c->waiting.head || c->running_count >= c->options.max_calls)
            curl_multi_poll(c->multi, NULL, 0, IDLE_MS, NULL);
    }
    give_all_back(c);
    return NULL;
}

/* Locked. */
static bool start_thread(th_http_calls *c)
{
    if (!c->started)
        c->started = pthread_create(&c->thread, NULL, work, c) == 0;
    return c->started;
}

/* ---- the executor ---------------------------------------------------------------------------- */

static bool can_run(void *self, th_item_kind kind, const char *name, const char *version)
{
    (void)self;
    (void)version;
    return kind == TH_ITEM_ACTIVITY && strcasecmp(name, TH__HTTP_ACTIVITY) == 0;
}

static const char *list(void *self, th_item_kind kind, size_t n)
{
    (void)self;
    return kind == TH_ITEM_ACTIVITY && n == 0 ? TH__HTTP_ACTIVITY : NULL;
}

static void run_activity(void *self, const th_activity_item *item)
{
    th_http_calls *c = self;
    job *j = job_new(item);

    pthread_mutex_lock(&c->lock);
    bool ok = start_thread(c);
    if (ok)
        push(&c->incoming, j);
    pthread_mutex_unlock(&c->lock);
    if (ok) {
        curl_multi_wakeup(c->multi);
        return;
    }
    th_activity_answer answer = { .token = j->token,
                                  .kind = TH_ANSWER_ABANDONED,
                                  .delay_us = NO_THREAD_DELAY };
    th_engine_activity_answered(c->engine, &answer);
    job_free(j);
}

static void cancel(void *self, th_token token)
{
    th_http_calls *c = self;

    if (token.pump >= 0)
        return;
    pthread_mutex_lock(&c->lock);
    numbers *n = &c->cancels;
    if (n->count == n->cap) {
        n->cap = n->cap ? n->cap * 2 : 8;
        n->list = th_realloc(n->list, n->cap * sizeof *n->list);
    }
    n->list[n->count++] = token.number;
    pthread_mutex_unlock(&c->lock);
    curl_multi_wakeup(c->multi);
}

/* ---- a life ---------------------------------------------------------------------------------- */

static th_rc read_options(th_http_calls *c, const th_http_call_options *options, th_error *err)
{
    c->options = *options;
    c->rules = (th__http_rules){ .public_only = options->public_only,
                                 .ca_file = th_strdup(c->arena, options->ca_file),
                                 .content_max = (size_t)options->content_max };
    if (options->ca_file && access(options->ca_file, R_OK) != 0)
        return th_fail(err, TH_CONFIG, "httpSettings.caFile: cannot read %.300s", options->ca_file);
    th_error wrong = { 0 };
    if (th__http_allow_parse(c->arena, options->allow, &c->rules.allow, &wrong) != TH_OK)
        return th_fail(err, TH_CONFIG, "httpSettings.allowList: %s", wrong.text);
    return TH_OK;
}

th_rc th_http_calls_new(const th_http_call_options *options, th_http_calls **out, th_error *err)
{
    th_http_calls *c = th_malloc(sizeof *c);

    pthread_mutex_init(&c->lock, NULL);
    c->arena = th_arena_new(0);
    c->executor = (th_executor){ .name = "http",
                                 .self = c,
                                 .can_run = can_run,
                                 .list = list,
                                 .run_activity = run_activity,
                                 .cancel = cancel };
    th_rc rc = read_options(c, options, err);
    if (rc == TH_OK && curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        rc = th_fail(err, TH_IO, "libcurl cannot be set up");
    if (rc == TH_OK && !(c->multi = curl_multi_init()))
        rc = th_fail(err, TH_IO, "libcurl cannot be set up");
    if (rc != TH_OK) {
        th_http_calls_free(c);
        c = NULL;
    }
    *out = c;
    return rc;
}

void th_http_calls_attach(th_http_calls *calls, th_engine *engine)
{
    calls->engine = engine;
}

const th_executor *th_http_calls_executor(th_http_calls *calls)
{
    return &calls->executor;
}

static void stop_thread(th_http_calls *c)
{
    pthread_mutex_lock(&c->lock);
    c->stopping = true;
    bool started = c->started;
    pthread_mutex_unlock(&c->lock);
    if (!started)
        return;
    curl_multi_wakeup(c->multi);
    pthread_join(c->thread, NULL);
}

void th_http_calls_free(th_http_calls *calls)
{
    if (!calls)
        return;
    stop_thread(calls);
    for (job *j; (j = pop(&calls->incoming));)
        end_given_back(calls, j);
    free(calls->cancels.list);
    if (calls->multi)
        curl_multi_cleanup(calls->multi);
    pthread_mutex_destroy(&calls->lock);
    th_arena_free(calls->arena);
    free(calls);
}
