/* A connection: its settings, whom it trusts, what failures mean, what it does when the server is
 * silent. */
#include "store/db.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "given_db.h"
#include "store/params.h"

/* ---- settings ---- */

static void check_setting(th_db *db, const char *name, const char *want)
{
    char sql[80];

    snprintf(sql, sizeof sql, "show %s", name);
    if (!CHECK_STR(value_of(db, "%s", sql), want))
        printf("  (%s)\n", name);
}

TEST(pens_and_control_have_the_settings_of_protocol_s1)
{
    static const char *const settings[][2] = {
        { "lock_timeout", "1s" },
        { "statement_timeout", "30s" },
        { "idle_in_transaction_session_timeout", "5s" },
        { "idle_session_timeout", "10s" },
        { "client_connection_check_interval", "1s" },
        { "TimeZone", "UTC" },
        { "client_encoding", "UTF8" },
        { "default_transaction_isolation", "read committed" },
        { "default_transaction_read_only", "off" },
        { "synchronous_commit", "on" },
    };

    for (int role = TH_DB_PEN; role <= TH_DB_CONTROL; role++) {
        th_db *db = given_db((th_db_role)role);

        for (size_t i = 0; i < sizeof settings / sizeof *settings; i++)
            check_setting(db, settings[i][0], settings[i][1]);
        check_setting(db, "application_name",
                      role == TH_DB_PEN ? "taskhub pen" : "taskhub control");
        th_db_close(db);
    }
}

TEST(a_pool_connection_sets_nothing_that_a_pooler_could_refuse)
{
    th_db *db = given_db(TH_DB_POOL);

    check_setting(db, "lock_timeout", "0");
    check_setting(db, "idle_session_timeout", "0");
    check_setting(db, "client_encoding", "UTF8");
    check_setting(db, "application_name", "taskhub pool");
    th_db_close(db);
}

TEST(options_of_the_user_stay_but_ours_win)
{
    char *address = given_address("options='-c work_mem=9MB -c lock_timeout=77s'");
    th_error err = { 0 };
    th_db *db = NULL;

    if (CHECK(th_db_open(address, TH_DB_PEN, &db, &err) == TH_OK)) {
        check_setting(db, "work_mem", "9MB");
        check_setting(db, "lock_timeout", "1s");
    }
    th_db_close(db);
    free(address);
}

TEST(commits_are_never_weaker_than_on_and_stay_stronger)
{
    static const char *const levels[][2] = { { "off", "on" },
                                             { "local", "on" },
                                             { "remote_write", "on" },
                                             { "on", "on" },
                                             { "remote_apply", "remote_apply" } };

    for (size_t i = 0; i < sizeof levels / sizeof *levels; i++) {
        char *address = given_address("options='-c synchronous_commit=%s'", levels[i][0]);
        th_error err = { 0 };
        th_db *db = NULL;

        if (CHECK(th_db_open(address, TH_DB_PEN, &db, &err) == TH_OK))
            check_setting(db, "synchronous_commit", levels[i][1]);
        th_db_close(db);
        free(address);
    }
}

TEST(the_incarnation_is_the_same_for_all_connections_whatever_their_time_zone)
{
    char *address = given_address("options='-c TimeZone=Asia/Tokyo -c DateStyle=German'");
    th_error err = { 0 };
    th_db *a = given_db(TH_DB_CONTROL), *b = NULL;

    if (CHECK(th_db_open(address, TH_DB_POOL, &b, &err) == TH_OK))
        CHECK_STR(th_db_incarnation(a), th_db_incarnation(b));
    CHECK(strlen(th_db_incarnation(a)) > 10);
    CHECK_INT(th_db_pid(a), atoi(value_of(a, "select pg_backend_pid()")));
    th_db_close(a);
    th_db_close(b);
    free(address);
}

/* ---- what the user gives ---- */

