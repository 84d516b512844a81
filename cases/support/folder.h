/* Folders of pictures: making one with its parents, listing its files, putting a file into it
 * whole. Safe from any thread. */
#ifndef SUPPORT_FOLDER_H
#define SUPPORT_FOLDER_H

#include <stddef.h>

/* Makes the folder and whichever of its parents are missing. Returns 0 (also where it exists), or
 * -1 with errno. */
int folder_make(const char *path);

/* The names of a folder's regular files (links to files among them; sub-folders, pipes and the like
 * left out) in bytewise order. A name that cannot be looked at is listed, so that whoever opens it
 * learns why. *names is malloc'd, each name too: folder_forget frees both. Returns 0, or -1 with
 * errno. */
int folder_list(int folder, char ***names, size_t *count);
void folder_forget(char **names, size_t count);

/* Puts a file into the folder under `name` so that it is never there in part: it is written under
 * `part`, a name that only the caller uses, and takes its place in one step. A file of that name is
 * replaced, which may leave the old one under `part` to be written over by the next call; when
 * done, unlink `part`, which may or may not be there. Returns 0, or -1 with errno and no `part`
 * left. */
int folder_put(int folder, const char *part, const char *name, const void *bytes, size_t size);

#endif
