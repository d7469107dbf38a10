/*
 * core.h - gRPC's C core, loaded when the first client connects.
 *
 * It brings some seventy libraries along, and 5 MB that stay resident: too much for a process that
 * nobody calls over gRPC. So the program is not linked with it. Each of its functions that is used
 * in this room is in the list below, and is called through th__core.
 */
#ifndef TH_WIRE_CORE_H
#define TH_WIRE_CORE_H

#include <grpc/byte_buffer.h>
#include <grpc/byte_buffer_reader.h>
#include <grpc/grpc.h>
#include <grpc/grpc_posix.h>
#include <grpc/grpc_security.h>
#include <grpc/support/alloc.h>
#include <grpc/support/log.h>
#include <grpc/support/time.h>

#include "base/error.h"

/* clang-format off */
#define TH__CORE_FUNCTIONS(X) \
    X(gpr_convert_clock_type) \
    X(gpr_free) \
    X(gpr_inf_future) \
    X(gpr_set_log_function) \
    X(gpr_time_cmp) \
    X(grpc_byte_buffer_destroy) \
    X(grpc_byte_buffer_reader_destroy) \
    X(grpc_byte_buffer_reader_init) \
    X(grpc_byte_buffer_reader_readall) \
    X(grpc_call_details_destroy) \
    X(grpc_call_details_init) \
    X(grpc_call_start_batch) \
    X(grpc_call_unref) \
    X(grpc_completion_queue_create_for_next) \
    X(grpc_completion_queue_destroy) \
    X(grpc_completion_queue_next) \
    X(grpc_completion_queue_shutdown) \
    X(grpc_empty_slice) \
    X(grpc_init) \
    X(grpc_insecure_server_credentials_create) \
    X(grpc_metadata_array_destroy) \
    X(grpc_metadata_array_init) \
    X(grpc_raw_byte_buffer_create) \
    X(grpc_server_add_channel_from_fd) \
    X(grpc_server_add_http2_port) \
    X(grpc_server_cancel_all_calls) \
    X(grpc_server_create) \
    X(grpc_server_credentials_release) \
    X(grpc_server_destroy) \
    X(grpc_server_register_completion_queue) \
    X(grpc_server_request_call) \
    X(grpc_server_shutdown_and_notify) \
    X(grpc_server_start) \
    X(grpc_shutdown) \
    X(grpc_slice_from_copied_buffer) \
    X(grpc_slice_from_copied_string) \
    X(grpc_slice_str_cmp) \
    X(grpc_slice_to_c_string) \
    X(grpc_slice_unref) \
    X(grpc_ssl_server_credentials_create_ex)
/* clang-format on */

typedef struct th__core_functions {
#define TH__MEMBER(name) __typeof__(name) *name;
    TH__CORE_FUNCTIONS(TH__MEMBER)
#undef TH__MEMBER
} th__core_functions;

extern th__core_functions th__core; /* nothing in it may be called before th__core_load */

/* Loads it; again: does nothing. One thread at a time. TH_UNAVAILABLE: the library is not there. */
th_rc th__core_load(th_error *err) TH_MUST_CHECK;

#endif
