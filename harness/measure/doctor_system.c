/* doctor: memory, address layout and limits. */
#include "../util/host.h"
#include "../util/limits.h"
#include "../util/units.h"
#include "doctor_looks.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/resource.h>
#include <unistd.h>

#define PROCESSES_FEW 1000
#define FILES_FEW 1024
#define PERF_USER 2 /* up to here users may count their own processes' events */

void doctor_thp(const struct doctor_facts *facts, struct doctor_finding *finding)
{
    (void)facts;
    char line[128], *chosen;
    host_line("/sys/kernel/mm/transparent_hugepage/enabled", line, sizeof line);
    chosen = strchr(line, '[');
    if (!chosen || !strchr(chosen, ']')) {
        doctor_say(
            finding, DOCTOR_OK, "no transparent huge pages are visible", "", DOCTOR_NOT_TOLD);
        return;
    }
    chosen++;
    chosen[strcspn(chosen, "]")] = '\0';
    if (strcmp(chosen, "always") == 0)
        doctor_say(finding, DOCTOR_NOTE,
            "which pages become huge is chance: memory cases differ from run to run",
            "echo madvise | sudo tee /sys/kernel/mm/transparent_hugepage/enabled", "%s", chosen);
    else
        doctor_say(finding, DOCTOR_OK, "huge pages only for those who ask", "", "%s", chosen);
}

/* Random layouts are wanted: a fixed one is an error of its own that no repetition shows (Mytkowicz
 * et al. 2009). */
void doctor_aslr(const struct doctor_facts *facts, struct doctor_finding *finding)
{
    (void)facts;
    uint64_t value;
    int own = personality(0xffffffff);
    if (own >= 0 && (own & ADDR_NO_RANDOMIZE))
        doctor_say(finding, DOCTOR_NOTE, "all samples share one address layout, good or bad",
            "run without setarch -R and outside a debugger", "off for this process");
    else if (host_count("/proc/sys/kernel/randomize_va_space", &value))
        doctor_say(finding, DOCTOR_OK, "whether address layouts are random is not visible", "",
            DOCTOR_NOT_TOLD);
    else if (value == 0)
        doctor_say(finding, DOCTOR_NOTE, "all samples share one address layout, good or bad",
            "sudo sysctl kernel.randomize_va_space=2", "0");
    else
        doctor_say(finding, DOCTOR_OK, "address layouts are random", "", "%llu",
            (unsigned long long)value);
}

void doctor_swap(const struct doctor_facts *facts, struct doctor_finding *finding)
{
    (void)facts;
    char line[512], size_text[32], used_text[32];
    double size = 0, used = 0;
    unsigned long long kib, kib_used;
    FILE *file = host_open("/proc/swaps");
    while (file && fgets(line, sizeof line, file))
        if (sscanf(line, "%*s %*s %llu %llu", &kib, &kib_used) == 2) {
            size += (double)kib * 1024;
            used += (double)kib_used * 1024;
        }
    if (file)
        fclose(file);
    units_si(size_text, sizeof size_text, size);
    units_si(used_text, sizeof used_text, used);
    if (used > 0)
        doctor_say(finding, DOCTOR_NOTE, "pages that come back during a run refuse its result",
            "sudo swapoff -a && sudo swapon -a, with enough memory free", "%sB of %sB used",
            used_text, size_text);
    else if (size > 0)
        doctor_say(finding, DOCTOR_OK,
            "unused; pages that come back during a run refuse its result", "", "%sB, unused",
            size_text);
    else
        doctor_say(finding, DOCTOR_OK, "nothing can be swapped", "", "none");
}

/* ---- limits ---- */

void doctor_processes(const struct doctor_facts *facts, struct doctor_finding *finding)
{
    (void)facts;
    struct limit limit;
    if (!limits_tightest(&limit)) {
        doctor_say(finding, DOCTOR_OK, "no limit of processes and threads is visible", "",
            DOCTOR_NOT_TOLD);
        return;
    }
    char advice[sizeof limit.name + 128], value[32];
    snprintf(advice, sizeof advice, "raise %s (%s), or keep to pools of fewer workers", limit.name,
        limit.raise);
    snprintf(value, sizeof value, "%" PRIu64, limit.value);
    finding->impossible = limit.room == 0 || limit.value == 1; /* that one are we */
    if (finding->impossible)
        doctor_say(finding, DOCTOR_PROBLEM,
            "every sample runs in a process of its own: none is left", advice, "%s", value);
    else if (limit.room < PROCESSES_FEW)
        doctor_say(finding, DOCTOR_NOTE, "processes and threads in all: larger pools cannot start",
            advice, "%s", value);
    else
        doctor_say(
            finding, DOCTOR_OK, "processes and threads that there may be in all", "", "%s", value);
}

void doctor_files(const struct doctor_facts *facts, struct doctor_finding *finding)
{
    (void)facts;
    struct rlimit own;
    if (getrlimit(RLIMIT_NOFILE, &own) || own.rlim_cur == RLIM_INFINITY) {
        doctor_say(finding, DOCTOR_OK, "open files are not limited", "", "no limit");
        return;
    }
    bool few = own.rlim_cur < FILES_FEW;
    doctor_say(finding, few ? DOCTOR_NOTE : DOCTOR_OK,
        few ? "open files: large pools of processes and io cases may run out of them"
            : "files that may be open at once",
        few ? "ulimit -n 4096" : "", "%llu", (unsigned long long)own.rlim_cur);
}

void doctor_perf(const struct doctor_facts *facts, struct doctor_finding *finding)
{
    (void)facts;
    uint64_t level;
    static const char path[] = "/proc/sys/kernel/perf_event_paranoid";
    if (host_count(path, &level)) {
        char line[32]; /* -1: everything is allowed */
        bool open = host_line(path, line, sizeof line) == 0 && strcmp(line, "-1") == 0;
        doctor_say(finding, DOCTOR_OK,
            open ? "`perf stat` beside poolbench may count everything"
                 : "whether `perf` may count is not visible; poolbench does not need it",
            "", "%s", open ? line : DOCTOR_NOT_TOLD);
    } else if (level > PERF_USER) {
        doctor_say(finding, DOCTOR_NOTE, "`perf stat` beside poolbench is for root alone",
            "sudo sysctl kernel.perf_event_paranoid=2", "%llu", (unsigned long long)level);
    } else {
        doctor_say(finding, DOCTOR_OK, "`perf stat` beside poolbench may count your own processes",
            "", "%llu", (unsigned long long)level);
    }
}
