/* test_front.c - many callers' starts, signals and reads through one front. */
#include <pthread.h>

#include "given_hub.h"
#include "store/front.h"
#include "store/instances.h"
#include "store/notify.h"
#include "test.h"

enum {
    COMPLETED = 1,
    FAILED = 3,
    PENDING = 6,
    IS_SUSPENDED = 7
}; /* statuses, as in engine/event.h */

/* ---- callers ----------------------------------------------------------------------------------
 */

typedef struct party party;

/* One caller and the answer that it got. */
typedef struct caller {
    party *party;
    int answers;
    th_rc rc;
    int status;
    int64_t at_us;
    char text[128];
    size_t output_size;
    char name[32];
    char execution_id[TH_UUID_TEXT];
} caller;

/* All callers of a test, who wait together. */
struct party {
    pthread_mutex_t mutex;
    pthread_cond_t answered;
    int waiting;
    caller *callers;
    size_t count;
};

static party *new_party(size_t count)
{
    party *p = calloc(1, sizeof *p);

    pthread_mutex_init(&p->mutex, NULL);
    pthread_cond_init(&p->answered, NULL);
    p->callers = calloc(count, sizeof *p->callers);
    p->count = count;
    p->waiting = (int)count;
    for (size_t i = 0; i < count; i++)
        p->callers[i].party = p;
    return p;
}

static void free_party(party *p)
{
    pthread_mutex_destroy(&p->mutex);
    pthread_cond_destroy(&p->answered);
    free(p->callers);
    free(p);
}

static void note(void *arg, const th_front_answer *answer)
{
    caller *c = arg;
    party *p = c->party;

    pthread_mutex_lock(&p->mutex);
    c->answers++;
    c->rc = answer->rc;
    c->status = answer->status;
    c->at_us = given_now_us();
    snprintf(c->text, sizeof c->text, "%s", answer->text ? answer->text : "");
    if (answer->instance) {
        c->output_size = answer->instance->output ? strlen(answer->instance->output) : 0;
        snprintf(c->name, sizeof c->name, "%s", answer->instance->name);
        snprintf(c->execution_id, sizeof c->execution_id, "%s", answer->instance->execution_id);
    }
    p->waiting--;
    pthread_cond_signal(&p->answered);
    pthread_mutex_unlock(&p->mutex);
}

/* Until all but that many callers have their answer. False: half a minute has passed. */
static bool wait_but(party *p, int left)
{
    struct timespec until;
    int rc = 0;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 30;
    pthread_mutex_lock(&p->mutex);
    while (p->waiting > left && rc == 0)
        rc = pthread_cond_timedwait(&p->answered, &p->mutex, &until);
    bool done = p->waiting <= left;
    pthread_mutex_unlock(&p->mutex);
    return done;
}

static bool wait_all(party *p)
{
    return wait_but(p, 0);
}

static th_front *new_front_with(th_front_options options)
{
    th_front *front = NULL;
    th_error err = { 0 };

    if (!options.conninfo)
        options.conninfo = given_database();
    if (th_front_new(&options, &front, &err) != TH_OK)
        given_failed("make a front", &err);
    return front;
}

static th_front *new_front(void)
{
    return new_front_with((th_front_options){ 0 });
}

static void start(th_front *front, const th_hub *hub, const char *id, caller *c)
{
    th_start_request request = { .instance_id = id, .name = "Hello", .input = "\"Tokyo\"" };

    th_front_start(front, hub, &request, note, c);
}

static th_rc start_now(th_front *front, const th_hub *hub, const char *id)
{
    party *p = new_party(1);

    start(front, hub, id, p->callers);
    th_rc rc = wait_all(p) ? p->callers[0].rc : TH_INTERNAL;
    free_party(p);
    return rc;
}

static void send_signal(th_front *front, const th_hub *hub, th_signal_kind kind, const char *id,
                        caller *c)
{
    th_signal_request request = { .kind = kind, .instance_id = id, .payload = "1" };

    request.event_name = kind == TH_SIGNAL_RAISE ? "Approved" : NULL;
    th_front_signal(front, hub, &request, note, c);
}

static th_rc signal_now(th_front *front, const th_hub *hub, th_signal_kind kind, const char *id)
{
    party *p = new_party(1);

    send_signal(front, hub, kind, id, p->callers);
    th_rc rc = wait_all(p) ? p->callers[0].rc : TH_INTERNAL;
    free_party(p);
    return rc;
}

static long long count_of(const th_hub *hub, const char *table, const char *where)
{
    return given_sql("select count(*) from taskhub.%s where partition_id between %d and %d and %s",
                     table, hub->first_partition, hub->first_partition + hub->partition_count - 1,
                     where);
}

static void set_status(const th_hub *hub, const char *id, int status)
{
    given_sql("update taskhub.instances set status = %d, output = '\"old\"', custom_status = '1',"
              " completed_at = now() where partition_id = %d and instance_id = '%s'",
              status, th_hub_partition_of(hub, id), id);
}

static size_t with_rc(const party *p, th_rc rc)
{
    size_t n = 0;

    for (size_t i = 0; i < p->count; i++)
        n += p->callers[i].rc == rc && p->callers[i].answers == 1;
    return n;
}

