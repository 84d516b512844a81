# poolbench doctor: what it prints, and its exit status. What it finds: tests/unit/test_doctor.c.

load common
setup() { common_setup; }
teardown() { common_teardown; }

@test "doctor prints a line for each finding, and whether measuring is possible" {
    run --separate-stderr poolbench doctor
    [ "$status" = 0 ]
    [[ ${lines[0]} == 'FINDING  '*'STATE  '*'VALUE  '*'WHAT IT MEANS; WHAT TO DO' ]]
    for name in clock clock_step clock_cost smallest_grain cpus cores isolated governor turbo virtual steal others \
        pressure throttling stalled canary thp aslr swap processes files perf hyperfine gnuplot components; do
        grep -Eq "^$name +(ok|note|problem) +[^ ]" <<<"$output"
    done
    # shellcheck disable=SC2154 # set by run
    [[ $stderr == 'poolbench doctor: measuring is possible; '*' note'*', '*' problem'* ]]
}

@test "doctor --json has every finding with its types" {
    poolbench doctor --json >doctor.json
    json doctor.json 'set(d) == {"schema", "possible", "findings"}'
    json doctor.json 'd["schema"] == "poolbench/doctor/v1" and d["possible"] is True and len(d["findings"]) >= 25'
    json doctor.json 'all(set(f) == {"name", "state", "value", "meaning", "advice"} for f in d["findings"])'
    json doctor.json 'all(texts(list(f.values())) and f["value"] and f["meaning"] for f in d["findings"])'
    json doctor.json 'all((f["state"] == "ok") == (f["advice"] == "") for f in d["findings"])'
    json doctor.json 'len({f["name"] for f in d["findings"]}) == len(d["findings"])'
}

@test "where nothing can be measured doctor says why, and ends with status 4" {
    mkdir -p root/proc/self root/sys/fs/cgroup/tiny
    echo '30 22 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw' >root/proc/self/mountinfo
    echo '0::/tiny' >root/proc/self/cgroup
    echo 1 >root/sys/fs/cgroup/tiny/pids.max
    export POOLBENCH_ROOT=$PWD/root
    run --separate-stderr poolbench doctor --json
    [ "$status" = 4 ]
    [[ $stderr == *'nothing can be measured here: '*'raise pids.max of /sys/fs/cgroup/tiny'* ]]
    echo "$output" >doctor.json
    json doctor.json 'd["possible"] is False'
    json doctor.json '[f["state"] for f in d["findings"] if f["name"] == "processes"] == ["problem"]'
}

@test "doctor changes nothing and takes no words" {
    refused 2 '*one word too many: everything; usage: poolbench doctor \[options\]' doctor everything
    refused 2 '*unknown option --fix*' doctor --fix
}
