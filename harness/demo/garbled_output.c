/* Workers that print lines to the same pipe, piece by piece or in one write each. The form reads
 * the pipe and counts the lines that nobody has written. */
#include "../util/hash.h"
#include "demo.h"
#include "support/must.h"
#include "support/pace.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define WORKERS 3
#define LINES 300 /* a worker */
#define PIECES 4
#define LINE_MAX_BYTES 64u /* below PIPE_BUF: a write of so much is not divided */
#define PAUSE_EVERY 16     /* leaves the CPU in a line, for where there is but one */

struct shared {
    bool mended;
    uint64_t seed;
    int out;
    _Atomic unsigned arrived;
};

/* The payload: where the shared memory is and which worker this is. */
struct order {
    struct shared *shared;
    unsigned worker;
};

static int print(int out, const char *text)
{
    size_t length = strlen(text);
    return write(out, text, length) == (ssize_t)length ? 0 : task_fail(EIO, "cannot write");
}

static int print_pieces(const struct order *order, char pieces[PIECES][LINE_MAX_BYTES], bool pauses)
{
    for (int i = 0; i < PIECES; i++) {
        int code = print(order->shared->out, pieces[i]);
        if (code)
            return code;
        if (pauses && i == PIECES / 2)
            pace_let_others();
    }
    return 0;
}

static int print_whole(const struct order *order, char pieces[PIECES][LINE_MAX_BYTES], bool pauses)
{
    char line[PIECES * LINE_MAX_BYTES];
    size_t length = 0;
    for (int i = 0; i < PIECES; i++)
        length += (size_t)snprintf(line + length, sizeof line - length, "%s", pieces[i]);
    if (pauses)
        pace_let_others();
    return print(order->shared->out, line);
}

static int print_lines(struct pool_call *call)
{
    struct order order;
    memcpy(&order, call->payload, sizeof order);
    pace_meet(&order.shared->arrived, WORKERS);
    int code = 0;
    for (unsigned i = 0; i < LINES && code == 0; i++) {
        char pieces[PIECES][LINE_MAX_BYTES] = {"worker ", "", ": ", ""};
        snprintf(pieces[1], LINE_MAX_BYTES, "%u", order.worker);
        snprintf(pieces[3], LINE_MAX_BYTES, "line %u is done\n", i);
        uint64_t random = hash_mix(hash_mix(order.shared->seed, order.worker), i);
        code = (order.shared->mended ? print_whole : print_pieces)(
            &order, pieces, random % PAUSE_EVERY == 0);
    }
    return code;
}

/* ---- the reader ---- */

/* Whether a worker has written this line, and which (0 .. WORKERS * LINES - 1). */
static bool is_whole(const char *line, unsigned *which)
{
    unsigned worker, number;
    char again[2 * LINE_MAX_BYTES];
    if (sscanf(line, "worker %u: line %u is done", &worker, &number) != 2)
        return false;
    snprintf(again, sizeof again, "worker %u: line %u is done\n", worker, number);
    *which = worker * LINES + number;
    return strcmp(line, again) == 0 && worker < WORKERS && number < LINES;
}

struct count {
    unsigned lines, torn, missing;
    char example[100]; /* of a torn one: the longest */
};

/* As many lines come as were written, since every piece with a line's end comes whole. */
static struct count read_lines(const struct demo_run *run, FILE *in)
{
    static char line[1 << 16];
    bool seen[WORKERS * LINES] = {false};
    struct count count = {.missing = WORKERS * LINES};
    for (; count.lines < WORKERS * LINES; count.lines++) {
        unsigned which;
        if (!fgets(line, sizeof line, in))
            demo_cannot(run, "the pipe ended after %u lines", count.lines);
        if (is_whole(line, &which)) {
            count.missing -= !seen[which];
            seen[which] = true;
        } else {
            line[strcspn(line, "\n")] = '\0';
            if (strlen(line) > strlen(count.example))
                snprintf(count.example, sizeof count.example, "%.99s", line);
            count.torn++;
        }
    }
    return count;
}

static void garbled_on(
    const struct demo_run *run, const struct pool_ops *ops, const char *where, bool mended)
{
    int ends[2];
    if (pipe(ends))
        demo_cannot(run, "no pipe is to be had: %s", strerror(errno));
    FILE *in = fdopen(ends[0], "r");
    struct shared *shared = must_memory(run, sizeof *shared);
    shared->mended = mended;
    shared->seed = run->seed;
    shared->out = ends[1];
    if (!in)
        demo_cannot(run, "no memory for a file: %s", strerror(errno));
    struct pool *pool = must_pool(run, ops,
        &(struct pool_config){
            .workers = WORKERS, .calls_max = WORKERS, .call_size = sizeof(struct order)});
    for (unsigned i = 0; i < WORKERS; i++)
        must_submit(run, pool, print_lines, &(struct order){shared, i}, sizeof(struct order), NULL);
    struct count count = read_lines(run, in);
    pool_stop(pool);
    fclose(in);
    close(ends[1]);
    demo_figure(run, count.torn, "", "lines torn of %u, %s", count.lines, where);
    demo_figure(run, count.missing, "", "lines that came nowhere whole, %s", where);
    if (count.torn == 0)
        return;
    demo_event(run, "one of them, %s: \"%s\"", where, count.example);
    demo_showed(run, "%u of %u lines that %s printed are torn", count.torn, count.lines, where);
}

static void unmended(const struct demo_run *run)
{
    garbled_on(run, &pool_processes, "processes", false);
    garbled_on(run, &pool_threads, "threads", false);
}

static void mended(const struct demo_run *run)
{
    garbled_on(run, &pool_processes, "processes", true);
    garbled_on(run, &pool_threads, "threads", true);
}

const struct demo demo_garbled_output = {
    .name = "garbled-output",
    .summary = "workers print lines piece by piece, and the pieces get among each other",
    .description =
        "A line that is printed by several calls (a prefix, a number, the text, the line's end) is "
        "several writes, and between two of them another worker's may come. It is so with "
        "Python's print, which writes the line's end on its own where nothing is buffered, with "
        "C++'s << and with logs of several processes in one file. Each piece is right, and the "
        "lines are nobody's: programs that read them fail later and elsewhere. Mended by making "
        "the line first and writing it at once: to a pipe, up to PIPE_BUF bytes (4096) are not "
        "divided, and a file opened for appending gets each write at its end. Or by one printer: "
        "workers send their lines to it through a queue.",
    .kind = DEMO_SAFETY,
    .unmended = {"prints each line in four writes", unmended},
    .mended = {"makes each line first, and prints it in one write", mended},
};
