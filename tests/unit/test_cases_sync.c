/* The cases in which workers share what they write: counter, falsesharing, rwlock, account. Nothing
 * is lost by threads, by processes, and by processes that are killed while they hold a lock; and
 * where something were lost, verify would see it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "cases/support/bank.h"
#include "cases/support/seats.h"
#include "drive.h"

#include "answers.h"
#include "pools.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>

#define TASKS 40
#define KILL_EVERY_NS 3000000
#define KILLS 15
#define COUNT(array) (sizeof(array) / sizeof *(array))

/* Short sections, so that the locks are passed on often. */
static const struct way {
    const char *name;
    const char *params[5];
    const char *answer; /* of TASKS tasks */
} ways[] = {
    {"counter", {"how=mutex", "critical=1", "work=100", "steps=300"}, "12000"},
    {"counter", {"how=spin", "critical=1", "work=100", "steps=300"}, "12000"},
    {"counter", {"how=ticket", "critical=1", "work=100", "steps=300"}, "12000"},
    {"counter", {"how=atomic", "work=100", "steps=300"}, "12000"},
    {"counter", {"how=local", "work=100", "steps=300"}, "12000"},
    {"counter", {"how=argument", "work=100", "steps=300"}, "12000"},
    {"falsesharing", {"padding=0", "steps=10k"}, "400000"},
    {"falsesharing", {"padding=128", "steps=10k"}, "400000"},
    {"rwlock", {"how=rwlock", "writes=0.3", "scan=100", "operations=100"},
        "2800 reads, 1200 writes"},
    {"rwlock", {"how=mutex", "writes=0.3", "scan=100", "operations=100"},
        "2800 reads, 1200 writes"},
    {"account", {"how=one", "accounts=5", "work=100", "transfers=300"}, "5000 in the accounts"},
    {"account", {"how=recursive", "accounts=5", "work=100", "transfers=300"},
        "5000 in the accounts"},
    {"account", {"how=ordered", "accounts=5", "work=100", "transfers=300"}, "5000 in the accounts"},
};

static void nothing_is_lost_over_several_regions(void **state)
{
    const struct way *way = *state;
    static const char *const backends[] = {"serial", "threads", "processes"};
    struct workload workload;
    char answer[128];
    drive_open(&workload, way->name, TASKS, way->params);
    for (size_t i = 0; i < COUNT(backends); i++) {
        if (!pools_followed(registry_backend(backends[i])))
            continue;
        answers_run(&workload, backends[i], i == 0 ? 1 : 4);
        workload_answer(&workload, answer, sizeof answer);
        assert_non_null(strstr(answer, way->answer));
    }
    workload_close(&workload);
}

/* ---- killed workers ---- */

static struct pool *victims;
static volatile sig_atomic_t kills;

/* As a signal handler, since the owner of a pool of processes has no other thread. */
static void kill_a_worker(int signal_number)
{
    (void)signal_number;
    /* NOLINTNEXTLINE(bugprone-signal-handler): reads one word of memory */
    pid_t pid = kills < KILLS ? pool_worker_pid(victims, (unsigned)kills % 3) : 0;
    if (pid > 0 && kill(pid, SIGKILL) == 0)
        kills++;
}

static timer_t start_killing(struct pool *pool)
{
    timer_t timer;
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
    const struct itimerspec every = {{0, KILL_EVERY_NS}, {0, KILL_EVERY_NS}};
    victims = pool;
    kills = 0;
    signal(SIGUSR1, kill_a_worker);
    assert_int_equal(timer_create(CLOCK_MONOTONIC, &event, &timer), 0);
    assert_int_equal(timer_settime(timer, 0, &every, NULL), 0);
    return timer;
}

static void stop_killing(timer_t timer)
{
    timer_delete(timer);
    signal(SIGUSR1, SIG_IGN); /* one may be on its way */
}

