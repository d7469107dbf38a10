/*
 * front_batch.c - one transaction of what was taken, and what becomes of each request in it.
 *
 * A batch that fails is cut into parts until what is at fault stands alone (protocol F1): bad data
 * is answered as such, and what waits for somebody else's lock is parked and tried again now and
 * then, for a moment each, so that it holds up nobody.
 */
#include <stdlib.h>
#include <string.h>

#include "store/front_int.h"
#include "store/th_sql.h"

#define PARTS 4
/* 1,000 requests are cut five times, and each cut leaves three parts for later. */
#define MAX_RANGES 32
/* Statuses and a kind of message, as in engine/event.h. */
enum { IS_RUNNING = 0, IS_TERMINATED = 5, IS_PENDING = 6, TERMINATE = 5 };

typedef struct range {
    size_t lo, hi;
} range;

/* ---- forming --------------------------------------------------------------------------------- */

static int by_key(const th__front_request *a, const th__front_request *b)
{
    if (a->partition_id != b->partition_id)
        return a->partition_id < b->partition_id ? -1 : 1;
    return strcmp(a->instance_id, b->instance_id);
}

static int by_key_then_order(const void *x, const void *y)
{
    const th__front_request *a = *(th__front_request *const *)x,
                            *b = *(th__front_request *const *)y;
    int key = by_key(a, b);

    return key ? key : (a->order > b->order) - (a->order < b->order);
}

static void stand_behind(th__front_request *leader, th__front_request *request)
{
    request->same = leader->same;
    leader->same = request;
}

static bool join_parked(th__writer *w, th__front_request *request)
{
    for (th__front_request *p = w->parked.first; p; p = p->next) {
        if (p->kind != TH__START || by_key(p, request) != 0)
            continue;
        stand_behind(p, request);
        return true;
    }
    return false;
}

static void sort_starts(th__writer *w)
{
    size_t kept = 0;

    qsort(w->items, w->starts, sizeof *w->items, by_key_then_order);
    for (size_t i = 0; i < w->starts; i++) {
        if (kept && by_key(w->items[kept - 1], w->items[i]) == 0)
            stand_behind(w->items[kept - 1], w->items[i]);
        else
            w->items[kept++] = w->items[i];
    }
    w->starts = kept;
}

void th__batch_form(th__writer *w)
{
    size_t signals = 0;
    th__front_request *r;

    w->starts = 0;
    for (uint32_t n = 0; n < TH__BATCH_COUNT && (r = th__front_list_pop(&w->taken)) != NULL; n++) {
        r->order = n;
        if (r->kind == TH__SIGNAL)
            w->scratch[signals++] = r;
        else if (!join_parked(w, r))
            w->items[w->starts++] = r;
    }
    sort_starts(w);
    memcpy(w->items + w->starts, w->scratch, signals * sizeof *w->items);
    w->count = w->starts + signals;
}

/* ---- one transaction ------------------------------------------------------------------------- */

/* What a range of items is made of: starts, then events and terminations, then suspends and
 * resumes, then rewinds, then signals of entities. */
typedef struct parts {
    th__front_request **starts, **signals, **controls, **rewinds, **entities;
    size_t start_count, signal_count, control_count, rewind_count, entity_count;
} parts;

static bool is_plain_signal(const th__front_request *r)
{
    return !th__signal_is_control(r) && !th__signal_is_rewind(r) && !th__signal_is_entity(r);
}

/* Copies those of the range that are of a kind; how many. */
static size_t pick(th__writer *w, size_t lo, size_t hi, bool (*of_kind)(const th__front_request *),
                   th__front_request **out)
{
    size_t n = 0;

    for (size_t i = lo; i < hi; i++)
        if (of_kind(w->items[i]))
            out[n++] = w->items[i];
    return n;
}

