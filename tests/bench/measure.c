/* Interleaved measuring, as in a sweep: what disturbs a block disturbs all its arms. */
#include "measure.h"

#include "breakeven.h"

#include "harness/measure/clock.h"
#include "harness/measure/noise.h"
#include "harness/measure/plan.h"
#include "harness/util/interrupt.h"

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define DEADLINE_SECONDS 60
#define ORPHANS_SECONDS 1.0

/* ---- one sample ---- */

static _Noreturn void child_main(
    const struct arm *arm, struct workload *workload, struct sample *sample)
{
    alarm(DEADLINE_SECONDS);
    int failed = arm->resident && arm_touch(arm->resident);
    if (failed)
        snprintf(sample->failure, sizeof sample->failure, "no memory to touch: %m");
    else
        failed = arm->time(arm, workload, sample);
    sample->finished = !failed;
    _exit(failed ? 1 : 0);
}

/* What has lost its parent comes to this process, which is a subreaper: Python leaves such. What is
 * in another process group may live on. */
static void reap_orphans(void)
{
    uint64_t begin = clock_now();
    pid_t pid;
    while ((pid = waitpid(-1, NULL, WNOHANG)) >= 0 && clock_since(begin) < ORPHANS_SECONDS)
        if (pid == 0)
            nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
}

/* Waits for the sample's process, and kills what it should have ended itself: the group's number
 * is not given away before its leader has been reaped. */
static int reap(pid_t pid)
{
    siginfo_t info;
    int status = 0;
    while (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT) < 0 && errno == EINTR)
        ;
    kill(-pid, SIGKILL);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    interrupt_forget();
    reap_orphans();
    return status;
}

static void explain(struct sample *sample, int status)
{
    if (*sample->failure)
        return;
    if (WIFSIGNALED(status))
        snprintf(sample->failure, sizeof sample->failure, "%s",
            WTERMSIG(status) == SIGALRM ? "not done within its deadline"
                                        : strsignal(WTERMSIG(status)));
    else
        snprintf(sample->failure, sizeof sample->failure, "exit status %d", WEXITSTATUS(status));
}

/* A pool's arm has run each task, rightly. */
static void check(const struct arm *arm, const struct workload *workload, struct sample *sample)
{
    if (!arm->backend || arm->checks_itself || *sample->failure)
        return;
    struct workload_outcome outcome = workload_outcome(workload, workload->run.tasks, NULL);
    if (outcome.ok != workload->run.tasks || outcome.wrong)
        snprintf(sample->failure, sizeof sample->failure, "%llu of %llu tasks done",
            (unsigned long long)outcome.ok, (unsigned long long)workload->run.tasks);
    else
        workload_verify(workload, sample->failure, sizeof sample->failure);
}

/* Takes a sample into the shared mapping. Returns 0, or -1 when interrupted. */
static int take(const struct arm *arm, struct workload *workload, struct sample *sample)
{
    memset(sample, 0, sizeof *sample);
    arena_reset(&workload->arena, workload->run.tasks);
    fflush(NULL);
    pid_t pid = interrupt_fork();
    if (pid == 0)
        child_main(arm, workload, sample);
    if (pid < 0) {
        snprintf(sample->failure, sizeof sample->failure, "fork: %s", strerror(errno));
        return interrupt_requested() ? -1 : 0;
    }
    int status = reap(pid);
    if (!sample->finished)
        explain(sample, status);
    check(arm, workload, sample);
    return interrupt_requested() ? -1 : 0;
}

/* ---- a row's arms ---- */

static void note_missing(struct outcome *outcome, const struct arm *arm)
{
    char name[128];
    size_t used = strlen(outcome->missing);
    snprintf(outcome->missing + used, sizeof outcome->missing - used, "%s%s", used ? ", " : "",
        arm_name(arm, name, sizeof name));
}

static void find_arms(struct outcome *outcome, const struct row *row)
{
    const char *reason = arm_missing(&row->ours);
    outcome->row = row;
    outcome->arms[outcome->arms_count++] = &row->ours;
    for (unsigned i = 0; i < PEERS_MAX && row->peers[i].time; i++) {
        if (!arm_missing(&row->peers[i]))
            outcome->arms[outcome->arms_count++] = &row->peers[i];
        else
            note_missing(outcome, &row->peers[i]);
    }
    if (reason) {
        snprintf(outcome->failure, sizeof outcome->failure, "%s", reason);
        outcome->level = OUTCOME_MISSING;
    }
}

static int open_workload(struct workload *workload, const struct row *row, char *why, size_t size)
{
    static const struct param table[] = {
        {.name = "param", .type = PARAM_MANY, .help = "a parameter of the case"}, {0}};
    struct param_values *options = param_new(table);
    if (row->param)
        param_set(options, "param", row->param, why, size);
    const struct workload_request request = {.name = row->bench ? row->bench : "null",
        .options = options,
        .tasks = row->tasks,
        .seed = WORKLOAD_SEED};
    enum status status = workload_open(workload, &request, why, size);
    param_free(options);
    return status ? -1 : 0;
}

/* ---- what follows from the samples ---- */

/* The arm's seconds by block, into room for `blocks`. Every block is whole. */
static size_t seconds_of(const struct outcome *outcome, unsigned arm, double *seconds)
{
    size_t n = 0;
    for (size_t i = 0; i < outcome->samples_count; i++)
        if (outcome->samples[i].arm == arm)
            seconds[n++] = outcome->samples[i].seconds;
    return n;
}

static struct interval figure_of(const struct row *row, const double *ours, size_t n)
{
    struct interval seconds = stat_sign_interval(ours, n, STAT_ALPHA);
    return (struct interval){
        row_scaled(row, seconds.value), row_scaled(row, seconds.lo), row_scaled(row, seconds.hi)};
}

