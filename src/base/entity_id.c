/*
 * entity_id.c - an entity's id from name and key, and back.
 */
#include "base/entity_id.h"

#include <string.h>

#include "base/base_int.h"

enum { LONGEST = 254 }; /* an instance id less its two '@' */

/* Units of UTF-16; *problem is set for what may not stand in any part. */
static size_t measure(const char *s, bool is_key, const char **problem)
{
    size_t left = strnlen(s, 4 * LONGEST + 1), units = 0, n;

    for (; left > 0 && !*problem; s += n, left -= n) {
        n = th__utf8_char(s, left);
        units += n == 4 ? 2 : 1;
        if (n == 0)
            *problem = is_key ? "key must be valid UTF-8" : "name must be valid UTF-8";
        else if (n == 1 && strchr("/\\#?", *s))
            *problem = is_key ? "key must not contain '/', '\\', '#' or '?'"
                              : "name must not contain '/', '\\', '#' or '?'";
        else if (th__is_control(s, n))
            *problem = is_key ? "key must not contain control characters"
                              : "name must not contain control characters";
        if (n == 0)
            break;
    }
    return units;
}

const char *th_entity_id_problem(const char *name, const char *key)
{
    const char *problem = NULL;

    if (!name || !*name)
        return "name must not be empty";
    if (!key)
        return "key must not be absent";
    if (strchr(name, '@'))
        return "name must not contain '@'";
    size_t units = measure(name, false, &problem);
    if (!problem)
        units += measure(key, true, &problem);
    if (!problem && units > LONGEST)
        problem = "name and key together must not be longer than 254 characters";
    return problem;
}

static void lower(char *s)
{
    for (; *s; s++)
        if (*s >= 'A' && *s <= 'Z')
            *s = (char)(*s - 'A' + 'a');
}

char *th_entity_id_make(th_arena *arena, const char *name, const char *key)
{
    char *id = th_sprintf(arena, "@%s", name);

    lower(id);
    return th_sprintf(arena, "%s@%s", id, key);
}

bool th_entity_id_split(th_arena *arena, const char *id, const char **name, const char **key)
{
    const char *at = id && id[0] == '@' ? strchr(id + 1, '@') : NULL;

    if (!at)
        return false;
    char *text = th_strndup(arena, id + 1, (size_t)(at - id - 1));
    lower(text);
    *name = text;
    *key = th_strdup(arena, at + 1);
    return th_entity_id_problem(*name, *key) == NULL;
}