static parts part_range(th__writer *w, range r)
{
    size_t start_end = r.hi < w->starts ? r.hi : w->starts, lo;
    parts p = { .starts = w->items + r.lo, .signals = w->scratch };

    p.start_count = r.lo < start_end ? start_end - r.lo : 0;
    lo = r.lo + p.start_count;
    p.signal_count = pick(w, lo, r.hi, is_plain_signal, p.signals);
    p.controls = p.signals + p.signal_count;
    p.control_count = pick(w, lo, r.hi, th__signal_is_control, p.controls);
    p.rewinds = p.controls + p.control_count;
    p.rewind_count = pick(w, lo, r.hi, th__signal_is_rewind, p.rewinds);
    p.entities = p.rewinds + p.rewind_count;
    p.entity_count = pick(w, lo, r.hi, th__signal_is_entity, p.entities);
    return p;
}

/* NULL: there is none of that kind. */
static th__step *add_step(th__step *steps, int *n, const char *sql, const th_params *params,
                          bool wanted)
{
    if (!wanted)
        return NULL;
    steps[*n] = (th__step){ .sql = sql, .params = params };
    return &steps[(*n)++];
}

static bool fill(th__writer *w, const parts *p, const char *lock_timeout)
{
    th__starts_fill(&w->start_columns, p->starts, p->start_count);
    th__signals_fill(&w->signal_columns, p->signals, p->signal_count);
    th__signals_fill(&w->control_columns, p->controls, p->control_count);
    th__signals_fill(&w->rewind_columns, p->rewinds, p->rewind_count);
    th__signals_fill(&w->entity_columns, p->entities, p->entity_count);
    th_params_clear(&w->settings);
    th_param_text(&w->settings, lock_timeout);
    th_params_ready(&w->settings);
    return !w->start_columns.params.failed && !w->signal_columns.params.failed &&
           !w->control_columns.params.failed && !w->rewind_columns.params.failed &&
           !w->entity_columns.params.failed;
}

/* The statements that a range needs; NULL: it has none of those. */
typedef struct works {
    th__step steps[8];
    int n;
    th__step *starts, *signals, *controls, *rewinds, *entities;
} works;

static void add_works(th__writer *w, const parts *p, works *o)
{
    th__step *s = o->steps;

    add_step(s, &o->n, "begin isolation level read committed", NULL, true);
    add_step(s, &o->n, th_sql_front_settings, &w->settings, true);
    o->starts = add_step(s, &o->n, th_sql_front_start, &w->start_columns.params, p->start_count);
    o->signals =
        add_step(s, &o->n, th_sql_front_signal, &w->signal_columns.params, p->signal_count);
    o->controls =
        add_step(s, &o->n, th_sql_front_control, &w->control_columns.params, p->control_count);
    o->rewinds =
        add_step(s, &o->n, th_sql_front_rewind, &w->rewind_columns.params, p->rewind_count);
    o->entities =
        add_step(s, &o->n, th_sql_front_entity, &w->entity_columns.params, p->entity_count);
}

static void read_works(const parts *p, works *o)
{
    if (o->starts)
        th__starts_read(o->starts->res, p->starts, p->start_count);
    if (o->signals)
        th__signals_read(o->signals->res, p->signals, p->signal_count);
    if (o->controls)
        th__signals_read(o->controls->res, p->controls, p->control_count);
    if (o->rewinds)
        th__rewinds_read(o->rewinds->res, p->rewinds, p->rewind_count);
    if (o->entities)
        th__signals_read(o->entities->res, p->entities, p->entity_count);
    for (int i = 0; i < o->n; i++)
        PQclear(o->steps[i].res);
}

static th_rc committed(const th__step *commit, th_error *err)
{
    if (strcmp(PQcmdStatus(commit->res), "COMMIT") == 0) /* protocol B3 */
        return TH_OK;
    return th_fail(err, TH_DB, "the transaction was rolled back");
}

/* The second half of a transaction that has acts by hand: which of them took effect, and the
 * commit. */
static th_rc write_down(th__writer *w, range r, th_error *err)
{
    size_t acts = th__audit_fill(&w->audit_columns, w->items + r.lo, r.hi - r.lo);
    th__step steps[2];
    int n = 0;

    add_step(steps, &n, th_sql_front_audit, &w->audit_columns.params, acts);
    add_step(steps, &n, "commit", NULL, true);
    th_rc rc = th__line_run(&w->line, steps, n, err);
    if (rc == TH_OK)
        rc = committed(&steps[n - 1], err);
    for (int i = 0; i < n; i++)
        PQclear(steps[i].res);
    return rc;
}