TEST(a_bad_conninfo_is_a_configuration_error_that_quotes_none_of_it)
{
    static const char *const bad[] = {
        "postgres://user:s3cret%@host/db",
        "password=s3cret nonsense",
        "postgres://user:p@s3cret@host/db",
        "postgres://user:s3cret/x@host/db",
        "postgres://user:12/s3cret@host/db",
        "host=localhost port=s3cret",
        "s3cret",
        "postgresql://[s3cret/db",
    };

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        th_error err = { 0 };
        th_db *db = NULL;

        if (!CHECK(th_db_open(bad[i], TH_DB_POOL, &db, &err) == TH_CONFIG))
            printf("  (%s)\n", bad[i]);
        CHECK(db == NULL);
        CHECK(err.text[0] && !strstr(err.text, "s3cret"));
    }
}

TEST(good_uris_are_not_taken_for_bad_ones)
{
    static const char *const good[] = { "postgres://user:p%40ss@127.0.0.1:1/db",
                                        "postgresql:///db?host=/nowhere&password=a@b/c",
                                        "postgres://user@127.0.0.1:1,127.0.0.1:1/db",
                                        "postgres://u:p?x@127.0.0.1:1/db",
                                        "host=@abstract port=1",
                                        "postgresql://%40abstract:1/db" };

    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        th_error err = { 0 };
        th_db *db = NULL;

        if (!CHECK(th_db_open(good[i], TH_DB_POOL, &db, &err) == TH_DB_LOST))
            printf("  (%s: %s)\n", good[i], err.text);
    }
}

TEST(a_refused_connection_is_lost_for_now_and_says_where_without_the_password)
{
    th_error err = { 0 };
    th_db *db = NULL;

    CHECK(th_db_open("host=127.0.0.1 port=1 password=s3cret user=u dbname=d", TH_DB_PEN, &db,
                     &err) == TH_DB_LOST);
    CHECK(strstr(err.text, "127.0.0.1") != NULL);
    CHECK(strstr(err.text, "s3cret") == NULL);
    CHECK(strchr(err.text, '\n') == NULL);
}

TEST(an_unknown_database_is_reported_in_the_servers_words)
{
    char *address = given_address("dbname=there_is_no_such_database");
    th_error err = { 0 };
    th_db *db = NULL;

    CHECK(th_db_open(address, TH_DB_POOL, &db, &err) == TH_DB_LOST);
    CHECK(strstr(err.text, "there_is_no_such_database") != NULL);
    free(address);
}

/* ---- several hosts, and whom to trust ---- */

static char *two_hosts(const char *first_host, int first_port)
{
    th_db *db = given_db(TH_DB_POOL);
    PGconn *pg = th_db_pg(db);
    char *out = NULL;

    if (asprintf(&out, "host='%s,%s' port=%d,%s dbname='%s' user='%s' password='%s'", first_host,
                 PQhost(pg), first_port, PQport(pg), PQdb(pg), PQuser(pg), PQpass(pg)) < 0)
        abort();
    th_db_close(db);
    return out;
}

TEST(the_second_host_is_taken_when_the_first_refuses)
{
    char *address = two_hosts("127.0.0.1", 1);
    th_error err = { 0 };
    th_db *db = NULL;

    CHECK(th_db_open(address, TH_DB_PEN, &db, &err) == TH_OK);
    CHECK_STR(err.text, "");
    th_db_close(db);
    free(address);
}

/* A socket that listens; its port. */
static int given_listener(int *port)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || bind(fd, (struct sockaddr *)&address, size) != 0 || listen(fd, 8) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &size) != 0)
        abort();
    *port = ntohs(address.sin_port);
    return fd;
}

TEST(a_host_that_never_answers_leaves_time_for_the_next_one)
{
    int port, fd = given_listener(&port);
    char *address = two_hosts("127.0.0.1", port);
    int64_t before_us = th__real_us();
    th_error err = { 0 };
    th_db *db = NULL;

    CHECK(th_db_open(address, TH_DB_PEN, &db, &err) == TH_OK);
    CHECK(th__real_us() - before_us < 5 * SECOND);
    th_db_close(db);
    free(address);
    close(fd);
}

