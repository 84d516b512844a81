/* The progress bar. The time left comes from the time used and the part done; the announced
 * seconds only weigh the steps against each other. */
#include "progress.h"

#include "../measure/clock.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define BAR_WIDTH 30

static struct {
    uint64_t start, step_start;
    double total, before, step; /* announced seconds: all, of the steps done, of this step */
    const char *name;
    double half_width, reached; /* asked for, and of the widest interval so far; parts */
    double budget_s;
    uint64_t goal_start;
    bool shown;
} progress;

static bool on_terminal(void)
{
    const char *term = getenv("TERM");
    return isatty(STDERR_FILENO) && term && *term;
}

void progress_begin(double seconds)
{
    progress.start = clock_now();
    progress.total = seconds;
    progress.before = 0;
}

static void draw_goal(void)
{
    if (progress.half_width > 0 && isfinite(progress.reached))
        fprintf(
            stderr, "  ± %.3g %% of %.3g %%", 100 * progress.reached, 100 * progress.half_width);
    else if (progress.half_width > 0)
        fprintf(stderr, "  ± ? of %.3g %%", 100 * progress.half_width);
    if (progress.budget_s > 0)
        fprintf(stderr, "  %.0f of %.0f s", clock_since(progress.goal_start), progress.budget_s);
}

static void draw(double done)
{
    int filled = (int)(done * BAR_WIDTH);
    double used = clock_since(progress.start);
    fprintf(stderr, "\r[%.*s%.*s] %3.0f %%  %-12s", filled, "##############################",
        BAR_WIDTH - filled, "..............................", done * 100, progress.name);
    if (done > 0.02) {
        int left = (int)(used / done - used + 0.5);
        fprintf(stderr, "  %d:%02d left  ", left / 60, left % 60);
    }
    draw_goal();
    fputs("\033[K", stderr);
    fflush(stderr);
    progress.shown = true;
}

static void update(void *context, double done)
{
    (void)context;
    if (!on_terminal())
        return;
    double part = (progress.before + done * progress.step) / progress.total;
    draw(part < 1 ? part : 1);
}

static void note_reached(void *context, double half_width)
{
    (void)context;
    progress.reached = half_width;
}

void progress_goal(double half_width, double budget_s)
{
    progress.half_width = half_width;
    progress.reached = INFINITY;
    progress.budget_s = budget_s;
    progress.goal_start = clock_now();
}

void progress_step(const char *name, double seconds)
{
    progress.name = name;
    progress.step = seconds;
    progress.step_start = clock_now();
    update(NULL, 0);
}

struct sweep_progress progress_hook(const char *name)
{
    if (progress.total <= 0) { /* no step: what is measured is the whole */
        progress_begin(1);
        progress.step = 1;
        progress.name = name;
    }
    progress_goal(0, 0);
    return (struct sweep_progress){.report = update, .reached = note_reached};
}

void progress_step_end(void)
{
    progress_clear();
    fprintf(stderr, "%s: %.1f s\n", progress.name, clock_since(progress.step_start));
    progress.before += progress.step;
    if (progress.before >= progress.total)
        progress.total = 0;
}

void progress_wait(const char *what, double seconds)
{
    if (!on_terminal())
        return;
    fprintf(stderr, "\r%s: %.0f s", what, seconds);
    fflush(stderr);
    progress.shown = true;
}

void progress_clear(void)
{
    if (progress.shown)
        fputs("\r\033[K", stderr);
    progress.shown = false;
}