/* ---- starts -----------------------------------------------------------------------------------
 */

TEST(a_started_instance_is_pending_with_its_input_and_one_message)
{
    th_hub hub = given_hub(4);
    th_front *front = new_front();

    CHECK_INT(start_now(front, &hub, "order-1"), TH_OK);

    CHECK_INT(count_of(&hub, "instances",
                       "instance_id = 'order-1' and status = 6 and name = 'Hello' "
                       "and input = '\"Tokyo\"'"),
              1);
    CHECK_INT(
        given_sql("select count(*) from taskhub.inbox m join taskhub.instances i using "
                  "(partition_id, instance_id, start_id, execution_id) where m.kind = 3 and "
                  "m.due = '-infinity' and m.name = 'Hello' and m.payload is null and m.body is "
                  "null and m.partition_id = %d",
                  th_hub_partition_of(&hub, "order-1")),
        1);
    th_front_free(front);
}

TEST(a_live_id_is_refused_with_its_status)
{
    th_hub hub = given_hub(4);
    th_front *front = new_front();
    party *p = new_party(1);

    start_now(front, &hub, "a");
    given_sql(
        "update taskhub.instances set status = 7 where partition_id = %d and instance_id = 'a'",
        th_hub_partition_of(&hub, "a"));
    start(front, &hub, "a", p->callers);

    CHECK(wait_all(p));
    CHECK_INT(p->callers[0].rc, TH_EXISTS);
    CHECK_INT(p->callers[0].status, IS_SUSPENDED);
    CHECK_INT(count_of(&hub, "inbox", "kind = 3"), 1);
    free_party(p);
    th_front_free(front);
}

TEST(a_finished_instance_is_replaced_and_its_message_says_so)
{
    th_hub hub = given_hub(4);
    th_front *front = new_front();

    start_now(front, &hub, "a");
    set_status(&hub, "a", COMPLETED);
    CHECK_INT(start_now(front, &hub, "a"), TH_OK);

    CHECK_INT(count_of(&hub, "instances",
                       "status = 6 and output is null and custom_status is null and "
                       "completed_at is null"),
              1);
    CHECK_INT(count_of(&hub, "inbox", "kind = 3 and body = '{\"replaced\":true}'"), 1);
    CHECK_INT(count_of(&hub, "inbox", "kind = 3 and body is null"), 1);
    th_front_free(front);
}

TEST(of_many_starts_for_one_id_at_once_one_wins)
{
    enum { N = 200 };
    th_hub hub = given_hub(4);
    th_front *front = new_front();
    party *p = new_party(N);

    for (int i = 0; i < N; i++)
        start(front, &hub, "one", &p->callers[i]);

    CHECK(wait_all(p));
    CHECK_INT(with_rc(p, TH_OK), 1);
    CHECK_INT(with_rc(p, TH_EXISTS), N - 1);
    CHECK_INT(count_of(&hub, "inbox", "kind = 3"), 1);
    free_party(p);
    th_front_free(front);
}

TEST(a_start_for_later_waits_in_the_inbox_until_then)
{
    th_hub hub = given_hub(1);
    th_front *front = new_front();
    party *p = new_party(1);
    th_start_request request = { .instance_id = "later",
                                 .name = "Hello",
                                 .version = "2",
                                 .tags = "{\"k\":\"v\"}",
                                 .scheduled_start_us = 4102444800000001 };

    th_front_start(front, &hub, &request, note, p->callers);

    CHECK(wait_all(p));
    CHECK_INT(p->callers[0].rc, TH_OK);
    CHECK_INT(count_of(&hub, "inbox", "due = '2100-01-01 00:00:00.000001+00'"), 1);
    CHECK_INT(count_of(&hub, "instances",
                       "scheduled_start = '2100-01-01 00:00:00.000001+00' and "
                       "version = '2' and tags = '{\"k\":\"v\"}'"),
              1);
    free_party(p);
    th_front_free(front);
}

TEST(a_request_that_lacks_something_is_refused_at_once)
{
    th_hub hub = given_hub(1);
    th_front *front = new_front();
    party *p = new_party(5);
    th_start_request nameless = { .instance_id = "a" };
    th_start_request far = { .instance_id = "a", .name = "Hello", .scheduled_start_us = INT64_MAX };
    th_start_request greedy = { .instance_id = "a", .name = "Hello", .replace_any = true };
    th_signal_request unnamed = { .kind = TH_SIGNAL_RAISE, .instance_id = "a" };

    th_front_start(front, &hub, &nameless, note, &p->callers[0]);
    th_front_start(front, &hub, &far, note, &p->callers[1]);
    th_front_start(front, &hub, &greedy, note, &p->callers[2]);
    th_front_signal(front, &hub, &unnamed, note, &p->callers[3]);
    th_front_get(front, &hub, "", note, &p->callers[4]);

    CHECK_INT(with_rc(p, TH_INVALID), 5);
    free_party(p);
    th_front_free(front);
}

