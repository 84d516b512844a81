/* The workers of one process: its first thread is one of them and starts the others. */
#ifndef POOL_CREW_H
#define POOL_CREW_H

#include "lane.h"

/* Is workers first .. first + threads - 1 until the engine stops and all have left. Where one
 * cannot enter or be started, the reason stands in its lane and the process ends (_exit) with all
 * of them: the pool has failed. */
void crew_work(struct engine *engine, unsigned first, unsigned threads);

/* A worker process from when it knows the pool to its end: crew_work with the threads that the pool
 * wants, the arena mapped. */
_Noreturn void crew_be(struct engine *engine, unsigned first);

#endif
