/* Queues: their order, their statuses, and what a killed process costs the others: its own item at
 * most, whatever instruction it was at. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "shares.h"

#include "harness/share/queue.h"

#include <sys/ptrace.h>

#define ITEM_MAX 40

static const enum queue_order orders[] = {QUEUE_FIFO, QUEUE_LIFO, QUEUE_PRIORITY};
#define ORDERS (sizeof orders / sizeof *orders)

static struct queue *make(enum queue_order order, size_t capacity, size_t item_max)
{
    struct queue *queue = queue_make(order, capacity, item_max);
    if (!queue)
        fail_msg("queue_make: %s", strerror(errno));
    return queue;
}

static int put_number(struct queue *queue, uint64_t number, double seconds)
{
    return queue_put(queue, &number, sizeof number, seconds);
}

static int get_number(struct queue *queue, uint64_t *number, double seconds)
{
    return queue_get(queue, number, sizeof *number, NULL, seconds);
}

/* ---- the order, against a reference that is too simple to be wrong ---- */

struct item {
    int64_t priority;
    size_t size;
    unsigned char bytes[ITEM_MAX];
};

struct model {
    enum queue_order order;
    size_t count;
    struct item items[10000]; /* as they were put */
};

static size_t model_next(const struct model *model)
{
    size_t next = model->order == QUEUE_LIFO ? model->count - 1 : 0;
    for (size_t i = 1; model->order == QUEUE_PRIORITY && i < model->count; i++)
        if (model->items[i].priority < model->items[next].priority)
            next = i;
    return next;
}

static struct item model_get(struct model *model)
{
    size_t next = model_next(model);
    struct item item = model->items[next];
    model->count--;
    memmove(&model->items[next], &model->items[next + 1], (model->count - next) * sizeof item);
    return item;
}

static struct item random_item(uint64_t *random)
{
    struct item item = {.priority = (int64_t)(shares_random(random) % 7) - 3,
        .size = shares_random(random) % (ITEM_MAX + 1)};
    for (size_t i = 0; i < item.size; i++)
        item.bytes[i] = (unsigned char)shares_random(random);
    return item;
}

static void compare_get(struct queue *queue, struct model *model)
{
    unsigned char bytes[ITEM_MAX];
    size_t size = 0;
    bool empty = model->count == 0;
    assert_int_equal(queue_is_empty(queue), empty);
    assert_int_equal(queue_get(queue, bytes, sizeof bytes, &size, 0), empty ? QUEUE_EMPTY : 0);
    if (empty)
        return;
    struct item expected = model_get(model);
    assert_int_equal(size, expected.size);
    assert_memory_equal(bytes, expected.bytes, size);
}

static void compare_put(struct queue *queue, struct model *model, size_t capacity, uint64_t *random)
{
    struct item item = random_item(random);
    bool full = model->count == capacity;
    assert_int_equal(queue_is_full(queue), full);
    assert_int_equal(
        queue_put_priority(queue, item.priority, item.bytes, item.size, 0), full ? QUEUE_FULL : 0);
    if (!full)
        model->items[model->count++] = item;
}

static void a_queue_hands_out_in_its_order_what_was_put(void **state)
{
    static const size_t capacities[] = {1, 2, 50, QUEUE_UNBOUNDED};
    static struct model model;
    uint64_t random = 1;
    (void)state;
    for (size_t i = 0; i < ORDERS * 4; i++) {
        size_t capacity = capacities[i / ORDERS];
        struct queue *queue = make(orders[i % ORDERS], capacity, ITEM_MAX);
        model.order = orders[i % ORDERS];
        model.count = 0;
        for (int step = 0; step < 4000; step++) {
            uint64_t bias = step / 500 % 2 ? 7 : 3; /* fills, then empties */
            if (shares_random(&random) % 10 < bias)
                compare_get(queue, &model);
            else
                compare_put(queue, &model, capacity ? capacity : SIZE_MAX, &random);
            assert_int_equal(queue_size(queue), model.count);
        }
        while (model.count > 0)
            compare_get(queue, &model);
        assert_int_equal(queue_repairs(queue), 0);
        queue_free(queue);
    }
}

