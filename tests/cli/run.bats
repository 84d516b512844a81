# poolbench run: what it prints, and the known answers of the cases on every backend.

load common
setup() { common_setup; }
teardown() { common_teardown; }

# on_each_backend FUNCTION: calls it with each backend's name and a fitting number of workers, but for events, which has
# not every case
on_each_backend() {
    local backend
    poolbench list --json >list.json
    for backend in $(fields list.json backends | grep -o "'name': '[a-z-]*'" | cut -d "'" -f 4); do
        [ $backend != events ] || continue
        echo "on $backend"
        "$1" "$backend" "$([ "$backend" = serial ] && echo 1 || echo 3)"
    done
}

# answer BACKEND WORKERS CASE ARGUMENT...: the result that run --json gives
answer() {
    local backend=$1 workers=$2
    shift 2
    poolbench run "$@" -b "$backend" -n "$workers" --json >run.json
    json run.json 'd["errors"] == d["lost"] == 0 and d["ok"] == d["tasks"]'
    fields run.json result
}

@test "run prints one line on stdout" {
    run --separate-stderr poolbench run spin -N 100 --param grain=1us -b threads -n 2
    [ "$status" = 0 ]
    [ "${#lines[@]}" = 1 ]
    [[ $output == 'spin on threads, 2 workers: 100 tasks in '*'/s; start '*', stop '*'; '@(TRUSTED|SUSPECT|REFUSED) ]]
    run --separate-stderr poolbench run spin -N 1 -b serial
    [[ $output == 'spin on serial, 1 worker: 1 tasks in '* ]]
}

@test "run --json has every key with its type" {
    for backend in threads processes; do
        poolbench run powersum --param n=10k -N 31 -b $backend -n 2 --chunk 3 --json >run.json
        json run.json "d['schema'] == 'poolbench/run/v1' and d['case'] == 'powersum' and d['backend'] == '$backend'"
        json run.json '(d["workers"], d["tasks"], d["chunk"]) == (2, 31, 3)'
        json run.json 'all(number(d[k]) and d[k] >= 0 for k in ("wall_s", "start_s", "stop_s", "cpu_s", "tasks_per_s"))'
        json run.json 'abs(d["tasks_per_s"] * d["wall_s"] / 31 - 1) < 1e-6'
        json run.json 'set(d["task_s"]) == {"p50", "p99"} and 0 < d["task_s"]["p50"] <= d["task_s"]["p99"]'
        json run.json 'count(d["peak_memory"]) and d["peak_memory"] > 100000'
        json run.json '[d[k] for k in ("ok", "errors", "lost", "timeout", "cancelled")] == [31, 0, 0, 0, 0]'
        json run.json 'd["checksum"].startswith("0x") and len(d["checksum"]) == 18'
        json run.json 'd["result"] == "2499833358330000" and d["failures"] == []'
        json run.json 'd["verdict"] in ("TRUSTED", "SUSPECT", "REFUSED") and texts(d["reasons"])'
        json run.json '(d["verdict"] == "TRUSTED") == (d["reasons"] == [])'
        json run.json '"speedup" not in d'
    done
}

@test "run --vs serial adds the speedup from paired blocks" {
    poolbench run sleep -N 4 --param duration=5ms -b threads -n 4 --vs serial --blocks 6 --json >run.json
    json run.json 'interval(d["speedup"])'
    json run.json '[s["lo"] <= s["value"] <= s["hi"] and 1.5 < s["value"] < 6 for s in [d["speedup"]]] == [True]'
}

@test "powersum gives the known sums on every backend" {
    check() {
        [ "$(answer "$1" "$2" powersum --param n=1000000)" = 249999833333583333000000 ]
        [ "$(answer "$1" "$2" powersum --param n=1000000 --param repeat=2)" = 499999666667166666000000 ]
        [ "$(answer "$1" "$2" powersum --param n=1 -N 5)" = 0 ]
    }
    on_each_backend check
}

@test "primes counts the known primes on every backend" {
    check() {
        [ "$(answer "$1" "$2" primes -N 6)" = 5 ]
        [ "$(answer "$1" "$2" primes --param from=0 --param to=1000)" = 168 ]
        [ "$(answer "$1" "$2" primes --param from=2 --param to=3)" = 1 ]
        [ "$(answer "$1" "$2" primes --param from=1000000 --param to=1000003)" = 0 ]
    }
    on_each_backend check
}

