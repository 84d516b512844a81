/* Memory that processes share, with a descriptor by which one that was not forked can map it. */
#ifndef POOL_MAPPING_H
#define POOL_MAPPING_H

#include <stdbool.h>
#include <stddef.h>

/* Maps `size` zeroed bytes, shared. `reserve`: refused at once where the system could never back
 * it, instead of at the first touch. *fd is a descriptor of the memory, closed on exec and the
 * caller's to close, or -1 where there is none left or a file may not be that large: the memory is
 * then for forked processes alone. Returns NULL with errno. */
void *mapping_make(size_t size, bool reserve, int *fd);

/* Maps memory that another process has made, and closes fd. NULL with errno. */
void *mapping_open(size_t size, int fd);

/* Unmaps it and closes fd, if it is not -1. */
void mapping_free(void *memory, size_t size, int fd);

#endif
