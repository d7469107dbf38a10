/*
 * query_rpcs.c - calls about many instances, and the history of one.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "grpc/convert.h"
#include "grpc/workers_int.h"
#include "store/clients.h"

enum { USUAL_PAGE = 100, LARGEST_PAGE = 1000, PURGE_PAGE = 500, MOST_CHILDREN = 100000 };

/* Clients of most SDKs take messages of at most 4 MiB. */
#define PAGE_BYTES ((size_t)3 << 20)
#define CHUNK_BYTES ((size_t)256 << 10)

static const uint32_t terminal =
    1u << TH_COMPLETED | 1u << TH_FAILED | 1u << TH_CANCELED | 1u << TH_TERMINATED;

static uint32_t status_bits(const OrchestrationStatus *statuses, size_t n)
{
    uint32_t bits = 0;

    for (size_t i = 0; i < n; i++)
        if ((unsigned)statuses[i] <= TH_SUSPENDED)
            bits |= 1u << statuses[i];
    return n > 0 && bits == 0 ? 1u << 29 : bits; /* none that there is: nothing fits */
}

static int32_t page_size(int32_t asked)
{
    if (asked <= 0)
        return USUAL_PAGE;
    return asked > LARGEST_PAGE ? LARGEST_PAGE : asked;
}

static bool read_times(th__rpc *rpc, const Google__Protobuf__Timestamp *from,
                       const Google__Protobuf__Timestamp *to, int64_t *from_us, int64_t *to_us)
{
    if (th__pb_time_us(from, from_us) && th__pb_time_us(to, to_us))
        return true;
    th__rpc_fail(rpc, TH_STATUS_INVALID_ARGUMENT, "times must be between the years 1 and 9999");
    return false;
}

/* ---- query -------------------------------------------------------------------------------------
 */

typedef struct page {
    th_instance_filter filter;
    th_instance *rows;
    size_t count;
    const char *next_id;
} page;

static th_rc read_page(th__rpc *rpc, th_db *db, void *data, th_error *err)
{
    page *p = data;

    return th_instances_list(db, rpc->arena, &rpc->hub, &p->filter, &p->rows, &p->count,
                             &p->next_id, err);
}

/* Up to the bytes that a client takes, at least one; the others come with the next page. */
static void fill_page(th__rpc *rpc, page *p, QueryInstancesResponse *response)
{
    size_t bytes = 0;

    response->orchestrationstate = th_new(rpc->arena, OrchestrationState *, p->count + 1);
    for (size_t i = 0; i < p->count; i++) {
        OrchestrationState *state = th__pb_state(rpc->arena, &p->rows[i], p->filter.want_payloads);
        if (p->rows[i].id[0] == '@')
            continue; /* an entity */
        bytes += protobuf_c_message_get_packed_size(&state->base);
        if (bytes > PAGE_BYTES && response->n_orchestrationstate) {
            p->next_id = p->rows[i - 1].id;
            break;
        }
        response->orchestrationstate[response->n_orchestrationstate++] = state;
    }
    response->continuationtoken = th__pb_text(rpc->arena, p->next_id);
}

void th__rpc_query_instances(th__rpc *rpc)
{
    const QueryInstancesRequest *request = rpc->request;
    const InstanceQuery none = INSTANCE_QUERY__INIT;
    const InstanceQuery *q = request->query ? request->query : &none;
    const char *token = th__pb_text_of(q->continuationtoken);
    page p = { .filter = { .statuses = status_bits(q->runtimestatus, q->n_runtimestatus),
                           .id_prefix = th__pb_text_of(q->instanceidprefix),
                           .after_id = token && *token ? token : NULL,
                           .top = page_size(q->maxinstancecount),
                           .want_payloads = q->fetchinputsandoutputs } };
    QueryInstancesResponse response = QUERY_INSTANCES_RESPONSE__INIT;
    th_error err = { 0 };

    if (!read_times(rpc, q->createdtimefrom, q->createdtimeto, &p.filter.created_from_us,
                    &p.filter.created_to_us))
        return;
    th_rc rc = th__grpc_pool_run(rpc, read_page, &p, &err);
    if (rc != TH_OK) {
        th__rpc_fail_rc(rpc, rc, err.text);
        return;
    }
    fill_page(rpc, &p, &response);
    th__rpc_reply(rpc, &response);
}

