/* Sets of CPUs as bits, in the layout that sched_getaffinity fills. */
#include "cpulist.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORDS (CPULIST_MAX / CPULIST_WORD)

void cpulist_clear(struct cpulist *list)
{
    memset(list, 0, sizeof *list);
}

void cpulist_add(struct cpulist *list, unsigned cpu)
{
    list->words[cpu / CPULIST_WORD] |= 1ul << cpu % CPULIST_WORD;
}

bool cpulist_has(const struct cpulist *list, unsigned cpu)
{
    return cpu < CPULIST_MAX && list->words[cpu / CPULIST_WORD] >> cpu % CPULIST_WORD & 1;
}

unsigned cpulist_count(const struct cpulist *list)
{
    unsigned count = 0;
    for (size_t i = 0; i < WORDS; i++)
        count += (unsigned)__builtin_popcountl(list->words[i]);
    return count;
}

void cpulist_keep(struct cpulist *list, const struct cpulist *other)
{
    for (size_t i = 0; i < WORDS; i++)
        list->words[i] &= other->words[i];
}

unsigned cpulist_next(const struct cpulist *list, unsigned cpu)
{
    while (cpu < CPULIST_MAX && !cpulist_has(list, cpu))
        cpu += cpu % CPULIST_WORD == 0 && list->words[cpu / CPULIST_WORD] == 0
                   ? (unsigned)CPULIST_WORD
                   : 1;
    return cpu;
}

/* One number at *at; -1 if there is none, or it is too large. */
static long parse_cpu(const char **at)
{
    char *end;
    if (!isdigit((unsigned char)**at))
        return -1;
    unsigned long cpu = strtoul(*at, &end, 10);
    *at = end;
    return cpu < CPULIST_MAX ? (long)cpu : -1;
}

/* One number or range at *at. Returns 0, or -1. */
static int parse_range(struct cpulist *list, const char **at)
{
    long first = parse_cpu(at), last = first;
    if (**at == '-') {
        ++*at;
        last = parse_cpu(at);
    }
    if (first < 0 || last < first)
        return -1;
    for (long cpu = first; cpu <= last; cpu++)
        cpulist_add(list, (unsigned)cpu);
    return 0;
}

int cpulist_parse(struct cpulist *list, const char *text)
{
    const char *at = text + strspn(text, " \t\n");
    cpulist_clear(list);
    while (*at) {
        int failed = parse_range(list, &at);
        const char *behind = at + strspn(at, " \t\n");
        if (failed || (*at == ',' ? !at[1] : *behind != '\0')) {
            cpulist_clear(list);
            return -1;
        }
        at = *at == ',' ? at + 1 : behind;
    }
    return 0;
}

const char *cpulist_print(const struct cpulist *list, char *text, size_t size)
{
    size_t length = 0;
    snprintf(text, size, "none");
    for (unsigned first = cpulist_next(list, 0); first < CPULIST_MAX;) {
        unsigned last = first;
        while (last + 1 < CPULIST_MAX && cpulist_has(list, last + 1))
            last++;
        char range[32];
        size_t more = (size_t)(first == last ? snprintf(range, sizeof range, "%u", first)
                                             : snprintf(range, sizeof range, "%u-%u", first, last));
        if (length + 1 + more + sizeof ",..." > size) {
            snprintf(text + length, size - length, "%s...", length ? "," : "");
            break;
        }
        length += (size_t)snprintf(text + length, size - length, "%s%s", length ? "," : "", range);
        first = cpulist_next(list, last + 1);
    }
    return text;
}
