/* Readers and writers on one table. A reader goes through a part of it and holds every entry
 * against its check word, which a writer changes after the entry: a reader that was let in beside a
 * writer would see it. How often a task writes is the same for all, spread evenly over its
 * operations, so what the entries sum up to is known. */
#include "case.h"

#include "support/marked_lock.h"
#include "support/readwrite.h"
#include "support/segment.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_TASKS 200
#define CHECK_OPERATIONS 32 /* from check point to check point */
#define ENTRIES 4096        /* 64 KB: most caches of a core's own hold it */

struct entry {
    uint64_t count; /* writes so far */
    uint64_t check;
};

struct shared {
    struct seat seat[SEATS];
    _Alignas(128) struct lock mutex;
    _Alignas(128) struct read_write read_write;
    _Alignas(128) struct entry table[ENTRIES];
};

struct rwlock {
    uint64_t seed;
    uint64_t operations; /* of a task ... */
    double writes;       /* ... and the share that are writes */
    uint64_t scan;       /* entries of an operation */
    bool mutex;          /* instead */
    struct segment segment;
    struct shared *shared;
    struct seats seats;
    struct read_write_view view;
};

/* How many of a task's first `operations` are writes. */
static uint64_t writes_among(const struct rwlock *rwlock, uint64_t operations)
{
    return (uint64_t)(rwlock->writes * (double)operations);
}

static uint64_t check_of(size_t i, uint64_t count)
{
    return hash_mix(i, count);
}

/* After a death: a writer may have left one entry without its check. */
static void mend(const void *owner)
{
    struct entry *table = ((const struct rwlock *)owner)->shared->table;
    for (size_t i = 0; i < ENTRIES; i++)
        table[i].check = check_of(i, table[i].count);
}

static void clear_seat(const void *owner, struct seat *seat)
{
    read_write_clear(&((const struct rwlock *)owner)->shared->read_write, seat);
}

static int fill_shared(struct rwlock *rwlock)
{
    struct shared *shared = rwlock->shared;
    int code = seats_init(shared->seat);
    if (!code && (code = lock_init(&shared->mutex, LOCK_PLAIN)) != 0)
        code = task_fail(code, "cannot make a lock: %s", strerror(code));
    if (!code)
        code = read_write_init(&shared->read_write);
    mend(rwlock);
    return code;
}

static int open_shared(struct rwlock *rwlock, struct case_run *run)
{
    int code = segment_open(&rwlock->segment, run, sizeof *rwlock->shared);
    if (code)
        return code;
    rwlock->shared = rwlock->segment.memory;
    rwlock->seats =
        (struct seats){.seat = rwlock->shared->seat, .clear = clear_seat, .owner = rwlock};
    rwlock->view = (struct read_write_view){.shared = &rwlock->shared->read_write,
        .seats = &rwlock->seats,
        .mend = mend,
        .owner = rwlock};
    if (segment_is_mine(&rwlock->segment))
        code = fill_shared(rwlock);
    if (code)
        segment_close(&rwlock->segment);
    return code;
}

static int rwlock_setup(struct case_run *run)
{
    struct rwlock *rwlock = calloc(1, sizeof *rwlock);
    if (!rwlock)
        return task_fail(ENOMEM, "no memory for the parameters");
    rwlock->seed = run->seed;
    rwlock->operations = param_count(run->params, "operations");
    rwlock->writes = param_real(run->params, "writes");
    rwlock->scan = param_count(run->params, "scan");
    rwlock->mutex = strcmp(param_text(run->params, "how"), "mutex") == 0;
    int code = open_shared(rwlock, run);
    if (code) {
        free(rwlock);
        return code;
    }
    if (run->tasks == 0)
        run->tasks = DEFAULT_TASKS;
    run->even = true;
    run->ctx = rwlock;
    return 0;
}

static void rwlock_teardown(void *ctx)
{
    struct rwlock *rwlock = ctx;
    segment_close(&rwlock->segment);
    free(rwlock);
}

static int rwlock_worker_enter(const void *ctx, void **local)
{
    return seats_enter(&((const struct rwlock *)ctx)->seats, local);
}

static void rwlock_worker_leave(const void *ctx, void *local)
{
    (void)ctx;
    seats_leave(local);
}

static void write_entries(struct entry *table, size_t start, uint64_t count)
{
    for (uint64_t j = 0; j < count; j++) {
        size_t i = (start + j) % ENTRIES;
        table[i].count++;
        table[i].check = check_of(i, table[i].count);
    }
}

/* Returns how many entries do not fit their check. */
static uint64_t read_entries(const struct entry *table, size_t start, uint64_t count)
{
    uint64_t torn = 0;
    for (uint64_t j = 0; j < count; j++) {
        size_t i = (start + j) % ENTRIES;
        torn += table[i].check != check_of(i, table[i].count);
    }
    return torn;
}

