/* Checked after the case is open, since a plug-in's hooks are not known before. */
#include "forms.h"

#include "../measure/registry.h"
#include "../measure/workload.h"
#include "../pool/backend.h"

#include <stdio.h>
#include <string.h>

enum status forms_keep(const struct cli *cli, struct result *result, const struct bench_case *bench)
{
    size_t kept = 0;
    char having[256];
    const char *named = param_text(cli->options, "backend");
    bool all = named && strcmp(named, "all") == 0;
    for (size_t i = 0; i < result->configs_count; i++) {
        const struct result_config *config = &result->configs[i];
        if (!registry_backend(config->backend)->events || bench->events) {
            result->configs[kept++] = *config;
            continue;
        }
        forms_list(having, sizeof having);
        if (!all)
            return cli_fail(cli, STATUS_UNAVAILABLE,
                "backend %s: not implemented for this case: %s has no form that does not block; "
                "those that do are %s",
                config->backend, bench->name, having);
        fprintf(stderr, "poolbench %s: %s, %u worker%s, left out: not implemented for %s\n",
            cli->command->name, config->backend, config->workers, config->workers == 1 ? "" : "s",
            bench->name);
    }
    result->configs_count = kept;
    return STATUS_DONE;
}

void forms_list(char *text, size_t size)
{
    size_t length = 0;
    *text = '\0';
    for (const struct registry_case *at = registry_cases; at->name && length < size; at++)
        if (at->bench && at->bench->events)
            length += (size_t)snprintf(
                text + length, size - length, "%s%s", length ? ", " : "", at->name);
}