/* ---- statuses ---- */

static void a_full_or_empty_queue_says_so_at_once_or_in_time(void **state)
{
    struct queue *queue = make(QUEUE_FIFO, 1, 8);
    uint64_t number = 0, start = clock_now();
    (void)state;
    assert_int_equal(get_number(queue, &number, 0), QUEUE_EMPTY);
    assert_int_equal(get_number(queue, &number, 0.06), QUEUE_TIMED_OUT);
    assert_int_equal(put_number(queue, 5, 0), 0);
    assert_int_equal(put_number(queue, 6, 0), QUEUE_FULL);
    assert_int_equal(put_number(queue, 6, 0.06), QUEUE_TIMED_OUT);
    assert_true(clock_since(start) >= 0.12);
    assert_int_equal(get_number(queue, &number, -1), 0);
    assert_int_equal(number, 5);
    queue_free(queue);
}

static void an_item_that_is_too_large_changes_nothing(void **state)
{
    struct queue *queue = make(QUEUE_FIFO, 2, 8);
    char bytes[9] = "12345678", got[9] = "";
    size_t size = 0;
    (void)state;
    assert_int_equal(queue_put(queue, bytes, 9, -1), QUEUE_TOO_LARGE);
    assert_true(queue_is_empty(queue));
    assert_int_equal(queue_put(queue, bytes, 8, -1), 0);
    assert_int_equal(queue_put(queue, NULL, 0, -1), 0);
    assert_int_equal(queue_get(queue, got, 7, &size, -1), QUEUE_TOO_LARGE);
    assert_int_equal(size, 8);
    assert_int_equal(queue_size(queue), 2);
    assert_int_equal(queue_get(queue, got, 8, &size, -1), 0);
    assert_string_equal(got, "12345678");
    assert_int_equal(queue_get(queue, NULL, 0, &size, -1), 0);
    assert_int_equal(size, 0);
    queue_free(queue);
}

static void a_queue_larger_than_memory_is_refused(void **state)
{
    (void)state;
    assert_null(queue_make(QUEUE_FIFO, SIZE_MAX, 1));
    assert_int_equal(errno, EOVERFLOW);
    assert_null(queue_make(QUEUE_FIFO, 1, SIZE_MAX));
    assert_int_equal(errno, EOVERFLOW);
    assert_null(queue_make(QUEUE_FIFO, 1000000, SIZE_MAX / 1000000 - 100));
    assert_true(errno == ENOMEM || errno == EOVERFLOW);
    assert_null(queue_make(QUEUE_FIFO, QUEUE_UNBOUNDED, 2 * QUEUE_RESERVE));
    assert_int_equal(errno, EOVERFLOW);
}

static long resident_shared_pages(void)
{
    long pages = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    assert_non_null(file);
    assert_int_equal(fscanf(file, "%*d %*d %ld", &pages), 1);
    fclose(file);
    return pages;
}

static void an_unbounded_queue_takes_memory_for_what_is_in_it_only(void **state)
{
    uint64_t number = 0;
    (void)state;
    for (size_t i = 0; i < ORDERS; i++) {
        struct queue *queue = make(orders[i], QUEUE_UNBOUNDED, 8);
        long before = resident_shared_pages();
        for (uint64_t n = 0; n < 100000; n++) {
            assert_int_equal(put_number(queue, n, 0), 0);
            if (n >= 3)
                assert_int_equal(get_number(queue, &number, 0), 0);
        }
        assert_true(resident_shared_pages() - before < 64);
        for (uint64_t n = 3; n < 100000; n++)
            assert_int_equal(put_number(queue, n, 0), 0);
        assert_int_equal(queue_size(queue), 100000);
        queue_free(queue);
    }
}

/* ---- tasks ---- */

static void *join_for_ever(void *context)
{
    return (void *)(intptr_t)queue_join(context, -1);
}

