/* A scratch folder for each test, a result with everything in it, and files to write and read. To
 * be included after cmocka.h by one test program each. */
#ifndef UNIT_RESULT_FILES_H
#define UNIT_RESULT_FILES_H

#include "harness/util/tempdir.h"
#include "made.h"

#include <dirent.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

static char folder[PATH_MAX]; /* each test's own */
static char path[PATH_MAX];   /* of a result file in it */
static char why[512];

static inline int make_folder(void **state)
{
    (void)state;
    return tempdir_make(folder, sizeof folder, NULL, "result") ||
           snprintf(path, sizeof path, "%.4000s/made.json", folder) < 0;
}

static inline int remove_folder(void **state)
{
    (void)state;
    return tempdir_remove(folder);
}

/* ---- results with everything in them ---- */

static inline void add_sweep(struct result *result)
{
    unsigned serial = made_config(result, "serial", 1);
    unsigned pool = made_config(result, "threads", UINT32_MAX);
    result_add_param(result, "grain", "10us");
    result_add_param(result, "text", "\"quoted\"\n\ttab \x01 é");
    for (unsigned block = 0; block < 7; block++) {
        made_sample(result, block, serial, 1.0 / 3 + block)->checksum = UINT64_MAX - block;
        struct result_sample *sample = made_sample(result, block, pool, 1e-9);
        *sample = (struct result_sample){.block = block,
            .config = pool,
            .order = 1,
            .at_s = 987.654321987,
            .tasks = INT64_MAX,
            .regions = 3,
            .wall_s = 0.123456789,
            .start_s = 1e-5,
            .stop_s = 2e-5,
            .cpu_s = 0.2,
            .user_s = 0.3,
            .system_s = 0.4,
            .voluntary = 5,
            .involuntary = 6,
            .minor_faults = 7,
            .major_faults = 8,
            .ok = 9,
            .errors = 10,
            .lost = 11,
            .timeout = 512 * block,
            .died = block,
            .checksum = 12,
            .checksum_wrong = block % 2 == 1,
            .peak_memory = 1u << 30};
        snprintf(sample->failure, sizeof sample->failure, "%s", block == 3 ? "killed" : "");
    }
    result_add_command(result, serial, "poolbench run spin");
    result_add_command(result, pool, "poolbench run spin -b threads --param 'input=/a b'");
    result_add_run(result, &(struct result_run){.block = 4,
                               .command = 1,
                               .order = 2,
                               .wall_s = 0.25,
                               .user_s = 0.1,
                               .system_s = 0.05,
                               .exit_code = -1});
}

static inline void add_searches(struct result *result)
{
    struct result_search search = {.config = {.backend = "processes", .workers = 2, .chunk = 0},
        .axis = RESULT_BY_TASKS,
        .cold = true,
        .target = 0.5,
        .from = 1,
        .to = 1e4};
    result_add_search(result, &search);
    search.axis = RESULT_BY_GRAIN;
    search.cold = false;
    result_add_search(result, &search);
    result_add_pair(result,
        &(struct result_pair){
            .search = 1, .nominal = 22.36, .tasks = 1000000, .serial_s = 2.236e-8, .pool_s = 0.1});
}

static inline void add_survey(struct result *result)
{
    snprintf(result->survey, sizeof result->survey, "queues");
    result->title = strdup("Kinds of queues");
    result->axis = strdup("size [bytes]");
    result_add_figure(
        result, &(struct result_figure){.subject = "FIFO", .figure = "time", .unit = "s", .x = 64});
    result_add_figure(result, &(struct result_figure){.subject = "LIFO", .figure = "growth"});
    for (unsigned i = 0; i < 4; i++) {
        struct result_reading reading = {.block = i,
            .figure = i % 2,
            .order = 1 - i % 2,
            .at_s = 1.5 * i,
            .value = i == 2 ? 0 : -1.25e9};
        snprintf(reading.note, sizeof reading.note, i == 1 ? "\"noted\"" : "");
        snprintf(reading.failure, sizeof reading.failure, i == 2 ? "no end within 1 s" : "");
        result_add_reading(result, &reading);
    }
}

static inline struct result *full_result(void)
{
    struct result *result = made_result();
    result->started = strdup("2024-05-06T07:08:09Z");
    result->command = strdup("poolbench sweep spin");
    result->machine = json_pack("{s:s, s:i, s:[s, s]}", "cpu_model", "Some CPU", "cpus_online", 2,
        "caches", "L1 32 KiB x 2", "L2 1 MiB x 2");
    result->seed = UINT64_MAX;
    result->case_summary = strdup("a summary");
    result->case_description = strdup("a description");
    result->answer = strdup("42");
    result->even = true;
    result->noise.psi_cpu = 12.5;
    result->noise.cpus_changed = true;
    result->noise.stalled_us = 5;
    add_sweep(result);
    add_searches(result);
    add_survey(result);
    return result;
}

/* ---- helpers ---- */

static inline void save(const struct result *result)
{
    if (result_save(result, path, why, sizeof why))
        fail_msg("%s", why);
}

static inline struct result *load(void)
{
    struct result *result = result_load(path, why, sizeof why);
    if (!result)
        fail_msg("%s", why);
    return result;
}

static inline char *read_text(const char *file)
{
    static char text[1 << 20];
    FILE *stream = fopen(file, "r");
    assert_non_null(stream);
    text[fread(text, 1, sizeof text - 1, stream)] = '\0';
    fclose(stream);
    return text;
}

static inline void write_text(const char *file, const char *text, size_t size)
{
    FILE *stream = fopen(file, "w");
    assert_non_null(stream);
    assert_int_equal(fwrite(text, 1, size, stream), size);
    assert_int_equal(fclose(stream), 0);
}

static inline int entries(const char *in)
{
    int count = -2; /* . and .. */
    DIR *listing = opendir(in);
    assert_non_null(listing);
    while (readdir(listing))
        count++;
    closedir(listing);
    return count;
}

#endif
