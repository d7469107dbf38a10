/*
 * functions_int.h - what the files of this room share about the app that is served.
 */
#ifndef TH_FUNCTIONS_INT_H
#define TH_FUNCTIONS_INT_H

#include "functions/app_folder.h"
#include "functions/call.h"
#include "functions/cors.h"
#include "functions/crew.h"
#include "functions/functions.h"
#include "functions/table.h"

struct th_functions {
    th_arena *arena;
    th__app app;
    th__crew *crew;
    const th__table *table;
    const char **timers; /* names of the orchestrations of timer triggers */
    th_functions_timer *schedules;
    size_t timer_count;
    const th__function **routes; /* HTTP functions, in the order in which they are asked */
    size_t route_count;
    int64_t timeout_us; /* of HTTP triggers; 0: none */
    th__cors cors;
    th_engine *engine;
    th_executor executor;
    th_triggers triggers;
    const char *_Atomic client; /* input of durable clients: JSON text; NULL: not known yet */
};

/* Whether all that a function's inputs need is known: shortly after the start it may not be. */
bool th__can_call(const th_functions *functions, const th__function *f);

/* Inputs that any function may have beside its trigger's. */
void th__put_clients(const th_functions *functions, th__call *call, const th__function *f);

/* client.c: what a durable client is given. */
const char *th__client_json(th_arena *arena, const th_functions_place *place);

/* failure.c: a failure as events have it, appended. A message that begins with the type says it
 * once. */
void th__failure_json(th_buf *out, const char *type, const char *message, const char *stack);

/* activity.c, entity.c, orch.c: the executor's functions. */
void th__activity_run(void *self, const th_activity_item *item);
void th__entity_start(void *self, const th_entity_item *item);
void th__orch_run(void *self, const th_orch_item *item);
void th__orch_drop(void *self, void *session);

/*
 * timer.c: a timer trigger is a schedule of the hub, which starts a small orchestration of this
 * room, which calls the function as an activity.
 */
#define TH__TIMER_PREFIX "TimerTrigger::"
/* The function of such an orchestration or activity; NULL: it is none. */
const th__function *th__timer_named(const th_functions *functions, const char *name);
/* TH_CONFIG: a schedule that can't be followed. */
th_rc th__timers_open(th_functions *functions, th_error *err) TH_MUST_CHECK;
void th__timer_orch(th_functions *functions, const th_orch_item *item);
/* The function's input, for the instance that the schedule has started. */
void th__timer_input(th__call *call, const th__function *f, const char *instance_id,
                     const char *status);

/* http.c */
void th__http_open(th_functions *functions);

#endif
