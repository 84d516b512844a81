/* The thumbnails case on folders of photographs, through its hooks. What happens to a picture is
 * test_pictures.c's, where photographs come from test_photographs.c's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "cases/support/folder.h"
#include "drive.h"
#include "scratch.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define MADE 6 /* photographs in the shared cache */

static char cache[PATH_MAX];                       /* cache=FOLDER, shared by the tests */
static char in[PATH_MAX + 16], out[PATH_MAX + 16]; /* input=SCRATCH/in, output=SCRATCH/out */

static int make_cache(void **state)
{
    (void)state;
    strcpy(cache, "cache=");
    return tempdir_make(cache + 6, sizeof cache - 6, NULL, "test-cache");
}

static int remove_cache(void **state)
{
    (void)state;
    return tempdir_remove(cache + 6);
}

static int make_folders(void **state)
{
    if (make_scratch(state) != 0)
        return -1;
    snprintf(in, sizeof in, "input=%s/in", scratch);
    snprintf(out, sizeof out, "output=%s/out", scratch);
    return mkdir(in + 6, 0777);
}

/* One made photograph. */
static const struct content *photograph(void)
{
    static struct content content;
    struct workload workload;
    char path[PATH_MAX + 64];
    drive_open(&workload, "thumbnails", MADE, DRIVE_PARAMS(cache));
    workload_close(&workload);
    snprintf(
        path, sizeof path, "%s/photographs-v1-%d/photograph-000000.jpg", cache + 6, WORKLOAD_SEED);
    read_content(path, &content);
    return &content;
}

static void put_photographs(const char *const *names)
{
    const struct content *content = photograph();
    for (; *names; names++)
        write_content(path_of(in + 6, *names), content->bytes, content->size);
}

#define PHOTOGRAPHS(...) put_photographs((const char *const[]){__VA_ARGS__, NULL})

/* --- input ------------------------------------------------------------------------------------ */

static void files_that_are_no_sound_jpeg_fail_alone_and_leave_nothing(void **state)
{
    (void)state;
    struct workload workload;
    char answer[64];
    const struct content *content = photograph();
    PHOTOGRAPHS("a.jpg", "c.jpg", "e.jpg", "g.jpg");
    write_content(path_of(in + 6, "b.jpg"), content->bytes, content->size / 2);
    write_content(path_of(in + 6, "d.txt"), "no picture\n", 11);
    write_content(path_of(in + 6, "f.jpg"), "", 0);
    drive_open(&workload, "thumbnails", 0, DRIVE_PARAMS(in, out));
    for (unsigned workers = 1; workers <= 3; workers += 2) {
        struct workload_outcome outcome =
            drive_run(&workload, workers == 1 ? "serial" : "processes", workers);
        assert_int_equal(outcome.ok, 4);
        assert_int_equal(outcome.errors, 3);
        drive_assert_failed(&workload, 1, path_of(in + 6, "b.jpg"), "Premature end of JPEG file");
        drive_assert_failed(&workload, 3, path_of(in + 6, "d.txt"), "Not a JPEG file");
        drive_assert_failed(&workload, 5, path_of(in + 6, "f.jpg"), "Empty input file");
        assert_int_equal(count_entries(out + 7, ""), 4);
    }
    workload_answer(&workload, answer, sizeof answer);
    assert_string_equal(answer, "4 thumbnails, 3 failed");
    workload_close(&workload);
    assert_int_equal(count_entries(out + 7, ""), 4);
}

