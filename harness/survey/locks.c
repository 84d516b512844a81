/* locks: what taking and giving back a lock costs, alone and beside a second user.
 *
 * All kinds lie in shared memory, so that two processes can do with them what two threads do. Two
 * users take a lock as fast as they can: the figure is the time from one holder to the next, wall
 * time over all turns. Between two turns nothing is done, which is the hardest case for a lock. */
#include "../measure/clock.h"
#include "../pool/mapping.h"
#include "../pool/task.h"
#include "../share/lock.h"
#include "../share/semaphore.h"
#include "survey.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define READING_NS 20000000u /* at least */
#define BATCH 1000           /* turns between two looks at the clock */
#define TICKET_SPINS 1000    /* before a ticket's holder is taken for one without a CPU */

/* Everything that a turn may need, in one shared mapping, each on lines of its own.
 * NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding) */
struct table {
    struct lock lock, recursive;
    struct semaphore *semaphore;
    pthread_mutex_t mutex;
    pthread_rwlock_t rwlock;
    pthread_spinlock_t spin;
    _Alignas(64) _Atomic uint64_t sum;
    _Alignas(64) _Atomic unsigned next, serving; /* the ticket lock's */
    _Alignas(64) uint64_t value;                 /* what the locks protect */
    _Alignas(64) _Atomic unsigned ready;         /* users that have come */
    _Atomic uint64_t turns;                      /* of all users */
    _Atomic bool over;
};

static void by_lock(struct table *table)
{
    lock_acquire(&table->lock, -1);
    table->value++;
    lock_release(&table->lock);
}

static void by_recursive(struct table *table)
{
    lock_acquire(&table->recursive, -1);
    table->value++;
    lock_release(&table->recursive);
}

static void by_semaphore(struct table *table)
{
    semaphore_acquire(table->semaphore, -1);
    table->value++;
    semaphore_release(table->semaphore, 1);
}

static void by_mutex(struct table *table)
{
    pthread_mutex_lock(&table->mutex);
    table->value++;
    pthread_mutex_unlock(&table->mutex);
}

static void by_spin(struct table *table)
{
    pthread_spin_lock(&table->spin);
    table->value++;
    pthread_spin_unlock(&table->spin);
}

/* Mellor-Crummey and Scott 1991, algorithm 2; it lets others run where the holder may have no CPU.
 */
static void by_ticket(struct table *table)
{
    /* relaxed: the number alone matters */
    unsigned mine = atomic_fetch_add_explicit(&table->next, 1, memory_order_relaxed);
    /* acquire, with the release below: the last holder's value is there */
    for (unsigned spins = 0; atomic_load_explicit(&table->serving, memory_order_acquire) != mine;
         spins++)
        if (spins % TICKET_SPINS == TICKET_SPINS - 1)
            sched_yield();
    table->value++;
    atomic_store_explicit(&table->serving, mine + 1, memory_order_release);
}

static void by_atomic(struct table *table)
{
    /* relaxed: nothing else is published by it */
    atomic_fetch_add_explicit(&table->sum, 1, memory_order_relaxed);
}

static void by_reading(struct table *table)
{
    pthread_rwlock_rdlock(&table->rwlock);
    __asm__ volatile("" : : "r"(table->value) : "memory"); /* it is read */
    pthread_rwlock_unlock(&table->rwlock);
}

static void by_writing(struct table *table)
{
    pthread_rwlock_wrlock(&table->rwlock);
    table->value++;
    pthread_rwlock_unlock(&table->rwlock);
}

static const struct kind {
    const char *name;
    void (*turn)(struct table *table);
} kinds[] = {
    {"atomic addition", by_atomic},
    {"spin lock (pthread)", by_spin},
    {"ticket lock", by_ticket},
    {"mutex (pthread)", by_mutex},
    {"lock (share/lock.h)", by_lock},
    {"re-entrant lock (share/lock.h)", by_recursive},
    {"semaphore (share/semaphore.h)", by_semaphore},
    {"rwlock for reading (pthread)", by_reading},
    {"rwlock for writing (pthread)", by_writing},
};
#define KINDS (sizeof kinds / sizeof *kinds)