/* ---- ids of finished ones ----------------------------------------------------------------------
 */

typedef struct finished {
    th_finished_filter filter;
    th_finished *rows;
    size_t count;
} finished;

static th_rc read_finished(th__rpc *rpc, th_db *db, void *data, th_error *err)
{
    finished *f = data;

    return th_instances_finished(db, rpc->arena, &rpc->hub, &f->filter, &f->rows, &f->count, err);
}

/* "<microseconds>:<id>" of the last one. */
static bool read_key(const char *token, th_finished_filter *filter)
{
    char *end = NULL;

    if (!token || !*token)
        return true;
    filter->after_us = strtoll(token, &end, 10);
    filter->after_id = end + 1;
    return end != token && *end == ':' && filter->after_us > 0 &&
           filter->after_us < INT64_C(253402300799000000);
}

static void reply_finished(th__rpc *rpc, const finished *f)
{
    ListInstanceIdsResponse response = LIST_INSTANCE_IDS_RESPONSE__INIT;

    response.instanceids = th_new(rpc->arena, char *, f->count + 1);
    for (size_t i = 0; i < f->count; i++)
        response.instanceids[response.n_instanceids++] = (char *)f->rows[i].id;
    if (f->count == (size_t)f->filter.top) {
        const th_finished *last = &f->rows[f->count - 1];
        response.lastinstancekey = th__pb_text(
            rpc->arena, th_sprintf(rpc->arena, "%lld:%s", (long long)last->completed_us, last->id));
    }
    th__rpc_reply(rpc, &response);
}

void th__rpc_list_instance_ids(th__rpc *rpc)
{
    const ListInstanceIdsRequest *request = rpc->request;
    uint32_t asked = status_bits(request->runtimestatus, request->n_runtimestatus);
    finished f = { .filter = { .statuses = asked ? asked & terminal : terminal,
                               .top = page_size(request->pagesize) } };
    th_error err = { 0 };

    if (!read_key(th__pb_text_of(request->lastinstancekey), &f.filter)) {
        th__rpc_fail(rpc, TH_STATUS_INVALID_ARGUMENT,
                     "lastInstanceKey: must be one that this service gave");
        return;
    }
    if (!read_times(rpc, request->completedtimefrom, request->completedtimeto, &f.filter.from_us,
                    &f.filter.to_us))
        return;
    th_rc rc = th__grpc_pool_run(rpc, read_finished, &f, &err);
    if (rc == TH_OK)
        reply_finished(rpc, &f);
    else
        th__rpc_fail_rc(rpc, rc, err.text);
}

/* ---- purge -------------------------------------------------------------------------------------
 */

typedef struct purge {
    const char **ids; /* those that are still to go; grows by children */
    size_t count, next;
    bool recursive;
    int64_t until_us; /* 0: no hurry */
    int32_t deleted;
    bool stopped; /* time was over */
    page page;
} purge;

static void add_id(th__rpc *rpc, purge *p, const char *id)
{
    if (p->count >= MOST_CHILDREN || !*id)
        return;
    if ((p->count & (p->count - 1)) == 0) { /* full at each power of two */
        const char **more = th_new(rpc->arena, const char *, p->count ? 2 * p->count : 1);
        if (p->count)
            memcpy(more, p->ids, p->count * sizeof *more);
        p->ids = more;
    }
    p->ids[p->count++] = id;
}

static th_rc add_children(th__rpc *rpc, th_db *db, purge *p, const char *id, th_error *err)
{
    th_history_row *rows;
    size_t count;
    th_error missing = { 0 };
    th_rc rc = th_history_get(db, rpc->arena, &rpc->hub, id, &rows, &count, &missing);

    if (rc != TH_OK && rc != TH_NOT_FOUND)
        return th_fail(err, rc, "%s", missing.text);
    for (size_t i = 0; rc == TH_OK && i < count; i++) {
        th_event *events;
        size_t n;
        if (th_events_read(rpc->arena, rows[i].events, strlen(rows[i].events), rows[i].first_seq,
                           &events, &n, NULL) != TH_OK)
            continue;
        for (size_t e = 0; e < n; e++)
            if (events[e].kind == TH_SubOrchestrationInstanceCreated && events[e].instance_id)
                add_id(rpc, p, events[e].instance_id);
    }
    return TH_OK;
}

