/*
 * taskhub.h - write durable functions in C.
 *
 * An app is a shared object that registers functions under names:
 *
 *   orchestrator  straight-line code that says what happens in which order. It survives crashes and
 *                 restarts, may wait for months, and costs next to nothing while it waits.
 *   activity      the work itself: anything that a C function can do, on a thread of its own.
 *   entity        a small state with a name and a key, which operations read and change one at a
 * time. starter       an HTTP route that starts an orchestrator.
 *
 * A whole app, a fan-out with a timeout: squares numbers in parallel, for at most thirty seconds.
 *
 *     #include <taskhub.h>
 *
 *     static const char *square(th_activity *a)
 *     {
 *         int64_t n = th_get_int(th_input(a), NULL, 0);
 *
 *         return th_text(a, "%lld", (long long)(n * n));
 *     }
 *
 *     static const char *squares(th_orch *o)
 *     {
 *         th_task *work[10];
 *
 *         for (int i = 0; i < 10; i++)
 *             work[i] = th_schedule_activity(o, "Square", th_text(o, "%d", i), NULL);
 *
 *         th_task *all = th_when_all(o, work, 10);
 *         th_task *deadline = th_schedule_timer(o, 30 * TH_SECOND);
 *         th_task *race[] = { all, deadline };
 *
 *         if (th_when_any(o, race, 2) == 1)
 *             return th_fail_with(o, "Timeout", "no answer within 30 seconds");
 *         th_cancel(o, deadline);
 *         return th_await(o, all); // [0,1,4,9,16,25,36,49,64,81]
 *     }
 *
 *     TH_APP(app)
 *     {
 *         th_add_activity(app, "Square", square);
 *         th_add_orchestrator(app, "Squares", squares);
 *         th_add_starter(app, "orchestrators/{name}", NULL);
 *     }
 *
 *     $ cc -shared -fPIC -o squares.so squares.c
 *     $ taskhub start ./squares.so &
 *     $ curl http://localhost:7071/api/orchestrators/Squares
 *
 * How an orchestrator runs. Each step it takes is written to a history. When its instance moves to
 * another process, its function is called again from the top, and whatever history knows is
 * answered from there at once, until the function stands where it stood. So it must take the same
 * steps each time it is given the same answers:
 *   - no I/O, clock, random numbers, threads or globals that change: activities may do all of that,
 *     and th_current_time and th_new_guid are safe;
 *   - decide by the input and by results only;
 *   - never block the thread: wait with the functions below;
 *   - changing the steps of an orchestrator that has running instances fails those instances with
 *     NonDeterministicOrchestrationException; keep the old function and register the new one as a
 *     version of its own (th_add_orchestrator_version).
 * It runs on a stack of 64 KiB, so keep large things in th_memory. A wait may never come back (the
 * instance was terminated, or moves): hold no locks, files or malloc'ed memory over one. th_memory
 * is freed in any case. In C++ the same goes for destructors, and no exception may leave a
 * function.
 *
 * Activities run at least once: after a crash one may run again, so make them repeatable, for
 * example with the instance id as a key.
 *
 * Payloads (inputs, results, events, custom status) are JSON texts in UTF-8, ended by a NUL. What
 * you pass in is copied; NULL means "none". What you get back is never NULL ("none" reads as
 * "null"), lives as long as the orchestrator or activity, and is not yours to free or change.
 *
 * Names of functions and events are the same in any ASCII case. Times are microseconds.
 *
 * Wrong use (a NULL task, a huge count, text that is not JSON) fails the orchestrator or
 * activity with type "ApiMisuse" and a message that says what was wrong.
 */
#ifndef TASKHUB_H
#define TASKHUB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TH_API __attribute__((visibility("default")))
#define TH_FORMAT(fmt, args) __attribute__((format(printf, fmt, args)))

#define TH_MILLISECOND ((int64_t)1000)
#define TH_SECOND (1000 * TH_MILLISECOND)
#define TH_MINUTE (60 * TH_SECOND)
#define TH_HOUR (60 * TH_MINUTE)
#define TH_DAY (24 * TH_HOUR)

