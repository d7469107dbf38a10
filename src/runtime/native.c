#include "runtime/native.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/log.h"
#include "runtime/app.h"
#include "runtime/entity_job.h"
#include "runtime/runtime_int.h"
#include "runtime/threads.h"

#define NO_THREAD_DELAY TH_SECOND

struct th_native {
    th_arena *arena;
    struct th_app all; /* what all apps have */
    th__threads *threads;
    th_engine *engine;
    th_executor executor;
    th_versions versions;
    atomic_int entities; /* whose operations wait or run */
};

struct th_activity {
    th__scope scope;
    const struct run *run;
};

/* An activity that is queued or runs. The texts follow it in memory. */
typedef struct run {
    th__job job;
    th_token token;
    th_activity_fn *fn;
    int attempt, delivery;
    const char *name, *instance_id, *input, *version, *tags, *trace;
} run;

/* ---- the activities' half of taskhub.h ---------------------------------------------------------
 */

int th_attempt(const th_activity *a)
{
    return a->run->attempt;
}

int th_delivery(const th_activity *a)
{
    return a->run->delivery;
}

bool th_is_cancelled(const th_activity *a)
{
    return atomic_load_explicit(&a->run->job.cancelled, memory_order_relaxed);
}

/* ---- running activities ------------------------------------------------------------------------
 */

static const char *misuse(th_arena *arena, const run *r, const char *problem)
{
    const char *text =
        th_sprintf(arena, "the result of activity '%s' is not JSON: %s", r->name, problem);

    return th__failure(arena, "ApiMisuse", text, false);
}

static void run_activity(void *arg, th__job *job, th_arena *arena)
{
    th_native *native = arg;
    run *r = (run *)job;
    th_activity a = { .scope = { .kind = TH__ACTIVITY, .arena = arena }, .run = r };
    th_activity_answer answer = { .token = r->token, .kind = TH_ANSWER_DONE };

    a.scope.instance_id = r->instance_id;
    a.scope.input = r->input;
    a.scope.version = r->version;
    a.scope.tags = r->tags;
    a.scope.trace = r->trace;
    const char *result = r->fn(&a);

    const char *problem = !a.scope.failure && result ? th__json_problem(arena, result) : NULL;
    answer.failure = problem ? misuse(arena, r, problem) : a.scope.failure;
    answer.result = answer.failure ? NULL : result;
    th_engine_activity_answered(native->engine, &answer);
}

static void answer_abandoned(th_native *native, th_token token, int64_t delay_us)
{
    th_activity_answer answer = { .token = token, .kind = TH_ANSWER_ABANDONED };

    answer.delay_us = delay_us;
    th_engine_activity_answered(native->engine, &answer);
}

static void abandon_entity(th_native *native, th__job *job, int64_t delay_us)
{
    th_entity_answer answer = { .token = th__entity_token(job), .kind = TH_ANSWER_ABANDONED };

    answer.delay_us = delay_us;
    th__entity_job_clear(job);
    atomic_fetch_sub(&native->entities, 1);
    th_engine_entity_answered(native->engine, &answer);
}

static void run_job(void *arg, th__job *job, th_arena *arena)
{
    th_native *native = arg;

    if (!job->is_entity) {
        run_activity(arg, job, arena);
        return;
    }
    th__entity_run(native->engine, job, arena);
    th__entity_job_clear(job);
    atomic_fetch_sub(&native->entities, 1);
}

static void give_back(void *arg, th__job *job)
{
    if (job->is_entity) {
        abandon_entity(arg, job, 0);
        return;
    }
    answer_abandoned(arg, ((run *)job)->token, 0);
}

static char *put_text(char **at, const char *text)
{
    if (!text)
        return NULL;

    size_t n = strlen(text) + 1;
    char *copy = memcpy(*at, text, n);
    *at += n;
    return copy;
}

