/* Compressing blocks with zstd. pkg-config: libzstd
 *
 * A worker keeps one context and the buffers for one block. Files are cut into blocks as a parallel
 * compressor does it, so that a task's memory and time do not depend on how large a file is; made
 * text is there from the start. What comes out is hashed and forgotten.
 *
 * Files are opened anew for each block: descriptors for all of them may be more than a process can
 * have, and the kernel finds a path faster than zstd compresses a kilobyte. */
#include "case.h"

#include "support/folder.h"
#include "support/text.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#define DEFAULT_TASKS 400
#define TEXT_MAX (8u << 20) /* bytes of made text that blocks begin in */
#define LEVEL_MAX 22
#define CHECKED_MAX 8 /* blocks that verify decompresses */
#define SHOWN_PATH "%.120s"

/* A block: `size` bytes at `offset` of a file or of the made text. */
struct piece {
    size_t file;
    uint64_t offset;
    size_t size;
};

struct compress {
    uint64_t seed;
    size_t size; /* of the largest block */
    int level;
    /* made text ... */
    char *text;
    size_t starts; /* offsets that a block may begin at */
    /* ... or files */
    const char *input; /* NULL: made text */
    int folder;        /* that the names are in; AT_FDCWD: the input is a file */
    char **names;
    size_t names_count;
    struct piece *pieces;
    size_t pieces_count;
};

struct compress_worker {
    ZSTD_CCtx *context;
    char *in, *out;
    size_t out_size;
};

/* The bytes of a result. */
struct sizes {
    uint64_t before, after;
};

/* --- setup ------------------------------------------------------------------------------------ */

static void compress_teardown(void *ctx)
{
    struct compress *compress = ctx;
    if (compress->folder >= 0)
        close(compress->folder);
    folder_forget(compress->names, compress->names_count);
    free(compress->pieces);
    free(compress->text);
    free(compress);
}

static int make_text(struct compress *compress, struct case_run *run)
{
    if (run->tasks == 0)
        run->tasks = DEFAULT_TASKS;
    compress->starts =
        run->tasks < TEXT_MAX / compress->size ? (size_t)run->tasks * compress->size : TEXT_MAX;
    compress->text = malloc(compress->starts + compress->size);
    if (compress->text == NULL)
        return task_fail(ENOMEM, "no memory for the text; lower size");
    text_fill(compress->seed, compress->text, compress->starts + compress->size);
    return 0;
}

static int refuse(const struct compress *compress)
{
    return task_fail(EINVAL,
        "cannot use input=" SHOWN_PATH ": %s; give a file or a folder of files", compress->input,
        strerror(errno));
}

