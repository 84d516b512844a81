/* Temporary folders that are always removed by whoever made them. */
#ifndef UTIL_TEMPDIR_H
#define UTIL_TEMPDIR_H

#include <stddef.h>

/* Makes PARENT/poolbench-NAME-XXXXXX, for the owner alone (0700), and writes its path. A NULL
 * parent is $TMPDIR, or /tmp. Returns 0, or -1 with errno (ENAMETOOLONG: path is too small; it
 * then holds the pattern that was tried, for the message). */
int tempdir_make(char *path, size_t size, const char *parent, const char *name);

/* Removes a folder with all that is in it; links are removed, not followed. Goes on after an
 * error. Returns 0, or -1 with the first errno. A folder that is not there is no error. */
int tempdir_remove(const char *path);

#endif
