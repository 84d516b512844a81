/* A task: one call of a task function with one index. Cases write such functions and pools call
 * them; neither knows more of the other than what stands here. */
#ifndef POOL_TASK_H
#define POOL_TASK_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A task's own slot. value is what the checksum covers; bytes is room for the case's optional
 * result, exactly the result size that the case asked for (none by default). */
struct task_result {
    uint64_t value;
    unsigned char bytes[];
};

/* Runs task `index`. ctx is shared and read-only; local is the worker's own (NULL without a
 * worker_enter hook). Called at the same time from many threads or processes, each index once.
 * Returns 0, or an errno-like code greater than 0, best through task_fail. */
typedef int task_fn(const void *ctx, void *local, uint64_t index, struct task_result *result);

#define TASK_MESSAGE_MAX 256

/* Notes why the calling thread's task (or hook) failed and returns code, so that a failing line
 * reads `return task_fail(ENOENT, "%s: no such image", path);`. A code that is not greater than 0
 * becomes EIO. The message is cut at TASK_MESSAGE_MAX - 1 bytes, and may be made from the last one:
 * `task_fail(code, "%s: %s", path, task_message(code))`. Thread-safe. */
int task_fail(int code, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The calling thread's last message, or strerror(code) if none was noted since the last call;
 * reading it clears it. Valid until the thread's next failure. */
const char *task_message(int code);

/* ---- what a task tells of its own time ----
 *
 * The workers of some backends (`gil`) take turns: only one computes at a time, as in an
 * interpreter with one lock. They give their turn away where a task waits, and at check points
 * where it computes for long. Elsewhere these marks cost the look at a thread's own variable. */

struct gate;                            /* gate.h */
extern __thread struct gate *task_gate; /* the calling thread's; NULL: it takes no turns */
void gate_blocking_begin(struct gate *gate);
void gate_blocking_end(struct gate *gate);
void gate_checkpoint(struct gate *gate);

/* Around a stretch in which the task may wait for something else than a CPU (a disk, a server, a
 * lock, another task), and in which it touches nothing that only its turn protects:
 *     blocking_begin();
 *     count = read(file, bytes, size);
 *     blocking_end();
 * blocking_end leaves errno alone. Stretches may nest; the outermost counts. */
static inline void blocking_begin(void)
{
    if (__builtin_expect(task_gate != 0, 0))
        gate_blocking_begin(task_gate);
}

static inline void blocking_end(void)
{
    if (__builtin_expect(task_gate != 0, 0))
        gate_blocking_end(task_gate);
}

/* A place in a long computation where another worker may have its turn: every 100 us or so, not in
 * the innermost loop. Tasks that take less need none, since a turn may also end between tasks. */
static inline void task_checkpoint(void)
{
    if (__builtin_expect(task_gate != 0, 0))
        gate_checkpoint(task_gate);
}

#ifdef __cplusplus
}
#endif

#endif
