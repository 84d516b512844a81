/* Progress on stderr: a bar with the time left on a terminal, a line a step elsewhere. One for the
 * whole program, since there is one terminal. */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include "../measure/sweep.h"

/* Announces steps that together take about `seconds`. */
void progress_begin(double seconds);

/* Begins a step that takes about `seconds`. name must live until the step ends. */
void progress_step(const char *name, double seconds);

/* The part of the step that is done, as a hook for measuring functions. Outside a step the
 * measurement is the whole, and is shown under this name. */
struct sweep_progress progress_hook(const char *name);

/* What the measurement of the last progress_hook is to reach, shown beside how far it is: a
 * half-width of the widest interval (a part; 0: none is asked for) and seconds (0: no budget). */
void progress_goal(double half_width, double budget_s);

/* Ends the step, and clears the bar. */
void progress_step_end(void);

/* Shows what is waited for, and for how long so far, where nobody knows which part is done. Only on
 * a terminal. */
void progress_wait(const char *what, double seconds);

/* Clears the bar: everything is done, or something else is to be printed. */
void progress_clear(void);

#endif
