# Signals: what is measured is kept, and nobody and nothing stays behind, however the program ends.

load common

setup() {
    common_setup
    # Sweeps of 20 ms a sample that would take minutes; results go where `report` looks for them.
    endless='--param duration=10ms -N 4 -b threads,processes -n 2 --blocks 100000 -o results/here/endless.json'
}

teardown() {
    if [ -n "${program:-}" ]; then kill -KILL "$program" 2>/dev/null || true; fi
    common_teardown
}

# The program's child of this moment is added to $seen; as soon as there are more than $1 of them, a sample or two are
# done for each but the last.
has_seen() {
    local child
    read -r child <"/proc/$program/task/$program/children" || true
    case " $seen " in *" $child "*) ;; *) seen="$seen $child" ;; esac
    [ "$(wc -w <<<"$seen")" -gt "$1" ]
}

# measured COUNT: waits until so many samples have been begun
measured() {
    seen=
    within 10 has_seen "$1"
}

# has_processes COUNT: whether at least so many of the program's are there
has_processes() {
    [ "$(marked | wc -w)" -ge "$1" ]
}

# ended STATUS: waits for the program
ended() {
    local status=0
    wait "$program" || status=$?
    echo "status $status; $(cat err)"
    [ "$status" = "$1" ]
}

# shellcheck disable=SC2086 # $endless is several words
stopped_sweep_keeps_its_samples() {
    start sweep sleep $endless
    measured 9
    kill "-$1" "$program"
    ended 130
    grep -q 'wrote results/here/endless.json (incomplete)' err
    "$top/tests/schema-check" results/here/endless.json
    json results/here/endless.json 'not d["complete"] and len(d["samples"]) >= 5'
    json results/here/endless.json 'all(s["failure"] == "" and s["ok"] == 4 and not s["lost"] for s in d["samples"])'
    poolbench report results/here --no-pictures
    grep -q sleep REPORT.md
    [ "$(find . -type f | sort | tr '\n' ' ')" = \
        './REPORT.md ./err ./out ./results/here/endless.json ./results/here/endless.speedup.dat ' ]
}

@test "Ctrl-C in a sweep keeps what is measured in a file that report accepts" {
    stopped_sweep_keeps_its_samples INT
}

@test "SIGTERM does the same" {
    stopped_sweep_keeps_its_samples TERM
}

@test "SIGHUP does the same" {
    stopped_sweep_keeps_its_samples HUP
}

@test "Ctrl-C in a break-even search keeps the pairs measured" {
    start breakeven -n 2 --by grain --pairs 1000 --budget 0 --resolution 1.01 -o results/here/breakeven.json
    measured 12
    kill -INT "$program"
    ended 130
    "$top/tests/schema-check" results/here/breakeven.json
    json results/here/breakeven.json 'not d["complete"] and len(d["pairs"]) >= 2'
    poolbench report results/here --no-pictures
}

@test "Ctrl-C before the first sample writes nothing" {
    start sweep sleep -N 4 --param duration=60s -b threads -n 2 -o x.json
    within 10 has_processes 2
    kill -INT "$program"
    ended 130
    [ ! -e x.json ]
}

@test "Ctrl-C while hyperfine runs ends it with all that it has started, and keeps the samples" {
    start sweep sleep -N 1 --param duration=50ms -b threads -n 1 --blocks 6 --whole 1 -o x.json
    hyperfine_runs() { grep -lsx hyperfine /proc/[0-9]*/comm | cut -d / -f 3 | grep -qxF "$(marked | tr ' ' '\n' | grep .)"; }
    within 20 hyperfine_runs
    kill -INT "$program"
    ended 130
    "$top/tests/schema-check" x.json
    json x.json 'not d["complete"] and len(d["samples"]) == 12 and len(d["runs"]) < 12'
}

@test "Ctrl-C in a run removes its temporary folder" {
    for backend in serial threads processes; do
        start run files -N 1M --param size=1k --param fsync=no -b $backend
        within 10 has_processes 2
        [ -n "$(ls "$TMPDIR")" ]
        kill -INT "$program"
        ended 130
        [ ! -s out ]
        nothing_left
    done
}

# Whether at least $1 photographs are there, whole.
has_photographs() {
    [ "$(find . -name '*.jpg' -size +0 | wc -l)" -ge "$1" ]
}

@test "SIGTERM while photographs are made ends it, and those made are kept" {
    poolbench list thumbnails >list.out 2>&1 || skip 'thumbnails was not built'
    start run thumbnails -N 100k --param cache=cache
    within 10 has_photographs 3
    kill -TERM "$program"
    within 10 nobody_marked
    ended 130
    [ "$(cat err)" = '' ]
    has_photographs 3
    [ -z "$(find cache -name '.*')" ]
}

@test "a second Ctrl-C ends it at once" {
    start sweep sleep -N 4 --param duration=60s -b processes -n 2 -o x.json
    within 10 has_processes 2
    kill -STOP "$program"
    kill -INT "$program"
    kill -TERM "$program"
    kill -CONT "$program"
    ended 130
    nothing_left
    [ "$(find . -type f | sort | tr '\n' ' ')" = './err ./out ' ]
}

# shellcheck disable=SC2086 # $endless is several words
@test "SIGKILL in a sweep leaves no process" {
    start sweep sleep $endless
    measured 3
    kill -KILL "$program"
    ended 137
    nothing_left
}

@test "SIGKILL in a run leaves no process that would have gone on for a minute" {
    for backend in serial threads processes; do
        start run sleep -N 5 --param duration=60s -b $backend -n "$([ $backend = serial ] && echo 1 || echo 5)"
        within 10 has_processes "$([ $backend = processes ] && echo 7 || echo 2)"
        kill -KILL "$program"
        ended 137
        nothing_left
    done
}

@test "SIGKILL in a run of http ends workers and server" {
    poolbench list http >list.out 2>&1 || skip 'http was not built'
    for backend in threads processes; do
        start run http -N 100000 --param latency=20ms -b $backend -n 5
        within 10 has_processes "$([ $backend = processes ] && echo 8 || echo 3)"
        kill -KILL "$program"
        ended 137
        nothing_left
    done
}

# The workers of the program that stand in /proc, by the name that they have in `top`.
workers() {
    for process in $(marked); do
        if grep -qs '^pb-process-' "/proc/$process/comm"; then echo "$process"; fi
    done
}

has_workers() {
    [ "$(workers | wc -l)" -ge "$1" ]
}

@test "a worker that is killed costs its own task, and the run says which" {
    start run sleep -N 40 --param duration=50ms -b processes -n 5 --chunk 1 --json
    within 10 has_workers 5
    victim=$(workers | sed -n 3p)
    kill -KILL "$victim"
    ended 1
    json out '(d["ok"], d["errors"], d["lost"]) == (39, 0, 1)'
    json out 'len(d["failures"]) == 1 and "killed by signal 9" in d["failures"][0]["cause"]'
    json out "'pid $victim' in d['failures'][0]['cause']"
    grep -q "task [0-9]*: worker [0-4] (pid $victim) was killed by signal 9" err
}

@test "all workers killed at once do not hang the run" {
    start run sleep -N 40 --param duration=50ms -b processes -n 5 --chunk 1 --json
    within 10 has_workers 5
    # shellcheck disable=SC2046 # several ids
    kill -KILL $(workers)
    ended 1
    json out 'd["ok"] + d["lost"] == 40 and 1 <= d["lost"] <= 5'
}