/* A file alone, or the files of a folder. */
static int list_files(struct compress *compress)
{
    struct stat status;
    if (stat(compress->input, &status) != 0)
        return refuse(compress);
    if (S_ISREG(status.st_mode)) {
        compress->names = calloc(1, sizeof *compress->names);
        if (compress->names == NULL || (compress->names[0] = strdup(compress->input)) == NULL)
            return task_fail(ENOMEM, "no memory for a name");
        compress->names_count = 1;
        return 0;
    }
    compress->folder = open(compress->input, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (compress->folder < 0 ||
        folder_list(compress->folder, &compress->names, &compress->names_count) != 0)
        return refuse(compress);
    if (compress->names_count == 0)
        return task_fail(EINVAL,
            "input=" SHOWN_PATH ": no files in this folder (those of its sub-folders do not count)",
            compress->input);
    return 0;
}

/* The array doubles whenever its count is a power of two. */
static int add_piece(struct compress *compress, struct piece piece)
{
    size_t count = compress->pieces_count;
    if ((count & (count - 1)) == 0) {
        struct piece *more = realloc(compress->pieces, (count > 0 ? 2 * count : 1) * sizeof *more);
        if (more == NULL)
            return task_fail(ENOMEM, "no memory for a list of %zu blocks; raise size", count);
        compress->pieces = more;
    }
    compress->pieces[compress->pieces_count++] = piece;
    return 0;
}

/* The first `limit` blocks of all files; 0: all. An empty file is a block, and so is one that
 * cannot be looked at: its task will say why. */
static int cut_files(struct compress *compress, uint64_t limit)
{
    for (size_t i = 0; i < compress->names_count; i++) {
        struct stat status = {.st_size = 0};
        uint64_t offset = 0;
        if (fstatat(compress->folder, compress->names[i], &status, 0) != 0)
            status.st_size = 0;
        do {
            if (limit != 0 && compress->pieces_count == limit)
                return 0;
            uint64_t left = (uint64_t)status.st_size - offset;
            size_t size = left < compress->size ? (size_t)left : compress->size;
            int code = add_piece(compress, (struct piece){i, offset, size});
            if (code != 0)
                return code;
            offset += size;
        } while (offset < (uint64_t)status.st_size);
    }
    return 0;
}

static int find_input(struct compress *compress, struct case_run *run)
{
    int code = list_files(compress);
    if (code == 0)
        code = cut_files(compress, run->tasks);
    if (code == 0)
        run->tasks = compress->pieces_count;
    return code;
}

static int compress_setup(struct case_run *run)
{
    struct compress *compress = calloc(1, sizeof *compress);
    if (compress == NULL)
        return task_fail(ENOMEM, "no memory for the parameters");
    compress->seed = run->seed;
    compress->size = param_count(run->params, "size");
    compress->level = (int)param_count(run->params, "level");
    compress->input = param_text(run->params, "input");
    compress->folder = AT_FDCWD;
    int code = compress->input != NULL ? find_input(compress, run) : make_text(compress, run);
    if (code != 0) {
        compress_teardown(compress);
        return code;
    }
    run->even = compress->input == NULL;
    run->result_size = sizeof(struct sizes);
    run->ctx = compress;
    return 0;
}

/* --- workers and tasks ------------------------------------------------------------------------ */

static void compress_worker_leave(const void *ctx, void *local)
{
    (void)ctx;
    struct compress_worker *worker = local;
    ZSTD_freeCCtx(worker->context);
    free(worker->in);
    free(worker->out);
    free(worker);
}

/* The buffers are written over, so that their pages are there before the first task. */
static int compress_worker_enter(const void *ctx, void **local)
{
    const struct compress *compress = ctx;
    struct compress_worker *worker = calloc(1, sizeof *worker);
    if (worker == NULL)
        return task_fail(ENOMEM, "no memory for a worker");
    worker->out_size = ZSTD_compressBound(compress->size);
    worker->context = ZSTD_createCCtx();
    worker->in = malloc(compress->size);
    worker->out = malloc(worker->out_size);
    if (worker->context == NULL || worker->in == NULL || worker->out == NULL ||
        ZSTD_isError(
            ZSTD_CCtx_setParameter(worker->context, ZSTD_c_compressionLevel, compress->level))) {
        compress_worker_leave(ctx, worker);
        return task_fail(ENOMEM, "no memory for a worker's buffers; lower size");
    }
    memset(worker->in, 1, compress->size);
    memset(worker->out, 1, worker->out_size);
    *local = worker;
    return 0;
}

static struct piece piece_at(const struct compress *compress, uint64_t index)
{
    if (compress->input != NULL)
        return compress->pieces[index];
    return (struct piece){
        .offset = hash_mix(compress->seed, index) % compress->starts, .size = compress->size};
}

/* Writes DIR/NAME, or FILE. */
static void compress_task_name(const void *ctx, uint64_t index, char *text, size_t size)
{
    const struct compress *compress = ctx;
    const struct piece piece = piece_at(compress, index);
    const char *folder = compress->folder >= 0 ? compress->input : "";
    if (compress->input == NULL)
        snprintf(text, size, "block %" PRIu64, index);
    else
        snprintf(text, size, SHOWN_PATH "%s" SHOWN_PATH " from byte %" PRIu64 " on", folder,
            *folder != '\0' ? "/" : "", compress->names[piece.file], piece.offset);
}

static int fail_piece(const struct compress *compress, uint64_t index, int code, const char *why)
{
    char name[TASK_MESSAGE_MAX];
    compress_task_name(compress, index, name, sizeof name);
    return task_fail(code, "%.180s: %s", name, why);
}

/* Returns 0, or an errno; ENODATA: the file has become shorter. */
static int read_piece(int file, const struct piece *piece, char *bytes)
{
    for (size_t done = 0; done < piece->size;) {
        ssize_t got = pread(file, bytes + done, piece->size - done, (off_t)(piece->offset + done));
        if (got == 0)
            return ENODATA;
        if (got < 0 && errno != EINTR)
            return errno;
        done += got > 0 ? (size_t)got : 0;
    }
    return 0;
}

/* Returns 0, or an errno. */
static int read_file_piece(const struct compress *compress, const struct piece *piece, char *bytes)
{
    int file = openat(compress->folder, compress->names[piece->file], O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return errno;
    int error = read_piece(file, piece, bytes);
    close(file);
    return error;
}

/* Points *bytes at the block: in the made text, or read into the worker's buffer. */
static int load(const struct compress *compress, const struct compress_worker *worker,
    uint64_t index, const char **bytes)
{
    const struct piece piece = piece_at(compress, index);
    if (compress->input == NULL) {
        *bytes = compress->text + piece.offset;
        return 0;
    }
    *bytes = worker->in;
    blocking_begin();
    int error = read_file_piece(compress, &piece, worker->in);
    blocking_end();
    return error == 0 ? 0 : fail_piece(compress, index, error, strerror(error));
}

static int compress_task(const void *ctx, void *local, uint64_t index, struct task_result *result)
{
    const struct compress *compress = ctx;
    const struct compress_worker *worker = local;
    const struct piece piece = piece_at(compress, index);
    const char *bytes;
    int code = load(compress, worker, index, &bytes);
    if (code != 0)
        return code;
    task_checkpoint(); /* zstd's call has no place for one */
    size_t size = ZSTD_compress2(worker->context, worker->out, worker->out_size, bytes, piece.size);
    if (ZSTD_isError(size))
        return fail_piece(compress, index, EIO, ZSTD_getErrorName(size));
    task_checkpoint();
    const struct sizes sizes = {.before = piece.size, .after = size};
    memcpy(result->bytes, &sizes, sizeof sizes);
    result->value = hash_bytes(HASH_START, worker->out, size);
    return 0;
}

/* --- results ---------------------------------------------------------------------------------- */

static struct sizes sizes_of(const struct task_result *result)
{
    struct sizes sizes;
    memcpy(&sizes, result->bytes, sizeof sizes);
    return sizes;
}

/* Compresses block `index` again with `worker` and decompresses it into `back`. */
static int check_block(const struct compress *compress, struct compress_worker *worker, char *back,
    uint64_t index, const struct task_result *result)
{
    const struct piece piece = piece_at(compress, index);
    const struct sizes sizes = sizes_of(result);
    uint64_t room[(sizeof(struct task_result) + sizeof(struct sizes)) / sizeof(uint64_t)] = {0};
    struct task_result *again = (struct task_result *)(void *)room;
    const char *bytes;
    int code = compress_task(compress, worker, index, again);
    if (code == 0)
        code = load(compress, worker, index, &bytes);
    if (code != 0)
        return code;
    if (again->value != result->value || memcmp(again->bytes, result->bytes, sizeof sizes) != 0)
        return fail_piece(compress, index, EIO, "not what it compresses to");
    size_t size = ZSTD_decompress(back, compress->size, worker->out, sizes.after);
    if (ZSTD_isError(size) || size != piece.size || memcmp(back, bytes, size) != 0)
        return fail_piece(compress, index, EIO, "does not decompress to what it was");
    return 0;
}

/* Decompresses some of the blocks; that the others are as serial's shows the checksum. */
static int compress_verify(const void *ctx, const struct case_results *results)
{
    const struct compress *compress = ctx;
    void *worker = NULL;
    int code = compress_worker_enter(ctx, &worker);
    if (worker == NULL)
        return code;
    char *back = malloc(compress->size);
    if (back == NULL) {
        compress_worker_leave(ctx, worker);
        return task_fail(ENOMEM, "no memory to check blocks; lower size");
    }
    uint64_t step = case_tasks(results) / CHECKED_MAX + 1;
    for (uint64_t i = 0; i < case_tasks(results) && code == 0; i += step)
        if (case_ok(results, i))
            code = check_block(compress, worker, back, i, case_result(results, i));
    free(back);
    compress_worker_leave(ctx, worker);
    return code;
}

static void compress_answer(
    const void *ctx, const struct case_results *results, char *text, size_t size)
{
    (void)ctx;
    struct sizes all = {0, 0};
    for (uint64_t i = 0; i < case_tasks(results); i++) {
        if (!case_ok(results, i))
            continue;
        struct sizes sizes = sizes_of(case_result(results, i));
        all.before += sizes.before;
        all.after += sizes.after;
    }
    snprintf(text, size, "%" PRIu64 " bytes to %" PRIu64 ", ratio %.3f", all.before, all.after,
        all.after > 0 ? (double)all.before / (double)all.after : 0);
}

static const struct param compress_params[] = {
    {.name = "level",
        .type = PARAM_COUNT,
        .value = "3",
        .min = 1,
        .max = LEVEL_MAX,
        .help = "zstd's level, 1 (fast) to 22 (small)"},
    {.name = "size",
        .type = PARAM_COUNT,
        .value = "128k",
        .min = 1,
        .max = 256e6,
        .help = "bytes a block, 1 to 256M; a file's last one is smaller"},
    {.name = "input",
        .type = PARAM_TEXT,
        .choices = "FILE|DIR",
        .help = "compress this file, or the files of this folder (default: made text)"},
    {.name = NULL},
};

const struct bench_case case_compress = {
    .name = "compress",
    .summary = "zstd on blocks of text or of your files: CPU work with tables in the cache",
    .description =
        "Each task compresses one block with a context that its worker keeps and hashes what comes "
        "out; the result is the ratio. The core limits it, with zstd's tables of some hundred "
        "kilobytes in the core's own cache: expect speedup = workers up to the usable CPUs. High "
        "levels search tables and trees of many megabytes a worker; where those of all workers "
        "outgrow the shared cache, the curve bends at the memory. Files that are not in the page "
        "cache come from the disk at first. A file that cannot be read fails alone.",
    .kind = CASE_CPU,
    .params = compress_params,
    .task = compress_task,
    .setup = compress_setup,
    .teardown = compress_teardown,
    .worker_enter = compress_worker_enter,
    .worker_leave = compress_worker_leave,
    .verify = compress_verify,
    .task_name = compress_task_name,
    .answer = compress_answer,
};
