/* Rules of thumb. Each is one line; what matters is which measured quantity goes in. */
#include "rule.h"

#include <math.h>

#define WORKERS_MAX 1e6

double rule_twice(unsigned cpus)
{
    return 2.0 * cpus + 1;
}

double rule_goetz(unsigned cpus, double wall_s, double cpu_s)
{
    return cpu_s > 0 ? cpus * fmax(1, wall_s / cpu_s) : NAN; /* clocks differ by some ticks */
}

double rule_little(double throughput, double task_s)
{
    return throughput * task_s;
}

unsigned rule_workers(double answer)
{
    return answer >= 0 && answer <= WORKERS_MAX ? (unsigned)fmax(1, round(answer)) : 0;
}
