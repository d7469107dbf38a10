/*
 * route.h - route templates of HTTP triggers: "orders/{id:int}/{*rest}".
 *
 * Segments are literals (in any case), or one placeholder: {x}, {x?} and {x=default} at the end,
 * {*rest} for all that is left, with constraints after colons ({x:int:min(1)}).
 */
#ifndef TH_FUNCTIONS_ROUTE_H
#define TH_FUNCTIONS_ROUTE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"

enum { TH__ROUTE_SEGMENTS = 32 };

typedef struct th__route_params {
    const char *names[TH__ROUTE_SEGMENTS], *values[TH__ROUTE_SEGMENTS];
    size_t count;
} th__route_params;

/* NULL: fine; else a phrase that says what is wrong with the template. */
const char *th__route_problem(const char *template);

/* Whether path (decoded, without the prefix) fits a template without problems. params may be NULL.
 */
bool th__route_match(th_arena *arena, const char *template, const char *path,
                     th__route_params *params);

/* Less than 0: a is asked before b, since its literals come where b has placeholders. */
int th__route_compare(const char *a, const char *b);

#endif
