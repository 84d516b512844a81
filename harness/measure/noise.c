/* Counters from /proc and the canary spins. A counter that is not there reads as 0. */
#include "noise.h"

#include "../analyze/stat.h"
#include "../util/host.h"
#include "clock.h"
#include "cpus.h"

#include <ctype.h>
#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define CANARY_SPINS 5
#define CANARY_STEPS 100000

/* All ticks, those in which CPUs worked for somebody here, and the stolen ones. */
struct ticks {
    uint64_t all, busy, steal;
};

/* Adds those of a line "cpu1 USER NICE SYSTEM IDLE IOWAIT IRQ SOFTIRQ STEAL". */
static void add_ticks(struct ticks *ticks, const char *line)
{
    unsigned long long field[8];
    if (sscanf(line, "%*s %llu %llu %llu %llu %llu %llu %llu %llu", &field[0], &field[1], &field[2],
            &field[3], &field[4], &field[5], &field[6], &field[7]) != 8)
        return;
    for (int i = 0; i < 8; i++)
        ticks->all += field[i];
    ticks->busy += field[0] + field[1] + field[2] + field[5] + field[6];
    ticks->steal += field[7];
}

/* Of the CPUs in our mask, whatever goes on beside them. Where all are ours the kernel's own sum
 * serves, which is rounded once and not once a CPU. */
static struct ticks read_ticks(void)
{
    struct cpulist list;
    struct ticks all = {0}, ours = {0};
    bool foreign = false;
    char *line = NULL;
    size_t size = 0;
    FILE *file = host_open("/proc/stat");
    cpus_list(&list);
    while (file && getline(&line, &size, file) > 0 && strncmp(line, "cpu", strlen("cpu")) == 0) {
        const char *number = line + strlen("cpu");
        if (!isdigit((unsigned char)*number))
            add_ticks(&all, line);
        else if (cpulist_has(&list, (unsigned)strtoul(number, NULL, 10)))
            add_ticks(&ours, line);
        else
            foreign = true;
    }
    free(line);
    if (file)
        fclose(file);
    return foreign ? ours : all;
}

/* CPU seconds of a process, and of those that it has waited for, if the calling one is its parent,
 * else 0. */
static double child_seconds(const char *pid)
{
    char path[64], line[1024];
    int parent = 0;
    unsigned long user = 0, system = 0, waited_user = 0, waited_system = 0;
    snprintf(path, sizeof path, "/proc/%.20s/stat", pid);
    FILE *file = host_open(path);
    if (!file)
        return 0;
    char *text = fgets(line, sizeof line, file) ? strrchr(line, ')') : NULL; /* behind the name */
    fclose(file);
    if (!text || sscanf(text, ") %*c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu %lu %lu",
                     &parent, &user, &system, &waited_user, &waited_system) != 5)
        return 0;
    unsigned long ticks = user + system + waited_user + waited_system;
    return parent == getpid() ? (double)ticks / (double)sysconf(_SC_CLK_TCK) : 0;
}

static double usage_seconds(int who)
{
    struct rusage usage;
    getrusage(who, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e-6;
}

/* A case's own server is a child that lives through the measurement. */
static double own_seconds(void)
{
    double sum = usage_seconds(RUSAGE_SELF) + usage_seconds(RUSAGE_CHILDREN);
    DIR *processes = host_list("/proc");
    for (struct dirent *entry; processes && (entry = readdir(processes));)
        if (isdigit((unsigned char)entry->d_name[0]))
            sum += child_seconds(entry->d_name);
    if (processes)
        closedir(processes);
    return sum;
}

static double read_pressure(void)
{
    double average = -1;
    FILE *file = host_open("/proc/pressure/cpu");
    if (file) {
        if (fscanf(file, "some avg10=%lf", &average) != 1 || !(average >= 0 && average <= 100))
            average = -1;
        fclose(file);
    }
    return average;
}

/* Microseconds since the start in which some task of the machine waited for memory. */
static uint64_t read_stalled(void)
{
    char line[256];
    const char *total = NULL;
    uint64_t value;
    if (host_line("/proc/pressure/memory", line, sizeof line) == 0 &&
        strncmp(line, "some ", strlen("some ")) == 0)
        total = strstr(line, " total=");
    if (!total)
        return 0;
    total += strlen(" total=");
    return host_number(&total, &value) ? 0 : value;
}

struct noise_mark noise_mark(void)
{
    struct noise_mark mark = {
        .at = clock_now(),
        .throttled = cpus_throttled(),
        .swapped_in = host_counter("/proc/vmstat", "pswpin"),
        .stalled_us = read_stalled(),
        .cpus = cpus_fingerprint(),
    };
    struct ticks ticks = read_ticks();
    mark.cpu_ticks = ticks.all;
    mark.steal_ticks = ticks.steal;
    mark.busy_s = (double)ticks.busy / (double)sysconf(_SC_CLK_TCK);
    mark.own_s = own_seconds();
    return mark;
}

/* Counters can run backwards: steal does on some hosts, and a cgroup may be gone. */
static uint64_t grown(uint64_t now, uint64_t before)
{
    return now > before ? now - before : 0;
}

/* CPU time of other processes that a run felt: a CPU of the mask that a quota (or POOLBENCH_CPUS)
 * keeps from us is theirs. Below 0 is less than the two clocks' resolution. */
static double others_seconds(const struct noise_mark *before, const struct noise_mark *now)
{
    double others = now->busy_s - before->busy_s - (now->own_s - before->own_s);
    double spare = (double)cpus_affinity() - cpus_usable();
    return fmax(0, others - fmax(0, spare) * (double)(now->at - before->at) * 1e-9);
}

struct result_noise noise_since(const struct noise_mark *before)
{
    struct noise_mark now = noise_mark();
    return (struct result_noise){
        .window_s = (double)(now.at - before->at) * 1e-9,
        .steal_ticks = grown(now.steal_ticks, before->steal_ticks),
        .cpu_ticks = grown(now.cpu_ticks, before->cpu_ticks),
        .throttled = grown(now.throttled, before->throttled),
        .swapped_in = grown(now.swapped_in, before->swapped_in),
        .cpus_changed = now.cpus != before->cpus,
        .others_s = others_seconds(before, &now),
        .psi_cpu = read_pressure(),
        .stalled_us = grown(now.stalled_us, before->stalled_us),
    };
}

double noise_canary(void)
{
    double seconds[CANARY_SPINS];
    for (int i = 0; i < CANARY_SPINS; i++) {
        uint64_t start = clock_now(), x = start | 1;
        for (int step = 0; step < CANARY_STEPS; step++) {
            x = x * 6364136223846793005u + 1442695040888963407u;
            __asm__ volatile("" : "+r"(x)); /* keeps each step of the chain */
        }
        seconds[i] = clock_since(start);
    }
    return stat_median(seconds, CANARY_SPINS);
}
