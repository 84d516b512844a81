/* Limits as the kernel tells them in files and by getrlimit. What cannot be read does not limit.
 * See limits.h. */
#include "limits.h"

#include "own_threads.h"

#include <limits.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define CGROUPS "/sys/fs/cgroup"

/* The inode of /proc/self/ns/pid where a process is in the machine's first namespace of pids
 * (PROC_PID_INIT_INO in the kernel's proc_ns.h). */
#define FIRST_NAMESPACE 0xEFFFFFFCu

/* ---- reading ---- */

/* The first line of ROOT FOLDER/NAME. Returns whether there is one. */
static bool read_line(
    const char *root, const char *folder, const char *name, char *line, size_t size)
{
    char path[PATH_MAX];
    if ((size_t)snprintf(path, sizeof path, "%s%s/%s", root, folder, name) >= sizeof path)
        return false;
    FILE *file = fopen(path, "re");
    bool got = file && fgets(line, (int)size, file);
    if (file)
        fclose(file);
    return got;
}

/* The number there; false also for "max". */
static bool read_number(const char *root, const char *folder, const char *name, uint64_t *number)
{
    char line[64], *end = line;
    if (read_line(root, folder, name, line, sizeof line) && *line >= '0' && *line <= '9')
        *number = strtoull(line, &end, 10);
    return end != line;
}

/* The machine's threads: "0.20 0.18 0.12 1/80 11206" are 80. 0: not known. */
static uint64_t count_threads(const char *root)
{
    char line[128];
    const char *slash =
        read_line(root, "/proc", "loadavg", line, sizeof line) ? strchr(line, '/') : NULL;
    return slash ? strtoull(slash + 1, NULL, 10) : 0;
}

/* Elsewhere kernel.pid_max may be the namespace's own, and the machine's threads do not count. */
static bool is_in_first_namespace(const char *root)
{
    char path[PATH_MAX];
    struct stat namespace;
    snprintf(path, sizeof path, "%s/proc/self/ns/pid", root);
    return stat(path, &namespace) == 0 && namespace.st_ino == FIRST_NAMESPACE;
}

/* ---- each limit ---- */

static void consider(struct limit *tightest, uint64_t value, uint64_t taken, const char *name,
    const char *folder, const char *raise)
{
    uint64_t room = value > taken ? value - taken : 0;
    if (room >= tightest->room)
        return;
    *tightest = (struct limit){.room = room, .value = value, .taken = taken, .raise = raise};
    snprintf(tightest->name, sizeof tightest->name, "%s%s%s", name, *folder ? " of " : "", folder);
}

static void consider_kernel(const char *root, struct limit *tightest)
{
    static const char *const folder = "/proc/sys/kernel";
    uint64_t value, threads = count_threads(root);
    if (read_number(root, folder, "pid_max", &value))
        consider(tightest, value, is_in_first_namespace(root) ? threads : 0, "kernel.pid_max", "",
            "sysctl -w kernel.pid_max=NUMBER");
    if (read_number(root, folder, "threads-max", &value))
        consider(tightest, value, threads, "kernel.threads-max", "",
            "sysctl -w kernel.threads-max=NUMBER");
}

/* The kernel lets root pass, and whoever has one of two capabilities. */
static bool is_exempt(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
    const uint32_t exempt = 1u << CAP_SYS_RESOURCE | 1u << CAP_SYS_ADMIN;
    return getuid() == 0 ||
           (syscall(SYS_capget, &header, data) == 0 && (data[0].effective & exempt) != 0);
}

/* What else the user has running counts too, and is told nowhere. */
static void consider_user(struct limit *tightest)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NPROC, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY && !is_exempt())
        consider(tightest, limit.rlim_cur, own_threads(UINT_MAX), "RLIMIT_NPROC", "",
            "ulimit -u NUMBER");
}

static void consider_cgroup(const char *root, const char *folder, struct limit *tightest)
{
    uint64_t value, taken = 0;
    if (!read_number(root, folder, "pids.max", &value))
        return;
    read_number(root, folder, "pids.current", &taken);
    consider(tightest, value, taken, "pids.max", folder, "write a larger NUMBER there");
}

/* The cgroup at `path` of the hierarchy that is mounted there, and those above it. In a container
 * the path may be the host's, whose folders are not there: the mount's own is. */
static void climb(const char *root, const char *mount, const char *path, struct limit *tightest)
{
    char folder[PATH_MAX];
    size_t top = strlen(mount),
           length = (size_t)snprintf(folder, sizeof folder, "%s%s", mount, path);
    if (length >= sizeof folder)
        return;
    while (length > top) {
        if (folder[length - 1] != '/')
            consider_cgroup(root, folder, tightest);
        while (length > top && folder[--length] != '/')
            ;
        folder[length] = '\0';
    }
    consider_cgroup(root, folder, tightest);
}

/* Whether a list of controllers, "pids,misc", has pids. */
static bool has_pids(const char *controllers)
{
    static const char name[] = "pids";
    const size_t length = sizeof name - 1;
    for (const char *at = controllers; (at = strstr(at, name)); at += length)
        if ((at == controllers || at[-1] == ',') && (at[length] == '\0' || at[length] == ','))
            return true;
    return false;
}

/* Lines as "8:pids:/a/b", and "0::/a/b" of version 2. */
static void consider_cgroups(const char *root, struct limit *tightest)
{
    char line[PATH_MAX], mount[PATH_MAX];
    snprintf(line, sizeof line, "%s/proc/self/cgroup", root);
    FILE *file = fopen(line, "re");
    while (file && fgets(line, sizeof line, file)) {
        line[strcspn(line, "\n")] = '\0';
        char *controllers = strchr(line, ':'),
             *path = controllers ? strchr(++controllers, ':') : NULL;
        if (!path)
            continue;
        *path++ = '\0';
        snprintf(mount, sizeof mount, CGROUPS "/%.1024s", controllers);
        if (has_pids(controllers))
            climb(root, mount, path, tightest);
        if (!*controllers) {
            climb(root, CGROUPS, path, tightest);
            climb(root, CGROUPS "/unified", path, tightest);
        }
    }
    if (file)
        fclose(file);
}

bool limits_tightest(const char *root, struct limit *tightest)
{
    *tightest = (struct limit){.room = UINT64_MAX};
    consider_kernel(root, tightest);
    consider_user(tightest);
    consider_cgroups(root, tightest);
    return tightest->raise != NULL;
}
