/* bound_names.c - see bound_names.h. */
#include "runtime/bound_names.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"

struct th__bound_names {
    pthread_mutex_t lock;
    char **list;
    size_t count;
};

th__bound_names *th__bound_names_new(void)
{
    th__bound_names *names = th_malloc(sizeof *names);

    pthread_mutex_init(&names->lock, NULL);
    return names;
}

static void free_list(char **list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(list[i]);
    free(list);
}

void th__bound_names_free(th__bound_names *names)
{
    free_list(names->list, names->count);
    pthread_mutex_destroy(&names->lock);
    free(names);
}

static bool are_the_same(const th__bound_names *names, const char *const *list, size_t count)
{
    bool same = names->count == count;

    for (size_t i = 0; same && i < count; i++)
        same = strcmp(names->list[i], list[i]) == 0;
    return same;
}

bool th__bound_names_set(th__bound_names *names, const char *const *list, size_t count)
{
    if (are_the_same(names, list, count))
        return false;

    char **copies = th_malloc((count + 1) * sizeof *copies);
    for (size_t i = 0; i < count; i++)
        copies[i] = th_mstrdup(list[i]);

    pthread_mutex_lock(&names->lock);
    char **old = names->list;
    size_t old_count = names->count;
    names->list = copies;
    names->count = count;
    pthread_mutex_unlock(&names->lock);
    free_list(old, old_count);
    return true;
}

bool th__bound_names_has(th__bound_names *names, const char *name)
{
    bool has = false;

    pthread_mutex_lock(&names->lock);
    for (size_t i = 0; !has && i < names->count; i++)
        has = strcasecmp(names->list[i], name) == 0;
    pthread_mutex_unlock(&names->lock);
    return has;
}

const char *th__bound_names_at(const th__bound_names *names, size_t n)
{
    return n < names->count ? names->list[n] : NULL;
}
