/*
 * call.c - a call's life: accepted, its message read, answered, closed.
 *
 * The core takes one operation of a kind at a time; what is sent meanwhile lines up here. Each
 * operation in flight holds a reference, so that a call is freed after its last one.
 */
#include "wire/call.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "wire/wire_int.h"

static th_call *call_new(th_wire *wire)
{
    th_call *call = th_malloc(sizeof *call);

    call->wire = wire;
    atomic_init(&call->refs, 1);
    pthread_mutex_init(&call->lock, NULL);
    pthread_cond_init(&call->told, NULL);
    call->accept = (th__op){ TH__OP_ACCEPT, call };
    call->read = (th__op){ TH__OP_MESSAGE, call };
    call->close = (th__op){ TH__OP_CLOSE, call };
    call->send = (th__op){ TH__OP_SEND, call };
    call->status = (th__op){ TH__OP_STATUS, call };
    th__core.grpc_call_details_init(&call->details);
    th__core.grpc_metadata_array_init(&call->metadata);
    call->message = th__core.grpc_empty_slice();
    return call;
}

static void drop_queue(th_call *call)
{
    th__out *out;

    while ((out = call->first)) {
        call->first = out->next;
        th__core.grpc_byte_buffer_destroy(out->bytes);
        free(out);
    }
    call->last = NULL;
    call->queued = 0;
}

static void leave(th_call *call)
{
    th_wire *wire = call->wire;

    pthread_mutex_lock(&wire->lock);
    if (call->prev)
        call->prev->next = call->next;
    else if (wire->calls == call)
        wire->calls = call->next;
    if (call->next)
        call->next->prev = call->prev;
    if (--wire->call_count == 0)
        pthread_cond_broadcast(&wire->idle);
    pthread_mutex_unlock(&wire->lock);
}

static void read_metadata(th_call *call)
{
    size_t n = call->metadata.count;

    call->values = th_malloc(sizeof *call->values * (n + 1));
    for (size_t i = 0; i < n; i++)
        call->values[i] = th__core.grpc_slice_to_c_string(call->metadata.metadata[i].value);
}

static void free_metadata(th_call *call)
{
    for (size_t i = 0; call->values && i < call->metadata.count; i++)
        th__core.gpr_free(call->values[i]);
    free(call->values);
    th__core.grpc_metadata_array_destroy(&call->metadata);
}

static void call_free(th_call *call)
{
    bool counted = call->grpc != NULL;

    drop_queue(call);
    free(call->text);
    if (call->received)
        th__core.grpc_byte_buffer_destroy(call->received);
    th__core.grpc_slice_unref(call->message);
    free_metadata(call);
    th__core.grpc_call_details_destroy(&call->details);
    if (call->grpc)
        th__core.grpc_call_unref(call->grpc);
    pthread_cond_destroy(&call->told);
    pthread_mutex_destroy(&call->lock);
    if (counted)
        leave(call);
    free(call);
}

void th_call_keep(th_call *call)
{
    atomic_fetch_add(&call->refs, 1);
}

bool th__call_keep_alive(th_call *call)
{
    int refs = atomic_load(&call->refs);

    while (refs > 0)
        if (atomic_compare_exchange_weak(&call->refs, &refs, refs + 1))
            return true;
    return false;
}

void th_call_release(th_call *call)
{
    if (call && atomic_fetch_sub(&call->refs, 1) == 1)
        call_free(call);
}

/* Each operation in flight holds a reference. False: the core took none of it. */
static bool start(th_call *call, const grpc_op *ops, size_t count, th__op *op)
{
    th_call_keep(call);
    if (th__core.grpc_call_start_batch(call->grpc, ops, count, op, NULL) == GRPC_CALL_OK)
        return true;
    th_call_release(call); /* not the last one: whoever calls has one */
    return false;
}

/* ---- coming in ---------------------------------------------------------------------------------
 */

void th__call_accept(th_wire *wire)
{
    th_call *call = call_new(wire);

    if (th__core.grpc_server_request_call(wire->server, &call->grpc, &call->details,
                                          &call->metadata, wire->queue, wire->queue,
                                          &call->accept) != GRPC_CALL_OK)
        th_call_release(call);
}

static const th_wire_method *find_method(const th_wire *wire, grpc_slice path)
{
    for (size_t i = 0; i < wire->options.method_count; i++)
        if (th__core.grpc_slice_str_cmp(path, wire->options.methods[i].path) == 0)
            return &wire->options.methods[i];
    return NULL;
}

