/* Temporary folders. nftw walks depth first without following links. */
#include "tempdir.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>

#define OPEN_FOLDERS 16

int tempdir_make(char *path, size_t size, const char *parent, const char *name)
{
    if (!parent)
        parent = getenv("TMPDIR");
    if (!parent || !*parent)
        parent = "/tmp";
    int length = snprintf(path, size, "%s/poolbench-%s-XXXXXX", parent, name);
    if (length < 0 || (size_t)length >= size) {
        errno = ENAMETOOLONG;
        return -1;
    }
    return mkdtemp(path) ? 0 : -1;
}

static _Thread_local int first_error;

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *walk)
{
    (void)status;
    (void)type;
    (void)walk;
    if (remove(path) && errno != ENOENT && !first_error)
        first_error = errno;
    return 0;
}

int tempdir_remove(const char *path)
{
    first_error = 0;
    if (nftw(path, remove_entry, OPEN_FOLDERS, FTW_DEPTH | FTW_PHYS) && errno != ENOENT &&
        !first_error)
        first_error = errno;
    errno = first_error;
    return first_error ? -1 : 0;
}
