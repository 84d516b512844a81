/* A process pool as it is commonly written: workers forked once, a pipe of requests each, one pipe
 * of replies, a message of 16 bytes a task each way. What a pool in shared memory is to beat. */
#include "arm.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

struct message {
    uint32_t worker, code;
    uint64_t index; /* of the task; in a reply its value */
};
_Static_assert(sizeof(struct message) == 16, "what the row promises");

struct pipes {
    const struct workload *workload;
    pid_t pids[BENCH_WORKERS];
    int requests[BENCH_WORKERS]; /* where the parent writes */
    int replies[2];
};

static _Noreturn void worker_main(const struct workload *workload, int requests, int replies)
{
    const struct bench_case *bench = workload->bench;
    struct message message;
    void *local = NULL;
    struct {
        uint64_t value;
    } slot;
    if (bench->worker_enter && bench->worker_enter(workload->run.ctx, &local))
        _exit(1);
    while (read(requests, &message, sizeof message) == (ssize_t)sizeof message) {
        message.code = (uint32_t)bench->task(
            workload->run.ctx, local, message.index, (struct task_result *)(void *)&slot);
        message.index = slot.value;
        if (write(replies, &message, sizeof message) != (ssize_t)sizeof message)
            _exit(1);
    }
    _exit(0);
}

static int start_worker(struct pipes *pipes, unsigned worker)
{
    int ends[2];
    pid_t parent = getpid();
    if (pipe2(ends, O_CLOEXEC))
        return -1;
    pipes->requests[worker] = ends[1];
    pipes->pids[worker] = fork();
    if (pipes->pids[worker] == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent)
            _exit(1);
        for (unsigned i = 0; i <= worker; i++) /* else its own request pipe would never end */
            close(pipes->requests[i]);
        worker_main(pipes->workload, ends[0], pipes->replies[1]);
    }
    close(ends[0]);
    return pipes->pids[worker] < 0 ? -1 : 0;
}

static int send_task(const struct pipes *pipes, unsigned worker, uint64_t index)
{
    const struct message message = {.worker = worker, .index = index};
    return write(pipes->requests[worker], &message, sizeof message) == (ssize_t)sizeof message ? 0
                                                                                               : -1;
}

/* One task at a time with each worker; whoever replies gets the next. */
static int region(void *context)
{
    const struct pipes *pipes = context;
    uint64_t tasks = pipes->workload->run.tasks, sent = 0;
    struct message reply;
    for (; sent < BENCH_WORKERS && sent < tasks; sent++)
        if (send_task(pipes, (unsigned)sent, sent))
            return -1;
    for (uint64_t done = 0; done < tasks; done++) {
        if (read(pipes->replies[0], &reply, sizeof reply) != (ssize_t)sizeof reply || reply.code)
            return -1;
        if (sent < tasks && send_task(pipes, reply.worker, sent++))
            return -1;
    }
    return 0;
}

static void stop(struct pipes *pipes, unsigned started)
{
    for (unsigned i = 0; i < started; i++)
        close(pipes->requests[i]);
    for (unsigned i = 0; i < started; i++)
        while (waitpid(pipes->pids[i], NULL, 0) < 0 && errno == EINTR)
            ;
}

int pipes_warm(const struct arm *arm, struct workload *workload, struct sample *sample)
{
    (void)arm;
    struct pipes pipes = {.workload = workload};
    unsigned started = 0;
    int status = pipe2(pipes.replies, O_CLOEXEC);
    while (status == 0 && started < BENCH_WORKERS) {
        status = start_worker(&pipes, started);
        started += status == 0;
    }
    if (status == 0)
        status = region(&pipes) || arm_repeat(region, &pipes, &sample->seconds);
    if (status)
        snprintf(sample->failure, sizeof sample->failure, "pipes: %s", strerror(errno));
    stop(&pipes, started);
    return status ? -1 : 0;
}
