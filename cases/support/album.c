/* The three stages of a thumbnail and the folders at both ends. The pictures are thumbnail.c's, the
 * photographs that are made where none are given photographs.c's.
 *
 * pkg-config: libjpeg */
#include "album.h"

#include "folder.h"
#include "photographs.h"
#include "scratch.h"
#include "wait.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_SIZE_MAX ((off_t)1 << 30)
#define PATH_SHOWN 160 /* bytes of a path in a message, so that there is room for the cause */
#define SHOWN_PATH "%.160s"
#define PREFIX_SIZE 32

struct album {
    char **names; /* of the photographs, in the order of tasks */
    size_t count;
    char input_path[PATH_MAX], output_path[PATH_MAX];
    int input, output;      /* the folders; -1: not open */
    struct scratch scratch; /* open where the output folder is a temporary one */
    unsigned size;
    int quality;
    uint64_t latency;         /* ns */
    char prefix[PREFIX_SIZE]; /* of the names of unfinished files, in all processes the same */
    bool borrowed;            /* another process's to tidy up */
};

struct album_worker {
    struct thumbnail_maker *maker;
    struct album_file file;     /* the photograph as it is on disk */
    char part[2 * PREFIX_SIZE]; /* the name of its unfinished file */
    unsigned long slack;        /* as the worker's thread had it before */
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
static int list_input(struct album *album, const char *given, uint64_t limit)
{
    int code = copy_path(album->input_path, given, "input");
    if (code != 0)
        return code;
    album->input = open_folder(album->input_path);
    if (album->input < 0 || folder_list(album->input, &album->names, &album->count) != 0)
        return refuse("input", album->input_path, "give a folder of photographs");
    if (album->count == 0)
        return task_fail(EINVAL,
            "input=%.100s: no files in this folder; put photographs there, or leave input out to "
            "have some made",
            album->input_path);
    while (limit != 0 && album->count > limit)
        free(album->names[--album->count]);
    return 0;
}

static int name_photographs(struct album *album, uint64_t count)
{
    album->names = calloc(count, sizeof *album->names);
    if (album->names == NULL)
        return task_fail(ENOMEM, "no memory for %" PRIu64 " names", count);
    for (; album->count < count; album->count++) {
        char name[PHOTOGRAPHS_NAME_SIZE];
        photographs_name(album->count, name);
        album->names[album->count] = strdup(name);
        if (album->names[album->count] == NULL)
            return task_fail(ENOMEM, "no memory for %" PRIu64 " names", count);
    }
    return 0;
}

static int make_input(struct album *album, const struct case_run *run, uint64_t count)
{
    if (run->tasks != 0)
        count = run->tasks;
    if (count > PHOTOGRAPHS_MAX)
        return task_fail(EINVAL,
            "-N %" PRIu64 ": at most %d photographs are made; give fewer, or --param input=DIR",
            count, PHOTOGRAPHS_MAX);
    int code = photographs_folder(
        param_text(run->params, "cache"), run->seed, album->input_path, sizeof album->input_path);
    if (code == 0)
        code = photographs_make(album->input_path, run->seed, count);
    if (code != 0)
        return code;
    album->input = open_folder(album->input_path);
    if (album->input < 0)
        return task_fail(errno,
            "cannot read " SHOWN_PATH ": %s; give another folder by --param cache=DIR",
            album->input_path, strerror(errno));
    return name_photographs(album, count);
}

static bool same_folder(int a, int b)
{
    struct stat first, second;
    return fstat(a, &first) == 0 && fstat(b, &second) == 0 && first.st_dev == second.st_dev &&
           first.st_ino == second.st_ino;
}

/* Processes that repeat the setup get that of the owner, who removes what they leave. */
static void share_prefix(struct album *album, struct case_run *run)
{
    album->borrowed = *run->handed != '\0';
    if (!album->borrowed)
        memcpy(run->handed, album->prefix, sizeof album->prefix);
    memcpy(album->prefix, run->handed, sizeof album->prefix);
}

static int open_output(struct album *album, struct case_run *run, const char *given)
{
    int code = copy_path(album->output_path, given, "output");
    if (code != 0)
        return code;
    if (folder_make(album->output_path) != 0 ||
        (album->output = open_folder(album->output_path)) < 0 ||
        faccessat(album->output, ".", W_OK | X_OK, AT_EACCESS) != 0)
        return refuse("output", album->output_path, "give a folder that you may write to");
    if (same_folder(album->input, album->output))
        return task_fail(EINVAL,
            "output=%.100s is the folder of the photographs, which thumbnails would replace; give "
            "another",
            album->output_path);
    share_prefix(album, run);
    return 0;
}

/* The temporary one. */
static int make_output(struct album *album, struct case_run *run, const char *name)
{
    int code = scratch_open(&album->scratch, run, name, NULL);
    if (code != 0)
        return code;
    memcpy(album->output_path, album->scratch.path, sizeof album->output_path);
    album->output = open_folder(album->output_path);
    return album->output >= 0
               ? 0
               : task_fail(errno, "cannot open the temporary folder " SHOWN_PATH ": %s",
                     album->output_path, strerror(errno));
}

/* A worker that was killed has left the file that it was writing. */
static void remove_parts(const struct album *album)
{
    char **names;
    size_t count;
    if (folder_list(album->output, &names, &count) != 0)
        return; /* best effort */
    for (size_t i = 0; i < count; i++)
        if (strncmp(names[i], album->prefix, strlen(album->prefix)) == 0)
            unlinkat(album->output, names[i], 0);
    folder_forget(names, count);
}

void album_close(struct album *album)
{
    if (album->scratch.path[0] == '\0' && album->output >= 0 && !album->borrowed)
        remove_parts(album);
    scratch_close(&album->scratch);
    if (album->input >= 0)
        close(album->input);
    if (album->output >= 0)
        close(album->output);
    folder_forget(album->names, album->count);
    free(album);
}

int album_open(
    struct album **made, struct case_run *run, const char *name, uint64_t count, uint64_t latency)
{
    struct album *album = calloc(1, sizeof *album);
    if (album == NULL)
        return task_fail(ENOMEM, "no memory for its parameters");
    const char *input = param_text(run->params, "input");
    const char *output = param_text(run->params, "output");
    album->input = album->output = -1;
    album->size = (unsigned)param_count(run->params, "size");
    album->quality = (int)param_count(run->params, "quality");
    album->latency = latency;
    snprintf(album->prefix, sizeof album->prefix, ".thumbnail-%ld-", (long)getpid());
    int code = input != NULL ? list_input(album, input, run->tasks) : make_input(album, run, count);
    if (code == 0)
        code = output != NULL ? open_output(album, run, output) : make_output(album, run, name);
    if (code != 0) {
        album_close(album);
        return code;
    }
    run->tasks = album->count;
    *made = album;
    return 0;
}

const char *album_name(const struct album *album, uint64_t index)
{
    return album->names[index];
}

const char *album_output(const struct album *album)
{
    return album->output_path;
}

/* --- workers ---------------------------------------------------------------------------------- */

int album_worker_enter(const void *ctx, void **local)
{
    const struct album *album = ctx;
    struct album_worker *own = calloc(1, sizeof *own);
    if (own != NULL)
        own->maker = thumbnail_new(album->size, album->quality);
    if (own == NULL || own->maker == NULL) {
        free(own);
        return task_fail(ENOMEM, "no memory for a worker");
    }
    snprintf(own->part, sizeof own->part, "%s%ld", album->prefix, (long)gettid());
    if (album->latency > 0)
        own->slack = wait_sharply();
    *local = own;
    return 0;
}

void album_worker_leave(const void *ctx, void *local)
{
    const struct album *album = ctx;
    struct album_worker *own = local;
    if (album->latency > 0)
        wait_as_before(own->slack);
    unlinkat(album->output, own->part, 0); /* there only where a thumbnail replaced another */
    thumbnail_free(own->maker);
    free(own->file.bytes);
    free(own);
}

/* --- stages ----------------------------------------------------------------------------------- */

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
static int read_open_file(int descriptor, struct album_file *file)
{
    struct stat status;
    if (fstat(descriptor, &status) != 0)
        return errno;
    if (status.st_size > FILE_SIZE_MAX)
        return EFBIG;
    if ((size_t)status.st_size > file->room) {
        free(file->bytes);
        file->bytes = malloc((size_t)status.st_size);
        file->room = file->bytes != NULL ? (size_t)status.st_size : 0;
        if (file->bytes == NULL)
            return ENOMEM;
    }
    file->size = 0;
    while (file->size < (size_t)status.st_size) {
        ssize_t got =
            read(descriptor, file->bytes + file->size, (size_t)status.st_size - file->size);
        if (got < 0 && errno != EINTR)
            return errno;
        if (got == 0)
            break; /* it has become shorter: the decoder will say so */
        file->size += got > 0 ? (size_t)got : 0;
    }
    return 0;
}

static int read_file(const struct album *album, const char *name, struct album_file *file)
{
    int descriptor = openat(album->input, name, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0)
        return errno;
    int error = read_open_file(descriptor, file);
    close(descriptor);
    return error;
}

static int wait_for_store(const struct album *album)
{
    return album->latency > 0 ? wait_for(album->latency) : 0;
}

int album_read(const struct album *album, uint64_t index, struct album_file *file)
{
    const char *name = album->names[index];
    int code = wait_for_store(album);
    if (code != 0)
        return code;
    blocking_begin();
    int error = read_file(album, name, file);
    blocking_end();
    return error != 0 ? fail_file(error, album->input_path, name, strerror(error)) : 0;
}

int album_scale(const struct album *album, struct album_worker *worker, uint64_t index,
    const struct album_file *file, struct thumbnail *thumbnail)
{
    const char *why;
    int code = thumbnail_make(worker->maker, file->bytes, file->size, thumbnail, &why);
    return code != 0 ? fail_file(code, album->input_path, album->names[index], why) : 0;
}

int album_write(const struct album *album, struct album_worker *worker, uint64_t index,
    const struct thumbnail *thumbnail)
{
    const char *name = album->names[index];
    int code = wait_for_store(album);
    if (code != 0)
        return code;
    blocking_begin();
    int failed = folder_put(album->output, worker->part, name, thumbnail->bytes, thumbnail->size);
    blocking_end();
    return failed != 0 ? fail_file(errno, album->output_path, name, strerror(errno)) : 0;
}

/* --- hooks ------------------------------------------------------------------------------------ */

int album_task(const void *ctx, void *local, uint64_t index, struct task_result *result)
{
    const struct album *album = ctx;
    struct album_worker *own = local;
    struct thumbnail thumbnail;
    int code = album_read(album, index, &own->file);
    if (code == 0)
        code = album_scale(album, own, index, &own->file, &thumbnail);
    if (code == 0)
        code = album_write(album, own, index, &thumbnail);
    if (code == 0)
        result->value = hash_bytes(HASH_START, thumbnail.bytes, thumbnail.size);
    return code;
}

void album_teardown(void *ctx)
{
    album_close(ctx);
}

void album_task_name(const void *ctx, uint64_t index, char *text, size_t size)
{
    snprintf(text, size, "%s", album_name(ctx, index));
}

void album_answer(const void *ctx, const struct case_results *results, char *text, size_t size)
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
