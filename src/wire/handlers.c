/*
 * handlers.c - the threads that run handlers, and the line before them.
 */
#include <stdlib.h>

#include "base/arena.h"
#include "wire/wire_int.h"

enum { LONGEST_LINE = 20000, USUAL_THREADS = 4 };

bool th__handlers_take(th_call *call)
{
    th_wire *wire = call->wire;

    pthread_mutex_lock(&wire->lock);
    bool room = wire->ready_count < LONGEST_LINE && !wire->no_handlers;
    if (room) {
        th_call_keep(call);
        call->next_ready = NULL;
        if (wire->last_ready)
            wire->last_ready->next_ready = call;
        else
            wire->first_ready = call;
        wire->last_ready = call;
        wire->ready_count++;
        pthread_cond_signal(&wire->ready);
    }
    pthread_mutex_unlock(&wire->lock);
    return room;
}

/* NULL: no more will come. */
static th_call *next_call(th_wire *wire)
{
    pthread_mutex_lock(&wire->lock);
    while (!wire->first_ready && !wire->no_handlers)
        pthread_cond_wait(&wire->ready, &wire->lock);

    th_call *call = wire->first_ready;
    if (call) {
        wire->first_ready = call->next_ready;
        if (!wire->first_ready)
            wire->last_ready = NULL;
        wire->ready_count--;
    }
    pthread_mutex_unlock(&wire->lock);
    return call;
}

static void *run(void *arg)
{
    th_wire *wire = arg;
    th_call *call;

    while ((call = next_call(wire))) {
        call->method->handle(call, wire->options.data);
        th_call_release(call);
    }
    return NULL;
}

th_rc th__handlers_start(th_wire *wire, th_error *err)
{
    int wanted = wire->options.threads > 0 ? wire->options.threads : USUAL_THREADS;

    wire->no_handlers = false;
    wire->handlers = th_malloc(sizeof *wire->handlers * (size_t)wanted);
    for (; wire->handler_count < wanted; wire->handler_count++)
        if (pthread_create(&wire->handlers[wire->handler_count], NULL, run, wire) != 0)
            return th_fail(err, TH_IO, "no thread for the gRPC server can be made");
    return TH_OK;
}

void th__handlers_stop(th_wire *wire)
{
    pthread_mutex_lock(&wire->lock);
    wire->no_handlers = true;
    pthread_cond_broadcast(&wire->ready);
    pthread_mutex_unlock(&wire->lock);
    for (int i = 0; i < wire->handler_count; i++)
        pthread_join(wire->handlers[i], NULL);
    free(wire->handlers);
    wire->handlers = NULL;
    wire->handler_count = 0;
}
