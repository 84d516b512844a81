/* The CPU count and every term of it on the simulated hosts of hosts.txt. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "harness/measure/cpus.h"
#include "harness/measure/cpus_terms.h"
#include "hosts.h"

#include <hwloc.h>
#include <math.h>

/* As hosts.txt writes it. */
static void print_term(FILE *out, const struct cpus_term *term)
{
    fprintf(out, "%s", term->name);
    if (term->version)
        fprintf(out, " v%u", term->version);
    if (*term->where)
        fprintf(out, " %s", term->where);
    if (term->cpus < 0)
        fputs(" = -", out);
    else
        fprintf(out, " = %g", term->cpus);
    fprintf(out, ": %s%s\n", term->says, term->decides ? " !" : "");
}

static char *told(const struct cpus_terms *terms)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    for (size_t i = 0; i < terms->count; i++)
        if (strcmp(terms->terms[i].says, "not set") != 0)
            print_term(out, &terms->terms[i]);
    fclose(out);
    return text;
}

static char *expected(const char *host, unsigned *cpus)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    for (size_t i = hosts_find(host); !hosts_ends(i); i++) {
        const char *term = hosts_after(hosts_lines[i], "term");
        if (term)
            fprintf(out, "%s\n", term);
        sscanf(hosts_lines[i], "cpus %u", cpus);
    }
    fclose(out);
    return text;
}

static void has_its_cpus_and_terms(void **state)
{
    unsigned cpus = 0;
    char *wanted = expected(*state, &cpus);
    hosts_enter(*state);
    struct cpus_terms terms = cpus_terms_read();
    char *got = told(&terms);
    if (strcmp(got, wanted) != 0)
        fail_msg("expected:\n%sgot:\n%s", wanted, got);
    assert_int_equal(cpus_usable(), cpus);
    assert_int_equal(terms.usable, cpus);
    assert_int_equal(ceil(cpus_terms_decisive(&terms)->cpus), cpus);
    assert_int_equal(cpus_workers(-1), cpus);
    cpus_terms_free(&terms);
    free(got);
    free(wanted);
}

/* ---- what does not stand in hosts.txt ---- */

static void count_cores(const struct cpus_terms *terms, hwloc_topology_t topology)
{
    struct cpulist list;
    cpus_list(&list);
    hwloc_bitmap_t mask = hwloc_bitmap_alloc();
    for (unsigned cpu = cpulist_next(&list, 0); cpu < CPULIST_MAX;
         cpu = cpulist_next(&list, cpu + 1))
        hwloc_bitmap_set(mask, cpu);
    unsigned cores = 0;
    hwloc_obj_t core = NULL;
    while ((core = hwloc_get_next_obj_by_type(topology, HWLOC_OBJ_CORE, core)))
        cores += hwloc_bitmap_intersects(core->cpuset, mask) != 0;
    hwloc_bitmap_free(mask);
    const struct cpus_term *term = cpus_terms_find(terms, "cores");
    if (term && cores)
        assert_int_equal((unsigned)term->cpus, cores);
}

static void cores_of_this_machine_are_as_many_as_hwloc_finds(void **state)
{
    (void)state;
    hwloc_topology_t topology;
    assert_int_equal(hwloc_topology_init(&topology), 0);
    assert_int_equal(hwloc_topology_load(topology), 0);
    struct cpus_terms terms = cpus_terms_read();
    count_cores(&terms, topology);
    cpus_terms_free(&terms);
    hwloc_topology_destroy(topology);
}

static void lists_of_cpus_are_read_whole_or_not_at_all(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int count; /* -1: refused */
        const char *printed;
    } lists[] = {{"0", 1, "0"}, {"0-3,8", 5, "0-3,8"}, {"8,0-3\n", 5, "0-3,8"}, {"", 0, "none"},
        {" \n", 0, "none"}, {"1,1,1", 1, "1"}, {"5-5", 1, "5"}, {"65535", 1, "65535"},
        {"65536", -1, "none"}, {"99999999999999999999999", -1, "none"}, {"3-1", -1, "none"},
        {"0-", -1, "none"}, {"-3", -1, "none"}, {"1,", -1, "none"}, {",1", -1, "none"},
        {"1 2", -1, "none"}, {"0-3:2", -1, "none"}, {"x", -1, "none"}, {"1x", -1, "none"}};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        struct cpulist list;
        char text[64];
        int refused = cpulist_parse(&list, lists[i].text);
        if (refused != (lists[i].count < 0 ? -1 : 0))
            fail_msg("\"%s\": %d", lists[i].text, refused);
        assert_int_equal(cpulist_count(&list), refused ? 0 : lists[i].count);
        assert_string_equal(cpulist_print(&list, text, sizeof text), lists[i].printed);
    }
}

static void a_long_list_of_cpus_is_cut_with_dots(void **state)
{
    (void)state;
    struct cpulist list;
    char text[16];
    cpulist_clear(&list);
    for (unsigned cpu = 100; cpu < 200; cpu += 2)
        cpulist_add(&list, cpu);
    assert_string_equal(cpulist_print(&list, text, sizeof text), "100,102,104,...");
}

static void the_longest_list_that_the_kernel_prints_is_read(void **state)
{
    (void)state;
    char text[CPULIST_TEXT] = "Cpus_allowed_list:\t1";
    size_t length = strlen(text);
    for (unsigned cpu = 3; cpu < 8192; cpu += 2)
        length += (size_t)snprintf(text + length, sizeof text - length, ",%u", cpu);
    hosts_enter("eight cores without cgroups");
    hosts_write("/proc/self/status", "w", text);
    hosts_write(HOSTS_CPU "/online", "w", "0-8191");
    assert_int_equal(cpus_usable(), 4096);
}

/* What a run sees when somebody changes things under it: other cgroups, masks and quotas of the
 * same size count as well. */
static void any_change_of_what_can_be_used_changes_the_fingerprint(void **state)
{
    (void)state;
    static const char *const changes[][2] = {
        {HOSTS_CPU "/online", "0-6"},
        {"/proc/self/status", "Cpus_allowed_list:\t2-3"},
        {"/sys/fs/cgroup/work/cpu.max", "200000 200000"},
        {"/sys/fs/cgroup/cpu.max", "max 100000"},
        {"/proc/self/cgroup", "0::/"},
    };
    hosts_enter("v2 two CPUs of eight");
    uint64_t before = cpus_fingerprint();
    assert_int_equal(cpus_fingerprint(), before);
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        hosts_write(changes[i][0], "w", changes[i][1]);
        uint64_t after = cpus_fingerprint();
        if (after == before)
            fail_msg("%s = %s is not seen", changes[i][0], changes[i][1]);
        before = after;
    }
}

int main(void)
{
    hosts_read();
    size_t hosts = hosts_add(has_its_cpus_and_terms);
    print_message("# %zu simulated hosts\n", hosts);
#define ADD(name) group_add(name, hosts_setup, hosts_teardown, NULL, "%s", #name)
    ADD(cores_of_this_machine_are_as_many_as_hwloc_finds);
    ADD(lists_of_cpus_are_read_whole_or_not_at_all);
    ADD(a_long_list_of_cpus_is_cut_with_dots);
    ADD(the_longest_list_that_the_kernel_prints_is_read);
    ADD(any_change_of_what_can_be_used_changes_the_fingerprint);
    int failed = group_run("hosts", NULL, NULL);
    hosts_free();
    return failed || hosts < 40;
}
