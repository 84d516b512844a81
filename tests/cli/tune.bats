# poolbench tune: cases, plug-ins and commands, and what it refuses.

load common
setup() {
    common_setup
    quick='--param duration=1ms -N 16 --max 8 --blocks 4'
}
teardown() {
    if [ -n "${program:-}" ]; then kill -KILL "$program" 2>/dev/null || true; fi
    common_teardown
}

# A command whose work of 40 ms is shared by up to 4, and that cannot have 8.
write_command() {
    cat >work <<'SH'
#!/bin/sh
case $1 in
1) sleep 0.04 ;; 2) sleep 0.02 ;; 8) echo one >&2; echo 'no room for 8' >&2; exit 3 ;; *) sleep 0.01 ;;
esac
SH
    chmod +x work
}

@test "tune names a size for a case, with what it was chosen from, rules of thumb and a line to paste" {
    # shellcheck disable=SC2086 # words
    poolbench tune sleep $quick --json -o x.json >tune.json 2>err
    json tune.json 'd["schema"] == "poolbench/tune/v1" and d["case"] == "sleep" and d["backend"] == "threads"'
    json tune.json 'd["recommended"] in d["tied"] and d["recommended"] <= d["best"] <= 8'
    json tune.json '{1, 2, 4, 8} <= {c["workers"] for c in d["candidates"]}'
    json tune.json 'all(interval(c["throughput"]) and c["samples"] >= 1 for c in d["candidates"])'
    json tune.json 'all(c["throughput"]["lo"] <= c["throughput"]["value"] <= c["throughput"]["hi"] for c in d["candidates"])'
    json tune.json '{"cpus", "2n+1", "goetz", "little", "usl"} == set(d["predictions"])'
    json tune.json 'd["predictions"]["goetz"]["workers"] > d["predictions"]["cpus"]["workers"]'
    json tune.json 'd["line"] == f"""poolbench run sleep -b threads -n {d["recommended"]} -N 16 --param duration=1ms"""'
    "$top/tests/schema-check" x.json
    json x.json 'd["case"] == "sleep" and len(d["samples"]) >= 8 and "serial" in [c["backend"] for c in d["configs"]]'
    json x.json 'all(s["block"] < len(d["blocks"]) for s in d["samples"])'
}

