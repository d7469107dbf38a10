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

/* Why an instance is not running: an array, a reason an element. */
th_rc th_operate_explain(th_db *db, th_arena *arena, const char *hub, const char *id,
                         const char **json, th_error *err) TH_MUST_CHECK;

#endif
