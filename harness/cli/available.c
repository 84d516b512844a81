/* Asks each case, backend and survey. */
#include "available.h"

#include "../../cases/case.h"
#include "../survey/registry.h"

#include <stddef.h>

const char *available_case(const struct registry_case *found)
{
    if (!found->bench)
        return found->missing;
    return found->bench->supported ? found->bench->supported() : NULL;
}

const char *available_backend(const struct pool_ops *ops)
{
    return ops->supported ? ops->supported() : NULL;
}

const char *available_survey(const struct survey *survey)
{
    return survey->supported ? survey->supported() : NULL;
}

static void add(json_t *list, const char *what, const char *name, const char *reason)
{
    if (reason)
        json_array_append_new(list, json_sprintf("%s %s: %s", what, name, reason));
}

json_t *available_missing(void)
{
    json_t *list = json_array();
    for (const struct registry_case *at = registry_cases; at->name; at++)
        add(list, "case", at->name, available_case(at));
    for (const struct pool_ops *const *at = registry_backends; *at; at++)
        add(list, "backend", (*at)->name, available_backend(*at));
    for (const struct survey *const *at = registry_surveys; *at; at++)
        add(list, "survey", (*at)->name, available_survey(*at));
    if (json_array_size(list) > 0)
        return list;
    json_decref(list);
    return NULL;
}
