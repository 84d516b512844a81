/* What Python has, by scripts that time themselves: starting an interpreter is no part of it. */
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

#define POOLS "tests/bench/python_pools.py"
#define THUMBNAILS "tests/bench/thumbnails.py"

static const char *interpreter(void)
{
    return access(INTERPRETER, X_OK) == 0 ? INTERPRETER : "python3";
}

/* The script's answer: seconds, or why there are none. Status as from waitpid, -1: none. */
static int run_script(const char *script, const char *arguments, char *line, size_t size)
{
    char command[512];
    *line = '\0';
    snprintf(command, sizeof command, "exec %s %s %s 2>&1", interpreter(), script, arguments);
    FILE *output = popen(command, "re");
    if (!output)
        return -1;
    while (fgets(line, (int)size, output)) /* the last line counts, or tells the error */
        line[strcspn(line, "\n")] = '\0';
    return pclose(output);
}

static int time_script(const char *script, const char *arguments, struct sample *sample)
{
    char line[sizeof sample->failure], *end = line;
    if (access(script, R_OK)) {
        snprintf(sample->failure, sizeof sample->failure, "no %s here", script);
        sample->absent = true;
        return -1;
    }
    int status = run_script(script, arguments, line, sizeof line);
    sample->seconds = strtod(line, &end);
    if (status == 0 && end != line && *end == '\0' && sample->seconds > 0)
        return 0;
    snprintf(sample->failure, sizeof sample->failure, "%s", *line ? line : "no answer");
    sample->absent = WIFEXITED(status) &&
                     (WEXITSTATUS(status) == NOT_INSTALLED || WEXITSTATUS(status) == NO_PYTHON);
    return -1;
}

int python_pool(const struct arm *arm, struct workload *workload, struct sample *sample)
{
    char arguments[256];
    snprintf(arguments, sizeof arguments, "'%s' %" PRIu64 " %d", arm->name, workload->run.tasks,
        BENCH_WORKERS);
    return time_script(POOLS, arguments, sample);
}

int python_thumbnails(const struct arm *arm, struct workload *workload, struct sample *sample)
{
    char arguments[256];
    snprintf(arguments, sizeof arguments, "'%s' %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64,
        arm->name, workload->run.tasks, param_count(workload->params, "size"),
        param_count(workload->params, "quality"), workload->run.seed);
    return time_script(THUMBNAILS, arguments, sample);
}
