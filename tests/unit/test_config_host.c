/* test_config_host.c - host.json: values, rules, warnings, and the place that an error names. */
#include <unistd.h>

#include "base/config.h"
#include "test.h"

static th_config *given_nothing(void)
{
    unsetenv("TASKHUB_HUB");
    unsetenv("WEBSITE_SITE_NAME");
    unsetenv("WEBSITE_SLOT_NAME");
    return th_config_new();
}

/* A config after host.json of this text and the last step; the caller frees it. */
static th_config *after(const char *text)
{
    th_config *config = given_nothing();
    th_error err = { 0 };

    CHECK_INT(th_config_host_text(config, "host.json", text, strlen(text), &err), TH_OK);
    CHECK_INT(th_config_finish(config, &err), TH_OK);
    CHECK_STR(err.text, "");
    return config;
}

static void check_refused(const char *text, const char *want)
{
    th_config *config = given_nothing();
    th_error err = { 0 };

    th_rc rc = th_config_host_text(config, "host.json", text, strlen(text), &err);
    if (rc == TH_OK)
        rc = th_config_finish(config, &err);
    CHECK_INT(rc, TH_CONFIG);
    CHECK_STR(err.text, want);
    th_config_free(config);
}

#define DURABLE(members) "{\"extensions\":{\"durableTask\":{" members "}}}"

TEST(settings_of_http_calls_are_read_and_a_list_may_be_an_array_or_a_text)
{
    th_config *c = after(DURABLE("\"httpSettings\":{"
                                 "\"defaultAsyncRequestSleepTimeMilliseconds\":500,"
                                 "\"maxConcurrentCalls\":7,\"maxResponseContentBytes\":1000,"
                                 "\"allowList\":[\"a.example\",\"*.b:81/v1\"],"
                                 "\"publicAddressesOnly\":true,\"caFile\":\"/ca.pem\"}"));

    CHECK_INT(c->http_poll_ms, 500);
    CHECK_INT(c->http_max_calls, 7);
    CHECK_INT(c->http_max_content, 1000);
    CHECK_STR(c->http_allow, "a.example *.b:81/v1");
    CHECK(c->http_public_only);
    CHECK_STR(c->http_ca_file, "/ca.pem");
    CHECK_INT(c->n_warnings, 0);
    th_config_free(c);
    c = after(DURABLE("\"httpSettings\":{\"allowList\":\"a, b\"}"));
    CHECK_STR(c->http_allow, "a, b");
    th_config_free(c);
    check_refused(DURABLE("\"httpSettings\":{\"allowList\":[\"a b\"]}"),
                  "host.json:1: extensions.durableTask.httpSettings.allowList: must be an array of "
                  "texts without blanks and commas");
    check_refused(DURABLE("\"httpSettings\":{\"allowList\":7}"),
                  "host.json:1: extensions.durableTask.httpSettings.allowList: must be a string");
}

TEST(every_setting_is_read_from_its_place)
{
    th_config *c = after("{\"version\":\"2.0\",\"functionTimeout\":\"00:10:00\",\"extensions\":{"
                         "\"http\":{\"routePrefix\":\"/v1/app/\"},\"durableTask\":{"
                         "\"hubName\":\"Shop\",\"maxConcurrentActivityFunctions\":4,"
                         "\"maxConcurrentOrchestratorFunctions\":8,"
                         "\"extendedSessionsEnabled\":false,"
                         "\"extendedSessionIdleTimeoutInSeconds\":-3,"
                         "\"storeInputsInOrchestrationHistory\":true,"
                         "\"overridableExistingInstanceStates\":\"AnyState\","
                         "\"defaultVersion\":\"2.1\",\"versionMatchStrategy\":\"strict\","
                         "\"versionFailureStrategy\":\"Fail\","
                         "\"httpSettings\":{\"useForwardedHost\":true},"
                         "\"storageProvider\":{\"partitionCount\":16,"
                         "\"maxQueuePollingInterval\":\"00:00:05\"}}}}");

    CHECK_STR(c->hub, "Shop");
    CHECK_INT(c->max_activities, 4);
    CHECK_INT(c->max_orchestrators, 8);
    CHECK(!c->extended_sessions);
    CHECK_INT(c->extended_session_idle_s, 0);
    CHECK(c->store_inputs && c->reuse_any_state && c->use_forwarded_host);
    CHECK_STR(c->default_version, "2.1");
    CHECK(c->version_match == TH_MATCH_STRICT && c->version_fail);
    CHECK_INT(c->partition_count, 16);
    CHECK_INT(c->max_polling_us, 5000000);
    CHECK_INT(c->function_timeout_us, 600000000);
    CHECK_STR(c->route_prefix, "v1/app");
    CHECK_INT(c->n_warnings, 0);
    CHECK_INT(th_config_origin(c, "hub"), TH_FROM_HOST_JSON);
    CHECK_STR(th_config_where(c, "hub"), "host.json:1: extensions.durableTask.hubName");
    th_config_free(c);
}

