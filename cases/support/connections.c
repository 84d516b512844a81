/* One lock for the whole set: it is held for a look through the places, and never while a
 * connection is opened, closed or used. Its holder may die at any instruction: every change is of
 * one word or repeated by whoever finds the dead one's place. */
#include "connections.h"

#include "../../harness/measure/clock.h"
#include "../../harness/util/futex.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* How long a sleeper sleeps before it looks itself: whoever was to wake it may be dead. */
#define RECHECK_NS 50000000u

int connections_make(struct connections *set, uint32_t places)
{
    set->places = places;
    return lock_init(&set->lock, LOCK_PLAIN);
}

/* A holder that died left nothing that the next one could not go on with. */
static void enter(struct connections *set)
{
    lock_acquire(&set->lock, -1);
}

static void leave(struct connections *set)
{
    lock_release(&set->lock);
}

/* ---- processes ---- */

/* 0: not known. */
static uint64_t start_of(pid_t pid)
{
    char path[32], line[1024];
    uint64_t start = 0;
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    FILE *file = fopen(path, "re");
    if (!file)
        return 0;
    const char *text = fgets(line, sizeof line, file) ? strrchr(line, ')') : NULL; /* the name's */
    fclose(file);
    if (!text || sscanf(text,
                     ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d "
                     "%*d %" SCNu64,
                     &start) != 1)
        return 0;
    return start;
}

/* Looked up once a thread, and again in a fork. */
static struct connections_process own(void)
{
    static _Thread_local struct connections_process known;
    if (known.pid != getpid())
        known = (struct connections_process){getpid(), start_of(getpid())};
    return known;
}

static bool is_own(struct connections_process process)
{
    return process.pid == own().pid && process.start == own().start;
}

/* The thorough look also sees that the pid is another process's now, and reads a file for that. */
static bool is_gone(struct connections_process process, bool thorough)
{
    if (process.pid == own().pid)
        return process.start != own().start;
    if (kill(process.pid, 0) && errno == ESRCH)
        return true;
    uint64_t start = thorough ? start_of(process.pid) : 0;
    return start && process.start && start != process.start;
}

/* ---- who takes part ---- */

static uint32_t find_own(const struct connections *set)
{
    uint32_t i = 0;
    while (i < set->processes && !is_own(set->joined[i].process))
        i++;
    return i;
}

static uint32_t find_unused(const struct connections *set)
{
    uint32_t i = 0;
    while (i < set->processes && set->joined[i].process.pid)
        i++;
    return i;
}

/* One whose pid is in use again stays: connections are closed then that could be kept. */
static void forget_dead(struct connections *set)
{
    for (uint32_t i = 0; i < set->processes; i++)
        if (set->joined[i].process.pid && is_gone(set->joined[i].process, false))
            set->joined[i].process.pid = 0;
    while (set->processes && !set->joined[set->processes - 1].process.pid)
        set->processes--;
}

/* A process beyond CONNECTIONS_PROCESSES is not noted: it closes its connections after each use. */
void connections_join(struct connections *set)
{
    enter(set);
    uint32_t entry = find_own(set);
    if (entry == set->processes) { /* a new one */
        forget_dead(set);
        entry = find_unused(set);
        if (entry < CONNECTIONS_PROCESSES) {
            set->joined[entry].workers = 0;
            set->joined[entry].process = own();
            if (entry == set->processes)
                set->processes++;
        }
    }
    if (entry < CONNECTIONS_PROCESSES)
        set->joined[entry].workers++;
    leave(set);
}

/* Whether nobody else can be waiting for the place of an open connection of this process. */
static bool may_keep(const struct connections *set)
{
    uint64_t workers = 0;
    uint32_t processes = 0;
    for (uint32_t i = 0; i < set->processes; i++) {
        processes += set->joined[i].process.pid != 0;
        workers += set->joined[i].process.pid ? set->joined[i].workers : 0;
    }
    return find_own(set) < set->processes && (processes == 1 || workers <= set->places);
}

/* ---- places ---- */

static void wake(struct connections *set, int count)
{
    /* pairs with the acquire in connections_take: the place was given back before */
    atomic_fetch_add_explicit(&set->given, 1, memory_order_release);
    futex_wake(&set->given, count, true);
}

