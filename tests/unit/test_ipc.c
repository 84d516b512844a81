/* The cases of communication, through their hooks: what comes over, and who dies in between. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "drive.h"
#include "group.h"
#include "leftovers.h"
#include "pools.h"

#include "cases/support/message.h"

#include <fcntl.h>
#include <inttypes.h>
#include <mqueue.h>
#include <sched.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define TASKS 3
#define NOBODY 65534

/* ---- processes ---- */

/* The one process with that name and parent, or 0. */
static pid_t find_child(pid_t parent, const char *name)
{
    pid_t found = 0;
    DIR *listing = opendir("/proc");
    assert_non_null(listing);
    for (struct dirent *entry; (entry = readdir(listing));) {
        char path[300], its[64];
        int pid, its_parent;
        snprintf(path, sizeof path, "/proc/%s/stat", entry->d_name);
        FILE *file = fopen(path, "re");
        if (!file)
            continue;
        if (fscanf(file, "%d (%63[^)]) %*c %d", &pid, its, &its_parent) == 3 &&
            its_parent == parent && strcmp(its, name) == 0) {
            assert_int_equal(found, 0);
            found = pid;
        }
        fclose(file);
    }
    closedir(listing);
    return found;
}

static pid_t find_host(void)
{
    pid_t host = find_child(getpid(), "pb-echo-host");
    assert_true(host > 0);
    return host;
}

static pid_t find_partner(void)
{
    pid_t partner = find_child(find_host(), "pb-partner");
    assert_true(partner > 0);
    return partner;
}

/* 'S' for a process or thread that sleeps, and so on; 0: it is gone. */
static char state_of(pid_t pid)
{
    char path[64], state = 0;
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    FILE *file = fopen(path, "re");
    if (file && fscanf(file, "%*d (%*[^)]) %c", &state) != 1)
        state = 0;
    if (file)
        fclose(file);
    return state;
}

static void kill_and_wait(pid_t pid)
{
    assert_int_equal(kill(pid, SIGKILL), 0);
    while (state_of(pid) && state_of(pid) != 'Z')
        sched_yield();
}

/* ---- one worker, by hand ---- */

struct worker {
    struct workload workload;
    void *local;
};

static void enter(struct worker *worker, const char *name, const char *const *params)
{
    drive_open(&worker->workload, name, TASKS, params);
    const struct workload *workload = &worker->workload;
    int code = workload->bench->worker_enter(workload->run.ctx, &worker->local);
    if (code)
        fail_msg("%s", task_message(code));
}

static int run_task(struct worker *worker, uint64_t index)
{
    const struct workload *workload = &worker->workload;
    return workload->bench->task(
        workload->run.ctx, worker->local, index, arena_slot(&workload->arena, index));
}

static void leave(struct worker *worker)
{
    worker->workload.bench->worker_leave(worker->workload.run.ctx, worker->local);
    workload_close(&worker->workload);
}

static void assert_fails(struct worker *worker, uint64_t index, int code, const char *words)
{
    assert_int_equal(run_task(worker, index), code);
    const char *message = task_message(code);
    if (!strstr(message, words))
        fail_msg("\"%s\" does not say \"%s\"", message, words);
}

/* ---- every transport: its case's name is the state ---- */

static void messages_of_every_size_come_over_both_ways(void **state)
{
    static const char *const sizes[] = {"size=1", "size=7", "size=8", "size=9", "size=4097",
        "size=8192", "size=8193", "size=65537"};
    static const char *const modes[] = {"mode=roundtrip", "mode=oneway"};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (size_t j = 0; j < 2; j++) {
            struct workload workload;
            drive_open(&workload, *state, TASKS, DRIVE_PARAMS(sizes[i], modes[j], "messages=5"));
            assert_int_equal(drive_run(&workload, "serial", 1).ok, TASKS);
            if (workload_verify(&workload, drive_why, sizeof drive_why))
                fail_msg("%s", drive_why);
            workload_close(&workload);
        }
}

static void a_large_message_comes_over(void **state)
{
    struct workload workload;
    drive_open(&workload, *state, TASKS, DRIVE_PARAMS("size=3000001"));
    assert_int_equal(drive_run(&workload, "threads", 2).ok, TASKS);
    assert_int_equal(workload_verify(&workload, drive_why, sizeof drive_why), 0);
    workload_close(&workload);
}

static void another_value_than_the_right_one_is_seen(void **state)
{
    struct workload workload;
    drive_open(&workload, *state, TASKS, DRIVE_PARAMS());
    drive_run(&workload, "serial", 1);
    arena_slot(&workload.arena, 1)->value++;
    assert_int_not_equal(workload_verify(&workload, drive_why, sizeof drive_why), 0);
    assert_non_null(strstr(drive_why, "task 1"));
    workload_close(&workload);
}