static int make_table(struct table *table)
{
    pthread_mutexattr_t mutex;
    pthread_rwlockattr_t rwlock;
    pthread_mutexattr_init(&mutex);
    pthread_mutexattr_setpshared(&mutex, PTHREAD_PROCESS_SHARED);
    pthread_rwlockattr_init(&rwlock);
    pthread_rwlockattr_setpshared(&rwlock, PTHREAD_PROCESS_SHARED);
    int code = lock_init(&table->lock, LOCK_PLAIN);
    if (!code)
        code = lock_init(&table->recursive, LOCK_RECURSIVE);
    if (!code)
        code = pthread_mutex_init(&table->mutex, &mutex);
    if (!code)
        code = pthread_rwlock_init(&table->rwlock, &rwlock);
    if (!code)
        code = pthread_spin_init(&table->spin, PTHREAD_PROCESS_SHARED);
    table->semaphore = semaphore_make(1, true);
    return table->semaphore ? code : ENOMEM;
}

/* ---- users ---- */

struct users {
    struct table *table;
    const struct kind *kind;
    unsigned count;
};

/* Takes turns from the moment that all users are there until the first has had enough. */
static void *use(void *argument)
{
    const struct users *users = argument;
    struct table *table = users->table;
    uint64_t turns = 0;
    atomic_fetch_add(&table->ready, 1);
    while (atomic_load(&table->ready) < users->count)
        sched_yield();
    uint64_t start = clock_now();
    while (!atomic_load(&table->over)) {
        for (unsigned i = 0; i < BATCH; i++)
            users->kind->turn(table);
        turns += BATCH;
        if (clock_now() - start >= READING_NS)
            atomic_store(&table->over, true);
    }
    atomic_fetch_add(&table->turns, turns);
    return NULL;
}

static int start_thread(struct users *users, pthread_t *thread)
{
    int code = pthread_create(thread, NULL, use, users);
    return code ? task_fail(code, "pthread_create: %s", strerror(code)) : 0;
}

static int start_process(struct users *users, pid_t *pid)
{
    *pid = survey_fork();
    if (*pid == 0) {
        use(users);
        _exit(0);
    }
    return *pid < 0 ? task_fail(errno, "fork: %s", strerror(errno)) : 0;
}

/* Wall time of a turn with a second user, if there is one: a thread or a process. */
static int time_turns(struct users *users, bool processes, double *seconds)
{
    struct table *table = users->table;
    pthread_t thread = 0;
    pid_t pid = 0;
    int code = 0;
    atomic_store(&table->ready, 0);
    atomic_store(&table->turns, 0);
    atomic_store(&table->over, false);
    if (users->count > 1)
        code = processes ? start_process(users, &pid) : start_thread(users, &thread);
    if (code)
        return code;
    while (atomic_load(&table->ready) < users->count - 1)
        sched_yield();
    uint64_t start = clock_now();
    use(users);
    *seconds = clock_since(start);
    if (users->count > 1 && processes)
        waitpid(pid, NULL, 0);
    else if (users->count > 1)
        pthread_join(thread, NULL);
    *seconds /= (double)atomic_load(&table->turns);
    return 0;
}

/* ---- the survey ---- */

static int locks_open(struct survey_run *run)
{
    for (size_t i = 0; i < KINDS; i++) {
        survey_add_probe(run, kinds[i].name, 0);
        survey_add_figure(run, "alone", "s");
        survey_add_figure(run, "two threads", "s");
        survey_add_figure(run, "two processes", "s");
    }
    return 0;
}

static int locks_read(const struct survey_run *run, unsigned probe, struct survey_reading *reading)
{
    (void)run;
    int fd;
    struct table *table = mapping_make(sizeof *table, true, &fd);
    int code = table ? make_table(table) : ENOMEM;
    if (code)
        return task_fail(code, "the locks cannot be made: %s", strerror(code));
    struct users users = {table, &kinds[probe], 1};
    code = time_turns(&users, false, &reading->values[0]);
    users.count = 2;
    if (!code)
        code = time_turns(&users, false, &reading->values[1]);
    if (!code)
        code = time_turns(&users, true, &reading->values[2]);
    return code;
}

const struct survey survey_locks = {
    .name = "locks",
    .title = "Locks",
    .summary = "what taking and giving back a lock costs, alone and beside a second user",
    .description =
        "Each kind of lock guards one counter. Alone, a turn is taking the lock, adding one and "
        "giving it back. With two users, threads or processes, both do so as fast as they can, "
        "and the figure is wall time over the turns of both: from one holder to the next. A lock "
        "that is contended costs many times of what it costs alone, because the cache line moves "
        "between CPUs and a waiter may sleep; a fair one (ticket) pays for the hand-over at every "
        "turn, an unfair one lets its holder take it again. Nothing is done between two turns: "
        "where more is done, the share of it that holds the lock decides (see the case counter).",
    .rounds = 8,
    .reading_seconds = 10,
    .open = locks_open,
    .read = locks_read,
};
