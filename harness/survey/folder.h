/* A survey's temporary folder, made when it is opened: what commands answer goes there. It is the
 * keeper's (cases/support/keeper.h), so that it goes with the program, also where that is killed.
 */
#ifndef SURVEY_FOLDER_H
#define SURVEY_FOLDER_H

struct keeper;

/* For a survey's open. What the survey starts from then on finds the program's process id in the
 * environment (POOLBENCH_GUARD), to end with it (cases/peers/guard.py). Returns 0 and the folder,
 * or a code with a message (task_fail). */
int survey_folder_make(struct keeper **folder);

const char *survey_folder_path(const struct keeper *folder);

/* For close: removes it with all that is in it. */
void survey_folder_remove(struct keeper *folder);

#endif
