/*
 * suspects.c - see suspects.h.
 */
#include "functions/suspects.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"

enum { MOST = 20000 }; /* the oldest go */

static size_t find(const th__suspects *s, uint64_t key)
{
    size_t i = 0;

    while (i < s->count && s->list[i].key != key)
        i++;
    return i;
}

static void remove_at(th__suspects *s, size_t i)
{
    memmove(&s->list[i], &s->list[i + 1], (s->count - i - 1) * sizeof *s->list);
    s->count--;
}

void th__suspects_add(th__suspects *s, uint64_t key)
{
    size_t i = find(s, key);

    if (!key)
        return;
    if (i < s->count) {
        s->list[i].deaths++;
        return;
    }
    if (s->count == MOST)
        remove_at(s, 0);
    if (s->count == s->cap) {
        s->cap = s->cap ? 2 * s->cap : 16;
        s->list = th_realloc(s->list, s->cap * sizeof *s->list);
    }
    s->list[s->count++] = (th__suspect){ key, 1 };
}

int th__suspects_deaths(const th__suspects *s, uint64_t key)
{
    size_t i = key ? find(s, key) : s->count;

    return i < s->count ? s->list[i].deaths : 0;
}

void th__suspects_clear(th__suspects *s, uint64_t key)
{
    size_t i = key ? find(s, key) : s->count;

    if (i < s->count)
        remove_at(s, i);
}

void th__suspects_free(th__suspects *s)
{
    free(s->list);
    *s = (th__suspects){ 0 };
}

static uint64_t mix(uint64_t h, const void *p, size_t n)
{
    for (const unsigned char *b = p; n--; b++)
        h = (h ^ *b) * UINT64_C(1099511628211);
    return h;
}

uint64_t th__suspect_key(const char *instance_id, const char *execution_id, int32_t seq)
{
    uint64_t h = UINT64_C(14695981039346656037);

    h = mix(h, instance_id, strlen(instance_id) + 1);
    h = mix(h, execution_id, strlen(execution_id) + 1);
    h = mix(h, &seq, sizeof seq);
    return h ? h : 1;
}