/* Whatever a worker holds when it dies. Regions go on until all kills have been. */
static void killed_workers_hold_up_nobody_and_lose_nothing(void **state)
{
    const struct way *way = *state;
    struct workload workload;
    drive_open(&workload, way->name, TASKS, way->params);
    const struct pool_config config = {.workers = 3,
        .task = workload.bench->task,
        .ctx = workload.run.ctx,
        .worker_enter = workload.bench->worker_enter,
        .worker_leave = workload.bench->worker_leave,
        .arena = &workload.arena};
    struct pool *pool =
        pool_start(registry_backend("processes"), &config, drive_why, sizeof drive_why);
    if (!pool)
        fail_msg("%s", drive_why);
    timer_t timer = start_killing(pool);
    while (kills < KILLS)
        assert_int_equal(pool_map(pool, TASKS, 1), 0);
    stop_killing(timer);
    assert_int_equal(pool_map(pool, TASKS, 1), 0);
    pool_stop(pool);
    struct workload_outcome outcome = workload_outcome(&workload, TASKS, NULL);
    assert_int_equal(outcome.ok, TASKS);
    assert_int_equal(outcome.errors, 0);
    answers_verified(&workload);
    workload_close(&workload);
}

/* ---- what verify sees ---- */

/* The case's shared memory, which begins with the seats. */
static void *shared_of(const struct workload *workload, size_t *size)
{
    struct stat status;
    int fd = open(workload->run.handed, O_RDWR | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(fstat(fd, &status), 0);
    *size = (size_t)status.st_size;
    void *memory = mmap(NULL, *size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    assert_ptr_not_equal(memory, MAP_FAILED);
    return memory;
}

/* As if one more task had been done whose writes are not there. */
static void assert_lost_task_seen(const char *name, const char *const *params, const char *what)
{
    struct workload workload;
    size_t size;
    drive_open(&workload, name, TASKS, params);
    answers_run(&workload, "serial", 1);
    struct seat *seat = shared_of(&workload, &size);
    seats_begin(&seat[7]);
    answers_verified(&workload); /* begun, and dead since: it may have written, or not */
    seats_end(&seat[7]);
    answers_wrong(&workload, what);
    munmap(seat, size);
    workload_close(&workload);
}

static void verify_sees_what_a_task_has_lost(void **state)
{
    (void)state;
    static const char *const hows[] = {
        "how=mutex", "how=spin", "how=ticket", "how=atomic", "how=local"};
    for (size_t i = 0; i < COUNT(hows); i++)
        assert_lost_task_seen(
            "counter", DRIVE_PARAMS(hows[i], "steps=10"), "10 of 410 increments are lost");
    assert_lost_task_seen("falsesharing", DRIVE_PARAMS("steps=10"), "400, not 410");
    assert_lost_task_seen(
        "rwlock", DRIVE_PARAMS("operations=10", "writes=1", "scan=1"), "400 changes, but 410");
}

static void counter_that_is_returned_is_checked_by_the_results(void **state)
{
    (void)state;
    struct workload workload;
    drive_open(&workload, "counter", TASKS, DRIVE_PARAMS("how=argument", "steps=10"));
    drive_run(&workload, "serial", 1);
    arena_slot(&workload.arena, 3)->bytes[0] = 9;
    answers_wrong(&workload, "the tasks return 399 steps, but have made 400");
    workload_close(&workload);
}

static void account_sees_money_that_was_lost_and_made(void **state)
{
    (void)state;
    struct workload workload;
    size_t size;
    drive_open(&workload, "account", TASKS, DRIVE_PARAMS("accounts=2"));
    int64_t *word = shared_of(&workload, &size), *balance = word + size / sizeof *word - 1;
    while (*balance != BANK_PAID_IN)
        balance--;
    --*balance;
    answers_wrong(&workload, "the accounts hold 1999, but 2000 was paid in: money was lost");
    *balance += 2;
    answers_wrong(&workload, "the accounts hold 2001, but 2000 was paid in: money was made");
    munmap(word, size);
    workload_close(&workload);
}

/* ---- parameters ---- */

static void share_of_the_critical_section_leaves_the_work_as_it_is(void **state)
{
    (void)state;
    static const char *const shares[] = {"critical=0", "critical=0.25", "critical=1"};
    uint64_t checksum = 0;
    for (size_t i = 0; i < COUNT(shares); i++) {
        struct workload workload;
        drive_open(&workload, "counter", TASKS, DRIVE_PARAMS(shares[i], "work=9", "steps=5"));
        struct workload_outcome outcome = drive_run(&workload, "serial", 1);
        if (i > 0)
            assert_int_equal(outcome.checksum, checksum);
        checksum = outcome.checksum;
        workload_close(&workload);
    }
}

static void writes_are_the_share_that_is_asked_for(void **state)
{
    (void)state;
    static const struct {
        const char *writes, *answer;
    } shares[] = {
        {"writes=0", "400 reads, 0 writes"},
        {"writes=0.25", "320 reads, 80 writes"}, /* 2 of a task's 10 */
        {"writes=1", "0 reads, 400 writes"},
    };
    for (size_t i = 0; i < COUNT(shares); i++) {
        struct workload workload;
        char answer[64];
        drive_open(&workload, "rwlock", TASKS, DRIVE_PARAMS(shares[i].writes, "operations=10"));
        drive_run(&workload, "serial", 1);
        workload_answer(&workload, answer, sizeof answer);
        assert_string_equal(answer, shares[i].answer);
        workload_close(&workload);
    }
}

static void what_does_not_fit_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *name, *param, *what;
    } refused[] = {
        {"falsesharing", "padding=12", "multiple of 8"},
        {"falsesharing", "padding=136", "0 to 128"},
        {"counter", "critical=1.1", "0 to 1"},
        {"counter", "how=semaphore", "mutex|spin|ticket|atomic|local|argument"},
        {"rwlock", "writes=-1", "0 to 1"},
        {"account", "accounts=1", "2 to 100000"},
    };
    for (size_t i = 0; i < COUNT(refused); i++)
        answers_refused(refused[i].name, 0, refused[i].what, DRIVE_PARAMS(refused[i].param));
}

