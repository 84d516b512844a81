/* A photograph takes some 20 ms, so every usable CPU helps: a child each, for every n-th number. A
 * child that fails leaves its reason in shared memory, because it can return none.
 *
 * pkg-config: libjpeg */
#include "photographs.h"

#include "../../harness/pool/task.h"
#include "exif.h"
#include "folder.h"
#include "libjpeg.h"
#include "scene.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAKERS_MAX 8
#define QUALITY 85 /* what cameras use */
#define PIXELS_SIZE ((size_t)SCENE_LENGTH_MAX * SCENE_LENGTH_MAX * 3)
#define PART_SIZE 32

/* What is to be there in the end. */
struct collection {
    const char *path;
    int folder;
    uint64_t seed, count;
};

/* What one child works with. */
struct maker {
    const struct collection *collection;
    struct jpeg_compress_struct encoder;
    struct libjpeg_trap trap;
    struct libjpeg_sink sink;
    unsigned char *upright, *stored; /* pixels as painted and as the file has them */
};

struct report {
    int code;
    char message[TASK_MESSAGE_MAX];
};

void photographs_name(uint64_t number, char name[PHOTOGRAPHS_NAME_SIZE])
{
    snprintf(name, PHOTOGRAPHS_NAME_SIZE, "photograph-%06" PRIu64 ".jpg", number);
}

int photographs_folder(const char *cache, uint64_t seed, char *path, size_t size)
{
    const char *home = getenv("HOME"), *xdg = getenv("XDG_CACHE_HOME");
    const char *base = cache, *below = "";
    if (base == NULL && xdg != NULL && xdg[0] == '/') { /* a relative one is to be ignored */
        base = xdg;
        below = "/poolbench";
    } else if (base == NULL && home != NULL && home[0] != '\0') {
        base = home;
        below = "/.cache/poolbench";
    }
    if (base == NULL || base[0] == '\0')
        return task_fail(EINVAL, "no folder to keep photographs in: %s; give --param cache=DIR",
            cache != NULL ? "cache= is empty" : "HOME is not set");
    int length = snprintf(path, size, "%s%s/photographs-v1-%" PRIu64, base, below, seed);
    if (length < 0 || (size_t)length >= size)
        return task_fail(ENAMETOOLONG,
            "the path of the cache folder is too long; give another by --param cache=DIR");
    return 0;
}

/* --- one photograph --------------------------------------------------------------------------- */

static void store_turned(struct maker *maker, const struct exif_view *view)
{
    const unsigned char *from = maker->upright;
    for (unsigned y = 0; y < view->height; y++)
        for (unsigned x = 0; x < view->width; x++, from += 3) {
            ptrdiff_t to = view->origin + (ptrdiff_t)x * view->right + (ptrdiff_t)y * view->down;
            memcpy(maker->stored + to * 3, from, 3);
        }
}

static void write_file(struct maker *maker, const struct scene *scene, bool big_endian)
{
    struct jpeg_compress_struct *encoder = &maker->encoder;
    jpeg_start_compress(encoder, TRUE);
    if (scene->orientation != 0) {
        unsigned char segment[EXIF_SEGMENT_SIZE];
        exif_segment(segment, scene->orientation, big_endian);
        jpeg_write_marker(encoder, JPEG_APP0 + 1, segment, sizeof segment);
    }
    while (encoder->next_scanline < encoder->image_height) {
        unsigned char *row =
            maker->stored + (size_t)encoder->next_scanline * encoder->image_width * 3;
        jpeg_write_scanlines(encoder, &row, 1);
    }
    jpeg_finish_compress(encoder);
}

/* Returns 0, or -1 with the trap's reason. */
static int encode(struct maker *maker, const struct scene *scene, uint64_t number)
{
    const bool on_its_side = scene->orientation >= 5;
    if (setjmp(maker->trap.back) != 0)
        return -1;
    maker->encoder.image_width = on_its_side ? scene->height : scene->width;
    maker->encoder.image_height = on_its_side ? scene->width : scene->height;
    maker->encoder.input_components = 3;
    maker->encoder.in_color_space = JCS_RGB;
    jpeg_set_defaults(&maker->encoder);
    jpeg_set_quality(&maker->encoder, QUALITY, TRUE);
    const struct exif_view view =
        exif_view(scene->orientation, maker->encoder.image_width, maker->encoder.image_height);
    store_turned(maker, &view);
    write_file(maker, scene, number % 2 != 0);
    return 0;
}

/* A child's own part file is named by its id, so that its parent can remove it after its death. */
static void part_name(char part[PART_SIZE], pid_t child)
{
    snprintf(part, PART_SIZE, ".part-%ld", (long)child);
}

static void remove_part(int folder, pid_t child)
{
    char part[PART_SIZE];
    part_name(part, child);
    unlinkat(folder, part, 0);
}

static int make_one(struct maker *maker, uint64_t number)
{
    const struct collection *collection = maker->collection;
    char name[PHOTOGRAPHS_NAME_SIZE], part[PART_SIZE];
    const struct scene scene = scene_plan(collection->seed, number);
    photographs_name(number, name);
    part_name(part, getpid());
    scene_paint(&scene, maker->upright);
    if (encode(maker, &scene, number) != 0)
        return task_fail(maker->trap.code, "cannot make %s: %s", name, maker->trap.reason);
    if (folder_put(collection->folder, part, name, maker->sink.bytes, maker->sink.size) != 0)
        return task_fail(errno,
            "cannot write %.120s/%s: %s; free some space or give --param cache=DIR",
            collection->path, name, strerror(errno));
    return 0;
}

