/* ipc: what a message costs through each transport, by its size, and from which task on a pool
 * pays that would hand out its tasks so. The transports are the cases whose names begin with ipc-;
 * a reading runs their hooks as a worker does.
 *
 * The break-even grain. Tasks of grain g are handed to P workers, to each one at a time, with a
 * message there and one back, which take o together, in which the worker has nothing to do. A
 * worker ends a task every g + o, so that the speedup is P g / (g + o), which is 1 at
 *
 *     g = o / (P - 1): for P = 2, at g = o.
 *
 * If the CPUs have nothing else to do, o is the round trip. They do have where messages cost CPU
 * time, since both workers' messages and tasks share them. So o is measured: two workers at once,
 * with tasks of one round trip's length, which is near break-even; what a task then takes longer
 * than alone is o. */
#include "../../cases/support/chain.h"
#include "../analyze/stat.h"
#include "../measure/clock.h"
#include "../measure/registry.h"
#include "../measure/workload.h"
#include "../pool/task.h"
#include "survey.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#define PREFIX "ipc-"
#define WORKERS 2

#define READING_NS 20000000u /* at least, for each of the three parts, unless there are ... */
#define TASKS_LEAST 3        /* ... too few tasks in it */
#define TASKS_MOST 4000
#define BATCH 16       /* small messages between two looks at the clock */
#define BATCHED 16384u /* bytes: up to here they are small */
#define STREAM_BYTES 32000000u
#define STREAM_MOST 5000 /* messages of a stream, which has about so many bytes */

static const double sizes[] = {1, 64, 1e3, 16e3, 256e3, 1e6, 16e6};
#define SIZES (sizeof sizes / sizeof *sizes)

enum figure { ROUND_TRIP, ONE_WAY, THROUGHPUT, BREAK_EVEN };

/* ---- a case, opened ---- */

struct transport {
    struct workload workload;
    uint64_t messages;   /* of a task */
    uint64_t iterations; /* of a chain that the worker itself computes after each task */
};

static bool has_partners(const char *name)
{
    return param_find(registry_case(name)->bench->params, "grain") != NULL;
}

/* With a grain (ns) the partner computes so much with each message or, where there is none but a
 * manager, the worker after each task. Returns 0, or a code with a message. */
static int open_transport(struct transport *transport, const char *name, double size,
    const char *mode, uint64_t messages, uint64_t grain)
{
    static const struct param table[] = {{.name = "param", .type = PARAM_MANY}, {.name = NULL}};
    char why[TASK_MESSAGE_MAX], texts[4][48];
    bool partners = has_partners(name);
    snprintf(texts[0], sizeof texts[0], "size=%.0f", size);
    snprintf(texts[1], sizeof texts[1], "mode=%s", mode);
    snprintf(texts[2], sizeof texts[2], "messages=%" PRIu64, messages);
    snprintf(texts[3], sizeof texts[3], "grain=%" PRIu64 "ns", grain);
    struct param_values *options = param_new(table);
    int wrong = 0;
    for (size_t i = 0; i < (partners ? 4 : 3) && !wrong; i++)
        wrong = param_set(options, "param", texts[i], why, sizeof why);
    const struct workload_request request = {
        .name = name, .options = options, .tasks = 1, .seed = WORKLOAD_SEED};
    transport->messages = messages;
    transport->iterations = 0;
    if (grain > 0 && !partners)
        transport->iterations = (uint64_t)((double)grain / chain_iteration_ns() + 0.5);
    enum status status =
        wrong ? STATUS_FAILED : workload_open_case(&transport->workload, &request, why, sizeof why);
    param_free(options);
    if (status == STATUS_DONE)
        return 0;
    task_fail(EIO, "%s", why);
    return EIO;
}

static void close_transport(struct transport *transport)
{
    workload_close_case(&transport->workload);
}

static int run_task(const struct transport *transport, void *local, uint64_t index)
{
    struct task_result result;
    const struct workload *workload = &transport->workload;
    int code = workload->bench->task(workload->run.ctx, local, index, &result);
    if (!code)
        chain_run(1, transport->iterations);
    return code;
}