TEST(names_match_in_any_case)
{
    th_config *c = after("{\"EXTENSIONS\":{\"DurableTask\":{\"HubName\":\"Shop\","
                         "\"storageprovider\":{\"PARTITIONCOUNT\":2}}}}");

    CHECK_STR(c->hub, "Shop");
    CHECK_INT(c->partition_count, 2);
    CHECK_INT(c->n_warnings, 0);
    th_config_free(c);
}

TEST(null_means_the_default)
{
    th_config *c = after(DURABLE("\"hubName\":null,\"storageProvider\":null,"
                                 "\"extendedSessionsEnabled\":null"));

    CHECK_STR(c->hub, "default");
    CHECK(c->extended_sessions);
    CHECK_INT(th_config_origin(c, "hub"), TH_FROM_DEFAULT);
    th_config_free(c);
}

TEST(an_empty_object_and_a_missing_file_change_nothing)
{
    th_config *c = after("{}");
    th_error err = { 0 };

    CHECK_INT(th_config_host_file(c, "/nonexistent/host.json", &err), TH_OK);
    CHECK_INT(err.rc, TH_OK);
    CHECK_INT(c->partition_count, 4);
    th_config_free(c);
}

TEST(host_json_is_read_from_a_file_and_loses_to_flags)
{
    char file[] = "/tmp/th_config_host.XXXXXX";
    static const char text[] = DURABLE("\"hubName\":\"Shop\",\"maxConcurrentActivityFunctions\":4");
    th_config *c = given_nothing();
    th_error err = { 0 };
    int fd = mkstemp(file);

    CHECK_INT(write(fd, text, sizeof text - 1), sizeof text - 1);
    close(fd);
    CHECK_INT(th_config_set(c, "hub", "Flag", TH_FROM_FLAG, &err), TH_OK);
    CHECK_INT(th_config_load(c, file, &err), TH_OK);
    CHECK_STR(c->hub, "Flag");
    CHECK_INT(c->max_activities, 4);
    unlink(file);
    th_config_free(c);
}

TEST(a_file_that_is_not_a_host_json_is_refused)
{
    th_config *c = given_nothing();
    th_error err = { 0 };

    CHECK_INT(th_config_host_file(c, "/", &err), TH_CONFIG);
    CHECK_STR(err.text, "/: is not a regular file");
    th_config_free(c);
    check_refused("", "host.json:1: not JSON: it is empty");
    check_refused("[]", "host.json:1: the whole: must be an object");
    check_refused("{\n\"extensions\": {\n", "host.json:3: not JSON: it ends too early");
    check_refused("{\n// comment\n}", "host.json:2: not JSON: no name in quotes");
}

