/*
 * entity_rpcs.c - calls of clients about entities.
 */
#include <string.h>

#include "base/clock.h"
#include "base/entity_id.h"
#include "grpc/convert.h"
#include "grpc/grpc_int.h"
#include "store/clients.h"

enum { USUAL_PAGE = 100, LARGEST_PAGE = 1000, LONGEST_OPERATION = 256 };

/* The id as its row has it; NULL: the call is ended. */
static const char *entity_of(th__rpc *rpc, const char *id, const char **name, const char **key)
{
    if (th_entity_id_split(rpc->arena, id, name, key))
        return th_entity_id_make(rpc->arena, *name, *key);
    th__rpc_fail(rpc, TH_STATUS_INVALID_ARGUMENT,
                 "instanceId: must be @name@key, of a length of at most 256 characters, without / "
                 "\\ # ? and control characters");
    return NULL;
}

/* ---- signals -----------------------------------------------------------------------------------
 */

static void signalled(void *arg, const th_front_answer *answer)
{
    if (answer->rc == TH_OK)
        th__rpc_reply(arg, NULL);
    else
        th__rpc_fail_rc(arg, answer->rc, answer->text);
}

typedef struct later {
    const char *name, *key;
    int64_t due_us;
    const char *message_id; /* NULL: any */
} later;

static th_rc signal_later(th__rpc *rpc, th_db *db, void *data, th_error *err)
{
    const SignalEntityRequest *request = rpc->request;
    const later *l = data;

    return th_entity_signal(db, &rpc->hub, l->name, l->key, request->name,
                            th__pb_text_of(request->input), l->due_us, l->message_id, err);
}

/* The client's own number of the signal, by which one that it sends again is known. */
static bool request_of(const SignalEntityRequest *request, th_uuid *id, char text[TH_UUID_TEXT])
{
    if (!th_uuid_parse(request->requestid, id))
        return false;
    th_uuid_text(id, text);
    return true;
}

void th__rpc_signal_entity(th__rpc *rpc)
{
    const SignalEntityRequest *request = rpc->request;
    later l = { 0 };
    char text[TH_UUID_TEXT];
    th_error err = { 0 };
    const char *id = entity_of(rpc, request->instanceid, &l.name, &l.key);

    if (!id)
        return;
    if (strlen(request->name) > LONGEST_OPERATION) {
        th__rpc_fail(rpc, TH_STATUS_INVALID_ARGUMENT, "name: must have at most 256 bytes");
        return;
    }
    if (!th__pb_time_us(request->scheduledtime, &l.due_us)) {
        th__rpc_fail(rpc, TH_STATUS_INVALID_ARGUMENT,
                     "scheduledTime: must be between the years 1 and 9999");
        return;
    }
    th_uuid repeat;
    bool named = request_of(request, &repeat, text);
    l.message_id = named ? text : NULL;
    if (l.due_us > th_now_us()) {
        th_rc rc = th__grpc_pool_run(rpc, signal_later, &l, &err);
        signalled(rpc, &(th_front_answer){ .rc = rc, .text = err.text });
        return;
    }
    th_signal_request signal = { .kind = TH_SIGNAL_ENTITY,
                                 .instance_id = id,
                                 .event_name = request->name,
                                 .payload = th__pb_text_of(request->input),
                                 .message_id = named ? &repeat : NULL };
    th_front_signal(rpc->grpc->options.front, &rpc->hub, &signal, signalled, rpc);
}

/* ---- reads -------------------------------------------------------------------------------------
 */

typedef struct page {
    th_entity_query query;
    th_entity_info *rows;
    size_t count;
    const char *next_id;
} page;

static th_rc read_page(th__rpc *rpc, th_db *db, void *data, th_error *err)
{
    page *p = data;

    return th_entities_query(db, rpc->arena, &rpc->hub, &p->query, &p->rows, &p->count, &p->next_id,
                             err);
}

