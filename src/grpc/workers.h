/*
 * workers.h - the executor `durabletask`: workers of Durable Task SDKs, connected over gRPC.
 *
 * A worker opens a stream of work items and answers each by a call of its own. What it can run is
 * what it says when it connects: names, or anything. An item whose worker has gone is given to
 * another one after a while.
 *
 * A life: new, registered with an engine, attach, th_grpc_start with it, th_grpc_stop, free after
 * the engine.
 */
#ifndef TH_GRPC_WORKERS_H
#define TH_GRPC_WORKERS_H

#include "engine/executor.h"

typedef struct th_workers th_workers;

th_workers *th_workers_new(void);
void th_workers_free(th_workers *workers); /* NULL is fine */

const th_executor *th_workers_executor(const th_workers *workers);
void th_workers_attach(th_workers *workers, th_engine *engine);

#endif
