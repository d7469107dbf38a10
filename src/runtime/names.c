#include "runtime/names.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/json.h"
#include "runtime/runtime_int.h"

static unsigned char fold(char c)
{
    return (unsigned char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

int th__name_compare(const char *a, const char *b)
{
    while (*a && fold(*a) == fold(*b)) {
        a++;
        b++;
    }
    return fold(*a) - fold(*b);
}

/* FNV-1a; the seed keeps outsiders from making names that collide. */
uint32_t th__name_hash(const char *name, uint32_t seed)
{
    uint32_t hash = 2166136261u ^ seed;

    for (; *name; name++)
        hash = (hash ^ fold(*name)) * 16777619u;
    return hash;
}

const char *th__name_problem(const char *name)
{
    if (!name)
        return "is NULL";
    if (!*name)
        return "is empty";

    size_t n = strlen(name);
    if (n > TH__NAME_MAX)
        return "has more than 256 bytes";
    if (!th_utf8_valid(name, n))
        return "is not UTF-8";
    for (const char *p = name; *p; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7F)
            return "has control characters";
    return NULL;
}

void th__names_add(th__names *names, const char *name, void (*fn)(void))
{
    if (names->count == names->cap) {
        names->cap = names->cap ? names->cap * 2 : 16;
        names->list = th_realloc(names->list, names->cap * sizeof *names->list);
    }
    names->list[names->count++] = (th__named){ name, fn };
}

static int by_name(const void *a, const void *b)
{
    return th__name_compare(((const th__named *)a)->name, ((const th__named *)b)->name);
}

void th__names_sort(th__names *names)
{
    if (names->count > 1)
        qsort(names->list, names->count, sizeof *names->list, by_name);
}

const th__named *th__names_find(const th__names *names, const char *name)
{
    th__named wanted = { name, NULL };

    if (!name || names->count == 0)
        return NULL;
    return bsearch(&wanted, names->list, names->count, sizeof wanted, by_name);
}

const char *th__names_twice(const th__names *names)
{
    for (size_t i = 1; i < names->count; i++)
        if (by_name(&names->list[i - 1], &names->list[i]) == 0)
            return names->list[i].name;
    return NULL;
}

void th__names_free(th__names *names)
{
    free(names->list);
    *names = (th__names){ 0 };
}
