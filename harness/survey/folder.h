/* A survey's temporary folder, made when it is opened: what commands answer goes there. */
#ifndef SURVEY_FOLDER_H
#define SURVEY_FOLDER_H

/* Returns its path, which survey_folder_remove takes back, or NULL with errno and a message
 * (task_fail).
 */
char *survey_folder_make(void);

/* Removes it with all that is in it. NULL is allowed. */
void survey_folder_remove(char *path);

#endif
