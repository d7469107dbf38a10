/*
 * entity_job.h - operations of an entity at work: a job for a thread, one call of the app's
 * function after the other.
 */
#ifndef TH_RUNTIME_ENTITY_JOB_H
#define TH_RUNTIME_ENTITY_JOB_H

#include <taskhub.h>

#include "engine/executor.h"
#include "runtime/threads.h"

/* Copies the item, which may go before the operations end. What it holds goes with
 * th__entity_job_clear, itself with free. */
th__job *th__entity_job(const th_entity_item *item, th_entity_fn *fn, const char *default_version);
void th__entity_job_clear(th__job *job);

th_token th__entity_token(const th__job *job);

/* Runs the operations, or as many as fit into a second, and answers. */
void th__entity_run(th_engine *engine, th__job *job, th_arena *arena);

#endif
