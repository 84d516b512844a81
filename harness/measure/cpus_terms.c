/* The terms of the CPU count, one after the other as they are read. */
#include "cpus_terms.h"

#include "../util/host.h"
#include "cpus.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CPU_FOLDER "/sys/devices/system/cpu"

/* A new term; where there is no memory for it, one that nobody sees. */
static struct cpus_term *add(struct cpus_terms *terms, const char *name, double cpus)
{
    static _Thread_local struct cpus_term lost;
    struct cpus_term *grown = realloc(terms->terms, (terms->count + 1) * sizeof *terms->terms);
    if (!grown)
        return &lost;
    terms->terms = grown;
    grown += terms->count++;
    *grown = (struct cpus_term){.name = name, .cpus = cpus};
    return grown;
}

static void add_environment(struct cpus_terms *terms)
{
    unsigned asked;
    int given = cpus_override(&asked);
    struct cpus_term *term = add(terms, "environment", given > 0 ? (double)asked : -1);
    snprintf(term->where, sizeof term->where, "POOLBENCH_CPUS");
    snprintf(term->says, sizeof term->says, "%s",
        given > 0   ? getenv("POOLBENCH_CPUS")
        : given < 0 ? "no number of CPUs"
                    : "not set");
}

static void add_list(struct cpus_terms *terms, const char *name, const struct cpulist *list)
{
    struct cpus_term *term = add(terms, name, cpulist_count(list));
    cpulist_print(list, term->says, sizeof term->says);
}

/* ---- levels of the cgroup tree ---- */

static struct cpus_term *add_level(
    struct cpus_terms *terms, const char *name, const struct cgroup_level *level)
{
    struct cpus_term *term = add(terms, name, -1);
    term->version = level->version;
    snprintf(term->where, sizeof term->where, "%s", level->folder);
    return term;
}

static void add_quota(const struct cgroup_level *level, void *context)
{
    char says[128];
    double quota = cpus_level_quota(level, says, sizeof says);
    if (!*says && !level->hidden)
        return;
    struct cpus_term *term = add_level(context, "quota", level);
    if (quota > 0)
        term->cpus = quota;
    snprintf(term->says, sizeof term->says, "%s", level->hidden ? "not visible from here" : says);
}

static void add_cpuset(const struct cgroup_level *level, void *context)
{
    struct cpulist list;
    char path[PATH_MAX], text[CPULIST_TEXT];
    const char *name = level->version == 2 ? "cpuset.cpus.effective" : "cpuset.cpus";
    if (cgroup_path(level, name, path, sizeof path) || host_line(path, text, sizeof text))
        return;
    struct cpus_term *term = add_level(context, "cpuset", level);
    if (cpulist_parse(&list, text)) {
        snprintf(term->says, sizeof term->says, "not understood: \"%.64s\"", text);
        return;
    }
    term->cpus = cpulist_count(&list);
    cpulist_print(&list, term->says, sizeof term->says);
}

/* ---- the machine ---- */

/* A list that the kernel keeps of all CPUs; left out where it is empty or missing. */
static void add_machine(struct cpus_terms *terms, const char *name)
{
    struct cpulist list;
    char path[64], text[CPULIST_TEXT];
    snprintf(path, sizeof path, CPU_FOLDER "/%s", name);
    if (host_line(path, text, sizeof text) == 0 && cpulist_parse(&list, text) == 0 &&
        cpulist_count(&list))
        add_list(terms, name, &list);
}

/* The hardware threads of the core that a CPU belongs to. Returns 0, or -1: not told. */
static int read_core(unsigned cpu, struct cpulist *core)
{
    static const char *const names[] = {"core_cpus_list", "thread_siblings_list"}; /* new, old */
    char path[128], text[1024];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(path, sizeof path, CPU_FOLDER "/cpu%u/topology/%s", cpu, names[i]);
        if (host_line(path, text, sizeof text) == 0 && cpulist_parse(core, text) == 0 &&
            cpulist_has(core, cpu))
            return 0;
    }
    return -1;
}

/* A core counts with its first CPU in the list. */
static void add_cores(struct cpus_terms *terms, const struct cpulist *list)
{
    struct cpulist core;
    unsigned cores = 0, known = 0, threads = 0;
    for (unsigned cpu = cpulist_next(list, 0); cpu < CPULIST_MAX;
         cpu = cpulist_next(list, cpu + 1)) {
        if (read_core(cpu, &core))
            continue;
        known++;
        if (cpulist_count(&core) > threads)
            threads = cpulist_count(&core);
        cpulist_keep(&core, list);
        cores += cpulist_next(&core, 0) == cpu;
    }
    if (known < cpulist_count(list))
        return;
    struct cpus_term *term = add(terms, "cores", cores);
    snprintf(term->says, sizeof term->says,
        threads > 1 ? "up to %u hardware threads each" : "%u hardware thread each", threads);
}

/* ---- which one decides ---- */

/* A quota is rounded up against the mask, but of two quotas the smaller one counts. */
static bool is_tighter(const struct cpus_term *term, const struct cpus_term *than)
{
    return (than->version ? term->cpus : ceil(term->cpus)) < than->cpus;
}

static void decide(struct cpus_terms *terms)
{
    struct cpus_term *decisive = NULL;
    for (size_t i = 0; i < terms->count; i++) {
        struct cpus_term *term = &terms->terms[i];
        bool environment = strcmp(term->name, "environment") == 0;
        bool limits =
            environment || strcmp(term->name, "affinity") == 0 || strcmp(term->name, "quota") == 0;
        if (limits && term->cpus >= 0 && (!decisive || is_tighter(term, decisive)))
            decisive = term;
        if (environment && decisive)
            break;
    }
    if (decisive)
        decisive->decides = true;
}

struct cpus_terms cpus_terms_read(void)
{
    struct cpus_terms terms = {.usable = cpus_usable()};
    struct cpulist list;
    cpus_list(&list);
    add_environment(&terms);
    add_list(&terms, "affinity", &list);
    cgroup_climb("cpu", add_quota, &terms);
    cgroup_climb("cpuset", add_cpuset, &terms);
    add_machine(&terms, "online");
    add_machine(&terms, "offline");
    add_machine(&terms, "isolated");
    add_cores(&terms, &list);
    decide(&terms);
    return terms;
}

void cpus_terms_free(struct cpus_terms *terms)
{
    free(terms->terms);
    *terms = (struct cpus_terms){0};
}

const struct cpus_term *cpus_terms_decisive(const struct cpus_terms *terms)
{
    for (size_t i = 0; i < terms->count; i++)
        if (terms->terms[i].decides)
            return &terms->terms[i];
    return NULL;
}

const struct cpus_term *cpus_terms_find(const struct cpus_terms *terms, const char *name)
{
    for (size_t i = 0; i < terms->count; i++)
        if (strcmp(terms->terms[i].name, name) == 0)
            return &terms->terms[i];
    return NULL;
}

unsigned cpus_terms_cores(void)
{
    struct cpus_terms terms = cpus_terms_read();
    const struct cpus_term *cores = cpus_terms_find(&terms, "cores");
    unsigned count = cores ? (unsigned)cores->cpus : 0;
    cpus_terms_free(&terms);
    return count;
}
