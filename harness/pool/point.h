/* Numbered points in what a worker does, at which a test can end or stop the worker: inside every
 * stretch where its death could cost more than the task that it is running. They are nothing unless
 * compiled with -DPOOL_POINTS (`make points`). */
#ifndef POOL_POINT_H
#define POOL_POINT_H

#if defined POOL_POINTS && !defined __cplusplus /* C++ has no part in the engine */

#include <stdatomic.h>
#include <stdint.h>
#include <sys/types.h>

/* X(name, while a task runs): at those, that task is lost; at the others, none. */
#define POINT_LIST(X)                                                                              \
    X(ENTER_BEGIN, 0)                                                                              \
    X(ENTER_HOOK_DONE, 0)                                                                          \
    X(ENTER_DONE, 0)                                                                               \
    X(ADOPT_BEGIN, 0)                                                                              \
    X(ADOPT_SEEN, 0)                                                                               \
    X(ADOPT_CLAIMED, 0)                                                                            \
    X(ACTIVE_BEFORE, 0)                                                                            \
    X(ACTIVE_SET, 0)                                                                               \
    X(STEAL_SEEN, 0)                                                                               \
    X(STEAL_CLAIMED, 0)                                                                            \
    X(PUT_BEFORE, 0)                                                                               \
    X(PUT_DONE, 0)                                                                                 \
    X(TAKE_SEEN, 0)                                                                                \
    X(TAKE_CLAIMED, 0)                                                                             \
    X(RUN_BEGIN, 0)                                                                                \
    X(RUN_CLAIM_NOTED, 0)                                                                          \
    X(RUN_CURRENT_SET, 1)                                                                          \
    X(TASK_RETURNED, 1)                                                                            \
    X(TIMED_ENDED, 1)                                                                              \
    X(FAIL_RESERVED, 1)                                                                            \
    X(FAIL_NOTED, 1)                                                                               \
    X(FAIL_DONE, 0)                                                                                \
    X(RUN_TASK_DONE, 0)                                                                            \
    X(RUN_CURRENT_CLEARED, 0)                                                                      \
    X(RUN_DONE, 0)                                                                                 \
    X(FINISH_BEFORE, 0)                                                                            \
    X(FINISH_DONE, 0)                                                                              \
    X(IDLE_BEFORE, 0)                                                                              \
    X(IDLE_SET, 0)                                                                                 \
    X(TELL_BEGIN, 0)                                                                               \
    X(TELL_CLAIMED, 0)                                                                             \
    X(TELL_DONE, 0)                                                                                \
    X(SPIN, 0)                                                                                     \
    X(SLEEP_FLAG_SET, 0)                                                                           \
    X(SLEEP_BIT_SET, 0)                                                                            \
    X(SLEEP_OVER, 0)                                                                               \
    X(SLEEP_BIT_CLEARED, 0)                                                                        \
    X(WAKE_BIT_CLEARED, 0)                                                                         \
    X(WAKE_FLAG_CLEARED, 0)                                                                        \
    X(WAKE_DONE, 0)                                                                                \
    X(SPENT_BEGIN, 0)                                                                              \
    X(SPENT_NOTED, 0)                                                                              \
    X(SPENT_COUNTED, 0)                                                                            \
    X(LEAVE_BEGIN, 0)                                                                              \
    X(LEAVE_DONE, 0)                                                                               \
    X(CALL_CLAIMED, 0)                                                                             \
    X(CALL_PLACE_TAKEN, 0)                                                                         \
    X(CALL_CURRENT_SET, 0)                                                                         \
    X(CALL_RUNNING, 1)                                                                             \
    X(CALL_RETURNED, 1)                                                                            \
    X(CALL_NOTED, 1)                                                                               \
    X(CALL_DECIDED, 0)                                                                             \
    X(CALL_PUSHED, 0)                                                                              \
    X(CALL_TOLD, 0)                                                                                \
    X(CALL_CURRENT_CLEARED, 0)

#define POINT_NAME(name, in_task) POINT_##name,
enum point { POINT_NONE, POINT_LIST(POINT_NAME) POINTS };
#undef POINT_NAME

enum point_way { POINT_KILL, POINT_FAULT, POINT_EXIT, POINT_STOP };

/* What the test asks for, in memory that it shares with the workers. */
struct point_plan {
    pid_t owner;             /* not a worker: nothing happens to it */
    enum point_way way;      /* how to end */
    _Atomic int armed;       /* the enum point that ends a worker; it is disarmed by that */
    _Atomic int armed_next;  /* what is armed after that: POINT_NONE, or a second death */
    _Atomic int passes_left; /* the worker that makes it 0 is ended, */
    int passes_next;         /* and the second one's */
    _Atomic pid_t victim;    /* the last one */
    _Atomic int victims;
};

/* Set by the test before the pool starts; NULL: no point does anything. */
extern struct point_plan *point_plan;

void point_pass(enum point point);

#define POOL_POINT(name) point_pass(POINT_##name)

#else
#define POOL_POINT(name) ((void)0)
#endif

#endif
