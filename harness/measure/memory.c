/* PSS from smaps_rollup: the only figure that does not count shared pages once for each worker. */
#include "memory.h"

#include <stdio.h>
#include <unistd.h>

static uint64_t pss_of(pid_t pid)
{
    char path[64], line[256];
    unsigned long long kib = 0;
    snprintf(path, sizeof path, "/proc/%d/smaps_rollup", (int)pid);
    FILE *file = fopen(path, "re");
    while (file && fgets(line, sizeof line, file) && sscanf(line, "Pss: %llu", &kib) != 1)
        ;
    if (file)
        fclose(file);
    return kib * 1024;
}

uint64_t memory_pss(const pid_t *pids, size_t count)
{
    uint64_t sum = pss_of(getpid());
    for (size_t i = 0; i < count; i++)
        sum += pids[i] && (i == 0 || pids[i] != pids[i - 1]) ? pss_of(pids[i]) : 0;
    return sum;
}