static th_rc purge_one(th__rpc *rpc, th_db *db, purge *p, const char *id, th_error *err)
{
    int status;
    th_error why = { 0 };
    th_rc rc = TH_OK;

    if (id[0] == '@')
        return TH_OK;
    if (p->recursive)
        rc = add_children(rpc, db, p, id, err);
    if (rc != TH_OK)
        return rc;
    rc = th_instance_purge(db, &rpc->hub, id, rpc->key_name, &status, &why);
    if (rc == TH_OK)
        p->deleted++;
    if (rc == TH_OK || rc == TH_NOT_FOUND || rc == TH_NOT_FINISHED)
        return TH_OK;
    return th_fail(err, rc, "%s", why.text);
}

static th_rc purge_ids(th__rpc *rpc, th_db *db, void *data, th_error *err)
{
    purge *p = data;
    th_rc rc = TH_OK;

    while (rc == TH_OK && p->next < p->count && !p->stopped) {
        rc = purge_one(rpc, db, p, p->ids[p->next], err);
        if (rc == TH_OK)
            p->next++;
        p->stopped = p->until_us && th_mono_us() >= p->until_us;
    }
    return rc;
}

/* Page after page of what the filter finds. */
static th_rc purge_found(th__rpc *rpc, purge *p, th_error *err)
{
    do {
        th_rc rc = th__grpc_pool_run(rpc, read_page, &p->page, err);
        for (size_t i = 0; rc == TH_OK && i < p->page.count; i++)
            add_id(rpc, p, p->page.rows[i].id);
        if (rc == TH_OK)
            rc = th__grpc_pool_run(rpc, purge_ids, p, err);
        if (rc != TH_OK)
            return rc;
        p->page.filter.after_id = p->page.next_id;
    } while (p->page.next_id && !p->stopped);
    return TH_OK;
}

static bool read_purge_filter(th__rpc *rpc, const PurgeInstanceFilter *filter, purge *p)
{
    uint32_t asked = status_bits(filter->runtimestatus, filter->n_runtimestatus);

    p->page.filter.statuses = asked ? asked & terminal : terminal;
    p->page.filter.top = PURGE_PAGE;
    if (p->page.filter.statuses == 0)
        p->page.filter.statuses = 1u << 29;
    if (filter->timeout && filter->timeout->seconds >= 0 && filter->timeout->seconds < 86400)
        p->until_us =
            th_mono_us() + filter->timeout->seconds * 1000000 + filter->timeout->nanos / 1000 + 1;
    return read_times(rpc, filter->createdtimefrom, filter->createdtimeto,
                      &p->page.filter.created_from_us, &p->page.filter.created_to_us);
}

static void reply_purge(th__rpc *rpc, const purge *p)
{
    PurgeInstancesResponse response = PURGE_INSTANCES_RESPONSE__INIT;
    Google__Protobuf__BoolValue complete = GOOGLE__PROTOBUF__BOOL_VALUE__INIT;

    complete.value = !p->stopped;
    response.deletedinstancecount = p->deleted;
    response.iscomplete = &complete;
    th__rpc_reply(rpc, &response);
}

void th__rpc_purge_instances(th__rpc *rpc)
{
    const PurgeInstancesRequest *request = rpc->request;
    purge p = { .recursive = request->recursive };
    th_error err = { 0 };
    th_rc rc = TH_OK;

    switch (request->request_case) {
    case PURGE_INSTANCES_REQUEST__REQUEST_INSTANCE_ID:
        add_id(rpc, &p, request->instanceid);
        break;
    case PURGE_INSTANCES_REQUEST__REQUEST_INSTANCE_BATCH:
        for (size_t i = 0; i < request->instancebatch->n_instanceids; i++)
            add_id(rpc, &p, request->instancebatch->instanceids[i]);
        break;
    case PURGE_INSTANCES_REQUEST__REQUEST_PURGE_INSTANCE_FILTER:
        if (!read_purge_filter(rpc, request->purgeinstancefilter, &p))
            return;
        rc = purge_found(rpc, &p, &err);
        break;
    default:
        rc = th_fail(&err, TH_INVALID, "request: an id, a batch or a filter is needed");
    }
    if (rc == TH_OK)
        rc = th__grpc_pool_run(rpc, purge_ids, &p, &err);
    if (rc == TH_OK)
        reply_purge(rpc, &p);
    else
        th__rpc_fail_rc(rpc, rc, err.text);
}

