/* Samples in processes of their own, on a case made for this: what is timed, what is judged, and
 * that a sample that dies or is interrupted leaves nothing to the next. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "group.h"
#include "leftovers.h"
#include "pools.h"

#include "harness/measure/registry.h"
#include "harness/measure/runner.h"
#include "harness/util/interrupt.h"

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>

#define TASKS 20
#define MILLISECOND 1000000

/* What the case's tasks do and note, shared with all processes. */
struct script {
    int (*act)(struct script *script, uint64_t index);
    _Atomic uint64_t runs, entries;
    uint64_t offset;  /* added to every value */
    long enter_ns;    /* how long a worker takes to enter */
    int enter_code;   /* what it then returns */
    atomic_bool left; /* by a worker, once */
    pid_t test;       /* the process that takes the samples */
};

static int script_task(const void *ctx, void *local, uint64_t index, struct task_result *result)
{
    struct script *script = (struct script *)ctx;
    (void)local;
    script->runs++;
    result->value = index + script->offset;
    return script->act ? script->act(script, index) : 0;
}

static int script_enter(const void *ctx, void **local)
{
    struct script *script = (struct script *)ctx;
    (void)local;
    script->entries++;
    nanosleep(&(struct timespec){.tv_nsec = script->enter_ns}, NULL);
    return script->enter_code;
}

static const struct bench_case scripted = {
    .name = "scripted", .task = script_task, .worker_enter = script_enter};

struct stage {
    struct workload workload;
    struct script *script;
};

static struct stage set_up(int (*act)(struct script *script, uint64_t index))
{
    struct stage stage = {.script = pools_shared(sizeof *stage.script)};
    stage.script->act = act;
    stage.script->test = getpid();
    stage.workload.bench = &scripted;
    stage.workload.run = (struct case_run){.tasks = TASKS, .ctx = stage.script};
    stage.workload.reference = calloc(TASKS, sizeof *stage.workload.reference);
    stage.workload.known = calloc(TASKS, sizeof *stage.workload.known);
    assert_true(stage.workload.reference && stage.workload.known);
    assert_int_equal(arena_make(&stage.workload.arena, TASKS, 0), 0);
    return stage;
}

static void tear_down(struct stage *stage)
{
    pools_unshare(stage->script, sizeof *stage->script);
    workload_close(&stage->workload);
}

static unsigned workers_of(const struct pool_ops *ops)
{
    return strcmp(ops->name, "serial") == 0 ? 1 : 3;
}

static struct runner_spec spec_of(const struct pool_ops *ops)
{
    return (struct runner_spec){.ops = ops, .workers = workers_of(ops), .tasks = TASKS};
}

static struct result_sample take(struct stage *stage, const struct runner_spec *spec)
{
    struct result_sample sample = {.block = 4, .config = 2, .order = 1, .at_s = 0.5};
    assert_int_equal(runner_measure(&stage->workload, spec, &sample, NULL), 0);
    return sample;
}

static uint64_t checksum_of(uint64_t offset)
{
    uint64_t sum = 0;
    for (uint64_t i = 0; i < TASKS; i++)
        sum += hash_mix(i, i + offset);
    return sum;
}

/* ---- what is timed ---- */

static void a_region_runs_once_and_as_often_as_the_time_asks(void **state)
{
    struct stage stage = set_up(NULL);
    struct runner_spec spec = spec_of(*state);
    struct result_sample once = take(&stage, &spec);
    assert_int_equal(once.regions, 1);
    assert_int_equal(stage.script->runs, TASKS);
    assert_int_equal(once.block == 4 && once.config == 2 && once.order == 1, 1);
    assert_true(once.at_s == 0.5);

    stage.script->runs = 0;
    spec.least_seconds = spec.ops->per_task ? 0.25 : 0.005;
    struct result_sample repeated = take(&stage, &spec);
    assert_true(repeated.wall_s >= 0.005);
    assert_true(repeated.regions > 1);
    assert_int_equal(stage.script->runs, repeated.regions * TASKS);
    assert_int_equal(repeated.ok, TASKS);
    tear_down(&stage);
}

static int take_long(struct script *script, uint64_t index)
{
    (void)script;
    (void)index;
    nanosleep(&(struct timespec){.tv_nsec = 6 * MILLISECOND}, NULL);
    return 0;
}

static void the_warm_up_is_two_long_tasks_a_worker_and_not_timed(void **state)
{
    struct stage stage = set_up(take_long);
    struct runner_spec spec = spec_of(*state);
    spec.warm_up = true;
    struct result_sample sample = take(&stage, &spec);
    assert_int_equal(sample.regions, 1);
    assert_int_equal(stage.script->runs, TASKS + 2 * spec.workers);
    tear_down(&stage);
}

