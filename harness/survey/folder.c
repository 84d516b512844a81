/* Temporary folders of surveys. */
#include "folder.h"

#include "../../cases/support/keeper.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define GUARD "POOLBENCH_GUARD"

int survey_folder_make(struct keeper **folder)
{
    char process[32];
    int code = keeper_start(folder, "survey", NULL, NULL);
    if (code)
        return code;
    snprintf(process, sizeof process, "%d", (int)getpid());
    setenv(GUARD, process, 1); /* best effort */
    return 0;
}

const char *survey_folder_path(const struct keeper *folder)
{
    return keeper_folder(folder);
}

void survey_folder_remove(struct keeper *folder)
{
    unsetenv(GUARD);
    keeper_stop(folder);
}
