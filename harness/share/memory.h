/* Memory that a process and those that it forks later share. */
#ifndef SHARE_MEMORY_H
#define SHARE_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

/* Maps size bytes, all zero. reserve: takes address space only, and memory with each page's first
 * touch; where there is none left then, the kernel ends the process (SIGBUS) or another one.
 * Returns NULL with errno (ENOMEM). */
void *memory_make(size_t size, bool reserve);

/* Unmaps it in the calling process; the others keep it. NULL is ignored. */
void memory_free(void *memory, size_t size);

#endif