typedef struct th_app th_app;           /* what registers functions */
typedef struct th_orch th_orch;         /* a running instance of an orchestrator */
typedef struct th_activity th_activity; /* one run of an activity */
typedef struct th_entity th_entity;     /* one operation of an entity */
typedef struct th_task th_task;         /* something an orchestrator can wait for; belongs to it */

/* ---- the app -------------------------------------------------------------------------------- */

/*
 * A function returns its result, or NULL for none, or `return th_fail_with(...)`. The result may
 * live in th_memory or th_text, or be a constant; not in a local array.
 */
typedef const char *th_orch_fn(th_orch *o);
typedef const char *th_activity_fn(th_activity *a);
typedef const char *th_entity_fn(th_entity *e);

TH_API void th_add_orchestrator(th_app *app, const char *name, th_orch_fn *fn);

/*
 * One of several versions of an orchestrator, so that instances that run on go on with the code
 * that they began with. An instance of that version runs it; so do older ones, unless they have a
 * function of their own, or host.json says otherwise (versionMatchStrategy). "1.10" is newer than
 * "1.9"; no version is older than any. A function without a version runs what no other of its name
 * does.
 */
TH_API void th_add_orchestrator_version(th_app *app, const char *name, const char *version,
                                        th_orch_fn *fn);

TH_API void th_add_activity(th_app *app, const char *name, th_activity_fn *fn);

/* How an activity is run. All of it may be zero. */
typedef struct th_activity_options {
    int64_t timeout; /* for so long it may run, each time; 0: functionTimeout of host.json */
} th_activity_options;
#define TH_NO_TIMEOUT ((int64_t)-1)

/*
 * An activity whose time is over has failed with type "TimeoutException"; the retry policy says
 * what comes next. Its code can't be stopped: it is told (th_is_cancelled), and goes on on its
 * thread until it returns, while another thread takes its place; what it gives is dropped.
 */
TH_API void th_add_activity_with(th_app *app, const char *name, th_activity_fn *fn,
                                 const th_activity_options *options);

TH_API void th_add_entity(th_app *app, const char *name, th_entity_fn *fn); /* no '@' in its name */

/*
 * GET or POST of /api/<route> starts an orchestrator, a POST's body being its input, and answers
 * 202 with the URLs that manage the instance. orchestrator NULL: the route has a {name} part, which
 * names it. Parts in braces stand for one path segment.
 */
TH_API void th_add_starter(th_app *app, const char *route, const char *orchestrator);

/* The app's one entry point, called once when it is loaded: TH_APP(app) { th_add_...; } */
#define TH_APP_VERSION 1 /* of this header; the loader refuses other ones */
#define TH_APP(app)                                 \
    TH_APP_C TH_API const int taskhub_app_version;  \
    TH_APP_C TH_API void taskhub_app(th_app *app);  \
    const int taskhub_app_version = TH_APP_VERSION; \
    void taskhub_app(th_app *app)
#ifdef __cplusplus
#define TH_APP_C extern "C"
#else
#define TH_APP_C extern
#endif

/* ---- for all functions: ctx is a th_orch *, a th_activity * or a th_entity * ----------------- */

TH_API const char *th_input(void *ctx);
TH_API const char *th_instance_id(void *ctx);

/* What was given with the start of the instance, or with the call of the activity: tags as a JSON
 * object ("null" if there are none), and the version (NULL if there is none). */
TH_API const char *th_tags(void *ctx);

/* The trace context that it belongs to (W3C Trace Context), a JSON object with parent (traceparent)
 * and perhaps state (tracestate); "null" if there is none. Durable HTTP calls send it along by
 * themselves. */
TH_API const char *th_trace(void *ctx);
TH_API const char *th_version(void *ctx);

/* Formatted text, and zeroed memory, that live as long as ctx. Never NULL. */
TH_API char *th_text(void *ctx, const char *fmt, ...) TH_FORMAT(2, 3);
TH_API void *th_memory(void *ctx, size_t size);

/*
 * `return th_fail_with(ctx, "PaymentRefused", "card %s", card);` ends the function as failed with
 * that type and message. th_fail_for_good also tells retry policies not to try again. Both give
 * NULL.
 */
