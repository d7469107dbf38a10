/*
 * late_executor.h - a test-only executor that does to the engine what remote ones may do.
 *
 * Orchestrations are scripts: a function that is given one event after the other, remembers what it
 * needs in its late_orch and takes steps. Their answers and those of activities come inside of the
 * call, or late, from other threads and out of order; twice, the second time with another content;
 * never, so that the engine gives the item again (and then the old token is answered after all);
 * as lost, as abandoned, or as needing the history again. Which, is drawn from the seed, the
 * instance and the place in its history; the third time an item is given it is answered for good.
 *
 * A life: late_new, late_add..., late_attach, th_engine_register, the engine's start and stop,
 * late_free, th_engine_free.
 */
#ifndef TH_TESTS_STORE_LATE_EXECUTOR_H
#define TH_TESTS_STORE_LATE_EXECUTOR_H

#include "base/arena.h"
#include "engine/executor.h"
#include "late_script.h"

typedef struct late late;

typedef enum late_mood {
    LATE_INSIDE,    /* before the call returns */
    LATE_LATER,     /* from another thread */
    LATE_TWICE,     /* later, and then once more, differently */
    LATE_NEVER,     /* until it is given again: then the old token is answered, wrongly */
    LATE_LOST,      /* the item is given again */
    LATE_ABANDONED, /* after a while */
    LATE_COLD,      /* the session is gone: needs the history */
    LATE_FORGETFUL, /* answers, and keeps no session */
    LATE_MOODS
} late_mood;

late *late_new(unsigned seed, int threads);
/* From here on events that nobody waits for are left, as the memo of the last episode tells. */
void late_leave_events(late *l);
void late_attach(late *l, th_engine *engine);
const th_executor *late_executor(late *l);
/* The engine has stopped. What was still to be answered never is. */
void late_free(late *l);

/* How often each mood was had, and how many sessions the engine has not let go of. */
int late_count(late *l, late_mood mood);
int late_sessions(late *l);
const char *late_mood_name(late_mood mood);

/* ---- activities ------------------------------------------------------------------------------ */

/* The result; or *failure is set. Texts live in arena, or for ever. */
typedef const char *late_work(th_arena *arena, const char *input, const char **failure);

void late_add_activity(late *l, const char *name, late_work *work);

/* ---- orchestrations -------------------------------------------------------------------------- */

void late_add(late *l, const char *name, late_script *script);

#endif
