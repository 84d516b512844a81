/* Copying a file, as `cp` does it: read a piece, write it, until the end.
 *
 * `how` says which way the bytes take. Buffered, both files go through the page cache, so that a
 * source that was just written costs no disk at all. Direct (O_DIRECT), the disk moves them from
 * and to the worker's own buffer, which has to begin and end on whole blocks: the last piece is
 * written rounded up and what is too much is cut off again.
 *
 * The copy is read back the same way and its hash is the task's value, which verify compares with
 * that of the source. The hash is one that keeps up with memory (XXH3), since copying is what is to
 * be measured. A task removes its copy, so that no more than one a worker takes room on the disk.
 *
 * pkg-config: libxxhash */
#include "case.h"

#include "support/content.h"
#include "support/scratch.h"
#include "support/transfer.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#define DEFAULT_TASKS 200
#define SOURCES 4                 /* files that are made to be copied, in turn */
#define BLOCK 4096                /* no disk wants larger ones for O_DIRECT */
#define PIECE (256u * BLOCK)      /* bytes read or written at once */
#define PATH_SIZE (PATH_MAX + 32) /* the folder, a slash and a name */
#define SHOWN_PATH "%.160s"       /* a message has room for so much of a path beside the cause */

struct copy {
    bool direct, fsync;
    const char *input; /* the only source; NULL: those that are made */
    unsigned sources;
    uint64_t size;            /* bytes of each */
    uint64_t hashes[SOURCES]; /* of their contents; unknown where they are borrowed */
    struct scratch scratch;
};

struct copy_worker {
    unsigned char *buffer; /* PIECE bytes */
    XXH3_state_t *hash;
};

static int open_flags(const struct copy *copy)
{
    return O_CLOEXEC | (copy->direct ? O_DIRECT : 0);
}

static void source_path(const struct copy *copy, uint64_t index, char path[PATH_SIZE])
{
    if (copy->input)
        snprintf(path, PATH_SIZE, "%s", copy->input);
    else
        snprintf(path, PATH_SIZE, "%s/source-%" PRIu64, copy->scratch.path, index % copy->sources);
}

static int fail_path(const char *what, const char *path)
{
    int code = errno;
    return task_fail(code, "cannot %s " SHOWN_PATH ": %s", what, path, strerror(code));
}

/* How much the piece at `offset` of a file holds, and how much of the buffer is moved for it. */
struct piece {
    size_t size, moved;
};

static struct piece piece_at(const struct copy *copy, uint64_t size, uint64_t offset)
{
    size_t left = size - offset < PIECE ? (size_t)(size - offset) : PIECE;
    return (struct piece){left, copy->direct ? (left + BLOCK - 1) / BLOCK * BLOCK : left};
}

static void copy_worker_leave(const void *ctx, void *local)
{
    (void)ctx;
    struct copy_worker *worker = local;
    if (!worker)
        return;
    XXH3_freeState(worker->hash);
    free(worker->buffer);
    free(worker);
}

static int copy_worker_enter(const void *ctx, void **local)
{
    struct copy_worker *worker = calloc(1, sizeof *worker);
    if (worker) {
        worker->buffer = aligned_alloc(BLOCK, PIECE);
        worker->hash = XXH3_createState();
    }
    if (!worker || !worker->buffer || !worker->hash) {
        copy_worker_leave(ctx, worker);
        return task_fail(ENOMEM, "no memory for a worker's buffer");
    }
    *local = worker;
    return 0;
}

/* --- setup ------------------------------------------------------------------------------------ */

static int make_source(
    const struct copy *copy, uint64_t key, struct copy_worker *worker, const char *path)
{
    int code = 0, file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file < 0)
        return fail_path("make", path);
    for (uint64_t offset = 0; offset < copy->size && !code; offset += PIECE) {
        struct piece piece = piece_at(copy, copy->size, offset);
        content_fill(key, offset, worker->buffer, piece.size);
        if (transfer_write(file, worker->buffer, piece.size))
            code = fail_path("write", path);
    }
    if (copy->direct && !code && fsync(file)) /* or the first to read it would wait for that */
        code = fail_path("sync", path);
    close(file);
    return code;
}

/* From the file's position on. Returns 0, or a code with a message. */
static int hash_file(const struct copy *copy, struct copy_worker *worker, int file, uint64_t size,
    const char *path, uint64_t *hash)
{
    XXH3_64bits_reset(worker->hash);
    for (uint64_t offset = 0; offset < size; offset += PIECE) {
        struct piece piece = piece_at(copy, size, offset);
        blocking_begin();
        int failed = transfer_read(file, worker->buffer, piece.size, piece.moved);
        blocking_end();
        if (failed)
            return fail_path("read", path);
        XXH3_64bits_update(worker->hash, worker->buffer, piece.size);
    }
    *hash = XXH3_64bits_digest(worker->hash);
    return 0;
}

