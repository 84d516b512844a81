/* Looks cases, backends and hazards up by name. The tables are short and read once a command, so a
 * linear search does. */
#include "registry.h"

#include "../pool/backend.h"

#include <stddef.h>
#include <string.h>

const struct registry_case *registry_case(const char *name)
{
    for (const struct registry_case *entry = registry_cases; entry->name; entry++)
        if (strcmp(entry->name, name) == 0)
            return entry;
    return NULL;
}

const struct pool_ops *registry_backend(const char *name)
{
    for (const struct pool_ops *const *entry = registry_backends; *entry; entry++)
        if (strcmp((*entry)->name, name) == 0)
            return *entry;
    return NULL;
}

const struct registry_demo *registry_demo(const char *name)
{
    for (const struct registry_demo *entry = registry_demos; entry->name; entry++)
        if (strcmp(entry->name, name) == 0)
            return entry;
    return NULL;
}
