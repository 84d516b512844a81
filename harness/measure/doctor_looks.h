/* The single looks of doctor_examine, for doctor.c's table alone. Each fills the finding but for
 * its name. */
#ifndef MEASURE_DOCTOR_LOOKS_H
#define MEASURE_DOCTOR_LOOKS_H

#include "doctor.h"

#define DOCTOR_NOT_TOLD "not told"

/* Sets state, meaning and advice ("": none), and the value as by printf. */
void doctor_say(struct doctor_finding *finding, enum doctor_state state, const char *meaning,
    const char *advice, const char *value, ...) __attribute__((format(printf, 5, 6)));

typedef void doctor_look(const struct doctor_facts *facts, struct doctor_finding *finding);

/* doctor_time.c: the clock and the machine's speed over the window */
doctor_look doctor_clock, doctor_step, doctor_cost, doctor_grain, doctor_canary;

/* doctor_cpus.c: what CPUs there are, and how they run */
doctor_look doctor_usable, doctor_cores, doctor_isolated, doctor_governor, doctor_turbo,
    doctor_virtual;

/* doctor_load.c: who else uses them, over the window */
doctor_look doctor_steal, doctor_others, doctor_pressure, doctor_throttling, doctor_stalled;

/* doctor_system.c: memory and limits */
doctor_look doctor_thp, doctor_aslr, doctor_swap, doctor_processes, doctor_files, doctor_perf;

/* doctor_programs.c: what is installed */
doctor_look doctor_hyperfine, doctor_gnuplot, doctor_components;

#endif