/* Seconds of a message, the median of tasks that one worker runs after a first one. */
static int time_messages(const struct transport *transport, double *seconds)
{
    static double times[TASKS_MOST];
    void *local;
    const struct workload *workload = &transport->workload;
    int code = workload->bench->worker_enter(workload->run.ctx, &local);
    if (code)
        return code;
    code = run_task(transport, local, 0);
    size_t n = 0;
    uint64_t begin = clock_now(), last = begin;
    while (!code && n < TASKS_MOST && (n < TASKS_LEAST || last - begin < READING_NS)) {
        code = run_task(transport, local, n + 1);
        uint64_t now = clock_now();
        times[n++] = (double)(now - last) * 1e-9;
        last = now;
    }
    workload->bench->worker_leave(workload->run.ctx, local);
    if (!code)
        *seconds = stat_median(times, n) / (double)transport->messages;
    return code;
}

/* ---- two workers at a grain ---- */

struct user {
    const struct transport *transport;
    pthread_mutex_t *gate; /* held until it is known how many come to the barrier */
    pthread_barrier_t *start;
    uint64_t tasks;
    int code;
    char why[TASK_MESSAGE_MAX];
};

static void *use(void *argument)
{
    struct user *user = argument;
    const struct workload *workload = &user->transport->workload;
    void *local = NULL;
    pthread_mutex_lock(user->gate);
    pthread_mutex_unlock(user->gate);
    user->code = workload->bench->worker_enter(workload->run.ctx, &local);
    bool entered = user->code == 0;
    if (entered)
        user->code = run_task(user->transport, local, 0);
    pthread_barrier_wait(user->start);
    for (uint64_t i = 0; i < user->tasks && !user->code; i++)
        user->code = run_task(user->transport, local, i);
    if (user->code)
        snprintf(user->why, sizeof user->why, "%s", task_message(user->code));
    pthread_barrier_wait(user->start);
    if (entered)
        workload->bench->worker_leave(workload->run.ctx, local);
    return NULL;
}

/* Starts the users, times what lies between their two barriers, and returns the first one's code
 * that failed. None is left, also where not all could be started. */
static int time_users(struct user users[WORKERS], double *seconds)
{
    pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
    pthread_barrier_t start;
    pthread_t threads[WORKERS];
    unsigned begun = 0;
    int code = 0;
    pthread_mutex_lock(&gate);
    for (size_t i = 0; i < WORKERS && !code; i++) {
        users[i].gate = &gate;
        users[i].start = &start;
        code = pthread_create(&threads[i], NULL, use, &users[i]);
        begun += code == 0;
    }
    pthread_barrier_init(&start, NULL, begun + 1);
    pthread_mutex_unlock(&gate);
    pthread_barrier_wait(&start);
    uint64_t begin = clock_now();
    pthread_barrier_wait(&start);
    *seconds = clock_since(begin);
    for (size_t i = 0; i < begun; i++)
        pthread_join(threads[i], NULL);
    pthread_barrier_destroy(&start);
    if (code)
        return task_fail(code, "pthread_create: %s", strerror(code));
    for (size_t i = 0; i < WORKERS; i++)
        if (users[i].code)
            return task_fail(users[i].code, "%s", users[i].why);
    return 0;
}

/* The grain at which two workers are as fast as the tasks alone, found at one near it. */
static int find_break_even(const struct transport *transport, uint64_t grain, double *break_even)
{
    struct user users[WORKERS];
    double seconds = NAN;
    uint64_t tasks = READING_NS / (2 * grain);
    tasks = tasks < TASKS_LEAST ? TASKS_LEAST : tasks > TASKS_MOST ? TASKS_MOST : tasks;
    for (size_t i = 0; i < WORKERS; i++)
        users[i] = (struct user){.transport = transport, .tasks = tasks};
    int code = time_users(users, &seconds);
    if (code)
        return code;
    /* the grain is work, calibrated by the fastest of many runs, so that a task takes no less */
    *break_even = (seconds / (double)tasks - (double)grain * 1e-9) / (WORKERS - 1);
    return 0;
}