static void join_waits_until_every_task_is_done(void **state)
{
    struct queue *queue = make(QUEUE_FIFO, 4, 8);
    uint64_t number;
    void *status = queue;
    (void)state;
    assert_int_equal(queue_join(queue, 0), 0);
    assert_int_equal(queue_task_done(queue), QUEUE_ALL_DONE);
    assert_int_equal(put_number(queue, 1, 0), 0);
    assert_int_equal(put_number(queue, 2, 0), 0);
    assert_int_equal(get_number(queue, &number, 0), 0);
    assert_int_equal(queue_join(queue, 0), EAGAIN);
    assert_int_equal(queue_task_done(queue), 0);
    assert_int_equal(queue_join(queue, 0.02), QUEUE_TIMED_OUT);
    pthread_t waiting = shares_thread(join_for_ever, queue);
    shares_sleep(SHARES_MOMENT);
    assert_int_equal(get_number(queue, &number, 0), 0);
    assert_int_equal(queue_task_done(queue), 0);
    pthread_join(waiting, &status);
    assert_null(status);
    assert_int_equal(queue_task_done(queue), QUEUE_ALL_DONE);
    queue_free(queue);
}

/* ---- closing ---- */

static void *get_for_ever(void *context)
{
    uint64_t number;
    return (void *)(intptr_t)get_number(context, &number, -1);
}

static void *put_for_ever(void *context)
{
    return (void *)(intptr_t)put_number(context, 1, -1);
}

static void a_closed_queue_is_drained_and_then_says_so(void **state)
{
    struct queue *queue = make(QUEUE_FIFO, 1, 8), *other = make(QUEUE_FIFO, 1, 8);
    uint64_t number = 0;
    void *put_status, *get_status;
    (void)state;
    assert_int_equal(put_number(queue, 7, 0), 0);
    pthread_t putter = shares_thread(put_for_ever, queue);
    pthread_t getter = shares_thread(get_for_ever, other);
    shares_sleep(SHARES_MOMENT);
    queue_close(queue);
    queue_close(other);
    pthread_join(putter, &put_status);
    pthread_join(getter, &get_status);
    assert_int_equal((intptr_t)put_status, QUEUE_CLOSED);
    assert_int_equal((intptr_t)get_status, QUEUE_CLOSED);
    assert_int_equal(put_number(queue, 8, -1), QUEUE_CLOSED);
    assert_int_equal(get_number(queue, &number, -1), 0);
    assert_int_equal(number, 7);
    assert_int_equal(get_number(queue, &number, -1), QUEUE_CLOSED);
    queue_free(queue);
    queue_free(other);
}

/* ---- many threads ---- */

#define THREADS 4
#define EACH 5000

struct traffic {
    struct queue *queue;
    _Atomic unsigned producers;
    _Atomic unsigned char seen[THREADS * EACH];
};

static void *produce(void *context)
{
    struct traffic *traffic = context;
    uint64_t first = traffic->producers++ * (uint64_t)EACH;
    for (uint64_t i = first; i < first + EACH; i++)
        put_number(traffic->queue, i, -1);
    return NULL;
}

static void *consume(void *context)
{
    struct traffic *traffic = context;
    uint64_t number;
    while (get_number(traffic->queue, &number, -1) == 0) {
        traffic->seen[number]++;
        queue_task_done(traffic->queue);
    }
    return NULL;
}

static void threads_get_each_item_once(void **state)
{
    static struct traffic traffic;
    (void)state;
    for (size_t i = 0; i < ORDERS; i++) {
        pthread_t threads[2 * THREADS];
        memset(&traffic, 0, sizeof traffic);
        traffic.queue = make(orders[i], 10, 8);
        for (unsigned t = 0; t < 2 * THREADS; t++)
            threads[t] = shares_thread(t % 2 ? produce : consume, &traffic);
        for (unsigned t = 1; t < 2 * THREADS; t += 2)
            pthread_join(threads[t], NULL);
        assert_int_equal(queue_join(traffic.queue, -1), 0);
        queue_close(traffic.queue);
        for (unsigned t = 0; t < 2 * THREADS; t += 2)
            pthread_join(threads[t], NULL);
        for (size_t n = 0; n < THREADS * EACH; n++)
            assert_int_equal(traffic.seen[n], 1);
        queue_free(traffic.queue);
    }
}

