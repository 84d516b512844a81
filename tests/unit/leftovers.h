/* What a test must leave as it found it: no child (running or zombie), no thread, no descriptor, no
 * writable shared mapping, nothing of ours in /dev/shm. Give leftovers_mark and leftovers_check as
 * a test's setup and teardown; a test that hangs is ended by SIGALRM after LEFTOVERS_SECONDS.
 *
 * The program becomes a subreaper, so that an orphan of a killed child comes to it and counts as a
 * child, instead of going unseen to process 1. To be included after cmocka.h by one test program
 * each. */
#ifndef UNIT_LEFTOVERS_H
#define UNIT_LEFTOVERS_H

#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LEFTOVERS_SECONDS 120

/* A thread that was joined stands in /proc a moment longer, and no event tells when it is gone. */
#define LEFTOVERS_PATIENCE_MS 10000

struct leftovers {
    unsigned threads, descriptors, mappings, shm;
};

static struct leftovers leftovers_before;

static inline unsigned leftovers_entries(const char *folder, const char *part)
{
    unsigned count = 0;
    DIR *entries = opendir(folder);
    for (struct dirent *entry; entries && (entry = readdir(entries));)
        count += entry->d_name[0] != '.' && strstr(entry->d_name, part);
    if (entries)
        closedir(entries);
    return count;
}

static inline unsigned leftovers_shared_mappings(void)
{
    char line[4096], mode[8];
    unsigned count = 0;
    FILE *maps = fopen("/proc/self/maps", "re");
    while (maps && fgets(line, sizeof line, maps))
        count += sscanf(line, "%*s %7s", mode) == 1 && mode[1] == 'w' && mode[3] == 's';
    if (maps)
        fclose(maps);
    return count;
}

static inline struct leftovers leftovers_now(void)
{
    return (struct leftovers){
        .threads = leftovers_entries("/proc/self/task", ""),
        .descriptors = leftovers_entries("/proc/self/fd", ""),
        .mappings = leftovers_shared_mappings(),
        .shm = leftovers_entries("/dev/shm", "poolbench"),
    };
}

static inline bool leftovers_child(siginfo_t *child)
{
    child->si_pid = 0;
    return waitid(P_ALL, 0, child, WEXITED | WNOHANG | WNOWAIT) == 0;
}

/* Whether all is as in `before`; if not, what says what is left. */
static inline bool leftovers_none(const struct leftovers *before, char *what, size_t size)
{
    struct leftovers now = leftovers_now();
    for (int ms = 0; now.threads != before->threads && ms < LEFTOVERS_PATIENCE_MS; ms++) {
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
        now = leftovers_now();
    }
    siginfo_t child;
    bool children = leftovers_child(&child);
    snprintf(what, size, "left: %s, threads %+d, descriptors %+d, shared mappings %+d, shm %+d",
        !children      ? "no child"
        : child.si_pid ? "a zombie"
                       : "a running child",
        (int)(now.threads - before->threads), (int)(now.descriptors - before->descriptors),
        (int)(now.mappings - before->mappings), (int)(now.shm - before->shm));
    return !children && memcmp(&now, before, sizeof now) == 0;
}

static inline void *leftovers_nothing(void *argument)
{
    return argument;
}

/* A sanitizer starts a thread of its own together with a process's first one. Where there is none,
 * the wait is for that first one to leave /proc. */
static inline void leftovers_settle(void)
{
    static bool settled;
    pthread_t thread;
    if (settled || pthread_create(&thread, NULL, leftovers_nothing, NULL))
        return;
    pthread_join(thread, NULL);
    for (int ms = 0; leftovers_entries("/proc/self/task", "") > 1 && ms < 100; ms++)
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    settled = true;
}

static inline int leftovers_mark(void **state)
{
    (void)state;
    leftovers_settle();
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    alarm(LEFTOVERS_SECONDS);
    leftovers_before = leftovers_now();
    return 0;
}

static inline int leftovers_check(void **state)
{
    (void)state;
    char what[256];
    alarm(0);
    if (!leftovers_none(&leftovers_before, what, sizeof what))
        fail_msg("%s", what);
    return 0;
}

#endif
