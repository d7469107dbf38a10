/*
 * pump_mail.c - what other threads leave for a pump: wake-ups, completions, answers, orders.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/engine_int.h"

void th__mail_init(th_pump *pump)
{
    pthread_mutex_init(&pump->lock, NULL);
    pump->mail.answers_end = &pump->mail.answers;
    pump->mail.orders_end = &pump->mail.orders;
}

static void free_answers(th_mail_answer *a)
{
    for (th_mail_answer *next; a; a = next) {
        next = a->next;
        th_arena_free(a->arena);
    }
}

static void free_orders(th_order *o)
{
    for (th_order *next; o; o = next) {
        next = o->next;
        free(o);
    }
}

void th__mail_free(th_pump *pump)
{
    free_answers(pump->mail.answers);
    free_orders(pump->mail.orders);
    free_orders(pump->orders);
    for (th_act *act; (act = th_act_pop(&pump->mail.completions)) != NULL;)
        th_act_free(act);
    free(pump->mail.wakes);
    pthread_mutex_destroy(&pump->lock);
}

/* ---- leaving -------------------------------------------------------------------------------- */

static void left(th_pump *pump)
{
    pump->mail.any = true;
    pthread_mutex_unlock(&pump->lock);
    if (atomic_exchange(&pump->asleep, false))
        th__poke(pump->event_fd);
}

/* Under the lock. */
static void add_wake(th_mail *mail, int32_t partition_id, int64_t left_us)
{
    if (mail->wake_count == mail->wake_cap) {
        mail->wake_cap = mail->wake_cap ? mail->wake_cap * 2 : 16;
        mail->wakes = th_realloc(mail->wakes, mail->wake_cap * sizeof *mail->wakes);
    }
    mail->wakes[mail->wake_count++] = (th_mail_wake){ partition_id, left_us };
}

void th__pump_due(th_pump *pump, int32_t partition_id, int64_t left_us)
{
    pthread_mutex_lock(&pump->lock);
    th_mail *mail = &pump->mail;
    for (size_t i = 0; i < mail->wake_count; i++) {
        if (mail->wakes[i].partition_id == partition_id && mail->wakes[i].left_us <= left_us) {
            pthread_mutex_unlock(&pump->lock);
            return;
        }
    }
    add_wake(mail, partition_id, left_us);
    left(pump);
}

void th__pump_wake(th_pump *pump, int32_t partition_id)
{
    th__pump_due(pump, partition_id, 0);
}

void th__pump_order(th_pump *pump, th_order_kind kind, int32_t partition_id)
{
    th_order *order = th_malloc(sizeof *order);
    order->kind = kind;
    order->partition_id = partition_id;
    pthread_mutex_lock(&pump->lock);
    *pump->mail.orders_end = order;
    pump->mail.orders_end = &order->next;
    left(pump);
}

void th__pump_complete(th_pump *pump, th_act *act)
{
    pthread_mutex_lock(&pump->lock);
    th_act_push(&pump->mail.completions, act);
    left(pump);
}

static th_event *copy_events(th_arena *arena, const th_event *events, size_t n)
{
    th_event *copies = th_new(arena, th_event, n + 1);
    for (size_t i = 0; i < n; i++)
        copies[i] = th_event_copy(arena, &events[i]);
    return copies;
}

static void copy_completion(th_arena *arena, th_completion *c)
{
    c->result = th_strdup(arena, c->result);
    c->failure = th_strdup(arena, c->failure);
    c->new_input = th_strdup(arena, c->new_input);
    c->new_version = th_strdup(arena, c->new_version);
    c->carry = copy_events(arena, c->carry, c->carry_count);
}

static th_mail_answer *copy_answer(const th_answer *answer)
{
    th_arena *arena = th_arena_new(0);
    th_mail_answer *copy = th_new(arena, th_mail_answer, 1);
    th_action *actions = th_new(arena, th_action, answer->action_count + 1);
    copy->arena = arena;
    copy->answer = *answer;
    for (size_t i = 0; i < answer->action_count; i++) {
        actions[i] = answer->actions[i];
        actions[i].event = th_event_copy(arena, &answer->actions[i].event);
    }
    copy->answer.actions = actions;
    copy->answer.custom_status = th_strdup(arena, answer->custom_status);
    copy->answer.memo = th_strdup(arena, answer->memo);
    copy->answer.failure = th_strdup(arena, answer->failure);
    copy_completion(arena, &copy->answer.completion);
    return copy;
}

