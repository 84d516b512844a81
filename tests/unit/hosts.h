/* Simulated hosts: hosts.txt (its head tells the format) read, and each made into a tree of files
 * that POOLBENCH_ROOT names. To be included after cmocka.h by one test program each; run from the
 * top of the sources. */
#ifndef UNIT_HOSTS_H
#define UNIT_HOSTS_H

#include "drive.h"
#include "group.h"
#include "scratch.h"

#include <fcntl.h>
#include <stdbool.h>
#include <sys/stat.h>

#define HOSTS_FILE "tests/unit/hosts.txt"
#define HOSTS_CPU "/sys/devices/system/cpu"

static char **hosts_lines; /* without comments and empty lines */
static size_t hosts_lines_count;

static inline void hosts_read(void)
{
    char *line = NULL;
    size_t size = 0;
    FILE *file = fopen(HOSTS_FILE, "re");
    while (file && getline(&line, &size, file) > 0) {
        line[strcspn(line, "\n")] = '\0';
        if (!*line || *line == '#')
            continue;
        hosts_lines = realloc(hosts_lines, (hosts_lines_count + 1) * sizeof *hosts_lines);
        hosts_lines[hosts_lines_count++] = strdup(line);
    }
    free(line);
    if (!file || fclose(file)) {
        fprintf(
            stderr, "%s cannot be read; run the test from the top of the sources\n", HOSTS_FILE);
        exit(1);
    }
}

static inline void hosts_free(void)
{
    while (hosts_lines_count > 0)
        free(hosts_lines[--hosts_lines_count]);
    free(hosts_lines);
}

/* What stands behind a word at the line's begin, or NULL. */
static inline const char *hosts_after(const char *line, const char *word)
{
    size_t length = strlen(word);
    return strncmp(line, word, length) == 0 && line[length] == ' ' ? line + length + 1 : NULL;
}

/* The first line behind "host NAME". */
static inline size_t hosts_find(const char *name)
{
    for (size_t i = 0; i < hosts_lines_count; i++) {
        const char *found = hosts_after(hosts_lines[i], "host");
        if (found && strcmp(found, name) == 0)
            return i + 1;
    }
    fail_msg("%s has no host \"%s\"", HOSTS_FILE, name);
    return 0;
}

static inline bool hosts_ends(size_t line)
{
    return line >= hosts_lines_count || hosts_after(hosts_lines[line], "host");
}

/* ---- making a tree ---- */

/* Makes the folders above the last '/' of a path. */
static inline void hosts_folders(char *path)
{
    for (char *at = path + 1; (at = strchr(at, '/')); at++) {
        *at = '\0';
        mkdir(path, 0755); /* most are there; a file in one that is not fails the test */
        *at = '/';
    }
}

static inline void hosts_write(const char *path, const char *mode, const char *line)
{
    char real[2 * PATH_MAX];
    snprintf(real, sizeof real, "%s%s", scratch, path);
    FILE *file = fopen(real, mode);
    if (!file) {
        hosts_folders(real);
        file = fopen(real, mode);
    }
    if (path[strlen(path) - 1] == '/') {
        assert_null(file);
        return;
    }
    if (!file)
        fail_msg("%s: %s", real, strerror(errno));
    fputs(line, file);
    fputs(*line ? "\n" : "", file);
    assert_int_equal(fclose(file), 0);
}

static inline void hosts_machine(unsigned cores, unsigned threads)
{
    char path[128], text[128];
    unsigned last = cores * threads - 1;
    snprintf(text, sizeof text, last ? "0-%u" : "%u", last);
    hosts_write(HOSTS_CPU "/online", "w", text);
    snprintf(text, sizeof text, last ? "Cpus_allowed_list:\t0-%u" : "Cpus_allowed_list:\t%u", last);
    hosts_write("/proc/self/status", "w", text);
    for (unsigned cpu = 0; cpu <= last; cpu++) {
        int length = snprintf(text, sizeof text, "%u", cpu % cores);
        if (threads > 1)
            snprintf(text + length, sizeof text - (size_t)length, ",%u", cpu % cores + cores);
        snprintf(path, sizeof path, HOSTS_CPU "/cpu%u/topology/core_cpus_list", cpu);
        hosts_write(path, "w", text);
    }
}

/* "PATH = LINE", "PATH + LINE" or "PATH/" */
static inline void hosts_file(const char *line)
{
    char path[PATH_MAX];
    const char *sign = line;
    while (*sign && strncmp(sign, " = ", 3) != 0 && strncmp(sign, " + ", 3) != 0 &&
           strcmp(sign, " =") != 0)
        sign++;
    snprintf(path, sizeof path, "%.*s", (int)(sign - line), line);
    hosts_write(path, sign[0] && sign[1] == '+' ? "a" : "w", strlen(sign) > 3 ? sign + 3 : "");
}

static inline void hosts_make(const char *name)
{
    unsigned cores, threads;
    for (size_t i = hosts_find(name); !hosts_ends(i); i++) {
        const char *line = hosts_lines[i], *rest;
        if ((rest = hosts_after(line, "like")))
            hosts_make(rest);
        else if ((rest = hosts_after(line, "gone")))
            assert_int_equal(unlink(path_of(scratch, rest + 1)), 0);
        else if (sscanf(line, "machine %u %u", &cores, &threads) == 2)
            hosts_machine(cores, threads);
        else if (*line == '/')
            hosts_file(line);
    }
}

/* Makes the host, and it is where we are. Its environment is its own, not that of one it is like.
 */
static inline void hosts_enter(const char *name)
{
    hosts_make(name);
    for (size_t i = hosts_find(name); !hosts_ends(i); i++) {
        const char *set = hosts_after(hosts_lines[i], "env");
        if (set) {
            char variable[64];
            snprintf(variable, sizeof variable, "%.*s", (int)strcspn(set, "="), set);
            assert_int_equal(setenv(variable, strchr(set, '=') + 1, 1), 0);
        }
    }
    assert_int_equal(setenv("POOLBENCH_ROOT", scratch, 1), 0);
}

/* A scratch folder for each host, and the own machine afterwards. */
static inline int hosts_setup(void **state)
{
    unsetenv("POOLBENCH_CPUS");
    return make_scratch(state);
}

static inline int hosts_teardown(void **state)
{
    unsetenv("POOLBENCH_CPUS");
    unsetenv("POOLBENCH_ROOT");
    return remove_scratch(state);
}

/* Adds a test for each host, with its name as the state. Returns how many. */
static inline size_t hosts_add(CMUnitTestFunction test)
{
    size_t count = 0;
    for (size_t i = 0; i < hosts_lines_count; i++) {
        const char *name = hosts_after(hosts_lines[i], "host");
        if (name)
            group_add(test, hosts_setup, hosts_teardown, (void *)(uintptr_t)name, "%s", name);
        count += name != NULL;
    }
    return count;
}

#endif
