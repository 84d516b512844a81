/* A command run to its end, silent, its output in files. */
#ifndef MEASURE_CHILD_H
#define MEASURE_CHILD_H

#include <stddef.h>

/* What child_run returns where there is no exit status. */
#define CHILD_NOT_FOUND 127
#define CHILD_KILLED (-1)    /* by a signal, or it could not be started */
#define CHILD_TIMED_OUT (-2) /* killed by the time limit */

/* Runs words[0] with its NULL-ended words, found along PATH, as interrupt_fork's child: a signal to
 * this program kills it with all that it has started, and so does the limit of seconds. What it has
 * started never outlives it. Its stdin is empty, stdout and stderr go to files (NULL: nowhere);
 * what make and git say of an outer call in the environment is taken out. Returns the exit status,
 * or one of the above. Not for use from several threads. */
int child_run(char *const *words, const char *out, const char *err, unsigned seconds);

/* Writes the last line that is not empty of a file that child_run wrote, control characters as
 * '?'; "" where there is none. Returns line. */
const char *child_last_line(const char *path, char *line, size_t size);

#endif
