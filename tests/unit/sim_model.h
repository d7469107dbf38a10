/*
 * sim_model.h - the tables of a hub in memory, and what the statements of a batch do to them.
 *
 * Row by row as the SQL of sql/query/batch_*.sql does it; what `expect` counts is checked before
 * anything is changed, so that a refused batch leaves no trace. Include it after test.h.
 */
#ifndef TH_TESTS_UNIT_SIM_MODEL_H
#define TH_TESTS_UNIT_SIM_MODEL_H

#include "base/ids.h"
#include "batch_reader.h"
#include "engine/event.h"

typedef struct sim_instance {
    int32_t partition;
    const char *id;
    th_uuid start, execution;
    int status;
    const char *name, *version, *input, *output, *failure, *custom;
    const char *parent; /* NULL: nobody waits for it */
    th_uuid parent_execution;
    int32_t parent_ref;
    int rewinds; /* their histories stay */
    bool is_entity;
    const char *state, *holder;
} sim_instance;

typedef struct sim_message {
    int32_t partition;
    int64_t due, no, sent;
    const char *id;
    bool has_start, has_execution, marked;
    th_uuid start, execution;
    int16_t kind, attempts;
    int32_t ref;
    const char *name, *message_id, *payload, *body;
} sim_message;

typedef struct sim_activity {
    int32_t partition;
    int64_t number, due;
    const char *id, *name, *input;
    th_uuid start, execution;
    int32_t seq, task_id, attempt, claimed_by, claim_no, crashes;
    bool marked;
} sim_activity;

typedef struct sim_episode {
    int32_t partition;
    const char *id;
    th_uuid execution;
    int32_t episode, first_seq;
    int64_t at;
    const char *events, *memo;
} sim_episode;

typedef struct sim_commit {
    int32_t partition;
    int64_t no, term;
} sim_commit;

#define SIM_LIST(type, name) \
    type *name;              \
    size_t name##_count, name##_cap

enum { SIM_ENTITIES = 2 }; /* @acc@a, @acc@b */

typedef struct sim_db {
    th_arena *arena;
    int64_t now_us, next_no;
    int64_t operations[SIM_ENTITIES]; /* the sum of what was ever sent to each */
    SIM_LIST(sim_instance, instances);
    SIM_LIST(sim_message, messages); /* in order of their numbers */
    SIM_LIST(sim_activity, activities);
    SIM_LIST(sim_episode, episodes);
    SIM_LIST(sim_commit, commits);
} sim_db;

static inline void *sim_grown(void *rows, size_t *cap, size_t count, size_t size)
{
    if (count < *cap)
        return rows;
    *cap = *cap ? *cap * 2 : 16;
    return th_realloc(rows, *cap * size);
}

