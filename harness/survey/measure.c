/* Rounds of readings. What a reading's process finds out, it writes to a shared mapping. Whatever
 * it leaves running, in whichever process group, becomes a child of this process (a subreaper) and
 * is killed before the next one. */
#include "measure.h"

#include "../measure/clock.h"
#include "../measure/noise.h"
#include "../measure/plan.h"
#include "../pool/mapping.h"
#include "../pool/task.h"
#include "../util/interrupt.h"

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

struct survey_probe {
    char subject[RESULT_NAME_MAX];
    double x;
    bool wanted;
    unsigned figures, first; /* first: index into the result's figures */
};

/* What a reading's process reports. */
struct report {
    bool finished;
    struct survey_reading reading;
    char failure[sizeof((struct result_reading *)0)->failure];
};

/* ---- for surveys ---- */

static bool is_in(const char *list, const char *word)
{
    size_t length = strlen(word);
    for (const char *at = list; at; at = strchr(at, ',')) {
        at += *at == ',';
        if (strncmp(at, word, length) == 0 && (at[length] == ',' || !at[length]))
            return true;
    }
    return false;
}

unsigned survey_add_probe(struct survey_run *run, const char *subject, double x)
{
    size_t size = (run->probes_count + 1) * sizeof *run->probes;
    run->probes = realloc(run->probes, size);
    if (!run->probes || strchr(subject, ','))
        abort();
    struct survey_probe *probe = &run->probes[run->probes_count];
    *probe = (struct survey_probe){.x = x,
        .wanted = !run->only || is_in(run->only, subject),
        .first = (unsigned)run->result->figures_count};
    snprintf(probe->subject, sizeof probe->subject, "%s", subject);
    return run->probes_count++;
}

void survey_add_figure(struct survey_run *run, const char *figure, const char *unit)
{
    struct survey_probe *probe = &run->probes[run->probes_count - 1];
    if (!probe->wanted || probe->figures == SURVEY_FIGURES_MAX)
        return;
    struct result_figure row = {.x = probe->x};
    memcpy(row.subject, probe->subject, sizeof row.subject);
    snprintf(row.figure, sizeof row.figure, "%s", figure);
    snprintf(row.unit, sizeof row.unit, "%s", unit);
    result_add_figure(run->result, &row);
    probe->figures++;
}

pid_t survey_fork(void)
{
    pid_t parent = getpid(), pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent)
            _exit(STATUS_FAILED);
    }
    return pid;
}

const char *survey_subject(const struct survey_run *run, unsigned probe)
{
    return run->probes[probe].subject;
}

double survey_x(const struct survey_run *run, unsigned probe)
{
    return run->probes[probe].x;
}

/* ---- one reading ---- */

struct survey_taking {
    const struct survey *survey;
    const struct survey_options *options;
    struct survey_run run;
    struct report *report; /* shared with the reading's process */
    uint64_t start;
    pid_t *own; /* children that open has started: they stay; ends with 0 */
};

static _Noreturn void child_main(const struct survey_taking *taking, unsigned probe)
{
    struct report *report = taking->report;
    alarm((unsigned)ceil(taking->survey->reading_seconds));
    int code = taking->survey->read(&taking->run, probe, &report->reading);
    if (code)
        snprintf(report->failure, sizeof report->failure, "%s", task_message(code));
    report->finished = true;
    fflush(NULL);
    _exit(0);
}

static void explain(const struct survey_taking *taking, int status)
{
    struct report *report = taking->report;
    if (report->finished)
        return;
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM)
        snprintf(report->failure, sizeof report->failure, "no end within %g s",
            taking->survey->reading_seconds);
    else if (WIFSIGNALED(status))
        snprintf(report->failure, sizeof report->failure,
            "its process was killed by signal %d (%s)", WTERMSIG(status),
            strsignal(WTERMSIG(status)));
    else
        snprintf(report->failure, sizeof report->failure, "its process exited with status %d",
            WEXITSTATUS(status));
}

/* The children of this process, as a list that ends with 0; NULL: none can be told. */
static pid_t *list_children(void)
{
    char path[64];
    size_t count = 0;
    pid_t *children = NULL;
    snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)getpid());
    FILE *file = fopen(path, "re");
    for (long pid = 0; file; count++) {
        children = realloc(children, (count + 1) * sizeof *children);
        if (!children)
            abort();
        children[count] = fscanf(file, "%ld", &pid) == 1 ? (pid_t)pid : 0;
        if (children[count] == 0)
            break;
    }
    if (file)
        fclose(file);
    return children;
}

static bool is_own(const pid_t *own, pid_t pid)
{
    while (own && *own && *own != pid)
        own++;
    return own && *own;
}

/* A killed child's own children come up as the next ones. */
static void end_leftovers(const struct survey_taking *taking)
{
    bool any = true;
    while (any) {
        pid_t *children = list_children();
        any = false;
        for (pid_t *child = children; child && *child; child++) {
            if (is_own(taking->own, *child))
                continue;
            kill(*child, SIGKILL);
            any |= waitpid(*child, NULL, 0) == *child;
        }
        free(children);
    }
}

