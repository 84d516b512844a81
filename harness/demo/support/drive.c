/* Three processes: the program, a keeper, and the form below it. The keeper leads the process group
 * in which all that a form starts stays. It watches the time, and kills the group when that is up
 * or when the program has died, be it by SIGKILL; it runs nothing of the form's, so that no
 * deadlock, signal handler or crash of a form keeps it from that. Orphans of a form come to the
 * program, which waits for them, so that none is left when a form is over. */
#include "drive.h"

#include "../../measure/clock.h"
#include "../../share/deadline.h"
#include "../../share/memory.h"
#include "../../util/interrupt.h"
#include "../../util/units.h"

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* What the keeper tells the program; the form has the report alone. */
struct kept {
    bool over; /* the form has ended by itself, with this status */
    bool timed_out;
    int status;
    struct demo_report report;
};

const struct demo_form *drive_form(const struct demo *demo, enum drive_which which)
{
    return which == DRIVE_UNMENDED ? &demo->unmended : &demo->mended;
}

const char *drive_form_name(enum drive_which which)
{
    return which == DRIVE_UNMENDED ? "unmended" : "mended";
}

/* ---- the keeper ---- */

static _Noreturn void form_main(
    const struct demo_form *form, const struct demo_run *run, const sigset_t *mask)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* best effort: whoever kills the keeper kills the form */
    sigprocmask(SIG_SETMASK, mask, NULL);
    form->run(run);
    _exit(0);
}

/* Ends the keeper too. */
static _Noreturn void kill_all(void)
{
    kill(0, SIGKILL);
    _exit(1);
}

static void keep(pid_t form, struct kept *kept, const sigset_t *watched, uint64_t deadline)
{
    for (uint64_t left; (left = deadline_left(deadline, UINT64_MAX)) > 0;) {
        struct timespec timeout = deadline_timespec(left);
        if (sigtimedwait(watched, NULL, &timeout) == SIGTERM)
            kill_all();
        if (waitpid(form, &kept->status, WNOHANG) == form) {
            kept->over = true;
            return;
        }
    }
    kept->timed_out = true;
}

/* SIGTERM is what the keeper gets when the program dies. */
static _Noreturn void keeper_main(
    const struct demo_form *form, const struct demo_run *run, struct kept *kept)
{
    sigset_t watched, before;
    sigemptyset(&watched);
    sigaddset(&watched, SIGTERM);
    sigaddset(&watched, SIGCHLD);
    sigprocmask(SIG_BLOCK, &watched, &before);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    pid_t child = fork();
    if (child == 0)
        form_main(form, run, &before);
    if (child > 0)
        keep(child, kept, &watched, run->deadline);
    kill_all();
}

/* ---- the program ---- */

/* Waits for the keeper, then for every other process of its group: they have become the program's
 * children. The keeper stays a zombie until the group is killed, so that its number is not given
 * to anybody else. */
static void wait_for_group(pid_t keeper)
{
    siginfo_t info;
    while (waitid(P_PID, (id_t)keeper, &info, WEXITED | WNOWAIT) && errno == EINTR)
        ;
    kill(-keeper, SIGKILL);
    while (waitpid(-keeper, NULL, 0) > 0 || errno == EINTR)
        ;
    interrupt_forget();
}

static void judge(const struct demo *demo, enum drive_which which, const struct kept *kept,
    struct drive_outcome *outcome)
{
    bool cannot = atomic_load(&kept->report.cannot) > 0;
    bool died = !kept->timed_out && (!kept->over || kept->status != 0);
    outcome->status = kept->over ? kept->status : SIGKILL; /* with the keeper, by somebody else */
    outcome->end = cannot            ? DRIVE_UNABLE
                   : kept->timed_out ? DRIVE_KILLED
                   : died            ? DRIVE_DIED
                                     : DRIVE_ENDED;
    bool hung = which == DRIVE_UNMENDED && demo->hang_s > 0 && outcome->end == DRIVE_KILLED;
    outcome->showed =
        hung || (outcome->end == DRIVE_ENDED && atomic_load(&kept->report.showed) > 0);
}

static int unable(struct drive_outcome *outcome, const char *what)
{
    outcome->end = DRIVE_UNABLE;
    snprintf(outcome->why, sizeof outcome->why, "%s: %s", what, strerror(errno));
    return interrupt_requested() ? -1 : 0;
}

int drive_run(const struct demo *demo, enum drive_which which, uint64_t seed, double limit_s,
    struct drive_outcome *outcome)
{
    *outcome = (struct drive_outcome){.limit_s = limit_s};
    if (which == DRIVE_UNMENDED && demo->hang_s > 0)
        outcome->limit_s = fmin(limit_s, demo->hang_s);
    struct kept *kept = memory_make(sizeof *kept, false);
    if (!kept)
        return unable(outcome, "no memory for a form's report");
    outcome->report = &kept->report;
    int reaps = 0;
    prctl(PR_GET_CHILD_SUBREAPER, &reaps);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    fflush(NULL);
    uint64_t start = clock_now();
    struct demo_run run = {
        .seed = seed, .deadline = deadline_after(outcome->limit_s), .report = &kept->report};
    pid_t keeper = interrupt_fork();
    if (keeper == 0)
        keeper_main(drive_form(demo, which), &run, kept);
    int code = 0;
    if (keeper > 0) {
        wait_for_group(keeper);
        outcome->seconds = clock_since(start);
        judge(demo, which, kept, outcome);
    } else {
        code = unable(outcome, "cannot start a process for a form");
    }
    prctl(PR_SET_CHILD_SUBREAPER, reaps);
    return interrupt_requested() ? -1 : code;
}

void drive_free(struct drive_outcome *outcome)
{
    if (outcome->report)
        memory_free((char *)outcome->report - offsetof(struct kept, report), sizeof(struct kept));
    outcome->report = NULL;
}

bool drive_as_promised(enum drive_which which, const struct drive_outcome *outcome)
{
    return which == DRIVE_UNMENDED ? outcome->showed
                                   : !outcome->showed && outcome->end == DRIVE_ENDED;
}

const char *drive_end_text(const struct drive_outcome *outcome, char *text, size_t size)
{
    char seconds[32];
    switch (outcome->end) {
    case DRIVE_ENDED:
        snprintf(text, size, "ended by itself after %s",
            units_seconds(seconds, sizeof seconds, outcome->seconds));
        break;
    case DRIVE_KILLED:
        snprintf(text, size, "was still at it after %s and was killed",
            units_seconds(seconds, sizeof seconds, outcome->limit_s));
        break;
    case DRIVE_DIED:
        if (WIFSIGNALED(outcome->status))
            snprintf(text, size, "was ended by signal %d (%s)", WTERMSIG(outcome->status),
                strsignal(WTERMSIG(outcome->status)));
        else
            snprintf(text, size, "left with status %d", WEXITSTATUS(outcome->status));
        break;
    case DRIVE_UNABLE:
        snprintf(text, size, "could not run%s%s", *outcome->why ? ": " : "", outcome->why);
        break;
    }
    return text;
}
