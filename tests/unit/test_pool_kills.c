/* A thousand processes killed at random times while regions run: each task is decided exactly once,
 * no death costs more than a task a thread, nothing hangs, nothing is left. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "group.h"
#include "leftovers.h"
#include "pools.h"

#include "harness/measure/clock.h"
#include "harness/util/hash.h"

#include <signal.h>
#include <time.h>

#define KILLS 1000
#define PROCESSES_MAX 13
#define TASKS 2000
#define TASK_NS 1000
#define WAIT_MAX_NS 2000000

/* What the owner tells the killer, and the tasks tell the owner. */
struct scene {
    unsigned processes;
    _Atomic pid_t pids[PROCESSES_MAX]; /* as they were when the region began */
    _Atomic bool over;
    _Atomic unsigned killed; /* each pid counted once */
    _Atomic unsigned char runs[TASKS];
};

static int short_task(const void *ctx, void *local, uint64_t index, struct task_result *result)
{
    struct scene *scene = (struct scene *)ctx;
    (void)local;
    for (uint64_t start = clock_now(); clock_now() - start < TASK_NS;)
        ;
    scene->runs[index]++;
    result->value = index + 1;
    return 0;
}

/* ---- the killer ---- */

/* Kills a process that it has not killed yet; stopped first, every third one. A pid that has been
 * waited for is no longer in the list, or the parent's to wait for: it cannot be another's. */
static void kill_one(struct scene *scene, pid_t *killed, unsigned index, uint64_t random)
{
    pid_t pid = scene->pids[index];
    if (pid <= 0 || pid == killed[index] || scene->killed >= KILLS)
        return;
    if (random % 3 == 0)
        kill(pid, SIGSTOP);
    if (kill(pid, SIGKILL))
        return;
    killed[index] = pid;
    scene->killed++;
}

static _Noreturn void be_killer(struct scene *scene, uint64_t seed, pid_t owner)
{
    pid_t killed[PROCESSES_MAX] = {0};
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* the pids would be others' then */
    if (getppid() != owner)
        _exit(1);
    for (uint64_t turn = 0; !scene->over; turn++) {
        uint64_t random = hash_mix(seed, turn);
        nanosleep(&(struct timespec){.tv_nsec = (long)(random % WAIT_MAX_NS)}, NULL);
        unsigned first = (unsigned)(random >> 32) % scene->processes;
        unsigned count = (random >> 24) % 8 == 0 ? scene->processes : 1;
        for (unsigned i = 0; i < count; i++)
            kill_one(scene, killed, (first + i) % scene->processes, random >> 8);
    }
    _exit(0);
}

/* ---- what must hold ---- */

/* Returns how many tasks were lost. */
static unsigned assert_decided(const struct scene *scene, const struct arena *arena)
{
    unsigned lost = 0;
    for (uint64_t i = 0; i < TASKS; i++) {
        if (arena->status[i] == TASK_LOST) {
            assert_true(scene->runs[i] <= 1);
            lost++;
            continue;
        }
        assert_int_equal(arena->status[i], TASK_OK);
        assert_int_equal(arena_slot(arena, i)->value, i + 1);
        assert_int_equal(scene->runs[i], 1);
    }
    assert_int_equal(*arena->failed, lost);
    return lost;
}

/* But for the owner's, where it works. */
static void tell_pids(struct scene *scene, const struct pool *pool)
{
    for (unsigned i = pool->config.owner_works; i < scene->processes; i++)
        scene->pids[i] = pool_worker_pid(pool, i * pool->config.threads_each);
}

static void survive(const struct pool_ops *ops, unsigned processes, unsigned threads_each,
    bool owner_works, unsigned kills)
{
    struct scene *scene = pools_shared(sizeof *scene);
    struct arena arena;
    char why[512];
    unsigned lost = 0;
    kills = pools_part(kills);
    scene->processes = processes;
    assert_int_equal(arena_make(&arena, TASKS, 0), 0);
    const struct pool_config config = {.workers = processes * threads_each,
        .threads_each = threads_each,
        .owner_works = owner_works,
        .task = short_task,
        .ctx = scene,
        .arena = &arena};
    struct pool *pool = pools_try(ops, &config, why, sizeof why);
    if (!pool)
        fail_msg("%s", why);
    pid_t owner = getpid(), killer = fork();
    assert_true(killer >= 0);
    if (killer == 0)
        be_killer(scene, processes, owner);
    for (uint64_t region = 0; scene->killed < kills; region++) {
        tell_pids(scene, pool);
        memset((void *)scene->runs, 0, sizeof scene->runs);
        if (pool_map(pool, TASKS, region % 3))
            fail_msg("%s", task_message(0));
        lost += assert_decided(scene, &arena);
    }
    scene->over = true;
    assert_int_equal(waitpid(killer, NULL, 0), killer);
    assert_true(lost <= scene->killed * threads_each);
    print_message("%u processes of %u threads: %u killed, %u tasks lost\n", processes, threads_each,
        scene->killed, lost);
    pool_stop(pool);
    arena_free(&arena);
    pools_unshare(scene, sizeof *scene);
}

static void a_thousand_random_kills_cost_a_task_each_at_most(void **state)
{
    static const unsigned sizes[] = {1, 2, 5, 13};
    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        survive(&pool_processes, sizes[i], 1, false, i < 2 ? 100 : KILLS * 2 / 5);
}

static void a_killed_process_costs_a_task_a_thread_at_most(void **state)
{
    (void)state;
    survive(&pool_hybrid, 2, 2, false, 300);
    survive(&pool_hybrid, 1, 4, false, 100);
    survive(&pool_hybrid, 3, 3, false, 100);
}

static void random_kills_beside_a_working_owner_cost_a_task_each_at_most(void **state)
{
    (void)state;
    survive(&pool_processes, 2, 1, true, 200);
    survive(&pool_processes, 5, 1, true, 200);
}

static void killed_processes_that_were_not_forked_cost_a_task_each_at_most(void **state)
{
    (void)state;
    survive(&pool_spawn, 1, 1, false, 30);
    survive(&pool_spawn, 3, 1, false, 100);
}

int main(void)
{
    POOLS_ADD(a_thousand_random_kills_cost_a_task_each_at_most, &pool_processes);
    POOLS_ADD(random_kills_beside_a_working_owner_cost_a_task_each_at_most, &pool_processes);
    POOLS_ADD(a_killed_process_costs_a_task_a_thread_at_most, &pool_hybrid);
    POOLS_ADD(killed_processes_that_were_not_forked_cost_a_task_each_at_most, &pool_spawn);
    return group_run("kills", NULL, NULL);
}