static int acquire(const struct rwlock *rwlock, struct seat *seat, bool write)
{
    if (!rwlock->mutex)
        return read_write_acquire(&rwlock->view, seat, write);
    if (marked_lock_acquire(&rwlock->shared->mutex) == LOCK_OWNER_DEAD)
        mend(rwlock);
    return 0;
}

static void release(const struct rwlock *rwlock, struct seat *seat)
{
    if (rwlock->mutex)
        lock_release(&rwlock->shared->mutex);
    else
        read_write_release(&rwlock->view, seat);
}

static int operate(const struct rwlock *rwlock, struct seat *seat, size_t start, bool write)
{
    struct entry *table = rwlock->shared->table;
    uint64_t torn = 0;
    int code = acquire(rwlock, seat, write);
    if (code)
        return code;
    if (write)
        write_entries(table, start, rwlock->scan);
    else
        torn = read_entries(table, start, rwlock->scan);
    release(rwlock, seat);
    return torn ? task_fail(EIO, "a reader saw %" PRIu64 " half-written entries", torn) : 0;
}

static int rwlock_task(const void *ctx, void *local, uint64_t index, struct task_result *result)
{
    const struct rwlock *rwlock = ctx;
    int code = 0;
    seats_begin(local);
    for (uint64_t i = 0; i < rwlock->operations && !code; i++) {
        uint64_t start = hash_mix(hash_mix(rwlock->seed, index), i) % ENTRIES;
        bool write = writes_among(rwlock, i + 1) > writes_among(rwlock, i);
        code = operate(rwlock, local, start, write);
        if (i % CHECK_OPERATIONS == 0)
            task_checkpoint();
    }
    if (!code)
        seats_end(local);
    result->value = hash_mix(rwlock->seed, index);
    return code;
}

/* The writes of all regions so far; where tasks failed or workers died, between those of tasks
 * ended and those of tasks begun. */
static int rwlock_verify(const void *ctx, const struct case_results *results)
{
    (void)results;
    const struct rwlock *rwlock = ctx;
    struct seats_tasks tasks = seats_count(&rwlock->seats);
    uint64_t each = writes_among(rwlock, rwlock->operations) * rwlock->scan, sum = 0;
    for (size_t i = 0; i < ENTRIES; i++)
        sum += rwlock->shared->table[i].count;
    if (sum < tasks.ended * each || sum > tasks.begun * each)
        return task_fail(EIO, "the table has %" PRIu64 " changes, but %" PRIu64 " were made", sum,
            tasks.ended * each);
    return 0;
}

static void rwlock_answer(
    const void *ctx, const struct case_results *results, char *text, size_t size)
{
    const struct rwlock *rwlock = ctx;
    uint64_t ok = 0, writes = writes_among(rwlock, rwlock->operations);
    for (uint64_t i = 0; i < case_tasks(results); i++)
        ok += case_ok(results, i);
    snprintf(text, size, "%" PRIu64 " reads, %" PRIu64 " writes",
        ok * (rwlock->operations - writes), ok * writes);
}

static const struct param rwlock_params[] = {
    {.name = "how",
        .type = PARAM_CHOICE,
        .value = "rwlock",
        .choices = "rwlock|mutex",
        .help = "readers beside each other, or one at a time whatever it does"},
    {.name = "writes",
        .type = PARAM_REAL,
        .value = "0.05",
        .min = 0,
        .max = 1,
        .help = "share of the operations that write, 0 to 1"},
    {.name = "scan",
        .type = PARAM_COUNT,
        .value = "1000",
        .min = 1,
        .max = 1e9,
        .help = "entries that an operation reads or writes under the lock"},
    {.name = "operations",
        .type = PARAM_COUNT,
        .value = "500",
        .min = 1,
        .max = 1e9,
        .help = "operations of a task"},
    {.name = NULL},
};

const struct bench_case case_rwlock = {
    .name = "rwlock",
    .summary = "readers and writers on one table, by read-write lock or mutex",
    .description =
        "Each task reads or writes parts of a table that all share, always under the lock; the "
        "share writes of its operations write. With how=mutex one at a time gets on, whatever it "
        "does: no number of workers is faster than one. With how=rwlock readers get on beside each "
        "other: without writes expect speedup = workers up to the usable CPUs, and with them "
        "Amdahl's bend, since a writer is alone; at writes=1 it is a mutex that costs more. A "
        "read-write lock counts its readers, and so writes to a cache line that all of them need: "
        "where a section is short (scan=1) the readers wait for that line, and the mutex is as "
        "good or better. POSIX's lock, used here, lets readers in before a writer that waits.",
    .kind = CASE_SYNC,
    .params = rwlock_params,
    .task = rwlock_task,
    .setup = rwlock_setup,
    .teardown = rwlock_teardown,
    .worker_enter = rwlock_worker_enter,
    .worker_leave = rwlock_worker_leave,
    .verify = rwlock_verify,
    .answer = rwlock_answer,
};