TEST(data_that_the_database_refuses_harms_only_its_own_request)
{
    enum { N = 40 };
    th_hub hub = given_hub(4);
    th_front *front = new_front();
    party *p = new_party(N);
    char id[16];

    for (int i = 0; i < N; i++) {
        snprintf(id, sizeof id, "n%d", i);
        th_start_request request = { .instance_id = id, .name = "Hello" };
        request.input = i == 17 ? "\"\xff\"" : "1";
        th_front_start(front, &hub, &request, note, &p->callers[i]);
    }

    CHECK(wait_all(p));
    CHECK_INT(with_rc(p, TH_OK), N - 1);
    CHECK_INT(p->callers[17].rc, TH_INVALID);
    CHECK(strstr(p->callers[17].text, "invalid byte sequence") != NULL);
    CHECK_INT(count_of(&hub, "inbox", "kind = 3"), N - 1);
    free_party(p);
    th_front_free(front);
}

/* ---- signals ----------------------------------------------------------------------------------
 */

TEST(a_signal_tells_unknown_and_finished_instances_apart)
{
    static const th_signal_kind kinds[] = { TH_SIGNAL_RAISE, TH_SIGNAL_TERMINATE, TH_SIGNAL_SUSPEND,
                                            TH_SIGNAL_RESUME };
    th_hub hub = given_hub(4);
    th_front *front = new_front();

    start_now(front, &hub, "done");
    set_status(&hub, "done", COMPLETED);

    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        CHECK_INT(signal_now(front, &hub, kinds[i], "nobody"), TH_NOT_FOUND);
        CHECK_INT(signal_now(front, &hub, kinds[i], "done"), TH_FINISHED);
    }
    CHECK_INT(count_of(&hub, "inbox", "kind <> 3"), 0);
    th_front_free(front);
}

TEST(events_wait_in_the_inbox_in_the_order_in_which_they_were_sent)
{
    enum { N = 500 };
    th_hub hub = given_hub(4);
    th_front *front = new_front();
    party *p = new_party(N);
    char payload[16];

    start_now(front, &hub, "a");
    for (int i = 0; i < N; i++) {
        snprintf(payload, sizeof payload, "%d", i);
        th_signal_request request = {
            .kind = TH_SIGNAL_RAISE, .instance_id = "a", .event_name = "E", .payload = payload
        };
        th_front_signal(front, &hub, &request, note, &p->callers[i]);
    }

    CHECK(wait_all(p));
    CHECK_INT(with_rc(p, TH_OK), N);
    CHECK_INT(
        given_sql("select count(*) from (select payload::int - lag(payload::int) over (order by "
                  "message_no) as step from taskhub.inbox join taskhub.instances using "
                  "(partition_id, instance_id, start_id) where kind = 17 and inbox.name = 'E' and "
                  "inbox.execution_id is null and partition_id = %d) s where step = 1",
                  th_hub_partition_of(&hub, "a")),
        N - 1);
    CHECK_INT(
        given_sql("select count(distinct message_id) from taskhub.inbox where partition_id = %d "
                  "and kind = 17",
                  th_hub_partition_of(&hub, "a")),
        N);
    free_party(p);
    th_front_free(front);
}

TEST(suspend_and_resume_are_judged_by_what_is_queued_before_them)
{
    th_hub hub = given_hub(4);
    th_front *front = new_front();

    start_now(front, &hub, "a");
    CHECK_INT(signal_now(front, &hub, TH_SIGNAL_RESUME, "a"), TH_NO_CHANGE);
    CHECK_INT(signal_now(front, &hub, TH_SIGNAL_SUSPEND, "a"), TH_OK);
    CHECK_INT(signal_now(front, &hub, TH_SIGNAL_SUSPEND, "a"), TH_NO_CHANGE);
    CHECK_INT(signal_now(front, &hub, TH_SIGNAL_RESUME, "a"), TH_OK);
    CHECK_INT(signal_now(front, &hub, TH_SIGNAL_RESUME, "a"), TH_NO_CHANGE);
    CHECK_INT(count_of(&hub, "inbox", "kind in (21, 22) and payload = '1'"), 2);

    given_sql("delete from taskhub.inbox where partition_id = %d", th_hub_partition_of(&hub, "a"));
    set_status(&hub, "a", IS_SUSPENDED);
    CHECK_INT(signal_now(front, &hub, TH_SIGNAL_SUSPEND, "a"), TH_NO_CHANGE);
    CHECK_INT(signal_now(front, &hub, TH_SIGNAL_RESUME, "a"), TH_OK);
    th_front_free(front);
}

TEST(suspends_and_resumes_of_one_batch_follow_each_other)
{
    enum { N = 60 };
    th_hub hub = given_hub(4);
    th_front *front = new_front();
    party *p = new_party(N);

    start_now(front, &hub, "a");
    for (int i = 0; i < N; i++) /* suspend, suspend, resume */
        send_signal(front, &hub, i % 3 == 2 ? TH_SIGNAL_RESUME : TH_SIGNAL_SUSPEND, "a",
                    &p->callers[i]);

    CHECK(wait_all(p));
    for (int i = 0; i < N; i++)
        CHECK_INT(p->callers[i].rc, i % 3 == 1 ? TH_NO_CHANGE : TH_OK);
    CHECK_INT(count_of(&hub, "inbox", "kind = 21"), N / 3);
    CHECK_INT(count_of(&hub, "inbox", "kind = 22"), N / 3);
    free_party(p);
    th_front_free(front);
}