/* False: the server stops. */
static bool enter(th_call *call)
{
    th_wire *wire = call->wire;

    pthread_mutex_lock(&wire->lock);
    call->next = wire->calls;
    if (wire->calls)
        wire->calls->prev = call;
    wire->calls = call;
    wire->call_count++;
    bool open = !wire->stopping;
    pthread_mutex_unlock(&wire->lock);
    return open;
}

static void accepted(th_call *call)
{
    bool open = enter(call);
    read_metadata(call);
    grpc_op close = { .op = GRPC_OP_RECV_CLOSE_ON_SERVER };
    grpc_op read = { .op = GRPC_OP_RECV_MESSAGE };

    close.data.recv_close_on_server.cancelled = &call->cancelled;
    start(call, &close, 1, &call->close);
    call->method = find_method(call->wire, call->details.method);
    if (!open) {
        th_call_end(call, TH_STATUS_UNAVAILABLE, "the server is stopping");
    } else if (!call->method) {
        th_call_end(call, TH_STATUS_UNIMPLEMENTED, "there is no such method");
    } else {
        read.data.recv_message.recv_message = &call->received;
        if (!start(call, &read, 1, &call->read))
            th_call_end(call, TH_STATUS_INTERNAL, "the request can't be read");
    }
}

static void message_read(th_call *call, bool ok)
{
    grpc_byte_buffer_reader reader;

    if (!ok || !call->received || !th__core.grpc_byte_buffer_reader_init(&reader, call->received)) {
        th_call_end(call, TH_STATUS_INVALID_ARGUMENT, "there is no request message");
        return;
    }
    th__core.grpc_slice_unref(call->message);
    call->message = th__core.grpc_byte_buffer_reader_readall(&reader);
    th__core.grpc_byte_buffer_reader_destroy(&reader);
    th__core.grpc_byte_buffer_destroy(call->received);
    call->received = NULL;
    if (!th__handlers_take(call))
        th_call_end(call, TH_STATUS_RESOURCE_EXHAUSTED, "too many calls wait to be handled");
}

const uint8_t *th_call_message(const th_call *call, size_t *length)
{
    *length = GRPC_SLICE_LENGTH(call->message);
    return GRPC_SLICE_START_PTR(call->message);
}

const char *th_call_metadata(const th_call *call, const char *key)
{
    for (size_t i = 0; i < call->metadata.count; i++)
        if (th__core.grpc_slice_str_cmp(call->metadata.metadata[i].key, key) == 0)
            return call->values[i];
    return NULL;
}

int64_t th_call_deadline_us(const th_call *call)
{
    gpr_timespec at = th__core.gpr_convert_clock_type(call->details.deadline, GPR_CLOCK_REALTIME);

    if (th__core.gpr_time_cmp(at, th__core.gpr_inf_future(GPR_CLOCK_REALTIME)) == 0 ||
        at.tv_sec > INT32_MAX * 8LL)
        return INT64_MAX;
    return at.tv_sec * 1000000 + at.tv_nsec / 1000;
}

/* ---- going out ---------------------------------------------------------------------------------
 */

static grpc_op begin_op(th_call *call)
{
    grpc_op op = { .op = GRPC_OP_SEND_INITIAL_METADATA };

    call->begun = true;
    return op;
}

static void send_next(th_call *call)
{
    grpc_op ops[2];
    size_t n = 0;
    th__out *out = call->first;

    if (!call->begun)
        ops[n++] = begin_op(call);
    ops[n] = (grpc_op){ .op = GRPC_OP_SEND_MESSAGE };
    ops[n++].data.send_message.send_message = out->bytes;
    call->sending = start(call, ops, n, &call->send);
    call->first = out->next;
    if (!call->first)
        call->last = NULL;
    call->queued -= out->length;
    th__core.grpc_byte_buffer_destroy(out->bytes); /* the core has its own reference to the bytes */
    free(out);
    if (!call->sending)
        drop_queue(call);
}

