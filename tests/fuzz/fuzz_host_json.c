/* fuzz_host_json.c - any bytes as host.json: a config, or one readable error; never a crash. */
#include <stdlib.h>
#include <string.h>

#include "base/config.h"
#include "base/json.h"

#define MUST(cond)   \
    do {             \
        if (!(cond)) \
            abort(); \
    } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_config(const th_config *config)
{
    MUST(th_hub_name_problem(config->hub) == NULL);
    MUST(config->partition_count >= 1 && config->partition_count <= 1024);
    MUST(config->max_activities > 0 && config->max_orchestrators > 0);
    MUST(config->max_polling_us > 0 && config->extended_session_idle_s >= 0);
    MUST(config->function_timeout_us == -1 || config->function_timeout_us > 0);
    MUST(config->route_prefix[0] != '/');
    for (size_t i = 0; i < config->n_warnings; i++)
        MUST(th_utf8_valid(config->warnings[i], strlen(config->warnings[i])));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    th_config *config = th_config_new();
    th_error err = { 0 };
    th_buf out = TH_BUF_INIT;
    th_rc rc = th_config_host_text(config, "host.json", data ? (const char *)data : "", size, &err);

    if (rc == TH_OK)
        rc = th_config_finish(config, &err);
    if (rc == TH_OK) {
        check_config(config);
        th_config_print(config, &out);
    } else {
        MUST(rc == TH_CONFIG && strstr(err.text, "host.json"));
        MUST(th_utf8_valid(err.text, strlen(err.text)));
    }
    th_buf_free(&out);
    th_config_free(config);
    return 0;
}
