/* config_host.c - host.json into a th_config; names it does not know become warnings. */
#include <string.h>
#include <strings.h>

#include "base/base_int.h"
#include "base/config.h"

#define DURABLE "extensions.durableTask"

/* Names below extensions.durableTask that mean something elsewhere and change nothing here. */
static const char *const silent[] = {
    "maxOrchestrationActions",
    "entityMessageReorderWindowInMinutes",
    "useGracefulShutdown",
    "rollbackEntityOperationsOnExceptions",
    "throwStatusExceptionsOnRaiseEvent",
    "useAppLease",
    "appLeaseOptions.renewInterval",
    "appLeaseOptions.acquireInterval",
    "appLeaseOptions.leaseInterval",
    "maxGrpcMessageSizeInBytes",
    "grpcHttpClientTimeout",
    "tracing.traceInputsAndOutputs",
    "tracing.traceReplayEvents",
    "tracing.allowVerboseLinuxTelemetry",
    "tracing.distributedTracingEnabled",
    "tracing.version",
    "tracing.distributedTracingProtocol",
    "notifications.eventGrid.topicEndpoint",
    "notifications.eventGrid.keySettingName",
    "notifications.eventGrid.publishRetryCount",
    "notifications.eventGrid.publishRetryInterval",
    "notifications.eventGrid.publishRetryHttpStatus",
    "notifications.eventGrid.publishEventTypes",
    "storageProvider.type",
    "storageProvider.controlQueueBatchSize",
    "storageProvider.controlQueueBufferThreshold",
    "storageProvider.controlQueueVisibilityTimeout",
    "storageProvider.workItemQueueVisibilityTimeout",
    "storageProvider.fetchLargeMessagesAutomatically",
    "storageProvider.trackingStoreConnectionName",
    "storageProvider.trackingStoreConnectionStringName",
    "storageProvider.trackingStoreNamePrefix",
    "storageProvider.useLegacyPartitionManagement",
    "storageProvider.useTablePartitionManagement",
    "storageProvider.allowReplayingTerminalInstances",
    "storageProvider.queueClientMessageEncoding",
};

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

typedef enum standing { UNKNOWN, GROUP, KNOWN } standing;

/* How a path stands to a known one: it, an object on the way to it, or neither. */
static standing compare(const char *path, const char *known)
{
    size_t n = strlen(path);

    if (strncasecmp(path, known, n) != 0)
        return UNKNOWN;
    return known[n] == '\0' ? KNOWN : known[n] == '.' ? GROUP : UNKNOWN;
}

/* path is relative to extensions.durableTask. */
static standing look_up(const char *path)
{
    standing best = UNKNOWN, now;

    for (size_t i = 0; i < COUNT(silent) && best == UNKNOWN; i++)
        best = compare(path, silent[i]);
    for (size_t i = 0; i < th__setting_count && best == UNKNOWN; i++) {
        const char *known = th__settings[i].path;

        if (known && strncmp(known, DURABLE ".", strlen(DURABLE ".")) == 0) {
            now = compare(path, known + strlen(DURABLE "."));
            best = now > best ? now : best;
        }
    }
    return best;
}

/* Warnings for names that nobody knows. A name with a dot in it would pass for a path: unknown too.
 */
static th_rc check_names(th_config *config, const th_json_at *at, th_error *err)
{
    const char *name;
    json_t *value, *object = (json_t *)at->object; /* the iterator only reads */
    th_rc rc = TH_OK;

    json_object_foreach (object, name, value) {
        th_json_at inner;
        const char *full = th_sprintf(config->inner->arena, "%s.%s", at->path, name);
        standing what = strchr(name, '.') ? UNKNOWN : look_up(full + strlen(DURABLE "."));

        if (what == UNKNOWN)
            th__config_warn(config, "%s: %s: unknown name, ignored", at->doc->file, full);
        if (what != GROUP)
            continue;
        rc = th_json_object(at, name, TH_OPTIONAL, config->inner->arena, &inner, err);
        if (rc == TH_OK && inner.object)
            rc = check_names(config, &inner, err);
        if (rc != TH_OK)
            return rc;
    }
    return TH_OK;
}

/* Goes down to the object that holds the last name of a path; *name is that name. */
static th_rc descend(th_config *config, const th_json_at *top, const char *path, th_json_at *out,
                     const char **name, th_error *err)
{
    const char *dot;

    *out = *top;
    for (*name = path; (dot = strchr(*name, '.')) != NULL; *name = dot + 1) {
        th_arena *arena = config->inner->arena;
        const char *key = th_strndup(arena, *name, (size_t)(dot - *name));
        th_json_at inner;
        th_rc rc = th_json_object(out, key, TH_OPTIONAL, arena, &inner, err);

        if (rc != TH_OK)
            return rc;
        *out = inner;
    }
    return TH_OK;
}

