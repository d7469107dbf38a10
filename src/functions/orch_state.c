/*
 * orch_state.c - the lists of an orchestration: actions, retries, waits, events held and moved.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "functions/orch_int.h"

void *th__grow(void *list, size_t count, size_t *cap, size_t size)
{
    if (count < *cap)
        return list;
    *cap = *cap ? 2 * *cap : 8;
    return th_realloc(list, *cap * size);
}

const char *th__orch_name(th__orch *o, const char *name)
{
    for (size_t i = 0; i < o->name_count; i++)
        if (strcmp(o->names[i], name) == 0)
            return o->names[i];
    o->names = th__grow(o->names, o->name_count, &o->name_cap, sizeof *o->names);
    return o->names[o->name_count++] = th_strdup(o->arena, name);
}

/* ---- actions ----------------------------------------------------------------------------------
 */

th__leaf *th__leaf_at(th__orch *o, size_t ordinal)
{
    while (o->leaf_count <= ordinal) {
        o->leaves = th__grow(o->leaves, o->leaf_count, &o->leaf_cap, sizeof *o->leaves);
        o->leaves[o->leaf_count++] =
            (th__leaf){ .type = TH__CREATE_TIMER, .name = "", .seq = TH_NONE, .id = TH_NONE };
    }
    return &o->leaves[ordinal];
}

th__retry *th__retry_begin(th__orch *o, const th__retry_options *options)
{
    th__retry *retry = th_new(o->arena, th__retry, 1);

    retry->options = *options;
    retry->first_seq = retry->open_seq = TH_NONE;
    o->retries = th__grow(o->retries, o->retry_count, &o->retry_cap, sizeof *o->retries);
    return o->retries[o->retry_count++] = retry;
}

th__retry *th__retry_of(th__orch *o, int32_t seq)
{
    for (size_t i = 0; i < o->retry_count; i++)
        if (o->retries[i]->open_seq == seq)
            return o->retries[i];
    return NULL;
}

/*
 * Events stand in the order of actions, but for those without one: few, and passed by; and those
 * that were done again after a rewind.
 */
static const th__leaf *leaf_of_seq(const th__orch *o, int32_t seq)
{
    for (size_t i = o->leaf_count; i-- > 0;) {
        if (o->leaves[i].seq == seq)
            return &o->leaves[i];
        if (o->leaves[i].seq != TH_NONE && o->leaves[i].seq < seq && !o->rewound)
            break;
    }
    return NULL;
}

const char *th__name_of_seq(th__orch *o, int32_t seq)
{
    const th__leaf *leaf = leaf_of_seq(o, seq);
    const th__retry *retry = leaf ? NULL : th__retry_of(o, seq);

    return leaf ? leaf->name : retry ? retry->name : NULL;
}

/* ---- numbers ----------------------------------------------------------------------------------
 *
 * The SDK counts actions, in their order, and what retry policies do, when they do it. A rewind
 * takes some of those out, and the SDK then counts without them; so what is stored with events is
 * no longer the SDK's number, but the order in which numbers are taken is still known.
 */

int32_t th__number_of_seq(th__orch *o, int32_t seq)
{
    const th__retry *retry = th__retry_of(o, seq);
    const th__leaf *leaf = retry ? NULL : leaf_of_seq(o, seq);

    return retry ? retry->open_id : leaf ? leaf->id : TH_NONE;
}

int32_t th__take_number(th__orch *o, int32_t after)
{
    o->retry_after = th__grow(o->retry_after, o->taken, &o->taken_cap, sizeof *o->retry_after);
    o->retry_after[o->taken] = after;
    return after + (int32_t)o->taken++;
}

int32_t th__number_at(const th__orch *o, size_t ordinal)
{
    size_t taken = o->taken;

    while (taken && o->retry_after[taken - 1] > (int32_t)ordinal)
        taken--;
    return (int32_t)(ordinal + taken);
}

/* ---- events -----------------------------------------------------------------------------------
 */

th__wait *th__wait_named(th__orch *o, const char *name)
{
    for (size_t i = 0; i < o->wait_count; i++)
        if (strcmp(o->waits[i].name, name) == 0)
            return &o->waits[i];
    o->waits = th__grow(o->waits, o->wait_count, &o->wait_cap, sizeof *o->waits);
    o->waits[o->wait_count] = (th__wait){ .name = th__orch_name(o, name) };
    return &o->waits[o->wait_count++];
}

th__wait *th__wait_for(th__orch *o, const char *name)
{
    th__wait *found = NULL;

    for (size_t i = 0; i < o->wait_count; i++) {
        th__wait *w = &o->waits[i];
        if (w->seen <= w->delivered || strcasecmp(w->name, name) != 0)
            continue;
        if (strcmp(w->name, name) == 0)
            return w;
        if (!found)
            found = w;
    }
    return found;
}

void th__hold(th__orch *o, const th_event *event)
{
    o->held = th__grow(o->held, o->held_count, &o->held_cap, sizeof *o->held);
    o->held[o->held_count++] = th_event_copy(o->arena, event);
}

void th__orch_showed(th__orch *o, const th_event *event, const char *spelled)
{
    bool same = !spelled || !event->name || strcmp(spelled, event->name) == 0;

    if (event->kind == TH_EventRaised && (event->seq < o->most_shown || !same)) {
        o->moved = th__grow(o->moved, o->moved_count, &o->moved_cap, sizeof *o->moved);
        o->moved[o->moved_count++] =
            (th__moved){ event->seq, o->last_shown, same ? NULL : th__orch_name(o, spelled) };
    }
    o->last_shown = event->seq;
    if (event->seq > o->most_shown)
        o->most_shown = event->seq;
}

/* ---- the memo ---------------------------------------------------------------------------------
 */

static void put_waits(const th__orch *o, th_buf *out)
{
    bool first = true;

    for (size_t i = 0; i < o->wait_count; i++)
        for (int32_t n = o->waits[i].delivered; n < o->waits[i].seen; n++) {
            th_buf_str(out, first ? ",\"waits\":[" : ",");
            th_buf_json_str(out, o->waits[i].name);
            first = false;
        }
    if (!first)
        th_buf_chr(out, ']');
}

static void put_held(const th__orch *o, th_buf *out)
{
    for (size_t i = 0; i < o->held_count; i++)
        th_buf_printf(out, "%s%d", i ? "," : ",\"h\":[", o->held[i].seq);
    if (o->held_count)
        th_buf_chr(out, ']');
}

static void put_moved(const th__orch *o, th_buf *out)
{
    for (size_t i = 0; i < o->moved_count; i++) {
        const th__moved *m = &o->moved[i];
        th_buf_printf(out, "%s[%d,%d", i ? "," : ",\"d\":[", m->seq, m->after);
        if (m->name) {
            th_buf_chr(out, ',');
            th_buf_json_str(out, m->name);
        }
        th_buf_chr(out, ']');
    }
    if (o->moved_count)
        th_buf_chr(out, ']');
}

const char *th__orch_memo(th__orch *o, th_arena *arena)
{
    th_buf out = TH_BUF_INIT;

    th_buf_printf(&out, "{\"n\":%zu", o->leaf_count);
    put_waits(o, &out);
    put_held(o, &out);
    put_moved(o, &out);
    th_buf_chr(&out, '}');
    const char *memo = th_strdup(arena, out.data);
    th_buf_free(&out);
    return memo;
}
