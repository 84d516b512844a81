/* Looks surveys up by name. */
#include "registry.h"

#include "survey.h"

#include <stddef.h>
#include <string.h>

const struct survey *registry_survey(const char *name)
{
    for (const struct survey *const *entry = registry_surveys; *entry; entry++)
        if (strcmp((*entry)->name, name) == 0)
            return *entry;
    return NULL;
}
