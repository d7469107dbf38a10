/*
 * front.c - callers' requests, copied and queued; the threads that serve them.
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "store/front_int.h"
#include "store/instances.h"

#define MAX_QUEUED 100000
#define LAST_TIME_US INT64_C(253402300799999999) /* the end of the year 9999 */
/* Numbers of message kinds in inbox.kind, as in engine/event.h. */
enum { TERMINATED = 5, RAISED = 17, SUSPENDED = 21, RESUMED = 22, SIGNALED = 23, REWOUND = 30 };

/* ---- answers --------------------------------------------------------------------------------- */

static void give(th_front *front, th__front_request *request, const th_front_answer *answer)
{
    atomic_fetch_sub_explicit(&front->waiting, 1, memory_order_relaxed);
    request->done(request->arg, answer);
    free(request);
}

void th__front_answer(th_front *front, th__front_request *request, th_rc rc, int status,
                      const char *text)
{
    th_front_answer answer = { .rc = rc, .text = text, .status = status };

    if (rc != TH_OK && !text)
        answer.text = th_rc_words(rc);
    give(front, request, &answer);
}

void th__front_answer_row(th_front *front, th__front_request *request, const th_instance *instance)
{
    th_front_answer answer = { .rc = TH_OK, .status = instance->status, .instance = instance };

    give(front, request, &answer);
}

/* On the caller's own thread: what is not queued must cost no memory. */
static void refuse(th_front_done done, void *arg, th_rc rc, const char *text)
{
    th_front_answer answer = { .rc = rc, .text = text, .status = -1 };

    done(arg, &answer);
}

/* ---- requests -------------------------------------------------------------------------------- */

static size_t text_size(const char *s)
{
    return s ? strlen(s) + 1 : 0;
}

static const char *put_text(char **at, const char *s, size_t size)
{
    if (!s)
        return NULL;
    char *copy = memcpy(*at, s, size);
    *at += size;
    return copy;
}

enum { ID, NAME, INPUT, VERSION, TAGS, TRACE, KEY, ORIGIN, TEXTS };

/* NULL: refused. */
static th__front_request *new_request(th_front *front, th__front_request_kind kind,
                                      const char *const texts[TEXTS], th_front_done done, void *arg)
{
    size_t sizes[TEXTS], bytes = 0;

    for (int i = 0; i < TEXTS; i++)
        bytes += sizes[i] = text_size(texts[i]);
    if (bytes > TH__REQUEST_BYTES)
        return refuse(done, arg, TH_TOO_LARGE, "the texts of a request are at most 256 MB"), NULL;
    if (atomic_fetch_add_explicit(&front->waiting, 1, memory_order_relaxed) >=
        front->options.max_queued) {
        atomic_fetch_sub_explicit(&front->waiting, 1, memory_order_relaxed);
        return refuse(done, arg, TH_UNAVAILABLE, "too many requests are waiting"), NULL;
    }
    th__front_request *r = th_malloc(sizeof *r + bytes);
    char *at = r->texts;
    r->kind = (uint8_t)kind;
    r->done = done;
    r->arg = arg;
    r->bytes = bytes;
    r->status = -1;
    r->instance_id = put_text(&at, texts[ID], sizes[ID]);
    r->name = put_text(&at, texts[NAME], sizes[NAME]);
    r->input = put_text(&at, texts[INPUT], sizes[INPUT]);
    r->version = put_text(&at, texts[VERSION], sizes[VERSION]);
    r->tags = put_text(&at, texts[TAGS], sizes[TAGS]);
    r->trace = put_text(&at, texts[TRACE], sizes[TRACE]);
    r->key_name = put_text(&at, texts[KEY], sizes[KEY]);
    r->restart_of = put_text(&at, texts[ORIGIN], sizes[ORIGIN]);
    return r;
}

static void submit(th__front_queue *queue, th__front_request *request, const th_hub *hub)
{
    request->partition_id = th_hub_partition_of(hub, request->instance_id);
    request->since_us = th__real_us();
    th__front_queue_put(queue, request);
}

static const char *start_problem(const th_start_request *request)
{
    if (!request->instance_id || !*request->instance_id)
        return "a start needs an instance id";
    if (!request->name || !*request->name)
        return "a start needs the orchestrator's name";
    if (request->replace_any)
        return "a start cannot replace a live instance here";
    if (request->scheduled_start_us < 0 || request->scheduled_start_us > LAST_TIME_US)
        return "scheduled start: must be between the years 1970 and 9999";
    return NULL;
}

void th_front_start(th_front *front, const th_hub *hub, const th_start_request *request,
                    th_front_done done, void *arg)
{
    const char *problem = start_problem(request);

    if (problem) {
        refuse(done, arg, TH_INVALID, problem);
        return;
    }
    const char *const texts[TEXTS] = { request->instance_id, request->name,      request->input,
                                       request->version,     request->tags,      request->trace,
                                       request->key_name,    request->restart_of };
    th__front_request *r = new_request(front, TH__START, texts, done, arg);
    if (!r)
        return;
    r->start_id = th_uuid_random();
    r->execution_id = th_uuid_random();
    r->scheduled_us = request->scheduled_start_us;
    r->priority = request->priority;
    r->by_hand = request->restart_of != NULL;
    submit(&front->writes, r, hub);
}