TH_API const char *th_fail_with(void *ctx, const char *type, const char *fmt, ...) TH_FORMAT(3, 4);
TH_API const char *th_fail_for_good(void *ctx, const char *type, const char *fmt, ...)
    TH_FORMAT(3, 4);

/* A line in the program's log. In an orchestrator nothing is logged while it is replayed. */
TH_API void th_log_info(void *ctx, const char *fmt, ...) TH_FORMAT(2, 3);
TH_API void th_log_warn(void *ctx, const char *fmt, ...) TH_FORMAT(2, 3);

/* ---- activities ----------------------------------------------------------------------------- */

/* Which try of the retry policy this is, from 1; and how often this very try was handed out, from
 * 1: 2 means that the process that had it before died or gave it back. */
TH_API int th_attempt(const th_activity *a);
TH_API int th_delivery(const th_activity *a);

/* True once nobody waits for this run any more, because its orchestrator has cancelled it, or has
 * ended or was terminated, or because its time is over: a long one should look now and then, and
 * stop early. Its result is dropped. In the process that owns the instance it is true at once, in
 * others within two seconds. */
TH_API bool th_is_cancelled(const th_activity *a);

/* ---- orchestrators: activities -------------------------------------------------------------- */

/* A try that failed, as a retry policy's handler sees it. Its texts live as long as the
 * orchestrator. */
typedef struct th_failed_try {
    int attempt;       /* which one, from 1 */
    int64_t elapsed;   /* microseconds since the first one was scheduled */
    const char *input; /* of the activity or child; NULL: none */
    const char *type;  /* of its failure, as given to th_fail_with */
    const char *message;
} th_failed_try;

/*
 * How often to try an activity and how long to pause between tries: first_interval, then each time
 * backoff times more, up to max_interval. No try starts later than timeout after the first. Zero
 * for backoff (1.0), max_interval and timeout (none) is fine; max_attempts is from 1 to 100000.
 *
 * handler, if there is one, is asked after each failure that leaves a try: true goes on, false
 * gives up. It is asked again in every replay, so it decides by what it is given and by nothing
 * that changes; it takes no steps of its own. What failed for good is not tried again, whatever the
 * handler would say.
 */
typedef struct th_retry {
    int64_t first_interval; /* microseconds: 5 * TH_SECOND */
    int max_attempts;       /* the first one counts */
    double backoff;         /* 1.0 or more */
    int64_t max_interval;
    int64_t timeout;
    bool (*handler)(const th_failed_try *failed, void *data); /* NULL: none */
    void *data;                                               /* for the handler */
} th_retry;

/* Runs an activity and waits: its result. If it failed, the orchestrator ends right here, Failed
 * with the activity's failure. */
TH_API const char *th_call_activity(th_orch *o, const char *name, const char *input);

/* Runs an activity and goes on at once. retry NULL: one try; else copied. */
TH_API th_task *th_schedule_activity(th_orch *o, const char *name, const char *input,
                                     const th_retry *retry);

/* How to run an activity. All of it may be zero. */
typedef struct th_call {
    th_retry retry;      /* max_attempts 0: one try */
    const char *version; /* NULL: none */
    const char *tags; /* JSON object of strings, which the activity reads by th_tags; NULL: none */
    int priority;     /* -100 to 100, higher goes first; 0: that of the instance */
} th_call;

/* Runs an activity as told and goes on at once; call may be NULL, else it is copied. */
TH_API th_task *th_schedule_activity_with(th_orch *o, const char *name, const char *input,
                                          const th_call *call);

/* ---- orchestrators: HTTP calls --------------------------------------------------------------- */

/*
 * How to make an HTTP call. All of it may be zero. Copied.
 *
 *     const char *headers[] = { "Content-Type: application/json", NULL };
 *     const char *answer = th_call_http(o, "POST", "https://api.example.com/jobs", "{\"n\":1}",
 *                                       &(th_http){ .headers = headers });
 *     if (th_http_status(answer) != 200)
 *         return th_fail_with(o, "Refused", "%s", th_http_content(o, answer));
 */
