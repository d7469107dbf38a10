/*
 * fuzz_check.c - request messages of the Durable Task service: the first byte says which.
 *
 * What the check lets through is unpacked, and what unpacks holds only texts that are valid UTF-8.
 */
#include <durabletask.pb-c.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "grpc/check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const ProtobufCMessageDescriptor *const types[] = {
    &create_instance_request__descriptor, &query_instances_request__descriptor,
    &purge_instances_request__descriptor, &signal_entity_request__descriptor,
    &get_work_items_request__descriptor,  &orchestrator_response__descriptor,
    &activity_response__descriptor,       &entity_batch_result__descriptor,
    &raise_event_request__descriptor,     &task_failure_details__descriptor,
};

static void check_texts(const TaskFailureDetails *failure)
{
    for (; failure; failure = failure->innerfailure)
        if (!th_utf8_valid(failure->errormessage, strlen(failure->errormessage)))
            abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    th_error err = { 0 };

    if (size == 0 || size > 65536)
        return 0;
    const ProtobufCMessageDescriptor *type = types[data[0] % (sizeof types / sizeof *types)];
    if (th_message_check(type, data + 1, size - 1, &err) != TH_OK)
        return 0;
    ProtobufCMessage *message = protobuf_c_message_unpack(type, NULL, size - 1, data + 1);
    if (message && type == &task_failure_details__descriptor)
        check_texts((const TaskFailureDetails *)message);
    if (message)
        protobuf_c_message_free_unpacked(message, NULL);
    return 0;
}
