/* The tutorials' claims, one by one: the sentence, what was measured of it, and whether it holds
 * here. */
#include "claim.h"
#include "markdown.h"
#include "section.h"

#include <string.h>

#define HAZARD(sentence, name)                                                                     \
    {                                                                                              \
        .says = (sentence), .label = "hazards", .kind = CLAIM_HAZARD, .a = {.subject = (name) }    \
    }

#define METHOD(sentence, method, name, value)                                                      \
    {                                                                                              \
        .says = (sentence), .label = "methods", .kind = CLAIM_VALUE, .a = {(method), (name), 0},   \
        .limit = (value)                                                                           \
    }
#define FAULT(sentence, fault, name, value)                                                        \
    {                                                                                              \
        .says = (sentence), .label = "python-faults", .kind = CLAIM_VALUE,                         \
        .a = {(fault), (name), 0}, .limit = (value)                                                \
    }

static const struct claim claims[] = {
    {.says = "small tasks get slower in a pool of threads",
        .label = "breakeven",
        .kind = CLAIM_BREAKEVEN,
        .backend = "threads"},
    {.says = "small tasks get slower in a pool of processes",
        .label = "breakeven",
        .kind = CLAIM_BREAKEVEN,
        .backend = "processes"},
    {.says = "chunk size matters",
        .label = "breakeven-chunk",
        .kind = CLAIM_CHUNK,
        .backend = "queue",
        .limit = 16},
    {.says = "a pool must be reused: started for each use it takes more tasks to win (threads)",
        .label = "breakeven",
        .kind = CLAIM_COLD,
        .backend = "threads"},
    {.says = "the same of processes",
        .label = "breakeven",
        .kind = CLAIM_COLD,
        .backend = "processes"},
    {.says = "processes cost more to start than threads",
        .label = "lifecycle",
        .kind = CLAIM_RATIO,
        .a = {"pool processes", "start", 0},
        .b = {"pool threads", "start", 0}},
    {.says = "fork early: it costs more, the more memory the program has",
        .label = "lifecycle",
        .kind = CLAIM_RATIO,
        .a = {"fork at 1 GB", "start", 0},
        .b = {"fork at 10 MB", "start", 0}},
    {.says = "CPU-bound work wants at most as many workers as cores",
        .label = "primes",
        .kind = CLAIM_WITHIN,
        .backend = "processes"},
    {.says = "IO-bound work wants far more workers than cores",
        .label = "http",
        .kind = CLAIM_BEYOND,
        .backend = "threads"},
    {.says = "processes are capped at the number of cores",
        .label = "sleep",
        .kind = CLAIM_WITHIN,
        .backend = "processes"},
    {.says = "a hand-written producer and consumer grows slower with each worker",
        .label = "queue",
        .kind = CLAIM_SLOWER,
        .backend = "queue"},
    {.says = "an interpreter lock turns threads into one core for computing",
        .label = "powersum",
        .kind = CLAIM_NO_FASTER,
        .backend = "gil",
        .limit = 1.1},
    {.says = "... not for waiting: threads under such a lock wait side by side",
        .label = "sleep",
        .kind = CLAIM_SPEEDUP,
        .backend = "gil",
        .limit = 2},
    {.says = "the same of Python's own threads: computing gains nothing",
        .label = "python",
        .kind = CLAIM_AT_MOST,
        .a = {"powersum serial", "region", 1},
        .b = {"powersum ThreadPool", "region", 2},
        .limit = 1.1},
    {.says = "... and waiting gains",
        .label = "python",
        .kind = CLAIM_RATIO,
        .a = {"sleep serial", "region", 1},
        .b = {"sleep ThreadPool", "region", 16},
        .limit = 2},
    {.says = "beside computing threads an interactive one is late under such a lock",
        .label = "latency",
        .kind = CLAIM_RATIO,
        .a = {"gil", "p99", 2},
        .b = {"threads", "p99", 2}},
    {.says = "the computing and the waiting part of a job are best split over two pools",
        .label = "pipelines",
        .kind = CLAIM_RATIO,
        .a = {"one pool", "time a photograph", 8},
        .b = {"split 3:2:3", "time a photograph", 8}},
    {.says = "a pool of connections bounds what the server sees, and so the speedup",
        .label = "postgres-4",
        .kind = CLAIM_NO_FASTER,
        .backend = "threads",
        .limit = 4.4},
    {.says = "a manager is the slow way to share: shared memory is faster",
        .label = "ipc",
        .kind = CLAIM_RATIO,
        .a = {"manager-unix", "round trip", 64},
        .b = {"ring", "round trip", 64}},
    {.says = "a bound on a queue costs time where it is small",
        .label = "queues",
        .kind = CLAIM_RATIO,
        .a = {"FIFO", "thread to thread, room for 1", 0},
        .b = {"FIFO", "thread to thread", 0}},
    {.says = "chunks make map of small tasks faster (Python's Pool)",
        .label = "methods",
        .kind = CLAIM_RATIO,
        .a = {"Pool-fork.map chunk 1", "a task", 0},
        .b = {"Pool-fork.map chunk 64", "a task", 0}},
    METHOD("map keeps order", "Pool-fork.map", "in order", 1),
    METHOD("imap_unordered does not", "Pool-fork.imap_unordered", "in order", 0),
    METHOD("as_completed does not", "ThreadPoolExecutor.as_completed", "in order", 0),
    METHOD("map waits for the results", "Pool-fork.map", "blocks", 1),
    METHOD("map_async does not", "Pool-fork.map_async", "blocks", 0),
    METHOD("results can be had while long work goes on (progress)", "Pool-fork.imap_unordered",
        "blocks", 0),
    {.says = "a long iterable costs memory with map, and less with imap",
        .label = "methods",
        .kind = CLAIM_RATIO,
        .a = {"Pool-fork.map", "memory a task", 0},
        .b = {"Pool-fork.imap chunk 64", "memory a task", 0}},
    FAULT("a failing task of map_async stops the others", "task fails: Pool-fork.map_async",
        "tasks run", 501),
    FAULT("a failing task of map loses the results of all", "task fails: Pool-fork.map",
        "results of 1000", 0),
    FAULT("a killed worker hangs Pool.map", "worker killed: Pool-fork.map", "hang", 1),
    FAULT("a killed worker costs our processes its own task alone", "worker killed: processes (C)",
        "results of 1000", 999),
    {.says = "Value += 1 is safe, since a Value has a lock",
        .label = "python-sharing",
        .kind = CLAIM_VALUE,
        .a = {"Value += 1", "updates lost per million", 0},
        .limit = 0},
    {.says = "a Value works across a pool",
        .label = "python-sharing",
        .kind = CLAIM_VALUE,
        .a = {"Value as an argument of Pool.map", "works", 0},
        .limit = 1},
    {.says = "a daemon thread is one of low priority: it gets less than a quarter of two threads' "
             "CPU",
        .label = "python-sharing",
        .kind = CLAIM_BELOW,
        .a = {"daemon thread", "part of the CPU that two threads share", 0},
        .limit = 0.25},
    HAZARD("updates of shared data by several workers get lost (race)", "race"),
    HAZARD("two locks taken in opposite order stop both (deadlock)", "deadlock"),
    HAZARD("two that give way to each other get nothing done (livelock)", "livelock"),
    HAZARD("one has turn after turn while others wait (starvation)", "starvation"),
    HAZARD("threads share memory, processes do not", "shared-state"),
    HAZARD("a result list built in the order of completion is silently misordered", "misorder"),
    HAZARD("a timeout cannot stop a thread, but can stop a process", "timeout"),
    HAZARD(
        "a loop over results that ends at the first failure throws the rest away", "one-failure"),
    HAZARD("threads end in mid-task when main returns, and child processes go on without their "
           "parent (daemon)",
        "daemon"),
    HAZARD("callbacks run in the parent, and a slow one blocks it", "callback"),
    HAZARD("on many more computing threads than cores everything is begun and nothing ready",
        "oversubscribe"),
    HAZARD("a forgotten task_done lets join wait for ever", "task-done"),
    HAZARD("a join before the queue is read never returns", "join-before-get"),
    HAZARD("while not empty loses items or blocks", "empty-race"),
    HAZARD("printing from workers garbles", "garbled-output"),
    HAZARD("a task that waits on its own full pool stops it, and full queues in a circle too",
        "pool-deadlock"),
    HAZARD("a main that ends without close and join loses work", "no-join"),
};
#define CLAIMS (sizeof claims / sizeof *claims)