static void run_reading(const struct survey_taking *taking, unsigned probe)
{
    struct report *report = taking->report;
    siginfo_t info;
    int status = 0;
    *report = (struct report){0};
    for (size_t i = 0; i < SURVEY_FIGURES_MAX; i++)
        report->reading.values[i] = NAN;
    fflush(NULL);
    pid_t pid = interrupt_fork();
    if (pid == 0)
        child_main(taking, probe);
    if (pid < 0) {
        snprintf(report->failure, sizeof report->failure, "fork: %s", strerror(errno));
        return;
    }
    /* its group is ended before its number can be given to anybody else */
    while (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT) && errno == EINTR)
        ;
    kill(-pid, SIGKILL);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    interrupt_forget();
    end_leftovers(taking);
    explain(taking, status);
}

/* Appends what the reading found out, a row a figure. */
static void keep(const struct survey_taking *taking, unsigned probe, struct result_reading *row)
{
    const struct survey_probe *of = &taking->run.probes[probe];
    const struct report *report = taking->report;
    memcpy(row->note, report->reading.note, sizeof row->note);
    for (unsigned i = 0; i < of->figures; i++) {
        double value = report->reading.values[i];
        row->figure = of->first + i;
        row->value = isfinite(value) ? value : 0;
        snprintf(row->failure, sizeof row->failure, "%s",
            *report->failure  ? report->failure
            : isfinite(value) ? ""
                              : SURVEY_NO_VALUE);
        result_add_reading(taking->run.result, row);
    }
}

static int take_round(const struct survey_taking *taking, unsigned *order, double rounds)
{
    struct result *result = taking->run.result;
    unsigned block = (unsigned)result->blocks_count, n = taking->run.probes_count;
    const struct sweep_progress *progress = &taking->options->progress;
    result_add_block(result,
        &(struct result_block){.at_s = clock_since(taking->start), .canary_s = noise_canary()});
    plan_order(result->seed, block, order, n);
    for (unsigned i = 0; i < n; i++) {
        struct result_reading row = {
            .block = block, .order = i, .at_s = clock_since(taking->start)};
        if (taking->run.probes[order[i]].wanted) {
            run_reading(taking, order[i]);
            if (interrupt_requested())
                return -1;
            keep(taking, order[i], &row);
        }
        if (progress->report)
            progress->report(progress->context, (block + (i + 1.0) / n) / rounds);
    }
    return 0;
}

static enum status take_rounds(const struct survey_taking *taking)
{
    const struct survey_options *options = taking->options;
    struct result *result = taking->run.result;
    unsigned rounds = options->rounds ? options->rounds : taking->survey->rounds;
    unsigned *order = calloc(taking->run.probes_count + 1, sizeof *order);
    int interrupted = 0;
    if (!order)
        abort();
    while (!interrupted && result->blocks_count < rounds &&
           !(options->budget_s > 0 && result->blocks_count > 0 &&
               clock_since(taking->start) > options->budget_s))
        interrupted = take_round(taking, order, rounds);
    result->complete = !interrupted && result->blocks_count == rounds;
    free(order);
    return interrupted ? STATUS_INTERRUPTED : STATUS_DONE;
}

/* ---- all of it ---- */

/* Whether every subject that alone is wanted is there. */
static enum status check_subjects(const struct survey_run *run, char *why, size_t size)
{
    char word[RESULT_NAME_MAX];
    for (const char *at = run->only; at;) {
        size_t length = strcspn(at, ",");
        snprintf(word, sizeof word, "%.*s", (int)length, at);
        at = at[length] ? at + length + 1 : NULL;
        bool found = false;
        for (unsigned i = 0; i < run->probes_count; i++)
            found |= strcmp(run->probes[i].subject, word) == 0;
        if (found)
            continue;
        int used = snprintf(why, size, "no subject \"%s\"; there are", word);
        for (unsigned i = 0; i < run->probes_count && used > 0 && (size_t)used < size; i++)
            if (i == 0 || strcmp(run->probes[i].subject, run->probes[i - 1].subject) != 0)
                used += snprintf(
                    why + used, size - (size_t)used, "%s %s", i ? "," : "", run->probes[i].subject);
        return STATUS_USAGE;
    }
    return STATUS_DONE;
}

static void describe(const struct survey *survey, struct result *result)
{
    snprintf(result->survey, sizeof result->survey, "%s", survey->name);
    result->title = strdup(survey->title);
    result->axis = survey->axis ? strdup(survey->axis) : NULL;
    result->case_summary = strdup(survey->summary);
    result->case_description = strdup(survey->description);
}

enum status survey_measure(const struct survey *survey, const struct survey_options *options,
    struct result *result, char *why, size_t size)
{
    int fd;
    struct survey_taking taking = {
        .survey = survey,
        .options = options,
        .run = {.seed = options->seed, .only = options->only, .result = result},
        .report = mapping_make(sizeof *taking.report, true, &fd),
        .start = clock_now(),
    };
    if (!taking.report) {
        snprintf(why, size, "no memory for a reading's report: %s", strerror(errno));
        return STATUS_FAILED;
    }
    describe(survey, result);
    result->seed = options->seed;
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    enum status status = STATUS_FAILED;
    int code = survey->open(&taking.run);
    if (code) {
        snprintf(why, size, "%s", task_message(code));
    } else {
        taking.own = list_children();
        struct noise_mark before = noise_mark();
        status = check_subjects(&taking.run, why, size);
        if (status == STATUS_DONE)
            status = take_rounds(&taking);
        result->noise = noise_since(&before);
        if (survey->close)
            survey->close(&taking.run);
    }
    prctl(PR_SET_CHILD_SUBREAPER, 0);
    free(taking.own);
    free(taking.run.probes);
    mapping_free(taking.report, sizeof *taking.report, fd);
    return status;
}
