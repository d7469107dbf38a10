/*
 * names.h - names of functions and events: equal in any ASCII case.
 */
#ifndef TH_RUNTIME_NAMES_H
#define TH_RUNTIME_NAMES_H

#include <stddef.h>
#include <stdint.h>

#include "base/version.h"

int th__name_compare(const char *a, const char *b); /* 0: the same name */
uint32_t th__name_hash(const char *name, uint32_t seed);

/* A phrase that says what is wrong with a name; NULL: fine. */
const char *th__name_problem(const char *name);

/* Functions by name. Filled first, then sorted, then only read. */
typedef struct th__named {
    const char *name;
    const char *version; /* NULL: none; a name may be there once for each */
    void (*fn)(void);
    int64_t timeout_us; /* of an activity; 0: functionTimeout; -1: none */
} th__named;

typedef struct th__names {
    th__named *list;
    size_t count, cap;
} th__names;

void th__names_add(th__names *names, const th__named *named); /* texts are borrowed */
void th__names_sort(th__names *names);
const th__named *th__names_find(const th__names *names, const char *name); /* NULL: not there */
/* Of those of that name the one that runs an instance of that version; NULL: none does. Those
 * without a version count as `own`, or, without that, run any. The same version goes first, then
 * the oldest that is newer, then the newest that is older, then one without a version. */
const th__named *th__names_pick(const th__names *names, const char *name, const char *version,
                                th_version_match match, const char *own);
const char *th__names_twice(
    const th__names *names); /* a name that is there twice with one version, or NULL; sorted */
void th__names_free(th__names *names);

#endif