static th_rc transact(th__writer *w, range r, const char *lock_timeout, th_error *err)
{
    parts p = part_range(w, r);
    bool by_hand = th__audit_wanted(w->items + r.lo, r.hi - r.lo);
    works o = { 0 };

    if (!fill(w, &p, lock_timeout))
        return th_fail(err, TH_TOO_LARGE, "a request is larger than PostgreSQL can take");
    add_works(w, &p, &o);
    if (!by_hand)
        add_step(o.steps, &o.n, "commit", NULL, true);

    th_rc rc = th__line_run(&w->line, o.steps, o.n, err);
    if (rc != TH_OK)
        return rc;
    if (!by_hand)
        rc = committed(&o.steps[o.n - 1], err);
    read_works(&p, &o);
    return by_hand ? write_down(w, r, err) : rc;
}

/* Perhaps by the size of one request. */
static bool out_of_memory(const th_error *err)
{
    return strcmp(err->sqlstate, "53200") == 0;
}

/* Through lost connections and full disks, with the same ids, until it is done or there is no hope.
 */
static th_rc insist(th__writer *w, range r, const char *lock_timeout, th_error *err)
{
    for (;;) {
        th_error_clear(err);
        th_rc rc = th__line_ready(&w->line, err);
        if (rc == TH_OK)
            rc = transact(w, r, lock_timeout, err);
        if (rc == TH_DB_STORAGE && !out_of_memory(err)) {
            rc = th__line_backoff(&w->line, err);
            if (rc == TH_OK)
                continue;
        }
        if (rc != TH_DB_LOST)
            return rc;
        for (size_t i = r.lo; i < r.hi; i++)
            w->items[i]->maybe_done = true;
        if (th__line_hopeless(&w->line))
            return err->rc = TH_UNAVAILABLE;
    }
}

/* ---- outcomes -------------------------------------------------------------------------------- */

static void answer(th__writer *w, th__front_request *r, th_rc rc, const char *text)
{
    th__front_answer(w->line.front, r, rc, r->status, text);
}

/* Those behind a start that is there now. */
static void refuse_same(th__writer *w, th__front_request *leader)
{
    for (th__front_request *next, *r = leader->same; r; r = next) {
        next = r->same;
        r->status = leader->status;
        answer(w, r, TH_EXISTS, NULL);
    }
    leader->same = NULL;
}

/* Those behind a start that came to nothing have their own try. */
static void release_same(th__writer *w, th__front_request *leader)
{
    for (th__front_request *next, *r = leader->same; r; r = next) {
        next = r->same;
        r->same = NULL;
        th__front_list_add(&w->taken, r);
    }
    leader->same = NULL;
}

static void settle_start(th__writer *w, th__front_request *r)
{
    if (r->outcome == TH__NO_ROW && ++r->unsure < TH__UNSURE_TRIES) {
        release_same(w, r);
        th__front_list_add(&w->taken, r);
        return;
    }
    refuse_same(w, r);
    answer(w, r, r->outcome == TH__DONE ? TH_OK : TH_EXISTS, NULL);
}

/* After a lost answer the state that was asked for may be our own doing. */
static th_rc signal_rc(const th__front_request *r)
{
    switch ((th__outcome)r->outcome) {
    case TH__FINISHED:
        if (r->maybe_done && r->message == TERMINATE && r->status == IS_TERMINATED)
            return TH_OK;
        return TH_FINISHED;
    case TH__UNCHANGED:
        return r->maybe_done ? TH_OK : TH_NO_CHANGE;
    case TH__UNFAILED:
        return r->maybe_done && (r->status == IS_RUNNING || r->status == IS_PENDING)
                   ? TH_OK
                   : TH_NOT_FAILED;
    case TH__NO_ROW:
        return TH_NOT_FOUND;
    case TH__DONE:
    case TH__LIVE:
        break;
    }
    return TH_OK;
}