void th__pump_answer(th_pump *pump, const th_answer *answer)
{
    th_mail_answer *copy = copy_answer(answer);
    pthread_mutex_lock(&pump->lock);
    *pump->mail.answers_end = copy;
    pump->mail.answers_end = &copy->next;
    left(pump);
}

static th_mail_answer *copy_entity_answer(const th_entity_answer *answer)
{
    th_arena *arena = th_arena_new(0);
    th_mail_answer *copy = th_new(arena, th_mail_answer, 1);
    th_entity_result *results = th_new(arena, th_entity_result, answer->result_count + 1);
    th_entity_action *actions = th_new(arena, th_entity_action, answer->action_count + 1);
    copy->arena = arena;
    copy->is_entity = true;
    copy->entity = *answer;
    for (size_t i = 0; i < answer->result_count; i++) {
        results[i].output = th_strdup(arena, answer->results[i].output);
        results[i].failure = th_strdup(arena, answer->results[i].failure);
    }
    for (size_t i = 0; i < answer->action_count; i++) {
        actions[i] = answer->actions[i];
        actions[i].target = th_strdup(arena, answer->actions[i].target);
        actions[i].name = th_strdup(arena, answer->actions[i].name);
        actions[i].input = th_strdup(arena, answer->actions[i].input);
        actions[i].version = th_strdup(arena, answer->actions[i].version);
        actions[i].tags = th_strdup(arena, answer->actions[i].tags);
        actions[i].trace = th_strdup(arena, answer->actions[i].trace);
    }
    copy->entity.results = results;
    copy->entity.actions = actions;
    copy->entity.state = th_strdup(arena, answer->state);
    return copy;
}

void th__pump_entity_answer(th_pump *pump, const th_entity_answer *answer)
{
    th_mail_answer *copy = copy_entity_answer(answer);
    pthread_mutex_lock(&pump->lock);
    *pump->mail.answers_end = copy;
    pump->mail.answers_end = &copy->next;
    left(pump);
}

/* ---- taking --------------------------------------------------------------------------------- */

static th_mail take_all(th_pump *pump)
{
    pthread_mutex_lock(&pump->lock);
    th_mail mail = pump->mail;
    pump->stats.partitions_owned = (int32_t)pump->part_count;
    pump->stats.warm_instances = (int32_t)pump->warm.count;
    pump->shown = pump->stats;
    pump->mail = (th_mail){ .stop = mail.stop };
    pump->mail.answers_end = &pump->mail.answers;
    pump->mail.orders_end = &pump->mail.orders;
    pthread_mutex_unlock(&pump->lock);
    return mail;
}

static void absorb_wake(th_pump *pump, const th_mail_wake *wake)
{
    th_part *part = th__part(pump, wake->partition_id);
    int64_t due_us = th__db_now(pump) + wake->left_us;
    if (part && wake->left_us <= 0)
        part->want_read = true;
    else if (part && due_us < part->next_due_us)
        part->next_due_us = due_us;
}

static void absorb_completion(th_pump *pump, th_act *act)
{
    th_part *part = pump->pen ? th__part(pump, act->partition_id) : NULL;
    if (!part) {
        th__complete_elsewhere(pump->engine, act);
        return;
    }
    th__receive(pump, th_msg_local(act->partition_id, act->instance_id, &act->execution_id,
                                   act->seq, act->task_id, act->id, act->claim_no, act->result,
                                   act->failure, th__db_now(pump)));
    pump->stats.completions_local++;
    th_act_free(act);
}

static void absorb_answer(th_pump *pump, const th_mail_answer *a)
{
    th_inst *inst =
        th__item_find(pump, a->is_entity ? a->entity.token.number : a->answer.token.number);
    if (inst && a->is_entity)
        th__entity_apply(pump, inst, &a->entity);
    else if (inst && !inst->ent)
        th__apply(pump, inst, &a->answer);
}

static void absorb_orders(th_pump *pump, th_order *orders)
{
    th_order **end = &pump->orders;
    while (*end)
        end = &(*end)->next;
    *end = orders;
}

void th__absorb_mail(th_pump *pump)
{
    th_mail mail = take_all(pump);
    for (size_t i = 0; i < mail.wake_count; i++)
        absorb_wake(pump, &mail.wakes[i]);
    free(mail.wakes);
    for (th_act *act; (act = th_act_pop(&mail.completions)) != NULL;)
        absorb_completion(pump, act);
    for (th_mail_answer *a = mail.answers; a; a = a->next)
        absorb_answer(pump, a);
    free_answers(mail.answers);
    absorb_orders(pump, mail.orders);
    pump->stopping |= mail.stop;
}
