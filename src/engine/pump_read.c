/*
 * pump_read.c - what a pump asks of the database: due messages, held ones, histories; and its sleep
 * (protocol I2, W2).
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "engine/engine_int.h"
#include "engine/entity.h"

enum { LOADS_AT_ONCE = 100, MIN_READ = 50 };

int64_t th__db_now(const th_pump *pump)
{
    return th_mono_us() + pump->clock_offset_us;
}

static int64_t *hand_numbers(const th_pump *pump)
{
    int64_t *numbers = th_malloc((pump->hand_count + 1) * sizeof *numbers);
    size_t n = 0;
    for (const th_msg *m = pump->hand; m; m = m->hand_next)
        numbers[n++] = m->message_no;
    return numbers;
}

static int32_t read_limit(const th_pump *pump)
{
    int32_t each = (int32_t)(pump->limit / (pump->part_count ? pump->part_count : 1));
    return each < MIN_READ ? MIN_READ : each;
}

static th_rc send_due(th_pump *pump, const int32_t *parts, size_t n, int32_t limit, th_error *err)
{
    int64_t *hand = hand_numbers(pump);
    const char **crowds = th__crowd_ids(pump);
    th_pen_read read = { .partitions = parts,
                         .count = n,
                         .hand = hand,
                         .hand_count = pump->hand_count,
                         .left_out = crowds,
                         .left_out_count = pump->crowd_count,
                         .limit = limit };
    th_rc rc = th_pen_send_read(pump->pen, &read, err);
    free(crowds);
    free(hand);
    pump->left_some = pump->crowd_count > 0;
    pump->reading = true;
    pump->read_no++;
    pump->last_read_us = th_mono_us();
    return rc;
}

/* Partitions that are to be read now; their wish is taken. */
static size_t wanted(th_pump *pump, int32_t *parts)
{
    size_t n = 0;
    for (size_t i = 0; i < pump->part_count; i++) {
        if (!pump->parts[i].want_read || pump->parts[i].giving)
            continue;
        pump->parts[i].want_read = false;
        parts[n++] = pump->parts[i].partition_id;
    }
    return n;
}

/* The hand is full, perhaps of events for an instance whose next generation has yet to start: its
 * start is the first of those rows that have a due time. */
static th_rc send_starts(th_pump *pump, th_error *err)
{
    int32_t *parts = th_malloc((pump->part_count + 1) * sizeof *parts);
    for (size_t i = 0; i < pump->part_count; i++)
        parts[i] = pump->parts[i].partition_id;
    pump->want_starts = false; /* until one is found: there may be more */
    th_rc rc = pump->part_count ? send_due(pump, parts, pump->part_count, 1, err) : TH_OK;
    free(parts);
    return rc;
}

th_rc th__send_reads(th_pump *pump, th_error *err)
{
    if (pump->reading)
        return TH_OK;
    th__crowds_thin(pump);
    if (pump->hand_count >= TH_HAND)
        return pump->want_starts ? send_starts(pump, err) : TH_OK;
    if (pump->ready_count >= pump->limit)
        return TH_OK;
    int32_t *parts = th_malloc((pump->part_count + 1) * sizeof *parts);
    size_t n = wanted(pump, parts);
    th_rc rc = n ? send_due(pump, parts, n, read_limit(pump), err) : TH_OK;
    free(parts);
    return rc;
}

/* Locks first, then one more look (protocol W2); awake: the locks go, and nothing else happens. */
th_rc th__go_idle(th_pump *pump, bool on, th_error *err)
{
    int32_t *parts = th_malloc((pump->part_count + 1) * sizeof *parts);
    for (size_t i = 0; i < pump->part_count; i++) {
        parts[i] = pump->parts[i].partition_id;
        pump->parts[i].want_read |= on;
    }
    th_rc rc = th_pen_send_idle(pump->pen, parts, pump->part_count, on, err);
    free(parts);
    pump->idle_locks = on;
    pump->idle_partly = false;
    return rc;
}

/* ---- rows ----------------------------------------------------------------------------------- */

static void take_clock(th_pump *pump, const th_pen_done *done)
{
    if (done->next_count)
        pump->clock_offset_us = done->next[0].now_us - th_mono_us();
    for (size_t i = 0; i < done->next_count; i++) {
        th_part *part = th__part(pump, done->next[i].partition_id);
        if (part && done->next[i].due_us < part->next_due_us)
            part->next_due_us = done->next[i].due_us;
    }
}

