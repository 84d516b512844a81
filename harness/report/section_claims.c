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
    {.says = "... (processes)", .label = "breakeven", .kind = CLAIM_COLD, .backend = "processes"},
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
    {.says = "... but not for waiting",
        .label = "sleep",
        .kind = CLAIM_SPEEDUP,
        .backend = "gil",
        .limit = 2},
    HAZARD("updates of shared data by several workers get lost (race)", "race"),
    HAZARD("two locks taken in opposite order stop both (deadlock)", "deadlock"),
    HAZARD("two that give way to each other get nothing done (livelock)", "livelock"),
    HAZARD("one may wait for ever while others go on (starvation)", "starvation"),
    HAZARD("threads share memory, processes do not", "shared-state"),
    HAZARD("a result list built in the order of completion is silently misordered", "misorder"),
    HAZARD("a timeout cannot stop a thread, but can stop a process", "timeout"),
    HAZARD("a failing task takes the results of others with it", "one-failure"),
    HAZARD("workers do not outlive their parent (daemon)", "daemon"),
    HAZARD("callbacks run in the parent, and a slow one blocks it", "callback"),
    HAZARD("more workers than cores cost time where they compute", "oversubscribe"),
    HAZARD("a forgotten task_done lets join wait for ever", "task-done"),
    HAZARD("a join before the queue is read never returns", "join-before-get"),
    HAZARD("`while not empty` loses items or blocks", "empty-race"),
    HAZARD("printing from workers garbles", "garbled-output"),
    HAZARD("a task that waits on its own full pool stops it", "pool-deadlock"),
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
          "says so.\n\n"
          "| sentence | here | figure | command |\n"
          "| --- | --- | --- | --- |\n",
        out);
    for (size_t i = 0; i < CLAIMS; i++)
        put_claim(out, &claims[i], &report->input);
    fputc('\n', out);
}
