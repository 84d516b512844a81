/* `stress TASKS`: so many tasks through threads and a tenth of them through processes, each index
 * of each region exactly once. Status 1 when one was missed or doubled, 2 on usage. */
#include "stress.h"

#include "harness/util/units.h"

extern const struct pool_ops pool_threads, pool_processes;

int main(int argc, char **argv)
{
    double tasks;
    if (argc != 2 || units_parse_real(argv[1], &tasks) || tasks < 1 || tasks > 1e15) {
        fprintf(stderr, "usage: stress TASKS, as in `stress 1e9`\n");
        return 2;
    }
    bool right = stress_backend(&pool_threads, (uint64_t)tasks);
    right = stress_backend(&pool_processes, (uint64_t)tasks / 10) && right;
    return right ? 0 : 1;
}