static void every_file_of_the_folder_is_a_task_in_the_order_of_bytes(void **state)
{
    (void)state;
    static const char *const expected[] = {".hidden", "B.jpg", "a.jpg", "gone", "link", "\xc3\xa4"};
    struct workload workload;
    char name[64];
    PHOTOGRAPHS("a.jpg", "B.jpg", "\xc3\xa4", ".hidden");
    assert_int_equal(symlink("a.jpg", path_of(in + 6, "link")), 0);
    assert_int_equal(symlink("nowhere", path_of(in + 6, "gone")), 0);
    assert_int_equal(mkfifo(path_of(in + 6, "fifo"), 0666), 0);
    assert_int_equal(mkdir(path_of(in + 6, "folder"), 0777), 0);
    write_content(path_of(in + 6, "folder/x.jpg"), "x", 1);
    drive_open(&workload, "thumbnails", 0, DRIVE_PARAMS(in));
    assert_int_equal(workload.run.tasks, 6);
    for (uint64_t i = 0; i < 6; i++) {
        workload_task_name(&workload, i, name, sizeof name);
        assert_string_equal(name, expected[i]);
    }
    assert_int_equal(drive_run(&workload, "serial", 1).ok, 5);
    drive_assert_failed(&workload, 3, "gone", strerror(ENOENT));
    workload_close(&workload);
}

static void n_takes_the_first_files_or_all_there_are(void **state)
{
    (void)state;
    struct workload workload;
    PHOTOGRAPHS("a.jpg", "b.jpg", "c.jpg");
    drive_open(&workload, "thumbnails", 2, DRIVE_PARAMS(in, out));
    assert_int_equal(drive_run(&workload, "serial", 1).ok, 2);
    assert_int_equal(access(path_of(out + 7, "c.jpg"), F_OK), -1);
    workload_close(&workload);
    drive_open(&workload, "thumbnails", 4, DRIVE_PARAMS(in));
    assert_int_equal(workload.run.tasks, 3);
    workload_close(&workload);
}

static void folders_that_cannot_be_used_are_refused_by_name(void **state)
{
    (void)state;
    char missing[PATH_MAX + 32], file[PATH_MAX + 32], over[PATH_MAX + 32];
    photograph();
    snprintf(missing, sizeof missing, "input=%s/missing", scratch);
    snprintf(file, sizeof file, "output=%s/file", scratch);
    snprintf(over, sizeof over, "output=%s/./in//", scratch);
    write_content(path_of(scratch, "file"), "", 0);
    assert_refused(DRIVE_PARAMS(in), in, "no files in this folder");
    assert_refused(DRIVE_PARAMS(missing), missing, strerror(ENOENT));
    assert_refused(DRIVE_PARAMS(cache, file), file, strerror(ENOTDIR));
    PHOTOGRAPHS("a.jpg");
    assert_refused(DRIVE_PARAMS(in, over), "output=", "which thumbnails would replace");
    assert_refused(DRIVE_PARAMS("size=0"), "size", "1024");
    assert_refused(DRIVE_PARAMS("quality=101"), "quality", "100");
}

static void a_folder_without_permission_to_write_is_refused(void **state)
{
    (void)state;
    const uid_t user = geteuid();
    PHOTOGRAPHS("a.jpg");
    assert_int_equal(mkdir(out + 7, 0555), 0);
    assert_int_equal(chmod(scratch, 0755), 0);
    assert_int_equal(chmod(in + 6, 0755), 0);
    if (user == 0)
        assert_int_equal(seteuid(65534), 0);
    assert_refused(DRIVE_PARAMS(in, out), out, strerror(EACCES));
    assert_int_equal(seteuid(user), 0);
}

/* --- output ----------------------------------------------------------------------------------- */

static void pools_write_the_same_files_as_serial(void **state)
{
    (void)state;
    static const char *const backends[] = {"threads", "processes"};
    struct workload workload;
    drive_open(&workload, "thumbnails", MADE, DRIVE_PARAMS(cache, out));
    uint64_t serial = drive_run(&workload, "serial", 1).checksum;
    for (size_t i = 0; i < sizeof backends / sizeof *backends; i++) {
        struct workload_outcome outcome = drive_run(&workload, backends[i], 4);
        assert_int_equal(outcome.ok, MADE);
        assert_true(outcome.checksum == serial);
        for (uint64_t task = 0; task < MADE; task++) {
            struct content content;
            char name[64];
            workload_task_name(&workload, task, name, sizeof name);
            read_content(path_of(out + 7, name), &content);
            assert_true(arena_slot(&workload.arena, task)->value ==
                        hash_bytes(HASH_START, content.bytes, content.size));
        }
        assert_int_equal(count_entries(out + 7, ""), MADE);
    }
    workload_close(&workload);
}

