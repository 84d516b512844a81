/* What machine, system and build a result comes from. */
#ifndef MEASURE_MACHINE_H
#define MEASURE_MACHINE_H

#include <jansson.h>
#include <stddef.h>

/* A new JSON object (the caller's reference) with, where the machine tells them: cpu_model,
 * cpus_online, cpus_usable, memory_bytes, kernel, os, virtualization, compiler, flags, commit,
 * clock_source, clock_resolution_ns, clock_cost_ns, governor, turbo, thp, aslr, load, psi_cpu,
 * topology, caches, cgroup, libraries. What cannot be read is left out. */
json_t *machine_probe(void);

/* A name for the folder of this host's results: POOLBENCH_HOST, else the host's name, in lower case
 * letters, digits, '-', '_' and '.'. */
void machine_host(char *name, size_t size);

#endif
