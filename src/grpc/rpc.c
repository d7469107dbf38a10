/*
 * rpc.c - one call: its key, its hub, its message; how it ends.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "grpc/check.h"
#include "grpc/grpc_int.h"

static void *take_memory(void *arena, size_t size)
{
    return th_alloc(arena, size);
}

static void keep_memory(void *arena, void *p)
{
    (void)arena;
    (void)p; /* freed with the arena */
}

static th__rpc *rpc_new(th_grpc *grpc, th_call *call)
{
    th_arena *arena = th_arena_new(0);
    th__rpc *rpc = th_new(arena, th__rpc, 1);

    rpc->grpc = grpc;
    rpc->arena = arena;
    rpc->call = call;
    th_call_keep(call);
    return rpc;
}

static void rpc_free(th__rpc *rpc)
{
    th_call_release(rpc->call);
    th_arena_free(rpc->arena);
}

/* ---- the end -----------------------------------------------------------------------------------
 */

static uint8_t *pack(const void *message, size_t *n)
{
    *n = message ? protobuf_c_message_get_packed_size(message) : 0;
    uint8_t *bytes = th_malloc(*n + 1);

    if (message)
        protobuf_c_message_pack(message, bytes);
    return bytes;
}

bool th__rpc_send(th__rpc *rpc, const void *message)
{
    size_t n;
    uint8_t *bytes = pack(message, &n);
    bool there = th_call_send(rpc->call, bytes, n);

    free(bytes);
    return there;
}

void th__rpc_end(th__rpc *rpc)
{
    th_call_end(rpc->call, TH_STATUS_OK, NULL);
    rpc_free(rpc);
}

void th__rpc_reply(th__rpc *rpc, const void *message)
{
    size_t n;
    uint8_t *bytes = pack(message, &n);

    th_call_reply(rpc->call, bytes, n);
    free(bytes);
    rpc_free(rpc);
}

void th__rpc_fail(th__rpc *rpc, th_status_code code, const char *fmt, ...)
{
    char text[1100];
    va_list args;

    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    th_call_end(rpc->call, code, text);
    rpc_free(rpc);
}

static th_status_code code_of(th_rc rc)
{
    switch (rc) {
    case TH_NOT_FOUND:
        return TH_STATUS_NOT_FOUND;
    case TH_EXISTS:
        return TH_STATUS_ALREADY_EXISTS;
    case TH_FINISHED:
    case TH_NO_CHANGE:
    case TH_NOT_FINISHED:
    case TH_NOT_FAILED:
        return TH_STATUS_FAILED_PRECONDITION;
    case TH_INVALID:
    case TH_TOO_LARGE:
        return TH_STATUS_INVALID_ARGUMENT;
    case TH_NOT_SUPPORTED:
        return TH_STATUS_UNIMPLEMENTED;
    case TH_UNAVAILABLE:
    case TH_DB_LOST:
    case TH_DB_RETRY:
    case TH_DB_STORAGE:
        return TH_STATUS_UNAVAILABLE;
    default:
        return TH_STATUS_INTERNAL;
    }
}

void th__rpc_fail_rc(th__rpc *rpc, th_rc rc, const char *text)
{
    th__rpc_fail(rpc, code_of(rc), "%s", text && *text ? text : th_rc_words(rc));
}

/* ---- the beginning -----------------------------------------------------------------------------
 */

const void *th__rpc_unpack(th__rpc *rpc, const ProtobufCMessageDescriptor *type,
                           const uint8_t *bytes, size_t n)
{
    ProtobufCAllocator memory = { take_memory, keep_memory, rpc->arena };

    return protobuf_c_message_unpack(type, &memory, n, bytes);
}

static th_rc unpack(th__rpc *rpc, const ProtobufCMessageDescriptor *type, th_error *err)
{
    size_t n;
    const uint8_t *bytes = th_call_message(rpc->call, &n);

    if (!type)
        return TH_OK;
    th_rc rc = th_message_check(type, bytes, n, err);
    if (rc != TH_OK)
        return rc;
    rpc->request = th__rpc_unpack(rpc, type, bytes, n);
    return rpc->request ? TH_OK : th_fail(err, TH_INVALID, "%s: can't be unpacked", type->name);
}

void th__rpc_run(th_grpc *grpc, th_call *call, const ProtobufCMessageDescriptor *type,
                 th__rpc_scope scope, th__rpc_handler *handler)
{
    th__rpc *rpc = rpc_new(grpc, call);
    th_error err = { 0 };

    if (grpc->keys && !th__grpc_key_check(rpc, scope))
        return;
    th_rc rc = scope == TH__MAKES_HUB ? TH_OK : th__grpc_hub_find(rpc, &err);
    if (rc == TH_OK)
        rc = unpack(rpc, type, &err);
    if (rc == TH_OK)
        handler(rpc);
    else
        th__rpc_fail_rc(rpc, rc, err.text);
}
