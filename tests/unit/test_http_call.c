/* test_http_call.c - the executor of HTTP calls, against a peer that the test plays itself. */
#include "test.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <taskhub.h>
#include <time.h>
#include <unistd.h>

#include "runtime/http_call.h"

enum { PATIENCE_S = 60 };

/* ---- an engine that only takes answers ------------------------------------------------------ */

struct th_engine {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int done, failed, abandoned;
    uint64_t last_number;
    int64_t delay_us;
    char result[400], failure[400], next_input[400];
};

static th_engine engine = { .lock = PTHREAD_MUTEX_INITIALIZER,
                            .changed = PTHREAD_COND_INITIALIZER };

void th_engine_orch_answered(th_engine *e, const th_answer *answer)
{
    (void)e;
    (void)answer;
    CHECK(false && "no orchestrator runs here");
}

void th_engine_entity_answered(th_engine *e, const th_entity_answer *answer)
{
    (void)e;
    (void)answer;
    CHECK(false && "no entity runs here");
}

void th_engine_activity_answered(th_engine *e, const th_activity_answer *answer)
{
    pthread_mutex_lock(&e->lock);
    e->abandoned += answer->kind == TH_ANSWER_ABANDONED;
    e->failed += answer->kind == TH_ANSWER_DONE && answer->failure;
    e->done += answer->kind == TH_ANSWER_DONE && !answer->failure;
    e->last_number = answer->token.number;
    e->delay_us = answer->delay_us;
    snprintf(e->result, sizeof e->result, "%s", answer->result ? answer->result : "NULL");
    snprintf(e->failure, sizeof e->failure, "%s", answer->failure ? answer->failure : "NULL");
    snprintf(e->next_input, sizeof e->next_input, "%s",
             answer->next_input ? answer->next_input : "NULL");
    pthread_cond_broadcast(&e->changed);
    pthread_mutex_unlock(&e->lock);
}

/* Waits until that many were answered, for at most a minute. */
static bool answered(int n)
{
    struct timespec until;
    int rc = 0;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += PATIENCE_S;
    pthread_mutex_lock(&engine.lock);
    while (engine.done + engine.failed + engine.abandoned < n && rc == 0)
        rc = pthread_cond_timedwait(&engine.changed, &engine.lock, &until);
    int got = engine.done + engine.failed + engine.abandoned;
    pthread_mutex_unlock(&engine.lock);
    return CHECK_INT(got, n);
}

/* ---- the peer -------------------------------------------------------------------------------- */

typedef struct peer {
    int listener;
    int port;
    int connection; /* the one that was taken last; -1: none */
    char asked[2000];
} peer;

static peer given_peer(void)
{
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
    socklen_t n = sizeof a;
    peer p = { .listener = socket(AF_INET, SOCK_STREAM, 0), .connection = -1 };

    CHECK(bind(p.listener, (struct sockaddr *)&a, sizeof a) == 0 && listen(p.listener, 8) == 0);
    CHECK(getsockname(p.listener, (struct sockaddr *)&a, &n) == 0);
    p.port = ntohs(a.sin_port);
    return p;
}

static bool comes(int fd, int timeout_ms)
{
    struct pollfd p = { .fd = fd, .events = POLLIN };

    return poll(&p, 1, timeout_ms) == 1;
}

/* Takes the next connection and reads the head of its request. */
static bool takes_request(peer *p)
{
    size_t n = 0;

    if (!CHECK(comes(p->listener, PATIENCE_S * 1000)))
        return false;
    p->connection = accept(p->listener, NULL, NULL);
    while (n < sizeof p->asked - 1 && comes(p->connection, PATIENCE_S * 1000)) {
        ssize_t got = read(p->connection, p->asked + n, sizeof p->asked - 1 - n);
        if (got <= 0)
            break;
        n += (size_t)got;
        p->asked[n] = '\0';
        if (strstr(p->asked, "\r\n\r\n"))
            return true;
    }
    return CHECK(false && "a whole request came");
}

static void answers(peer *p, const char *text)
{
    CHECK(write(p->connection, text, strlen(text)) == (ssize_t)strlen(text));
    close(p->connection);
    p->connection = -1;
}

static void end_peer(peer *p)
{
    if (p->connection >= 0)
        close(p->connection);
    close(p->listener);
}

/* ---- the executor ---------------------------------------------------------------------------- */

static th_http_calls *given_calls(int max_calls)
{
    th_http_call_options options = { .poll_us = 30 * TH_SECOND,
                                     .max_calls = max_calls,
                                     .content_max = 1000 };
    th_http_calls *calls = NULL;
    th_error err = { 0 };

    setenv("NO_PROXY", "*", 1);
    engine.done = engine.failed = engine.abandoned = 0;
    CHECK_INT(th_http_calls_new(&options, &calls, &err), TH_OK);
    th_http_calls_attach(calls, &engine);
    return calls;
}

static void run(th_http_calls *calls, uint64_t number, const char *input)
{
    const th_executor *x = th_http_calls_executor(calls);
    th_activity_item item = { .token = { -1, number },
                              .execution_id = "e1",
                              .seq = 4,
                              .name = "BuiltIn::HttpActivity",
                              .input = input };

    x->run_activity(x->self, &item);
}

static void get(th_http_calls *calls, uint64_t number, const peer *p)
{
    char input[100];

    snprintf(input, sizeof input, "{\"uri\":\"http://127.0.0.1:%d/%d\"}", p->port, (int)number);
    run(calls, number, input);
}

