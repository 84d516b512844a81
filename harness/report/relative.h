/* Where one folder is, seen from another: links in a report must not name this machine's paths. */
#ifndef REPORT_RELATIVE_H
#define REPORT_RELATIVE_H

#include <stddef.h>

/* Writes the path of FOLDER as seen from the folder that FILE is in ("results/HOST", "." for the
 * same). Both folders must exist; FILE need not. Returns 0, or -1 with errno. */
int relative_path(const char *file, const char *folder, char *path, size_t size);

#endif