@test "the line to paste runs" {
    # shellcheck disable=SC2086 # words
    line=$(poolbench tune sleep $quick 2>err | tail -n 1)
    [[ $line == 'poolbench run sleep -b threads -n '* ]]
    # shellcheck disable=SC2086 # words
    poolbench ${line#poolbench } --json >run.json
    json run.json 'd["ok"] == 16'
}

@test "one worker, one measurement and one block are said as one" {
    poolbench tune sleep --sim cores=2 --max 1 --blocks 2 --budget 1us >out
    grep -q '^sleep: use 1 worker (' out
    grep -q '^1 measurement in 1 block, ' out
}

@test "several backends are compared side by side" {
    # shellcheck disable=SC2086 # words
    poolbench tune sleep $quick -b threads,processes --json >tune.json 2>err
    json tune.json '{c["backend"] for c in d["candidates"]} == {"threads", "processes"}'
    json tune.json 'd["backend"] in ("threads", "processes")'
}

@test "nothing is written where no file is asked for" {
    # shellcheck disable=SC2086 # words
    poolbench tune sleep $quick --goal p99 --json >tune.json 2>err
    [ "$(find . -type f | sort | tr '\n' ' ')" = './err ./tune.json ' ]
    json tune.json 'all(interval(c["p99_s"]) for c in d["candidates"]) and d["goal"] == "p99"'
}

@test "a limit of memory leaves sizes out, and says so if none is left" {
    # shellcheck disable=SC2086 # words
    poolbench tune sleep $quick --max-mem 4G --json >tune.json 2>err
    json tune.json 'd["recommended"] >= 1'
    # shellcheck disable=SC2086 # words
    run --separate-stderr poolbench tune sleep $quick --max-mem 1k
    [ "$status" = 1 ]
    [[ $stderr == *'sleep: no size could be measured within --max-mem'* ]]
}

@test "an efficiency leaves out sizes that wait for CPUs" {
    poolbench tune sleep --sim cores=4 --param duration=1ms -N 4 --max 8 --goal efficiency --json >tune.json
    json tune.json '[c["standing"] for c in d["candidates"] if c["workers"] == 8] == ["inefficient"]'
    json tune.json 'd["recommended"] == 4 and d["min_efficiency"] == 0.8'
}

@test "a command takes its size where {n} stands; a size that fails is told and the others go on" {
    write_command
    run --separate-stderr poolbench tune --max 8 --blocks 5 --json -o x.json -- ./work '{n}'
    [ "$status" = 1 ]
    [[ $stderr == *'command, 8 workers: exit status 3: no room for 8'* ]]
    echo "$output" >tune.json
    json tune.json 'd["recommended"] in (3, 4, 5, 6) and d["line"] == f"./work {d["recommended"]}"' ||
        json tune.json 'd["complete"] is False'
    json tune.json '[(c["standing"], c["failure"]) for c in d["candidates"] if c["workers"] == 8] ==
        [("failed", "exit status 3: no room for 8")]'
    "$top/tests/schema-check" x.json
    json x.json '{c["text"] for c in d["commands"]} >= {"./work 1", "./work 2", "./work 4", "./work 8"}'
    json x.json '[r["exit_code"] for r in d["runs"] if d["commands"][r["command"]]["text"] == "./work 8"] == [3]'
}

@test "a command takes its size from a variable" {
    write_command
    # shellcheck disable=SC2016 # for the shell that is tuned
    poolbench tune --max 4 --blocks 3 --env SIZE --json -- sh -c './work $SIZE' >tune.json 2>err
    json tune.json 'd["line"] == f"""SIZE={d["recommended"]} sh -c \x27./work $SIZE\x27"""'
    json tune.json '[c["workers"] for c in d["candidates"] if c["workers"] in (1, 2, 4)] == [1, 2, 4]'
}

@test "a line goes to sh as it is" {
    poolbench tune --max 2 --blocks 2 --jobs 'seq 3 | xargs -P {n} -n 1 sleep 0.00' --json -o x.json >tune.json 2>err
    json tune.json 'd["line"] == f"""seq 3 | xargs -P {d["recommended"]} -n 1 sleep 0.00"""'
    json x.json 'all(r["exit_code"] == 0 for r in d["runs"])'
}

@test "a command whose memory is limited is looked at once more" {
    write_command
    run --separate-stderr poolbench tune --max 2 --blocks 2 --max-mem 1k --json -- ./work '{n}'
    [ "$status" = 1 ]
    [ -z "$output" ]
    [[ $stderr == *'no size could be measured within --max-mem'* ]]
}

@test "tune refuses in one line what it cannot tune" {
    refused 2 'poolbench tune: give one case, the path of a plug-in, or a command behind --: *' tune
    refused 2 'poolbench tune: give one case, *' tune sleep spin
    refused 2 'poolbench tune: unknown case "nosuch"; *' tune nosuch
    refused 2 'poolbench tune: serial has no workers to tune; *' tune sleep -b serial
    refused 2 'poolbench tune: unknown backend "nosuch"; *' tune sleep -b nosuch
    refused 2 'poolbench tune: --within: "2" is not a percentage*' tune sleep --within 2
    refused 2 'poolbench tune: --max: "0" is not *' tune sleep --max 0
    refused 2 'poolbench tune: nothing in the command says how many workers; *' tune -- true
    refused 2 'poolbench tune: give a command behind --, or a line for sh with --jobs, and not both' \
        tune --jobs 'x {n}' -- true '{n}'
    refused 2 'poolbench tune: give a command behind --, *' tune --env NAME
    refused 2 "poolbench tune: --env: \"A-B\" is not a variable's name" tune --env A-B -- true
    refused 2 'poolbench tune: --backend is for cases, not for commands' tune -b threads -- true '{n}'
    refused 2 "poolbench tune: a command's tasks cannot be seen; its goal is throughput" tune --goal p99 -- true '{n}'
    refused 1 'poolbench tune: ./nothere cannot be started: No such file or directory' tune -- ./nothere '{n}'
    tools=/nowhere refused 4 'poolbench tune: hyperfine was not found; *' tune -- true '{n}'
}

@test "a budget leaves out a size that is too slow, and ends the search" {
    poolbench tune sleep --sim cores=2 --param duration=50ms -N 8 --budget 1s --json >tune.json
    json tune.json 'd["recommended"] == 8 and d["seconds"] <= 1 and d["complete"] is False'
    json tune.json '[c["workers"] for c in d["candidates"] if c["standing"] == "not measured"] == [1]'
    poolbench tune sleep --param duration=50ms -N 8 --budget 1s --json >tune.json 2>err
    json tune.json 'd["recommended"] in d["tied"]'
}

@test "Ctrl-C keeps what is measured of a case, and of a command with all that it has started" {
    start tune sleep --param duration=10ms -N 64 --budget 0 --blocks 10000 --within 0.1% --json -o x.json
    within 20 test -e /proc/$program
    sleep 1.5
    kill -INT "$program"
    wait "$program" || status=$?
    [ "$status" = 130 ]
    json x.json 'd["complete"] is False and len(d["samples"]) >= 1'
    start tune --max 2 -o y.json -- sh -c 'sleep 0.{n}; sleep 0.1 & sleep 300.0{n}'
    within 20 pgrep -f 'sleep 300\.0[12]'
    kill -INT "$program"
    wait "$program" || status=$?
    [ "$status" = 130 ]
    within 10 nobody_marked
}