static void a_size_out_of_range_is_refused(void **state)
{
    static const char *const sizes[] = {"size=0", "size=16000001", "size=x"};
    for (size_t i = 0; i < 3; i++) {
        struct workload workload;
        assert_int_equal(drive_try(&workload, *state, TASKS, DRIVE_PARAMS(sizes[i])), STATUS_USAGE);
        assert_non_null(strstr(drive_why, "size"));
    }
}

/* Opens and uses the case, and dies. */
static _Noreturn void open_and_die(const char *name)
{
    struct worker worker;
    enter(&worker, name, DRIVE_PARAMS());
    run_task(&worker, 0);
    kill(getpid(), SIGKILL);
    _exit(1);
}

static void nothing_is_left_of_an_owner_that_is_killed(void **state)
{
    fflush(NULL);
    pid_t owner = fork();
    if (owner == 0)
        open_and_die(*state);
    while (wait(NULL) > 0) /* for all that it has started too: we are the subreaper */
        ;
    assert_int_equal(errno, ECHILD);
}

/* ---- transports with a partner ---- */

static void a_killed_partner_costs_one_task(void **state)
{
    struct worker worker;
    enter(&worker, *state, DRIVE_PARAMS("size=100000"));
    assert_int_equal(run_task(&worker, 0), 0);
    kill_and_wait(find_partner());
    assert_fails(&worker, 1, EPIPE, "killed");
    assert_int_equal(run_task(&worker, 1), 0);
    assert_int_equal(run_task(&worker, 2), 0);
    leave(&worker);
}

/* Waits in a process of its own until the test waits for its partner, and kills that. */
static _Noreturn void kill_while_waited_for(pid_t test, pid_t partner)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    while (state_of(test) != 'S')
        sched_yield();
    kill(partner, SIGKILL);
    _exit(0);
}

static void a_partner_killed_half_way_is_an_error_of_the_task(void **state)
{
    static const char *const modes[] = {"mode=roundtrip", "mode=oneway"};
    for (size_t i = 0; i < 2; i++) {
        struct worker worker;
        enter(&worker, *state, DRIVE_PARAMS("size=100000", "messages=20", modes[i]));
        assert_int_equal(run_task(&worker, 0), 0);
        pid_t partner = find_partner(), test = getpid();
        assert_int_equal(kill(partner, SIGSTOP), 0);
        fflush(NULL);
        pid_t killer = fork();
        if (killer == 0)
            kill_while_waited_for(test, partner);
        assert_fails(&worker, 1, EPIPE, "killed");
        assert_int_equal(waitpid(killer, NULL, 0), killer);
        assert_int_equal(run_task(&worker, 2), 0);
        leave(&worker);
    }
}

static void without_a_host_tasks_fail_and_say_so(void **state)
{
    struct worker worker;
    enter(&worker, *state, DRIVE_PARAMS());
    assert_int_equal(run_task(&worker, 0), 0);
    pid_t partner = find_partner();
    kill_and_wait(find_host());
    while (state_of(partner) && state_of(partner) != 'Z') /* it ends with the host */
        sched_yield();
    assert_fails(&worker, 1, EPIPE, "killed");
    assert_fails(&worker, 2, ECONNREFUSED, "host");
    leave(&worker);
    while (waitpid(partner, NULL, 0) > 0) /* an orphan, and ours */
        ;
}

static void a_partner_ends_with_its_worker(void **state)
{
    struct worker worker;
    enter(&worker, *state, DRIVE_PARAMS());
    pid_t partner = find_partner();
    worker.workload.bench->worker_leave(worker.workload.run.ctx, worker.local);
    while (state_of(partner))
        sched_yield();
    workload_close(&worker.workload);
}

/* ---- managers ---- */

static void without_a_manager_tasks_fail_and_say_so(void **state)
{
    struct worker worker;
    enter(&worker, *state, DRIVE_PARAMS());
    assert_int_equal(run_task(&worker, 0), 0);
    kill_and_wait(find_child(getpid(), "pb-manager"));
    assert_fails(&worker, 1, EPIPE, "killed");
    assert_fails(&worker, 2, ECONNREFUSED, "killed");
    leave(&worker);
}

/* ---- one transport's own ---- */

