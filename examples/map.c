/* The squares below 1000, by two threads; `pool_processes` does it by two processes. Build it as
 * README.md ("As a library") says. */
#include "harness/pool/pool.h"
#include <stdio.h>
static int square(const void *ctx, void *local, uint64_t index, struct task_result *result)
{
    result->value = index * index;
    return 0;
}
int main(void)
{
    uint64_t squares[1000];
    int code = pool_run(&pool_threads, 2, square, NULL, 1000, squares);
    if (code)
        return fprintf(stderr, "map: %s\n", task_message(code)), 1;
    printf("%lu and so on to %lu\n", squares[1], squares[999]);
}