static bool hand_has_dangerous(const th_pump *pump, const th_part *part)
{
    for (const th_msg *m = pump->hand; m; m = m->hand_next)
        if (m->partition_id == part->partition_id && m->message_no <= part->careful_until)
            return true;
    return false;
}

/* Full ranges are read again at once; once nothing of takeover is left, the partition runs freely.
 */
static void after_read(th_pump *pump, const th_pen_done *done)
{
    int32_t limit = read_limit(pump);
    for (size_t k = 0; k < done->next_count; k++) {
        th_part *part = th__part(pump, done->next[k].partition_id);
        int32_t rows = 0;
        if (!part)
            continue;
        for (size_t i = 0; i < done->count; i++)
            rows += done->rows[i].partition_id == part->partition_id;
        if (rows >= limit)
            part->want_read = true;
        else if (part->careful_until && !pump->left_some && !hand_has_dangerous(pump, part))
            part->careful_until = 0;
    }
}

/* Its read was sent while the instance had rows in hand that have been put back since. */
static bool is_refused(th_pump *pump, th_part *part, const th_inbox_row *row)
{
    const th_inst *inst = th_warm_find(&pump->warm, row->partition_id, row->instance_id);
    bool refused = inst && inst->refused_read == pump->read_no;
    part->want_read |= refused;
    return refused;
}

static void take_row(th_pump *pump, const th_inbox_row *row)
{
    th_part *part = th__part(pump, row->partition_id);
    pump->want_starts |= row->due_us > TH_TIME_NEG_INF && row->due_us < TH_TIME_INF;
    if (!part || (pump->refusing && is_refused(pump, part, row)))
        return;
    th__receive(pump, th_msg_from_row(row));
}

void th__take_rows(th_pump *pump, th_pen_done *done)
{
    pump->reading = false;
    take_clock(pump, done);
    pump->taking_no = pump->read_no;
    for (size_t i = 0; i < done->count; i++)
        take_row(pump, &done->rows[i]);
    pump->refusing = false;
    pump->taking_no = 0;
    after_read(pump, done);
}

/* ---- loads, and held messages ---------------------------------------------------------------- */

static void ask(th_asked *asked, th_inst *inst)
{
    if (asked->count == asked->cap) {
        asked->cap = asked->cap ? asked->cap * 2 : 64;
        asked->list = th_realloc(asked->list, asked->cap * sizeof(th_inst *));
    }
    asked->list[asked->count++] = inst;
    inst->state = TH_INST_LOADING;
}

void th__want_load(th_pump *pump, th_inst *inst)
{
    ask(&pump->loads, inst);
}

void th__want_held(th_pump *pump, th_inst *inst)
{
    ask(&pump->helds, inst);
}

/* So many of them go next; 0: none, or some are under way. */
static size_t next_asked(th_asked *asked)
{
    if (asked->sent || !asked->count)
        return 0;
    asked->sent = asked->count < LOADS_AT_ONCE ? asked->count : LOADS_AT_ONCE;
    return asked->sent;
}

static void forget_asked(th_asked *asked)
{
    asked->count -= asked->sent;
    memmove(asked->list, asked->list + asked->sent, asked->count * sizeof(th_inst *));
    asked->sent = 0;
}

static th_rc send_load(th_pump *pump, th_error *err)
{
    int32_t parts[LOADS_AT_ONCE];
    const char *ids[LOADS_AT_ONCE];
    size_t n = next_asked(&pump->loads);
    for (size_t i = 0; i < n; i++) {
        parts[i] = pump->loads.list[i]->partition_id;
        ids[i] = pump->loads.list[i]->id;
    }
    return n ? th_pen_send_load(pump->pen, parts, ids, n, err) : TH_OK;
}

/* All that an instance holds, or what a reply names of it. */
static size_t held_keys(const th_inst *inst, th_held_key **keys, size_t n)
{
    size_t count;
    const int64_t *numbers = th_episode_wants_held(inst, &count);
    if (!numbers)
        count = 1;
    *keys = th_realloc(*keys, (n + count) * sizeof **keys);
    for (size_t i = 0; i < count; i++)
        (*keys)[n + i] = (th_held_key){ inst->partition_id, inst->id, numbers ? numbers[i] : 0 };
    return n + count;
}

