/* test_check.c - which messages are let through to be unpacked. */
#include "grpc/check.h"

#include <durabletask.pb-c.h>

#include "test.h"

static th_error err;

static th_rc check(const ProtobufCMessageDescriptor *type, const char *bytes, size_t n)
{
    th_error_clear(&err);
    return th_message_check(type, (const uint8_t *)bytes, n, &err);
}

/* TaskFailureDetails (field 4 of itself) that deep inside each other. */
static size_t nest(char *out, size_t deep)
{
    size_t n = 0;

    for (size_t i = 1; i < deep; i++) {
        char inner[1000];
        memcpy(inner, out, n);
        size_t at = 0;
        out[at++] = 4 << 3 | 2;
        if (n > 127)
            out[at++] = (char)(n & 127) | (char)128;
        out[at++] = (char)(n > 127 ? n >> 7 : n);
        memcpy(out + at, inner, n);
        n += at;
    }
    return n;
}

TEST(an_empty_message_and_unknown_fields_pass)
{
    CHECK_INT(check(&get_instance_request__descriptor, "", 0), TH_OK);
    CHECK_INT(check(&get_instance_request__descriptor, "\xa2\x06\x03\x00\xff\x00", 6), TH_OK);
}

TEST(a_text_with_a_nul_byte_is_refused_by_name)
{
    CHECK_INT(check(&get_instance_request__descriptor,
                    "\x0a\x03"
                    "a\0b",
                    5),
              TH_INVALID);
    CHECK_STR(err.text, "GetInstanceRequest.instanceId: must not contain a NUL byte");
}

TEST(a_text_that_is_no_utf8_is_refused_by_name)
{
    CHECK_INT(check(&get_instance_request__descriptor, "\x0a\x01\xff", 3), TH_INVALID);
    CHECK_STR(err.text, "GetInstanceRequest.instanceId: must be valid UTF-8");
}

TEST(texts_inside_of_messages_are_judged_too)
{
    CHECK_INT(check(&raise_event_request__descriptor, "\x1a\x03\x0a\x01\xff", 5), TH_INVALID);
    CHECK_STR(err.text, "google.protobuf.StringValue.value: must be valid UTF-8");
}

TEST(messages_may_be_a_hundred_deep_and_no_deeper)
{
    char bytes[1000];

    CHECK_INT(check(&task_failure_details__descriptor, bytes, nest(bytes, 100)), TH_OK);
    CHECK_INT(check(&task_failure_details__descriptor, bytes, nest(bytes, 101)), TH_INVALID);
    CHECK_STR(err.text,
              "TaskFailureDetails.innerFailure: messages are more than 100 deep inside each other");
}

TEST(a_message_field_may_come_once)
{
    CHECK_INT(check(&raise_event_request__descriptor, "\x1a\x00", 2), TH_OK);
    CHECK_INT(check(&raise_event_request__descriptor, "\x1a\x00\x1a\x00", 4), TH_INVALID);
    CHECK_STR(err.text, "RaiseEventRequest.input: must be given once");
}

TEST(what_ends_too_early_or_has_a_group_is_refused)
{
    static const char *const bad[] = {
        "\x0a", "\x0a\x05!", "\x0b", "\x80", "\x08\xff", "\x0d\x01"
    };

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK_INT(check(&get_instance_request__descriptor, bad[i], strlen(bad[i])), TH_INVALID);
    CHECK_STR(err.text, "GetInstanceRequest: is no well-formed message");
}