@test "every backend and size gives the same checksum" {
    check() {
        poolbench run spin -N 50 --param grain=1us --param shape=uniform -b "$1" -n "$2" --json >run.json
        [ "$1" = sim ] || fields run.json checksum >>checksums # in virtual time spin computes nothing
    }
    on_each_backend check
    [ "$(sort -u checksums | wc -l)" = 1 ]
    poolbench run spin -N 50 --param grain=1us --param shape=uniform --seed 7 --json >run.json
    [ "$(fields run.json checksum)" != "$(head -n 1 checksums)" ]
}

@test "no size given means the usable CPUs, and -1 counts back from them" {
    export POOLBENCH_CPUS=3
    poolbench run null -N 10 --json >run.json
    json run.json 'd["workers"] == 3'
    poolbench run null -N 10 -n -2 --json >run.json
    json run.json 'd["workers"] == 2'
    poolbench run null -N 10 -n -9 --json >run.json
    json run.json 'd["workers"] == 1'
    poolbench run null -N 10 -b serial --json >run.json
    json run.json 'd["workers"] == 1'
    poolbench run null -N 10 -n 13 --json >run.json
    json run.json 'd["workers"] == 13'
}

@test "a process worker is a process of its own and is gone afterwards" {
    poolbench run sleep -N 20 --param duration=1ms -b processes -n 5 --json >run.json
    json run.json 'len(set(d["pids"])) == 5'
    for pid in $(fields run.json pids | tr -d '[],'); do
        [ ! -e "/proc/$pid" ]
    done
}

@test "--split says how many processes and threads, and sets the pool's size" {
    for split in 1x4 2x2 4x1; do
        poolbench run sleep -N 20 --param duration=1ms -b hybrid --split $split --json >run.json
        json run.json "(d['backend'], d['split'], d['workers'], d['ok']) == ('hybrid', '$split', 4, 20)"
        json run.json "len(d['pids']) == 4 and len(set(d['pids'])) == int('${split%x*}')"
    done
    poolbench run null -N 10 -b hybrid -n 4 --split 2x2 >run.out
    grep -q '^null on hybrid 2x2, 4 workers: ' run.out
    POOLBENCH_CPUS=2 poolbench run null -N 10 -b hybrid -n 6 --json >run.json
    json run.json 'd["split"] == "2x3"'
    poolbench run null -N 10 -b processes --json >run.json
    json run.json '"split" not in d'
}

@test "--timeout gives up a task that runs for longer, alone, and the status says so" {
    for backend in threads processes; do
        run --separate-stderr poolbench run spin -N 100 --seed 2 --param grain=20ms --param shape=straggler \
            --timeout 300ms -b $backend -n 4 --json # two tasks take 1 s each, the others 10 ms
        [ "$status" = 1 ]
        echo "$output" >run.json
        json run.json '(d["ok"], d["errors"], d["lost"], d["timeout"], d["cancelled"]) == (98, 0, 0, 2, 0)'
        json run.json '["ran for more than 0.3 s" in f["cause"] for f in d["failures"]] == [True, True]'
        [[ $stderr == *'ran for more than 0.3 s'* ]]
    done
    poolbench run sleep -N 20 --param duration=1ms --timeout 5s --retries 2 -b processes -n 5 --json >run.json
    json run.json '(d["ok"], d["timeout"]) == (20, 0)'
    run --separate-stderr poolbench run sleep -N 4 --param duration=200ms --timeout 20ms -b processes -n 4
    [ "$status" = 1 ]
    [[ $output == *'; 0 ok, 0 errors, 0 lost, 4 timeout; REFUSED' ]]
}

@test "--timeout and --retries are for pools that can, and not for --vs" {
    run --separate-stderr poolbench run null --timeout 1s -b serial
    [ "$status" = 1 ]
    [[ $stderr == *"serial: a task's timeout is for threads, gil, processes, hybrid and spawn"* ]]
    run --separate-stderr poolbench run null --retries 1 -b queue
    [ "$status" = 1 ]
    [[ $stderr == *"task_retries is for threads, gil, processes, hybrid and spawn"* ]]
    run --separate-stderr poolbench run null --retries 1 --vs serial
    [ "$status" = 2 ]
    run --separate-stderr poolbench run null --timeout 5
    [ "$status" = 2 ]
    run --separate-stderr poolbench sweep null --timeout 1s
    [ "$status" = 2 ]
}