/* ---- the survey ---- */

static bool is_transport(const struct registry_case *entry)
{
    return entry->bench && strncmp(entry->name, PREFIX, strlen(PREFIX)) == 0;
}

static void add_probe(struct survey_run *run, const char *name, double size)
{
    survey_add_probe(run, name + strlen(PREFIX), size);
    survey_add_figure(run, "round trip", "s");
    survey_add_figure(run, "one way", "s");
    survey_add_figure(run, "bytes a second", "/s");
    survey_add_figure(run, "break-even grain of 2 workers", "s");
}

static int ipc_open(struct survey_run *run)
{
    for (const struct registry_case *entry = registry_cases; entry->name; entry++)
        for (size_t i = 0; i < SIZES && is_transport(entry); i++)
            add_probe(run, entry->name, sizes[i]);
    return 0;
}

/* Opens the case, has a figure read, and closes it. */
static int time_mode(
    const char *name, double size, const char *mode, uint64_t messages, double *seconds)
{
    struct transport transport;
    int code = open_transport(&transport, name, size, mode, messages, 0);
    if (code)
        return code;
    code = time_messages(&transport, seconds);
    close_transport(&transport);
    return code;
}

static int try_grain(const char *name, double size, uint64_t grain, double *break_even)
{
    struct transport transport;
    int code = open_transport(&transport, name, size, "roundtrip", 1, grain);
    if (code)
        return code;
    code = find_break_even(&transport, grain, break_even);
    close_transport(&transport);
    return code;
}

static uint64_t stream_messages(double size)
{
    double messages = STREAM_BYTES / size;
    return messages > STREAM_MOST ? STREAM_MOST : (uint64_t)messages;
}

static int ipc_read(const struct survey_run *run, unsigned probe, struct survey_reading *reading)
{
    char name[RESULT_NAME_MAX + sizeof PREFIX];
    double size = survey_x(run, probe), *values = reading->values;
    snprintf(name, sizeof name, PREFIX "%s", survey_subject(run, probe));
    int code = time_mode(name, size, "roundtrip", size <= BATCHED ? BATCH : 1, &values[ROUND_TRIP]);
    if (!code)
        code = time_mode(name, size, "oneway", stream_messages(size), &values[ONE_WAY]);
    values[THROUGHPUT] = size / values[ONE_WAY];
    if (!code) /* a grain below 100 ns is none: the clock takes as long */
        code = try_grain(
            name, size, (uint64_t)fmax(values[ROUND_TRIP] * 1e9, 100), &values[BREAK_EVEN]);
    return code;
}

const struct survey survey_ipc = {
    .name = "ipc",
    .title = "What a message costs",
    .summary = "latency, throughput and break-even grain of each transport, by message size",
    .description =
        "A message goes to another process and back (round trip), or a stream of messages goes one "
        "way and the last is acknowledged (one way: time a message; bytes a second). Of a manager, "
        "a round trip is a set and a get, and each message of a stream a set, which has a reply of "
        "its own. The break-even grain is that of two workers which are handed their tasks one at "
        "a time through the transport: with tasks of grain g and o for the messages of each, the "
        "speedup is 2 g / (g + o), so it is g = o. On CPUs that have nothing else to do, o is the "
        "round trip; here it is measured, with both workers at work at once on tasks as long as a "
        "round trip. It is larger than the round trip where messages cost the CPUs' time rather "
        "than waiting. Expect a wake-up or two in each round trip of small messages, but in the "
        "ring's, which spins; from some 16 kB on copying decides, twice a message in each "
        "direction, and larger messages than the caches hold cost a memory's time.",
    .axis = "message size [bytes]",
    .rounds = 6,
    .reading_seconds = 20,
    .open = ipc_open,
    .read = ipc_read,
};