static void short_tasks_warm_up_for_some_milliseconds(void **state)
{
    struct stage stage = set_up(NULL);
    struct runner_spec spec = spec_of(*state);
    spec.warm_up = true;
    struct result_sample sample = take(&stage, &spec);
    assert_int_equal(sample.regions, 1);
    assert_true(stage.script->runs > TASKS + 2 * spec.workers);
    tear_down(&stage);
}

static void start_is_timed_apart_and_in_a_cold_sample_with_the_region(void **state)
{
    struct stage stage = set_up(NULL);
    struct runner_spec spec = spec_of(*state);
    stage.script->enter_ns = 50 * MILLISECOND;
    struct result_sample warm = take(&stage, &spec);
    assert_true(warm.start_s >= 0.05);
    assert_true(warm.wall_s < warm.start_s || spec.ops->per_task);
    spec.cold = true;
    struct result_sample cold = take(&stage, &spec);
    assert_true(cold.wall_s >= 0.05);
    assert_int_equal(cold.ok, TASKS);

    stage.script->enter_ns = 0;
    stage.script->entries = 0;
    spec.least_seconds = spec.ops->per_task ? 0.25 : 0.1;
    cold = take(&stage, &spec);
    assert_true(cold.regions > 1);
    uint64_t entries = spec.ops->per_task ? 1 + TASKS : spec.workers; /* one is a trial */
    assert_int_equal(stage.script->entries, cold.regions * entries);
    tear_down(&stage);
}

static int wait_a_little(struct script *script, uint64_t index)
{
    (void)script;
    nanosleep(&(struct timespec){.tv_nsec = index % 2 ? 2 * MILLISECOND : 0}, NULL);
    return 0;
}

/* Serial's loop carries them too; a backend without calls says so. */
static void tasks_as_calls_carry_bytes_both_ways(void **state)
{
    struct stage stage = set_up(NULL);
    struct runner_spec spec = spec_of(*state);
    bool serial = strcmp(spec.ops->name, "serial") == 0;
    spec.calls = true;
    spec.payload = 100001;
    spec.result = 3000;
    struct result_sample sample = take(&stage, &spec);
    if (!serial && !spec.ops->shrinks) {
        assert_non_null(strstr(sample.failure, "this backend runs regions only, no calls"));
        tear_down(&stage);
        return;
    }
    assert_string_equal(sample.failure, "");
    assert_int_equal(sample.ok, TASKS);
    assert_int_equal(stage.script->runs, TASKS);
    assert_true(sample.checksum == checksum_of(0));
    spec.payload = spec.result = 0;
    spec.warm_up = true;
    sample = take(&stage, &spec);
    assert_int_equal(sample.ok, TASKS);
    assert_true(sample.checksum == checksum_of(0));
    tear_down(&stage);
}

static int fail_third(struct script *script, uint64_t index)
{
    (void)script;
    return index == 3 ? task_fail(EILSEQ, "task 3 cannot") : 0;
}

static void a_call_that_fails_leaves_a_reason_and_no_time(void **state)
{
    const struct pool_ops *ops = *state;
    struct stage stage = set_up(fail_third);
    struct runner_spec spec = spec_of(ops);
    spec.calls = true;
    struct result_sample sample = take(&stage, &spec);
    assert_string_equal(sample.failure, "task 3 cannot");
    tear_down(&stage);
}

static void single_tasks_are_timed(void **state)
{
    struct stage stage = set_up(wait_a_little);
    struct runner_spec spec = spec_of(*state);
    struct result_sample sample = {0};
    struct runner_detail detail;
    spec.task_times = true;
    assert_int_equal(runner_measure(&stage.workload, &spec, &sample, &detail), 0);
    assert_int_equal(detail.task_times_count, TASKS);
    for (size_t i = 0; i < TASKS; i++) {
        assert_true(detail.task_times[i] > 0);
        assert_true(i % 2 == 0 || detail.task_times[i] >= 2e-3);
    }
    assert_int_equal(detail.pids != NULL, spec.ops->processes);
    free(detail.pids);
    tear_down(&stage);
}

/* ---- what is judged ---- */

static struct result_sample take_serially(struct stage *stage)
{
    struct runner_spec spec = spec_of(registry_backend("serial"));
    return take(stage, &spec);
}

