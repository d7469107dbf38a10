/*
 * ceiling.c - what the statements of a batch reach when they are driven straight from C, with no
 * engine.
 *
 * Starts hello sequences by SQL, takes the partitions of a hub as an owner does, and sends the
 * batches that the engine would send for them (chain, instances, history, consume, schedule,
 * finish), through the same pen.h and batch.h, with the same event texts: three activities born
 * claimed, four episodes a sequence. No orchestrator and no activity runs. `--shape fan_out` sends
 * those of one instance with that many activities.
 *
 *     ceiling --database CONNINFO [--shape hello|fan_out] [--count N] [--batch 500] [--connections
 * 2]
 *             [--in-flight 2] [--partitions 4]
 *
 * Writes one line:
 * {"shape":"hello","count":20000,"seconds":0.8,"per_second":25000,"client_cpu_seconds":0.2}
 */
#include <getopt.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "base/clock.h"
#include "engine/event.h"
#include "store/db.h"
#include "store/hubs.h"
#include "store/pen.h"

enum {
    MAX_CONNECTIONS = 16,
    MAX_IN_FLIGHT = 2,
    MAX_PARTITIONS = 64,
    ACT_INDEX_BITS = 20,
    WORKER = 1
};
enum { EPISODES = 4, HELLO_SEQ = 3 }; /* events a hello episode writes: each takes three numbers */

typedef struct options {
    const char *database;
    bool fan_out;
    long count, batch, connections, in_flight, partitions;
} options;

typedef struct part {
    int32_t id;
    int64_t next_commit, term;
    int64_t act_index; /* of the batch that is being filled */
    bool touched;
} part;

/* One hello sequence: its start message with the instance's row, and its open activity. */
typedef struct sequence {
    const th_inbox_row *row;
    part *part;
    th_batch_key key;
    int64_t activity;
} sequence;

/* A batch in flight, or the group of sequences that it moves on by one episode. */
typedef struct group {
    th_batch *batch;
    sequence *first;
    size_t n;
    int episode;
} group;

typedef struct owner {
    const options *o;
    pthread_t thread;
    pthread_barrier_t *ready;
    th_pen *pen;
    part parts[MAX_PARTITIONS];
    size_t part_count;
    th_pen_done read; /* holds the rows */
    sequence *sequences;
    size_t count, given; /* given: to groups so far */
    group groups[MAX_IN_FLIGHT];
    th_buf events;
    int64_t ended_us;
} owner;

static _Noreturn void fail(const char *what, const th_error *err)
{
    fprintf(stderr, "ceiling: %s: %s\n", what, err->text);
    exit(1);
}

static void must(th_rc rc, const char *what, const th_error *err)
{
    if (rc != TH_OK)
        fail(what, err);
}

/* ---- the connection ------------------------------------------------------------------------- */

/* The next operation that is done, waited for. */
static th_pen_done await(owner *w)
{
    th_pen_done done;
    th_error err = { 0 };
    bool got = false;

    for (;;) {
        must(th_pen_next(w->pen, &done, &got, &err), "read an answer", &err);
        if (got)
            break;
        short events = th_pen_wants_write(w->pen) ? POLLIN | POLLOUT : POLLIN;
        struct pollfd fd = { .fd = th_pen_fd(w->pen), .events = events };
        poll(&fd, 1, -1);
        must(th_pen_pump(w->pen, &err), "move bytes", &err);
    }
    if (done.rc != TH_OK)
        fail(done.statement, &done.error);
    return done;
}

static void take_partitions(owner *w)
{
    th_error err = { 0 };
    th_ownership had;

    must(th_pen_open(w->o->database, &w->pen, &err), "connect", &err);
    for (size_t i = 0; i < w->part_count; i++) {
        must(th_pen_acquire(w->pen, w->parts[i].id, WORKER, &had, &err), "take a partition", &err);
        w->parts[i].term = had.term;
        w->parts[i].next_commit = had.term + 1;
    }
}

static void give_partitions(owner *w)
{
    th_error err = { 0 };

    for (size_t i = 0; i < w->part_count; i++)
        must(th_pen_give(w->pen, w->parts[i].id, &err), "give a partition back", &err);
    th_pen_close(w->pen);
}

