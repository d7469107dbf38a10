/* test_openapi.c - the description has the routes of the router, all of them and no others. */
#include "http/openapi.h"

#include <ctype.h>
#include <jansson.h>

#include "http/router.h"
#include "test.h"

static const char *const verbs[] = {
    [TH_VERB_GET] = "get",       [TH_VERB_PUT] = "put",         [TH_VERB_POST] = "post",
    [TH_VERB_DELETE] = "delete", [TH_VERB_OPTIONS] = "options",
};

static json_t *paths(json_t **root)
{
    json_error_t problem;

    *root = json_loads(th_openapi_json, JSON_REJECT_DUPLICATES, &problem);
    if (!CHECK(*root != NULL))
        printf("  %s, line %d\n", problem.text, problem.line);
    return json_object_get(*root, "paths");
}

/* "/instances/{instanceId}" and "instances/x" are of one form. */
static bool same_form(const char *path, const char *template)
{
    path++;
    while (*path && *template) {
        if (*path == '{' && *template == '*') {
            path += strcspn(path, "}") + 1;
            template ++;
        } else if (*path++ != *template ++) {
            return false;
        }
    }
    return *path == *template;
}

static bool is_described(json_t *all, th_verb verb, const char *template)
{
    const char *path;
    json_t *item;

    json_object_foreach (all, path, item)
        if (same_form(path, template) && json_object_get(item, verbs[verb]))
            return true;
    return false;
}

TEST(each_route_is_described)
{
    json_t *root, *all = paths(&root);
    th_verb verb;
    const char *template;

    for (size_t i = 0; th_router_row(i, &verb, &template); i++) {
        th_verb first = verb == TH_VERB_ANY ? TH_VERB_GET : verb;
        th_verb last = verb == TH_VERB_ANY ? TH_VERB_OPTIONS : verb;
        for (th_verb v = first; v <= last; v++)
            if (!CHECK(is_described(all, v, template)))
                printf("  %s %s is not in openapi.json\n", verbs[v], template);
    }
    json_decref(root);
}

static bool is_routed(const char *verb, const char *path)
{
    th_verb its;
    const char *template;

    for (size_t i = 0; th_router_row(i, &its, &template); i++)
        if (same_form(path, template) && (its == TH_VERB_ANY || strcmp(verbs[its], verb) == 0))
            return true;
    return false;
}

TEST(what_is_described_is_a_route_with_an_id_of_its_own)
{
    json_t *root, *all = paths(&root), *ids = json_object(), *item, *operation;
    const char *path, *verb;

    json_object_foreach (all, path, item)
        json_object_foreach (item, verb, operation) {
            const char *id = json_string_value(json_object_get(operation, "operationId"));
            if (!CHECK(is_routed(verb, path)))
                printf("  %s %s is no route\n", verb, path);
            CHECK(id && !json_object_get(ids, id));
            json_object_set_new(ids, id ? id : "", json_true());
        }
    json_decref(ids);
    json_decref(root);
}