static void a_value_that_differs_from_serials_is_wrong(void **state)
{
    struct stage stage = set_up(NULL);
    struct runner_spec spec = spec_of(*state);
    struct result_sample first = take_serially(&stage), again = take(&stage, &spec);
    assert_false(first.checksum_wrong || again.checksum_wrong);
    assert_int_equal(first.checksum, checksum_of(0));
    assert_int_equal(again.checksum, first.checksum);
    stage.script->offset = 1;
    struct result_sample other = take(&stage, &spec);
    assert_true(other.checksum_wrong);
    assert_int_equal(other.checksum, checksum_of(1));
    tear_down(&stage);
}

static int fail_some(struct script *script, uint64_t index)
{
    (void)script;
    return index % 5 == 0 ? task_fail(ENOENT, "number %llu", (unsigned long long)index) : 0;
}

static void failing_tasks_are_errors_and_not_wrong(void **state)
{
    struct stage stage = set_up(fail_some);
    struct runner_spec spec = spec_of(*state);
    for (int repeat = 0; repeat < 2; repeat++) {
        struct result_sample sample = take(&stage, &spec);
        assert_string_equal(sample.failure, "");
        assert_int_equal(sample.ok, TASKS - 4);
        assert_int_equal(sample.errors, 4);
        assert_int_equal(sample.lost, 0);
        assert_false(sample.checksum_wrong);
    }
    assert_int_equal(*stage.workload.arena.failed, 4);
    tear_down(&stage);
}

static void subsets_run_the_tasks_that_they_name(void **state)
{
    static const uint64_t indices[] = {3, 7, 8, 19};
    struct stage stage = set_up(NULL);
    struct runner_spec spec = spec_of(*state);
    spec.indices = indices;
    spec.tasks = 4;
    struct result_sample sample = take(&stage, &spec);
    uint64_t sum = 0;
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(arena_slot(&stage.workload.arena, i)->value, indices[i]);
        sum += hash_mix(indices[i], indices[i]);
    }
    assert_int_equal(sample.checksum, sum);
    assert_int_equal(stage.script->runs, 4);
    bool serial = strcmp(spec.ops->name, "serial") == 0; /* whose results alone become reference */
    for (size_t i = 0; i < TASKS; i++)
        assert_int_equal(
            stage.workload.known[i], serial && (i == 3 || i == 7 || i == 8 || i == 19));
    tear_down(&stage);
}

/* ---- what goes wrong ---- */

static void a_worker_that_cannot_enter_leaves_a_reason_and_no_time(void **state)
{
    struct stage stage = set_up(NULL);
    struct runner_spec spec = spec_of(*state);
    stage.script->enter_code = EMFILE;
    struct result_sample sample = take(&stage, &spec);
    assert_non_null(strstr(sample.failure, strerror(EMFILE)));
    assert_true(sample.wall_s == 0);
    assert_int_equal(sample.ok, 0);
    stage.script->enter_code = 0;
    sample = take(&stage, &spec);
    assert_string_equal(sample.failure, "");
    assert_int_equal(sample.ok, TASKS);
    tear_down(&stage);
}

/* Orphans of a sample come to us, its subreaper, and end with it. */
static void reap_orphans(void)
{
    while (waitpid(-1, NULL, 0) > 0)
        ;
}

/* The sample's process is the task's own where workers are threads, else its parent. */
static int kill_sample(struct script *script, uint64_t index)
{
    if (index != TASKS / 2)
        return 0;
    kill(getppid() == script->test ? getpid() : getppid(), SIGKILL);
    for (;;) /* a worker dies with its parent */
        pause();
}

static void a_killed_sample_says_so_and_the_next_is_sound(void **state)
{
    struct stage stage = set_up(kill_sample);
    struct runner_spec spec = spec_of(*state);
    struct result_sample sample = take(&stage, &spec);
    assert_string_equal(sample.failure, "the sample's process was killed by signal 9 (Killed)");
    assert_true(sample.lost > 0);
    assert_int_equal(sample.ok + sample.errors + sample.lost, TASKS);
    reap_orphans();
    stage.script->act = NULL;
    sample = take(&stage, &spec);
    assert_string_equal(sample.failure, "");
    assert_int_equal(sample.ok, TASKS);
    tear_down(&stage);
}

static int leave(struct script *script, uint64_t index)
{
    (void)script;
    if (index == TASKS / 2)
        _exit(5);
    return 0;
}