/* An array of texts as one, with blanks between them. */
static th_rc read_list(const th_json_at *at, const char *name, const json_t *array, th_arena *arena,
                       th__value *out, th_error *err)
{
    th_buf all = TH_BUF_INIT;

    for (size_t i = 0; i < json_array_size(array); i++) {
        const json_t *word = json_array_get(array, i);
        const char *text = json_string_value(word);
        if (!text || !text[0] || strlen(text) != json_string_length(word) ||
            strpbrk(text, " \t\r\n,")) {
            th_buf_free(&all);
            return th_json_field_fail(at, name, err,
                                      "must be an array of texts without blanks and commas");
        }
        th_buf_str(&all, i ? " " : "");
        th_buf_str(&all, text);
    }
    out->s = th_strndup(arena, all.data ? all.data : "", all.len);
    th_buf_free(&all);
    return TH_OK;
}

/* Numbers and booleans must be such in JSON too; all else is text. */
static th_rc read_value(const th_json_at *at, const char *name, const th__setting *setting,
                        th_arena *arena, th__value *out, bool *there, th_error *err)
{
    const json_t *value = NULL;
    const char *text = NULL, *rule;
    char problem[TH__PROBLEM];
    bool flag = false;

    th_rc rc = th_json_any(at, name, TH_OPTIONAL, &value, err);
    *there = value != NULL;
    if (rc != TH_OK || !value)
        return rc;
    if (setting->kind == TH__INT || setting->kind == TH__SIZE)
        return th_json_int(at, name, TH_REQUIRED, setting->min, setting->max, &out->i, err);
    if (setting->kind == TH__BOOL) {
        rc = th_json_bool(at, name, TH_REQUIRED, &flag, err);
        out->i = flag;
        return rc;
    }
    if (setting->kind == TH__LIST && json_is_array(value))
        return read_list(at, name, value, arena, out, err);

    rc = th_json_str(at, name, TH_REQUIRED, &text, err);
    if (rc == TH_OK && (rule = th__setting_parse(setting, text, out, problem)) != NULL)
        rc = th_json_field_fail(at, name, err, "%s", rule);
    return rc;
}

static th_rc read_setting(th_config *config, const th_json_at *top, const th__setting *setting,
                          th_error *err)
{
    th__value value = { 0 };
    th_json_at at;
    const char *name;
    bool there = false;

    th_rc rc = descend(config, top, setting->path, &at, &name, err);
    if (rc == TH_OK)
        rc = read_value(&at, name, setting, config->inner->arena, &value, &there, err);
    if (rc != TH_OK || !there)
        return rc;

    int line = th_json_line(top->doc->text, top->doc->len, setting->path);
    const char *where =
        th_sprintf(config->inner->arena, "%s:%d: %s", top->doc->file, line, setting->path);
    th__config_put(config, setting, value, TH_FROM_HOST_JSON, where);
    return TH_OK;
}

static th_rc read_doc(th_config *config, const th_json_doc *doc, th_error *err)
{
    th_json_at top, durable;
    const char *name;

    th_rc rc = th_json_top(doc->root, doc, TH_CONFIG, true, &top, err);
    for (size_t i = 0; i < th__setting_count && rc == TH_OK; i++)
        if (th__settings[i].path)
            rc = read_setting(config, &top, &th__settings[i], err);
    if (rc == TH_OK)
        rc = descend(config, &top, DURABLE ".", &durable, &name, err);
    if (rc == TH_OK && durable.object)
        rc = check_names(config, &durable, err);
    return rc;
}

/* Whatever kept the document from being read is a matter of configuration to the caller. */
static th_rc use_doc(th_config *config, th_rc rc, th_json_doc *doc, const th_error *first,
                     th_error *err)
{
    if (rc != TH_OK)
        return th_fail(err, TH_CONFIG, "%s", first->text);
    rc = read_doc(config, doc, err);
    th_json_doc_free(doc);
    return rc;
}

th_rc th_config_host_text(th_config *config, const char *file, const char *text, size_t n,
                          th_error *err)
{
    th_json_doc doc = { 0 };
    th_error first = { 0 };
    th_rc rc = th_json_doc_parse(file, text, n, 0, &doc, &first);

    return use_doc(config, rc, &doc, &first, err);
}

th_rc th_config_host_file(th_config *config, const char *file, th_error *err)
{
    th_json_doc doc = { 0 };
    th_error first = { 0 };
    th_rc rc = th_json_doc_read(file, 0, &doc, &first);

    return rc == TH_NOT_FOUND ? TH_OK : use_doc(config, rc, &doc, &first, err);
}