/* ---- what is to be done --------------------------------------------------------------------- */

static part *part_of(owner *w, int32_t id)
{
    for (size_t i = 0; i < w->part_count; i++)
        if (w->parts[i].id == id)
            return &w->parts[i];
    fprintf(stderr, "ceiling: a message of partition %d, which is not ours\n", id);
    exit(1);
}

/* As they were sent: a batch then touches all partitions of the connection, as the engine's does.
 */
static int by_number(const void *a, const void *b)
{
    const th_inbox_row *x = a, *y = b;

    return x->message_no < y->message_no ? -1 : x->message_no > y->message_no;
}

static void read_starts(owner *w)
{
    int32_t ids[MAX_PARTITIONS];
    th_error err = { 0 };

    for (size_t i = 0; i < w->part_count; i++)
        ids[i] = w->parts[i].id;
    th_pen_read read = { .partitions = ids, .count = w->part_count, .limit = (int32_t)w->o->count };
    must(th_pen_send_read(w->pen, &read, &err), "read", &err);
    w->read = await(w);
    qsort(w->read.rows, w->read.count, sizeof w->read.rows[0], by_number);
    w->count = w->read.count;
    w->sequences = th_malloc((w->count + 1) * sizeof *w->sequences);
    for (size_t i = 0; i < w->count; i++) {
        const th_inbox_row *row = &w->read.rows[i];
        w->sequences[i] = (sequence){ .row = row,
                                      .part = part_of(w, row->partition_id),
                                      .key = { .partition_id = row->partition_id,
                                               .instance_id = row->instance_id,
                                               .start_id = row->row_start_id,
                                               .execution_id = row->row_execution_id } };
    }
}

/* ---- one episode ---------------------------------------------------------------------------- */

static const char *const cities[] = { "\"Tokyo\"", "\"Seattle\"", "\"London\"" };
static const char *const greetings[] = { "\"Hello Tokyo!\"", "\"Hello Seattle!\"",
                                         "\"Hello London!\"" };
static const char output[] = "[\"Hello Tokyo!\",\"Hello Seattle!\",\"Hello London!\"]";

static void write_event(th_buf *out, th_kind kind, int64_t t_us, int32_t ref, int32_t id,
                        const char *name, const char *payload)
{
    th_event e = th_event_of(kind);

    e.t_us = t_us;
    e.name = name;
    e.payload = payload;
    e.ref = ref;
    if (ref != TH_NONE)
        e.task_id = id;
    else
        e.id = id;
    if (kind == TH_ExecutionCompleted)
        e.status = TH_COMPLETED;
    th_buf_chr(out, out->len ? ',' : '[');
    th_event_write(out, &e);
}

static void schedule(th_batch *batch, sequence *s, int32_t seq, int32_t task_id, const char *name,
                     const char *input)
{
    /* th_batch_chain gets this number when the batch is full: it is the partition's next one. */
    s->activity = (s->part->next_commit << ACT_INDEX_BITS) | s->part->act_index++;
    th_batch_activity a = { .id = s->activity,
                            .seq = seq,
                            .task_id = task_id,
                            .name = name,
                            .input = input,
                            .attempt = 1,
                            .due_us = TH_TIME_NEG_INF,
                            .claimed_by = WORKER };
    th_batch_schedule(batch, &s->key, &a);
}

static void change(th_batch *batch, const sequence *s, th_status status, const char *result)
{
    th_batch_change c = { .status = (int16_t)status, .output = result, .executor = "native" };

    th_batch_instance(batch, &s->key, &c);
}

static void started(owner *w, group *g, const sequence *s, int64_t now_us)
{
    write_event(&w->events, TH_ExecutionStarted, s->row->sent_us, TH_NONE, TH_NONE,
                s->row->row_name, s->row->input);
    th_batch_consume(g->batch, s->row->partition_id, s->row->due_us, s->row->message_no);
    change(g->batch, s, TH_RUNNING, NULL);
    (void)now_us;
}

static void greeted(owner *w, group *g, const sequence *s, int64_t now_us)
{
    int done = g->episode - 1;

    write_event(&w->events, TH_TaskCompleted, now_us, HELLO_SEQ * done + 2, done, NULL,
                greetings[done]);
    th_batch_finish(g->batch, s->row->partition_id, s->activity, 1);
}

