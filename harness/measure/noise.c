/* Counters from /proc and the canary spins. A counter that is not there reads as 0. */
#include "noise.h"

#include "../analyze/stat.h"
#include "clock.h"
#include "cpus.h"

#include <stdio.h>
#include <string.h>

#define CANARY_SPINS 5
#define CANARY_STEPS 100000

/* All ticks of all CPUs, and the stolen ones among them. */
static void read_ticks(uint64_t *all, uint64_t *steal)
{
    unsigned long long field[8] = {0};
    FILE *file = fopen("/proc/stat", "re");
    if (file) {
        if (fscanf(file, "cpu %llu %llu %llu %llu %llu %llu %llu %llu", &field[0], &field[1],
                &field[2], &field[3], &field[4], &field[5], &field[6], &field[7]) != 8)
            memset(field, 0, sizeof field);
        fclose(file);
    }
    *all = 0;
    for (int i = 0; i < 8; i++)
        *all += field[i];
    *steal = field[7];
}

static uint64_t read_swapped_in(void)
{
    char key[64];
    unsigned long long value, pages = 0;
    FILE *file = fopen("/proc/vmstat", "re");
    while (file && fscanf(file, "%63s %llu", key, &value) == 2)
        if (strcmp(key, "pswpin") == 0)
            pages = value;
    if (file)
        fclose(file);
    return pages;
}

static double read_pressure(void)
{
    double average = -1;
    FILE *file = fopen("/proc/pressure/cpu", "re");
    if (file) {
        if (fscanf(file, "some avg10=%lf", &average) != 1)
            average = -1;
        fclose(file);
    }
    return average;
}

struct noise_mark noise_mark(void)
{
    struct noise_mark mark = {
        .at = clock_now(),
        .throttled = cpus_throttled(),
        .swapped_in = read_swapped_in(),
        .affinity = cpus_affinity(),
        .quota = cpus_quota(),
    };
    read_ticks(&mark.cpu_ticks, &mark.steal_ticks);
    return mark;
}

struct result_noise noise_since(const struct noise_mark *before)
{
    struct noise_mark now = noise_mark();
    return (struct result_noise){
        .window_s = (double)(now.at - before->at) * 1e-9,
        .steal_ticks = now.steal_ticks - before->steal_ticks,
        .cpu_ticks = now.cpu_ticks - before->cpu_ticks,
        .throttled = now.throttled - before->throttled,
        .swapped_in = now.swapped_in - before->swapped_in,
        .cpus_changed = now.affinity != before->affinity || now.quota > before->quota ||
                        now.quota < before->quota,
        .psi_cpu = read_pressure(),
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