static void more_workers_than_seats_are_refused_with_the_reason(void **state)
{
    (void)state;
    struct workload workload;
    size_t size;
    drive_open(&workload, "counter", TASKS, DRIVE_PARAMS());
    struct seat *seat = shared_of(&workload, &size);
    for (unsigned i = 0; i < SEATS; i++)
        assert_int_equal(lock_acquire(&seat[i].taken, 0), 0);
    void *local;
    int code = workload.bench->worker_enter(workload.run.ctx, &local);
    assert_int_equal(code, EAGAIN);
    assert_non_null(strstr(task_message(code), "more than 1024 workers"));
    for (unsigned i = 0; i < SEATS; i++)
        lock_release(&seat[i].taken);
    munmap(seat, size);
    workload_close(&workload);
}

int main(void)
{
    for (size_t i = 0; i < COUNT(ways); i++) {
        void *way = (void *)&ways[i];
        const char *param = ways[i].params[0];
#define ADD(test)                                                                                  \
    group_add(test, leftovers_mark, leftovers_check, way, "%s, %s: " #test, ways[i].name, param)
        ADD(nothing_is_lost_over_several_regions);
        if (pools_followed(registry_backend("processes")))
            ADD(killed_workers_hold_up_nobody_and_lose_nothing);
#undef ADD
    }
#define ADD(test) group_add(test, leftovers_mark, leftovers_check, NULL, #test)
    ADD(verify_sees_what_a_task_has_lost);
    ADD(counter_that_is_returned_is_checked_by_the_results);
    ADD(account_sees_money_that_was_lost_and_made);
    ADD(share_of_the_critical_section_leaves_the_work_as_it_is);
    ADD(writes_are_the_share_that_is_asked_for);
    ADD(what_does_not_fit_is_refused);
    ADD(more_workers_than_seats_are_refused_with_the_reason);
#undef ADD
    return group_run("cases_sync", NULL, NULL);
}