static void message_queues_get_shallower_and_then_say_what_limits_them(void **state)
{
    struct rlimit before, tight;
    struct worker worker;
    struct workload workload;
    void *local;
    (void)state;
    assert_int_equal(getrlimit(RLIMIT_MSGQUEUE, &before), 0);
    tight =
        (struct rlimit){40000, before.rlim_max}; /* two of 8192 bytes, no two of ten times that */
    assert_int_equal(setrlimit(RLIMIT_MSGQUEUE, &tight), 0);
    enter(&worker, "ipc-mq", DRIVE_PARAMS("size=50000"));
    assert_int_equal(run_task(&worker, 0), 0);
    leave(&worker);
    tight.rlim_cur = 9000;
    assert_int_equal(setrlimit(RLIMIT_MSGQUEUE, &tight), 0);
    drive_open(&workload, "ipc-mq", TASKS, DRIVE_PARAMS("size=50000"));
    int code = workload.bench->worker_enter(workload.run.ctx, &local);
    assert_int_equal(code, EMFILE);
    assert_non_null(strstr(task_message(code), "RLIMIT_MSGQUEUE"));
    workload_close(&workload);
    assert_int_equal(setrlimit(RLIMIT_MSGQUEUE, &before), 0);
}

/* A queue of root's has the name of another user's, who may not remove it. */
static void a_message_queue_whose_name_cannot_be_had_is_an_error_with_the_cause(void **state)
{
    struct workload workload;
    void *local;
    char name[64];
    (void)state;
    if (geteuid() != 0)
        skip();
    snprintf(name, sizeof name, "/poolbench-%u", (unsigned)NOBODY);
    mqd_t taken = mq_open(name, O_RDWR | O_CREAT, 0600, NULL);
    assert_true(taken >= 0);
    assert_int_equal(seteuid(NOBODY), 0);
    drive_open(&workload, "ipc-mq", TASKS, DRIVE_PARAMS());
    int code = workload.bench->worker_enter(workload.run.ctx, &local);
    assert_int_equal(seteuid(0), 0);
    mq_close(taken);
    assert_int_equal(mq_unlink(name), 0);
    assert_int_equal(code, EACCES);
    assert_non_null(strstr(task_message(code), strerror(EACCES)));
    workload_close(&workload);
}

static void a_partner_computes_for_its_grain(void **state)
{
    struct worker worker;
    char path[64];
    unsigned long user, system;
    (void)state;
    enter(&worker, "ipc-futex", DRIVE_PARAMS("grain=40ms"));
    assert_int_equal(run_task(&worker, 0), 0);
    snprintf(path, sizeof path, "/proc/%d/stat", (int)find_partner());
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    assert_int_equal(
        fscanf(file, "%*d (%*[^)]) %*c%*d%*d%*d%*d%*d%*u%*u%*u%*u%*u%lu%lu", &user, &system), 2);
    fclose(file);
    assert_true((user + system) * 1000 / (unsigned long)sysconf(_SC_CLK_TCK) >= 20);
    leave(&worker);
}

static void a_stamp_tells_messages_apart(void **state)
{
    unsigned char message[10000], other[10000];
    (void)state;
    message_fill(message, sizeof message);
    for (size_t size = 1; size <= sizeof message; size += 97) {
        memcpy(other, message, size);
        message_stamp(message, size, 1);
        message_stamp(other, size, 1);
        assert_int_equal(message_hash(message, size), message_hash(other, size));
        message_stamp(other, size, 2);
        assert_int_not_equal(message_hash(message, size), message_hash(other, size));
    }
}

static void add(CMUnitTestFunction test, const char *name, const char *what)
{
    group_add(test, leftovers_mark, leftovers_check, (void *)name, "%s: %s", name, what);
}

int main(void)
{
#define ADD(test, name) add(test, name, #test)
    for (const struct registry_case *entry = registry_cases; entry->name; entry++) {
        if (strncmp(entry->name, "ipc-", 4) != 0)
            continue;
        ADD(messages_of_every_size_come_over_both_ways, entry->name);
        ADD(a_large_message_comes_over, entry->name);
        ADD(another_value_than_the_right_one_is_seen, entry->name);
        ADD(a_size_out_of_range_is_refused, entry->name);
        ADD(nothing_is_left_of_an_owner_that_is_killed, entry->name);
        if (strncmp(entry->name, "ipc-manager", 11) == 0) {
            ADD(without_a_manager_tasks_fail_and_say_so, entry->name);
            continue;
        }
        ADD(a_killed_partner_costs_one_task, entry->name);
        ADD(a_partner_killed_half_way_is_an_error_of_the_task, entry->name);
        ADD(without_a_host_tasks_fail_and_say_so, entry->name);
        ADD(a_partner_ends_with_its_worker, entry->name);
    }
    ADD(message_queues_get_shallower_and_then_say_what_limits_them, "ipc-mq");
    ADD(a_message_queue_whose_name_cannot_be_had_is_an_error_with_the_cause, "ipc-mq");
    ADD(a_partner_computes_for_its_grain, "ipc-futex");
    ADD(a_stamp_tells_messages_apart, "message");
#undef ADD
    return group_run("ipc", NULL, NULL);
}
