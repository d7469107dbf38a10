/*
 * functions.c - see functions.h.
 */
#include "functions/functions.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "functions/functions_int.h"

static const th__trigger triggers_of[] = { [TH_ITEM_ORCHESTRATOR] = TH__ORCHESTRATION,
                                           [TH_ITEM_ACTIVITY] = TH__ACTIVITY,
                                           [TH_ITEM_ENTITY] = TH__ENTITY };

static bool can_run(void *self, th_item_kind kind, const char *name, const char *version)
{
    th_functions *functions = self;

    (void)version; /* the app has one version of its functions */
    if (kind != TH_ITEM_ENTITY && th__timer_named(functions, name))
        return true;
    return th__table_find(functions->table, triggers_of[kind], name) != NULL;
}

static const char *list(void *self, th_item_kind kind, size_t n)
{
    th_functions *functions = self;
    const th__function *f = th__table_nth(functions->table, triggers_of[kind], n);
    size_t own = 0;

    if (f || kind == TH_ITEM_ENTITY)
        return f ? f->durable_name : NULL;
    while (th__table_nth(functions->table, triggers_of[kind], own))
        own++;
    return n - own < functions->timer_count ? functions->timers[n - own] : NULL;
}

/* ---- start ------------------------------------------------------------------------------------
 */

static th_rc start_crew(th_functions *functions, th_error *err)
{
    const th__app *app = &functions->app;
    th__crew_options options = { .folder = app->folder,
                                 .argv = app->argv,
                                 .env = app->settings.lines,
                                 .worker_folder = app->worker_folder,
                                 .processes = app->processes };

    th_log(TH_LOG_INFO, TH_EV_APP_LOADED, NULL, "loading %s/%s with %s", app->folder, app->script,
           app->interpreter);
    return th__crew_start(&options, &functions->crew, err);
}

static void fill_executor(th_functions *functions)
{
    functions->executor = (th_executor){ .name = "functions",
                                         .self = functions,
                                         .can_run = can_run,
                                         .list = list,
                                         .run_orchestrator = th__orch_run,
                                         .drop = th__orch_drop,
                                         .run_activity = th__activity_run,
                                         .run_entity = th__entity_start };
}

th_rc th_functions_open(const th_functions_options *options, th_functions **out, th_error *err)
{
    th_functions *functions = th_malloc(sizeof *functions);

    functions->arena = th_arena_new(0);
    functions->timeout_us = options->timeout_us;
    const char *const given[TH__LANGUAGES] = {
        [TH__PYTHON] = options->python, [TH__NODE] = options->node
    };
    th_rc rc = th__app_open(functions->arena, options->folder, given, options->hostname,
                            &functions->app, err);
    if (rc == TH_OK)
        rc = th__cors_read(functions->arena, functions->app.settings.cors,
                           functions->app.settings.cors_credentials, &functions->cors, err);
    if (rc == TH_OK)
        rc = start_crew(functions, err);
    if (rc != TH_OK) {
        th_functions_free(functions);
        return rc;
    }
    functions->table = th__crew_table(functions->crew);
    fill_executor(functions);
    th__http_open(functions);
    rc = th__timers_open(functions, err);
    if (rc != TH_OK) {
        th_functions_free(functions);
        return rc;
    }
    *out = functions;
    return TH_OK;
}

void th_functions_attach(th_functions *functions, th_engine *engine)
{
    functions->engine = engine;
}

const th_executor *th_functions_executor(th_functions *functions)
{
    return &functions->executor;
}

const th_triggers *th_functions_triggers(th_functions *functions)
{
    return &functions->triggers;
}

void th_functions_serve(th_functions *functions, const th_functions_place *place)
{
    functions->client = th__client_json(functions->arena, place);
}

/* ---- for people -------------------------------------------------------------------------------
 */

static void put_methods(th_buf *line, const th__function *f)
{
    th_buf_str(line, "[");
    for (size_t i = 0; f->methods && f->methods[i]; i++)
        th_buf_printf(line, "%s%s", i ? "," : "", f->methods[i]);
    th_buf_str(line, f->methods ? "] " : "any method] ");
}

void th_functions_log(th_functions *functions, const char *origin, const char *prefix)
{
    const th__table *table = functions->table;

    for (size_t i = 0; i < table->count; i++) {
        const th__function *f = &table->functions[i];
        th_buf line = TH_BUF_INIT;
        th_buf_printf(&line, "%s: ", f->name);
        if (f->trigger == TH__HTTP && origin) {
            put_methods(&line, f);
            th_buf_printf(&line, "%s/%s%s%s", origin, prefix, *prefix ? "/" : "", f->route);
        } else {
            th_buf_str(&line, th__trigger_name(f->trigger));
        }
        th_log(TH_LOG_INFO, TH_EV_APP_LOADED, NULL, "%s", line.data);
        th_buf_free(&line);
    }
}

/* ---- stop -------------------------------------------------------------------------------------
 */

int th_functions_calls(th_functions *functions)
{
    return th__crew_calls(functions->crew);
}

void th_functions_stop(th_functions *functions, int64_t drain_us)
{
    th__crew_stop(functions->crew, drain_us);
}

void th_functions_free(th_functions *functions)
{
    if (!functions)
        return;
    th__crew_free(functions->crew);
    th_arena_free(functions->arena);
    free(functions);
}
