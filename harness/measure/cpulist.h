/* Sets of CPUs, and the kernel's way to write them: "0-3,8". Pure but for cpulist_affinity; safe
 * from any thread. */
#ifndef MEASURE_CPULIST_H
#define MEASURE_CPULIST_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#define CPULIST_MAX 65536u /* CPUs are numbered from 0 to one below; Linux knows 8192 at most */
#define CPULIST_TEXT 32768 /* room for what the kernel prints: every other one of 8192 */
#define CPULIST_WORD (sizeof(unsigned long) * CHAR_BIT)

struct cpulist {
    unsigned long words[CPULIST_MAX / CPULIST_WORD];
};

void cpulist_clear(struct cpulist *list);
void cpulist_add(struct cpulist *list, unsigned cpu);
bool cpulist_has(const struct cpulist *list, unsigned cpu);
unsigned cpulist_count(const struct cpulist *list);

/* Leaves in list only what is in other as well. */
void cpulist_keep(struct cpulist *list, const struct cpulist *other);

/* The first CPU of the list from `cpu` on; CPULIST_MAX behind the last. */
unsigned cpulist_next(const struct cpulist *list, unsigned cpu);

/* Reads "0-3,8"; blanks alone are the empty set. Returns 0, or -1 with an empty set for anything
 * else: letters, 3-0, a number of CPULIST_MAX or more. */
int cpulist_parse(struct cpulist *list, const char *text);

/* Writes "0-3,8", and "..." at the end where it does not fit; "none" for the empty set. Returns
 * text. */
const char *cpulist_print(const struct cpulist *list, char *text, size_t size);

#endif
