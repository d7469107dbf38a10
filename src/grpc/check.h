/*
 * check.h - a message from outside is judged before it is unpacked.
 *
 * protobuf-c recurses as deep as a message says, cuts texts at a NUL byte, takes any bytes for a
 * text, and merges a message field that comes again and again in quadratic time. All that is
 * refused here, in linear time and without memory.
 */
#ifndef TH_GRPC_CHECK_H
#define TH_GRPC_CHECK_H

#include <protobuf-c/protobuf-c.h>

#include "base/error.h"

#define TH_MESSAGE_DEPTH 100 /* messages inside each other */

/*
 * TH_INVALID: the text names the field and the rule. What passes may still fail to unpack (a known
 * field with the wrong wire type).
 */
th_rc th_message_check(const ProtobufCMessageDescriptor *type, const uint8_t *bytes, size_t n,
                       th_error *err) TH_MUST_CHECK;

#endif
