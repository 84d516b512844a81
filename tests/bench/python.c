/* Python's pools, by a script that times itself: starting an interpreter is no part of it. */
#include "arm.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Debian's packages (joblib) are there for Debian's own Python. */
#define INTERPRETER "/usr/bin/python3"

/* The script's own status, and the shell's. */
#define NOT_INSTALLED 3
#define NO_PYTHON 127

#define SCRIPT "tests/bench/python_pools.py"

static const char *interpreter(void)
{
    return access(INTERPRETER, X_OK) == 0 ? INTERPRETER : "python3";
}

/* The script's answer: seconds, or why there are none. Status as from waitpid, -1: none. */
static int run_script(const struct arm *arm, uint64_t tasks, char *line, size_t size)
{
    char command[512];
    *line = '\0';
    snprintf(command, sizeof command, "exec %s " SCRIPT " '%s' %" PRIu64 " %d 2>&1", interpreter(),
        arm->name, tasks, BENCH_WORKERS);
    FILE *output = popen(command, "re");
    if (!output)
        return -1;
    while (fgets(line, (int)size, output)) /* the last line counts, or tells the error */
        line[strcspn(line, "\n")] = '\0';
    return pclose(output);
}

int python_pool(const struct arm *arm, struct workload *workload, struct sample *sample)
{
    char line[sizeof sample->failure], *end = line;
    if (access(SCRIPT, R_OK)) {
        snprintf(sample->failure, sizeof sample->failure, "no " SCRIPT " here");
        sample->absent = true;
        return -1;
    }
    int status = run_script(arm, workload->run.tasks, line, sizeof line);
    sample->seconds = strtod(line, &end);
    if (status == 0 && end != line && *end == '\0' && sample->seconds > 0)
        return 0;
    snprintf(sample->failure, sizeof sample->failure, "%s", *line ? line : "no answer");
    sample->absent = WIFEXITED(status) &&
                     (WEXITSTATUS(status) == NOT_INSTALLED || WEXITSTATUS(status) == NO_PYTHON);
    return -1;
}
