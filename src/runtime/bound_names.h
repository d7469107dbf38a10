/*
 * bound_names.h - the names of a hub's SQL activities, as this process last saw them.
 *
 * One thread sets them, any thread asks. Names compare without regard to case.
 */
#ifndef TH_RUNTIME_BOUND_NAMES_H
#define TH_RUNTIME_BOUND_NAMES_H

#include <stdbool.h>
#include <stddef.h>

typedef struct th__bound_names th__bound_names;

th__bound_names *th__bound_names_new(void);
void th__bound_names_free(th__bound_names *names);

/* True: they differ from what was there. */
bool th__bound_names_set(th__bound_names *names, const char *const *list, size_t count);
bool th__bound_names_has(th__bound_names *names, const char *name);
/* The n-th; NULL at the end. For the thread that sets them: valid until it does so again. */
const char *th__bound_names_at(const th__bound_names *names, size_t n);

#endif
