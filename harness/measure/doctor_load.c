/* doctor: who else used the machine over the window. The limits are the verdict's. */
#include "../analyze/verdict.h"
#include "cpus.h"
#include "doctor_looks.h"

#include <stdio.h>

#define PRESSURE_HIGH 10.0 /* % */

void doctor_steal(const struct doctor_facts *facts, struct doctor_finding *finding)
{
    const struct result_noise *noise = &facts->noise;
    if (noise->cpu_ticks == 0) {
        doctor_say(finding, DOCTOR_NOTE, "what a hypervisor takes would not be seen",
            "compare only with results of this machine", DOCTOR_NOT_TOLD);
        return;
    }
    double part = (double)noise->steal_ticks / (double)noise->cpu_ticks;
    bool much = part > VERDICT_STEAL_PART && noise->steal_ticks >= VERDICT_STEAL_TICKS;
    doctor_say(finding, much ? DOCTOR_PROBLEM : DOCTOR_OK,
        much ? "the hypervisor gave our CPUs to others: results will be refused"
             : "of the CPU time of the last second went to other virtual machines",
        much ? "repeat at another hour, or on a machine with CPUs of its own" : "", "%.1f %%",
        100 * part);
}

void doctor_others(const struct doctor_facts *facts, struct doctor_finding *finding)
{
    const struct result_noise *noise = &facts->noise;
    double capacity = noise->window_s * cpus_usable();
    double part = capacity > 0 ? noise->others_s / capacity : 0;
    bool some = part > VERDICT_OTHERS_SUSPECT && noise->others_s >= VERDICT_OTHERS_SECONDS;
    bool much = some && part > VERDICT_OTHERS_REFUSED;
    doctor_say(finding,
        much   ? DOCTOR_PROBLEM
        : some ? DOCTOR_NOTE
               : DOCTOR_OK,
        much   ? "other processes hold CPUs that the pools would need: results will be refused"
        : some ? "other processes hold CPUs that the pools would need: results will be suspect"
               : "of the usable CPUs went to other processes in the last second",
        some ? "stop what `top -o %CPU` shows" : "", "%.0f %%", 100 * part);
}

void doctor_pressure(const struct doctor_facts *facts, struct doctor_finding *finding)
{
    double pressure = facts->noise.psi_cpu;
    if (pressure < 0)
        doctor_say(finding, DOCTOR_NOTE,
            "this kernel does not tell how long tasks waited for a CPU", "boot with psi=1",
            DOCTOR_NOT_TOLD);
    else if (pressure > PRESSURE_HIGH)
        doctor_say(finding, DOCTOR_NOTE,
            "of the last 10 s some task waited for a CPU: there was more to run than CPUs",
            "stop what `top -o %CPU` shows", "%.0f %%", pressure);
    else
        doctor_say(finding, DOCTOR_OK, "of the last 10 s some task waited for a CPU", "", "%.0f %%",
            pressure);
}

void doctor_throttling(const struct doctor_facts *facts, struct doctor_finding *finding)
{
    unsigned long long periods = facts->noise.throttled;
    doctor_say(finding, periods ? DOCTOR_PROBLEM : DOCTOR_OK,
        periods ? "the cgroup's quota was used up within a second: results will be refused"
                : "the cgroup did not use up its quota in the last second",
        periods ? "raise the quota; poolbench cpus --explain shows where it stands" : "",
        "%llu period%s", periods, periods == 1 ? "" : "s");
}

void doctor_stalled(const struct doctor_facts *facts, struct doctor_finding *finding)
{
    const struct result_noise *noise = &facts->noise;
    double part = noise->window_s > 0 ? (double)noise->stalled_us * 1e-6 / noise->window_s : 0;
    bool much = part > VERDICT_STALLED;
    doctor_say(finding, much ? DOCTOR_PROBLEM : DOCTOR_OK,
        much ? "tasks wait for memory: results will be suspect, or refused when pages are swapped"
             : "of the last second some task waited for memory",
        much ? "free memory: stop what `top -o %MEM` shows" : "", "%.1f %%", 100 * part);
}
