/*
 * trigger_answer.h - what a function returned, as an HTTP answer.
 */
#ifndef TH_FUNCTIONS_TRIGGER_ANSWER_H
#define TH_FUNCTIONS_TRIGGER_ANSWER_H

#include <jansson.h>

#include "base/arena.h"
#include "base/error.h"
#include "http/trigger.h"

/*
 * value is a TypedData: http; string, json or bytes (200 with that body); NULL or empty (204).
 * TH_INVALID: a status, header or body that no answer can have. All of *out lives in arena.
 */
th_rc th__trigger_answer(th_arena *arena, const json_t *value, th_trigger_answer *out,
                         th_error *err) TH_MUST_CHECK;

#endif
