/* What a pool costs on this machine, as the numbers of a simulation's model. */
#ifndef MEASURE_COSTS_H
#define MEASURE_COSTS_H

#include "../sim/model.h"
#include "../util/status.h"

/* Measures what the model's backend costs here, in about a second, and sets call (0: it is part of
 * a measured task), dispatch, claim, steal, resume, region, wake, wake_each, start, stop and cores;
 * the rest stays. A cost that is lost in noise is 0. Returns STATUS_DONE, or another status with
 * one line in why. */
enum status costs_measure(struct sim_model *model, char *why, size_t size);

#endif