static size_t size_of(const char *text)
{
    return text ? strlen(text) + 1 : 0;
}

/* A copy, since the item may go before the activity ends. */
static run *run_new(const th_activity_item *item, th_activity_fn *fn)
{
    run *r = th_malloc(sizeof *r + size_of(item->name) + size_of(item->instance_id) +
                       size_of(item->input) + size_of(item->version) + size_of(item->tags) +
                       size_of(item->trace));
    char *at = (char *)(r + 1);

    r->job.number = item->token.number;
    r->token = item->token;
    r->fn = fn;
    r->attempt = item->attempt;
    r->delivery = item->delivery;
    r->name = put_text(&at, item->name);
    r->instance_id = put_text(&at, item->instance_id);
    r->input = put_text(&at, item->input);
    r->version = put_text(&at, item->version);
    r->tags = put_text(&at, item->tags);
    r->trace = put_text(&at, item->trace);
    return r;
}

static void answer_unknown(th_native *native, const th_activity_item *item)
{
    th_activity_answer answer = { .token = item->token, .kind = TH_ANSWER_DONE };
    th_arena *arena = th_arena_new(0);
    const char *text =
        th_sprintf(arena, "no loaded app has an activity '%s'", item->name ? item->name : "");

    answer.failure = th__failure(arena, "FunctionNotFound", text, true);
    th_engine_activity_answered(native->engine, &answer);
    th_arena_free(arena);
}

/* ---- the executor ------------------------------------------------------------------------------
 */

static const th__names *names_of(const th_native *native, th_item_kind kind)
{
    static const th__names none = { 0 };

    switch (kind) {
    case TH_ITEM_ORCHESTRATOR:
        return &native->all.orchestrators;
    case TH_ITEM_ACTIVITY:
        return &native->all.activities;
    case TH_ITEM_ENTITY:
        return &native->all.entities;
    }
    return &none;
}

static const th__named *pick(const th_native *native, const char *name, const char *version)
{
    return th__names_pick(&native->all.orchestrators, name, version, native->versions.match,
                          native->versions.own);
}

/* What is to fail for its version is run here, to be failed. */
static bool can_run(void *self, th_item_kind kind, const char *name, const char *version)
{
    const th_native *native = self;

    if (kind == TH_ITEM_ORCHESTRATOR && !native->versions.fail)
        return pick(native, name, version) != NULL;
    return th__names_find(names_of(self, kind), name) != NULL;
}

/* Each name once, however many versions it has. */
static const char *list(void *self, th_item_kind kind, size_t n)
{
    const th__names *names = names_of(self, kind);

    for (size_t i = 0; i < names->count; i++) {
        bool again = i > 0 && th__name_compare(names->list[i - 1].name, names->list[i].name) == 0;
        if (!again && n-- == 0)
            return names->list[i].name;
    }
    return NULL;
}

static void fail_version(th_native *native, const th_orch_item *item)
{
    th_arena *arena = th_arena_new(0);
    th_answer answer = { .token = item->token, .kind = TH_ANSWER_DONE };
    const char *own = native->versions.own;
    const char *text =
        th_sprintf(arena, "no function '%s' here runs an instance of version '%s'%s%s%s",
                   item->name, item->version ? item->version : "",
                   own ? " (defaultVersion is '" : "", own ? own : "", own ? "')" : "");

    answer.completion = (th_completion){ .done = true, .status = TH_FAILED, .id = TH_NONE };
    answer.completion.failure = th__failure(arena, "VersionMismatch", text, true);
    th_engine_orch_answered(native->engine, &answer);
    th_arena_free(arena);
}

static void run_orchestrator(void *self, const th_orch_item *item)
{
    th_native *native = self;
    const th__named *found = pick(native, item->name, item->version);

    if (!found && !*item->session && native->versions.fail)
        fail_version(native, item);
    else
        th__session_run(native->engine, found ? (th_orch_fn *)found->fn : NULL,
                        native->versions.own, item);
}

