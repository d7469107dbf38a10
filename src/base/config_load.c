/* config_load.c - the environment, the hub's name, and the order of the steps; see config.h. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/base_int.h"
#include "base/config.h"

/* Empty counts as not set: that is how compose files and shells leave a variable out. */
static const char *env(const char *name)
{
    const char *value = getenv(name);

    return value && value[0] ? value : NULL;
}

th_rc th_config_env(th_config *config, th_error *err)
{
    for (size_t i = 0; i < th__setting_count; i++) {
        const char *value = th__settings[i].env ? env(th__settings[i].env) : NULL;

        if (!value)
            continue;
        th_rc rc = th_config_set(config, th__settings[i].name, value, TH_FROM_ENV, err);
        if (rc != TH_OK)
            return rc;
    }
    return TH_OK;
}

static th_rc bad_hub(const th_config *config, th_error *err, const char *rule)
{
    return th_fail(err, TH_CONFIG, "%s: %s", th_config_where(config, "hub"), rule);
}

/* "%NAME%" as the whole value stands for the variable NAME. */
static th_rc resolve(th_config *config, th_error *err)
{
    const char *text = config->hub;
    size_t n = strlen(text);

    if (n < 3 || text[0] != '%' || strchr(text + 1, '%') != text + n - 1)
        return TH_OK;

    char *name = th_strndup(config->inner->arena, text + 1, n - 2);
    const char *value = env(name);
    if (!value)
        return th_fail(err, TH_CONFIG, "%s: the setting %s is not in the environment or empty",
                       th_config_where(config, "hub"), name);
    config->hub = th_strdup(config->inner->arena, value);
    return TH_OK;
}

static void default_hub(th_config *config, char out[TH_HUB_NAME_SIZE])
{
    const char *site = env("WEBSITE_SITE_NAME");

    th_hub_name_from(site ? site : "default", out);
    if (th_config_origin(config, "hub") == TH_FROM_DEFAULT)
        config->hub = th_strdup(config->inner->arena, out);
}

/* Two slots of one app would take each other's work from a shared hub. */
static th_rc check_slot(const th_config *config, const char *usual, th_error *err)
{
    const char *slot = env("WEBSITE_SLOT_NAME");

    if (!slot || strcasecmp(slot, "Production") == 0)
        return TH_OK;
    if (th_config_origin(config, "hub") == TH_FROM_DEFAULT)
        return th_fail(err, TH_CONFIG,
                       "extensions.durableTask.hubName: must be set in the deployment slot '%s'",
                       slot);
    if (strcasecmp(config->hub, usual) == 0)
        return bad_hub(config, err, "must differ from the default name in a deployment slot");
    return TH_OK;
}

th_rc th_config_finish(th_config *config, th_error *err)
{
    char usual[TH_HUB_NAME_SIZE];
    const char *problem;
    th_rc rc = TH_OK;

    default_hub(config, usual);
    if (th_config_origin(config, "hub") == TH_FROM_HOST_JSON)
        rc = resolve(config, err);
    if (rc != TH_OK)
        return rc;
    if ((problem = th_hub_name_problem(config->hub)) != NULL)
        return bad_hub(config, err, problem);
    if (config->extended_session_idle_s < 0)
        config->extended_session_idle_s = 0;
    return check_slot(config, usual, err);
}

th_rc th_config_load(th_config *config, const char *host_json, th_error *err)
{
    th_rc rc = TH_OK;

    if (host_json)
        rc = th_config_host_file(config, host_json, err);
    if (rc == TH_OK)
        rc = th_config_env(config, err);
    if (rc == TH_OK)
        rc = th_config_finish(config, err);
    return rc;
}