static EntityMetadata *metadata(th_arena *arena, const th_entity_info *row)
{
    EntityMetadata *m = TH__PB_NEW(arena, EntityMetadata, entity_metadata);

    m->instanceid = (char *)row->id;
    m->lastmodifiedtime = th__pb_time(arena, row->last_operation_us);
    m->lockedby = th__pb_text(arena, row->locked_by);
    m->serializedstate = th__pb_text(arena, row->state);
    return m;
}

void th__rpc_get_entity(th__rpc *rpc)
{
    const GetEntityRequest *request = rpc->request;
    GetEntityResponse response = GET_ENTITY_RESPONSE__INIT;
    const char *name, *key, *id = entity_of(rpc, request->instanceid, &name, &key);
    page p = { .query = { .id = id, .top = 1, .want_states = request->includestate } };
    th_error err = { 0 };

    if (!id)
        return;
    th_rc rc = th__grpc_pool_run(rpc, read_page, &p, &err);
    if (rc != TH_OK) {
        th__rpc_fail_rc(rpc, rc, err.text);
        return;
    }
    if (p.count && strcmp(p.rows[0].id, id) == 0) {
        response.exists = true;
        response.entity = metadata(rpc->arena, &p.rows[0]);
    }
    th__rpc_reply(rpc, &response);
}

/* Names are kept in lower case, keys as they are. */
static const char *prefix_of(th_arena *arena, const char *given)
{
    char *prefix = th_sprintf(arena, "%s%s", *given == '@' || !*given ? "" : "@", given);

    for (char *c = prefix; *c && !(*c == '@' && c != prefix); c++)
        if (*c >= 'A' && *c <= 'Z')
            *c = (char)(*c + 'a' - 'A');
    return prefix;
}

static int32_t page_size(const Google__Protobuf__Int32Value *asked)
{
    if (!asked || asked->value <= 0)
        return USUAL_PAGE;
    return asked->value > LARGEST_PAGE ? LARGEST_PAGE : asked->value;
}

static void reply_page(th__rpc *rpc, const page *p)
{
    QueryEntitiesResponse response = QUERY_ENTITIES_RESPONSE__INIT;

    response.entities = th_new(rpc->arena, EntityMetadata *, p->count + 1);
    for (size_t i = 0; i < p->count; i++)
        response.entities[response.n_entities++] = metadata(rpc->arena, &p->rows[i]);
    response.continuationtoken = th__pb_text(rpc->arena, p->next_id);
    th__rpc_reply(rpc, &response);
}

void th__rpc_query_entities(th__rpc *rpc)
{
    const QueryEntitiesRequest *request = rpc->request;
    const EntityQuery none = ENTITY_QUERY__INIT;
    const EntityQuery *q = request->query ? request->query : &none;
    const char *prefix = th__pb_text_of(q->instanceidstartswith);
    const char *token = th__pb_text_of(q->continuationtoken);
    page p = { .query = { .prefix = prefix ? prefix_of(rpc->arena, prefix) : NULL,
                          .after_id = token && *token ? token : NULL,
                          .top = page_size(q->pagesize),
                          .want_states = q->includestate,
                          .transient = q->includetransient } };
    th_error err = { 0 };

    if (!th__pb_time_us(q->lastmodifiedfrom, &p.query.from_us) ||
        !th__pb_time_us(q->lastmodifiedto, &p.query.to_us)) {
        th__rpc_fail(rpc, TH_STATUS_INVALID_ARGUMENT, "times must be between the years 1 and 9999");
        return;
    }
    th_rc rc = th__grpc_pool_run(rpc, read_page, &p, &err);
    if (rc == TH_OK)
        reply_page(rpc, &p);
    else
        th__rpc_fail_rc(rpc, rc, err.text);
}

/* An entity without state, lock and messages has no row, and the end of an orchestration releases
 * what it has locked: there is never anything to clean. */
void th__rpc_clean_entities(th__rpc *rpc)
{
    CleanEntityStorageResponse response = CLEAN_ENTITY_STORAGE_RESPONSE__INIT;

    th__rpc_reply(rpc, &response);
}
