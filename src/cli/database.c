/*
 * database.c - waits for a database and brings its schema up.
 */
#include "cli/database.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "cli/stop.h"

static const int64_t retry_us = 500 * 1000;

bool th_database_refuses(const char *text)
{
    static const char *const last_words[] = {
        "password authentication failed",
        "no password supplied",
        "authentication failed for user",
        "no pg_hba.conf entry",
        "role \"",
        "database \"",
        "permission denied for database",
        "pooler",
        "not permitted to log in",
        "certificate",
        "does not support SSL",
        "server does not support",
    };

    for (size_t i = 0; i < sizeof(last_words) / sizeof(*last_words); i++)
        if (strstr(text, last_words[i]))
            return true;
    return false;
}

/* TH_SCHEMA may be a standby in the middle of a failover, so it is waited for as well. */
static bool worth_waiting(th_rc rc, const char *text)
{
    return (rc == TH_DB_LOST || rc == TH_SCHEMA || rc == TH_DB_STORAGE) &&
           !th_database_refuses(text);
}

static void say_once(const char *text, char *said, size_t size, int64_t left_us)
{
    if (strcmp(text, said) == 0)
        return;
    snprintf(said, size, "%s", text);
    th_log(TH_LOG_WARN, TH_EV_DB_LOST, NULL, "no database yet, trying for %d s more: %s",
           (int)(left_us / 1000000), text);
}

th_rc th_database_open(const char *conninfo, int64_t patience_us, th_db **out, th_error *err)
{
    th_error now = { 0 };
    char said[sizeof(now.text)] = "";
    int64_t deadline = th_mono_us() + patience_us;

    for (;;) {
        th_error_clear(&now);
        th_rc rc = th_db_open(conninfo, TH_DB_POOL, out, &now);
        if (rc == TH_OK)
            return TH_OK;
        int64_t left_us = deadline - th_mono_us();
        if (left_us <= 0 || !worth_waiting(rc, now.text))
            return th_fail(err, rc, "%s", now.text);
        say_once(now.text, said, sizeof(said), left_us);
        if (th_stop_wait(left_us < retry_us ? left_us : retry_us))
            return th_fail(err, TH_UNAVAILABLE, "stopped while waiting for the database");
    }
}

/* A newer schema is th_schema_check's to judge. */
static bool should_apply(const th_schema_state *state, bool always)
{
    return always ? state->version <= state->available : state->version < state->available;
}

static th_rc apply(th_db *db, th_schema_state *state, th_error *err)
{
    th_error refusal = { 0 };
    th_rc rc = th_migrate(db, state, &refusal);

    if (rc == TH_OK) {
        th_log(TH_LOG_INFO, TH_EV_SCHEMA, NULL, "schema taskhub is at version %d", state->version);
        return TH_OK;
    }
    if (strcmp(refusal.sqlstate, "42501") != 0) /* insufficient_privilege */
        return th_fail(err, rc, "the schema cannot be applied: %s", refusal.text);
    return TH_OK;
}

th_rc th_database_schema(th_db *db, bool always, th_schema_state *out, th_error *err)
{
    th_rc rc = th_schema_state_get(db, out, err);

    if (rc == TH_OK && should_apply(out, always))
        rc = apply(db, out, err);
    return rc == TH_OK ? th_schema_check(db, err) : rc;
}