/* ---- killed at an instruction ---- */

#define BEFORE 3 /* items in the queue */
#define CAPACITY 5
#define NEW_ITEM 10

static int64_t priority_of(uint64_t number)
{
    return number == NEW_ITEM ? 0 : (int64_t)(number % 2); /* 1 and 3 are equal, 2 comes first */
}

static void put_with_priority(struct queue *queue, uint64_t number)
{
    assert_int_equal(queue_put_priority(queue, priority_of(number), &number, sizeof number, 0), 0);
}

/* All slots have been used, and two of them are free. */
static struct queue *make_prepared(enum queue_order order)
{
    struct queue *queue = make(order, CAPACITY, 8);
    uint64_t number;
    for (uint64_t i = 0; i < CAPACITY; i++)
        assert_int_equal(put_number(queue, 77, 0), 0);
    for (uint64_t i = 0; i < CAPACITY; i++)
        assert_int_equal(get_number(queue, &number, 0), 0);
    for (uint64_t i = 1; i <= BEFORE; i++)
        put_with_priority(queue, i);
    return queue;
}

enum operation { PUT, GET, TASK_DONE, OPERATIONS };

static void operate(struct queue *queue, enum operation operation)
{
    uint64_t number = NEW_ITEM;
    if (operation == PUT)
        queue_put_priority(queue, priority_of(number), &number, sizeof number, -1);
    else if (operation == GET)
        get_number(queue, &number, -1);
    else
        queue_task_done(queue);
}

static _Noreturn void be_traced(struct queue *queue, enum operation operation)
{
    if (ptrace(PTRACE_TRACEME, 0, NULL, NULL))
        _exit(1);
    kill(getpid(), SIGSTOP);
    operate(queue, operation);
    kill(getpid(), SIGSTOP);
    _exit(0);
}

/* Forks a process that operates, and kills it after that many instructions. Returns whether it was
 * still at it. */
static bool kill_after(struct queue *queue, enum operation operation, unsigned steps)
{
    int status;
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        be_traced(queue, operation);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (!WIFSTOPPED(status)) {
        print_message("no process may be traced here\n");
        skip();
    }
    do {
        assert_int_equal(ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL), 0);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFSTOPPED(status));
    } while (WSTOPSIG(status) == SIGTRAP && steps-- > 0);
    shares_kill(pid);
    return WSTOPSIG(status) == SIGTRAP;
}

/* What is to come out, with or without the operation. Returns how many. */
static size_t expect(
    enum queue_order order, enum operation operation, bool happened, uint64_t *numbers)
{
    static const uint64_t sorted[ORDERS][BEFORE] = {{1, 2, 3}, {3, 2, 1}, {2, 1, 3}};
    size_t count = 0, skipped = operation == GET && happened;
    bool put = operation == PUT && happened, second = order == QUEUE_PRIORITY;
    if (put && order == QUEUE_LIFO)
        numbers[count++] = NEW_ITEM;
    for (size_t i = skipped; i < BEFORE; i++) {
        numbers[count++] = sorted[order][i];
        if (put && second && i == 0)
            numbers[count++] = NEW_ITEM; /* as urgent as 2, and later */
    }
    if (put && order == QUEUE_FIFO)
        numbers[count++] = NEW_ITEM;
    return count;
}

/* Room for the rest, and no more: no slot has gone astray. */
static void assert_takes_the_rest(struct queue *queue, size_t count)
{
    for (size_t i = count; i < CAPACITY; i++)
        assert_int_equal(queue_put_priority(queue, 9, &i, sizeof i, 0), 0);
    assert_int_equal(put_number(queue, 0, 0), QUEUE_FULL);
}

/* Takes what was put by assert_takes_the_rest; the last comes first in a LIFO. */
static void assert_gives_the_rest(struct queue *queue, enum queue_order order, size_t count)
{
    uint64_t number;
    for (size_t i = count; i < CAPACITY; i++) {
        assert_int_equal(get_number(queue, &number, 0), 0);
        assert_int_equal(number, order == QUEUE_LIFO ? CAPACITY - 1 - (i - count) : i);
    }
}

