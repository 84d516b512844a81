/* What the kernel tells of this host in /proc, /sys and the cgroup file systems. Every reading of
 * them goes through here, so that a test can put a folder in their place: where the environment
 * variable POOLBENCH_ROOT names one, each path is looked up below it. That is for tests alone; a
 * user has no reason to set it, and what is measured there says so (machine_probe).
 *
 * Nothing here changes anything. Bytes of a text that are no printable ones become '?': a file of
 * garbage is shown, but not obeyed by a terminal. Safe from any thread as long as none changes the
 * environment. */
#ifndef UTIL_HOST_H
#define UTIL_HOST_H

#include <dirent.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* The folder that stands for "/" in a test, or "". */
const char *host_root(void);

/* Opens a file for reading, or lists a folder. NULL with errno. The caller closes it. */
FILE *host_open(const char *path);
DIR *host_list(const char *folder);

bool host_exists(const char *path);

/* A file's first line without its end, cut to fit. Returns 0, or -1 where there is no such file or
 * it is empty; line is then "". */
int host_line(const char *path, char *line, size_t size);

/* The value of the first line `key value`, `key: value` or `key="value"`, with any blanks. Returns
 * 0, or -1 with value "". */
int host_field(const char *path, const char *key, char *value, size_t size);

/* The number of such a line; 0 where there is none. */
uint64_t host_counter(const char *path, const char *key);

/* A whole number of decimal digits at *text, after blanks, as the kernel prints it; moves *text
 * behind it. Returns 0, or -1 for anything else (a sign, a letter, more than 64 bits). */
int host_number(const char **text, uint64_t *value);

/* A file that holds one number and nothing else. Returns 0, or -1. */
int host_count(const char *path, uint64_t *value);

#endif
