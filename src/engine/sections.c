/*
 * sections.c - the critical sections that an orchestration has asked for and not left.
 */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "engine/inst.h"

static int32_t length_of(const char *lock_set)
{
    json_t *set = lock_set ? json_loads(lock_set, 0, NULL) : NULL;
    int32_t n = (int32_t)json_array_size(set);
    json_decref(set);
    return n;
}

void th_sections_add(th_sections *s, int32_t seq, const char *id, const char *lock_set)
{
    if (s->count == s->cap) {
        s->cap = s->cap ? s->cap * 2 : 2;
        s->list = th_realloc(s->list, s->cap * sizeof *s->list);
    }
    s->list[s->count++] = (th_section){ .seq = seq,
                                        .id = th_mstrdup(id),
                                        .lock_set = th_mstrdup(lock_set),
                                        .left = length_of(lock_set) };
}

th_section *th_sections_find(th_sections *s, const char *id)
{
    for (size_t i = 0; id && i < s->count; i++)
        if (strcmp(s->list[i].id, id) == 0)
            return &s->list[i];
    return NULL;
}

static void clear(th_section *section)
{
    free(section->id);
    free(section->lock_set);
}

void th_sections_unlock(th_sections *s, const char *id)
{
    th_section *section = th_sections_find(s, id);
    if (!section || --section->left > 0)
        return;
    clear(section);
    *section = s->list[--s->count];
}

void th_sections_free(th_sections *s)
{
    for (size_t i = 0; i < s->count; i++)
        clear(&s->list[i]);
    free(s->list);
    *s = (th_sections){ 0 };
}