typedef struct th_http {
    const char *const *headers; /* each "Name: value", NULL at the end; NULL: none */
    bool no_polling;            /* 202 is an answer like any other */
    int64_t timeout;            /* of each request, microseconds; 0: 100 seconds */
    th_retry retry;             /* max_attempts 0: one try; without a handler */
    const int *retry_statuses;  /* 0 at the end; NULL: 400 and up */
} th_http;

/*
 * Makes an HTTP call, outside of this process's memory, and waits: the answer, a JSON object
 * {"statusCode":200,"headers":{...},"content":"..."}. Any status is an answer. body NULL: none;
 * else text in UTF-8, sent as text/plain unless a header says otherwise. Redirects are followed.
 *
 * 202 with a Location: that place is asked (GET, with the same headers) after its Retry-After, else
 * after 30 seconds, and again until the status is another one. That may take months, and costs
 * nothing in between.
 *
 * The call failed, and with it the orchestrator ends right here, if no answer came: type
 * "HttpRequestException", "TimeoutException", or "ArgumentException" for what is no URL or header.
 * With a retry policy those, and the statuses to retry, are tried again; one that still has such a
 * status after the last try has failed. A request may be sent twice if a process dies; header
 * Taskhub-Call-Id is the same then, and in every try and poll of one call.
 */
TH_API const char *th_call_http(th_orch *o, const char *method, const char *url, const char *body,
                                const th_http *how);

/* The same, going on at once; for th_try, th_when_all, th_when_any. */
TH_API th_task *th_schedule_http(th_orch *o, const char *method, const char *url, const char *body,
                                 const th_http *how);

/* Of an answer: its status (0: that is no answer); its content ("" if there is none); a header by
 * name, in any case of letters, the first if there are several (NULL: there is none). */
TH_API int th_http_status(const char *answer);
TH_API const char *th_http_content(void *ctx, const char *answer);
TH_API const char *th_http_header(void *ctx, const char *answer, const char *name);

/* ---- orchestrators: sub-orchestrations ------------------------------------------------------ */

/* How to start a child. All of it may be zero. */
typedef struct th_child {
    const char *instance_id; /* NULL: one that follows from this run and the place in it */
    const char *version;     /* NULL: defaultVersion of host.json, if there is one */
    th_retry retry;          /* max_attempts 0: one try */
    const char *tags;        /* JSON object of strings; NULL: none, since they are not inherited */
    int priority;            /* of its activities, -100 to 100; 0: that of this instance */
} th_child;

/* Runs another orchestrator as a child of this one and waits: its result. If it failed or was
 * terminated, this orchestrator ends right here, Failed with the same failure. */
TH_API const char *th_call_orchestrator(th_orch *o, const char *name, const char *input);

/* Starts a child and goes on at once; child may be NULL, else it is copied. An instance id that a
 * live instance has makes the task fail (type "InstanceAlreadyExists"); a finished instance is
 * replaced. The child goes on if this orchestrator ends first, unless that is terminated with its
 * children. */
TH_API th_task *th_schedule_orchestrator(th_orch *o, const char *name, const char *input,
                                         const th_child *child);

/* ---- orchestrators: waiting ----------------------------------------------------------------- */

/* Waits for a task: its result. If it failed, the orchestrator ends right here, Failed with the
 * same failure. */
TH_API const char *th_await(th_orch *o, th_task *task);

/* Waits for a task: true if it succeeded; false if it failed, and then it is up to you. */
TH_API bool th_try(th_orch *o, th_task *task);

/* A task that is complete when all n tasks are (at most a million; n = 0 is complete at once). It
 * failed if one of them did, with the failure of the first that did. Its result is the JSON array
 * of their results, in the order given. */
TH_API th_task *th_when_all(th_orch *o, th_task *const *tasks, size_t n);

/* Waits until one of n > 0 tasks is complete: the index of the first that was. The others go on. */
TH_API size_t th_when_any(th_orch *o, th_task *const *tasks, size_t n);

/* Of a task: complete? failed? its result ("null" until complete and if it failed); its failure, a
 * JSON object with "type" and "message" ("null" if it did not fail). */
