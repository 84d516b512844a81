/* Thumbnails of a folder of photographs: the job that most people first use a pool for. A task
 * reads one file whole, makes its thumbnail in memory and writes it to the output folder; the
 * pictures are support/thumbnail.c's, the photographs that are made where none are given
 * support/photographs.c's.
 *
 * Files are reached through descriptors of the two folders, so that the kernel does not look up
 * their paths again for each. pkg-config: libjpeg */
#include "case.h"

#include "support/folder.h"
#include "support/photographs.h"
#include "support/thumbnail.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEFAULT_TASKS 6000 /* where the photographs are made */
#define FILE_SIZE_MAX ((off_t)1 << 30)
#define PATH_SHOWN 160 /* bytes of a path in a message, so that there is room for the cause */
#define SHOWN_PATH "%.160s"
#define PREFIX_SIZE 32

struct thumbnails {
    char **names; /* of the photographs, in the order of tasks */
    size_t count;
    char input_path[PATH_MAX], output_path[PATH_MAX];
    int input, output; /* the folders; -1: not open */
    bool temporary;    /* the output folder is removed in the end */
    unsigned size;
    int quality;
    char prefix[PREFIX_SIZE]; /* of the names of unfinished files */
};

struct thumbnails_local {
    struct thumbnail_maker *maker;
    unsigned char *file; /* the photograph as it is on disk */
    size_t size, room;
    char part[2 * PREFIX_SIZE]; /* the name of its unfinished file */
};

/* --- setup ------------------------------------------------------------------------------------ */

/* Without the slashes at its end, which the shell's completion adds. */
static int copy_path(char path[PATH_MAX], const char *given, const char *parameter)
{
    size_t length = strlen(given);
    while (length > 1 && given[length - 1] == '/')
        length--;
    if (length == 0 || length >= PATH_MAX)
        return task_fail(
            EINVAL, "%s=" SHOWN_PATH " is not a path; give a folder", parameter, given);
    memcpy(path, given, length);
    path[length] = '\0';
    return 0;
}