static void hello_episode(owner *w, group *g, sequence *s)
{
    int64_t now_us = th_now_us();
    int k = g->episode;

    w->events.len = 0;
    write_event(&w->events, TH_OrchestratorStarted, now_us, TH_NONE, TH_NONE, NULL, NULL);
    (k == 0 ? started : greeted)(w, g, s, now_us);
    if (k < EPISODES - 1) {
        write_event(&w->events, TH_TaskScheduled, 0, TH_NONE, k, "SayHello", cities[k]);
        schedule(g->batch, s, HELLO_SEQ * k + 2, k, "SayHello", cities[k]);
    } else {
        write_event(&w->events, TH_ExecutionCompleted, 0, TH_NONE, k, NULL, output);
        change(g->batch, s, TH_COMPLETED, output);
    }
    th_buf_chr(&w->events, ']');
    th_batch_history(g->batch, &s->key, k, HELLO_SEQ * k, now_us, w->events.data, w->events.len,
                     NULL);
    s->part->touched = true;
}

/* ---- batches -------------------------------------------------------------------------------- */

static void send_group(owner *w, group *g)
{
    th_error err = { 0 };

    for (size_t i = 0; i < w->part_count; i++) {
        part *p = &w->parts[i];
        if (p->touched)
            th_batch_chain(g->batch, p->id, p->next_commit++, p->term);
        p->touched = false;
        p->act_index = 0;
    }
    must(th_pen_send_batch(w->pen, g->batch, (uint64_t)(g - w->groups), &err), "send a batch",
         &err);
}

static void fill_and_send(owner *w, group *g)
{
    th_batch_clear(g->batch);
    for (size_t i = 0; i < g->n; i++)
        hello_episode(w, g, &g->first[i]);
    send_group(w, g);
}

/* The group's next episode, or the next group's first one; false: nothing is left. */
static bool move_on(owner *w, group *g)
{
    if (g->n > 0 && ++g->episode < EPISODES) {
        fill_and_send(w, g);
        return true;
    }
    size_t left = w->count - w->given, batch = (size_t)w->o->batch;
    g->first = &w->sequences[w->given];
    g->n = left < batch ? left : batch;
    g->episode = 0;
    w->given += g->n;
    if (g->n == 0)
        return false;
    fill_and_send(w, g);
    return true;
}

static void drive_hello(owner *w)
{
    int flying = 0;

    for (long i = 0; i < w->o->in_flight; i++)
        flying += move_on(w, &w->groups[i]);
    while (flying > 0) {
        th_pen_done done = await(w);
        flying += move_on(w, &w->groups[done.tag]) ? 0 : -1;
        th_pen_done_clear(&done);
    }
}

/* ---- fan-out: one instance, many activities -------------------------------------------------- */

static void begin_row(owner *w, group *g, int64_t now_us)
{
    th_batch_clear(g->batch);
    w->events.len = 0;
    write_event(&w->events, TH_OrchestratorStarted, now_us, TH_NONE, TH_NONE, NULL, NULL);
}

static void end_row(owner *w, group *g, sequence *s, int32_t first_seq, int64_t now_us)
{
    th_buf_chr(&w->events, ']');
    th_batch_history(g->batch, &s->key, g->episode++, first_seq, now_us, w->events.data,
                     w->events.len, NULL);
    s->part->touched = true;
    send_group(w, g);
    th_pen_done done = await(w);
    th_pen_done_clear(&done);
}

static int64_t fan_out(owner *w, group *g, sequence *s, int64_t now_us)
{
    char input[24];
    int64_t first = (s->part->next_commit << ACT_INDEX_BITS);

    begin_row(w, g, now_us);
    started(w, g, s, now_us);
    for (int32_t i = 0; i < w->o->count; i++) {
        snprintf(input, sizeof input, "%d", i);
        write_event(&w->events, TH_TaskScheduled, 0, TH_NONE, i, "Square", input);
        schedule(g->batch, s, i + 2, i, "Square", input);
    }
    end_row(w, g, s, 0, now_us);
    return first;
}

