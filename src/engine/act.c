/*
 * act.c - claimed activities: one block of memory each.
 */
#include "engine/act.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"

static size_t length(const char *s)
{
    return s ? strlen(s) + 1 : 0;
}

static const char *put(char **at, const char *s)
{
    if (!s)
        return NULL;
    size_t n = strlen(s) + 1;
    char *to = memcpy(*at, s, n);
    *at += n;
    return to;
}

th_act *th_act_new(const th_act *from)
{
    size_t texts = length(from->instance_id) + length(from->name) + length(from->version) +
                   length(from->input) + length(from->tags) + length(from->trace);
    th_act *act = malloc(sizeof *act + texts);
    if (!act)
        abort();
    memcpy(act, from, sizeof *act);
    char *at = act->texts;
    act->instance_id = put(&at, from->instance_id);
    act->name = put(&at, from->name);
    act->version = put(&at, from->version);
    act->input = put(&at, from->input);
    act->tags = put(&at, from->tags);
    act->trace = put(&at, from->trace);
    act->next = NULL;
    act->result = act->failure = act->next_input = NULL;
    act->started_us = 0;
    act->quick = act->committed = act->cancelled = false;
    th_uuid_text(&act->execution_id, act->execution_text);
    return act;
}

void th_act_free(th_act *act)
{
    if (!act)
        return;
    free(act->result);
    free(act->failure);
    free(act->next_input);
    free(act);
}

void th_act_push(th_act_list *list, th_act *act)
{
    act->next = NULL;
    if (list->tail)
        list->tail->next = act;
    else
        list->head = act;
    list->tail = act;
    list->count++;
}

th_act *th_act_pop(th_act_list *list)
{
    th_act *act = list->head;
    if (!act)
        return NULL;
    list->head = act->next;
    if (!list->head)
        list->tail = NULL;
    list->count--;
    act->next = NULL;
    return act;
}

void th_act_join(th_act_list *front, th_act_list *back)
{
    if (!back->head)
        return;
    if (front->tail)
        front->tail->next = back->head;
    else
        front->head = back->head;
    front->tail = back->tail;
    front->count += back->count;
    *back = (th_act_list){ 0 };
}
