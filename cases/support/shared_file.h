/* Memory that all processes of a case share, as a file in its temporary folder: worker processes
 * that are not forked find it by the folder's path. */
#ifndef SUPPORT_SHARED_FILE_H
#define SUPPORT_SHARED_FILE_H

#include <stddef.h>

/* Makes the file with `size` zeroed bytes, its blocks taken, so that a disk that fills up later
 * cannot take them away, and maps it. Returns NULL with errno, no file left. */
void *shared_file_make(const char *folder, size_t size);

/* Maps the file that another process has made. Returns NULL with errno. */
void *shared_file_open(const char *folder, size_t size);

/* Unmaps it in the calling process; NULL is allowed. The file goes with the folder. */
void shared_file_close(void *memory, size_t size);

#endif