/* The queue is as before the operation or as after it, and works. Returns which. */
static bool assert_all_or_nothing(
    struct queue *queue, enum queue_order order, enum operation operation)
{
    uint64_t expected[CAPACITY], number;
    bool happened = queue_size(queue) != BEFORE;
    size_t count = expect(order, operation, happened, expected), done = 0;
    assert_int_equal(queue_size(queue), count);
    assert_takes_the_rest(queue, count);
    if (order == QUEUE_LIFO)
        assert_gives_the_rest(queue, order, count);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(get_number(queue, &number, 0), 0);
        assert_int_equal(number, expected[i]);
    }
    if (order != QUEUE_LIFO)
        assert_gives_the_rest(queue, order, count);
    assert_int_equal(get_number(queue, &number, 0), QUEUE_EMPTY);
    while (queue_task_done(queue) == 0)
        done++;
    size_t puts = CAPACITY + BEFORE + (size_t)(operation == PUT && happened) + CAPACITY - count;
    if (operation == TASK_DONE && done == puts - 1)
        return true;
    assert_int_equal(done, puts);
    return happened;
}

static void killed_at_any_instruction(enum queue_order order, enum operation operation)
{
    const unsigned stride = POOLS_SANITIZED ? 61 : order == QUEUE_LIFO ? 5 : 1; /* as FIFO's */
    unsigned happened = 0, not_happened = 0;
    uint64_t repairs = 0;
    bool goes_on = true;
    for (unsigned steps = 0; goes_on; steps += stride) {
        struct queue *queue = make_prepared(order);
        goes_on = kill_after(queue, operation, steps);
        if (assert_all_or_nothing(queue, order, operation))
            happened++;
        else
            not_happened++;
        repairs += queue_repairs(queue);
        queue_free(queue);
    }
    assert_true(happened > 0); /* some were killed after the one store that counts ... */
    assert_true(not_happened > 0);
    assert_true(repairs > 0); /* ... and some with the lock held */
    print_message("%u kills, %u of them after the fact, %u with the lock held\n",
        happened + not_happened, happened, (unsigned)repairs);
}

static void a_process_killed_at_any_instruction_of_a_put_has_put_or_not(void **state)
{
    (void)state;
    SHARES_NEEDS_PROCESSES();
    for (size_t i = 0; i < ORDERS; i++)
        killed_at_any_instruction(orders[i], PUT);
}

static void a_process_killed_at_any_instruction_of_a_get_has_got_or_not(void **state)
{
    (void)state;
    SHARES_NEEDS_PROCESSES();
    for (size_t i = 0; i < ORDERS; i++)
        killed_at_any_instruction(orders[i], GET);
}

static void a_process_killed_at_any_instruction_of_a_task_done_counts_once_or_not(void **state)
{
    (void)state;
    SHARES_NEEDS_PROCESSES();
    killed_at_any_instruction(QUEUE_FIFO, TASK_DONE);
}

/* ---- killed while waiting ---- */

static int get_one(void *context)
{
    uint64_t number;
    return get_number(context, &number, SHARES_PATIENCE);
}

static void await_empty(struct queue *queue)
{
    for (uint64_t start = clock_now(); !queue_is_empty(queue); sched_yield())
        assert_true(clock_since(start) < SHARES_PATIENCE / 2);
}

static void a_getter_killed_in_its_sleep_takes_nothing(void **state)
{
    pid_t getters[4];
    (void)state;
    SHARES_NEEDS_PROCESSES();
    struct queue *queue = make(QUEUE_FIFO, 10, 8);
    for (int i = 0; i < 4; i++) {
        getters[i] = shares_fork(get_one, queue);
        shares_await_sleep(getters[i]);
    }
    for (int i = 0; i < 2; i++)
        shares_kill(getters[i]);
    for (uint64_t i = 0; i < 2; i++)
        assert_int_equal(put_number(queue, i, 0), 0);
    for (int i = 2; i < 4; i++)
        assert_int_equal(shares_reap(getters[i]), 0);
    assert_true(queue_is_empty(queue));
    queue_free(queue);
}

