/* Memory of a set of processes. */
#ifndef MEASURE_MEMORY_H
#define MEASURE_MEMORY_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Proportional set size (each shared page divided by its users) of the calling process and `count`
 * others, in bytes. Processes that cannot be read count as 0. */
uint64_t memory_pss(const pid_t *pids, size_t count);

#endif