TEST(a_server_without_writes_is_unfit_but_one_that_is_down_may_come_back)
{
    char *read_only = given_address("options='-c default_transaction_read_only=on'");
    char *two = two_hosts("127.0.0.1", 1), *both = NULL;
    th_error err = { 0 };
    th_db *db = NULL;

    CHECK(th_db_open(read_only, TH_DB_POOL, &db, &err) == TH_SCHEMA);
    CHECK(strstr(err.text, "read-only") != NULL);

    th_error_clear(&err);
    if (asprintf(&both, "%s options='-c default_transaction_read_only=on'", two) < 0)
        abort();
    CHECK(th_db_open(both, TH_DB_POOL, &db, &err) == TH_DB_LOST);
    CHECK(strstr(err.text, "refused") && strstr(err.text, "read-only"));
    free(read_only);
    free(two);
    free(both);
}

TEST(an_older_timeline_and_another_cluster_are_refused_and_a_newer_one_is_remembered)
{
    th_error err = { 0 };

    th__servers_forget();
    CHECK(th__server_admit(&(th__server){ 7, 3 }, &err) == TH_OK);
    CHECK(th__server_admit(&(th__server){ 7, 2 }, &err) == TH_SCHEMA);
    CHECK(strstr(err.text, "timeline 2") != NULL);

    th_error_clear(&err);
    CHECK(th__server_admit(&(th__server){ 8, 3 }, &err) == TH_SCHEMA);
    CHECK(strstr(err.text, "another cluster") != NULL);

    th_error_clear(&err);
    CHECK(th__server_admit(&(th__server){ 7, 4 }, &err) == TH_OK);
    CHECK(th__server_admit(&(th__server){ 0, 0 }, &err) == TH_OK); /* it does not say */
    CHECK(th__server_admit(&(th__server){ 7, 3 }, &err) == TH_SCHEMA);
    th__servers_forget();
}

TEST(a_connection_to_an_older_timeline_is_not_opened)
{
    const char *conninfo = given_conninfo();
    th_error err = { 0 };
    th_db *db = NULL;

    th__servers_forget();
    CHECK(th__server_admit(&(th__server){ 0, UINT32_MAX }, &err) == TH_OK);
    CHECK(th_db_open(conninfo, TH_DB_POOL, &db, &err) == TH_SCHEMA);
    CHECK(db == NULL);
    th__servers_forget();
}

/* ---- a pooler in between: passes everything on, but tells the client another process id ---- */

typedef struct proxy {
    int listener, client, server;
    int port;
    pthread_t thread;
} proxy;

static int connect_to_server(void)
{
    th_db *db = given_db(TH_DB_POOL);
    const char *host = PQhost(th_db_pg(db)), *port = PQport(th_db_pg(db));
    struct sockaddr_un local = { .sun_family = AF_UNIX };
    struct sockaddr_in remote = { .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port)) };
    bool is_local = host[0] == '/';

    if (is_local)
        snprintf(local.sun_path, sizeof local.sun_path, "%.80s/.s.PGSQL.%.10s", host, port);
    else if (inet_pton(AF_INET, strcmp(host, "localhost") ? host : "127.0.0.1", &remote.sin_addr) !=
             1)
        abort();
    int fd = socket(is_local ? AF_UNIX : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int rc = is_local ? connect(fd, (struct sockaddr *)&local, sizeof local)
                      : connect(fd, (struct sockaddr *)&remote, sizeof remote);

    th_db_close(db);
    return rc == 0 ? fd : -1;
}

/* The message K has length 12, then the process id: another one goes on. A password exchange does
 * not look like it. */
static void change_pid(char *bytes, ssize_t n)
{
    for (ssize_t i = 0; i + 13 <= n; i++)
        if (memcmp(bytes + i, "K\0\0\0\x0c", 5) == 0)
            bytes[i + 8] ^= 1;
}

static bool pass_on(int from, int to, bool changed)
{
    char bytes[16384];
    ssize_t n = read(from, bytes, sizeof bytes);

    if (n <= 0)
        return false;
    if (changed)
        change_pid(bytes, n);
    return write(to, bytes, (size_t)n) == n;
}

static void *run_proxy(void *arg)
{
    proxy *p = arg;

    p->client = accept(p->listener, NULL, NULL);
    for (;;) {
        struct pollfd fds[2] = { { p->client, POLLIN, 0 }, { p->server, POLLIN, 0 } };

        if (poll(fds, 2, 10000) <= 0)
            break;
        if (fds[0].revents && !pass_on(p->client, p->server, false))
            break;
        if (fds[1].revents && !pass_on(p->server, p->client, true))
            break;
    }
    close(p->client);
    close(p->server);
    return NULL;
}