static const char *signal_problem(const th_signal_request *request)
{
    if (!request->instance_id || !*request->instance_id)
        return "a signal needs an instance id";
    if (request->kind == TH_SIGNAL_RAISE && (!request->event_name || !*request->event_name))
        return "an event needs a name";
    if (request->kind == TH_SIGNAL_ENTITY && !request->event_name)
        return "an entity's signal needs an operation";
    return NULL;
}

static int16_t message_kind(th_signal_kind kind)
{
    switch (kind) {
    case TH_SIGNAL_TERMINATE:
    case TH_SIGNAL_ENTITY_PURGE:
        return TERMINATED;
    case TH_SIGNAL_SUSPEND:
        return SUSPENDED;
    case TH_SIGNAL_RESUME:
        return RESUMED;
    case TH_SIGNAL_REWIND:
        return REWOUND;
    case TH_SIGNAL_ENTITY:
        return SIGNALED;
    case TH_SIGNAL_RAISE:
        break;
    }
    return RAISED;
}

void th_front_signal(th_front *front, const th_hub *hub, const th_signal_request *request,
                     th_front_done done, void *arg)
{
    const char *problem = signal_problem(request);

    if (problem) {
        refuse(done, arg, TH_INVALID, problem);
        return;
    }
    bool named = request->kind == TH_SIGNAL_RAISE || request->kind == TH_SIGNAL_ENTITY;
    const char *name = named ? request->event_name : NULL;
    const char *const texts[TEXTS] = { [ID] = request->instance_id,
                                       [NAME] = name,
                                       [INPUT] = request->payload,
                                       [KEY] = request->key_name };
    th__front_request *r = new_request(front, TH__SIGNAL, texts, done, arg);
    if (!r)
        return;
    r->start_id = request->message_id ? *request->message_id : th_uuid_random();
    r->message = message_kind(request->kind);
    r->by_hand = request->by_hand;
    r->to_entity = request->kind == TH_SIGNAL_ENTITY || request->kind == TH_SIGNAL_ENTITY_PURGE;
    submit(&front->writes, r, hub);
}

void th_front_get(th_front *front, const th_hub *hub, const char *instance_id, th_front_done done,
                  void *arg)
{
    if (!instance_id || !*instance_id) {
        refuse(done, arg, TH_INVALID, "a status read needs an instance id");
        return;
    }
    const char *const texts[TEXTS] = { instance_id };
    th__front_request *r = new_request(front, TH__GET, texts, done, arg);
    if (r)
        submit(&front->reads, r, hub);
}

/* ---- life ------------------------------------------------------------------------------------ */

static th_rc check_options(const th_front_options *options, th_error *err)
{
    th__conninfo info = { 0 };

    if (options->connections < 0 || options->connections > 64)
        return th_fail(err, TH_CONFIG, "connections of the front end: must be 0 to 64");
    if (options->max_queued < 0)
        return th_fail(err, TH_CONFIG, "queued requests of the front end: must not be negative");
    th_rc rc = th__conninfo_parse(options->conninfo, TH_DB_POOL, &info, err);
    th__conninfo_free(&info);
    return rc;
}

static th_front *allocate(const th_front_options *options)
{
    th_front *front = th_malloc(sizeof *front);

    front->options = *options;
    if (!options->connections)
        front->options.connections = 1;
    if (!options->max_queued)
        front->options.max_queued = MAX_QUEUED;
    front->conninfo = th_mstrdup(options->conninfo);
    front->options.conninfo = front->conninfo;
    th__front_queue_init(&front->writes);
    th__front_queue_init(&front->reads);
    front->writers = th_malloc(sizeof *front->writers * (size_t)front->options.connections);
    front->readers = th_malloc(sizeof *front->readers * (size_t)front->options.connections);
    for (int i = 0; i < front->options.connections; i++) {
        th__writer_init(&front->writers[i], front);
        th__reader_init(&front->readers[i], front);
    }
    return front;
}

static bool start_threads(th_front *front)
{
    for (int i = 0; i < front->options.connections; i++) {
        th__writer *w = &front->writers[i];
        th__reader *r = &front->readers[i];

        if (pthread_create(&w->thread, NULL, th__writer_main, w) != 0)
            return false;
        front->writers_started++;
        if (pthread_create(&r->thread, NULL, th__reader_main, r) != 0)
            return false;
        front->readers_started++;
    }
    return true;
}

th_rc th_front_new(const th_front_options *options, th_front **out, th_error *err)
{
    th_rc rc = check_options(options, err);

    *out = NULL;
    if (rc != TH_OK)
        return rc;
    th_front *front = allocate(options);
    if (!start_threads(front)) {
        th_front_free(front);
        return th_fail(err, TH_IO, "cannot start the threads of the front end");
    }
    *out = front;
    return TH_OK;
}

void th_front_free(th_front *front)
{
    if (!front)
        return;
    th__front_queue_stop(&front->writes);
    th__front_queue_stop(&front->reads);
    for (int i = 0; i < front->writers_started; i++)
        pthread_join(front->writers[i].thread, NULL);
    for (int i = 0; i < front->readers_started; i++)
        pthread_join(front->readers[i].thread, NULL);
    for (int i = 0; i < front->options.connections; i++) {
        th__writer_free(&front->writers[i]);
        th__reader_free(&front->readers[i]);
    }
    th__front_queue_destroy(&front->writes);
    th__front_queue_destroy(&front->reads);
    free(front->writers);
    free(front->readers);
    free(front->conninfo);
    free(front);
}
