/* Looking for the stopped, by their state in /proc. See stopped.h. */
#include "stopped.h"

#include "../measure/clock.h"
#include "engine.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

bool stopped_is(pid_t pid)
{
    char path[32], line[128];
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    FILE *file = fopen(path, "re");
    size_t length = file ? fread(line, 1, sizeof line - 1, file) : 0;
    if (file)
        fclose(file);
    line[length] = '\0';
    const char *state = strrchr(line, ')'); /* the name before it may hold anything */
    return state && (state[2] == 'T' || state[2] == 't');
}

/* Whether one of the process's workers may hold tasks without running one, or it is about to end.
 */
static bool is_awaited(const struct processes *processes, unsigned index)
{
    unsigned threads = processes->pool.config.threads_each;
    for (unsigned i = index * threads; i < (index + 1) * threads; i++)
        if (engine_is_between(processes->pool.engine, i))
            return true;
    return processes_is_spent(processes, index);
}

void stopped_check(struct processes *processes)
{
    uint64_t now = clock_now();
    for (unsigned i = 0; i < processes->count; i++) {
        struct process *process = &processes->all[i];
        if (process->pid == 0 || !is_awaited(processes, i) || !stopped_is(process->pid))
            process->stopped_since = 0;
        else if (process->stopped_since == 0)
            process->stopped_since = now;
        else if (now - process->stopped_since >= STOPPED_NS)
            deaths_signal(process->pidfd, process->pid, SIGKILL);
    }
}
