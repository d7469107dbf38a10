/*
 * front_audit.c - parameters of front_audit.sql: what people did by hand, a row an act.
 *
 * Only a transaction that has such requests writes them, and only after their outcomes are known:
 * what came to nothing is no act. A termination whose answer was lost may have a second row.
 */
#include <string.h>

#include "store/front_int.h"

/* Kinds as in engine/event.h. */
enum { TERMINATED = 5, SUSPENDED = 21, RESUMED = 22, REWOUND = 30 };

static const char *act_of(const th__front_request *r)
{
    if (r->kind == TH__START)
        return "restart_instance";
    if (r->to_entity)
        return "purge_instance";
    switch (r->message) {
    case SUSPENDED:
        return "suspend_instance";
    case RESUMED:
        return "resume_instance";
    case REWOUND:
        return "rewind_instance";
    default:
        return "terminate_instance";
    }
}

static void add_restart(th__audit_columns *c, const th__front_request *r)
{
    bool renamed = strcmp(r->restart_of, r->instance_id) != 0;

    th_array_text(&c->instance, r->restart_of);
    th_array_null(&c->reason);
    th_array_text(&c->new_id, renamed ? r->instance_id : NULL);
}

static void add_signal(th__audit_columns *c, const th__front_request *r)
{
    th_array_text(&c->instance, r->instance_id);
    th_array_text(&c->reason, r->input);
    th_array_null(&c->new_id);
}

static void add_act(th__audit_columns *c, const th__front_request *r)
{
    th_array_i32(&c->partition, r->partition_id);
    th_array_text(&c->act, act_of(r));
    if (r->kind == TH__START)
        add_restart(c, r);
    else
        add_signal(c, r);
    th_array_text(&c->key, r->key_name);
}

static void each_column(th__audit_columns *c, void (*fn)(th_array *))
{
    fn(&c->partition);
    fn(&c->act);
    fn(&c->instance);
    fn(&c->reason);
    fn(&c->new_id);
    fn(&c->key);
}

void th__audit_columns_init(th__audit_columns *c)
{
    *c = (th__audit_columns){ 0 };
    th_array_init(&c->partition, TH_T_INT4);
    th_array_init(&c->act, TH_T_TEXT);
    th_array_init(&c->instance, TH_T_TEXT);
    th_array_init(&c->reason, TH_T_TEXT);
    th_array_init(&c->new_id, TH_T_TEXT);
    th_array_init(&c->key, TH_T_TEXT);
}

void th__audit_columns_free(th__audit_columns *c)
{
    each_column(c, th_array_free);
    th_params_free(&c->params);
}

bool th__audit_wanted(th__front_request *const *items, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (items[i]->by_hand)
            return true;
    return false;
}

size_t th__audit_fill(th__audit_columns *c, th__front_request *const *items, size_t n)
{
    size_t acts = 0;

    each_column(c, th__array_reset);
    th_params_clear(&c->params);
    for (size_t i = 0; i < n; i++) {
        if (!items[i]->by_hand || items[i]->outcome != TH__DONE)
            continue;
        add_act(c, items[i]);
        acts++;
    }
    th_param_array(&c->params, &c->partition);
    th_param_array(&c->params, &c->act);
    th_param_array(&c->params, &c->instance);
    th_param_array(&c->params, &c->reason);
    th_param_array(&c->params, &c->new_id);
    th_param_array(&c->params, &c->key);
    th_params_ready(&c->params);
    return acts;
}