static void send_status(th_call *call)
{
    grpc_op ops[2];
    size_t n = 0;
    grpc_slice text = th__core.grpc_slice_from_copied_string(call->text ? call->text : "");

    if (!call->begun)
        ops[n++] = begin_op(call);
    ops[n] = (grpc_op){ .op = GRPC_OP_SEND_STATUS_FROM_SERVER };
    ops[n].data.send_status_from_server.status = (grpc_status_code)call->code;
    ops[n++].data.send_status_from_server.status_details = call->text ? &text : NULL;
    call->closing = true;
    start(call, ops, n, &call->status);
    th__core.grpc_slice_unref(text);
}

/* Under the lock: whatever can go out now goes. */
static void go_on(th_call *call)
{
    if (call->sending || call->closing)
        return;
    if (call->gone)
        drop_queue(call);
    if (call->first)
        send_next(call);
    if (!call->sending && !call->first && call->ended)
        send_status(call);
}

bool th_call_send(th_call *call, const void *message, size_t length)
{
    pthread_mutex_lock(&call->lock);
    bool there = !call->ended && !call->gone;
    if (there) {
        grpc_slice slice = th__core.grpc_slice_from_copied_buffer(message, length);
        th__out *out = th_malloc(sizeof *out);
        out->bytes = th__core.grpc_raw_byte_buffer_create(&slice, 1);
        out->length = length;
        th__core.grpc_slice_unref(slice);
        if (call->last)
            call->last->next = out;
        else
            call->first = out;
        call->last = out;
        call->queued += length;
        go_on(call);
    }
    pthread_mutex_unlock(&call->lock);
    return there;
}

size_t th_call_queued(const th_call *call)
{
    pthread_mutex_t *lock = (pthread_mutex_t *)&call->lock;

    pthread_mutex_lock(lock);
    size_t queued = call->queued;
    pthread_mutex_unlock(lock);
    return queued;
}

void th_call_end(th_call *call, th_status_code code, const char *message)
{
    pthread_mutex_lock(&call->lock);
    if (!call->ended) {
        call->ended = true;
        call->code = code;
        call->text = th_mstrdup(message);
        go_on(call);
    }
    pthread_mutex_unlock(&call->lock);
}

void th_call_reply(th_call *call, const void *message, size_t length)
{
    if (th_call_send(call, message, length))
        th_call_end(call, TH_STATUS_OK, NULL);
    else
        th_call_end(call, TH_STATUS_CANCELLED, NULL);
}

/* ---- the client has gone -----------------------------------------------------------------------
 */

/* Under the lock, which it gives up while fn runs. */
static void tell_gone(th_call *call)
{
    void (*fn)(th_call *, void *) = call->on_gone;
    void *data = call->gone_data;

    if (!fn || !call->gone || call->telling)
        return;
    call->on_gone = NULL;
    call->telling = true;
    pthread_mutex_unlock(&call->lock);
    fn(call, data);
    pthread_mutex_lock(&call->lock);
    call->telling = false;
    pthread_cond_broadcast(&call->told);
}

void th_call_on_gone(th_call *call, void (*fn)(th_call *call, void *data), void *data)
{
    pthread_mutex_lock(&call->lock);
    call->on_gone = fn;
    call->gone_data = data;
    while (!fn && call->telling)
        pthread_cond_wait(&call->told, &call->lock);
    tell_gone(call);
    pthread_mutex_unlock(&call->lock);
}

static void closed(th_call *call)
{
    pthread_mutex_lock(&call->lock);
    if (!call->ended) {
        call->gone = true;
        tell_gone(call);
    }
    /* The end must be sent to a client that has gone, too: the core frees the call after it. */
    if (!call->ended) {
        call->ended = true;
        call->code = TH_STATUS_CANCELLED;
    }
    go_on(call);
    pthread_mutex_unlock(&call->lock);
}

/* ---- the driver's news -------------------------------------------------------------------------
 */

static void sent(th_call *call, bool ok)
{
    pthread_mutex_lock(&call->lock);
    call->sending = false;
    if (!ok)
        drop_queue(call);
    go_on(call);
    pthread_mutex_unlock(&call->lock);
}

void th__call_done(th__op *op, bool ok)
{
    th_call *call = op->call;

    switch (op->kind) {
    case TH__OP_ACCEPT:
        if (ok) {
            th__call_accept(call->wire);
            accepted(call);
        }
        break;
    case TH__OP_MESSAGE:
        message_read(call, ok);
        break;
    case TH__OP_CLOSE:
        closed(call);
        break;
    case TH__OP_SEND:
        sent(call, ok);
        break;
    case TH__OP_STATUS:
        break;
    }
    th_call_release(call);
}
