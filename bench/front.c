/*
 * front.c - what the front end's statements reach when they are driven straight from C, with no
 * HTTP.
 *
 * So many callers, each with one request under way, submit starts or status reads through front.h,
 * as the HTTP server does for its clients: what arrives together shares statements and commits, and
 * each caller has its answer after its commit.
 *
 *     front --database CONNINFO start|read [--callers 64] [--connections 2] [--count 20000]
 *
 * Writes one line: {"what":"start","callers":64,"count":20000,"seconds":1.2,"per_second":16000}
 */
#include <getopt.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "store/db.h"
#include "store/front.h"
#include "store/hubs.h"

enum { READ_IDS = 1000 };

typedef struct bench {
    const char *database;
    bool read;
    long callers, connections, count;
    th_hub hub;
    th_front *front;
    char ids[READ_IDS][TH_UUID_TEXT];
    atomic_long submitted, answered;
    pthread_mutex_t lock;
    pthread_cond_t done;
} bench;

static _Noreturn void fail(const char *what, const char *why)
{
    fprintf(stderr, "front: %s: %s\n", what, why);
    exit(1);
}

static void answered(void *arg, const th_front_answer *answer);

static void submit_start(bench *b, const char *id)
{
    th_start_request request = { .instance_id = id,
                                 .name = "hello_orchestrator",
                                 .input = "\"x\"" };

    th_front_start(b->front, &b->hub, &request, answered, b);
}

/* The next request, until all are under way. */
static void submit(bench *b)
{
    long n = atomic_fetch_add(&b->submitted, 1);
    char id[TH_UUID_TEXT];

    if (n >= b->count)
        return;
    if (b->read) {
        th_front_get(b->front, &b->hub, b->ids[n % READ_IDS], answered, b);
        return;
    }
    th_uuid random = th_uuid_random();
    th_uuid_text(&random, id);
    submit_start(b, id);
}

static void answered(void *arg, const th_front_answer *answer)
{
    bench *b = arg;

    if (answer->rc != TH_OK)
        fail("a request failed", answer->text ? answer->text : th_rc_name(answer->rc));
    if (atomic_fetch_add(&b->answered, 1) + 1 == b->count) {
        pthread_mutex_lock(&b->lock);
        pthread_cond_signal(&b->done);
        pthread_mutex_unlock(&b->lock);
    }
    submit(b);
}

/* As in one process that also owns the partitions: nobody need be notified. */
static bool wake(void *arg, int32_t partition_id)
{
    (void)arg;
    (void)partition_id;
    return true;
}

static void must(th_rc rc, const char *what, const th_error *err)
{
    if (rc != TH_OK)
        fail(what, err->text);
}

static void wait_for_all(bench *b)
{
    pthread_mutex_lock(&b->lock);
    while (atomic_load(&b->answered) < b->count)
        pthread_cond_wait(&b->done, &b->lock);
    pthread_mutex_unlock(&b->lock);
}

/* The instances that will be read. */
static void start_some(bench *b)
{
    for (int i = 0; i < READ_IDS; i++) {
        th_uuid random = th_uuid_random();
        th_uuid_text(&random, b->ids[i]);
    }
    atomic_store(&b->submitted, b->count); /* so that an answer asks for no more */
    atomic_store(&b->answered, b->count - READ_IDS);
    for (int i = 0; i < READ_IDS; i++)
        submit_start(b, b->ids[i]);
    wait_for_all(b);
    atomic_store(&b->submitted, 0);
    atomic_store(&b->answered, 0);
}

static void open_front(bench *b)
{
    th_front_options options = { .conninfo = b->database,
                                 .connections = (int)b->connections,
                                 .wake = wake };
    th_error err = { 0 };
    th_db *db;

    must(th_db_open(b->database, TH_DB_POOL, &db, &err), "connect", &err);
    must(th_hub_ensure(db, "Front", 4, &b->hub, &err), "create a hub", &err);
    th_db_close(db);
    must(th_front_new(&options, &b->front, &err), "open the front", &err);
}

static void measure(bench *b)
{
    open_front(b);
    if (b->read)
        start_some(b);
    int64_t began_us = th_mono_us();
    for (long i = 0; i < b->callers; i++)
        submit(b);
    wait_for_all(b);
    double seconds = (double)(th_mono_us() - began_us) / 1e6;
    th_front_free(b->front);
    printf("{\"what\":\"%s\",\"callers\":%ld,\"connections\":%ld,\"count\":%ld,\"seconds\":%.4f,"
           "\"per_second\":%.1f}\n",
           b->read ? "read" : "start", b->callers, b->connections, b->count, seconds,
           (double)b->count / seconds);
}

/* ---- options -------------------------------------------------------------------------------- */

static const struct option long_options[] = {
    { "database", required_argument, NULL, 'd' },
    { "callers", required_argument, NULL, 'c' },
    { "connections", required_argument, NULL, 'k' },
    { "count", required_argument, NULL, 'n' },
    { NULL, 0, NULL, 0 },
};

static _Noreturn void usage(void)
{
    fprintf(stderr, "usage: front --database CONNINFO start|read [--callers N] [--connections N] "
                    "[--count N]\n");
    exit(2);
}

static void number(long *out, const char *text, long min, long max)
{
    char *end;

    *out = strtol(text, &end, 10);
    if (end == text || *end || *out < min || *out > max)
        usage();
}

static void take_option(bench *b, int letter, const char *value)
{
    if (letter == 'd')
        b->database = value;
    else if (letter == 'c')
        number(&b->callers, value, 1, 10000);
    else if (letter == 'k')
        number(&b->connections, value, 1, 64);
    else if (letter == 'n')
        number(&b->count, value, 1, 10000000);
    else
        usage();
}

static void take_operand(bench *b, int n, char **operands)
{
    if (n != 1 || !b->database)
        usage();
    b->read = strcmp(operands[0], "read") == 0;
    if (!b->read && strcmp(operands[0], "start") != 0)
        usage();
    if (b->read && b->count < READ_IDS)
        b->count = READ_IDS;
}

int main(int argc, char **argv)
{
    static bench b = { .callers = 64,
                       .connections = 2,
                       .count = 20000,
                       .lock = PTHREAD_MUTEX_INITIALIZER,
                       .done = PTHREAD_COND_INITIALIZER };

    b.database = getenv("TASKHUB_DATABASE_URL");
    for (int letter; (letter = getopt_long(argc, argv, "", long_options, NULL)) != -1;)
        take_option(&b, letter, optarg);
    take_operand(&b, argc - optind, argv + optind);
    measure(&b);
    return 0;
}