static void fan_in(owner *w, group *g, sequence *s, int64_t first, int32_t from, int32_t to)
{
    char result[24];
    int64_t now_us = th_now_us();

    begin_row(w, g, now_us);
    for (int32_t i = from; i < to; i++) {
        snprintf(result, sizeof result, "%lld", (long long)i * i);
        write_event(&w->events, TH_TaskCompleted, now_us, i + 2, i, NULL, result);
        th_batch_finish(g->batch, s->row->partition_id, first + i, 1);
    }
    if (to == w->o->count) {
        write_event(&w->events, TH_ExecutionCompleted, 0, TH_NONE, to, NULL, "1");
        change(g->batch, s, TH_COMPLETED, "1");
    }
    end_row(w, g, s, (int32_t)w->o->count + 2 + from + g->episode - 1, now_us);
}

static void drive_fan_out(owner *w)
{
    int32_t count = (int32_t)w->o->count, step = (int32_t)w->o->batch;

    if (w->count == 0)
        return; /* the one instance is in another connection's partition */
    int64_t first = fan_out(w, &w->groups[0], &w->sequences[0], th_now_us());
    for (int32_t i = 0; i < count; i += step)
        fan_in(w, &w->groups[0], &w->sequences[0], first, i, i + step < count ? i + step : count);
}

/* ---- the whole ------------------------------------------------------------------------------ */

static void *own(void *arg)
{
    owner *w = arg;

    take_partitions(w);
    pthread_barrier_wait(w->ready);
    read_starts(w);
    if (w->o->fan_out)
        drive_fan_out(w);
    else
        drive_hello(w);
    w->ended_us = th_mono_us();
    give_partitions(w);
    th_pen_done_clear(&w->read);
    free(w->sequences);
    return NULL;
}

static owner *new_owners(const options *o, const th_hub *hub, pthread_barrier_t *ready)
{
    owner *owners = th_malloc((size_t)o->connections * sizeof *owners);

    for (long i = 0; i < o->connections; i++) {
        owners[i] = (owner){ .o = o, .ready = ready, .events = TH_BUF_INIT };
        for (int g = 0; g < MAX_IN_FLIGHT; g++)
            owners[i].groups[g].batch = th_batch_new();
    }
    for (int32_t p = 0; p < hub->partition_count; p++) {
        owner *w = &owners[p % o->connections];
        w->parts[w->part_count++] = (part){ .id = hub->first_partition + p };
    }
    return owners;
}

static void free_owners(const options *o, owner *owners)
{
    for (long i = 0; i < o->connections; i++) {
        for (int g = 0; g < MAX_IN_FLIGHT; g++)
            th_batch_free(owners[i].groups[g].batch);
        th_buf_free(&owners[i].events);
    }
    free(owners);
}

/* From the moment that all own their partitions until the last one's last answer. */
static double drive(const options *o, const th_hub *hub)
{
    pthread_barrier_t ready;
    int64_t began_us, ended_us = 0;

    pthread_barrier_init(&ready, NULL, (unsigned)o->connections + 1);
    owner *owners = new_owners(o, hub, &ready);
    for (long i = 0; i < o->connections; i++)
        pthread_create(&owners[i].thread, NULL, own, &owners[i]);
    pthread_barrier_wait(&ready);
    began_us = th_mono_us();
    for (long i = 0; i < o->connections; i++) {
        pthread_join(owners[i].thread, NULL);
        if (owners[i].ended_us > ended_us)
            ended_us = owners[i].ended_us;
    }
    free_owners(o, owners);
    pthread_barrier_destroy(&ready);
    return (double)(ended_us - began_us) / 1e6;
}

static th_db *prepare(const options *o, th_hub *hub, char name[64])
{
    th_uuid random = th_uuid_random();
    char text[TH_UUID_TEXT];
    th_error err = { 0 };
    th_db *db;

    th_uuid_text(&random, text);
    snprintf(name, 64, "ceiling%.16s", text);
    must(th_db_open(o->database, TH_DB_POOL, &db, &err), "connect", &err);
    must(th_hub_ensure(db, name, (int32_t)o->partitions, hub, &err), "create a hub", &err);
    return db;
}

