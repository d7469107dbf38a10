/* test_config.c - flags, environment, defaults; which one wins, and what is refused. */
#include "base/config.h"

#include <sched.h>

#include "test.h"

static const char *const variables[] = {
    "TASKHUB_DATABASE_URL", "TASKHUB_HUB",       "TASKHUB_PORT",
    "TASKHUB_BIND",         "TASKHUB_DATA",      "TASKHUB_WORKERS",
    "TASKHUB_LOG_FORMAT",   "TASKHUB_LOG_LEVEL", "FUNCTIONS_REQUEST_BODY_SIZE_LIMIT",
    "WEBSITE_SITE_NAME",    "WEBSITE_SLOT_NAME",
};

/* A config in an environment that says nothing. */
static th_config *given_nothing(void)
{
    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++)
        unsetenv(variables[i]);
    return th_config_new();
}

static void check_load(th_config *config, const char *want)
{
    th_error err = { 0 };

    CHECK_INT(th_config_load(config, NULL, &err), want ? TH_CONFIG : TH_OK);
    CHECK_STR(err.text, want ? want : "");
}

TEST(with_nothing_given_the_defaults_hold)
{
    th_config *c = given_nothing();
    cpu_set_t set;

    check_load(c, NULL);
    CHECK_INT(sched_getaffinity(0, sizeof set, &set), 0);
    CHECK_STR(c->database, NULL);
    CHECK_STR(c->hub, "default");
    CHECK_STR(c->bind, "127.0.0.1");
    CHECK_INT(c->port, 7071);
    CHECK_STR(c->data_dir, ".taskhub");
    CHECK_INT(c->workers, 0);
    CHECK(c->log_level == TH_LOG_INFO && c->log_format == TH_LOG_TEXT);
    CHECK(!c->no_http && !c->no_orchestrators && !c->no_activities && !c->no_auth);
    CHECK_INT(c->max_activities, 10 * CPU_COUNT(&set));
    CHECK_INT(c->max_orchestrators, 10 * CPU_COUNT(&set));
    CHECK(c->extended_sessions);
    CHECK_INT(c->extended_session_idle_s, 30);
    CHECK_INT(c->partition_count, 4);
    CHECK_INT(c->max_polling_us, 30000000);
    CHECK(!c->store_inputs && !c->reuse_any_state && !c->use_forwarded_host);
    CHECK_INT(c->function_timeout_us, INT64_C(1800000000));
    CHECK_STR(c->route_prefix, "api");
    CHECK_INT(c->body_limit, 104857600);
    CHECK_INT(c->n_warnings, 0);
    CHECK_INT(th_config_origin(c, "port"), TH_FROM_DEFAULT);
    CHECK_STR(th_config_where(c, "port"), "default");
    th_config_free(c);
    th_config_free(NULL);
}

TEST(each_variable_reaches_its_field)
{
    th_config *c = given_nothing();

    setenv("TASKHUB_DATABASE_URL", "postgresql://db/app", 1);
    setenv("TASKHUB_HUB", "Shop", 1);
    setenv("TASKHUB_PORT", "0", 1);
    setenv("TASKHUB_BIND", "0.0.0.0", 1);
    setenv("TASKHUB_DATA", "/var/lib/taskhub", 1);
    setenv("TASKHUB_WORKERS", "8", 1);
    setenv("TASKHUB_LOG_FORMAT", "json", 1);
    setenv("TASKHUB_LOG_LEVEL", "debug", 1);
    setenv("FUNCTIONS_REQUEST_BODY_SIZE_LIMIT", "1024", 1);
    check_load(c, NULL);
    CHECK_STR(c->database, "postgresql://db/app");
    CHECK_STR(c->hub, "Shop");
    CHECK_INT(c->port, 0);
    CHECK_STR(c->bind, "0.0.0.0");
    CHECK_STR(c->data_dir, "/var/lib/taskhub");
    CHECK_INT(c->workers, 8);
    CHECK(c->log_level == TH_LOG_DEBUG && c->log_format == TH_LOG_JSON);
    CHECK_INT(c->body_limit, 1024);
    CHECK_INT(th_config_origin(c, "hub"), TH_FROM_ENV);
    CHECK_STR(th_config_where(c, "hub"), "TASKHUB_HUB");
    th_config_free(c);
}