@test "workers that are not forked repeat the case's setup, with its parameters, seed and folders" {
    for arguments in 'primes' 'files -N 12 --param size=1k --param fsync=no' 'spin -N 40 --param shape=straggler --seed 5'; do
        # shellcheck disable=SC2086 # several words
        for backend in serial spawn; do
            poolbench run $arguments -b $backend -n "$([ $backend = serial ] && echo 1 || echo 2)" --json >$backend.json
        done
        json spawn.json 'd["ok"] == d["tasks"] and len(set(d["pids"])) == 2 and not d["failures"]'
        [ "$(fields spawn.json checksum result)" = "$(fields serial.json checksum result)" ]
        [ -z "$(ls -A "$TMPDIR")" ]
    done
    poolbench run sleep -N 8 --param duration=1ms -b spawn -n 2 --vs serial --json >run.json # a subset, and times of tasks
    json run.json 'interval(d["speedup"]) and d["ok"] == 8 and 0.001 <= d["task_s"]["p50"] < 1'
}

@test "tasks on a full disk fail one by one with the cause" {
    mount_folder full size=40k
    run --separate-stderr poolbench run files -N 8 --param size=60k --param "folder=$folder" -b threads -n 4 --json
    [ "$status" = 1 ]
    echo "$output" >run.json
    json run.json 'd["errors"] == 8 and d["ok"] == 0 and d["lost"] == 0'
    json run.json 'len(d["failures"]) == d["errors"]'
    json run.json 'all("No space left on device" in f["cause"] for f in d["failures"])'
    [[ $stderr == *': No space left on device'* ]]
    [ -z "$(ls -A "$folder")" ]
}

@test "a run that takes longer than a second says on a terminal what it waits for, and nothing elsewhere" {
    run --separate-stderr poolbench run sleep -N 1 --param duration=1200ms -b threads -n 1
    [ "$status" = 0 ]
    [[ $stderr != *'1 s'* ]]
    # shellcheck disable=SC2016 # the inner shell's
    TERM=xterm POOLBENCH="$POOLBENCH" python3 -c 'import pty; pty.spawn(["sh", "-c",
        "exec \"$POOLBENCH\" run sleep -N 1 --param duration=1200ms -b threads -n 1 >out"])' </dev/null >terminal
    grep -Fq 'threads, 1 worker, 1 task: 1 s' terminal
    grep -q '^sleep on threads' out
    TERM=xterm POOLBENCH="$POOLBENCH" python3 -c 'import pty; pty.spawn(["sh", "-c",
        "exec \"$POOLBENCH\" run null -N 1 -b threads -n 1 >out"])' </dev/null >terminal
    run grep -F '1 task:' terminal
    [ "$status" = 1 ]
}

@test "events runs the cases that have its form, and is not available for the others" {
    poolbench run sleep -N 40 --param duration=20ms -b events -n 20 --json >run.json
    json run.json '(d["ok"], d["workers"], d["checksum"]) == (40, 20, d["checksum"])'
    poolbench run sleep -N 40 --param duration=20ms -b threads -n 20 --json >threads.json
    [ "$(fields run.json checksum)" = "$(fields threads.json checksum)" ]
    for command in 'run null' 'sweep null --blocks 6' 'tune null' 'breakeven'; do
        # shellcheck disable=SC2086
        run --separate-stderr poolbench $command -b events
        [ "$status" = 4 ]
        [ -z "$output" ]
        [[ $stderr == *' has no form that does not block; those that do are http, sleep' ]]
    done
    poolbench list events | grep -q 'form that does not block, alone: http, sleep'
    poolbench list null | grep -q '^runs on all backends but events'
}

@test "--switch-interval sets how long a worker of gil waits before it asks for the lock" {
    poolbench run powersum -N 4 --param n=1M -b gil -n 2 --switch-interval 100us --json >run.json
    json run.json '(d["ok"], d["result"]) == (4, "249999833333583333000000")'
    run --separate-stderr poolbench run null -b gil --switch-interval 0
    [ "$status" = 2 ]
    [[ $stderr == *'switch-interval'* ]]
    run --separate-stderr poolbench run null --switch-interval 1ms
    [ "$status" = 2 ]
    [[ $stderr == *'--switch-interval is for gil alone'* ]]
}