static void start(th_db *db, const options *o, const char *hub)
{
    char count[24];
    const char *params[] = { o->fan_out ? "fan_out_orchestrator" : "hello_orchestrator", count,
                             hub };
    th_error err = { 0 };

    snprintf(count, sizeof count, "%ld", o->fan_out ? 1 : o->count);
    must(th_db_query(db,
                     "select count(*) from taskhub.start_instances($1, array_fill('\"x\"'::text, "
                     "array[$2::int]), $3)",
                     3, params, NULL, &err),
         "start", &err);
}

static void check(th_db *db, const options *o, const char *hub)
{
    const char *params[] = { hub };
    th_error err = { 0 };
    PGresult *res = NULL;

    must(th_db_query(db,
                     "select count(*) from taskhub.instances i join taskhub.hubs h on "
                     "i.partition_id between "
                     "h.first_partition and h.first_partition + h.partition_count - 1 "
                     "where h.name = $1 and i.status = 1",
                     1, params, &res, &err),
         "count", &err);
    long done = strtol(PQgetvalue(res, 0, 0), NULL, 10), want = o->fan_out ? 1 : o->count;
    PQclear(res);
    if (done == want)
        return;
    fprintf(stderr, "ceiling: %ld of %ld instances are Completed\n", done, want);
    exit(1);
}

static double cpu_seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void measure(const options *o)
{
    char name[64];
    th_hub hub;
    th_db *db = prepare(o, &hub, name);

    start(db, o, name);
    double cpu = cpu_seconds(), seconds = drive(o, &hub);
    cpu = cpu_seconds() - cpu;
    check(db, o, name);
    th_db_close(db);
    printf("{\"shape\":\"%s\",\"count\":%ld,\"batch\":%ld,\"connections\":%ld,\"in_flight\":%ld,"
           "\"seconds\":%.4f,\"per_second\":%.1f,\"client_cpu_seconds\":%.3f}\n",
           o->fan_out ? "fan_out" : "hello", o->count, o->batch, o->connections, o->in_flight,
           seconds, (double)o->count / seconds, cpu);
}

/* ---- options -------------------------------------------------------------------------------- */

static const struct option long_options[] = {
    { "database", required_argument, NULL, 'd' },    { "shape", required_argument, NULL, 's' },
    { "count", required_argument, NULL, 'n' },       { "batch", required_argument, NULL, 'b' },
    { "connections", required_argument, NULL, 'c' }, { "in-flight", required_argument, NULL, 'f' },
    { "partitions", required_argument, NULL, 'p' },  { NULL, 0, NULL, 0 },
};

static _Noreturn void usage(void)
{
    fprintf(stderr,
            "usage: ceiling --database CONNINFO [--shape hello|fan_out] [--count N] [--batch N]\n"
            "               [--connections N] [--in-flight 1|2] [--partitions N]\n");
    exit(2);
}

static void number(long *out, const char *text, long max)
{
    char *end;

    *out = strtol(text, &end, 10);
    if (end == text || *end || *out < 1 || *out > max)
        usage();
}

static void take_option(options *o, int letter, const char *value)
{
    switch (letter) {
    case 'd':
        o->database = value;
        break;
    case 's':
        o->fan_out = strcmp(value, "fan_out") == 0;
        if (!o->fan_out && strcmp(value, "hello") != 0)
            usage();
        break;
    case 'n':
        number(&o->count, value, 1000000);
        break;
    case 'b':
        number(&o->batch, value, 1000000);
        break;
    case 'c':
        number(&o->connections, value, MAX_CONNECTIONS);
        break;
    case 'f':
        number(&o->in_flight, value, MAX_IN_FLIGHT);
        break;
    case 'p':
        number(&o->partitions, value, MAX_PARTITIONS);
        break;
    default:
        usage();
    }
}

int main(int argc, char **argv)
{
    options o = { .database = getenv("TASKHUB_DATABASE_URL"),
                  .count = 20000,
                  .batch = 500,
                  .connections = 2,
                  .in_flight = 2,
                  .partitions = 4 };

    for (int letter; (letter = getopt_long(argc, argv, "", long_options, NULL)) != -1;)
        take_option(&o, letter, optarg);
    if (!o.database || optind != argc || o.connections > o.partitions)
        usage();
    measure(&o);
    return 0;
}
