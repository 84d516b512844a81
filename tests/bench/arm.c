/* What all arms share: a name, whether they are there, and repeating. */
#include "arm.h"

#include "harness/measure/clock.h"
#include "harness/measure/registry.h"
#include "harness/pool/backend.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/mman.h>

#define TOUCH_STEP 4096 /* the smallest page */

const char *arm_name(const struct arm *arm, char *text, size_t size)
{
    char workers[32] = "", chunk[32] = "";
    if (arm->workers)
        snprintf(workers, sizeof workers, " x %u", arm->workers);
    if (arm->chunk)
        snprintf(chunk, sizeof chunk, " chunk %" PRIu64, arm->chunk);
    if (arm->name)
        snprintf(text, size, "%s", arm->name);
    else
        snprintf(text, size, "%s%s%s", arm->backend, workers, chunk);
    return text;
}

const char *arm_missing(const struct arm *arm)
{
    if (arm->time == tbb_loop || arm->time == tbb_group)
        return tbb_missing();
    if (!arm->backend)
        return NULL;
    const struct pool_ops *ops = registry_backend(arm->backend);
    if (!ops)
        return "no such backend in this build";
    return ops->supported ? ops->supported() : NULL;
}

int arm_repeat(int (*region)(void *context), void *context, double *seconds)
{
    double total = 0;
    uint64_t regions = 0;
    for (uint64_t batch = 1; total < SAMPLE_SECONDS; batch *= 2) {
        uint64_t start = clock_now();
        for (uint64_t i = 0; i < batch; i++)
            if (region(context))
                return -1;
        total += clock_since(start);
        regions += batch;
    }
    *seconds = total / (double)regions;
    return 0;
}

int arm_touch(size_t bytes)
{
    char *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        return -1;
    madvise(memory, bytes, MADV_NOHUGEPAGE); /* best effort: small pages, as a heap has them */
    for (size_t i = 0; i < bytes; i += TOUCH_STEP)
        *(volatile char *)&memory[i] = 1;
    return 0;
}
