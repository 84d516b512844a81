# poolbench cpus: the number alone, and where it comes from. Simulated hosts: tests/unit/hosts.txt.

load common
setup() { common_setup; }
teardown() { common_teardown; }

# quota_cgroup NAME US: a cgroup with US of every 100,000 us, version 1, or the test is skipped; $cgroup is its folder
quota_cgroup() {
    local mount
    [ "$(id -u)" = 0 ] || skip 'only root can make a cgroup'
    mount=$(awk '$3 == "cgroup" && $4 ~ /(^|,)cpu(,|$)/ { print $2; exit }' /proc/mounts)
    [ -n "$mount" ] || skip 'the cpu controller of cgroup version 1 is not mounted here'
    cgroup=$mount/poolbench-$1-$$
    mkdir "$cgroup" 2>/dev/null || skip "no cgroup can be made in $mount"
    echo "$2" >"$cgroup/cpu.cfs_quota_us" || skip "no quota can be set in $mount"
}

# in_cgroup COMMAND...: runs it as a member of $cgroup, which is gone afterwards
in_cgroup() {
    local ended=0
    # shellcheck disable=SC2016,SC2154 # for the inner shell; common_setup sets mark
    env "$mark" bash -c 'echo $$ >"$0/cgroup.procs" && exec "$@"' "$cgroup" "$@" || ended=$?
    within 10 rmdir "$cgroup"
    return "$ended"
}

@test "cpus prints the number alone" {
    run --separate-stderr poolbench cpus
    [ "$status" = 0 ] && [ "$output" = "$(nproc)" ] && [ -z "$stderr" ]
}

@test "taskset to one CPU leaves one" {
    command -v taskset >/dev/null || skip 'taskset is not installed'
    local first
    first=$(taskset -cp $$ | sed 's/.*: \([0-9]*\).*/\1/')
    run --separate-stderr env "$mark" taskset -c "$first" "$POOLBENCH" cpus
    [ "$output" = 1 ]
    env "$mark" taskset -c "$first" "$POOLBENCH" cpus --json >cpus.json
    json cpus.json '(d["schema"], d["cpus"], d["decides"]) == ("poolbench/cpus/v1", 1, "affinity")'
    json cpus.json "[t['says'] for t in d['terms'] if t['decides']] == ['$first']"
}

@test "POOLBENCH_CPUS wins outright, and must be a number" {
    POOLBENCH_CPUS=7 run --separate-stderr poolbench cpus
    [ "$output" = 7 ]
    POOLBENCH_CPUS=7 poolbench cpus --json >cpus.json
    json cpus.json '(d["cpus"], d["decides"]) == (7, "environment")'
    export POOLBENCH_CPUS=many
    refused 2 '*POOLBENCH_CPUS=many is not a number of CPUs*' cpus --explain
}

@test "a quota in a cgroup of version 1 is found, and explained with its path" {
    quota_cgroup explain 70000
    in_cgroup "$POOLBENCH" cpus --json >cpus.json
    json cpus.json '(d["cpus"], d["decides"]) == (1, "quota")'
    json cpus.json "[(t['version'], t['where'], t['cpus'], t['says']) for t in d['terms'] if t['decides']] == [(1, '$cgroup', 0.7, '70000 of 100000 us')]"
}

@test "--explain shows a line for each term after the number" {
    POOLBENCH_CPUS=3 poolbench cpus --explain >explained
    [ "$(head -n 1 explained)" = 3 ]
    grep -q '^TERM  *CPUS  *AS READ  *WHERE$' explained
    grep -q '^environment  *3  *decides  *3  *POOLBENCH_CPUS$' explained
    grep -q '^affinity  *[0-9][0-9]*  *[0-9]' explained
    [ "$(grep -c decides explained)" = 1 ]
}

@test "--json has every term with its types" {
    poolbench cpus --json >cpus.json
    json cpus.json 'set(d) == {"schema", "cpus", "decides", "terms"} and count(d["cpus"]) and len(d["terms"]) >= 2'
    json cpus.json 'all(set(t) == {"name", "version", "where", "cpus", "says", "decides"} for t in d["terms"])'
    json cpus.json 'all(t["version"] in (None, 1, 2) and (t["cpus"] is None or number(t["cpus"])) for t in d["terms"])'
    json cpus.json '[t["name"] for t in d["terms"] if t["decides"]] == [d["decides"]]'
}

@test "a simulated host is labelled so" {
    mkdir -p root/proc/self root/sys/devices/system/cpu
    echo 'Cpus_allowed_list: 0-4' >root/proc/self/status
    export POOLBENCH_ROOT=$PWD/root
    run --separate-stderr poolbench cpus
    [ "$output" = 5 ]
    [[ $stderr == *"a simulated host: POOLBENCH_ROOT=$PWD/root" ]]
    poolbench sweep spin -N 4 --param grain=1us --blocks 6 -o sweep.json
    json sweep.json 'd["machine"]["virtualization"] == "simulated (POOLBENCH_ROOT)"'
}

@test "a run in a throttled cgroup is refused" {
    quota_cgroup throttle 20000
    run --separate-stderr in_cgroup "$POOLBENCH" run spin -N 40 --param grain=10ms -b threads -n 2 --strict
    echo "status $status; $output; $stderr"
    [ "$status" = 3 ]
    [[ $output == *'; REFUSED' ]]
    [[ $stderr == *'the cgroup was throttled in '*' periods of its CPU quota'* ]]
}