TH_API bool th_task_done(const th_task *task);
TH_API bool th_task_failed(const th_task *task);
TH_API const char *th_task_result(th_task *task);
TH_API const char *th_task_failure(const th_task *task);

/* ---- orchestrators: time -------------------------------------------------------------------- */

/* The orchestrator's clock, microseconds since 1970-01-01 UTC: the same in every replay. It moves
 * on only while the orchestrator waits. */
TH_API int64_t th_current_time(const th_orch *o);

/* Waits that long, and over restarts. Days are fine. A negative delay counts as 0. */
TH_API void th_sleep(th_orch *o, int64_t delay);
TH_API th_task *th_schedule_timer(th_orch *o, int64_t delay);

/* Gives up a timer, the wait for an event, or an activity with all its tries; it is complete then,
 * as failed with type "TaskCanceled". Nothing happens to a task that is complete. An activity that
 * waits in the queue never runs; one that runs already is told so (th_is_cancelled), in whatever
 * process, and what it gives is dropped. Children can't be cancelled. */
TH_API void th_cancel(th_orch *o, th_task *task);

/* ---- orchestrators: external events --------------------------------------------------------- */

/* Waits for an event that somebody raises by that name (HTTP: POST .../raiseEvent/<name>): its
 * payload. Events that come before anyone waits are kept, and the oldest is taken first. */
TH_API const char *th_wait_event(th_orch *o, const char *name);

/* The same for at most `timeout`: true and *payload (which may be NULL), or false when time is up.
 */
TH_API bool th_wait_event_for(th_orch *o, const char *name, int64_t timeout, const char **payload);

/* A task for the next event of that name. If you stop waiting for it, cancel it, or it takes the
 * next event from whoever waits later. */
TH_API th_task *th_schedule_event_wait(th_orch *o, const char *name);

/* ---- orchestrators: the rest ---------------------------------------------------------------- */

/* What status queries show as customStatus. NULL: none. */
TH_API void th_set_custom_status(th_orch *o, const char *json);

/* `return th_continue_as_new(o, input);` starts the orchestrator over under the same id with an
 * empty history. Events not taken yet go along. For loops that have no end. Gives NULL. */
TH_API const char *th_continue_as_new(th_orch *o, const char *input);

/* A new GUID, 8-4-4-4-12 lower-case hex digits, the same in every replay. */
TH_API const char *th_new_guid(th_orch *o);

/* True while steps are answered from history. For side effects like logs only; never decide by it.
 */
TH_API bool th_is_replaying(const th_orch *o);

/* ---- entities -------------------------------------------------------------------------------- */

/*
 * An entity is a name, a key and a state, which outlives everything. It exists once its first
 * operation has run, and is gone when it has no state. Its function is called once for each
 * operation, on a thread of its own, never twice at the same time for one entity; it may block.
 *
 * What one sender asks for is done in the order in which it was sent. State, results, signals and
 * starts of an operation take effect together, or, if it fails, not at all. After a crash an
 * operation may run again, as an activity may; its effects count once. Operations of one entity
 * that wait together run one after the other, and are committed together.
 *
 *     static const char *account(th_entity *e)
 *     {
 *         int64_t balance = th_get_int(th_state(e), NULL, 0);
 *         int64_t amount = th_get_int(th_input(e), NULL, 0);
 *
 *         if (strcmp(th_operation(e), "add") == 0) {
 *             if (balance + amount < 0)
 *                 return th_fail_with(e, "Overdrawn", "only %lld left", (long long)balance);
 *             th_set_state(e, th_text(e, "%lld", (long long)(balance + amount)));
 *         }
 *         return th_state(e);
 *     }
 *
 *     // {"from":"a","to":"b","amount":5}: from one account to the other, while nobody else sees
 * either static const char *transfer(th_orch *o)
 *     {
 *         const char *from = th_get_string(o, th_input(o), "from", "");
 *         const char *to = th_get_string(o, th_input(o), "to", "");
 *         int64_t amount = th_get_int(th_input(o), "amount", 0);
 *         th_entity_id accounts[] = { { "Account", from }, { "Account", to } };
 *
 *         th_lock_entities(o, accounts, 2);
 *         th_call_entity(o, "Account", from, "add", th_text(o, "%lld", (long long)-amount));
 *         th_call_entity(o, "Account", to, "add", th_text(o, "%lld", (long long)amount));
 *         return NULL; // the end of an orchestrator releases its locks, whatever the end is
 *     }
 *
 * Names of entities are the same in any ASCII case, keys and operations are not. A key may be
 * empty; it has none of / \ # ? and no control characters, and with the name at most 254
 * characters.
 */
