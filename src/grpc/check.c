/* check.c - see check.h. */
#include "grpc/check.h"

#include <stdbool.h>
#include <string.h>

#include "base/json.h"

enum { VARINT = 0, FIXED64 = 1, BYTES = 2, FIXED32 = 5 }; /* wire types */
enum { MOST_FIELDS = 64 };                                /* of a message of ours */

typedef struct cursor {
    const uint8_t *at, *end;
} cursor;

static th_rc check(const ProtobufCMessageDescriptor *type, cursor in, int depth, th_error *err);

static bool read_varint(cursor *in, uint64_t *out)
{
    *out = 0;
    for (int shift = 0; shift < 70 && in->at < in->end; shift += 7) {
        uint8_t byte = *in->at++;
        *out |= shift < 63 ? (uint64_t)(byte & 0x7f) << shift : (uint64_t)(byte & 1) << 63;
        if (!(byte & 0x80))
            return true;
    }
    return false;
}

/* A value of that wire type; body: what is inside of it, for BYTES. */
static bool read_value(cursor *in, unsigned wire, cursor *body)
{
    uint64_t n = 0;
    size_t left;

    *body = (cursor){ in->at, in->at };
    if (wire == VARINT)
        return read_varint(in, &n);
    if (wire == BYTES && !read_varint(in, &n))
        return false;
    if (wire == FIXED64 || wire == FIXED32)
        n = wire == FIXED64 ? 8 : 4;
    else if (wire != BYTES)
        return false;
    left = (size_t)(in->end - in->at);
    if (n > left)
        return false;
    *body = (cursor){ in->at, in->at + n };
    in->at += n;
    return true;
}

static th_rc check_text(const ProtobufCMessageDescriptor *type,
                        const ProtobufCFieldDescriptor *field, cursor body, th_error *err)
{
    size_t n = (size_t)(body.end - body.at);

    if (memchr(body.at, '\0', n))
        return th_fail(err, TH_INVALID, "%s.%s: must not contain a NUL byte", type->name,
                       field->name);
    if (!th_utf8_valid((const char *)body.at, n))
        return th_fail(err, TH_INVALID, "%s.%s: must be valid UTF-8", type->name, field->name);
    return TH_OK;
}

static th_rc check_submessage(const ProtobufCMessageDescriptor *type,
                              const ProtobufCFieldDescriptor *field, cursor body, uint64_t *seen,
                              int depth, th_error *err)
{
    size_t index = (size_t)(field - type->fields);

    if (field->label != PROTOBUF_C_LABEL_REPEATED && index < MOST_FIELDS) {
        if (*seen & UINT64_C(1) << index)
            return th_fail(err, TH_INVALID, "%s.%s: must be given once", type->name, field->name);
        *seen |= UINT64_C(1) << index;
    }
    if (depth >= TH_MESSAGE_DEPTH)
        return th_fail(err, TH_INVALID, "%s.%s: messages are more than %d deep inside each other",
                       type->name, field->name, TH_MESSAGE_DEPTH);
    return check(field->descriptor, body, depth + 1, err);
}

static th_rc check(const ProtobufCMessageDescriptor *type, cursor in, int depth, th_error *err)
{
    uint64_t seen = 0;
    th_rc rc = TH_OK;

    while (rc == TH_OK && in.at < in.end) {
        uint64_t tag;
        cursor body;
        if (!read_varint(&in, &tag) || tag >> 3 == 0 || tag > UINT32_MAX ||
            !read_value(&in, (unsigned)(tag & 7), &body))
            return th_fail(err, TH_INVALID, "%s: is no well-formed message", type->name);
        const ProtobufCFieldDescriptor *field =
            protobuf_c_message_descriptor_get_field(type, (unsigned)(tag >> 3));
        if (!field || (tag & 7) != BYTES)
            continue;
        if (field->type == PROTOBUF_C_TYPE_STRING)
            rc = check_text(type, field, body, err);
        else if (field->type == PROTOBUF_C_TYPE_MESSAGE)
            rc = check_submessage(type, field, body, &seen, depth, err);
    }
    return rc;
}

th_rc th_message_check(const ProtobufCMessageDescriptor *type, const uint8_t *bytes, size_t n,
                       th_error *err)
{
    return check(type, (cursor){ bytes, bytes + n }, 1, err);
}