/* A new row at the end of a list of a database, all zero. */
#define SIM_NEW(db, list)                                                                  \
    ((db)->list =                                                                          \
         sim_grown((db)->list, &(db)->list##_cap, (db)->list##_count, sizeof *(db)->list), \
     memset(&(db)->list[(db)->list##_count], 0, sizeof *(db)->list),                       \
     &(db)->list[(db)->list##_count++])

#define SIM_DELETE(db, list, i) \
    memmove(&(db)->list[i], &(db)->list[(i) + 1], (--(db)->list##_count - (i)) * sizeof *(db)->list)

static inline const char *sim_keep(sim_db *db, const char *s)
{
    return th_strdup(db->arena, s);
}

static inline void sim_db_free(sim_db *db)
{
    free(db->instances);
    free(db->messages);
    free(db->activities);
    free(db->episodes);
    free(db->commits);
    th_arena_free(db->arena);
}

/* ---- rows ----------------------------------------------------------------------------------- */

static inline sim_instance *sim_find(sim_db *db, const char *id)
{
    for (size_t i = 0; i < db->instances_count; i++)
        if (strcmp(db->instances[i].id, id) == 0)
            return &db->instances[i];
    return NULL;
}

static inline sim_message *sim_message_at(sim_db *db, int32_t partition, int64_t due, int64_t no)
{
    for (size_t i = 0; i < db->messages_count; i++) {
        sim_message *m = &db->messages[i];
        if (m->no == no)
            return m->partition == partition && m->due == due ? m : NULL;
    }
    return NULL;
}

static inline sim_activity *sim_activity_at(sim_db *db, int32_t partition, int64_t number,
                                            int32_t claim_no)
{
    for (size_t i = 0; i < db->activities_count; i++) {
        sim_activity *a = &db->activities[i];
        if (a->partition == partition && a->number == number)
            return claim_no < 0 || a->claim_no == claim_no ? a : NULL;
    }
    return NULL;
}

/* Numbered at the end; the rest is the caller's to fill. */
static inline sim_message *sim_message_new(sim_db *db, int32_t partition, const char *id,
                                           th_kind kind)
{
    sim_message *m = SIM_NEW(db, messages);
    m->partition = partition;
    m->id = sim_keep(db, id);
    m->kind = (int16_t)kind;
    m->due = TH_TIME_NEG_INF;
    m->ref = TH_NONE;
    m->no = ++db->next_no;
    m->sent = db->now_us;
    return m;
}

static inline int64_t sim_last_commit(const sim_db *db, int32_t partition)
{
    int64_t last = 0;
    for (size_t i = 0; i < db->commits_count; i++)
        if (db->commits[i].partition == partition && db->commits[i].no > last)
            last = db->commits[i].no;
    return last;
}

static inline bool sim_has_commit(const sim_db *db, int32_t partition, int64_t no, int64_t term)
{
    for (size_t i = 0; i < db->commits_count; i++)
        if (db->commits[i].partition == partition && db->commits[i].no == no)
            return term == 0 || db->commits[i].term == term;
    return false;
}

/* ---- what is counted ------------------------------------------------------------------------ */

#define TEXT(column) reader_text(t, row, column)
#define INT(column) reader_int(t, row, column, TH_NONE)
#define TIME(column) reader_time(t, row, column, 0)

static inline th_uuid sim_uuid(const reader_table *t, int row, int column)
{
    th_uuid id = { { 0 } };
    reader_uuid(t, row, column, &id);
    return id;
}

/* An earlier statement of the batch makes the row. */
static inline bool sim_is_made_here(const batch_reader *r, const char *id, const th_uuid *start)
{
    const reader_table *made = reader_find(r, "create");
    for (int row = 0; made && row < made->rows; row++) {
        th_uuid its = sim_uuid(made, row, CR_START);
        if (strcmp(reader_text(made, row, CR_ID), id) == 0 && th_uuid_equal(&its, start))
            return true;
    }
    return false;
}

static inline bool sim_is_live(sim_db *db, const batch_reader *r, const reader_table *t, int row)
{
    const sim_instance *i = sim_find(db, TEXT(IN_ID));
    th_uuid start = sim_uuid(t, row, IN_START);
    if (sim_is_made_here(r, TEXT(IN_ID), &start))
        return true;
    return i && th_uuid_equal(&i->start, &start) && !th_status_is_terminal(i->status);
}

static inline bool sim_is_free(sim_db *db, const reader_table *t, int row)
{
    const sim_instance *i = sim_find(db, TEXT(CR_ID));
    return !i || th_status_is_terminal(i->status);
}

static inline bool sim_may_be_rewound(sim_db *db, const reader_table *t, int row)
{
    const sim_instance *i = sim_find(db, TEXT(RW_ID));
    th_uuid start = sim_uuid(t, row, RW_START), was = sim_uuid(t, row, RW_WAS);
    return i && th_uuid_equal(&i->start, &start) && th_uuid_equal(&i->execution, &was) &&
           (i->status == TH_FAILED || i->status == TH_PENDING);
}

static inline bool sim_is_of_start(sim_db *db, const reader_table *t, int row)
{
    const sim_instance *i = sim_find(db, TEXT(RL_ID));
    th_uuid start = sim_uuid(t, row, RL_START);
    return i && th_uuid_equal(&i->start, &start);
}

static inline bool sim_is_entity(sim_db *db, const reader_table *t, int row)
{
    const sim_instance *i = sim_find(db, TEXT(EN_ID));
    return i ? i->is_entity : !*reader_cell_at(t, row, EN_GONE)->p;
}

static inline bool sim_mark_message(sim_db *db, const reader_table *t, int row)
{
    sim_message *m = sim_message_at(db, (int32_t)INT(ME_PARTITION), TIME(ME_DUE), INT(ME_NO));
    bool first = m && !m->marked;
    if (m)
        m->marked = true;
    return first;
}

static inline bool sim_mark_activity(sim_db *db, const reader_table *t, int row)
{
    sim_activity *a =
        sim_activity_at(db, (int32_t)INT(FI_PARTITION), INT(FI_NUMBER), (int32_t)INT(FI_CLAIM_NO));
    bool first = a && !a->marked;
    if (a)
        a->marked = true;
    return first;
}

static inline bool sim_is_linked(sim_db *db, const reader_table *t, int row)
{
    int32_t p = (int32_t)INT(CH_PARTITION);
    return sim_has_commit(db, p, INT(CH_NO) - 1, INT(CH_TERM)) &&
           !sim_has_commit(db, p, INT(CH_NO), 0);
}

static inline bool sim_row_counts(sim_db *db, const batch_reader *r, const reader_table *t, int row)
{
    if (strcmp(t->name, "chain") == 0)
        return sim_is_linked(db, t, row);
    if (strcmp(t->name, "instances") == 0 || strcmp(t->name, "renew") == 0)
        return sim_is_live(db, r, t, row);
    if (strcmp(t->name, "create") == 0)
        return sim_is_free(db, t, row);
    if (strcmp(t->name, "rewind") == 0)
        return sim_may_be_rewound(db, t, row);
    if (strcmp(t->name, "relink") == 0)
        return sim_is_of_start(db, t, row);
    if (strcmp(t->name, "entities") == 0)
        return sim_is_entity(db, t, row);
    if (strcmp(t->name, "finish") == 0)
        return sim_mark_activity(db, t, row);
    return sim_mark_message(db, t, row); /* consume, hold */
}

static inline bool sim_is_new_episode(sim_db *db, const reader_table *t, int row)
{
    th_uuid execution = sim_uuid(t, row, HI_EXECUTION);
    for (size_t i = 0; i < db->episodes_count; i++) {
        const sim_episode *e = &db->episodes[i];
        if (e->episode == INT(HI_EPISODE) && strcmp(e->id, TEXT(HI_ID)) == 0 &&
            th_uuid_equal(&e->execution, &execution))
            return false;
    }
    return true;
}

static inline void sim_unmark(sim_db *db)
{
    for (size_t i = 0; i < db->messages_count; i++)
        db->messages[i].marked = false;
    for (size_t i = 0; i < db->activities_count; i++)
        db->activities[i].marked = false;
}

/* The statement that would be refused, or NULL. */
static inline const char *sim_refused(sim_db *db, const batch_reader *r)
{
    const char *refused = NULL;
    for (size_t k = 0; k < r->count && !refused; k++) {
        const reader_table *t = &r->tables[k];
        int64_t counted = 0;
        for (int row = 0; row < t->rows && t->expected >= 0; row++)
            counted += sim_row_counts(db, r, t, row);
        if (t->expected >= 0 && counted != t->expected)
            refused = t->name;
        for (int row = 0; row < t->rows && strcmp(t->name, "history") == 0; row++)
            if (!sim_is_new_episode(db, t, row))
                refused = t->name;
    }
    sim_unmark(db);
    return refused;
}

/* ---- what is done --------------------------------------------------------------------------- */

static inline void sim_do_chain(sim_db *db, const reader_table *t, int row)
{
    sim_commit *c = SIM_NEW(db, commits);
    *c = (sim_commit){ (int32_t)INT(CH_PARTITION), INT(CH_NO), INT(CH_TERM) };
}

static inline void sim_do_create(sim_db *db, const reader_table *t, int row)
{
    sim_instance *i = sim_find(db, TEXT(CR_ID));
    if (!i)
        i = SIM_NEW(db, instances);
    *i = (sim_instance){ .partition = (int32_t)INT(CR_PARTITION),
                         .id = sim_keep(db, TEXT(CR_ID)),
                         .start = sim_uuid(t, row, CR_START),
                         .execution = sim_uuid(t, row, CR_EXECUTION),
                         .status = TH_PENDING,
                         .name = sim_keep(db, TEXT(CR_NAME)),
                         .input = sim_keep(db, TEXT(CR_INPUT)),
                         .parent = sim_keep(db, TEXT(CR_PARENT)),
                         .parent_execution = sim_uuid(t, row, CR_PARENT_EXECUTION),
                         .parent_ref = (int32_t)INT(CR_PARENT_REF) };
}

static inline void sim_do_rewind(sim_db *db, const reader_table *t, int row)
{
    sim_instance *i = sim_find(db, TEXT(RW_ID));
    i->execution = sim_uuid(t, row, RW_EXECUTION);
    if (reader_uuid(t, row, RW_PARENT_EXECUTION, &i->parent_execution))
        i->parent_ref = (int32_t)INT(RW_PARENT_REF);
    i->status = TH_PENDING;
    i->output = i->failure = NULL;
    i->rewinds++;
}

static inline void sim_do_relink(sim_db *db, const reader_table *t, int row)
{
    sim_instance *i = sim_find(db, TEXT(RL_ID));
    i->parent_execution = sim_uuid(t, row, RL_PARENT_EXECUTION);
    i->parent_ref = (int32_t)INT(RL_PARENT_REF);
}

static inline void sim_do_entities(sim_db *db, const reader_table *t, int row)
{
    sim_instance *i = sim_find(db, TEXT(EN_ID));
    if (*reader_cell_at(t, row, EN_GONE)->p) {
        SIM_DELETE(db, instances, (size_t)(i - db->instances));
        return;
    }
    if (!i) {
        i = SIM_NEW(db, instances);
        i->partition = (int32_t)INT(EN_PARTITION);
        i->id = sim_keep(db, TEXT(EN_ID));
        i->start = sim_uuid(t, row, EN_START);
        i->execution = sim_uuid(t, row, EN_EXECUTION);
        i->name = sim_keep(db, TEXT(EN_NAME));
        i->parent_ref = TH_NONE;
        i->is_entity = true;
    }
    i->state = sim_keep(db, TEXT(EN_STATE));
    i->holder = sim_keep(db, TEXT(EN_HOLDER));
}

static inline void sim_do_instances(sim_db *db, const reader_table *t, int row)
{
    sim_instance *i = sim_find(db, TEXT(IN_ID));
    i->status = (int)INT(IN_STATUS);
    i->output = sim_keep(db, TEXT(IN_OUTPUT));
    i->failure = sim_keep(db, TEXT(IN_FAILURE));
    if (INT(IN_CUSTOM_OP) != 0)
        i->custom = sim_keep(db, TEXT(IN_CUSTOM));
}

static inline void sim_forget(sim_db *db, const char *id, const th_uuid *keep)
{
    for (size_t i = db->episodes_count; i-- > 0;)
        if (strcmp(db->episodes[i].id, id) == 0 && !th_uuid_equal(&db->episodes[i].execution, keep))
            SIM_DELETE(db, episodes, i);
}

static inline void sim_do_renew(sim_db *db, const reader_table *t, int row)
{
    sim_instance *i = sim_find(db, TEXT(RE_ID));
    i->execution = sim_uuid(t, row, RE_EXECUTION);
    i->input = sim_keep(db, TEXT(RE_INPUT));
    if (TEXT(RE_VERSION))
        i->version = sim_keep(db, TEXT(RE_VERSION));
    i->status = TH_RUNNING;
    sim_forget(db, i->id, &i->execution);
}

static inline void sim_do_forget(sim_db *db, const reader_table *t, int row)
{
    th_uuid execution = sim_uuid(t, row, FO_EXECUTION);
    sim_forget(db, TEXT(FO_ID), &execution);
}

static inline void sim_do_history(sim_db *db, const reader_table *t, int row)
{
    sim_episode *e = SIM_NEW(db, episodes);
    e->partition = (int32_t)INT(HI_PARTITION);
    e->id = sim_keep(db, TEXT(HI_ID));
    e->execution = sim_uuid(t, row, HI_EXECUTION);
    e->episode = (int32_t)INT(HI_EPISODE);
    e->first_seq = (int32_t)INT(HI_FIRST_SEQ);
    e->at = TIME(HI_AT);
    e->events = sim_keep(db, TEXT(HI_EVENTS));
    e->memo = sim_keep(db, TEXT(HI_MEMO));
}

static inline void sim_do_delete(sim_db *db, const reader_table *t, int row)
{
    const sim_message *m = sim_message_at(db, (int32_t)INT(ME_PARTITION), TIME(ME_DUE), INT(ME_NO));
    if (m)
        SIM_DELETE(db, messages, (size_t)(m - db->messages));
}

static inline void sim_do_hold(sim_db *db, const reader_table *t, int row)
{
    sim_message_at(db, (int32_t)INT(ME_PARTITION), TIME(ME_DUE), INT(ME_NO))->due = TH_TIME_INF;
}

static inline void sim_do_release(sim_db *db, const reader_table *t, int row)
{
    for (size_t i = 0; i < db->messages_count; i++)
        if (db->messages[i].due == TH_TIME_INF && strcmp(db->messages[i].id, TEXT(HE_ID)) == 0)
            db->messages[i].due = TH_TIME_NEG_INF;
}

static inline void sim_do_unrequest(sim_db *db, const reader_table *t, int row)
{
    for (size_t i = db->messages_count; i-- > 0;) {
        const sim_message *m = &db->messages[i];
        if (m->due == TH_TIME_INF && m->kind == TH_EntityLockRequested &&
            strcmp(m->id, TEXT(UR_ID)) == 0 && strcmp(m->message_id, TEXT(UR_MESSAGE_ID)) == 0)
            SIM_DELETE(db, messages, i);
    }
}

/* Those of the simulation have due times that only they have. */
static inline void sim_do_unstart(sim_db *db, const reader_table *t, int row)
{
    th_uuid start = sim_uuid(t, row, US_START);
    for (size_t i = db->messages_count; i-- > 0;) {
        const sim_message *m = &db->messages[i];
        if (m->kind == TH_ExecutionStarted && m->due > 0 && m->due != TH_TIME_INF &&
            strcmp(m->id, TEXT(US_ID)) == 0 && th_uuid_equal(&m->start, &start))
            SIM_DELETE(db, messages, i);
    }
}

static inline void sim_do_unhold(sim_db *db, const reader_table *t, int row)
{
    for (size_t i = db->messages_count; i-- > 0;)
        if (db->messages[i].due == TH_TIME_INF && strcmp(db->messages[i].id, TEXT(HE_ID)) == 0)
            SIM_DELETE(db, messages, i);
}

static inline void sim_do_send(sim_db *db, const reader_table *t, int row)
{
    sim_message *m =
        sim_message_new(db, (int32_t)INT(SE_PARTITION), TEXT(SE_ID), (th_kind)INT(SE_KIND));
    m->due = TIME(SE_DUE);
    m->has_start = reader_uuid(t, row, SE_START, &m->start);
    m->has_execution = reader_uuid(t, row, SE_EXECUTION, &m->execution);
    m->name = sim_keep(db, TEXT(SE_NAME));
    m->ref = (int32_t)INT(SE_REF);
    m->message_id = sim_keep(db, TEXT(SE_MESSAGE_ID));
    m->payload = sim_keep(db, TEXT(SE_PAYLOAD));
    m->body = sim_keep(db, TEXT(SE_BODY));
    if (m->kind == TH_EntityOperationSignaled || m->kind == TH_EntityOperationCalled)
        db->operations[m->id[5] - 'a'] += atoll(m->payload);
}

static inline void sim_do_untimer(sim_db *db, const reader_table *t, int row)
{
    th_uuid execution = sim_uuid(t, row, UN_EXECUTION);
    for (size_t i = db->messages_count; i-- > 0;) {
        const sim_message *m = &db->messages[i];
        if (m->kind == TH_TimerFired && m->due == TIME(UN_DUE) && m->ref == INT(UN_REF) &&
            strcmp(m->id, TEXT(UN_ID)) == 0 && th_uuid_equal(&m->execution, &execution))
            SIM_DELETE(db, messages, i);
    }
}

static inline void sim_do_schedule(sim_db *db, const reader_table *t, int row)
{
    int32_t worker = (int32_t)reader_int(t, row, AC_CLAIMED_BY, 0);
    CHECK(!sim_activity_at(db, (int32_t)INT(AC_PARTITION), INT(AC_NUMBER), -1));
    sim_activity *a = SIM_NEW(db, activities);
    a->partition = (int32_t)INT(AC_PARTITION);
    a->number = INT(AC_NUMBER);
    a->id = sim_keep(db, TEXT(AC_ID));
    a->start = sim_uuid(t, row, AC_START);
    a->execution = sim_uuid(t, row, AC_EXECUTION);
    a->seq = (int32_t)INT(AC_SEQ);
    a->task_id = (int32_t)INT(AC_TASK_ID);
    a->name = sim_keep(db, TEXT(AC_NAME));
    a->input = sim_keep(db, TEXT(AC_INPUT));
    a->attempt = (int32_t)INT(AC_ATTEMPT);
    a->due = reader_time(t, row, AC_DUE, TH_TIME_NEG_INF);
    a->claimed_by = worker;
    a->claim_no = worker ? 1 : 0;
}

static inline void sim_do_finish(sim_db *db, const reader_table *t, int row)
{
    const sim_activity *a =
        sim_activity_at(db, (int32_t)INT(FI_PARTITION), INT(FI_NUMBER), (int32_t)INT(FI_CLAIM_NO));
    SIM_DELETE(db, activities, (size_t)(a - db->activities));
}

static inline void sim_do_unschedule(sim_db *db, const reader_table *t, int row)
{
    th_uuid execution = sim_uuid(t, row, FO_EXECUTION);
    for (size_t i = db->activities_count; i-- > 0;) {
        const sim_activity *a = &db->activities[i];
        if (!a->claimed_by && strcmp(a->id, TEXT(FO_ID)) == 0 &&
            th_uuid_equal(&a->execution, &execution))
            SIM_DELETE(db, activities, i);
    }
}

#undef TEXT
#undef INT
#undef TIME

static inline void sim_do(sim_db *db, const reader_table *t)
{
    static const struct {
        const char *name;
        void (*row)(sim_db *, const reader_table *, int);
    } all[] = {
        { "chain", sim_do_chain },
        { "create", sim_do_create },
        { "instances", sim_do_instances },
        { "rewind", sim_do_rewind },
        { "relink", sim_do_relink },
        { "entities", sim_do_entities },
        { "unstart", sim_do_unstart },
        { "unrequest", sim_do_unrequest },
        { "release_some", sim_do_release },
        { "renew", sim_do_renew },
        { "forget", sim_do_forget },
        { "history", sim_do_history },
        { "consume", sim_do_delete },
        { "drop", sim_do_delete },
        { "hold", sim_do_hold },
        { "release", sim_do_release },
        { "send", sim_do_send },
        { "untimer", sim_do_untimer },
        { "unhold", sim_do_unhold },
        { "schedule", sim_do_schedule },
        { "finish", sim_do_finish },
        { "unschedule", sim_do_unschedule },
    };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        if (strcmp(all[i].name, t->name) != 0)
            continue;
        for (int row = 0; row < t->rows; row++)
            all[i].row(db, t, row);
        return;
    }
    CHECK_STR(t->name, "a statement of the model");
}

/* Commits the batch, or says which statement refused it and changes nothing. */
static inline const char *sim_apply(sim_db *db, th_batch *batch)
{
    batch_reader r = batch_read(batch);
    const char *refused = sim_refused(db, &r);
    for (size_t k = 0; k < r.count && !refused; k++)
        sim_do(db, &r.tables[k]);
    batch_reader_free(&r);
    return refused;
}

#endif
