/*
 * late_session.h - the history of an instance as the late executor believes it to be.
 *
 * What was answered last may never have been taken. The memo tells: it is that of the last episode
 * which counts.
 */
#ifndef TH_TESTS_STORE_LATE_SESSION_H
#define TH_TESTS_STORE_LATE_SESSION_H

#include <stdbool.h>

#include "late_script.h"

typedef struct late_session late_session;

/* From an item that came with its history. */
late_session *late_session_new(const th_orch_item *item);
void late_session_free(late_session *s);

/* Forgets the episodes that the engine never took. False: what it stands on is not here. */
bool late_session_go_back(late_session *s, const char *memo);

/* Runs the script over all that is known, and answers the last episode. The number makes its memo
 * unlike any other. The answer lives in arena and in the session. */
th_answer late_session_answer(late_session *s, const th_orch_item *item, late_script *script,
                              unsigned number, th_arena *arena);

/* From here on it lives in arena alone. */
void late_answer_own(th_arena *arena, th_answer *answer);

#endif
