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

void th__names_add(th__names *names, const th__named *named)
{
    if (names->count == names->cap) {
        names->cap = names->cap ? names->cap * 2 : 16;
        names->list = th_realloc(names->list, names->cap * sizeof *names->list);
    }
    names->list[names->count++] = *named;
}

static int by_name(const void *a, const void *b)
{
    return th__name_compare(((const th__named *)a)->name, ((const th__named *)b)->name);
}

static int by_name_and_version(const void *a, const void *b)
{
    int order = by_name(a, b);

    return order ? order
                 : th_version_compare(((const th__named *)a)->version,
                                      ((const th__named *)b)->version);
}

void th__names_sort(th__names *names)
{
    if (names->count > 1)
        qsort(names->list, names->count, sizeof *names->list, by_name_and_version);
}

const th__named *th__names_find(const th__names *names, const char *name)
{
    th__named wanted = { .name = name };

    if (!name || names->count == 0)
        return NULL;
    return bsearch(&wanted, names->list, names->count, sizeof wanted, by_name);
}

/* Not of those that bsearch finds, but the first. */
static size_t first_of(const th__names *names, const th__named *found)
{
    size_t i = (size_t)(found - names->list);

    while (i > 0 && by_name(&names->list[i - 1], found) == 0)
        i--;
    return i;
}

static bool fits(const th__named *n, const char *version, th_version_match match, const char *own)
{
    if (!n->version && !own)
        return true;
    return th_version_fits(match, n->version ? n->version : own, version);
}

/* The smaller, the better: the same, newer, older, none. */
static int closeness(const th__named *n, const char *version)
{
    int order = th_version_compare(n->version, version);

    if (order == 0)
        return 0;
    return !n->version ? 3 : order > 0 ? 1 : 2;
}

/* They come from the oldest on. */
static bool is_better(const th__named *n, const th__named *best, const char *version)
{
    int a = closeness(n, version), b = closeness(best, version);

    return a < b || (a == b && a == 2);
}

const th__named *th__names_pick(const th__names *names, const char *name, const char *version,
                                th_version_match match, const char *own)
{
    const th__named *found = th__names_find(names, name), *best = NULL;

    if (!found)
        return NULL;
    for (size_t i = first_of(names, found); i < names->count; i++) {
        const th__named *n = &names->list[i];
        if (by_name(n, found) != 0)
            break;
        if (fits(n, version, match, own) && (!best || is_better(n, best, version)))
            best = n;
    }
    return best;
}

const char *th__names_twice(const th__names *names)
{
    for (size_t i = 1; i < names->count; i++)
        if (by_name_and_version(&names->list[i - 1], &names->list[i]) == 0)
            return names->list[i].name;
    return NULL;
}

void th__names_free(th__names *names)
{
    free(names->list);
    *names = (th__names){ 0 };
}