TEST(a_rewind_makes_a_failed_instance_pending_and_tells_its_owner)
{
    th_hub hub = given_hub(4);
    th_front *front = new_front();

    start_now(front, &hub, "a");
    set_status(&hub, "a", FAILED);
    CHECK_INT(signal_now(front, &hub, TH_SIGNAL_REWIND, "a"), TH_OK);
    CHECK_INT(count_of(&hub, "instances",
                       "instance_id = 'a' and status = 6 and output is null and failure is null "
                       "and completed_at is null"),
              1);
    CHECK_INT(count_of(&hub, "inbox", "kind = 30 and instance_id = 'a' and payload = '1'"), 1);
    CHECK_INT(signal_now(front, &hub, TH_SIGNAL_REWIND, "a"), TH_NOT_FAILED);
    CHECK_INT(count_of(&hub, "inbox", "kind = 30"), 1);
    th_front_free(front);
}

TEST(what_has_not_failed_is_not_rewound)
{
    static const int statuses[] = { 0, 1, 2, 4, 5, 6, 7 };
    th_hub hub = given_hub(4);
    th_front *front = new_front();

    CHECK_INT(signal_now(front, &hub, TH_SIGNAL_REWIND, "nobody"), TH_NOT_FOUND);
    start_now(front, &hub, "a");
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
        set_status(&hub, "a", statuses[i]);
        CHECK_INT(signal_now(front, &hub, TH_SIGNAL_REWIND, "a"), TH_NOT_FAILED);
    }
    CHECK_INT(count_of(&hub, "inbox", "kind = 30"), 0);
    th_front_free(front);
}

static void act_by_hand(th_front *front, const th_hub *hub, th_signal_kind kind, const char *id,
                        caller *c)
{
    th_signal_request request = {
        .kind = kind, .instance_id = id, .payload = "lunch", .by_hand = true, .key_name = "ops"
    };

    th_front_signal(front, hub, &request, note, c);
}

static long long acts(const th_hub *hub, const char *where)
{
    return given_sql("select count(*) from taskhub.audit where hub_id = %d and act <> 'create_hub'"
                     " and %s",
                     hub->hub_id, where);
}

TEST(what_is_done_by_hand_is_written_down_once_if_it_takes_effect)
{
    static const th_signal_kind kinds[] = { TH_SIGNAL_SUSPEND, TH_SIGNAL_SUSPEND, TH_SIGNAL_RESUME,
                                            TH_SIGNAL_TERMINATE, TH_SIGNAL_REWIND };
    th_hub hub = given_hub(4);
    th_front *front = new_front();
    party *p = new_party(8);

    start_now(front, &hub, "a");
    start_now(front, &hub, "failed");
    set_status(&hub, "failed", FAILED);
    for (int i = 0; i < 5; i++)
        act_by_hand(front, &hub, kinds[i], "a", &p->callers[i]);
    act_by_hand(front, &hub, TH_SIGNAL_REWIND, "failed", &p->callers[5]);
    act_by_hand(front, &hub, TH_SIGNAL_TERMINATE, "nobody", &p->callers[6]);
    send_signal(front, &hub, TH_SIGNAL_RAISE, "a", &p->callers[7]);
    CHECK(wait_all(p));

    CHECK_INT(with_rc(p, TH_OK), 5);
    CHECK_INT(acts(&hub, "key_name = 'ops' and arguments = '{\"reason\":\"lunch\"}' and db_user ="
                         " session_user and client is not null and instance_id = case act when"
                         " 'rewind_instance' then 'failed' else 'a' end"),
              4);
    CHECK_INT(acts(&hub, "act in ('suspend_instance', 'resume_instance', 'terminate_instance',"
                         " 'rewind_instance')"),
              4);
    CHECK_INT(acts(&hub, "true"), 4);
    free_party(p);
    th_front_free(front);
}

static th_rc restart_now(th_front *front, const th_hub *hub, const char *id, const char *of)
{
    th_start_request request = { .instance_id = id, .name = "Hello", .restart_of = of };
    party *p = new_party(1);

    th_front_start(front, hub, &request, note, p->callers);
    th_rc rc = wait_all(p) ? p->callers[0].rc : TH_INTERNAL;
    free_party(p);
    return rc;
}

TEST(a_restart_is_written_down_with_the_instance_that_it_starts_over)
{
    th_hub hub = given_hub(4);
    th_front *front = new_front();

    start_now(front, &hub, "a");
    CHECK_INT(restart_now(front, &hub, "a", "a"), TH_EXISTS);
    CHECK_INT(restart_now(front, &hub, "b", "a"), TH_OK);
    set_status(&hub, "a", COMPLETED);
    CHECK_INT(restart_now(front, &hub, "a", "a"), TH_OK);
    CHECK_INT(acts(&hub, "act = 'restart_instance' and instance_id = 'a' and key_name is null"), 2);
    CHECK_INT(acts(&hub, "arguments = '{\"newInstanceId\":\"b\"}'"), 1);
    CHECK_INT(acts(&hub, "arguments = '{}'"), 1);
    th_front_free(front);
}

