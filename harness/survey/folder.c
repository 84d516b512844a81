/* Temporary folders of surveys. */
#include "folder.h"

#include "../pool/task.h"
#include "../util/tempdir.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

char *survey_folder_make(void)
{
    char *path = malloc(PATH_MAX);
    if (path && tempdir_make(path, PATH_MAX, NULL, "survey") == 0)
        return path;
    int code = errno;
    task_fail(code, "cannot make a temporary folder: %s; set TMPDIR", strerror(code));
    free(path);
    errno = code;
    return NULL;
}

void survey_folder_remove(char *path)
{
    if (path)
        tempdir_remove(path);
    free(path);
}