TEST(an_empty_variable_counts_as_not_set)
{
    th_config *c = given_nothing();

    setenv("TASKHUB_PORT", "", 1);
    setenv("TASKHUB_DATABASE_URL", "", 1);
    check_load(c, NULL);
    CHECK_INT(c->port, 7071);
    CHECK_STR(c->database, NULL);
    th_config_free(c);
}

TEST(a_flag_wins_over_the_environment_though_it_was_set_first)
{
    th_config *c = given_nothing();

    setenv("TASKHUB_PORT", "80", 1);
    setenv("TASKHUB_BIND", "::1", 1);
    CHECK_INT(th_config_set(c, "port", "8080", TH_FROM_FLAG, NULL), TH_OK);
    check_load(c, NULL);
    CHECK_INT(c->port, 8080);
    CHECK_STR(c->bind, "::1");
    CHECK_STR(th_config_where(c, "port"), "--port");
    th_config_free(c);
}

TEST(of_two_equal_flags_the_last_counts)
{
    th_config *c = given_nothing();

    CHECK_INT(th_config_set(c, "port", "1", TH_FROM_FLAG, NULL), TH_OK);
    CHECK_INT(th_config_set(c, "port", "2", TH_FROM_FLAG, NULL), TH_OK);
    CHECK_INT(c->port, 2);
    th_config_free(c);
}

TEST(switches_need_no_value_and_names_may_have_dashes)
{
    th_config *c = given_nothing();

    CHECK_INT(th_config_set(c, "no_http", NULL, TH_FROM_FLAG, NULL), TH_OK);
    CHECK_INT(th_config_set(c, "no-auth", "true", TH_FROM_FLAG, NULL), TH_OK);
    CHECK_INT(th_config_set(c, "no-activities", "0", TH_FROM_FLAG, NULL), TH_OK);
    CHECK_INT(th_config_set(c, "log-format", "json", TH_FROM_FLAG, NULL), TH_OK);
    CHECK(c->no_http && c->no_auth && !c->no_activities && !c->no_orchestrators);
    CHECK(c->log_format == TH_LOG_JSON);
    CHECK_STR(th_config_where(c, "log_format"), "--log-format");
    th_config_free(c);
}

TEST(bad_values_are_refused_with_their_flag_and_the_rule)
{
    static const char *const cases[][3] = {
        { "port", "65536", "--port: must be an integer from 0 to 65535" },
        { "port", "", "--port: must be an integer from 0 to 65535" },
        { "port", " 80", "--port: must be an integer from 0 to 65535" },
        { "port", "80x", "--port: must be an integer from 0 to 65535" },
        { "port", "-1", "--port: must be an integer from 0 to 65535" },
        { "port", "99999999999999999999", "--port: must be an integer from 0 to 65535" },
        { "port", NULL, "--port: needs a value" },
        { "rpc_port", "some", "--rpc-port: must be an integer from 0 to 65535, or none" },
        { "rpc_port", "65536", "--rpc-port: must be an integer from 0 to 65535, or none" },
        { "rpc_port", "-1", "--rpc-port: must be an integer from 0 to 65535, or none" },
        { "workers", "-", "--workers: must be an integer from 0 to 1024" },
        { "database", "", "--database: must not be empty" },
        { "bind", "", "--bind: must not be empty" },
        { "log_level", "loud", "--log-level: must be debug, info, warn, error or off" },
        { "log_format", "xml", "--log-format: must be text or json" },
        { "system_key", "short",
          "--system-key: must be 20 to 128 characters of ASCII without blanks" },
        { "system_key", "twenty letters and blanks",
          "--system-key: must be 20 to 128 characters of ASCII without blanks" },
        { "no_http", "maybe", "--no-http: must be true or false" },
        { "partition_count", "0", "--partition-count: must be an integer from 1 to 1024" },
        { "max_polling_us", "00:00:00",
          "--max-polling-us: must be a duration above zero, like 00:00:30" },
        { "colour", "red", "there is no setting 'colour'" },
        { "por", "1", "there is no setting 'por'" },
        { "", "1", "there is no setting ''" },
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        th_config *c = given_nothing();
        th_error err = { 0 };

        CHECK_INT(th_config_set(c, cases[i][0], cases[i][1], TH_FROM_FLAG, &err), TH_CONFIG);
        CHECK_STR(err.text, cases[i][2]);
        CHECK_INT(c->port, 7071);
        th_config_free(c);
    }
}

TEST(a_bad_variable_is_refused_by_its_name)
{
    th_config *c = given_nothing();

    setenv("TASKHUB_WORKERS", "many", 1);
    check_load(c, "TASKHUB_WORKERS: must be an integer from 0 to 1024");
    th_config_free(c);
}