/* An empty file is what a machine leaves that lost its power. */
static bool is_missing(int folder, uint64_t number)
{
    char name[PHOTOGRAPHS_NAME_SIZE];
    struct stat status;
    photographs_name(number, name);
    return fstatat(folder, name, &status, 0) != 0 || !S_ISREG(status.st_mode) ||
           status.st_size == 0;
}

/* --- children --------------------------------------------------------------------------------- */

static int make_every(const struct collection *collection, uint64_t first, uint64_t step)
{
    struct maker maker = {
        .collection = collection, .upright = malloc(PIXELS_SIZE), .stored = malloc(PIXELS_SIZE)};
    if (maker.upright == NULL || maker.stored == NULL)
        return task_fail(ENOMEM, "no memory to make photographs");
    if (setjmp(maker.trap.back) != 0)
        return task_fail(maker.trap.code, "cannot make photographs: %s", maker.trap.reason);
    maker.encoder.err = libjpeg_trap(&maker.trap);
    jpeg_create_compress(&maker.encoder);
    maker.encoder.dest = libjpeg_sink(&maker.sink);
    int code = 0;
    for (uint64_t number = first; number < collection->count && code == 0; number += step)
        if (is_missing(collection->folder, number))
            code = make_one(&maker, number);
    remove_part(collection->folder, getpid());
    return code; /* the child ends now, and its memory with it */
}

/* Ctrl-C must end a child even where the parent has a handler for it or has blocked it. */
static void become_child(pid_t parent)
{
    sigset_t none;
    sigemptyset(&none);
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    sigprocmask(SIG_SETMASK, &none, NULL);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) /* it died before prctl */
        _exit(1);
}

static unsigned usable_cpus(void)
{
    cpu_set_t cpus;
    if (sched_getaffinity(0, sizeof cpus, &cpus) != 0)
        return MAKERS_MAX;
    return CPU_COUNT(&cpus) < MAKERS_MAX ? (unsigned)CPU_COUNT(&cpus) : MAKERS_MAX;
}

static void note(struct report *report, int code)
{
    report->code = code;
    snprintf(report->message, sizeof report->message, "%s", task_message(code));
}

/* Reaps one child; a failure is put into words. A signal that this process alone was sent, and has
 * a handler for, is passed on. */
static int reap(int folder, pid_t child, const struct report *report)
{
    int status;
    while (waitpid(child, &status, 0) < 0) {
        if (errno != EINTR)
            return task_fail(errno, "waitpid: %s", strerror(errno));
        kill(child, SIGINT);
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return 0;
    if (WIFEXITED(status))
        return task_fail(report->code, "%s", report->message);
    remove_part(folder, child);
    return task_fail(WTERMSIG(status) == SIGINT ? EINTR : ECHILD,
        "making photographs was ended by signal %d (%s); those made are kept, so start it again",
        WTERMSIG(status), strsignal(WTERMSIG(status)));
}

static int run_makers(const struct collection *collection, struct report *reports)
{
    const unsigned makers = usable_cpus();
    const pid_t parent = getpid();
    pid_t children[MAKERS_MAX];
    unsigned started = 0;
    int code = 0;
    for (; started < makers && code == 0; started++) {
        pid_t child = fork();
        if (child == 0) {
            become_child(parent);
            int failed = make_every(collection, started, makers);
            if (failed != 0)
                note(&reports[started], failed);
            _exit(failed != 0);
        }
        children[started] = child;
        if (child < 0)
            code =
                task_fail(errno, "cannot start a process to make photographs: %s", strerror(errno));
    }
    for (unsigned i = 0; i < started; i++) {
        if (code == EINTR && children[i] > 0)
            kill(children[i], SIGINT);
        int ended = children[i] > 0 ? reap(collection->folder, children[i], &reports[i]) : 0;
        code = ended != 0 ? ended : code; /* the last one's, as is the message */
    }
    return code;
}

static int make_missing(const struct collection *collection)
{
    uint64_t number = 0;
    while (number < collection->count && !is_missing(collection->folder, number))
        number++;
    if (number == collection->count)
        return 0;
    struct report *reports = mmap(NULL, MAKERS_MAX * sizeof *reports, PROT_READ | PROT_WRITE,
        MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (reports == MAP_FAILED)
        return task_fail(ENOMEM, "no memory to make photographs");
    int code = run_makers(collection, reports);
    munmap(reports, MAKERS_MAX * sizeof *reports);
    return code;
}

int photographs_make(const char *path, uint64_t seed, uint64_t count)
{
    int folder = folder_make(path) == 0 ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    if (folder < 0)
        return task_fail(EINVAL,
            "cannot keep photographs in %.120s: %s; give another folder by --param cache=DIR", path,
            strerror(errno));
    const struct collection collection = {path, folder, seed, count};
    int code = make_missing(&collection);
    close(folder);
    return code;
}