/* An idle connection of this process, of the calling one's `own`, or a place to open one in. */
static bool find_place(struct connections *set, bool thorough, uint32_t *found)
{
    uint32_t empty = set->places;
    for (uint32_t i = 0; i < set->places; i++) {
        if (set->place[i].state == CONNECTIONS_IDLE && is_own(set->place[i].owner)) {
            *found = i;
            return true;
        }
        if (set->place[i].state == CONNECTIONS_EMPTY && empty == set->places)
            empty = i;
    }
    for (uint32_t i = 0; i < set->places && empty == set->places; i++)
        if (is_gone(set->place[i].owner, thorough))
            empty = i;
    *found = empty;
    return empty < set->places;
}

static bool try_take(struct connections *set, bool thorough, struct connections_turn *turn)
{
    uint32_t i;
    enter(set);
    bool found = find_place(set, thorough, &i);
    if (found) {
        bool open = set->place[i].state == CONNECTIONS_IDLE && is_own(set->place[i].owner);
        *turn = (struct connections_turn){i, open ? set->place[i].connection : NULL};
        set->place[i].owner = own();
        set->place[i].state = open ? CONNECTIONS_BUSY : CONNECTIONS_OPENING;
    }
    leave(set);
    return found;
}

int connections_take(struct connections *set, uint64_t timeout, struct connections_turn *turn)
{
    uint64_t start = clock_now();
    uint64_t thorough = start + RECHECK_NS; /* when it looks thoroughly, next */
    for (bool waited = false;; waited = true) {
        uint32_t given = atomic_load_explicit(&set->given, memory_order_acquire); /* wake */
        bool due = clock_now() >= thorough;
        if (try_take(set, due, turn))
            return 0;
        if (due)
            thorough = clock_now() + RECHECK_NS;
        if (!waited) {
            enter(set);
            set->waits++;
            leave(set);
        }
        uint64_t passed = clock_now() - start;
        if (passed >= timeout)
            return ETIMEDOUT;
        uint64_t left = timeout - passed;
        struct timespec pause = {.tv_nsec = (long)(left < RECHECK_NS ? left : RECHECK_NS)};
        futex_wait(&set->given, given, &pause, true);
    }
}

static void put_back(struct connections *set, uint32_t place, void *connection)
{
    enter(set);
    set->place[place].connection = connection;
    set->place[place].state = connection ? CONNECTIONS_IDLE : CONNECTIONS_EMPTY;
    leave(set);
}

void connections_give(
    struct connections *set, const struct connections_turn *turn, void (*close)(void *connection))
{
    enter(set);
    void *kept = may_keep(set) ? turn->connection : NULL;
    leave(set);
    if (turn->connection && !kept)
        close(turn->connection); /* the place is still taken */
    put_back(set, turn->place, kept);
    wake(set, 1);
}

void connections_leave(struct connections *set, void (*close)(void *connection))
{
    enter(set);
    uint32_t entry = find_own(set);
    bool last = entry < set->processes && --set->joined[entry].workers == 0;
    if (last)
        set->joined[entry].process.pid = 0;
    leave(set);
    struct connections_turn turn;
    while (last && try_take(set, false, &turn)) {
        if (!turn.connection) { /* no idle one is left, which are found first */
            put_back(set, turn.place, NULL);
            break;
        }
        close(turn.connection);
        put_back(set, turn.place, NULL);
    }
    if (last)
        wake(set, INT_MAX);
}

/* ---- counts ---- */

void connections_count_opened(struct connections *set, const struct connections_turn *turn)
{
    enter(set);
    uint32_t open = 0;
    set->place[turn->place].state = CONNECTIONS_BUSY;
    for (uint32_t i = 0; i < set->places; i++)
        open += set->place[i].state == CONNECTIONS_IDLE || set->place[i].state == CONNECTIONS_BUSY;
    set->opened++;
    if (open > set->most)
        set->most = open;
    leave(set);
}

struct connections_counts connections_counts(struct connections *set)
{
    enter(set);
    struct connections_counts counts = {set->waits, set->opened, set->most};
    leave(set);
    return counts;
}