static void a_getter_killed_as_it_is_woken_leaves_the_item_to_another(void **state)
{
    (void)state;
    SHARES_NEEDS_PROCESSES();
    struct queue *queue = make(QUEUE_FIFO, 10, 8);
    for (int round = 0; round < 15; round++) {
        pid_t first = shares_fork(get_one, queue);
        shares_await_sleep(first);
        pid_t second = shares_fork(get_one, queue);
        shares_await_sleep(second);
        assert_int_equal(put_number(queue, 1, 0), 0);
        kill(first, SIGKILL);
        shares_reap(first);
        await_empty(queue); /* one of them has it */
        put_number(queue, 2, 0);
        assert_int_equal(shares_reap(second), 0);
        uint64_t number;
        get_number(queue, &number, 0); /* where the second had got the first item */
    }
    queue_free(queue);
}

/* ---- killed at random ---- */

#define PRODUCERS 3
#define CONSUMERS 3
#define ITEMS_MAX 4000000
#define KILLS (POOLS_SANITIZED ? 100 : 250)

struct producer {
    _Atomic uint64_t next; /* the item that it puts, or will */
};

struct massacre {
    struct queue *queue;
    _Atomic uint64_t stopping;
    struct producer producers[PRODUCERS];
    _Atomic unsigned char seen[PRODUCERS][ITEMS_MAX / PRODUCERS];
    _Atomic unsigned char unsure[PRODUCERS][ITEMS_MAX / PRODUCERS]; /* died over its put */
};

struct role {
    struct massacre *massacre;
    unsigned producer; /* PRODUCERS and above: a consumer */
};

static int act(void *context)
{
    const struct role *role = context;
    struct massacre *massacre = role->massacre;
    uint64_t item, next;
    if (role->producer >= PRODUCERS) {
        while (get_number(massacre->queue, &item, -1) == 0)
            massacre->seen[item % PRODUCERS][item / PRODUCERS]++;
        return 0;
    }
    struct producer *producer = &massacre->producers[role->producer];
    while (!massacre->stopping && (next = producer->next) < ITEMS_MAX / PRODUCERS) {
        item = next * PRODUCERS + role->producer;
        if (queue_put_priority(massacre->queue, (int64_t)(item % 5), &item, sizeof item, -1))
            return 1;
        producer->next = next + 1;
    }
    return 0;
}

/* Kills and replaces processes at random. Returns how many consumers were killed. */
static unsigned kill_at_random(struct massacre *massacre, struct role *roles, pid_t *pids)
{
    uint64_t random = 4711;
    unsigned consumers = 0;
    for (int i = 0; i < KILLS; i++) {
        unsigned victim = (unsigned)(shares_random(&random) % (PRODUCERS + CONSUMERS));
        shares_sleep((double)(shares_random(&random) % 2000) * 1e-6);
        shares_kill(pids[victim]);
        if (victim < PRODUCERS) {
            struct producer *producer = &massacre->producers[victim];
            massacre->unsure[victim][producer->next++] = 1;
        }
        consumers += victim >= PRODUCERS;
        pids[victim] = shares_fork(act, &roles[victim]);
    }
    return consumers;
}

static void assert_lost_at_most(const struct massacre *massacre, unsigned consumers)
{
    uint64_t lost = 0, items = 0;
    for (unsigned p = 0; p < PRODUCERS; p++)
        for (uint64_t i = 0; i < ITEMS_MAX / PRODUCERS; i++) {
            bool put = i < massacre->producers[p].next;
            assert_true(massacre->seen[p][i] <= put); /* none doubled, none made up */
            lost += put && !massacre->unsure[p][i] && !massacre->seen[p][i];
            items += put;
        }
    print_message("%u of %u kills hit getters; %u of %u items lost; %u repairs\n", consumers, KILLS,
        (unsigned)lost, (unsigned)items, (unsigned)queue_repairs(massacre->queue));
    assert_true(lost <= consumers);
    assert_true(items > KILLS);
}