TH_API const char *th_operation(const th_entity *e);
TH_API const char *th_entity_key(const th_entity *e);

/* "null" if there is none, which th_has_state tells from a state that is null. What is set or
 * deleted here is what the next operation finds. */
TH_API const char *th_state(const th_entity *e);
TH_API bool th_has_state(const th_entity *e);
TH_API void th_set_state(th_entity *e, const char *json); /* NULL: deletes it */
TH_API void th_delete_state(th_entity *e);

/* Starts an orchestrator and goes on: its instance id. instance_id NULL: a new one. One that a live
 * instance has makes the start come to nothing. */
TH_API const char *th_start_orchestrator(th_entity *e, const char *name, const char *input,
                                         const char *instance_id);

/* From orchestrators and entities: sends an operation and goes on; nobody gets its result. ctx is a
 * th_orch * or a th_entity *. `at`: not before that time, in microseconds since 1970-01-01 UTC. */
TH_API void th_signal_entity(void *ctx, const char *name, const char *key, const char *operation,
                             const char *input);
TH_API void th_signal_entity_at(void *ctx, const char *name, const char *key, const char *operation,
                                const char *input, int64_t at);

/* From orchestrators: sends an operation and waits for its result; if it failed, the orchestrator
 * ends right here, Failed with the same failure. Or goes on at once. */
TH_API const char *th_call_entity(th_orch *o, const char *name, const char *key,
                                  const char *operation, const char *input);
TH_API th_task *th_schedule_entity_call(th_orch *o, const char *name, const char *key,
                                        const char *operation, const char *input);

typedef struct th_entity_id {
    const char *name;
    const char *key;
} th_entity_id;

/*
 * Waits until this orchestrator has all of n entities to itself: from then on nobody else's
 * operations run on them, until th_unlock or the end of this run (th_continue_as_new is one). Locks
 * are taken in one order for all, so that two orchestrators can't wait for each other. While it has
 * them, an orchestrator may call those entities, one call at a time each, and signal others; it may
 * not lock again, call others, signal those or start children.
 */
TH_API void th_lock_entities(th_orch *o, const th_entity_id *entities, size_t n);
TH_API void th_unlock(th_orch *o); /* nothing happens if it has none */

/* ---- JSON ----------------------------------------------------------------------------------- */

/* Readers of a field of a JSON object, or, with key NULL, of the text itself. The default comes
 * back when the text is no object, has no such field, or the field has another type. Numbers with a
 * fraction are cut; those beyond int64 give the default. */
TH_API int64_t th_get_int(const char *json, const char *key, int64_t by_default);
TH_API double th_get_number(const char *json, const char *key, double by_default);
TH_API bool th_get_bool(const char *json, const char *key, bool by_default);

/* A string without its quotes and escapes; by_default itself (NULL is fine) if there is none. A
 * \u0000 ends it. */
TH_API const char *th_get_string(void *ctx, const char *json, const char *key,
                                 const char *by_default);

/* A field of any type, or an element of an array, as JSON text. NULL: there is none. */
TH_API const char *th_get_json(void *ctx, const char *json, const char *key);
TH_API const char *th_get_element(void *ctx, const char *json, size_t index);

/* A text as a JSON string, with quotes and escapes; NULL gives null. Bytes that are not UTF-8
 * become U+FFFD. */
TH_API const char *th_quote(void *ctx, const char *text);

/* A JSON array of n JSON texts; NULL ones become null. */
TH_API const char *th_list(void *ctx, const char *const *items, size_t n);

#ifdef __cplusplus
}
#endif

#endif
