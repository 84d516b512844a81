/* `stats EXPERIMENTS`: the coverage table and the comparisons on this machine, with what is
 * promised of them. Status 1 when something was not met, 2 on usage. */
#include "stats.h"

#include "harness/util/units.h"

#include <stdint.h>
#include <stdio.h>

const char *stats_verdict(bool met)
{
    return met ? " met" : " NOT MET";
}

int main(int argc, char **argv)
{
    uint64_t experiments;
    if (argc != 2 || units_parse_count(argv[1], &experiments) || experiments < 1 ||
        experiments > 10000000) {
        fprintf(stderr, "usage: stats EXPERIMENTS, as in `stats 10k`\n");
        return 2;
    }
    bool met = stats_simulated((unsigned)experiments);
    met = stats_fits((unsigned)experiments) && met;
    met = stats_tune() && met;
    met = stats_real() && met;
    return met ? 0 : 1;
}
