/* doctor: what CPUs there are, and how they run. */
#include "../util/host.h"
#include "cpus.h"
#include "cpus_terms.h"
#include "doctor_looks.h"

#include <stdio.h>
#include <string.h>

#define CPU_FOLDER "/sys/devices/system/cpu"

/* Whether a cgroup is there whose quota cannot be read. */
static bool may_have_more(const struct cpus_terms *terms)
{
    bool hidden = false;
    for (size_t i = 0; i < terms->count; i++)
        hidden |= strcmp(terms->terms[i].name, "quota") == 0 && terms->terms[i].cpus < 0 &&
                  strstr(terms->terms[i].says, "not visible");
    return hidden;
}

void doctor_usable(const struct doctor_facts *facts, struct doctor_finding *finding)
{
    (void)facts;
    struct cpus_terms terms = cpus_terms_read();
    double quota = cpus_quota();
    const struct cpus_term *affinity = cpus_terms_find(&terms, "affinity");
    unsigned usable = terms.usable;
    if (affinity && usable > affinity->cpus)
        doctor_say(finding, DOCTOR_NOTE, "POOLBENCH_CPUS asks for more CPUs than there are",
            "unset POOLBENCH_CPUS", "%u", usable);
    else if (quota > 0 && quota < usable)
        doctor_say(finding, DOCTOR_NOTE,
            "the quota is less than these CPUs: with all of them at work the cgroup is throttled, "
            "and the result refused",
            "give the cgroup whole CPUs, or use fewer workers; poolbench cpus --explain", "%u",
            usable);
    else if (may_have_more(&terms))
        doctor_say(finding, DOCTOR_NOTE,
            "a CPU quota may stand in a cgroup that is not visible from here",
            "poolbench cpus --explain; where you know better, POOLBENCH_CPUS=N", "%u", usable);
    else if (usable == 1)
        doctor_say(finding, DOCTOR_NOTE, "no pool can be faster than serial at computing",
            "poolbench cpus --explain shows what limits it; io cases gain here as well", "%u",
            usable);
    else
        doctor_say(
            finding, DOCTOR_OK, "usable; `poolbench cpus --explain` shows why", "", "%u", usable);
    cpus_terms_free(&terms);
}

void doctor_cores(const struct doctor_facts *facts, struct doctor_finding *finding)
{
    (void)facts;
    struct cpus_terms terms = cpus_terms_read();
    const struct cpus_term *cores = cpus_terms_find(&terms, "cores");
    if (!cores)
        doctor_say(finding, DOCTOR_OK, "which CPUs share a core is not known", "", DOCTOR_NOT_TOLD);
    else if (cores->cpus < terms.usable)
        doctor_say(finding, DOCTOR_NOTE,
            "usable CPUs share cores: speedup beyond this number is less than one a CPU",
            "for one CPU a core: taskset -c LIST, see " CPU_FOLDER
            "/cpu*/topology/thread_siblings_list",
            "%g", cores->cpus);
    else
        doctor_say(finding, DOCTOR_OK, "physical cores among the CPUs of the affinity mask", "",
            "%g", cores->cpus);
    cpus_terms_free(&terms);
}

void doctor_isolated(const struct doctor_facts *facts, struct doctor_finding *finding)
{
    (void)facts;
    struct cpulist ours, isolated;
    char text[CPULIST_TEXT];
    cpus_list(&ours);
    bool told = host_line(CPU_FOLDER "/isolated", text, sizeof text) == 0;
    if (!told || cpulist_parse(&isolated, text) || cpulist_count(&isolated) == 0) {
        doctor_say(finding, DOCTOR_OK, "the scheduler balances all CPUs", "", "none");
        return;
    }
    cpulist_keep(&ours, &isolated);
    if (cpulist_count(&ours) == 0)
        doctor_say(
            finding, DOCTOR_OK, "kept from the scheduler, and not used by us", "", "%.200s", text);
    else
        doctor_say(finding, DOCTOR_PROBLEM,
            "the affinity mask has isolated CPUs: the scheduler leaves all workers on one of them",
            "taskset -c with CPUs that are not isolated", "%.200s", text);
}

void doctor_governor(const struct doctor_facts *facts, struct doctor_finding *finding)
{
    (void)facts;
    struct cpulist ours;
    char path[128], name[64];
    cpus_list(&ours);
    snprintf(
        path, sizeof path, CPU_FOLDER "/cpu%u/cpufreq/scaling_governor", cpulist_next(&ours, 0));
    if (host_line(path, name, sizeof name))
        doctor_say(finding, DOCTOR_OK,
            "no control of the frequency is visible here; the canary watches the speed instead", "",
            DOCTOR_NOT_TOLD);
    else if (strcmp(name, "performance") == 0)
        doctor_say(finding, DOCTOR_OK, "the frequency does not follow the load", "", "%s", name);
    else
        doctor_say(finding, DOCTOR_NOTE,
            "the frequency follows the load: short regions run slower than long ones",
            "sudo cpupower frequency-set -g performance", "%s", name);
}

void doctor_turbo(const struct doctor_facts *facts, struct doctor_finding *finding)
{
    (void)facts;
    static const char meaning[] =
        "one busy CPU runs faster than all of them: serial gains, and speedup looks smaller";
    uint64_t value;
    if (host_count(CPU_FOLDER "/intel_pstate/no_turbo", &value) == 0 && value == 0)
        doctor_say(finding, DOCTOR_NOTE, meaning,
            "echo 1 | sudo tee " CPU_FOLDER "/intel_pstate/no_turbo", "on");
    else if (host_count(CPU_FOLDER "/cpufreq/boost", &value) == 0 && value > 0)
        doctor_say(
            finding, DOCTOR_NOTE, meaning, "echo 0 | sudo tee " CPU_FOLDER "/cpufreq/boost", "on");
    else if (host_exists(CPU_FOLDER "/intel_pstate/no_turbo") ||
             host_exists(CPU_FOLDER "/cpufreq/boost"))
        doctor_say(finding, DOCTOR_OK, "one busy CPU runs as fast as all of them", "", "off");
    else
        doctor_say(finding, DOCTOR_OK, "whether one busy CPU runs faster than all is not visible",
            "", DOCTOR_NOT_TOLD);
}

/* Whether the text has this word among blanks. */
static bool has_word(const char *text, const char *word)
{
    size_t length = strlen(word);
    for (const char *at = text; *at; at += strcspn(at, " "), at += strspn(at, " "))
        if (strcspn(at, " ") == length && strncmp(at, word, length) == 0)
            return true;
    return false;
}

void doctor_virtual(const struct doctor_facts *facts, struct doctor_finding *finding)
{
    (void)facts;
    static const char meaning[] =
        "other machines share the CPUs: what they take shows as steal, or not at all";
    static const char advice[] = "compare only with results of this machine; repeat at other hours";
    char version[256], flags[8192];
    bool microsoft = host_line("/proc/version", version, sizeof version) == 0 &&
                     (strstr(version, "microsoft") || strstr(version, "Microsoft"));
    if (microsoft)
        doctor_say(finding, DOCTOR_NOTE, meaning, advice, "WSL");
    else if (host_line("/sys/hypervisor/type", version, sizeof version) == 0)
        doctor_say(finding, DOCTOR_NOTE, meaning, advice, "%.200s", version);
    else if (host_field("/proc/cpuinfo", "flags", flags, sizeof flags) == 0 &&
             has_word(flags, "hypervisor"))
        doctor_say(finding, DOCTOR_NOTE, meaning, advice, "virtual machine");
    else
        doctor_say(finding, DOCTOR_OK, "no hypervisor is visible", "", "none");
}
