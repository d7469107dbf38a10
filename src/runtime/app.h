/*
 * app.h - what an app registers when it is loaded: the registering half of taskhub.h.
 */
#ifndef TH_RUNTIME_APP_H
#define TH_RUNTIME_APP_H

#include <taskhub.h>

#include "base/arena.h"
#include "base/error.h"
#include "runtime/names.h"
#include "runtime/native.h"

typedef struct th__starters {
    th_starter *list;
    size_t count, cap;
} th__starters;

struct th_app {
    const char *name;
    th_arena *arena; /* for what outlives the loading */
    th__names orchestrators, activities, entities;
    th__starters starters;
    th_error *err; /* the first thing that was wrong */
};

/*
 * Puts what from has into to. TH_CONFIG: a name is there twice, or a route starts two different
 * orchestrators; then to is as it was.
 */
th_rc th__app_merge(struct th_app *to, const struct th_app *from, th_error *err) TH_MUST_CHECK;
void th__app_clear(struct th_app *app);

#endif
