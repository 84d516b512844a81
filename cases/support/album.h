/* A folder of photographs and one for their thumbnails, for cases that make these from those: the
 * parameters, the folders, and the three stages that a photograph goes through.
 *
 * Files are reached through descriptors of the two folders, so that the kernel does not look up
 * their paths again for each.
 *
 * pkg-config: libjpeg */
#ifndef SUPPORT_ALBUM_H
#define SUPPORT_ALBUM_H

#include "../case.h"
#include "thumbnail.h"

struct album;

/* Makes or opens the folders as ALBUM_PARAMS say, and *made; run->tasks becomes the number of
 * photographs, of which `count` are made where neither a folder nor -N is given. name is a part of
 * the temporary folder's. Each read and each write first waits for `latency` ns, as a slow store's
 * would (0: they do not). Returns 0, or a code with a message after having undone all. */
int album_open(
    struct album **made, struct case_run *run, const char *name, uint64_t count, uint64_t latency);

/* Also removes what killed workers, of whichever process, have left in an output folder of the
 * user's; not in a process that has repeated the setup. */
void album_close(struct album *album);

const char *album_name(const struct album *album, uint64_t index); /* of a photograph */
const char *album_output(const struct album *album);               /* path of the thumbnails */

/* A worker's own: buffers, and a name for unfinished files. Made and freed in the worker's thread.
 * Both as the hooks worker_enter and worker_leave of a case whose ctx is the album. */
struct album_worker;
int album_worker_enter(const void *ctx, void **local);
void album_worker_leave(const void *ctx, void *local);

/* A file in memory. Zeroed at first; bytes is malloc'd, the owner's to free, and used again for the
 * next one. */
struct album_file {
    unsigned char *bytes;
    size_t size, room;
};

/* The stages. Each returns 0, or a code with a message that names the file. The thumbnail stays
 * until the worker makes its next one. A thumbnail is in its folder whole or not at all. */
int album_read(const struct album *album, uint64_t index, struct album_file *file);
int album_scale(const struct album *album, struct album_worker *worker, uint64_t index,
    const struct album_file *file, struct thumbnail *thumbnail);
int album_write(const struct album *album, struct album_worker *worker, uint64_t index,
    const struct thumbnail *thumbnail);

/* All three, as the task of a case whose ctx is the album. The value is the hash of the thumbnail's
 * bytes. */
int album_task(const void *ctx, void *local, uint64_t index, struct task_result *result);

/* The other hooks of such a case. */
void album_teardown(void *ctx);
void album_task_name(const void *ctx, uint64_t index, char *text, size_t size);
void album_answer(const void *ctx, const struct case_results *results, char *text, size_t size);

/* For the table of parameters. */
#define ALBUM_PARAMS                                                                               \
    {.name = "input",                                                                              \
        .type = PARAM_TEXT,                                                                        \
        .choices = "DIR",                                                                          \
        .help = "folder of photographs, a task a file in the order of names (default: made for "   \
                "this)"},                                                                          \
        {.name = "output",                                                                         \
            .type = PARAM_TEXT,                                                                    \
            .choices = "DIR",                                                                      \
            .help = "folder for the thumbnails, made if missing (default: a temporary one)"},      \
        {.name = "cache",                                                                          \
            .type = PARAM_TEXT,                                                                    \
            .choices = "DIR",                                                                      \
            .help = "where made photographs are kept (default: ~/.cache/poolbench)"},              \
        {.name = "size",                                                                           \
            .type = PARAM_COUNT,                                                                   \
            .value = "75",                                                                         \
            .min = 1,                                                                              \
            .max = THUMBNAIL_SIZE_MAX,                                                             \
            .help = "thumbnails fit a square of so many pixels, 1 to 1024"},                       \
    {                                                                                              \
        .name = "quality", .type = PARAM_COUNT, .value = "75", .min = 1,                           \
        .max = THUMBNAIL_QUALITY_MAX, .help = "JPEG quality of the thumbnails, 1 to 100"           \
    }

#endif
