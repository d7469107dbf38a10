/*
 * names.h - names of functions and events: equal in any ASCII case.
 */
#ifndef TH_RUNTIME_NAMES_H
#define TH_RUNTIME_NAMES_H

#include <stddef.h>
#include <stdint.h>

int th__name_compare(const char *a, const char *b); /* 0: the same name */
uint32_t th__name_hash(const char *name, uint32_t seed);

/* A phrase that says what is wrong with a name; NULL: fine. */
const char *th__name_problem(const char *name);

/* Functions by name. Filled first, then sorted, then only read. */
typedef struct th__named {
    const char *name;
    void (*fn)(void);
} th__named;

typedef struct th__names {
    th__named *list;
    size_t count, cap;
} th__names;

void th__names_add(th__names *names, const char *name, void (*fn)(void)); /* name is borrowed */
void th__names_sort(th__names *names);
const th__named *th__names_find(const th__names *names, const char *name); /* NULL: not there */
const char *th__names_twice(
    const th__names *names); /* a name that is there twice, or NULL; sorted */
void th__names_free(th__names *names);

#endif