TEST(of_many_rewinds_at_once_each_instance_takes_one)
{
    enum { IDS = 20, EACH = 5, N = IDS * EACH };
    th_hub hub = given_hub(4);
    th_front *front = new_front_with((th_front_options){ .connections = 3 });
    party *p = new_party(N);
    char id[16];

    for (int i = 0; i < IDS; i++) {
        snprintf(id, sizeof id, "r%d", i);
        start_now(front, &hub, id);
        set_status(&hub, id, FAILED);
    }
    for (int i = 0; i < N; i++) {
        snprintf(id, sizeof id, "r%d", (i * 7) % IDS);
        send_signal(front, &hub, TH_SIGNAL_REWIND, id, &p->callers[i]);
    }

    CHECK(wait_all(p));
    CHECK_INT(with_rc(p, TH_OK), IDS);
    CHECK_INT(with_rc(p, TH_NOT_FAILED), N - IDS);
    CHECK_INT(count_of(&hub, "inbox", "kind = 30"), IDS);
    free_party(p);
    th_front_free(front);
}

TEST(a_thousand_mixed_requests_each_get_their_own_answer)
{
    enum { N = 1000 };
    th_hub hub = given_hub(8);
    th_front *front = new_front_with((th_front_options){ .connections = 2 });
    party *p = new_party(N);
    char id[16];

    start_now(front, &hub, "live");
    start_now(front, &hub, "gone");
    set_status(&hub, "gone", COMPLETED);
    for (int i = 0; i < N; i++) {
        snprintf(id, sizeof id, "m%d", i);
        caller *c = &p->callers[i];
        switch (i % 5) {
        case 0:
            start(front, &hub, id, c);
            break;
        case 1:
            send_signal(front, &hub, TH_SIGNAL_RAISE, "live", c);
            break;
        case 2:
            send_signal(front, &hub, TH_SIGNAL_TERMINATE, "gone", c);
            break;
        case 3:
            send_signal(front, &hub, TH_SIGNAL_RAISE, id, c);
            break;
        default:
            th_front_get(front, &hub, "live", note, c);
        }
    }

    CHECK(wait_all(p));
    static const th_rc want[] = { TH_OK, TH_OK, TH_FINISHED, TH_NOT_FOUND, TH_OK };
    for (int i = 0; i < N; i++)
        if (!CHECK_INT(p->callers[i].rc, want[i % 5]) || !CHECK_INT(p->callers[i].answers, 1))
            break;
    CHECK_INT(count_of(&hub, "inbox", "kind = 17"), N / 5);
    CHECK_INT(count_of(&hub, "instances", "status = 6"), N / 5 + 1);
    free_party(p);
    th_front_free(front);
}

/* ---- reads ------------------------------------------------------------------------------------
 */

TEST(a_read_gives_the_row_or_not_found)
{
    th_hub hub = given_hub(4);
    th_front *front = new_front();
    party *p = new_party(3);

    start_now(front, &hub, "a");
    th_front_get(front, &hub, "a", note, &p->callers[0]);
    th_front_get(front, &hub, "b", note, &p->callers[1]);
    th_front_get(front, &hub, "\xff", note, &p->callers[2]);

    CHECK(wait_all(p));
    CHECK_INT(p->callers[0].rc, TH_OK);
    CHECK_INT(p->callers[0].status, PENDING);
    CHECK_STR(p->callers[0].name, "Hello");
    CHECK_INT(strlen(p->callers[0].execution_id), 32);
    CHECK_INT(p->callers[1].rc, TH_NOT_FOUND);
    CHECK_INT(p->callers[2].rc, TH_INVALID);
    free_party(p);
    th_front_free(front);
}

TEST(rows_too_large_to_come_together_come_one_by_one)
{
    enum { N = 8, SIZE = 9000000 };
    th_hub hub = given_hub(1);
    th_front *front = new_front();
    party *p = new_party(N);
    char id[16];

    for (int i = 0; i < N; i++) {
        snprintf(id, sizeof id, "big%d", i);
        start_now(front, &hub, id);
    }
    given_sql("update taskhub.instances set output = repeat('x', %d) where partition_id = %d", SIZE,
              hub.first_partition);
    for (int i = 0; i < N; i++) {
        snprintf(id, sizeof id, "big%d", i);
        th_front_get(front, &hub, id, note, &p->callers[i]);
    }

    CHECK(wait_all(p));
    for (int i = 0; i < N; i++)
        CHECK_INT(p->callers[i].output_size, SIZE);
    free_party(p);
    th_front_free(front);
}

/* ---- others' transactions, lost connections, no database
 * ------------------------------------------ */

/* In the stranger's open transaction the hub has an instance by that id. */
static PGconn *hold_id(const th_hub *hub, const char *id)
{
    PGconn *pg = given_stranger();
    char sql[512];

    snprintf(
        sql, sizeof sql,
        "insert into taskhub.instances (partition_id, instance_id, start_id, execution_id, status, "
        "name) values (%d, '%s', gen_random_uuid(), gen_random_uuid(), 6, 'Other')",
        th_hub_partition_of(hub, id), id);
    PQclear(given_sql_on(pg, "begin"));
    PQclear(given_sql_on(pg, sql));
    return pg;
}

