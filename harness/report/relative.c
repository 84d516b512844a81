/* Relative paths, by resolving both ends and leaving out what they share. */
#include "relative.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The resolved folder of a file. */
static int folder_of(const char *file, char *folder)
{
    char copy[PATH_MAX];
    const char *slash = strrchr(file, '/');
    size_t length = slash ? (size_t)(slash - file) + 1 : 0;
    if (length >= sizeof copy) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(copy, file, length);
    copy[length] = '\0';
    return realpath(length ? copy : ".", folder) ? 0 : -1;
}

/* Bytes of a that lead to the last folder that both are in, without the '/' there. */
static size_t shared(const char *a, const char *b)
{
    size_t last = 0, i = 0;
    for (; a[i] && a[i] == b[i]; i++)
        if (a[i] == '/')
            last = i;
    if ((a[i] == '/' || !a[i]) && (b[i] == '/' || !b[i]))
        last = i;
    return last;
}

int relative_path(const char *file, const char *folder, char *path, size_t size)
{
    char from[PATH_MAX], to[PATH_MAX];
    size_t length = 0;
    if (folder_of(file, from) || !realpath(folder, to))
        return -1;
    size_t common = shared(from, to);
    *path = '\0';
    for (const char *at = from + common; (at = strchr(at, '/')) && at[1]; at++)
        length += (size_t)snprintf(path + length, size > length ? size - length : 0, "../");
    const char *rest = to + common;
    rest += *rest == '/';
    length += (size_t)snprintf(path + length, size > length ? size - length : 0, "%s", rest);
    if (length >= size) {
        errno = ENAMETOOLONG;
        return -1;
    }
    if (length == 0)
        snprintf(path, size, ".");
    else if (path[length - 1] == '/')
        path[length - 1] = '\0';
    return 0;
}