static void size_and_quality_are_obeyed(void **state)
{
    (void)state;
    struct workload workload;
    struct content fine, coarse, small;
    static const char *const quality[] = {"quality=95", "quality=20", "size=30"};
    struct content *const contents[] = {&fine, &coarse, &small};
    for (int i = 0; i < 3; i++) {
        drive_open(&workload, "thumbnails", 1, DRIVE_PARAMS(cache, out, quality[i]));
        drive_run(&workload, "serial", 1);
        workload_close(&workload);
        read_content(path_of(out + 7, "photograph-000000.jpg"), contents[i]);
    }
    assert_true(fine.size > coarse.size * 3 / 2);
    size_t at = 0;
    while (memcmp(small.bytes + at, "\xff\xc0", 2) != 0)
        at++;
    int height = small.bytes[at + 6], width = small.bytes[at + 8];
    assert_int_equal(height > width ? height : width, 30);
}

static void the_temporary_folder_follows_tmpdir_and_is_removed(void **state)
{
    (void)state;
    struct workload workload;
    char *before = getenv("TMPDIR");
    before = before ? strdup(before) : NULL;
    setenv("TMPDIR", scratch, 1);
    drive_open(&workload, "thumbnails", MADE, DRIVE_PARAMS(cache));
    drive_run(&workload, "serial", 1);
    assert_int_equal(count_entries(scratch, "poolbench-thumbnails-"), 1);
    workload_close(&workload);
    assert_int_equal(count_entries(scratch, "poolbench-"), 0);
    if (before)
        setenv("TMPDIR", before, 1);
    else
        unsetenv("TMPDIR");
    free(before);
}

/* Links of either kind in the output folder are replaced; what they lead to stays as it was. */
static void nothing_is_written_through_a_link(void **state)
{
    (void)state;
    struct workload workload;
    struct content content;
    struct stat status;
    PHOTOGRAPHS("a.jpg", "b.jpg", "c.jpg");
    assert_int_equal(mkdir(out + 7, 0777), 0);
    write_content(path_of(scratch, "original"), "precious", 8);
    assert_int_equal(symlink("../original", path_of(out + 7, "a.jpg")), 0);
    char link_path[PATH_MAX + 32];
    snprintf(link_path, sizeof link_path, "%s/out/b.jpg", scratch);
    assert_int_equal(link(path_of(scratch, "original"), link_path), 0);
    assert_int_equal(mkdir(path_of(out + 7, "c.jpg"), 0777), 0);
    drive_open(&workload, "thumbnails", 0, DRIVE_PARAMS(in, out));
    for (int round = 0; round < 3; round++) {
        assert_int_equal(drive_run(&workload, "serial", 1).ok, 2);
        drive_assert_failed(&workload, 2, path_of(out + 7, "c.jpg"), strerror(EISDIR));
        assert_int_equal(lstat(link_path, &status), 0);
        assert_true(S_ISREG(status.st_mode) && status.st_nlink == 1 && status.st_size > 8);
    }
    workload_close(&workload);
    read_content(path_of(scratch, "original"), &content);
    assert_int_equal(content.size, 8);
    assert_memory_equal(content.bytes, "precious", 8);
    assert_int_equal(count_entries(out + 7, ""), 3);
}

static void an_output_folder_that_vanishes_is_each_tasks_error(void **state)
{
    (void)state;
    struct workload workload;
    PHOTOGRAPHS("a.jpg", "b.jpg");
    drive_open(&workload, "thumbnails", 0, DRIVE_PARAMS(in, out));
    assert_int_equal(rmdir(out + 7), 0);
    assert_int_equal(drive_run(&workload, "serial", 1).errors, 2);
    drive_assert_failed(&workload, 1, path_of(out + 7, "b.jpg"), strerror(ENOENT));
    workload_close(&workload);
}

