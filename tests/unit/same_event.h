/*
 * same_event.h - two events, member by member: absent and empty differ, numbers and texts as they
 * are.
 */
#ifndef TH_TESTS_UNIT_SAME_EVENT_H
#define TH_TESTS_UNIT_SAME_EVENT_H

#include <stdbool.h>
#include <string.h>

#include "engine/event.h"

/* Members of th_event; seq and kind stand alone. */
#define EVENT_TEXTS(X)     \
    X(name)                \
    X(version)             \
    X(payload)             \
    X(failure)             \
    X(instance_id)         \
    X(execution_id)        \
    X(fire_at)             \
    X(scheduled_time)      \
    X(scheduled_start)     \
    X(tags)                \
    X(trace)               \
    X(parent)              \
    X(raised_as)           \
    X(request_id)          \
    X(operation)           \
    X(target)              \
    X(parent_instance_id)  \
    X(parent_execution_id) \
    X(critical_section_id) \
    X(lock_set)            \
    X(form)                \
    X(data)                \
    X(from)                \
    X(x)                   \
    X(message_id)

#define EVENT_NUMBERS(X) \
    X(id)                \
    X(ref)               \
    X(task_id)           \
    X(status)            \
    X(position)          \
    X(attempt)           \
    X(retry_of)          \
    X(recurse)

static inline bool same_text(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

/* The first member that differs; NULL: none does. */
static inline const char *event_difference(const th_event *a, const th_event *b)
{
    if (a->kind != b->kind)
        return "kind";
    if (a->seq != b->seq)
        return "seq";
    if (a->t_us != b->t_us)
        return "t";
#define DIFFERENT_TEXT(member)            \
    if (!same_text(a->member, b->member)) \
        return #member;
    EVENT_TEXTS(DIFFERENT_TEXT)
#undef DIFFERENT_TEXT
#define DIFFERENT_NUMBER(member) \
    if (a->member != b->member)  \
        return #member;
    EVENT_NUMBERS(DIFFERENT_NUMBER)
#undef DIFFERENT_NUMBER
    return NULL;
}

#endif