static th_rc open_through_proxy(th_db_role role, th_error *err)
{
    proxy p = { .server = connect_to_server() };
    th_db *db = NULL;

    p.listener = given_listener(&p.port);
    char *address =
        given_address("host=127.0.0.1 port=%d sslmode=disable gssencmode=disable", p.port);
    pthread_create(&p.thread, NULL, run_proxy, &p);
    th_rc rc = th_db_open(address, role, &db, err);
    th_db_close(db);
    pthread_join(p.thread, NULL);
    close(p.listener);
    free(address);
    return rc;
}

TEST(a_pooler_is_noticed_by_pens_and_control_and_fine_for_the_pool)
{
    th_error err = { 0 };

    CHECK(open_through_proxy(TH_DB_POOL, &err) == TH_OK);
    CHECK_STR(err.text, "");
    CHECK(open_through_proxy(TH_DB_PEN, &err) == TH_SCHEMA);
    CHECK(strstr(err.text, "pooler") != NULL);
    th_error_clear(&err);
    CHECK(open_through_proxy(TH_DB_CONTROL, &err) == TH_SCHEMA);
}

/* ---- statements ---- */

TEST(text_parameters_and_nulls_go_in_and_text_comes_out)
{
    const char *params[] = { "a'b\"c", NULL, "42" };
    th_db *db = given_db(TH_DB_POOL);
    PGresult *res = NULL;
    th_error err = { 0 };

    CHECK(th_db_query(db, "select $1, $2::text is null, $3::int + 1", 3, params, &res, &err) ==
          TH_OK);
    if (CHECK(res != NULL)) {
        CHECK_STR(PQgetvalue(res, 0, 0), "a'b\"c");
        CHECK_STR(PQgetvalue(res, 0, 1), "t");
        CHECK_STR(PQgetvalue(res, 0, 2), "43");
    }
    PQclear(res);
    th_db_close(db);
}

TEST(every_sqlstate_means_what_protocol_b4_says)
{
    static const struct {
        const char *state;
        th_rc rc;
    } cases[] = {
        { "40001", TH_DB_RETRY },   { "40P01", TH_DB_RETRY },   { "55P03", TH_DB_RETRY },
        { "57014", TH_DB_RETRY },   { "53100", TH_DB_STORAGE }, { "53200", TH_DB_STORAGE },
        { "58030", TH_DB_STORAGE }, { "TH409", TH_CONFLICT },   { "TH001", TH_NOT_FOUND },
        { "TH002", TH_FINISHED },   { "TH003", TH_EXISTS },     { "TH004", TH_NOT_FINISHED },
        { "TH005", TH_NOT_FAILED }, { "TH006", TH_INVALID },    { "TH777", TH_DB },
        { "23505", TH_DB },         { "22P02", TH_DB },         { "54000", TH_DB },
        { "57000", TH_DB },         { "25P02", TH_DB },
    };
    th_db *db = given_db(TH_DB_POOL);

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char sql[120];
        th_error err = { 0 };

        snprintf(sql, sizeof sql,
                 "do $$ begin raise exception 'words' using errcode = '%s'; end $$",
                 cases[i].state);
        CHECK_INT(th_db_query(db, sql, 0, NULL, NULL, &err), cases[i].rc);
        CHECK_STR(err.sqlstate, cases[i].state);
        CHECK_STR(err.text, "words");
        CHECK(!th_db_is_lost(db));
    }
    th_db_close(db);
}

TEST(states_that_mean_another_server_are_losses_even_while_the_socket_is_up)
{
    static const char *const states[] = { "08006", "57P01", "57P02", "57P03", "57P05", "25006" };

    for (size_t i = 0; i < sizeof states / sizeof *states; i++) {
        th_db *db = given_db(TH_DB_POOL);
        char sql[120];
        th_error err = { 0 };

        snprintf(sql, sizeof sql,
                 "do $$ begin raise exception 'words' using errcode = '%s'; end $$", states[i]);
        CHECK_INT(th_db_query(db, sql, 0, NULL, NULL, &err), TH_DB_LOST);
        CHECK(th_db_is_lost(db));
        th_error_clear(&err);
        CHECK(th_db_query(db, "select 1", 0, NULL, NULL, &err) == TH_DB_LOST);
        th_db_close(db);
    }
}