/* What the user has named is refused (EINVAL); a file system without O_DIRECT says EINVAL. */
static int refuse_open(const struct copy *copy, const char *path)
{
    if (copy->direct && errno == EINVAL)
        return task_fail(EINVAL,
            "how=direct: the file system of " SHOWN_PATH " has no O_DIRECT; give a %s on a disk's, "
            "or how=buffered",
            path, copy->input == path ? "file" : "folder=DIR");
    return copy->input == path ? task_fail(EINVAL,
                                     "cannot use input=" SHOWN_PATH ": %s; give a "
                                     "file to copy",
                                     path, strerror(errno))
                               : fail_path("open", path);
}

static int open_source(const struct copy *copy, const char *path)
{
    struct stat status;
    int file = open(path, O_RDONLY | O_NONBLOCK | open_flags(copy)); /* waits for no pipe */
    if (file < 0)
        return -1;
    if (fstat(file, &status) == 0 && S_ISREG(status.st_mode))
        return file;
    errno = S_ISDIR(status.st_mode) ? EISDIR : ENOTSUP;
    close(file);
    return -1;
}

static int read_source(
    struct copy *copy, uint64_t index, struct copy_worker *worker, const char *path)
{
    int file = open_source(copy, copy->input ? copy->input : path);
    if (file < 0)
        return refuse_open(copy, copy->input ? copy->input : path);
    struct stat status = {0};
    int code = fstat(file, &status) ? fail_path("look at", path) : 0;
    copy->size = (uint64_t)status.st_size;
    if (!code)
        code = hash_file(copy, worker, file, copy->size, path, &copy->hashes[index]);
    close(file);
    return code;
}

/* Whether a copy can be made in the folder, which may lie elsewhere than the input. */
static int try_target(const struct copy *copy)
{
    char path[PATH_SIZE];
    snprintf(path, sizeof path, "%s/try", copy->scratch.path);
    int file = open(path, O_RDWR | O_CREAT | open_flags(copy), 0600);
    int code = file < 0 ? refuse_open(copy, path) : 0;
    if (file >= 0)
        close(file);
    unlink(path);
    return code;
}

static int prepare(struct copy *copy, uint64_t seed)
{
    void *worker = NULL;
    int code = try_target(copy);
    if (!code)
        code = copy_worker_enter(copy, &worker);
    for (unsigned i = 0; worker && i < copy->sources && !code; i++) {
        char path[PATH_SIZE];
        source_path(copy, i, path);
        if (!copy->input)
            code = make_source(copy, hash_mix(seed, i), worker, path);
        if (!code)
            code = read_source(copy, i, worker, path);
    }
    copy_worker_leave(copy, worker);
    return code;
}

static void copy_teardown(void *ctx)
{
    struct copy *copy = ctx;
    scratch_close(&copy->scratch);
    free(copy);
}

static int copy_setup(struct case_run *run)
{
    const char *input = param_text(run->params, "input");
    if (input && param_given(run->params, "size"))
        return task_fail(EINVAL, "size is that of the file given as input; leave one of them out");
    struct copy *copy = calloc(1, sizeof *copy);
    if (!copy)
        return task_fail(ENOMEM, "out of memory");
    copy->input = input;
    copy->sources = input ? 1 : SOURCES;
    copy->size = param_count(run->params, "size");
    copy->direct = strcmp(param_text(run->params, "how"), "direct") == 0;
    copy->fsync = strcmp(param_text(run->params, "fsync"), "yes") == 0;
    int code = scratch_open(&copy->scratch, run, "copy", param_text(run->params, "folder"));
    if (code) {
        free(copy);
        return code;
    }
    if (!copy->scratch.borrowed && (code = prepare(copy, run->seed)) != 0) {
        copy_teardown(copy);
        return code;
    }
    if (run->tasks == 0)
        run->tasks = DEFAULT_TASKS;
    run->even = true;
    run->ctx = copy;
    return 0;
}

/* --- tasks ------------------------------------------------------------------------------------ */

/* The two files of a task and what they are called. */
struct pair {
    int from, to;
    char from_path[PATH_SIZE], to_path[PATH_SIZE];
    uint64_t size;
};

static int move_all(const struct copy *copy, const struct pair *pair, unsigned char *buffer)
{
    for (uint64_t offset = 0; offset < pair->size; offset += PIECE) {
        struct piece piece = piece_at(copy, pair->size, offset);
        if (transfer_read(pair->from, buffer, piece.size, piece.moved))
            return fail_path("read", pair->from_path);
        if (transfer_write(pair->to, buffer, piece.moved))
            return fail_path("write", pair->to_path);
    }
    if (copy->direct && ftruncate(pair->to, (off_t)pair->size))
        return fail_path("cut off", pair->to_path);
    if (copy->fsync && fsync(pair->to))
        return fail_path("sync", pair->to_path);
    if (lseek(pair->to, 0, SEEK_SET) != 0)
        return fail_path("rewind", pair->to_path);
    return 0;
}

