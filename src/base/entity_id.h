/*
 * entity_id.h - ids of entities: '@', the name in lower case, '@', the key.
 *
 * The name has no '@'; the key may have one, and may be empty. An entity's row in taskhub.instances
 * has this id, so an entity is found as any instance is, and no orchestration can take its place.
 */
#ifndef TH_BASE_ENTITY_ID_H
#define TH_BASE_ENTITY_ID_H

#include <stdbool.h>

#include "base/arena.h"

/*
 * The rule for names and keys given by callers; NULL: fine, else a phrase that begins with what is
 * wrong ("name must not be empty"). Together at most 254 characters (UTF-16 units), valid UTF-8,
 * none of / \ # ? and no control characters. A key of NULL is not fine.
 */
const char *th_entity_id_problem(const char *name, const char *key);

/* "@counter@k" of "Counter" and "k". */
char *th_entity_id_make(th_arena *arena, const char *name, const char *key);

/* Its parts, the name in lower case. False: not an entity's id, or one that breaks the rule. */
bool th_entity_id_split(th_arena *arena, const char *id, const char **name, const char **key);

#endif
