/* The machine probe: /proc, /sys, uname, hwloc. Every term is best effort; one that is not there is
 * left out rather than guessed. */
#include "machine.h"

#include "../util/buildinfo.h"
#include "../util/host.h"
#include "clock.h"
#include "cpus.h"

#include <ctype.h>
#include <gnu/libc-version.h>
#include <hwloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#define CLOCK_READINGS 1000

static void set_text(json_t *machine, const char *key, const char *text)
{
    if (text && *text)
        json_object_set_new(machine, key, json_string(text));
}

static void set_file(json_t *machine, const char *key, const char *path)
{
    char line[256];
    if (host_line(path, line, sizeof line) == 0)
        set_text(machine, key, line);
}

static void set_field(json_t *machine, const char *key, const char *path, const char *field)
{
    char value[256];
    if (host_field(path, field, value, sizeof value) == 0)
        set_text(machine, key, value);
}

static void set_clock(json_t *machine)
{
    struct timespec resolution;
    set_file(machine, "clock_source",
        "/sys/devices/system/clocksource/clocksource0/current_clocksource");
    clock_getres(CLOCK_MONOTONIC, &resolution);
    json_object_set_new(machine, "clock_resolution_ns", json_integer(resolution.tv_nsec));
    uint64_t start = clock_now();
    for (int i = 1; i < CLOCK_READINGS; i++)
        clock_now();
    json_object_set_new(machine, "clock_cost_ns",
        json_integer((json_int_t)((clock_now() - start) / CLOCK_READINGS)));
}

static void set_topology(json_t *machine)
{
    hwloc_topology_t topology;
    char text[512] = "";
    if (hwloc_topology_init(&topology))
        return;
    if (hwloc_topology_load(topology) == 0) {
        static const struct {
            hwloc_obj_type_t type;
            const char *name;
        } levels[] = {{HWLOC_OBJ_PACKAGE, "package"}, {HWLOC_OBJ_NUMANODE, "NUMA node"},
            {HWLOC_OBJ_CORE, "core"}, {HWLOC_OBJ_PU, "hardware thread"}};
        size_t length = 0;
        for (size_t i = 0; i < sizeof levels / sizeof *levels; i++) {
            int count = hwloc_get_nbobjs_by_type(topology, levels[i].type);
            if (count > 0)
                length += (size_t)snprintf(text + length, sizeof text - length, "%s%d %s%s",
                    length ? ", " : "", count, levels[i].name, count > 1 ? "s" : "");
        }
        set_text(machine, "topology", text);

        json_t *caches = json_array();
        static const hwloc_obj_type_t kinds[] = {
            HWLOC_OBJ_L1CACHE, HWLOC_OBJ_L2CACHE, HWLOC_OBJ_L3CACHE};
        for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
            hwloc_obj_t cache = hwloc_get_obj_by_type(topology, kinds[i], 0);
            if (!cache)
                continue;
            snprintf(text, sizeof text, "L%u %llu KiB x %d", cache->attr->cache.depth,
                (unsigned long long)cache->attr->cache.size / 1024,
                hwloc_get_nbobjs_by_type(topology, kinds[i]));
            json_array_append_new(caches, json_string(text));
        }
        json_object_set_new(machine, "caches", caches);
    }
    hwloc_topology_destroy(topology);
}

static void set_cpus(json_t *machine)
{
    double quota = cpus_quota();
    json_object_set_new(machine, "cpus_online", json_integer(sysconf(_SC_NPROCESSORS_ONLN)));
    json_object_set_new(machine, "cpus_usable", json_integer(cpus_usable()));
    char text[64];
    if (quota > 0)
        snprintf(text, sizeof text, "quota of %g CPUs", quota);
    else
        snprintf(text, sizeof text, "no CPU quota");
    set_text(machine, "cgroup", text);
    json_object_set_new(machine, "memory_bytes",
        json_integer((json_int_t)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE)));
}

static void set_system(json_t *machine)
{
    struct utsname name;
    if (uname(&name) == 0) {
        char text[sizeof name.sysname + sizeof name.release + sizeof name.machine + 2];
        snprintf(text, sizeof text, "%s %s %s", name.sysname, name.release, name.machine);
        set_text(machine, "kernel", text);
    }
    set_field(machine, "cpu_model", "/proc/cpuinfo", "model name");
    set_field(machine, "os", "/etc/os-release", "PRETTY_NAME");
    if (*host_root())
        set_text(machine, "virtualization", "simulated (POOLBENCH_ROOT)");
    else
        set_file(machine, "virtualization", "/sys/hypervisor/type");
    set_file(machine, "governor", "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor");
    set_file(machine, "turbo", "/sys/devices/system/cpu/cpufreq/boost");
    set_file(machine, "thp", "/sys/kernel/mm/transparent_hugepage/enabled");
    set_file(machine, "aslr", "/proc/sys/kernel/randomize_va_space");
    set_file(machine, "load", "/proc/loadavg");
    set_file(machine, "psi_cpu", "/proc/pressure/cpu");
}

static void set_build(json_t *machine)
{
    set_text(machine, "compiler", buildinfo_compiler);
    set_text(machine, "flags", buildinfo_flags);
    set_text(machine, "commit", buildinfo_commit);
    char text[128];
    snprintf(text, sizeof text, "glibc %s, jansson %s, hwloc %d.%d.%d", gnu_get_libc_version(),
        jansson_version_str(), HWLOC_API_VERSION >> 16, (HWLOC_API_VERSION >> 8) & 255,
        HWLOC_API_VERSION & 255);
    set_text(machine, "libraries", text);
}

json_t *machine_probe(void)
{
    json_t *machine = json_object();
    set_system(machine);
    set_cpus(machine);
    set_topology(machine);
    set_clock(machine);
    set_build(machine);
    return machine;
}

void machine_host(char *name, size_t size)
{
    const char *override = getenv("POOLBENCH_HOST");
    if (override && *override)
        snprintf(name, size, "%s", override);
    else if (gethostname(name, size) || !*name)
        snprintf(name, size, "host");
    name[size - 1] = '\0';
    for (char *at = name; *at; at++)
        *at = isalnum((unsigned char)*at) ? (char)tolower((unsigned char)*at)
              : strchr("-_.", *at)        ? *at
                                          : '-';
}