static int open_folder(const char *path)
{
    return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* A folder that the user has named and errno tells against. */
static int refuse(const char *parameter, const char *path, const char *advice)
{
    return task_fail(
        EINVAL, "cannot use %s=" SHOWN_PATH ": %s; %s", parameter, path, strerror(errno), advice);
}

/* The first `limit` files of the folder that the user has named; 0: all. */
static int list_input(struct thumbnails *job, const char *given, uint64_t limit)
{
    int code = copy_path(job->input_path, given, "input");
    if (code != 0)
        return code;
    job->input = open_folder(job->input_path);
    if (job->input < 0 || folder_list(job->input, &job->names, &job->count) != 0)
        return refuse("input", job->input_path, "give a folder of photographs");
    if (job->count == 0)
        return task_fail(EINVAL,
            "input=%.100s: no files in this folder; put photographs there, or leave input out to "
            "have some made",
            job->input_path);
    while (limit != 0 && job->count > limit)
        free(job->names[--job->count]);
    return 0;
}

static int name_photographs(struct thumbnails *job, uint64_t count)
{
    job->names = calloc(count, sizeof *job->names);
    if (job->names == NULL)
        return task_fail(ENOMEM, "no memory for %" PRIu64 " names", count);
    for (; job->count < count; job->count++) {
        char name[PHOTOGRAPHS_NAME_SIZE];
        photographs_name(job->count, name);
        job->names[job->count] = strdup(name);
        if (job->names[job->count] == NULL)
            return task_fail(ENOMEM, "no memory for %" PRIu64 " names", count);
    }
    return 0;
}

static int make_input(struct thumbnails *job, const struct case_run *run)
{
    const uint64_t count = run->tasks != 0 ? run->tasks : DEFAULT_TASKS;
    if (count > PHOTOGRAPHS_MAX)
        return task_fail(EINVAL,
            "-N %" PRIu64 ": at most %d photographs are made; give fewer, or --param input=DIR",
            count, PHOTOGRAPHS_MAX);
    int code = photographs_folder(
        param_text(run->params, "cache"), run->seed, job->input_path, sizeof job->input_path);
    if (code == 0)
        code = photographs_make(job->input_path, run->seed, count);
    if (code != 0)
        return code;
    job->input = open_folder(job->input_path);
    if (job->input < 0)
        return task_fail(errno,
            "cannot read " SHOWN_PATH ": %s; give another folder by --param cache=DIR",
            job->input_path, strerror(errno));
    return name_photographs(job, count);
}

static bool same_folder(int a, int b)
{
    struct stat first, second;
    return fstat(a, &first) == 0 && fstat(b, &second) == 0 && first.st_dev == second.st_dev &&
           first.st_ino == second.st_ino;
}

static int open_output(struct thumbnails *job, const char *given)
{
    int code = copy_path(job->output_path, given, "output");
    if (code != 0)
        return code;
    if (folder_make(job->output_path) != 0 || (job->output = open_folder(job->output_path)) < 0 ||
        faccessat(job->output, ".", W_OK | X_OK, AT_EACCESS) != 0)
        return refuse("output", job->output_path, "give a folder that you may write to");
    if (same_folder(job->input, job->output))
        return task_fail(EINVAL,
            "output=%.100s is the folder of the photographs, which thumbnails would replace; give "
            "another",
            job->output_path);
    return 0;
}

static int make_output(struct thumbnails *job, struct case_run *run)
{
    bool borrowed = *run->handed != '\0'; /* from the process whose setup this one repeats */
    job->temporary =
        !borrowed && tempdir_make(run->handed, sizeof job->output_path, NULL, "thumbnails") == 0;
    memcpy(job->output_path, run->handed, sizeof job->output_path);
    if (!(job->temporary || borrowed) || (job->output = open_folder(job->output_path)) < 0)
        return task_fail(errno,
            "cannot make the temporary folder " SHOWN_PATH ": %s; set TMPDIR, or give --param "
            "output=DIR",
            job->output_path, strerror(errno));
    return 0;
}

/* A worker that was killed has left the file that it was writing. */
static void remove_parts(const struct thumbnails *job)
{
    char **names;
    size_t count;
    if (folder_list(job->output, &names, &count) != 0)
        return; /* best effort */
    for (size_t i = 0; i < count; i++)
        if (strncmp(names[i], job->prefix, strlen(job->prefix)) == 0)
            unlinkat(job->output, names[i], 0);
    folder_forget(names, count);
}

static void thumbnails_teardown(void *ctx)
{
    struct thumbnails *job = ctx;
    if (job->temporary)
        tempdir_remove(job->output_path);
    else if (job->output >= 0)
        remove_parts(job);
    if (job->input >= 0)
        close(job->input);
    if (job->output >= 0)
        close(job->output);
    folder_forget(job->names, job->count);
    free(job);
}

static int thumbnails_setup(struct case_run *run)
{
    struct thumbnails *job = calloc(1, sizeof *job);
    if (job == NULL)
        return task_fail(ENOMEM, "no memory for its parameters");
    const char *input = param_text(run->params, "input");
    const char *output = param_text(run->params, "output");
    job->input = job->output = -1;
    job->size = (unsigned)param_count(run->params, "size");
    job->quality = (int)param_count(run->params, "quality");
    snprintf(job->prefix, sizeof job->prefix, ".thumbnail-%ld-", (long)getpid());
    int code = input != NULL ? list_input(job, input, run->tasks) : make_input(job, run);
    if (code == 0)
        code = output != NULL ? open_output(job, output) : make_output(job, run);
    if (code != 0) {
        thumbnails_teardown(job);
        return code;
    }
    run->tasks = job->count;
    run->even = false;
    run->ctx = job;
    return 0;
}

/* --- workers and tasks ------------------------------------------------------------------------ */

static int thumbnails_worker_enter(const void *ctx, void **local)
{
    const struct thumbnails *job = ctx;
    struct thumbnails_local *own = calloc(1, sizeof *own);
    if (own != NULL)
        own->maker = thumbnail_new(job->size, job->quality);
    if (own == NULL || own->maker == NULL) {
        free(own);
        return task_fail(ENOMEM, "no memory for a worker");
    }
    snprintf(own->part, sizeof own->part, "%s%ld", job->prefix, (long)gettid());
    *local = own;
    return 0;
}

static void thumbnails_worker_leave(const void *ctx, void *local)
{
    const struct thumbnails *job = ctx;
    struct thumbnails_local *own = local;
    unlinkat(job->output, own->part, 0); /* there only where a thumbnail replaced another */
    thumbnail_free(own->maker);
    free(own->file);
    free(own);
}

/* The end of the path matters most where it is too long for a message. */
static int fail_file(int code, const char *folder, const char *name, const char *why)
{
    char path[2 * PATH_MAX];
    size_t length = (size_t)snprintf(path, sizeof path, "%s/%s", folder, name);
    const bool cut = length > PATH_SHOWN;
    return task_fail(
        code, "%s%s: %s", cut ? "..." : "", cut ? path + length - PATH_SHOWN : path, why);
}

/* Returns 0, or an errno. */
static int read_open_file(int file, struct thumbnails_local *own)
{
    struct stat status;
    if (fstat(file, &status) != 0)
        return errno;
    if (status.st_size > FILE_SIZE_MAX)
        return EFBIG;
    if ((size_t)status.st_size > own->room) {
        free(own->file);
        own->file = malloc((size_t)status.st_size);
        own->room = own->file != NULL ? (size_t)status.st_size : 0;
        if (own->file == NULL)
            return ENOMEM;
    }
    own->size = 0;
    while (own->size < (size_t)status.st_size) {
        ssize_t got = read(file, own->file + own->size, (size_t)status.st_size - own->size);
        if (got < 0 && errno != EINTR)
            return errno;
        if (got == 0)
            break; /* it has become shorter: the decoder will say so */
        own->size += got > 0 ? (size_t)got : 0;
    }
    return 0;
}

static int read_file(const struct thumbnails *job, struct thumbnails_local *own, const char *name)
{
    int file = openat(job->input, name, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return errno;
    int error = read_open_file(file, own);
    close(file);
    return error;
}

static int thumbnails_task(const void *ctx, void *local, uint64_t index, struct task_result *result)
{
    const struct thumbnails *job = ctx;
    struct thumbnails_local *own = local;
    const char *name = job->names[index], *why;
    struct thumbnail thumbnail;
    blocking_begin();
    int code = read_file(job, own, name);
    blocking_end();
    if (code != 0)
        return fail_file(code, job->input_path, name, strerror(code));
    code = thumbnail_make(own->maker, own->file, own->size, &thumbnail, &why);
    if (code != 0)
        return fail_file(code, job->input_path, name, why);
    blocking_begin();
    int failed = folder_put(job->output, own->part, name, thumbnail.bytes, thumbnail.size);
    blocking_end();
    if (failed != 0)
        return fail_file(errno, job->output_path, name, strerror(errno));
    result->value = hash_bytes(HASH_START, thumbnail.bytes, thumbnail.size);
    return 0;
}

static void thumbnails_task_name(const void *ctx, uint64_t index, char *text, size_t size)
{
    const struct thumbnails *job = ctx;
    snprintf(text, size, "%s", job->names[index]);
}

static void thumbnails_answer(
    const void *ctx, const struct case_results *results, char *text, size_t size)
{
    (void)ctx;
    uint64_t made = 0;
    for (uint64_t i = 0; i < case_tasks(results); i++)
        made += case_ok(results, i);
    if (made == case_tasks(results))
        snprintf(text, size, "%" PRIu64 " thumbnails", made);
    else
        snprintf(text, size, "%" PRIu64 " thumbnails, %" PRIu64 " failed", made,
            case_tasks(results) - made);
}

static const struct param thumbnails_params[] = {
    {.name = "input",
        .type = PARAM_TEXT,
        .choices = "DIR",
        .help =
            "folder of photographs, a task a file in the order of names (default: made for this)"},
    {.name = "output",
        .type = PARAM_TEXT,
        .choices = "DIR",
        .help = "folder for the thumbnails, made if missing (default: a temporary one)"},
    {.name = "cache",
        .type = PARAM_TEXT,
        .choices = "DIR",
        .help = "where made photographs are kept (default: ~/.cache/poolbench)"},
    {.name = "size",
        .type = PARAM_COUNT,
        .value = "75",
        .min = 1,
        .max = THUMBNAIL_SIZE_MAX,
        .help = "thumbnails fit a square of so many pixels, 1 to 1024"},
    {.name = "quality",
        .type = PARAM_COUNT,
        .value = "75",
        .min = 1,
        .max = THUMBNAIL_QUALITY_MAX,
        .help = "JPEG quality of the thumbnails, 1 to 100"},
    {.name = NULL},
};

const struct bench_case case_thumbnails = {
    .name = "thumbnails",
    .summary = "JPEG photographs scaled to fit 75 x 75: uneven CPU work on real files",
    .description =
        "Each task reads one photograph, decodes it only as finely as needed, averages it down, "
        "turns it the right way up and writes a thumbnail; a file that is no sound JPEG fails "
        "alone. Nearly all of the time is Huffman decoding, so the CPUs are the limit as long as "
        "the files are in the page cache: expect speedup = workers up to the usable CPUs, a little "
        "less where threads share the kernel's lock on the output folder. The first pass over a "
        "folder that is not cached is the disk's; more workers than CPUs then help.",
    .kind = CASE_CPU,
    .params = thumbnails_params,
    .task = thumbnails_task,
    .setup = thumbnails_setup,
    .teardown = thumbnails_teardown,
    .worker_enter = thumbnails_worker_enter,
    .worker_leave = thumbnails_worker_leave,
    .task_name = thumbnails_task_name,
    .answer = thumbnails_answer,
};
