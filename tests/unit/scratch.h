/* A scratch folder for each test, made and removed by the test's fixtures, and what tests do with
 * files in it. Everything that is not meant to fail fails the test here. To be included after
 * drive.h by one test program each. */
#ifndef UNIT_SCRATCH_H
#define UNIT_SCRATCH_H

#include "harness/util/tempdir.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char scratch[PATH_MAX];

static int make_scratch(void **state)
{
    (void)state;
    return tempdir_make(scratch, sizeof scratch, NULL, "test");
}

static int remove_scratch(void **state)
{
    (void)state;
    return tempdir_remove(scratch);
}

/* The path of an entry; valid for the next four calls. */
static inline const char *path_of(const char *folder, const char *name)
{
    static char paths[5][2 * PATH_MAX];
    static unsigned next;
    char *path = paths[next++ % 5];
    snprintf(path, 2 * PATH_MAX, "%s/%s", folder, name);
    return path;
}

struct content {
    unsigned char bytes[1 << 19];
    size_t size;
};

static inline void read_content(const char *path, struct content *content)
{
    FILE *file = fopen(path, "rb");
    if (!file)
        fail_msg("%s: %s", path, strerror(errno));
    content->size = fread(content->bytes, 1, sizeof content->bytes, file);
    fclose(file);
}

static inline void write_content(const char *path, const void *bytes, size_t size)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

/* Entries of a folder whose names begin so; hidden ones too. */
static inline int count_entries(const char *folder, const char *prefix)
{
    int count = 0;
    DIR *listing = opendir(folder);
    assert_non_null(listing);
    for (struct dirent *entry; (entry = readdir(listing));)
        count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
                 strncmp(entry->d_name, prefix, strlen(prefix)) == 0;
    closedir(listing);
    return count;
}

/* Opening the thumbnails case must fail as a usage error that says both. */
static inline void assert_refused(const char *const *params, const char *what, const char *cause)
{
    struct workload workload;
    assert_int_equal(drive_try(&workload, "thumbnails", 1, params), STATUS_USAGE);
    if (!strstr(drive_why, what) || !strstr(drive_why, cause))
        fail_msg("\"%s\" does not name \"%s\" and \"%s\"", drive_why, what, cause);
}

#endif