TEST(an_open_transaction_on_one_id_holds_up_that_id_only)
{
    enum { N = 300 };
    th_hub hub = given_hub(4);
    th_front *front = new_front();
    party *p = new_party(N);
    char id[16];

    start_now(front, &hub, "warm");
    PGconn *stranger = hold_id(&hub, "n150");
    int64_t before_us = given_now_us();
    for (int i = 0; i < N; i++) {
        snprintf(id, sizeof id, "n%d", i);
        start(front, &hub, id, &p->callers[i]);
    }

    CHECK(wait_but(p, 1));
    int64_t took_us = given_now_us() - before_us;
    printf("others were held up for %" PRId64 " ms\n", took_us / 1000);
    CHECK(took_us < 1000000);
    CHECK_INT(p->callers[150].answers, 0);
    CHECK_INT(with_rc(p, TH_OK), N - 1);

    before_us = given_now_us(); /* once it is known, nobody notices */
    CHECK_INT(start_now(front, &hub, "next"), TH_OK);
    CHECK(given_now_us() - before_us < 150000);

    PQclear(given_sql_on(stranger, "commit"));
    CHECK(wait_all(p));
    CHECK_INT(p->callers[150].rc, TH_EXISTS);
    CHECK_INT(p->callers[150].status, PENDING);
    PQfinish(stranger);
    free_party(p);
    th_front_free(front);
}

TEST(a_start_goes_ahead_when_the_transaction_that_held_its_id_rolls_back)
{
    th_hub hub = given_hub(1);
    th_front *front = new_front();
    party *p = new_party(2);
    PGconn *stranger = hold_id(&hub, "a");

    start(front, &hub, "a", &p->callers[0]);
    start_now(front, &hub, "b");
    start(front, &hub, "a", &p->callers[1]);
    start_now(front, &hub, "c");
    CHECK_INT(p->callers[0].answers, 0);
    PQclear(given_sql_on(stranger, "rollback"));

    CHECK(wait_all(p));
    CHECK_INT(p->callers[0].rc, TH_OK);
    CHECK_INT(p->callers[1].rc, TH_EXISTS);
    CHECK_INT(count_of(&hub, "inbox", "instance_id = 'a'"), 1);
    PQfinish(stranger);
    free_party(p);
    th_front_free(front);
}

TEST(a_table_locked_for_a_moment_delays_requests_and_fails_none)
{
    enum { N = 60 };
    th_hub hub = given_hub(2);
    th_front *front = new_front();
    party *p = new_party(N);
    char id[16];
    PGconn *stranger = given_stranger();

    start_now(front, &hub, "a");
    PQclear(given_sql_on(stranger, "begin; lock table taskhub.inbox in exclusive mode"));
    for (int i = 0; i < N; i++) {
        snprintf(id, sizeof id, "t%d", i);
        if (i % 2)
            start(front, &hub, id, &p->callers[i]);
        else
            send_signal(front, &hub, TH_SIGNAL_RAISE, "a", &p->callers[i]);
    }
    PQclear(given_sql_on(stranger, "select pg_sleep(0.5)"));
    CHECK_INT(p->waiting, N);
    PQclear(given_sql_on(stranger, "commit"));

    CHECK(wait_all(p));
    CHECK_INT(with_rc(p, TH_OK), N);
    CHECK_INT(count_of(&hub, "inbox", "kind = 3"), N / 2 + 1);
    CHECK_INT(count_of(&hub, "inbox", "kind = 17"), N / 2);
    PQfinish(stranger);
    free_party(p);
    th_front_free(front);
}

/* Ends every other session of role pool on this database, the front's among them. */
static void end_sessions(void)
{
    given_sql(
        "select count(pg_terminate_backend(pid)) from pg_stat_activity where pid <> "
        "pg_backend_pid() and application_name = 'taskhub pool' and datname = current_database()");
}

TEST(sessions_ended_in_the_middle_lose_nothing_and_start_nothing_twice)
{
    enum { N = 6000, BLOCK = 500 };
    th_hub hub = given_hub(4);
    th_front *front = new_front_with((th_front_options){ .connections = 2 });
    party *p = new_party(N);
    char id[16];

    for (int i = 0; i < N; i++) {
        snprintf(id, sizeof id, "k%d", i);
        start(front, &hub, id, &p->callers[i]);
        if (i % BLOCK == BLOCK / 2)
            end_sessions();
        if (i % BLOCK == BLOCK - 1)
            wait_but(p, N - i + BLOCK);
    }

    CHECK(wait_all(p));
    CHECK_INT(with_rc(p, TH_OK), N);
    CHECK_INT(count_of(&hub, "instances", "status = 6"), N);
    CHECK_INT(count_of(&hub, "inbox", "kind = 3"), N);
    free_party(p);
    th_front_free(front);
}

/* Starts, raises and suspends one instance, and rewinds another, while the k-th operation goes
 * wrong. */