static const char *const outcomes[] = {
    [CLAIM_HOLDS] = "holds",
    [CLAIM_FAILS] = "**does not hold here**",
    [CLAIM_UNDECIDED] = "not decided by these samples",
    [CLAIM_UNMEASURED] = "not measured in this profile",
};

static void put_claim(FILE *out, const struct claim *claim, const struct input *input)
{
    const struct claim_finding finding = claim_check(claim, input);
    fputs("| ", out);
    markdown_text(out, claim->says);
    fprintf(out, " | %s | ", outcomes[finding.outcome]);
    markdown_text(out, finding.view ? finding.figure : "\u2013");
    fputs(" | ", out);
    if (finding.view && finding.view->result->command)
        markdown_code_cell(out, finding.view->result->command);
    fputs(" |\n", out);
}

void section_claims(FILE *out, const struct report *report)
{
    fputs("## The tutorials' claims\n\n"
          "What the tutorials that this suite replaces say, sentence by sentence, and what was "
          "measured of it here. A sentence holds, or does not, only where the whole 95 % interval "
          "says so or, of what is counted as yes or no, all readings do.\n\n"
          "| sentence | here | figure | command |\n"
          "| --- | --- | --- | --- |\n",
        out);
    for (size_t i = 0; i < CLAIMS; i++)
        put_claim(out, &claims[i], &report->input);
    fputc('\n', out);
}
