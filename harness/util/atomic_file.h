/* Files that appear whole or not at all: written under another name in the same folder, made
 * durable, then renamed over the old one. One thread a file; several files at once are fine. */
#ifndef UTIL_ATOMIC_FILE_H
#define UTIL_ATOMIC_FILE_H

#include <stddef.h>
#include <stdio.h>

struct atomic_file;

/* Opens a file that will be PATH. The folder must exist. A symbolic link is followed; what is
 * there already must be a regular file. Returns NULL with one line in why (path, cause). */
struct atomic_file *atomic_open(const char *path, char *why, size_t size);

/* Where to write. Owned by the file; errors of single writes may be ignored, commit finds them. */
FILE *atomic_stream(struct atomic_file *file);

/* The temporary's path, for another program to write to; it ends like PATH. */
const char *atomic_path(const struct atomic_file *file);

/* Ends writing: flush, fsync, rename, fsync of the folder. Returns 0, or -1 with one line in why;
 * PATH is then as before and nothing is left. The file is freed in any case. */
int atomic_commit(struct atomic_file *file, char *why, size_t size);

/* Leaves PATH as it is, removes the temporary and frees the file. NULL is fine. */
void atomic_abort(struct atomic_file *file);

#endif
