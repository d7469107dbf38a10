/* hub_name.c - the rules for names of hubs; see config.h. */
#include <string.h>

#include "base/config.h"

#define SHORTEST 3
#define LONGEST (TH_HUB_NAME_SIZE - 1)

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

const char *th_hub_name_problem(const char *name)
{
    size_t n = name ? strnlen(name, LONGEST + 1) : 0;

    if (n == 0)
        return "must not be empty";
    for (size_t i = 0; i < n; i++)
        if (!is_letter(name[i]) && !is_digit(name[i]))
            return "must consist of letters and digits only";
    if (!is_letter(name[0]))
        return "must begin with a letter";
    if (n < SHORTEST || n > LONGEST)
        return "must have 3 to 45 characters";
    return NULL;
}

void th_hub_name_from(const char *site, char out[TH_HUB_NAME_SIZE])
{
    size_t n = 0;

    for (; *site && n < LONGEST; site++) {
        if (n == 0 && is_digit(*site))
            out[n++] = 't';
        if (is_letter(*site) || is_digit(*site))
            out[n++] = *site;
    }
    out[n] = '\0';
    if (n == 0)
        strcpy(out, "DefaultTaskHub");
    else if (n < SHORTEST)
        strcpy(out + n, "Hub");
}
