/*
 * pump_crowd.c - instances that are sent more than they take: what is too much stays in the table.
 *
 * The rows in hand are bounded for all instances of a pump together, and they are read in the order
 * of their numbers. So an instance with thousands of events that it takes one by one, or cannot
 * take since a user has locked its row, would fill the hand, and nobody else's messages would be
 * read. From TH_CROWD in its queue on, reads leave its messages out, until half of those are taken.
 * What ends, suspends or starts it is read all the same, and so is what has a due time: the start
 * of its next generation is there. Entities have ways of their own (pump_entities.c).
 */
#include <stdlib.h>
#include <string.h>

#include "engine/engine_int.h"

struct th_crowd {
    int32_t partition_id;
    char *id;
};

/* The list of inbox_read.sql. */
static bool is_read_always(th_kind kind)
{
    return kind == TH_ExecutionStarted || kind == TH_ExecutionTerminated ||
           kind == TH_ExecutionSuspended || kind == TH_ExecutionResumed ||
           kind == TH_ExecutionRewound;
}

static void note(th_pump *pump, th_inst *inst)
{
    if (pump->crowd_count == pump->crowd_cap) {
        pump->crowd_cap = pump->crowd_cap ? pump->crowd_cap * 2 : 8;
        pump->crowds = th_realloc(pump->crowds, pump->crowd_cap * sizeof *pump->crowds);
    }
    pump->crowds[pump->crowd_count++] = (th_crowd){ inst->partition_id, th_mstrdup(inst->id) };
    inst->crowded = true;
}

bool th__crowd_refuses(th_pump *pump, th_inst *inst, const th_msg *msg)
{
    if (inst->queue.count < pump->crowd || inst->ent || !msg->message_no ||
        msg->due_us != TH_TIME_NEG_INF || is_read_always(msg->event.kind))
        return false;
    if (!inst->crowded)
        note(pump, inst);
    return true;
}

static th_inst *inst_of(const th_pump *pump, const th_crowd *crowd)
{
    return th_warm_find(&pump->warm, crowd->partition_id, crowd->id);
}

static bool is_thin(const th_pump *pump, const th_inst *inst)
{
    return !inst || !inst->crowded || inst->queue.count < (pump->crowd + 1) / 2;
}

bool th__crowd_thins(const th_pump *pump)
{
    for (size_t i = 0; i < pump->crowd_count; i++)
        if (is_thin(pump, inst_of(pump, &pump->crowds[i])))
            return true;
    return false;
}

static void forget(th_pump *pump, size_t i)
{
    th_crowd *crowd = &pump->crowds[i];
    th_part *part = th__part(pump, crowd->partition_id);
    th_inst *inst = inst_of(pump, crowd);
    if (part)
        part->want_read = true;
    if (inst)
        inst->crowded = false;
    free(crowd->id);
    *crowd = pump->crowds[--pump->crowd_count];
}

void th__crowds_thin(th_pump *pump)
{
    for (size_t i = pump->crowd_count; i-- > 0;)
        if (is_thin(pump, inst_of(pump, &pump->crowds[i])))
            forget(pump, i);
}

const char **th__crowd_ids(const th_pump *pump)
{
    const char **ids = th_malloc((pump->crowd_count + 1) * sizeof *ids);
    for (size_t i = 0; i < pump->crowd_count; i++)
        ids[i] = pump->crowds[i].id;
    return ids;
}

void th__crowds_forget(th_pump *pump)
{
    while (pump->crowd_count)
        forget(pump, pump->crowd_count - 1);
}
