/* tags.c - see tags.h. */
#include "base/tags.h"

#include <string.h>

#include "base/json.h"

static const char *value_problem(const json_t *value)
{
    if (!json_is_string(value))
        return "must have strings as values";
    if (strlen(json_string_value(value)) != json_string_length(value))
        return "must not contain the character U+0000";
    return NULL;
}

static const char *object_problem(json_t *root)
{
    const char *key, *problem = NULL;
    json_t *value;

    json_object_foreach (root, key, value)
        problem = problem ? problem : value_problem(value);
    return problem;
}

/* Outside of strings: more than one brace, or a bracket. Tells before the parse, which recurses and
 * may run on a small stack. */
static bool is_nested(const char *text, size_t n)
{
    size_t open = 0;
    bool inside = false;

    for (size_t i = 0; i < n; i++) {
        if (inside && text[i] == '\\')
            i++;
        else if (text[i] == '"')
            inside = !inside;
        else if (!inside)
            open += text[i] == '{' || text[i] == '[';
    }
    return open > 1;
}

static bool is_object(const char *text)
{
    return text[strspn(text, " \t\r\n")] == '{';
}

const char *th_tags_problem(const char *text, size_t n)
{
    json_t *root = NULL;
    const char *problem = "must be valid JSON, without U+0000 and halves of surrogate pairs";

    if (!th_json_valid(text, n, NULL))
        return problem;
    if (!is_object(text))
        return "must be a JSON object";
    if (is_nested(text, n))
        return "must have strings as values";
    if (th_json_parse(text, n, 0, &root, NULL) == TH_OK)
        problem = object_problem(root);
    json_decref(root);
    return problem;
}
