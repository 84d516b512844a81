/* What happens at a numbered point. See point.h. */
#include "point.h"

#ifdef POOL_POINTS

#include <signal.h>
#include <unistd.h>

struct point_plan *point_plan;

static void end(enum point_way way)
{
    switch (way) {
    case POINT_KILL:
        kill(getpid(), SIGKILL);
        break;
    case POINT_FAULT:
        signal(SIGSEGV, SIG_DFL);
        raise(SIGSEGV);
        break;
    case POINT_EXIT:
        _exit(3);
    case POINT_STOP:
        raise(SIGSTOP);
        break;
    }
}

void point_pass(enum point point)
{
    struct point_plan *plan = point_plan;
    if (!plan || atomic_load(&plan->armed) != (int)point || getpid() == plan->owner ||
        atomic_fetch_sub(&plan->passes_left, 1) != 1)
        return;
    atomic_store(&plan->victim, getpid());
    atomic_fetch_add(&plan->victims, 1);
    atomic_store(&plan->passes_left, plan->passes_next);
    atomic_store(&plan->armed, atomic_exchange(&plan->armed_next, POINT_NONE));
    end(plan->way);
}

#else
typedef int point_nothing; /* a translation unit must not be empty */
#endif