static void check_fault(th_fault fault, int64_t k)
{
    th_hub hub = given_hub(1);
    th_front *front = new_front();

    start_now(front, &hub, "failed");
    set_status(&hub, "failed", FAILED);
    given_sql("delete from taskhub.inbox where partition_id = %d", hub.first_partition);
    th_fault_arm(fault, k);
    CHECK_INT(start_now(front, &hub, "a"), TH_OK);
    CHECK_INT(signal_now(front, &hub, TH_SIGNAL_RAISE, "a"), TH_OK);
    CHECK_INT(signal_now(front, &hub, TH_SIGNAL_SUSPEND, "a"), TH_OK);
    CHECK_INT(signal_now(front, &hub, TH_SIGNAL_REWIND, "failed"), TH_OK);
    CHECK_INT(restart_now(front, &hub, "again", "a"), TH_OK);
    th_front_free(front);
    th_fault_arm(TH_FAULT_NONE, 0);

    CHECK_INT(acts(&hub, "act = 'restart_instance'"), 1);
    CHECK_INT(count_of(&hub, "instances", "instance_id = 'again'"), 1);

    CHECK_INT(count_of(&hub, "inbox", "kind = 3"), 2);
    CHECK_INT(count_of(&hub, "inbox", "kind = 30"), 1);
    CHECK_INT(given_sql("select count(distinct message_id) from taskhub.inbox where kind = 17 and "
                        "partition_id = %d",
                        hub.first_partition),
              1);
    CHECK_INT(given_sql("select count(distinct message_id) from taskhub.inbox where kind = 21 and "
                        "partition_id = %d",
                        hub.first_partition),
              1);
}

TEST(an_answer_lost_at_any_point_changes_no_outcome)
{
    for (int64_t k = 1; k <= 14; k++) {
        check_fault(TH_FAULT_FAIL, k);
        check_fault(TH_FAULT_LIE, k);
    }
}

TEST(without_a_database_callers_are_told_within_ten_seconds)
{
    th_hub hub = given_hub(1);
    party *p = new_party(2);
    th_front *front = new_front_with((th_front_options){
        .conninfo = "host=/nonexistent port=1 user=nobody dbname=none password=geheim" });
    int64_t before_us = given_now_us();

    start(front, &hub, "a", &p->callers[0]);
    th_front_get(front, &hub, "a", note, &p->callers[1]);

    CHECK(wait_all(p));
    int64_t took_us = given_now_us() - before_us;
    CHECK_INT(with_rc(p, TH_UNAVAILABLE), 2);
    CHECK(strstr(p->callers[0].text, "geheim") == NULL);
    CHECK(took_us > 8000000 && took_us < 12000000);

    before_us = given_now_us(); /* from then on at once */
    CHECK_INT(start_now(front, &hub, "b"), TH_UNAVAILABLE);
    CHECK(given_now_us() - before_us < 2000000);
    free_party(p);
    th_front_free(front);
}

TEST(a_front_that_ends_answers_all_that_wait)
{
    enum { N = 3000 };
    th_hub hub = given_hub(4);
    th_front *front = new_front();
    party *p = new_party(N);
    char id[16];

    for (int i = 0; i < N; i++) {
        snprintf(id, sizeof id, "e%d", i);
        start(front, &hub, id, &p->callers[i]);
    }
    th_front_free(front);

    CHECK_INT(p->waiting, 0);
    CHECK_INT(with_rc(p, TH_OK), N);
    CHECK_INT(count_of(&hub, "inbox", "kind = 3"), N);
    free_party(p);
}

TEST(callers_beyond_the_limit_are_refused_and_the_others_served)
{
    enum { N = 400, LIMIT = 100 };
    th_hub hub = given_hub(1);
    PGconn *stranger = hold_id(&hub, "held");
    th_front *front = new_front_with((th_front_options){ .max_queued = LIMIT });
    party *p = new_party(N);
    char id[16];

    start(front, &hub, "held", &p->callers[0]); /* keeps the writer busy for a moment */
    for (int i = 1; i < N; i++) {
        snprintf(id, sizeof id, "l%d", i);
        start(front, &hub, id, &p->callers[i]);
    }
    PQclear(given_sql_on(stranger, "rollback"));

    CHECK(wait_all(p));
    CHECK_INT(with_rc(p, TH_OK), LIMIT);
    CHECK_INT(with_rc(p, TH_UNAVAILABLE), N - LIMIT);
    PQfinish(stranger);
    free_party(p);
    th_front_free(front);
}

/* ---- wake-ups ---------------------------------------------------------------------------------
 */

typedef struct woken {
    pthread_mutex_t mutex;
    int32_t ours; /* this partition is of this process */
    int calls;
} woken;

static bool wake(void *arg, int32_t partition_id)
{
    woken *w = arg;

    pthread_mutex_lock(&w->mutex);
    bool ours = partition_id == w->ours;
    w->calls++;
    pthread_mutex_unlock(&w->mutex);
    return ours;
}

static void note_partition(void *arg, int32_t partition_id)
{
    *(int32_t *)arg = partition_id;
}

