/*
 * operate.h - what operators ask and order over HTTP, each one call of a function of sql/api.
 *
 * Answers are JSON as the HTTP API shows it, and live in arena. What the functions refuse comes
 * back as their SQLSTATE says: TH_NOT_FOUND, TH_INVALID and the like.
 */
#ifndef TH_STORE_OPERATE_H
#define TH_STORE_OPERATE_H

#include "base/arena.h"
#include "base/error.h"
#include "store/db.h"

/* A hub as an object; NULL: the hub was dropped. */
th_rc th_operate_hub(th_db *db, th_arena *arena, const char *hub, const char **json,
                     th_error *err) TH_MUST_CHECK;

/* key: name of the access key that let the caller in, for the audit; NULL: none. reason may be
 * NULL. */
th_rc th_operate_pause(th_db *db, const char *hub, const char *key, const char *reason,
                       th_error *err) TH_MUST_CHECK;
th_rc th_operate_resume(th_db *db, const char *hub, const char *key, th_error *err) TH_MUST_CHECK;

/* What was given up as poison: an array of at most 1,000. */
th_rc th_operate_poisoned(th_db *db, th_arena *arena, const char *hub, const char **json,
                          th_error *err) TH_MUST_CHECK;

/* seq: the number of an activity as a text; NULL: the instance itself. */
th_rc th_operate_retry(th_db *db, const char *hub, const char *key, const char *id, const char *seq,
                       th_error *err) TH_MUST_CHECK;
th_rc th_operate_fail(th_db *db, const char *hub, const char *key, const char *id, const char *seq,
                      const char *reason, th_error *err) TH_MUST_CHECK;

/* The latest acts of the audit: an array of at most 1,000. */
th_rc th_operate_audit(th_db *db, th_arena *arena, const char *hub, const char **json,
                       th_error *err) TH_MUST_CHECK;

/* Why an instance is not running: an array, a reason an element. */
th_rc th_operate_explain(th_db *db, th_arena *arena, const char *hub, const char *id,
                         const char **json, th_error *err) TH_MUST_CHECK;

#endif
