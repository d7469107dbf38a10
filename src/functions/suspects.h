/*
 * suspects.h - calls that were under way when a worker process died.
 *
 * One of them may be what killed it, so each runs on beside no other suspect of its worker, and one
 * that was there when several processes died is given up. Whoever answers is a suspect no more.
 */
#ifndef TH_FUNCTIONS_SUSPECTS_H
#define TH_FUNCTIONS_SUSPECTS_H

#include <stddef.h>
#include <stdint.h>

enum { TH__DEATHS = 3 }; /* so many, and it is given up */

typedef struct th__suspect {
    uint64_t key;
    int deaths;
} th__suspect;

/* All zero is empty. */
typedef struct th__suspects {
    th__suspect *list;
    size_t count, cap;
} th__suspects;

void th__suspects_add(th__suspects *suspects, uint64_t key); /* one death more; 0 is nobody's key */
int th__suspects_deaths(const th__suspects *suspects, uint64_t key);
void th__suspects_clear(th__suspects *suspects, uint64_t key);
void th__suspects_free(th__suspects *suspects);

/* The key of what an instance does: never 0. */
uint64_t th__suspect_key(const char *instance_id, const char *execution_id, int32_t seq);

#endif