static void drop(void *self, void *session)
{
    (void)self;
    th__session_free(session);
}

static void start_activity(void *self, const th_activity_item *item)
{
    th_native *native = self;
    const th__named *found = th__names_find(&native->all.activities, item->name);

    if (!found) {
        answer_unknown(native, item);
        return;
    }

    run *r = run_new(item, (th_activity_fn *)found->fn);
    if (th__threads_submit(native->threads, &r->job))
        return;
    answer_abandoned(native, r->token, NO_THREAD_DELAY);
    free(r);
}

static void start_entity(void *self, const th_entity_item *item)
{
    th_native *native = self;
    const th__named *found = th__names_find(&native->all.entities, item->name);
    th__job *job =
        th__entity_job(item, found ? (th_entity_fn *)found->fn : NULL, native->versions.own);

    atomic_fetch_add(&native->entities, 1);
    if (found && th__threads_submit(native->threads, job))
        return;
    abandon_entity(native, job, NO_THREAD_DELAY);
    free(job);
}

static void cancel(void *self, th_token token)
{
    if (token.pump <
        0) /* an activity's: orchestrators run on the pump's own thread and are never out */
        th__threads_cancel(((th_native *)self)->threads, token.number);
}

static int64_t timeout_of(void *self, const char *name)
{
    const th__named *found = th__names_find(&((th_native *)self)->all.activities, name);

    return found ? found->timeout_us : 0;
}

static void replace(void *self, th_token token)
{
    int n = th__threads_replace(((th_native *)self)->threads, token.number);

    if (n)
        th_log(TH_LOG_WARN, TH_EV_ACTIVITY_FAILED, NULL,
               "the thread of an activity whose time is over was replaced and goes on by itself; "
               "there are %d such threads now",
               n);
}

/* ---- loading -----------------------------------------------------------------------------------
 */

static const char *app_name(th_arena *arena, const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *base = slash ? slash + 1 : path;
    size_t n = strlen(base);

    if (n > 3 && strcmp(base + n - 3, ".so") == 0)
        n -= 3;
    return th_strndup(arena, base, n);
}

static void log_loaded(const struct th_app *app)
{
    th_log(TH_LOG_DEBUG, TH_EV_APP_LOADED, NULL,
           "app '%s' has %zu orchestrators, %zu activities, %zu entities and %zu starters",
           app->name, app->orchestrators.count, app->activities.count, app->entities.count,
           app->starters.count);
}

/* Names only come in when all of the app's are good. */
static th_rc take_app(th_native *native, const char *name, th_native_entry *entry, th_error *err)
{
    th_error wrong = { 0 };
    struct th_app app = { .name = name, .arena = native->arena, .err = &wrong };

    entry(&app);
    th_rc rc = wrong.rc;
    if (rc != TH_OK)
        rc = th_fail(err, rc, "%s", wrong.text);
    else if (app.orchestrators.count + app.activities.count + app.entities.count == 0)
        rc = th_fail(err, TH_CONFIG,
                     "app '%s' registers no orchestrator, no activity and no entity", name);
    else
        rc = th__app_merge(&native->all, &app, err);
    if (rc == TH_OK)
        log_loaded(&app);
    th__app_clear(&app);
    return rc;
}

th_rc th_native_add(th_native *native, const char *name, th_native_entry *entry, th_error *err)
{
    return take_app(native, th_strdup(native->arena, name), entry, err);
}

static th_rc check_file(const char *path, th_error *err)
{
    struct stat st;

    if (stat(path, &st) != 0)
        return th_fail(err, errno == ENOENT || errno == ENOTDIR ? TH_NOT_FOUND : TH_IO,
                       "app '%s': %s", path, strerror(errno));
    if (!S_ISREG(st.st_mode))
        return th_fail(err, TH_CONFIG, "app '%s' is not a file", path);
    return TH_OK;
}

