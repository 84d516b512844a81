/* A folder laid out as the project's (results/host, and REPORT.md beside results), result files
 * made by hand in it, and the report made of them. To be included after cmocka.h by one test
 * program each. */
#ifndef UNIT_REPORTED_H
#define UNIT_REPORTED_H

#include "harness/report/report.h"
#include "harness/util/tempdir.h"
#include "made.h"

#include <dirent.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLOCKS 10

static char top[PATH_MAX];
static char why[PATH_MAX + 512];

/* Paths below the test's folder; valid for the next three calls. */
static inline const char *below(const char *name)
{
    static char paths[4][2 * PATH_MAX];
    static unsigned next;
    char *path = paths[next++ % 4];
    snprintf(path, 2 * PATH_MAX, "%s/%s", top, name);
    return path;
}

static inline int make_folders(void **state)
{
    (void)state;
    return tempdir_make(top, sizeof top, NULL, "report") || mkdir(below("results"), 0777) ||
           mkdir(below("results/host"), 0777);
}

static inline int remove_folders(void **state)
{
    (void)state;
    return tempdir_remove(top);
}

/* ---- results ---- */

static inline void save(struct result *result, const char *label)
{
    char path[PATH_MAX + 128];
    snprintf(result->label, sizeof result->label, "%s", label);
    snprintf(path, sizeof path, "%s/results/host/%s.json", top, label);
    if (result_save(result, path, why, sizeof why))
        fail_msg("%s", why);
    result_free(result);
}

/* What probe and clock would add. */
static inline struct result *new_result(const char *case_name, const char *kind)
{
    struct result *result = made_result();
    snprintf(result->case_name, sizeof result->case_name, "%s", case_name);
    snprintf(result->case_kind, sizeof result->case_kind, "%s", kind);
    result->started = strdup("2025-01-02T03:04:05Z");
    result->command = strdup("poolbench sweep anything");
    result->case_summary = strdup("what it is");
    result->case_description = strdup("What it does.");
    json_decref(result->machine);
    result->machine =
        json_pack("{s:s, s:I}", "cpu_model", "Model T", "memory_bytes", (json_int_t)8 << 30);
    return result;
}

/* `blocks` blocks of serial and of threads at each size, with a speedup of `gain` a worker. */
static inline struct result *new_sweep(const char *name, const char *kind, const unsigned *sizes,
    size_t n, unsigned blocks, double gain)
{
    struct result *result = new_result(name, kind);
    made_config(result, "serial", 1);
    for (size_t i = 0; i < n; i++)
        made_config(result, "threads", sizes[i]);
    for (unsigned block = 0; block < blocks; block++) {
        made_sample(result, block, 0, 1 + 0.001 * block);
        for (unsigned i = 0; i < n; i++)
            made_sample(result, block, i + 1, 1 / (gain * sizes[i]) * (1 + 0.002 * (block % 3)));
    }
    return result;
}

static const unsigned sizes[] = {1, 2, 4};

static inline void save_sweep(const char *name, const char *kind)
{
    save(new_sweep(name, kind, sizes, 3, BLOCKS, 0.97), name);
}

/* One search whose pool takes `ratio` times as long as serial at each of two sizes. */
static inline void save_search(double ratio)
{
    struct result *result = new_result("", "");
    struct result_search search = {.config = {.backend = "threads", .workers = 2, .chunk = 1},
        .target = 1,
        .from = 10,
        .to = 1e6};
    result_add_search(result, &search);
    for (unsigned i = 0; i < 2 * BLOCKS; i++)
        result_add_pair(result, &(struct result_pair){.nominal = i % 2 ? 10 : 1e6,
                                    .tasks = 100,
                                    .serial_s = i % 2 ? 1e-6 : 0.1,
                                    .pool_s = ratio * (i % 2 ? 1e-6 : 0.1)});
    save(result, "breakeven");
}

/* ---- reports ---- */

static inline enum status write_report(bool pictures, FILE *messages)
{
    const struct report_options options = {
        .folder = below("results/host"),
        .output = below("REPORT.md"),
        .plots = "plots",
        .pictures = pictures,
        .messages = messages,
    };
    *why = '\0';
    return report_write(&options, why, sizeof why);
}

/* A file's text, malloc'd. */
static inline char *read_text(const char *path)
{
    char *text = NULL;
    size_t size = 0;
    FILE *file = fopen(path, "re");
    if (!file)
        fail_msg("%s is not there", path);
    if (getdelim(&text, &size, '\0', file) < 0)
        fail_msg("%s is empty", path);
    fclose(file);
    return text;
}

static inline char *written(void)
{
    if (write_report(false, NULL))
        fail_msg("%s", why);
    return read_text(below("REPORT.md"));
}

static inline void assert_says(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("\"%s\" is not in:\n%s", part, text);
}

static inline void assert_silent_on(const char *text, const char *part)
{
    if (strstr(text, part))
        fail_msg("\"%s\" is in:\n%s", part, text);
}

static inline unsigned count_files(const char *folder)
{
    unsigned count = 0;
    DIR *listing = opendir(folder);
    assert_non_null(listing);
    for (struct dirent *entry; (entry = readdir(listing));)
        count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    closedir(listing);
    return count;
}

/* ---- pictures ---- */

static inline void need_gnuplot(void)
{
    if (system("gnuplot --version >/dev/null 2>&1") == 0)
        return;
    print_message("there is no gnuplot here\n");
    skip();
}

static inline void assert_begins(const char *name, const char *start)
{
    char bytes[8] = "";
    FILE *file = fopen(below(name), "re");
    if (!file)
        fail_msg("%s was not drawn", name);
    assert_int_equal(fread(bytes, 1, strlen(start), file), strlen(start));
    fclose(file);
    assert_memory_equal(bytes, start, strlen(start));
}

#endif