TEST(the_first_failure_stays_written_when_a_second_follows)
{
    th_db *db = given_db(TH_DB_POOL);
    th_error err = { 0 };

    CHECK(th_db_query(db, "select 1/0", 0, NULL, NULL, &err) == TH_DB);
    CHECK(th_db_query(db, "select wrong", 0, NULL, NULL, &err) == TH_DB);
    CHECK_STR(err.sqlstate, "22012");
    CHECK_STR(err.text, "division by zero");
    th_db_close(db);
}

TEST(an_error_at_the_commit_of_a_single_statement_is_not_taken_for_success)
{
    th_db *db = given_db(TH_DB_PEN);
    PGresult *res = NULL;
    th_error err = { 0 };

    CHECK(th_db_script(db,
                       "create temp table late (id int unique deferrable initially deferred);"
                       "insert into late values (1)",
                       &err) == TH_OK);
    CHECK(th_db_query(db, "insert into late values (1) returning id", 0, NULL, &res, &err) ==
          TH_DB);
    CHECK_STR(err.sqlstate, "23505");
    CHECK(res == NULL);
    th_db_close(db);
}

TEST(a_terminated_session_is_lost)
{
    th_db *db = given_db(TH_DB_PEN), *other = given_db(TH_DB_POOL);
    th_error err = { 0 };

    CHECK_STR(value_of(other, "select pg_terminate_backend(%d)", th_db_pid(db)), "t");
    CHECK(th_db_query(db, "select pg_sleep(10)", 0, NULL, NULL, &err) == TH_DB_LOST);
    CHECK_STR(err.sqlstate, "57P01"); /* and not the closed socket that followed */
    CHECK(th_db_is_lost(db));
    th_db_close(db);
    th_db_close(other);
}

TEST(a_fatal_error_of_any_state_means_that_the_session_is_over)
{
    th_db *db = given_db(TH_DB_PEN), *other = given_db(TH_DB_POOL);
    char sql[96];
    th_error err = { 0 };

    snprintf(sql, sizeof sql, "select count(*) from pg_stat_activity where pid = %d",
             th_db_pid(db));
    value_of(db, "set idle_in_transaction_session_timeout = 20");
    value_of(db, "begin");
    CHECK(comes_to(other, sql, "0"));
    CHECK(th_db_query(db, "select 1", 0, NULL, NULL, &err) == TH_DB_LOST);
    CHECK(th_db_is_lost(db));
    th_db_close(db);
    th_db_close(other);
}

TEST(a_server_that_does_not_answer_is_given_up_after_the_deadline)
{
    th_db *db = given_db(TH_DB_PEN);
    int64_t before_us = th__real_us();
    th_error err = { 0 };

    db->patience_us = SECOND / 5;
    CHECK(th_db_query(db, "select pg_sleep(20)", 0, NULL, NULL, &err) == TH_DB_LOST);
    CHECK(th__real_us() - before_us < 10 * SECOND);
    CHECK(th_db_is_lost(db));
    th_db_close(db);
}

TEST(large_values_go_both_ways_at_once)
{
    enum { SIZE = 16 << 20 };
    th_db *db = given_db(TH_DB_PEN);
    char *text = malloc(SIZE + 1);
    th_params p = { 0 };
    PGresult *res = NULL;
    th_error err = { 0 };

    memset(text, 'x', SIZE);
    text[SIZE] = '\0';
    th_param_text(&p, text);
    th_params_ready(&p);
    CHECK(th_db_exec(db, "select $1, $1", &p, true, &res, &err) == TH_OK);
    if (CHECK(res != NULL))
        CHECK(PQgetlength(res, 0, 1) == SIZE && strcmp(PQgetvalue(res, 0, 1), text) == 0);
    PQclear(res);
    th_params_free(&p);
    free(text);
    th_db_close(db);
}