static void a_task_that_exits_costs_the_sample_or_with_processes_itself(void **state)
{
    struct stage stage = set_up(leave);
    struct runner_spec spec = spec_of(*state);
    struct result_sample sample = take(&stage, &spec);
    if (spec.ops->processes) {
        assert_string_equal(sample.failure, "");
        unsigned most = spec.ops->threads_each ? spec.ops->threads_each(spec.workers) : 1;
        assert_in_range(sample.lost, 1, most); /* what a process's threads were running */
        assert_int_equal(sample.ok, TASKS - sample.lost);
    } else {
        assert_string_equal(sample.failure, "the sample's process exited with status 5");
    }
    tear_down(&stage);
}

static int leave_once(struct script *script, uint64_t index)
{
    if (index == TASKS / 2 && !atomic_exchange(&script->left, true))
        _exit(5);
    return 0;
}

static void a_worker_that_dies_is_told_even_where_its_task_is_retried(void **state)
{
    struct stage stage = set_up(leave_once);
    struct runner_spec spec = spec_of(*state);
    spec.task_retries = 2;
    struct result_sample sample = take(&stage, &spec);
    assert_string_equal(sample.failure, "");
    assert_int_equal(sample.ok, TASKS);
    unsigned most = spec.ops->threads_each ? spec.ops->threads_each(spec.workers) : 1;
    assert_in_range(sample.died, 1, most); /* the workers that were threads of its process */
    sample = take(&stage, &spec);
    assert_int_equal(sample.died, 0);
    tear_down(&stage);
}

/* ---- signals ---- */

static int interrupt_test(struct script *script, uint64_t index)
{
    if (index > 0)
        return 0;
    kill(script->test, SIGINT);
    for (;;)
        pause();
}

/* In a child, because handlers and the request are the process's. */
static void interrupted_sample_ends(const struct pool_ops *ops, bool twice)
{
    int status;
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        struct stage stage = set_up(interrupt_test);
        struct runner_spec spec = spec_of(ops);
        struct result_sample sample = {0};
        interrupt_install();
        if (twice)
            raise(SIGTERM);
        int first = runner_measure(&stage.workload, &spec, &sample, NULL);
        int next = runner_measure(&stage.workload, &spec, &sample, NULL);
        bool once = stage.script->runs <= TASKS;
        if (twice)
            raise(SIGINT); /* ends us */
        _exit(first == -1 && next == -1 && once && interrupt_requested() ? 0 : 1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), twice ? STATUS_INTERRUPTED : 0);
    reap_orphans();
}

static void a_signal_ends_the_sample_and_refuses_the_next(void **state)
{
    interrupted_sample_ends(*state, false);
}

static void a_second_signal_ends_the_program_at_once(void **state)
{
    interrupted_sample_ends(*state, true);
}

int main(void)
{
    setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
    for (const struct pool_ops *const *ops = registry_backends; *ops; ops++) {
        if (((*ops)->supported && (*ops)->supported()) || *ops == &pool_spawn || (*ops)->events)
            continue; /* spawn's workers open a case by its name, events has forms of its own:
                         test_contract has both */
        POOLS_ADD(a_region_runs_once_and_as_often_as_the_time_asks, *ops);
        POOLS_ADD(start_is_timed_apart_and_in_a_cold_sample_with_the_region, *ops);
        POOLS_ADD(the_warm_up_is_two_long_tasks_a_worker_and_not_timed, *ops);
        if (!(*ops)->per_task)
            POOLS_ADD(short_tasks_warm_up_for_some_milliseconds, *ops);
        POOLS_ADD(tasks_as_calls_carry_bytes_both_ways, *ops);
        if ((*ops)->shrinks)
            POOLS_ADD(a_call_that_fails_leaves_a_reason_and_no_time, *ops);
        POOLS_ADD(single_tasks_are_timed, *ops);
        POOLS_ADD(a_value_that_differs_from_serials_is_wrong, *ops);
        POOLS_ADD(failing_tasks_are_errors_and_not_wrong, *ops);
        POOLS_ADD(subsets_run_the_tasks_that_they_name, *ops);
        POOLS_ADD(a_worker_that_cannot_enter_leaves_a_reason_and_no_time, *ops);
        POOLS_ADD(a_killed_sample_says_so_and_the_next_is_sound, *ops);
        POOLS_ADD(a_task_that_exits_costs_the_sample_or_with_processes_itself, *ops);
        if ((*ops)->processes && (*ops)->tend)
            POOLS_ADD(a_worker_that_dies_is_told_even_where_its_task_is_retried, *ops);
        POOLS_ADD(a_signal_ends_the_sample_and_refuses_the_next, *ops);
        POOLS_ADD(a_second_signal_ends_the_program_at_once, *ops);
    }
    return group_run("runner", NULL, NULL);
}
