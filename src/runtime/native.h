/*
 * native.h - executor `native`: function apps that are shared objects, written against taskhub.h.
 *
 * A life: th_native_new, th_native_load for each app, th_native_attach, th_engine_register of
 * th_native_executor, the engine's start and stop, th_native_free, then th_engine_free. Loading is
 * over before the engine starts; from then on names and starters don't change and any thread may
 * read them. Orchestrators run on the engine's pump threads, activities and entities on threads of
 * this pool.
 */
#ifndef TH_RUNTIME_NATIVE_H
#define TH_RUNTIME_NATIVE_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/version.h"
#include "engine/executor.h"

typedef struct th_native th_native;

/* A GET or POST of the route below the prefix ("api") starts an orchestrator. */
typedef struct th_starter {
    const char *route;        /* "orchestrators/{name}"; no slash at its ends */
    const char *orchestrator; /* NULL: the one that the {name} part of the route names */
    const char *app;          /* the name of the app that asks for it */
} th_starter;

/* The entry point of an app linked into the program; taskhub.h's TH_APP writes one. */
struct th_app;
typedef void th_native_entry(struct th_app *app);

/* At most max_threads activities run at once (1 to 10000; others are taken as the nearest). */
th_native *th_native_new(int max_threads);

/*
 * Loads a shared object; path is taken as it is, never searched for. TH_NOT_FOUND: no such file;
 * TH_CONFIG: not an app, made for another version of taskhub.h, a function that can't be resolved,
 * a name that is taken or not allowed. A failed load leaves no names behind.
 */
th_rc th_native_load(th_native *native, const char *path, th_error *err) TH_MUST_CHECK;

/* The same for an app that is part of the program. */
th_rc th_native_add(th_native *native, const char *name, th_native_entry *entry,
                    th_error *err) TH_MUST_CHECK;

/* Of host.json. Copied. Before the engine starts; without it all is zero. */
typedef struct th_versions {
    const char *own; /* defaultVersion; NULL: none */
    th_version_match match;
    bool fail; /* an instance that no function here fits fails, instead of being left to others */
} th_versions;
void th_native_set_versions(th_native *native, const th_versions *versions);

/* Where answers go. Before the engine starts. */
void th_native_attach(th_native *native, th_engine *engine);

/* Belongs to native. */
const th_executor *th_native_executor(th_native *native);

/* The starters of all apps in the order they were loaded; they live as long as native. */
const th_starter *th_native_starters(const th_native *native, size_t *count);

/* Entities whose operations wait for a thread or run. */
int th_native_entities(const th_native *native);

/* Activities that go on although their time is over. */
int th_native_overdue(const th_native *native);

/*
 * Gives back queued activities as abandoned, waits for the running ones and ends the threads. The
 * engine must have stopped and dropped its sessions, and must still be there to take the answers.
 * A program that won't wait for a long activity exits without this.
 */
void th_native_free(th_native *native);

#endif