static void a_file_that_cannot_be_put_in_place_leaves_no_part(void **state)
{
    (void)state;
    int folder = open(in + 6, O_RDONLY | O_DIRECTORY);
    assert_int_equal(mkdir(path_of(in + 6, "a.jpg"), 0777), 0);
    assert_int_equal(folder_put(folder, "part", "a.jpg", "x", 1), -1);
    assert_int_equal(errno, EISDIR);
    close(folder);
    assert_int_equal(count_entries(in + 6, ""), 1);
}

static void what_a_killed_worker_was_writing_is_removed_in_the_end(void **state)
{
    (void)state;
    struct workload workload;
    char part[64];
    PHOTOGRAPHS("a.jpg");
    drive_open(&workload, "thumbnails", 0, DRIVE_PARAMS(in, out));
    snprintf(part, sizeof part, ".thumbnail-%ld-1", (long)getpid());
    write_content(path_of(out + 7, part), "half", 4);
    write_content(path_of(out + 7, ".thumbnail-x"), "", 0);
    workload_close(&workload);
    assert_int_equal(count_entries(out + 7, ".thumbnail-"), 1);
}

/* In a process of its own, as a worker of `spawn` does. killed: it leaves the unfinished file. */
static void repeat_setup_and_die(const struct workload *workload, bool killed)
{
    const struct bench_case *bench = workload->bench;
    pid_t child = fork();
    if (child == 0) {
        struct case_run run = workload->run;
        void *local;
        int code = bench->setup(&run) || bench->worker_enter(run.ctx, &local);
        for (int i = 0; i < 2 && !code; i++) /* the second replaces the first's, and keeps that */
            code = bench->task(run.ctx, local, 0, arena_slot(&workload->arena, 0));
        if (!killed) {
            bench->worker_leave(run.ctx, local);
            bench->teardown(run.ctx);
        }
        _exit(code);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static void the_owner_alone_removes_what_workers_leave_that_repeat_the_setup(void **state)
{
    (void)state;
    struct workload workload;
    PHOTOGRAPHS("a.jpg");
    drive_open(&workload, "thumbnails", 0, DRIVE_PARAMS(in, out));
    repeat_setup_and_die(&workload, true);
    int left = count_entries(out + 7, ".thumbnail-"); /* 0: this file system cannot exchange two */
    repeat_setup_and_die(&workload, false);
    assert_int_equal(count_entries(out + 7, ".thumbnail-"), left);
    workload_close(&workload);
    assert_int_equal(count_entries(out + 7, ".thumbnail-"), 0);
    assert_int_equal(count_entries(out + 7, ""), 1);
}

#define IN_FOLDERS(test) cmocka_unit_test_setup_teardown(test, make_folders, remove_scratch)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDERS(files_that_are_no_sound_jpeg_fail_alone_and_leave_nothing),
        IN_FOLDERS(every_file_of_the_folder_is_a_task_in_the_order_of_bytes),
        IN_FOLDERS(n_takes_the_first_files_or_all_there_are),
        IN_FOLDERS(folders_that_cannot_be_used_are_refused_by_name),
        IN_FOLDERS(a_folder_without_permission_to_write_is_refused),
        IN_FOLDERS(pools_write_the_same_files_as_serial),
        IN_FOLDERS(size_and_quality_are_obeyed),
        IN_FOLDERS(the_temporary_folder_follows_tmpdir_and_is_removed),
        IN_FOLDERS(nothing_is_written_through_a_link),
        IN_FOLDERS(an_output_folder_that_vanishes_is_each_tasks_error),
        IN_FOLDERS(a_file_that_cannot_be_put_in_place_leaves_no_part),
        IN_FOLDERS(what_a_killed_worker_was_writing_is_removed_in_the_end),
        IN_FOLDERS(the_owner_alone_removes_what_workers_leave_that_repeat_the_setup),
    };
    return cmocka_run_group_tests(tests, make_cache, remove_cache);
}