static void processes_killed_at_random_cost_their_own_item_at_most(void **state)
{
    (void)state;
    SHARES_NEEDS_PROCESSES();
    for (size_t i = 0; i < ORDERS; i++) {
        struct role roles[PRODUCERS + CONSUMERS];
        pid_t pids[PRODUCERS + CONSUMERS];
        struct massacre *massacre = memory_make(sizeof *massacre, false);
        assert_non_null(massacre);
        massacre->queue = make(orders[i], 20, 8);
        for (unsigned p = 0; p < PRODUCERS + CONSUMERS; p++) {
            roles[p] = (struct role){massacre, p};
            pids[p] = shares_fork(act, &roles[p]);
        }
        unsigned consumers = kill_at_random(massacre, roles, pids);
        massacre->stopping = 1;
        for (unsigned p = 0; p < PRODUCERS; p++)
            assert_int_equal(shares_reap(pids[p]), 0);
        queue_close(massacre->queue);
        for (unsigned p = PRODUCERS; p < PRODUCERS + CONSUMERS; p++)
            assert_int_equal(shares_reap(pids[p]), 0);
        assert_lost_at_most(massacre, consumers);
        queue_free(massacre->queue);
        memory_free(massacre, sizeof *massacre);
    }
}

/* ---- memory of one's own ---- */

static void a_queue_works_in_memory_that_others_map_elsewhere(void **state)
{
    size_t size = queue_bytes(3, ITEM_MAX);
    int file = memfd_create("queue", MFD_CLOEXEC);
    struct queue *sides[2];
    uint64_t number = 0;
    (void)state;
    assert_int_equal(ftruncate(file, (off_t)size), 0);
    for (int i = 0; i < 2; i++) {
        sides[i] = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
        assert_ptr_not_equal(sides[i], MAP_FAILED);
    }
    close(file);
    assert_int_equal(queue_init(sides[0], QUEUE_FIFO, 3, ITEM_MAX), 0);
    for (uint64_t i = 0; i < 3; i++)
        assert_int_equal(put_number(sides[i % 2], i, 0), 0);
    assert_int_equal(put_number(sides[1], 3, 0), QUEUE_FULL);
    for (uint64_t i = 0; i < 3; i++) {
        assert_int_equal(get_number(sides[i % 2], &number, 0), 0);
        assert_int_equal(number, i);
    }
    assert_int_equal(get_number(sides[1], &number, 0), QUEUE_EMPTY);
    assert_int_equal(queue_bytes(SIZE_MAX, 1), 0);
    assert_int_equal(errno, EOVERFLOW);
    for (int i = 0; i < 2; i++)
        munmap(sides[i], size);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SHARES_TEST(a_queue_hands_out_in_its_order_what_was_put),
        SHARES_TEST(a_full_or_empty_queue_says_so_at_once_or_in_time),
        SHARES_TEST(an_item_that_is_too_large_changes_nothing),
        SHARES_TEST(a_queue_larger_than_memory_is_refused),
        SHARES_TEST(a_queue_works_in_memory_that_others_map_elsewhere),
        SHARES_TEST(an_unbounded_queue_takes_memory_for_what_is_in_it_only),
        SHARES_TEST(join_waits_until_every_task_is_done),
        SHARES_TEST(a_closed_queue_is_drained_and_then_says_so),
        SHARES_TEST(threads_get_each_item_once),
        SHARES_TEST(a_process_killed_at_any_instruction_of_a_put_has_put_or_not),
        SHARES_TEST(a_process_killed_at_any_instruction_of_a_get_has_got_or_not),
        SHARES_TEST(a_process_killed_at_any_instruction_of_a_task_done_counts_once_or_not),
        SHARES_TEST(a_getter_killed_in_its_sleep_takes_nothing),
        SHARES_TEST(a_getter_killed_as_it_is_woken_leaves_the_item_to_another),
        SHARES_TEST(processes_killed_at_random_cost_their_own_item_at_most),
    };
    return cmocka_run_group_tests_name("share queue", tests, NULL, NULL);
}
