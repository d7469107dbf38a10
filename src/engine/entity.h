/*
 * entity.h - queued operations to new state of an entity; no I/O, so every rule is unit-tested.
 *
 * An entity is a row of taskhub.instances in the partition of its id (@name@key). It has no
 * history: state, lock holder and the time of its last operation are columns. One turn looks at
 * what waits for it and either settles it alone (locks, holds, drops, failures), or takes
 * operations for an executor, whose answer is then applied. Effects go into the step, as with
 * episodes.
 *
 * Ordered delivery: the queue is in the order of message numbers. While a critical section holds
 * the entity, what others ask for is held (protocol I6), and so is what gathers in numbers behind a
 * long run. When the entity can go on, the first of those are put back; what comes later is held
 * behind the rest. The queue in memory is then read again with them, in one order.
 */
#ifndef TH_ENGINE_ENTITY_H
#define TH_ENGINE_ENTITY_H

#include "engine/episode.h"
#include "engine/inst.h"

enum { TH_ENTITY_SEEN = 1000 }; /* message ids remembered (protocol I4) */

/* Hashes of message ids; the oldest goes when there are too many. */
typedef struct th_ring {
    uint64_t *hashes;
    size_t count, next;
} th_ring;

/* What makes an instance an entity. */
struct th_ent {
    char *name; /* in lower case */
    const char *key;
    bool is_good; /* the id is one of an entity */

    /* Its row. */
    bool has_row;
    bool foreign; /* the row is not an entity's: somebody wrote it by hand */
    char *state;  /* NULL: none */
    char *holder; /* instance that holds it in a critical section; NULL: nobody */
    th_uuid holder_execution;
    char *section;

    th_ring seen;     /* committed */
    uint64_t *recent; /* of the batch under way */
    size_t recent_count, recent_cap;

    bool released; /* the batch under way puts held messages back: the queue must be read again */
    size_t came;   /* messages since then */
    int64_t first_held; /* the lowest number of those held since then; 0: none */
    bool waiting;       /* for a place among the entities that run */
    size_t ops;         /* operations of the batch under way */
    size_t singly; /* so many more run one at a time: one of them is at fault, and it is not known
                      which */
};

th_ent *th_ent_new(const char *id);
void th_ent_free(th_ent *ent);
/* Forgets the row and what the batch under way has seen. */
void th_ent_cool(th_ent *ent);
/* The batch is committed. */
void th_ent_acknowledged(th_ent *ent);

/* From its row, NULL: there is none. */
void th_ent_load(th_inst *inst, const th_instance_row *row);

/* READY. At most `most` operations are taken. */
th_turn th_entity_turn(th_step *step, th_inst *inst, const th_executor *const *executors,
                       size_t count, size_t most);

/* The item of inst->run for the executor; token is set by the caller. */
th_entity_item th_entity_item_of(th_inst *inst);

/* A whole answer (DONE). Operations without a result go back to the front of the queue. */
void th_entity_apply(th_step *step, th_inst *inst, const th_entity_answer *answer);

/* It has come: counts towards what was put back, which tells whether more may be held. */
void th_entity_came(th_inst *inst, const th_msg *msg);

/* An earlier one is held. */
bool th_entity_is_behind(const th_ent *ent, const th_msg *msg);

/* A message that waits behind a long run leaves memory; it is put back when the run is over. */
void th_entity_hold(th_step *step, th_inst *inst, th_msg *msg);

#endif