TEST(owners_elsewhere_are_notified_and_owners_here_are_called)
{
    th_hub hub = given_hub(2);
    woken w = { .mutex = PTHREAD_MUTEX_INITIALIZER };
    th_db *control = NULL;
    th_error err = { 0 };
    int32_t heard = 0;
    char id[16] = "x0";

    if (th_db_open(given_database(), TH_DB_CONTROL, &control, &err) != TH_OK)
        given_failed("connect", &err);
    for (int i = 0; th_hub_partition_of(&hub, id) == hub.first_partition; i++)
        snprintf(id, sizeof id, "x%d", i);
    w.ours = hub.first_partition;
    CHECK_INT(th_listen_partition(control, w.ours, true, &err), TH_OK);
    CHECK_INT(th_listen_partition(control, w.ours + 1, true, &err), TH_OK);
    PGconn *owner = given_stranger(); /* it sleeps: it holds the idle lock (protocol W2) */
    char sql[128];
    snprintf(sql, sizeof sql, "select pg_advisory_lock(%d, %d)", 0x74680003, w.ours + 1);
    PQclear(given_sql_on(owner, sql));
    th_front *front = new_front_with((th_front_options){ .wake = wake, .wake_arg = &w });

    CHECK_INT(start_now(front, &hub, id), TH_OK);

    for (int i = 0; i < 50 && !heard; i++)
        CHECK_INT(th_notify_wait(control, -1, 100000, note_partition, &heard, &err), TH_OK);
    CHECK_INT(heard, w.ours + 1);
    th_front_free(front);
    CHECK_INT(w.calls, 1);
    PQfinish(owner);
    th_db_close(control);
}

/* ---- speed ------------------------------------------------------------------------------------
 */

static void print_rate(const char *what, int n, int64_t since_us)
{
    int64_t took_us = given_now_us() - since_us;

    printf("%d %s in %" PRId64 " ms: %" PRId64 " a second\n", n, what, took_us / 1000,
           n * INT64_C(1000000) / (took_us ? took_us : 1));
}

/* Callers who ask again as soon as they are answered, as those of an HTTP server do. */
typedef struct loop {
    th_front *front;
    const th_hub *hub;
    pthread_mutex_t mutex;
    int next, last;
    bool reads;
    party *party;
} loop;

static void ask_again(void *arg, const th_front_answer *answer)
{
    loop *l = arg;
    char id[16];

    pthread_mutex_lock(&l->mutex);
    int n = answer && answer->rc != TH_OK ? l->last : l->next;
    l->next = n < l->last ? n + 1 : n;
    pthread_mutex_unlock(&l->mutex);
    snprintf(id, sizeof id, "w%d", n);
    th_start_request request = { .instance_id = id, .name = "Hello", .input = "1" };
    if (n >= l->last)
        note(l->party->callers, &(th_front_answer){ .rc = answer->rc });
    else if (l->reads)
        th_front_get(l->front, l->hub, id, ask_again, l);
    else
        th_front_start(l->front, l->hub, &request, ask_again, l);
}

static void run_loop(bool reads, th_front *front, const th_hub *hub, int n, const char *what)
{
    enum { CALLERS = 64 };
    loop l = { .front = front,
               .hub = hub,
               .mutex = PTHREAD_MUTEX_INITIALIZER,
               .last = n,
               .reads = reads,
               .party = new_party(1) };
    int64_t since_us = given_now_us();

    l.party->waiting = CALLERS;
    for (int i = 0; i < CALLERS; i++)
        ask_again(&l, NULL);
    CHECK(wait_all(l.party));
    CHECK_INT(l.party->callers[0].rc, TH_OK);
    CHECK_INT(l.next, n);
    print_rate(what, n, since_us);
    free_party(l.party);
}

TEST(sixty_four_callers_in_a_loop_share_commits)
{
    enum { N = 10000 };
    th_hub hub = given_hub(4);
    th_front *front = new_front();

    start_now(front, &hub, "warm");
    run_loop(false, front, &hub, N, "starts by 64 callers");
    run_loop(true, front, &hub, N, "reads by 64 callers");
    CHECK_INT(count_of(&hub, "inbox", "kind = 3"), N + 1);
    th_front_free(front);
}

TEST(ten_thousand_starts_and_reads_come_through)
{
    enum { N = 10000 };
    th_hub hub = given_hub(4);
    th_front *front = new_front();
    party *p = new_party(N), *q = new_party(N);
    char id[16];

    start_now(front, &hub, "warm");
    int64_t since_us = given_now_us();
    for (int i = 0; i < N; i++) {
        snprintf(id, sizeof id, "s%d", i);
        start(front, &hub, id, &p->callers[i]);
    }
    CHECK(wait_all(p));
    print_rate("starts", N, since_us);
    CHECK_INT(with_rc(p, TH_OK), N);

    since_us = given_now_us();
    for (int i = 0; i < N; i++) {
        snprintf(id, sizeof id, "s%d", i);
        th_front_get(front, &hub, id, note, &q->callers[i]);
    }
    CHECK(wait_all(q));
    print_rate("reads", N, since_us);
    CHECK_INT(with_rc(q, TH_OK), N);
    free_party(p);
    free_party(q);
    th_front_free(front);
}