TEST(wrong_types_are_told_file_line_and_field)
{
    check_refused("{\n\"extensions\": 5}", "host.json:2: extensions: must be an object");
    check_refused("{\"extensions\":{\n\"durableTask\":[]}}",
                  "host.json:2: extensions.durableTask: must be an object");
    check_refused(DURABLE("\n\n\"hubName\":5"),
                  "host.json:3: extensions.durableTask.hubName: must be a string");
    check_refused(DURABLE("\"hubName\":\"a\\u0000b\""),
                  "host.json:1: extensions.durableTask.hubName: must not contain a NUL character");
    check_refused(DURABLE("\"maxConcurrentActivityFunctions\":\"4\""),
                  "host.json:1: extensions.durableTask.maxConcurrentActivityFunctions: "
                  "must be an integer from 1 to 2147483647");
    check_refused(DURABLE("\"extendedSessionsEnabled\":\"true\""),
                  "host.json:1: extensions.durableTask.extendedSessionsEnabled: "
                  "must be true or false");
    check_refused(DURABLE("\"storageProvider\":\"mssql\""),
                  "host.json:1: extensions.durableTask.storageProvider: must be an object");
    check_refused(DURABLE("\"tracing\":true"),
                  "host.json:1: extensions.durableTask.tracing: must be an object");
    check_refused("{\"functionTimeout\":5}", "host.json:1: functionTimeout: must be a string");
}

TEST(wrong_values_are_told_file_line_and_field)
{
    check_refused(DURABLE("\"maxConcurrentOrchestratorFunctions\":0"),
                  "host.json:1: extensions.durableTask.maxConcurrentOrchestratorFunctions: "
                  "must be an integer from 1 to 2147483647");
    check_refused(DURABLE("\"storageProvider\":{\n\"partitionCount\":1025}"),
                  "host.json:2: extensions.durableTask.storageProvider.partitionCount: "
                  "must be an integer from 1 to 1024");
    check_refused(DURABLE("\"storageProvider\":{\"maxQueuePollingInterval\":\"5 s\"}"),
                  "host.json:1: extensions.durableTask.storageProvider.maxQueuePollingInterval: "
                  "must be a duration above zero, like 00:00:30");
    check_refused(DURABLE("\"overridableExistingInstanceStates\":\"Some\""),
                  "host.json:1: extensions.durableTask.overridableExistingInstanceStates: "
                  "must be NonRunningStates or AnyState");
    check_refused("{\"functionTimeout\":\"-2\"}",
                  "host.json:1: functionTimeout: must be a duration above zero, like 00:10:00, "
                  "or \"-1\" for none");
    check_refused("{\"extensions\":{\"http\":{\"routePrefix\":\"a b\"}}}",
                  "host.json:1: extensions.http.routePrefix: must consist of letters, digits "
                  "and '-', '.', '_', '~', '/'");
    check_refused("{\"functionTimeout\":\"00:01:00\",\n\"FunctionTimeout\":\"00:02:00\"}",
                  "host.json:2: FunctionTimeout: stands there twice, also as 'functionTimeout'");
}

TEST(a_function_timeout_of_minus_one_is_none)
{
    th_config *c = after("{\"functionTimeout\":\"-1\"}");

    CHECK_INT(c->function_timeout_us, -1);
    th_config_free(c);
}

TEST(a_route_prefix_may_be_empty)
{
    th_config *c = after("{\"extensions\":{\"http\":{\"routePrefix\":\"\"}}}");

    CHECK_STR(c->route_prefix, "");
    th_config_free(c);
    c = after("{\"extensions\":{\"http\":{\"routePrefix\":\"//\"}}}");
    CHECK_STR(c->route_prefix, "");
    th_config_free(c);
}

TEST(hub_names_follow_the_rules_for_explicit_ones)
{
    check_refused(DURABLE("\"hubName\":\"\""),
                  "host.json:1: extensions.durableTask.hubName: must not be empty");
    check_refused(
        DURABLE("\n\"hubName\":\"my-hub\""),
        "host.json:2: extensions.durableTask.hubName: must consist of letters and digits only");
    check_refused(DURABLE("\"hubName\":\"ab\""),
                  "host.json:1: extensions.durableTask.hubName: must have 3 to 45 characters");
}