static th_rc open_file(const char *path, void **handle, th_error *err)
{
    char *here = th_malloc(strlen(path) + 3);

    /* A name without a slash would be searched for elsewhere. */
    strcpy(here, strchr(path, '/') ? "" : "./");
    strcat(here, path);
    *handle = dlopen(here, RTLD_NOW | RTLD_LOCAL);
    free(here);
    if (*handle)
        return TH_OK;

    const char *why = dlerror();
    bool newer = why && strstr(why, "undefined symbol: th_");
    return th_fail(err, TH_CONFIG, "app '%s' can't be loaded: %s%s", path, why ? why : "?",
                   newer ? " (was it made with a newer taskhub.h?)" : "");
}

/* dlsym gives an object pointer; POSIX wants it to fit a function. */
static th_native_entry *entry_of(void *handle)
{
    th_native_entry *entry = NULL;
    void *p = dlsym(handle, "taskhub_app");

    memcpy(&entry, &p, sizeof entry);
    return entry;
}

static th_rc check_version(const char *path, void *handle, th_error *err)
{
    const int *version = dlsym(handle, "taskhub_app_version");

    if (!version || !entry_of(handle))
        return th_fail(err, TH_CONFIG,
                       "app '%s' is no app: it has no entry point (TH_APP in taskhub.h makes one)",
                       path);
    if (*version != TH_APP_VERSION)
        return th_fail(err, TH_CONFIG,
                       "app '%s' was made with version %d of taskhub.h, and this program takes "
                       "version %d: compile it again",
                       path, *version, TH_APP_VERSION);
    return TH_OK;
}

/* The object stays open for good: code of it may run at any time. */
th_rc th_native_load(th_native *native, const char *path, th_error *err)
{
    void *handle = NULL;
    th_rc rc = check_file(path, err);

    if (rc == TH_OK)
        rc = open_file(path, &handle, err);
    if (rc == TH_OK)
        rc = check_version(path, handle, err);
    if (rc == TH_OK)
        rc = take_app(native, app_name(native->arena, path), entry_of(handle), err);
    if (rc != TH_OK && handle)
        dlclose(handle);
    return rc;
}

/* ---- a life ------------------------------------------------------------------------------------
 */

th_native *th_native_new(int max_threads)
{
    th_native *native = th_malloc(sizeof *native);
    int max = max_threads < 1 ? 1 : max_threads > 10000 ? 10000 : max_threads;

    native->arena = th_arena_new(0);
    native->all.arena = native->arena;
    native->threads = th__threads_new(max, run_job, give_back, native);
    native->executor = (th_executor){ .name = "native",
                                      .self = native,
                                      .can_run = can_run,
                                      .list = list,
                                      .run_orchestrator = run_orchestrator,
                                      .drop = drop,
                                      .run_activity = start_activity,
                                      .timeout = timeout_of,
                                      .replace = replace,
                                      .cancel = cancel,
                                      .run_entity = start_entity };
    return native;
}

void th_native_set_versions(th_native *native, const th_versions *versions)
{
    native->versions = *versions;
    native->versions.own = th_strdup(native->arena, versions->own);
}

void th_native_attach(th_native *native, th_engine *engine)
{
    native->engine = engine;
}

const th_executor *th_native_executor(th_native *native)
{
    return &native->executor;
}

const th_starter *th_native_starters(const th_native *native, size_t *count)
{
    *count = native->all.starters.count;
    return native->all.starters.list;
}

int th_native_entities(const th_native *native)
{
    return atomic_load(&((th_native *)(uintptr_t)native)->entities);
}

int th_native_overdue(const th_native *native)
{
    return th__threads_replaced(native->threads);
}

void th_native_free(th_native *native)
{
    if (!native)
        return;
    th__threads_free(native->threads);
    th__app_clear(&native->all);
    th_arena_free(native->arena);
    free(native);
}