TEST(it_runs_one_activity_and_nothing_else)
{
    th_http_calls *calls = given_calls(1);
    const th_executor *x = th_http_calls_executor(calls);

    CHECK(x->can_run(x->self, TH_ITEM_ACTIVITY, "builtin::httpactivity", NULL));
    CHECK(!x->can_run(x->self, TH_ITEM_ACTIVITY, "Other", NULL));
    CHECK(!x->can_run(x->self, TH_ITEM_ORCHESTRATOR, "BuiltIn::HttpActivity", NULL));
    CHECK_STR(x->list(x->self, TH_ITEM_ACTIVITY, 0), "BuiltIn::HttpActivity");
    CHECK(!x->list(x->self, TH_ITEM_ACTIVITY, 1) && !x->list(x->self, TH_ITEM_ORCHESTRATOR, 0));
    th_http_calls_free(calls);
}

TEST(a_call_gives_the_answer_and_names_itself)
{
    th_http_calls *calls = given_calls(1);
    peer p = given_peer();

    get(calls, 7, &p);
    if (takes_request(&p))
        answers(&p, "HTTP/1.0 200 OK\r\nA: b\r\n\r\nhello");
    CHECK(answered(1));
    CHECK(strstr(p.asked, "GET /7 HTTP/1.1\r\n") == p.asked);
    CHECK(strstr(p.asked, "Taskhub-Call-Id: e1-4\r\n") != NULL);
    CHECK_STR(engine.result,
              "{\"statusCode\":200,\"headers\":{\"A\":\"b\"},\"content\":\"hello\"}");
    CHECK_INT(engine.last_number, 7);
    end_peer(&p);
    th_http_calls_free(calls);
}

TEST(a_202_goes_back_to_the_queue_as_its_next_request)
{
    th_http_calls *calls = given_calls(1);
    peer p = given_peer();
    char want[200];

    get(calls, 7, &p);
    if (takes_request(&p))
        answers(&p, "HTTP/1.0 202 Accepted\r\nLocation: state\r\n\r\n");
    CHECK(answered(1));
    snprintf(want, sizeof want,
             "{\"method\":\"GET\",\"uri\":\"http://127.0.0.1:%d/state\","
             "\"progress\":{\"attempt\":1,\"since\":0,\"polls\":1}}",
             p.port);
    CHECK_INT(engine.abandoned, 1);
    CHECK_STR(engine.next_input, want);
    CHECK_INT(engine.delay_us, 30 * TH_SECOND);
    end_peer(&p);
    th_http_calls_free(calls);
}

TEST(calls_beyond_the_limit_wait_for_their_turn)
{
    th_http_calls *calls = given_calls(1);
    peer p = given_peer();

    get(calls, 1, &p);
    CHECK(takes_request(&p));
    get(calls, 2, &p);
    CHECK(!comes(p.listener, 100));
    answers(&p, "HTTP/1.0 200 OK\r\n\r\n");
    if (takes_request(&p))
        answers(&p, "HTTP/1.0 200 OK\r\n\r\n");
    CHECK(answered(2));
    CHECK_INT(engine.done, 2);
    end_peer(&p);
    th_http_calls_free(calls);
}

TEST(a_cancelled_call_is_broken_off_whether_it_is_under_way_or_waits)
{
    th_http_calls *calls = given_calls(1);
    const th_executor *x = th_http_calls_executor(calls);
    peer p = given_peer();
    char byte;

    get(calls, 1, &p);
    CHECK(takes_request(&p));
    get(calls, 2, &p);
    x->cancel(x->self, (th_token){ -1, 2 });
    CHECK(answered(1));
    CHECK_INT(engine.last_number, 2);
    x->cancel(x->self, (th_token){ -1, 99 });
    x->cancel(x->self, (th_token){ 0, 1 }); /* an orchestrator's */
    x->cancel(x->self, (th_token){ -1, 1 });
    CHECK(answered(2));
    CHECK_INT(engine.failed, 2);
    CHECK(strstr(engine.failure, "\"TaskCanceled\"") != NULL);
    CHECK(comes(p.connection, PATIENCE_S * 1000) && read(p.connection, &byte, 1) == 0);
    end_peer(&p);
    th_http_calls_free(calls);
}

TEST(at_the_end_what_is_under_way_and_what_waits_is_given_back)
{
    th_http_calls *calls = given_calls(1);
    peer p = given_peer();

    get(calls, 1, &p);
    CHECK(takes_request(&p));
    get(calls, 2, &p);
    th_http_calls_free(calls);
    CHECK_INT(engine.abandoned, 2);
    CHECK_STR(engine.next_input, "NULL");
    end_peer(&p);
}

TEST(bad_requests_fail_without_being_tried_again)
{
    th_http_calls *calls = given_calls(1);

    run(calls, 1, NULL);
    CHECK(answered(1));
    CHECK(strstr(engine.failure, "\"ArgumentException\"") &&
          strstr(engine.failure, "nonRetriable"));
    run(calls, 2, "{\"uri\":\"http://\"}");
    CHECK(answered(2));
    CHECK(strstr(engine.failure, "uri: must") != NULL);
    CHECK_INT(engine.failed, 2);
    th_http_calls_free(calls);
}

TEST(options_that_cannot_be_are_refused)
{
    th_http_call_options options = { .max_calls = 1, .allow = "http://a ftp://b" };
    th_http_calls *calls = NULL;
    th_error err = { 0 };

    CHECK_INT(th_http_calls_new(&options, &calls, &err), TH_CONFIG);
    CHECK(!calls && strstr(err.text, "httpSettings.allowList: 'ftp://b'") == err.text);
    options = (th_http_call_options){ .max_calls = 1, .ca_file = "/no/such/file" };
    th_error_clear(&err);
    CHECK_INT(th_http_calls_new(&options, &calls, &err), TH_CONFIG);
    CHECK_STR(err.text, "httpSettings.caFile: cannot read /no/such/file");
}