TEST(a_setting_in_percent_signs_is_looked_up_in_the_environment)
{
    setenv("TH_TEST_HUB", "FromSetting", 1);
    th_config *c = after(DURABLE("\"hubName\":\"%TH_TEST_HUB%\""));
    CHECK_STR(c->hub, "FromSetting");
    CHECK_INT(th_config_finish(c, NULL), TH_OK);
    th_config_free(c);

    check_refused(
        DURABLE("\"hubName\":\"a%TH_TEST_HUB%\""),
        "host.json:1: extensions.durableTask.hubName: must consist of letters and digits only");
    setenv("TH_TEST_HUB", "bad-name", 1);
    check_refused(
        DURABLE("\"hubName\":\"%TH_TEST_HUB%\""),
        "host.json:1: extensions.durableTask.hubName: must consist of letters and digits only");
    unsetenv("TH_TEST_HUB");
    check_refused(DURABLE("\"hubName\":\"%TH_TEST_HUB%\""),
                  "host.json:1: extensions.durableTask.hubName: the setting TH_TEST_HUB is not in "
                  "the environment or empty");
    check_refused(
        DURABLE("\"hubName\":\"%%\""),
        "host.json:1: extensions.durableTask.hubName: must consist of letters and digits only");
}

TEST(a_setting_that_is_missing_does_not_matter_when_a_flag_names_the_hub)
{
    th_config *c = given_nothing();
    static const char text[] = DURABLE("\"hubName\":\"%TH_TEST_NONE%\"");

    CHECK_INT(th_config_host_text(c, "host.json", text, sizeof text - 1, NULL), TH_OK);
    CHECK_INT(th_config_set(c, "hub", "Flag", TH_FROM_FLAG, NULL), TH_OK);
    CHECK_INT(th_config_finish(c, NULL), TH_OK);
    CHECK_STR(c->hub, "Flag");
    th_config_free(c);
}

TEST(unknown_names_below_durable_task_are_listed_as_warnings)
{
    th_config *c = after("{\"logging\":{\"x\":1},\"extensions\":{\"queues\":{},\"durableTask\":{"
                         "\"hubNam\":\"x\",\"storageProvider\":{\"partitions\":2},"
                         "\"httpSettings\":{\"x\":1},\"tracing.version\":\"V2\","
                         "\"notifications\":{\"eventGrid\":{\"topic\":\"t\"},\"mail\":{}}}}}");
    static const char *const want[] = {
        "hubNam",          "storageProvider.partitions",    "httpSettings.x",
        "tracing.version", "notifications.eventGrid.topic", "notifications.mail",
    };

    CHECK_INT(c->n_warnings, 6);
    for (size_t i = 0; i < c->n_warnings && i < 6; i++) {
        char text[128];

        snprintf(text, sizeof text, "host.json: extensions.durableTask.%s: unknown name, ignored",
                 want[i]);
        CHECK_STR(c->warnings[i], text);
    }
    th_config_free(c);
}

TEST(names_that_mean_something_elsewhere_are_accepted_in_silence)
{
    th_config *c =
        after(DURABLE("\"maxConcurrentEntityFunctions\":1,\"useAppLease\":false,"
                      "\"appLeaseOptions\":{\"leaseInterval\":\"00:01:00\"},"
                      "\"TRACING\":{\"Version\":\"V2\"},"
                      "\"notifications\":{\"eventGrid\":{\"publishRetryHttpStatus\":[400]}},"
                      "\"storageProvider\":{\"type\":\"mssql\","
                      "\"connectionStringName\":\"X\",\"controlQueueBatchSize\":32}"));

    CHECK_INT(c->n_warnings, 0);
    th_config_free(c);
}

TEST(there_may_be_many_warnings)
{
    th_config *c = given_nothing();
    char text[8192] = "{\"extensions\":{\"durableTask\":{\"z\":0";
    size_t n = strlen(text);

    for (int i = 0; i < 100; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, ",\"x%d\":%d", i, i);
    n += (size_t)snprintf(text + n, sizeof text - n, "}}}");
    CHECK_INT(th_config_host_text(c, "host.json", text, n, NULL), TH_OK);
    CHECK_INT(c->n_warnings, 101);
    CHECK_STR(c->warnings[100], "host.json: extensions.durableTask.x99: unknown name, ignored");
    th_config_free(c);
}
