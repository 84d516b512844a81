/* Writing, syncing and reading back one file a task.
 *
 * Contents come from seed and index and pass through two small buffers piece by piece, so that a
 * file's size does not cost memory. What is read is compared with what was to be written: a wrong
 * byte is an error of the task, before any checksum.
 *
 * What takes time is the making of the file, the copy into the page cache, fsync (which waits for
 * the disk) and the hash. The reading back is a copy out of the page cache, not from the disk:
 * past fsync the pages are clean but still there, and dropping them is not asked of a host. */
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
#include <unistd.h>

#define DEFAULT_TASKS 200
#define PIECE 65536               /* bytes written or read at once */
#define PATH_SIZE (PATH_MAX + 32) /* the folder, a slash and an index */
#define SHOWN_PATH "%.160s"       /* a message has room for so much of a path beside the cause */

struct files {
    uint64_t seed;
    uint64_t size; /* bytes a file */
    bool fsync;
    struct scratch scratch;
};

struct files_worker {
    unsigned char made[PIECE];
    unsigned char read[PIECE];
};

static const struct param files_params[] = {
    {.name = "size", .type = PARAM_COUNT, .value = "64k", .max = 1e12, .help = "bytes a file"},
    {.name = "fsync",
        .type = PARAM_CHOICE,
        .value = "yes",
        .choices = "yes|no",
        .help = "wait until the file is on the disk before it is read"},
    {.name = "folder",
        .type = PARAM_TEXT,
        .choices = "DIR",
        .help = "where the temporary folder is made; TMPDIR or /tmp by default"},
    {.name = NULL},
};

static int files_setup(struct case_run *run)
{
    struct files *files = calloc(1, sizeof *files);
    if (!files)
        return task_fail(ENOMEM, "out of memory");
    files->seed = run->seed;
    files->size = param_count(run->params, "size");
    files->fsync = strcmp(param_text(run->params, "fsync"), "yes") == 0;
    int code = scratch_open(&files->scratch, run, "files", param_text(run->params, "folder"));
    if (code) {
        free(files);
        return code;
    }
    if (run->tasks == 0)
        run->tasks = DEFAULT_TASKS;
    run->even = true;
    run->ctx = files;
    return 0;
}

static void files_teardown(void *ctx)
{
    struct files *files = ctx;
    scratch_close(&files->scratch);
    free(files);
}

static int files_worker_enter(const void *ctx, void **local)
{
    (void)ctx;
    *local = malloc(sizeof(struct files_worker));
    return *local ? 0 : task_fail(ENOMEM, "no memory for a worker's buffers");
}

static void files_worker_leave(const void *ctx, void *local)
{
    (void)ctx;
    free(local);
}

static size_t piece_size(const struct files *files, uint64_t offset)
{
    uint64_t left = files->size - offset;
    return left < PIECE ? (size_t)left : PIECE;
}

static int write_file(const struct files *files, struct files_worker *worker, uint64_t key,
    int file, const char *path)
{
    for (uint64_t offset = 0; offset < files->size; offset += PIECE) {
        size_t size = piece_size(files, offset);
        content_fill(key, offset, worker->made, size);
        blocking_begin();
        int failed = transfer_write(file, worker->made, size);
        blocking_end();
        if (failed)
            return task_fail(errno, "cannot write " SHOWN_PATH ": %s", path, strerror(errno));
    }
    blocking_begin();
    int failed = files->fsync && fsync(file);
    blocking_end();
    if (failed)
        return task_fail(errno, "cannot sync " SHOWN_PATH ": %s", path, strerror(errno));
    return 0;
}

static int read_back(const struct files *files, struct files_worker *worker, uint64_t key, int file,
    const char *path, uint64_t *hash)
{
    if (lseek(file, 0, SEEK_SET) != 0)
        return task_fail(errno, "cannot rewind " SHOWN_PATH ": %s", path, strerror(errno));
    *hash = HASH_START;
    for (uint64_t offset = 0; offset < files->size; offset += PIECE) {
        size_t size = piece_size(files, offset);
        blocking_begin();
        int failed = transfer_read(file, worker->read, size, size);
        blocking_end();
        if (failed)
            return task_fail(errno, "cannot read " SHOWN_PATH ": %s", path, strerror(errno));
        content_fill(key, offset, worker->made, size);
        if (memcmp(worker->read, worker->made, size) != 0)
            return task_fail(EIO,
                SHOWN_PATH " differs from what was written, in the %zu bytes "
                           "at %" PRIu64,
                path, size, offset);
        *hash = hash_bytes(*hash, worker->read, size);
    }
    return 0;
}

static int files_task(const void *ctx, void *local, uint64_t index, struct task_result *result)
{
    const struct files *files = ctx;
    uint64_t key = hash_mix(files->seed, index);
    char path[PATH_SIZE];
    snprintf(path, sizeof path, "%s/%" PRIu64, files->scratch.path, index);
    blocking_begin();
    int file = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    blocking_end();
    if (file < 0)
        return task_fail(errno, "cannot make " SHOWN_PATH ": %s", path, strerror(errno));
    uint64_t hash = 0;
    int code = write_file(files, local, key, file, path);
    if (!code)
        code = read_back(files, local, key, file, path, &hash);
    blocking_begin();
    if (close(file) && !code)
        code = task_fail(errno, "cannot close " SHOWN_PATH ": %s", path, strerror(errno));
    if (unlink(path) && !code)
        code = task_fail(errno, "cannot remove " SHOWN_PATH ": %s", path, strerror(errno));
    blocking_end();
    if (!code)
        result->value = hash;
    return code;
}

static void files_answer(
    const void *ctx, const struct case_results *results, char *text, size_t size)
{
    const struct files *files = ctx;
    uint64_t done = 0;
    uint64_t tasks = case_tasks(results);
    for (uint64_t i = 0; i < tasks; i++)
        done += case_ok(results, i);
    snprintf(text, size,
        "%" PRIu64 " files of %" PRIu64 " bytes written and read back, %" PRIu64 " failed", done,
        files->size, tasks - done);
}

const struct bench_case case_files = {
    .name = "files",
    .summary = "write, sync and read back a file a task",
    .description =
        "Makes a file of its own in a temporary folder, writes it, waits for the disk (fsync=yes), "
        "reads it back, hashes it and removes it. With fsync the wait for the disk dominates, and "
        "how much of it overlaps is what the disk and the file system allow: nothing where they "
        "flush one file at a time. Without, it is copying and hashing, bound by the CPUs and, for "
        "small files, by the folder's lock. "
        "The reading back comes from the page cache, not from the disk. In a file system in "
        "memory (tmpfs) fsync waits for nothing.",
    .kind = CASE_IO,
    .params = files_params,
    .task = files_task,
    .setup = files_setup,
    .teardown = files_teardown,
    .worker_enter = files_worker_enter,
    .worker_leave = files_worker_leave,
    .answer = files_answer,
};
