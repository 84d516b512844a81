/* doctor: which programs and libraries are installed. */
#include "../pool/backend.h"
#include "doctor_looks.h"
#include "registry.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Whether the shell would find the program. */
static bool is_on_path(const char *name)
{
    const char *path = getenv("PATH");
    for (const char *at = path ? path : ""; *at; at += strcspn(at, ":"), at += *at == ':') {
        char file[PATH_MAX];
        int length = snprintf(file, sizeof file, "%.*s/%s", (int)strcspn(at, ":"), at, name);
        if (length > 0 && (size_t)length < sizeof file && access(file, X_OK) == 0)
            return true;
    }
    return false;
}

void doctor_hyperfine(const struct doctor_facts *facts, struct doctor_finding *finding)
{
    (void)facts;
    if (is_on_path("hyperfine"))
        doctor_say(finding, DOCTOR_OK, "whole commands can be timed", "", "found");
    else
        doctor_say(finding, DOCTOR_NOTE, "whole commands cannot be timed",
            "apt-get install hyperfine", "not found");
}

void doctor_gnuplot(const struct doctor_facts *facts, struct doctor_finding *finding)
{
    (void)facts;
    if (is_on_path("gnuplot"))
        doctor_say(finding, DOCTOR_OK, "reports have pictures", "", "found");
    else
        doctor_say(finding, DOCTOR_NOTE, "reports have no pictures",
            "apt-get install gnuplot-nox, or report --no-pictures", "not found");
}

/* Appends "NAME REASON; " as far as there is room. */
static void append(char *text, size_t size, const char *name, const char *reason)
{
    size_t length = strlen(text);
    snprintf(text + length, size - length, "%s%s %s", length ? "; " : "", name, reason);
}

void doctor_components(const struct doctor_facts *facts, struct doctor_finding *finding)
{
    (void)facts;
    unsigned all = 0, missing = 0;
    char reasons[sizeof finding->advice] = "";
    for (const struct registry_case *at = registry_cases; at->name; at++, all++)
        if (!at->bench) {
            missing++;
            append(reasons, sizeof reasons, at->name, at->missing);
        }
    for (const struct pool_ops *const *at = registry_backends; *at; at++, all++) {
        const char *reason = (*at)->supported ? (*at)->supported() : NULL;
        if (reason) {
            missing++;
            append(reasons, sizeof reasons, (*at)->name, reason);
        }
    }
    doctor_say(finding, missing ? DOCTOR_NOTE : DOCTOR_OK,
        missing ? "cases and backends are missing" : "cases and backends, all built", reasons,
        "%u of %u", all - missing, all);
}