static int copy_open(const struct copy *copy, struct pair *pair)
{
    struct stat status;
    pair->from = open(pair->from_path, O_RDONLY | open_flags(copy));
    if (pair->from < 0 || fstat(pair->from, &status))
        return fail_path("open", pair->from_path);
    pair->size = (uint64_t)status.st_size;
    pair->to = open(pair->to_path, O_RDWR | O_CREAT | O_TRUNC | open_flags(copy), 0600);
    return pair->to < 0 ? fail_path("make", pair->to_path) : 0;
}

/* What has been read back is as much as the source holds; the copy must not go on behind it. */
static int check_end(const struct pair *pair)
{
    struct stat status;
    if (fstat(pair->to, &status))
        return fail_path("look at", pair->to_path);
    if ((uint64_t)status.st_size != pair->size)
        return task_fail(EIO, SHOWN_PATH " has %lld bytes, but its source %" PRIu64, pair->to_path,
            (long long)status.st_size, pair->size);
    return 0;
}

/* Both are closed, and the copy removed, whatever came before. */
static int copy_close(const struct pair *pair, int code)
{
    if (pair->from >= 0)
        close(pair->from);
    if (pair->to < 0)
        return code;
    if (close(pair->to) && !code)
        code = fail_path("close", pair->to_path);
    if (unlink(pair->to_path) && !code)
        code = fail_path("remove", pair->to_path);
    return code;
}

static int copy_task(const void *ctx, void *local, uint64_t index, struct task_result *result)
{
    const struct copy *copy = ctx;
    struct copy_worker *worker = local;
    struct pair pair = {.from = -1, .to = -1};
    uint64_t hash = 0;
    source_path(copy, index, pair.from_path);
    snprintf(pair.to_path, sizeof pair.to_path, "%s/%" PRIu64, copy->scratch.path, index);
    blocking_begin();
    int code = copy_open(copy, &pair);
    if (!code)
        code = move_all(copy, &pair, worker->buffer);
    blocking_end();
    if (!code)
        code = hash_file(copy, worker, pair.to, pair.size, pair.to_path, &hash);
    if (!code)
        code = check_end(&pair);
    blocking_begin();
    code = copy_close(&pair, code);
    blocking_end();
    if (!code)
        result->value = hash;
    return code;
}

static int copy_verify(const void *ctx, const struct case_results *results)
{
    const struct copy *copy = ctx;
    for (uint64_t i = 0; i < case_tasks(results); i++)
        if (case_ok(results, i) &&
            case_result(results, i)->value != copy->hashes[i % copy->sources]) {
            char path[PATH_SIZE];
            source_path(copy, i, path);
            return task_fail(EIO,
                "task %" PRIu64 ": the copy is not what " SHOWN_PATH " held when the run began", i,
                path);
        }
    return 0;
}

static void copy_answer(
    const void *ctx, const struct case_results *results, char *text, size_t size)
{
    const struct copy *copy = ctx;
    uint64_t done = 0, tasks = case_tasks(results);
    for (uint64_t i = 0; i < tasks; i++)
        done += case_ok(results, i);
    snprintf(text, size, "%" PRIu64 " files of %" PRIu64 " bytes copied, %" PRIu64 " failed", done,
        copy->size, tasks - done);
}

static const struct param copy_params[] = {
    {.name = "how",
        .type = PARAM_CHOICE,
        .value = "buffered",
        .choices = "buffered|direct",
        .help = "through the page cache, or past it (O_DIRECT)"},
    {.name = "size", .type = PARAM_COUNT, .value = "1M", .max = 1e12, .help = "bytes a file"},
    {.name = "fsync",
        .type = PARAM_CHOICE,
        .value = "no",
        .choices = "yes|no",
        .help = "wait until the copy is on the disk"},
    {.name = "input",
        .type = PARAM_TEXT,
        .choices = "FILE",
        .help = "what every task copies (default: files of `size` bytes, made for this)"},
    {.name = "folder",
        .type = PARAM_TEXT,
        .choices = "DIR",
        .help = "where the temporary folder is made; TMPDIR or /tmp by default"},
    {.name = NULL},
};

const struct bench_case case_copy = {
    .name = "copy",
    .summary = "copy a file a task, through the page cache or past it",
    .description =
        "Each task copies a file into a temporary folder piece by piece, reads the copy back, "
        "compares its hash with the source's and removes it. Buffered, the source is in the page "
        "cache and nobody waits for the disk (fsync=no): it is copying in memory and the kernel's "
        "handling of pages, so expect a speedup up to the CPUs that flattens where memory has no "
        "more bandwidth or writers meet in the file system's locks. With fsync=yes or how=direct "
        "the disk is the limit: more workers than CPUs then help as long as it serves several "
        "requests at once, and not at all once its bandwidth is used up. Direct needs a file "
        "system that has O_DIRECT, which those in memory may not have.",
    .kind = CASE_IO,
    .params = copy_params,
    .task = copy_task,
    .setup = copy_setup,
    .teardown = copy_teardown,
    .worker_enter = copy_worker_enter,
    .worker_leave = copy_worker_leave,
    .verify = copy_verify,
    .answer = copy_answer,
};
