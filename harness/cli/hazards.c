/* What there is to be demonstrated, and why something is not available here. */
#include "hazards.h"

#include <stdio.h>
#include <string.h>

const char *hazards_reason(const struct registry_demo *hazard)
{
    return hazard->demo ? demo_reason(hazard->demo) : hazard->missing;
}

json_t *hazards_json(void)
{
    json_t *list = json_array();
    for (const struct registry_demo *at = registry_demos; at->name; at++) {
        const char *reason = hazards_reason(at);
        json_array_append_new(list, json_pack("{s:s, s:s?, s:s?, s:b, s:s?}", "name", at->name,
                                        "summary", at->demo ? at->demo->summary : NULL, "kind",
                                        at->demo ? demo_kind_name(at->demo->kind) : NULL,
                                        "available", reason == NULL, "reason", reason));
    }
    return list;
}

void hazards_rows(struct cli_table *table)
{
    cli_table_row(table, "HAZARD\tKIND\tWHAT GOES WRONG");
    for (const struct registry_demo *at = registry_demos; at->name; at++) {
        const char *reason = hazards_reason(at);
        cli_table_row(table, "%s\t%s\t%s%s%s", at->name,
            at->demo ? demo_kind_name(at->demo->kind) : "-", at->demo ? at->demo->summary : "",
            reason && at->demo ? "; not here: " : "", reason ? reason : "");
    }
}

enum status hazards_print(const struct cli *cli, const struct registry_demo *hazard)
{
    const struct demo *demo = hazard->demo;
    if (!demo)
        return cli_fail(cli, STATUS_UNAVAILABLE, "hazard %s: %s", hazard->name, hazard->missing);
    printf("%s (hazard, %s): %s\n\n", demo->name, demo_kind_name(demo->kind), demo->summary);
    cli_print_wrapped(demo->description, 0);
    printf("\nunmended: %s\nmended:   %s\n", demo->unmended.what, demo->mended.what);
    const char *reason = demo_reason(demo);
    return reason ? cli_fail(cli, STATUS_UNAVAILABLE, "hazard %s: %s", demo->name, reason)
                  : STATUS_DONE;
}

const char *hazards_names(char *names, size_t size)
{
    size_t length = 0;
    *names = '\0';
    for (const struct registry_demo *at = registry_demos; at->name && length < size; at++)
        length +=
            (size_t)snprintf(names + length, size - length, "%s%s", length ? ", " : "", at->name);
    return names;
}