TEST(a_script_runs_several_statements_and_none_of_them_if_one_fails)
{
    th_db *db = given_db(TH_DB_PEN);
    th_error err = { 0 };

    CHECK(th_db_script(db, "create temp table t (i int); insert into t values (1); select 1",
                       &err) == TH_OK);
    CHECK(th_db_script(db, "insert into t values (2); select 1/0; insert into t values (3)",
                       &err) == TH_DB);
    CHECK_STR(value_of(db, "select count(*) from t"), "1");
    th_db_close(db);
}

TEST(copy_is_refused_without_a_hang)
{
    th_db *db = given_db(TH_DB_PEN);
    th_error err = { 0 };

    CHECK(th_db_query(db, "copy (select 1) to stdout", 0, NULL, NULL, &err) == TH_INTERNAL);
    CHECK(th_db_is_lost(db));
    th_db_close(db);
}

TEST(a_connection_that_others_made_non_blocking_stays_so)
{
    th_db *db = given_db(TH_DB_POOL);

    CHECK_STR(value_of(db, "select 1"), "1");
    CHECK(!PQisnonblocking(th_db_pg(db)));
    PQsetnonblocking(th_db_pg(db), 1);
    CHECK_STR(value_of(db, "select 2"), "2");
    CHECK(PQisnonblocking(th_db_pg(db)));
    th_db_close(db);
}

TEST(a_blocking_statement_in_a_pipeline_is_refused_and_harmless)
{
    th_db *db = given_db(TH_DB_PEN);
    th_error err = { 0 };

    CHECK(PQenterPipelineMode(th_db_pg(db)));
    CHECK(th_db_query(db, "select 1", 0, NULL, NULL, &err) == TH_INTERNAL);
    CHECK(PQexitPipelineMode(th_db_pg(db)));
    CHECK_STR(value_of(db, "select 1"), "1");
    th_db_close(db);
}

TEST(notices_of_the_server_are_not_printed)
{
    th_db *db = given_db(TH_DB_PEN);
    int saved = dup(STDERR_FILENO), file = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    th_error err = { 0 };

    if (!CHECK(saved >= 0 && file >= 0))
        return;
    dup2(file, STDERR_FILENO);
    CHECK(th_db_script(db, "do $$ begin raise warning 'loud'; end $$", &err) == TH_OK);
    dup2(saved, STDERR_FILENO);
    CHECK_INT(lseek(file, 0, SEEK_END), 0);
    close(saved);
    close(file);
    th_db_close(db);
}

TEST(texts_of_several_lines_become_one_without_indented_hints)
{
    char out[40], small[8];

    th__one_line("first\n\tIs it running?\nsecond\n", out, sizeof out);
    CHECK_STR(out, "first; second");
    th__one_line("", out, sizeof out);
    CHECK_STR(out, "");
    th__one_line(NULL, out, sizeof out);
    CHECK_STR(out, "");
    th__one_line("longer than that\nand more", small, sizeof small);
    CHECK_STR(small, "longer ");
}

/* ---- fault injection ---- */

/* A sequence of its own: every call of nextval leaves its mark, whatever becomes of the connection.
 */
static long count_of(th_db *db, int pid)
{
    return atol(value_of(db, "select nextval('public.th_fault_%d')", pid));
}

static th_rc ask_under_fault(th_fault what, long *calls, th_error *err)
{
    th_db *db = given_db(TH_DB_PEN), *other = given_db(TH_DB_POOL);
    int pid = th_db_pid(db);
    PGresult *res = NULL;
    char sql[96];

    value_of(other, "create sequence public.th_fault_%d", pid);
    snprintf(sql, sizeof sql, "select nextval('public.th_fault_%d')", pid);
    th_fault_arm(what, 2);
    CHECK(th_db_query(db, "select 1", 0, NULL, NULL, err) == TH_OK);
    th_rc rc = th_db_query(db, sql, 0, NULL, &res, err);
    CHECK(res == NULL);
    CHECK_INT(th_fault_count(), 2);
    CHECK(th_db_is_lost(db));
    th_fault_arm(TH_FAULT_NONE, 0);
    *calls = count_of(other, pid) - 1;
    value_of(other, "drop sequence public.th_fault_%d", pid);
    th_db_close(db);
    th_db_close(other);
    return rc;
}