/* ---- history -----------------------------------------------------------------------------------
 */

typedef struct history {
    const char *id;
    th_instance *instance;
    th_history_row *rows;
    size_t count;
} history;

static th_rc read_history(th__rpc *rpc, th_db *db, void *data, th_error *err)
{
    history *h = data;
    th_rc rc = th_instance_get(db, rpc->arena, &rpc->hub, h->id, &h->instance, err);

    return rc == TH_OK ? th_history_get(db, rpc->arena, &rpc->hub, h->id, &h->rows, &h->count, err)
                       : rc;
}

/* Events that wait to be sent as one message. */
typedef struct chunk {
    HistoryEvent **events;
    size_t count, cap, bytes;
} chunk;

static void send_chunk(th__rpc *rpc, chunk *c)
{
    HistoryChunk message = HISTORY_CHUNK__INIT;

    message.events = c->events;
    message.n_events = c->count;
    if (c->count)
        th__rpc_send(rpc, &message);
    c->count = c->bytes = 0;
}

static void add_event(th__rpc *rpc, chunk *c, HistoryEvent *event)
{
    if (c->count == c->cap) {
        HistoryEvent **more = th_new(rpc->arena, HistoryEvent *, c->cap ? 2 * c->cap : 64);
        if (c->count)
            memcpy(more, c->events, c->count * sizeof *more);
        c->events = more;
        c->cap = c->cap ? 2 * c->cap : 64;
    }
    c->events[c->count++] = event;
    c->bytes += protobuf_c_message_get_packed_size(&event->base);
    if (c->bytes >= CHUNK_BYTES)
        send_chunk(rpc, c);
}

static th_rc send_history(th__rpc *rpc, const history *h, th_error *err)
{
    const StreamInstanceHistoryRequest *request = rpc->request;
    chunk c = { 0 };
    th__pb_origin origin = { .instance_id = h->id, .execution_id = h->instance->execution_id };

    for (size_t i = 0; i < h->count; i++) {
        th_event *events;
        size_t n;
        th_rc rc = th_events_read(rpc->arena, h->rows[i].events, strlen(h->rows[i].events),
                                  h->rows[i].first_seq, &events, &n, err);
        if (rc != TH_OK)
            return rc;
        origin.t_us = h->rows[i].at_us;
        for (size_t e = 0; e < n; e++)
            if (!request->forworkitemprocessing || th__is_shown(&events[e]))
                add_event(rpc, &c, th__pb_event(rpc->arena, &events[e], &origin));
    }
    send_chunk(rpc, &c);
    return TH_OK;
}

void th__rpc_stream_history(th__rpc *rpc)
{
    const StreamInstanceHistoryRequest *request = rpc->request;
    const char *execution = th__pb_text_of(request->executionid);
    history h = { .id = request->instanceid };
    th_error err = { 0 };

    if (request->forworkitemprocessing && th__rpc_stream_past(rpc))
        return;
    th_rc rc = h.id[0] && h.id[0] != '@' ? th__grpc_pool_run(rpc, read_history, &h, &err)
                                         : th_fail(&err, TH_NOT_FOUND, "no such instance");

    if (rc == TH_OK && execution && *execution && strcmp(execution, h.instance->execution_id) != 0)
        rc = th_fail(&err, TH_NOT_FOUND, "the instance has another execution id now");
    if (rc == TH_OK)
        rc = send_history(rpc, &h, &err);
    if (rc == TH_OK)
        th__rpc_end(rpc);
    else
        th__rpc_fail_rc(rpc, rc, err.text);
}
