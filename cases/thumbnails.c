/* Thumbnails of a folder of photographs: the job that most people first use a pool for. A task
 * reads one file whole, makes its thumbnail in memory and writes it to the output folder; all of it
 * is support/album.c's. pkg-config: libjpeg */
#include "case.h"

#include "support/album.h"

#define DEFAULT_TASKS 6000 /* where the photographs are made */

static int thumbnails_setup(struct case_run *run)
{
    struct album *album;
    int code = album_open(&album, run, "thumbnails", DEFAULT_TASKS, 0);
    if (code != 0)
        return code;
    run->even = false;
    run->ctx = album;
    return 0;
}

static const struct param thumbnails_params[] = {ALBUM_PARAMS, {.name = NULL}};

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
    .task = album_task,
    .setup = thumbnails_setup,
    .teardown = album_teardown,
    .worker_enter = album_worker_enter,
    .worker_leave = album_worker_leave,
    .task_name = album_task_name,
    .answer = album_answer,
};