TEST(the_kth_operation_fails_before_it_is_sent)
{
    th_error err = { 0 };
    long calls = -1;

    CHECK(ask_under_fault(TH_FAULT_FAIL, &calls, &err) == TH_DB_LOST);
    CHECK_INT(calls, 0);
}

TEST(the_kth_operation_is_carried_out_and_reported_as_lost)
{
    th_error err = { 0 };
    long calls = -1;

    CHECK(ask_under_fault(TH_FAULT_LIE, &calls, &err) == TH_DB_LOST);
    CHECK_INT(calls, 1);
}

TEST(opening_counts_as_one_operation_and_can_fail_either_way)
{
    const char *conninfo = given_conninfo();

    for (int what = TH_FAULT_FAIL; what <= TH_FAULT_LIE; what++) {
        th_error err = { 0 };
        th_db *db = NULL;

        th_fault_arm((th_fault)what, 1);
        CHECK(th_db_open(conninfo, TH_DB_PEN, &db, &err) == TH_DB_LOST);
        CHECK(db == NULL);
        CHECK_INT(th_fault_count(), 1);
        th_fault_arm(TH_FAULT_NONE, 0);
        th_db_close(given_db(TH_DB_PEN));
    }
}

/* ---- a word ---- */

TEST(a_session_that_says_a_word_now_and_then_is_not_silent)
{
    th_db *db = given_db(TH_DB_CONTROL);
    th_error err = { 0 };

    CHECK(th_db_query(db, "set idle_session_timeout = '400ms'", 0, NULL, NULL, &err) == TH_OK);
    for (int i = 0; i < 6; i++) {
        poll(NULL, 0, 150);
        CHECK(th_db_keep_alive(db, 100000, &err) == TH_OK);
    }
    CHECK_STR(value_of(db, "select 1"), "1");
    th_db_close(db);
}

TEST(a_word_is_no_statement)
{
    th_db *db = given_db(TH_DB_CONTROL), *other = given_db(TH_DB_POOL);
    th_error err = { 0 };

    CHECK_STR(value_of(db, "select 'the last'"), "the last");
    CHECK(th_db_keep_alive(db, 0, &err) == TH_OK);
    CHECK_STR(value_of(other, "select query from pg_stat_activity where pid = %d", th_db_pid(db)),
              "select 'the last'");
    th_db_close(other);
    th_db_close(db);
}

TEST(who_has_spoken_a_moment_ago_says_no_word)
{
    th_db *db = given_db(TH_DB_CONTROL);
    th_error err = { 0 };

    CHECK_STR(value_of(db, "select 1"), "1");
    shutdown(PQsocket(th_db_pg(db)), SHUT_RDWR);
    CHECK(th_db_keep_alive(db, 60 * SECOND, &err) == TH_OK);
    CHECK(th_db_keep_alive(db, 0, &err) == TH_DB_LOST);
    CHECK(th_db_is_lost(db));
    th_db_close(db);
}

/* ---- threads ---- */

typedef struct asker {
    const char *conninfo;
    int ok;
} asker;

static void *open_and_ask(void *arg)
{
    asker *a = arg;

    for (int i = 0; i < 5; i++) {
        th_error err = { 0 };
        th_db *db = NULL;

        if (th_db_open(a->conninfo, TH_DB_POOL, &db, &err) == TH_OK &&
            th_db_query(db, "select 1", 0, NULL, NULL, &err) == TH_OK)
            a->ok++;
        th_db_close(db);
    }
    return NULL;
}

TEST(many_threads_open_connections_at_the_same_time)
{
    pthread_t threads[4];
    asker askers[4];
    const char *conninfo = given_conninfo();

    th__servers_forget();
    th_fault_arm(TH_FAULT_NONE, 0);
    for (int i = 0; i < 4; i++) {
        askers[i] = (asker){ .conninfo = conninfo };
        pthread_create(&threads[i], NULL, open_and_ask, &askers[i]);
    }
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
        CHECK_INT(askers[i].ok, 5);
    }
    CHECK_INT(th_fault_count(), 40);
}
