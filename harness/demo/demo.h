/* The hazard contract: everything that a demonstration of what goes wrong needs.
 *
 * A hazard is one file in this folder. It ends with
 *
 *     const struct demo demo_NAME = { .name = "NAME", ... };
 *
 * where NAME is the file's name; a hyphen in .name is an underscore in the file's. The folder is
 * the registry: the Makefile finds the file, `poolbench list` and `poolbench demo` show it, and
 * tests/cli/demo.bats runs it, without another line. A file that needs libraries says so in a
 * comment of its first lines, `pkg-config: libcurl`, as a case does. What two hazards share goes to
 * support/.
 *
 * A hazard has two forms: unmended, which goes wrong, and mended, which does the same work and does
 * not. Each is a function that runs in a process of its own, which may start threads, pools and
 * processes as it likes, and is killed with all of its descendants when its time is up, when the
 * program is interrupted or killed, and also when it returns: what a form leaves running ends
 * there. A form therefore need not clean up what it cannot (a thread in a deadlock), but
 *   - its processes stay in its process group (no setsid, no setpgid),
 *   - shared memory has no name (harness/share/, memory_make), and files are temporary ones without
 *     a name (memfd_create, O_TMPFILE) or pipes,
 *   - it prints nothing: it reports through the functions below.
 *
 * Honesty: what happens is real. Races are won and lost by the scheduler; a form may widen the
 * window (leave the CPU between reading and writing) or begin both sides at once, so that they show
 * on one CPU too, but never reports a number that it has not counted or timed. Both forms do the
 * same work, as far as the failure lets them, and differ in the mend alone. A form takes below a
 * second on two CPUs, and both show what they should on one CPU, on a busy machine, and under the
 * sanitizers: what is shared on purpose is atomic (relaxed), so that the race is one of the
 * program's logic, whose outcome is wrong but defined. */
#ifndef DEMO_DEMO_H
#define DEMO_DEMO_H

#include <stdint.h>

enum demo_kind {
    DEMO_SAFETY,   /* a wrong result (safety and liveness: Lamport 1977) */
    DEMO_LIVENESS, /* something that should happen never does, or not for all */
    DEMO_LOSS,     /* work, results or errors that get lost */
    DEMO_SPEED     /* right, but slow */
};

struct demo_report;

/* What a form is given. */
struct demo_run {
    uint64_t seed;     /* anything random is hash_mix(seed, ...), util/hash.h */
    uint64_t deadline; /* the clock_now at which it is killed */
    struct demo_report *report;
};

struct demo_form {
    const char *what; /* one line: what this form does ("n = n + 1 without a lock") */
    void (*run)(const struct demo_run *run);
};

struct demo {
    const char *name;
    const char *summary;     /* one line: what goes wrong */
    const char *description; /* a paragraph: what goes wrong, why, and how it is mended */
    enum demo_kind kind;
    struct demo_form unmended, mended;
    /* The failure is that the unmended form never ends: it is killed after so many seconds, which
     * must be many times what it would take, and that shows the failure. Its events, reported
     * before, should say who waits for what. 0: both forms end by themselves, and one that is
     * killed shows nothing. */
    double hang_s;
    /* Why it cannot be shown here, with what to do; NULL where it can. NULL: it always can. */
    const char *(*supported)(void);
};

const char *demo_kind_name(enum demo_kind kind);

/* Why a built hazard cannot be shown here, or NULL. */
const char *demo_reason(const struct demo *demo);

/* ---- what a form reports: from any of its threads and processes, at any time ----
 *
 * Reports lie in memory that outlives the form, so that one that is killed has told what it told
 * before. There is room for DEMO_FIGURES_MAX and DEMO_LINES_MAX; what is beyond is counted. Lines
 * are cut at DEMO_LINE_MAX - 1 bytes. */

#define DEMO_FIGURES_MAX 32
#define DEMO_LINES_MAX 48
#define DEMO_LINE_MAX 240
#define DEMO_UNIT_MAX 16

/* A number under a name ("updates lost, threads"), in a unit ("s", "%", "per million"; "": a
 * count). Seconds, bytes and fractions of them are given in SI units and scaled when shown. The two
 * forms' figures of the same name stand side by side, so the names must be the same. A value that
 * is not finite is not known. */
void demo_figure(const struct demo_run *run, double value, const char *unit, const char *name, ...)
    __attribute__((format(printf, 4, 5)));

/* A line of what happened, in the order of the calls. */
void demo_event(const struct demo_run *run, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The failure showed, in a line with its number ("413 of 1000 updates were lost"). Once or several
 * times. To be called by both forms on the same condition, so that a mended form that fails too is
 * found out. */
void demo_showed(const struct demo_run *run, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The form cannot run (no memory, no pool), in a line that says what to do. Ends the calling
 * process: neither form has shown anything then. */
_Noreturn void demo_cannot(const struct demo_run *run, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Seconds that a wait or a loop may take: `most`, or three quarters of what is left of the form's
 * time where that is less. */
double demo_seconds(const struct demo_run *run, double most);

#endif