static void wake_owners(th__writer *w, range r)
{
    const th_front_options *o = &w->line.front->options;

    w->touched.count = 0;
    for (size_t i = r.lo; i < r.hi; i++)
        if (w->items[i]->outcome == TH__DONE)
            th__touched_add(&w->touched, w->items[i]->partition_id);
    th__touched_sort(&w->touched);
    for (size_t i = 0; i < w->touched.count; i++)
        if (!o->wake || !o->wake(o->wake_arg, w->touched.ids[i]))
            th__touched_add(&w->sleeping, w->touched.ids[i]);
}

static void settle(th__writer *w, range r)
{
    wake_owners(w, r);
    for (size_t i = r.lo; i < r.hi; i++) {
        th__front_request *item = w->items[i];

        if (item->kind == TH__START)
            settle_start(w, item);
        else
            answer(w, item, signal_rc(item), NULL);
    }
}

static void fail(th__writer *w, range r, th_rc rc, const char *text)
{
    for (size_t i = r.lo; i < r.hi; i++) {
        th__front_request *item = w->items[i];

        for (th__front_request *next, *s = item->same; s; s = next) {
            next = s->same;
            answer(w, s, rc, text);
        }
        answer(w, item, rc, text);
    }
}

static void park(th__writer *w, th__front_request *r)
{
    int64_t now_us = th__real_us();

    if (now_us - r->since_us >= TH__GIVE_UP_US || w->parked.count >= TH__PARKED) {
        release_same(w, r);
        answer(w, r, TH_UNAVAILABLE, "another transaction holds a lock that this request needs");
        return;
    }
    r->retry_us = now_us + 100000 + r->start_id.b[r->parked++ % 8] * INT64_C(400);
    th__front_list_add(&w->parked, r);
}

static void fail_alone(th__writer *w, th__front_request *r, th_rc rc, const th_error *err)
{
    if (rc == TH_DB_RETRY) {
        park(w, r);
        return;
    }
    release_same(w, r);
    answer(w, r, th__line_blame(rc, err), err->text);
}

/* ---- the work -------------------------------------------------------------------------------- */

static int cut(range r, range *out)
{
    size_t step = (r.hi - r.lo + PARTS - 1) / PARTS;
    int n = 0;

    for (size_t hi = r.hi; hi > r.lo; n++) { /* the first part comes to lie on top */
        size_t lo = hi - r.lo > step ? hi - step : r.lo;
        out[n] = (range){ lo, hi };
        hi = lo;
    }
    return n;
}

static void run_items(th__writer *w, const char *lock_timeout)
{
    range ranges[MAX_RANGES];
    int n = 0;

    if (w->count)
        ranges[n++] = (range){ 0, w->count };
    while (n > 0) {
        range r = ranges[--n];
        th_error err = { 0 };
        th_rc rc = insist(w, r, lock_timeout, &err);

        if (rc == TH_OK) {
            settle(w, r);
        } else if (rc == TH_UNAVAILABLE) {
            for (fail(w, r, rc, err.text); n > 0; n--)
                fail(w, ranges[n - 1], rc, err.text);
        } else if (th__line_concerns_all(rc, &err)) {
            fail(w, r, rc, err.text);
        } else if (r.hi - r.lo == 1) {
            fail_alone(w, w->items[r.lo], rc, &err);
        } else {
            n += cut(r, ranges + n);
            lock_timeout = TH__LOCK_TIMEOUT_ALONE;
        }
    }
}

void th__batch_run(th__writer *w)
{
    run_items(w, TH__LOCK_TIMEOUT);
}

int64_t th__parked_due(const th__writer *w)
{
    return w->parked.first ? w->parked.first->retry_us : TH__FOREVER;
}

void th__parked_retry(th__writer *w)
{
    if (th__real_us() < th__parked_due(w))
        return;
    th__front_request *r = th__front_list_pop(&w->parked);
    w->items[0] = r;
    w->count = 1;
    w->starts = r->kind == TH__START;
    run_items(w, TH__LOCK_TIMEOUT_ALONE);
}

void th__parked_give_up(th__writer *w)
{
    th__front_request *r;

    while ((r = th__front_list_pop(&w->parked)) != NULL) {
        w->items[0] = r;
        fail(w, (range){ 0, 1 }, TH_UNAVAILABLE, "the front end is stopping");
    }
}
