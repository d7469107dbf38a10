/*
 * admin_api.c - for operators and their machines: health, readiness, metrics.
 */
#include "http/http_int.h"

#include <inttypes.h>

/* ---- health -----------------------------------------------------------------------------------
 */

typedef struct state {
    bool database, storage, ready, paused;
    const char *text;
} state;

static void answer_state(th__request *r, const state *s, bool good)
{
    th_buf_clear(&r->out);
    th_buf_printf(
        &r->out, "{\"status\":\"%s\",\"database\":%s,\"storage\":%s,\"ready\":%s,\"paused\":%s,",
        good ? "ok" : "unavailable", s->database ? "true" : "false", s->storage ? "true" : "false",
        s->ready ? "true" : "false", s->paused ? "true" : "false");
    th_buf_str(&r->out, "\"version\":\"" TH_VERSION "\",\"hub\":");
    th_buf_json_str(&r->out, r->server->options.hub.name);
    th_buf_str(&r->out, ",\"text\":");
    th_buf_json_str(&r->out, s->text);
    th_buf_chr(&r->out, '}');
    th__answer_json(r, good ? 200 : 503);
}

static bool is_good(const th__request *r, const state *s)
{
    return r->wants_ready ? s->database && s->storage && s->ready : s->database && s->storage;
}

static th_rc ask_database(th__request *r, th_db *db, th_error *err)
{
    r->rc = th_db_query(db, "select 1", 0, NULL, NULL, err);
    return r->rc;
}

static void finish_asked(th__request *r)
{
    bool there = r->rc == TH_OK;
    state s = { there, there, there, false, there ? "" : "the database cannot be reached" };

    answer_state(r, &s, is_good(r, &s));
}

/* Without an engine nobody watches the database, so the pool asks it. */
static void answer_health(th__request *r)
{
    th_engine_health h = { 0 };
    state s = { 0 };

    if (atomic_load(&r->server->draining)) {
        s.database = s.storage = true;
        s.text = "stopping";
    } else if (r->server->options.engine) {
        th_engine_health_get(r->server->options.engine, &h);
        s = (state){ h.database, h.storage, h.ready, h.paused, th_strdup(r->arena, h.text) };
    } else {
        r->rc = TH_UNAVAILABLE; /* until the database has answered */
        r->finish = finish_asked;
        th__pool_run(r, ask_database, NULL);
        return;
    }
    answer_state(r, &s, is_good(r, &s));
    th__request_done(r);
}

void th__health(th__request *r)
{
    answer_health(r);
}

void th__readiness(th__request *r)
{
    r->wants_ready = true;
    answer_health(r);
}

/* ---- metrics ----------------------------------------------------------------------------------
 */

static void metric(th_buf *out, const char *name, const char *type, const char *help, int64_t value)
{
    th_buf_printf(out, "# HELP taskhub_%s %s\n# TYPE taskhub_%s %s\ntaskhub_%s %" PRId64 "\n", name,
                  help, name, type, name, value);
}

#define COUNTER_MAP(X)                                                            \
    X(episodes, "Orchestrator episodes run.")                                     \
    X(batches, "Batches committed.")                                              \
    X(batch_failures, "Batches that failed and were settled or run again.")       \
    X(starts, "Executions begun.")                                                \
    X(completions_local, "Activity results that did not pass through the queue.") \
    X(completions_queue, "Activity results that came through the queue.")         \
    X(activities_run, "Activities run.")                                          \
    X(dropped_messages, "Messages that no longer had a receiver.")                \
    X(dropped_completions, "Activity results that nobody waited for any more.")   \
    X(replays, "Instances brought back to memory from their history.")            \
    X(evictions, "Instances put out of memory.")                                  \
    X(poisoned, "Instances or activities set aside because they break their worker.")

#define GAUGE_MAP(X)                                          \
    X(partitions_owned, "Partitions that this process owns.") \
    X(warm_instances, "Instances in memory.")                 \
    X(activities_active, "Activities running now.")           \
    X(paused, "1 while the hub is paused: nothing new begins.")

static void engine_metrics(th_buf *out, th_engine *engine)
{
    th_engine_stats stats = { 0 };

    th_engine_stats_get(engine, &stats);
#define COUNTER(name, help) metric(out, #name "_total", "counter", help, stats.name);
    COUNTER_MAP(COUNTER)
#undef COUNTER
#define GAUGE(name, help) metric(out, #name, "gauge", help, stats.name);
    GAUGE_MAP(GAUGE)
#undef GAUGE
}

static void http_metrics(th_buf *out, th_http_server *server)
{
    th_buf_str(out, "# HELP taskhub_http_answers_total HTTP answers by hundreds of their status.\n"
                    "# TYPE taskhub_http_answers_total counter\n");
    for (int i = 1; i < 6; i++)
        th_buf_printf(out, "taskhub_http_answers_total{status=\"%dxx\"} %" PRId64 "\n", i,
                      (int64_t)atomic_load(&server->answered[i]));
    metric(out, "http_active", "gauge", "HTTP requests under way.",
           (int64_t)atomic_load(&server->active));
    metric(out, "http_body_bytes", "gauge", "Bytes of request bodies in memory.",
           (int64_t)atomic_load(&server->body_budget));
}

void th__metrics(th__request *r)
{
    th_buf_clear(&r->out);
    http_metrics(&r->out, r->server);
    if (r->server->options.engine)
        engine_metrics(&r->out, r->server->options.engine);
    r->status = 200;
    r->content_type = "text/plain; version=0.0.4; charset=utf-8";
    th__request_done(r);
}
