/*
 * runner.h - episodes and operations that this process runs for the owners of other partitions, who
 * have no executor for them (protocol O6).
 *
 * One thread with its own connection claims them from the queue, reads what they stand on and gives
 * them to the executors; orchestrators' code runs on it. The answers go back as messages. A process
 * that owns partitions has one, too.
 */
#ifndef TH_ENGINE_RUNNER_H
#define TH_ENGINE_RUNNER_H

#include "base/error.h"
#include "engine/executor.h"

typedef struct th_runner th_runner;

enum { TH_RUNNER_TOKEN = 1 << 20 }; /* th_token.pump of what it gives out */

/* *out NULL: no executor has an orchestrator or an entity. */
th_rc th__runner_start(th_engine *engine, th_runner **out, th_error *err) TH_MUST_CHECK;
/* Takes nothing new, waits for what is out as long as the engine is patient, gives back the rest.
 */
void th__runner_stop(th_runner *runner);
void th__runner_free(th_runner *runner);

void th__runner_wake(th_runner *runner); /* any thread */
void th__runner_orch_answered(th_runner *runner, const th_answer *answer);
void th__runner_entity_answered(th_runner *runner, const th_entity_answer *answer);

/* Adds the ids that it runs in that partition; ids is grown. */
int64_t *th__runner_running(th_runner *runner, int32_t partition_id, int64_t *ids, size_t *count);

#endif
