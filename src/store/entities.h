/*
 * entities.h - entities as clients read them: state of one, page through all. These block; role
 * pool.
 */
#ifndef TH_STORE_ENTITIES_H
#define TH_STORE_ENTITIES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/ids.h"
#include "store/db.h"
#include "store/hubs.h"

typedef struct th_entity_row {
    const char *id;            /* @name@key */
    int64_t last_operation_us; /* 0: none */
    const char *state;         /* NULL: not asked for */
} th_entity_row;

typedef struct th_entity_filter {
    const char *name;       /* in lower case; NULL: all */
    int64_t from_us, to_us; /* time of the last operation; 0: no bound; both inclusive */
    const char *after_id;   /* NULL: first page */
    int32_t top;            /* 1..1000 */
    bool want_states;
} th_entity_filter;

/* TH_NOT_FOUND: it has no state. *state lives in arena. */
th_rc th_entity_state_get(th_db *db, th_arena *arena, const th_hub *hub, const char *id,
                          const char **state, th_error *err) TH_MUST_CHECK;

/* Those with a state, by id (ordinal), over all partitions. *next_id: continue after this one, NULL
 * at the end. */
th_rc th_entities_list(th_db *db, th_arena *arena, const th_hub *hub,
                       const th_entity_filter *filter, th_entity_row **out, size_t *count,
                       const char **next_id, th_error *err) TH_MUST_CHECK;

/* TH_NOT_FOUND: there is no such entity. *start_id tells this life of it from the next. */
th_rc th_entity_start_get(th_db *db, const th_hub *hub, const char *id, th_uuid *start_id,
                          th_error *err) TH_MUST_CHECK;

#endif
