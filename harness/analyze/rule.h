/* Rules of thumb for the size of a pool, as numbers of workers, not rounded. Pure; safe from any
 * thread. */
#ifndef ANALYZE_RULE_H
#define ANALYZE_RULE_H

/* One worker more than twice the CPUs: 2 N + 1 (folklore; compare the N + 1 of Goetz 2006, 8.2, for
 * tasks that compute). */
double rule_twice(unsigned cpus);

/* N U (1 + W / C) with the whole machine used, U = 1 (Goetz 2006, Java Concurrency in Practice,
 * 8.2): wall_s is a task's time alone, wait and computing together, so that 1 + W / C is
 * wall_s / cpu_s. NAN where cpu_s is not above 0. */
double rule_goetz(unsigned cpus, double wall_s, double cpu_s);

/* L = lambda W (Little 1961): as many tasks are under way as come in the time that one takes, at
 * `throughput` tasks a second of task_s seconds each, alone. */
double rule_little(double throughput, double task_s);

/* The whole number of workers that a rule's answer means: rounded, at least 1. 0 for NAN and for
 * what is beyond any pool (above a million). */
unsigned rule_workers(double answer);

#endif
