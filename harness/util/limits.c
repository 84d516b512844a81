/* Limits as the kernel tells them in files and by getrlimit. What cannot be read does not limit.
 * See limits.h. */
#include "limits.h"

#include "cgroup.h"
#include "host.h"
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

/* The inode of /proc/self/ns/pid where a process is in the machine's first namespace of pids
 * (PROC_PID_INIT_INO in the kernel's proc_ns.h). */
#define FIRST_NAMESPACE 0xEFFFFFFCu

/* ---- reading ---- */

/* The machine's threads: "0.20 0.18 0.12 1/80 11206" are 80. 0: not known. */
static uint64_t count_threads(void)
{
    char line[128];
    const char *slash =
        host_line("/proc/loadavg", line, sizeof line) == 0 ? strchr(line, '/') : NULL;
    return slash ? strtoull(slash + 1, NULL, 10) : 0;
}

/* Elsewhere kernel.pid_max may be the namespace's own, and the machine's threads do not count. */
static bool is_in_first_namespace(void)
{
    char path[PATH_MAX];
    struct stat namespace;
    snprintf(path, sizeof path, "%s/proc/self/ns/pid", host_root());
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

static void consider_kernel(struct limit *tightest)
{
    uint64_t value, threads = count_threads();
    if (host_count("/proc/sys/kernel/pid_max", &value) == 0)
        consider(tightest, value, is_in_first_namespace() ? threads : 0, "kernel.pid_max", "",
            "sysctl -w kernel.pid_max=NUMBER");
    if (host_count("/proc/sys/kernel/threads-max", &value) == 0)
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

static void consider_level(const struct cgroup_level *level, void *tightest)
{
    char path[PATH_MAX];
    uint64_t value, taken = 0;
    if (cgroup_path(level, "pids.max", path, sizeof path) || host_count(path, &value))
        return; /* "max" is no number */
    if (cgroup_path(level, "pids.current", path, sizeof path) == 0)
        host_count(path, &taken);
    consider(tightest, value, taken, "pids.max", level->folder, "write a larger NUMBER there");
}

bool limits_tightest(struct limit *tightest)
{
    *tightest = (struct limit){.room = UINT64_MAX};
    consider_kernel(tightest);
    consider_user(tightest);
    cgroup_climb("pids", consider_level, tightest);
    return tightest->raise != NULL;
}
