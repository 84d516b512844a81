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

#ifdef __cplusplus
}
#endif

#endif