static th_rc send_held(th_pump *pump, th_error *err)
{
    size_t asked = next_asked(&pump->helds), n = 0;
    th_held_key *keys = NULL;
    if (!asked)
        return TH_OK;
    for (size_t i = 0; i < asked; i++)
        n = held_keys(pump->helds.list[i], &keys, n);
    int64_t *hand = hand_numbers(pump);
    th_rc rc = th_pen_send_held(pump->pen, keys, n, hand, pump->hand_count, err);
    free(hand);
    free(keys);
    return rc;
}

th_rc th__send_loads(th_pump *pump, th_error *err)
{
    th_rc rc = send_load(pump, err);
    return rc == TH_OK ? send_held(pump, err) : rc;
}

static th_msg_list held_of(th_pump *pump, const th_pen_done *done, const th_inst *inst)
{
    th_msg_list held = { 0 };
    for (size_t i = 0; i < done->count; i++) {
        const th_inbox_row *row = &done->rows[i];
        if (row->partition_id != inst->partition_id || strcmp(row->instance_id, inst->id) != 0)
            continue;
        th_msg *m = th_msg_from_row(row);
        th__hand_in(pump, m);
        th_msg_push(&held, m);
    }
    return held;
}

void th__take_held(th_pump *pump, th_pen_done *done)
{
    for (size_t i = 0; i < pump->helds.sent; i++) {
        th_inst *inst = pump->helds.list[i];
        th_msg_list held = held_of(pump, done, inst);
        th_episode_held_came(inst, &held);
        inst->state = TH_INST_READY;
        th__ready(pump, inst);
    }
    forget_asked(&pump->helds);
}

static const th_instance_row *row_of(const th_pen_done *done, const th_inst *inst)
{
    for (size_t i = 0; i < done->instance_count; i++)
        if (done->instances[i].partition_id == inst->partition_id &&
            strcmp(done->instances[i].instance_id, inst->id) == 0)
            return &done->instances[i];
    return NULL;
}

static const th_episode_row *episodes_of(const th_pen_done *done, const th_inst *inst,
                                         size_t *count)
{
    const th_episode_row *first = NULL;
    *count = 0;
    for (size_t i = 0; i < done->episode_count; i++) {
        const th_episode_row *e = &done->episodes[i];
        if (e->partition_id != inst->partition_id || strcmp(e->instance_id, inst->id) != 0)
            continue;
        if (!first)
            first = e;
        ++*count;
    }
    return first;
}

static void load_one(th_pump *pump, th_pen_done *done, th_inst *inst)
{
    th_error err = { 0 };
    size_t count;
    const th_instance_row *row = row_of(done, inst);
    const th_episode_row *episodes = episodes_of(done, inst, &count);
    int64_t out = row ? row->episode_out : 0;
    row = row && row->found ? row : NULL;
    inst->state = TH_INST_READY;
    if (inst->ent)
        th_ent_load(inst, row);
    else if (row && th_inst_load(inst, row, episodes, count, &err) != TH_OK) {
        th_log_ctx ctx = { .partition = inst->partition_id, .instance = inst->id };
        th_log(TH_LOG_ERROR, TH_EV_INSTANCE_FAILED, &ctx, "its history can't be read: %s",
               err.text);
        th_episode_doom(inst, "UnreadableHistory", err.text);
    }
    inst->away = out != 0;
    inst->away_id = out;
    pump->stats.replays += count > 0;
    th__ready(pump, inst);
}

void th__take_load(th_pump *pump, th_pen_done *done)
{
    for (size_t i = 0; i < pump->loads.sent; i++)
        load_one(pump, done, pump->loads.list[i]);
    forget_asked(&pump->loads);
}

void th__reads_failed(th_pump *pump, th_pen_op op)
{
    if (op == TH_PEN_LOAD)
        pump->loads.sent = 0;
    else if (op == TH_PEN_HELD)
        pump->helds.sent = 0;
    if (op != TH_PEN_READ)
        return;
    pump->reading = false;
    for (size_t i = 0; i < pump->part_count; i++)
        pump->parts[i].want_read = true;
}