TEST(the_text_of_a_flag_may_go_away)
{
    th_config *c = given_nothing();
    char text[] = "Shop";

    CHECK_INT(th_config_set(c, "hub", text, TH_FROM_FLAG, NULL), TH_OK);
    memset(text, 'x', 4);
    CHECK_STR(c->hub, "Shop");
    th_config_free(c);
}

TEST(the_default_hub_comes_from_the_sites_name)
{
    th_config *c = given_nothing();

    setenv("WEBSITE_SITE_NAME", "1-my-site", 1);
    check_load(c, NULL);
    CHECK_STR(c->hub, "t1mysite");
    th_config_free(c);
}

TEST(a_hub_that_was_given_is_not_mended_but_refused)
{
    th_config *c = given_nothing();

    CHECK_INT(th_config_set(c, "hub", "my-hub", TH_FROM_FLAG, NULL), TH_OK);
    check_load(c, "--hub: must consist of letters and digits only");
    th_config_free(c);

    c = given_nothing();
    setenv("TASKHUB_HUB", "%HOME%", 1);
    check_load(c, "TASKHUB_HUB: must consist of letters and digits only");
    th_config_free(c);
}

TEST(a_deployment_slot_needs_a_hub_of_its_own)
{
    th_config *c = given_nothing();

    setenv("WEBSITE_SLOT_NAME", "staging", 1);
    setenv("WEBSITE_SITE_NAME", "shop", 1);
    check_load(c, "extensions.durableTask.hubName: must be set in the deployment slot 'staging'");
    CHECK_INT(th_config_set(c, "hub", "SHOP", TH_FROM_FLAG, NULL), TH_OK);
    check_load(c, "--hub: must differ from the default name in a deployment slot");
    CHECK_INT(th_config_set(c, "hub", "ShopStaging", TH_FROM_FLAG, NULL), TH_OK);
    check_load(c, NULL);
    th_config_free(c);

    c = given_nothing();
    setenv("WEBSITE_SLOT_NAME", "production", 1);
    check_load(c, NULL);
    th_config_free(c);
}

TEST(the_port_of_the_rpc_door_is_a_number_or_none_and_not_said_at_first)
{
    th_config *c = given_nothing();

    CHECK_INT(c->rpc_port, -1);
    CHECK_INT(th_config_set(c, "rpc_port", "17071", TH_FROM_ENV, NULL), TH_OK);
    CHECK_INT(c->rpc_port, 17071);
    CHECK_INT(th_config_set(c, "rpc_port", "None", TH_FROM_FLAG, NULL), TH_OK);
    CHECK_INT(c->rpc_port, 0);
    th_config_free(c);
}

TEST(printing_names_every_origin_and_hides_what_is_secret)
{
    th_config *c = given_nothing();
    th_buf out = TH_BUF_INIT;

    setenv("TASKHUB_DATABASE_URL", "postgresql://u:secret@db/app", 1);
    setenv("TASKHUB_SYSTEM_KEY", "secret-secret-secret", 1);
    CHECK_INT(th_config_set(c, "port", "8080", TH_FROM_FLAG, NULL), TH_OK);
    check_load(c, NULL);
    th_config_print(c, &out);
    CHECK(strstr(out.data, "database = (given) (TASKHUB_DATABASE_URL)\n") != NULL);
    CHECK(strstr(out.data, "system_key = (given) (TASKHUB_SYSTEM_KEY)\n") != NULL);
    CHECK(strstr(out.data, "secret") == NULL);
    CHECK(strstr(out.data, "port = 8080 (--port)\n") != NULL);
    CHECK(strstr(out.data, "bind = 127.0.0.1 (default)\n") != NULL);
    CHECK(strstr(out.data, "log_level = info (default)\n") != NULL);
    CHECK(strstr(out.data, "extended_sessions = true (default)\n") != NULL);
    CHECK(strstr(out.data, "body_limit = 104857600 (default)\n") != NULL);
    th_buf_free(&out);
    th_config_free(c);
}

TEST(unknown_settings_have_no_origin)
{
    th_config *c = given_nothing();

    CHECK_INT(th_config_origin(c, "colour"), TH_FROM_DEFAULT);
    CHECK_STR(th_config_where(c, "colour"), NULL);
    CHECK_STR(th_config_where(c, NULL), NULL);
    th_config_free(c);
}
