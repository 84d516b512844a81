/* A child that writes more than a pipe holds, and a parent that waits for its end before it reads;
 * the same with a pool's calls and a queue with a bound. */
#include "../measure/clock.h"
#include "../share/queue.h"
#include "demo.h"
#include "support/must.h"
#include "support/pace.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define PIECES 100
#define PIECE 4096 /* PIPE_BUF on Linux: written whole, or waited for */
#define ITEMS 100
#define CAPACITY 10
#define LOOK_S 0.02
#define LOOKS_FULL 5 /* in a row, after which the join is given up */

/* ---- a child and a pipe ---- */

static _Noreturn void child_main(int out)
{
    static const char piece[PIECE];
    for (int i = 0; i < PIECES; i++)
        if (write(out, piece, PIECE) != PIECE)
            _exit(1);
    _exit(0);
}

static int bytes_inside(int in)
{
    int bytes = 0;
    return ioctl(in, FIONREAD, &bytes) ? 0 : bytes;
}

/* Waits for the child's end, or until the pipe has been full for a while: since nobody reads, the
 * child can never write its next piece. Returns whether it has ended. */
static bool join_child(pid_t child, int in)
{
    int room = fcntl(in, F_GETPIPE_SZ);
    for (unsigned full = 0; full < LOOKS_FULL; pace_pause(LOOK_S)) {
        if (waitpid(child, NULL, WNOHANG) == child)
            return true;
        full = bytes_inside(in) > room - PIECE ? full + 1 : 0;
    }
    return false;
}

/* Until the child has closed its end. */
static uint64_t read_all(int in)
{
    char piece[PIECE];
    uint64_t bytes = 0;
    for (ssize_t count; (count = read(in, piece, sizeof piece)) > 0;)
        bytes += (uint64_t)count;
    return bytes;
}

static void pipe_form(const struct demo_run *run, bool reads_first)
{
    int ends[2];
    if (pipe(ends))
        demo_cannot(run, "no pipe is to be had: %s", strerror(errno));
    uint64_t start = clock_now();
    pid_t child = must_fork(run);
    if (child == 0) {
        close(ends[0]);
        child_main(ends[1]);
    }
    close(ends[1]);
    uint64_t bytes = reads_first ? read_all(ends[0]) : 0;
    bool joined = join_child(child, ends[0]);
    double seconds = clock_since(start);
    int inside = bytes_inside(ends[0]);
    demo_figure(run, PIECES * PIECE, "B", "the child has to write, pipe");
    demo_figure(run, (double)bytes, "B", "read before the join, pipe");
    demo_figure(run, inside, "B", "written and not read, pipe");
    demo_figure(run, joined ? seconds : NAN, "s", "time until the join came back, pipe");
    close(ends[0]); /* which ends a child that still writes */
    if (!joined)
        demo_showed(run,
            "the child waits for room in the pipe (%d bytes are in it, and %d still to come), the "
            "parent for the child's end",
            inside, PIECES * PIECE - inside);
}

/* ---- a pool and a queue ---- */

static int put_items(struct pool_call *call)
{
    struct queue *queue;
    memcpy(&queue, call->payload, sizeof queue);
    for (uint64_t i = 0; i < ITEMS; i++)
        if (queue_put(queue, &i, sizeof i, -1))
            return task_fail(EIO, "an item cannot be put");
    return 0;
}

/* As join_child. Says whom the pool waits for. */
static bool join_pool(
    const struct demo_run *run, struct pool *pool, struct queue *queue, const char *where)
{
    for (unsigned full = 0; full < LOOKS_FULL;) {
        int code = pool_join(pool, LOOK_S);
        if (code == 0)
            return true;
        full = queue_is_full(queue) ? full + 1 : 0;
        if (full == LOOKS_FULL)
            demo_event(run, "the pool's join, %s: %s", where, task_message(code));
    }
    return false;
}

static unsigned get_items(struct queue *queue)
{
    unsigned count = 0;
    for (uint64_t item; count < ITEMS && queue_get(queue, &item, sizeof item, NULL, -1) == 0;)
        count++;
    return count;
}

/* A worker process that is stuck is killed with its pool; a thread stays until the form ends. */
static void queue_form(
    const struct demo_run *run, const struct pool_ops *ops, const char *where, bool gets_first)
{
    struct queue *queue = queue_make(QUEUE_FIFO, CAPACITY, sizeof(uint64_t));
    if (!queue)
        demo_cannot(run, "no memory for a queue: %s", strerror(errno));
    struct pool *pool = must_pool(
        run, ops, &(struct pool_config){.workers = 1, .calls_max = 1, .call_size = sizeof queue});
    uint64_t start = clock_now();
    must_submit(run, pool, put_items, &queue, sizeof queue, NULL);
    pool_close(pool);
    unsigned got = gets_first ? get_items(queue) : 0;
    bool joined = join_pool(run, pool, queue, where);
    double seconds = clock_since(start);
    size_t inside = queue_size(queue);
    demo_figure(run, got, "", "items of %d got before the join, %s", ITEMS, where);
    demo_figure(run, (double)inside, "", "items put and not got, %s", where);
    demo_figure(run, joined ? seconds : NAN, "s", "time until the join came back, %s", where);
    if (!joined)
        demo_showed(run,
            "the worker (one of %s) waits for room in the queue, where %zu items of %d lie, the "
            "owner for the worker",
            where, inside, ITEMS);
    if (!joined && ops == &pool_processes)
        pool_terminate(pool);
    if (joined || ops == &pool_processes)
        pool_stop(pool);
}

static void join_before_get(const struct demo_run *run, bool mended)
{
    pipe_form(run, mended);
    queue_form(run, &pool_processes, "processes", mended);
    queue_form(run, &pool_threads, "threads", mended);
}

static void unmended(const struct demo_run *run)
{
    join_before_get(run, false);
}

static void mended(const struct demo_run *run)
{
    join_before_get(run, true);
}

const struct demo demo_join_before_get = {
    .name = "join-before-get",
    .summary = "the parent waits for a child's end, the child for room in the pipe to the parent",
    .description =
        "A pipe holds 64 KiB; whoever writes more waits until somebody reads. A parent that joins "
        "the child first, to read its results when it has ended, waits for a child that waits for "
        "it. With small results it goes well, since they fit into the pipe; one day they do not, "
        "and the program hangs without using the CPU. Python's multiprocessing.Queue, whose items "
        "go through a pipe, hangs in the same way, and so does any queue with a bound. Mended by "
        "the order: first read everything, to the end of file or the last item, then join.",
    .kind = DEMO_LIVENESS,
    .unmended = {"joins the child (the pool), then reads", unmended},
    .mended = {"reads all that comes, then joins", mended},
};