/* The quickest of the peers by its median; 0: there is none. */
static unsigned quickest(const struct outcome *outcome)
{
    unsigned best = outcome->arms_count > 1;
    for (unsigned i = 2; i < outcome->arms_count; i++)
        if (outcome->medians[i] < outcome->medians[best])
            best = i;
    return best;
}

static void estimate(struct outcome *outcome)
{
    double *ours = calloc(outcome->samples_count + 1, sizeof *ours);
    double *peer = calloc(outcome->samples_count + 1, sizeof *peer);
    if (!ours || !peer)
        abort();
    for (unsigned i = 0; i < outcome->arms_count; i++)
        outcome->medians[i] = stat_median(peer, seconds_of(outcome, i, peer));
    outcome->reference = quickest(outcome);
    size_t n = seconds_of(outcome, 0, ours);
    if (outcome->row->kind != ROW_RATIO)
        outcome->estimate = figure_of(outcome->row, ours, n);
    else if (outcome->reference) {
        seconds_of(outcome, outcome->reference, peer);
        outcome->estimate = stat_speedup(ours, peer, n); /* exp of median ln(ours / peer) */
    }
    free(ours);
    free(peer);
}

/* A promise is not kept against peers that were not there. */
static enum outcome_level judge(const struct outcome *outcome)
{
    const struct row *row = outcome->row;
    const struct interval *estimate = &outcome->estimate;
    if (row->kind == ROW_FIGURE)
        return OUTCOME_FIGURE;
    if (row->kind == ROW_WORKS)
        return OUTCOME_MET;
    if (row->kind == ROW_RATIO && !outcome->reference)
        return OUTCOME_MISSING;
    if (!(estimate->value <= row->target))
        return OUTCOME_NOT_MET;
    return estimate->hi <= row->target && !*outcome->missing ? OUTCOME_MET : OUTCOME_PERHAPS;
}

/* ---- rows ---- */

static void add_sample(struct outcome *outcome, struct taken taken)
{
    struct taken *samples =
        realloc(outcome->samples, (outcome->samples_count + 1) * sizeof *samples);
    if (!samples)
        abort();
    outcome->samples = samples;
    outcome->samples[outcome->samples_count++] = taken;
}

static void fail(struct outcome *outcome, const struct arm *arm, const struct sample *sample)
{
    char name[128];
    snprintf(outcome->failure, sizeof outcome->failure, "%s: %s", arm_name(arm, name, sizeof name),
        sample->failure);
    outcome->level = sample->forbidden ? OUTCOME_FORBIDDEN
                     : sample->absent  ? OUTCOME_MISSING
                                       : OUTCOME_FAILED;
}

/* Each arm once. Returns 0, 1 when a sample failed, or -1 when interrupted. */
static int take_block(struct outcome *outcome, struct workload *workload, struct result *result,
    unsigned block, struct sample *sample)
{
    unsigned order[ARMS_MAX];
    result_add_block(result, &(struct result_block){.canary_s = noise_canary()});
    plan_order(result->seed, block, order, outcome->arms_count);
    for (unsigned i = 0; i < outcome->arms_count; i++) {
        const struct arm *arm = outcome->arms[order[i]];
        if (take(arm, workload, sample))
            return -1;
        if (*sample->failure) {
            fail(outcome, arm, sample);
            return 1;
        }
        add_sample(outcome, (struct taken){block, order[i], i, sample->seconds});
    }
    return 0;
}

static int measure_blocks(
    struct outcome *outcome, struct workload *workload, unsigned blocks, struct result *result)
{
    struct sample *sample =
        mmap(NULL, sizeof *sample, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (sample == MAP_FAILED) {
        snprintf(outcome->failure, sizeof outcome->failure, "no memory for a sample");
        outcome->level = OUTCOME_FAILED;
        return 0;
    }
    int status = 0;
    for (unsigned block = 0; block < blocks && status == 0; block++)
        status = take_block(outcome, workload, result, block, sample);
    munmap(sample, sizeof *sample);
    if (status == 0) {
        estimate(outcome);
        outcome->level = judge(outcome);
    }
    return status < 0 ? -1 : 0;
}

static int measure_search(struct outcome *outcome, struct result *result)
{
    char why[256] = "";
    enum status status = breakeven_row(outcome->row, result->seed, &outcome->estimate, why);
    snprintf(outcome->failure, sizeof outcome->failure, "%s", why);
    outcome->level = status ? OUTCOME_FAILED : judge(outcome);
    return status == STATUS_INTERRUPTED ? -1 : 0;
}

int measure_row(
    const struct row *row, unsigned blocks, struct result *result, struct outcome *outcome)
{
    struct workload workload;
    *outcome = (struct outcome){.estimate = {NAN, NAN, NAN}};
    for (unsigned i = 0; i < ARMS_MAX; i++)
        outcome->medians[i] = NAN;
    find_arms(outcome, row);
    if (outcome->level == OUTCOME_MISSING)
        return 0;
    if (row->kind == ROW_SEARCH)
        return measure_search(outcome, result);
    if (open_workload(&workload, row, outcome->failure, sizeof outcome->failure)) {
        outcome->level = OUTCOME_FAILED;
        return interrupt_requested() ? -1 : 0;
    }
    int status = measure_blocks(outcome, &workload,
        row->blocks_max && row->blocks_max < blocks ? row->blocks_max : blocks, result);
    workload_close(&workload);
    return status;
}

void outcome_free(struct outcome *outcome)
{
    free(outcome->samples);
}

const char *outcome_word(const struct outcome *outcome)
{
    static const char *const words[] = {
        "-", "met", "met?", "NOT met", "missing", "forbidden", "FAILED"};
    return words[outcome->level];
}
