# --sim: virtual time, from the command line to the report.

load common
setup() { common_setup; }
teardown() { common_teardown; }

@test "a simulated sweep says so in its table, its JSON and its file" {
    poolbench sweep spin -N 64000 --sim cores=64,task=10us -n 1,64 --blocks 6 -o x.json >out 2>err
    [[ $(head -n 1 out) == 'simulated, not measured: as=threads,cores=64,'* ]]
    "$top/tests/schema-check" x.json
    json x.json 'd["simulated"].startswith("as=threads,cores=64,") and d["usable_cpus"] == 64 and d["noise"]["window_s"] == 0'
    json x.json '[(c["backend"], c["workers"]) for c in d["configs"]] == [("serial", 1), ("sim", 1), ("sim", 64)]'
    poolbench sweep spin -N 64000 --sim cores=64,task=10us -n 1,64 --blocks 6 --json -o x.json >sweep.json
    json sweep.json 'd["simulated"] is True and d["model"].startswith("as=threads") and 55 < d["rows"][2]["speedup"]["value"] < 64'
    poolbench run sleep -b sim -n 50 -N 100 --vs serial --json >run.json
    json run.json 'd["simulated"] is True and d["ok"] == 100 and 49 < d["speedup"]["value"] < 50.5 and d["verdict"] == "TRUSTED"'
    poolbench breakeven --sim dispatch=90ns -n 2 --by grain --json -o y.json >breakeven.json
    json breakeven.json 'd["simulated"] is True and 90 < d["rows"][0]["breakeven_ns"]["value"] < 110'
    "$top/tests/schema-check" y.json
}

@test "what is measured says that it is not simulated" {
    poolbench run null -N 10 -b threads -n 1 --json >run.json
    json run.json 'd["simulated"] is False and "model" not in d'
    poolbench sweep null -N 10 -n 1 --blocks 6 -o x.json >out
    json x.json '"simulated" not in d'
    ! grep -q simulated out
}

@test "the same command simulates the same bytes" {
    for i in 1 2; do
        poolbench sweep spin --sim cores=8,noise=0.05,task=1ms,spread=pareto -n 1,8,512 --blocks 8 -o x.json >"$i.out"
        python3 -c 'import json; d = json.load(open("x.json")); print(d["samples"], d["blocks"], d["noise"])' >>"$i.out"
    done
    cmp 1.out 2.out
}

@test "any backend that a model knows can be simulated, and serial with it" {
    poolbench sweep spin -N 4000 --sim cores=8,task=20us -b threads,processes,queue -n 8 --blocks 6 -o x.json >out
    json x.json '[c["backend"] for c in d["configs"]] == ["serial", "threads", "processes", "queue"]'
    json x.json 'd["simulated"].count("as=") == 3'
    poolbench run sleep -b sim --sim as=gil,cores=4 -n 4 --json >run.json
    json run.json 'd["simulated"] and "as=gil" in d["model"]'
    poolbench sweep null -N 100 --sim cores=2 -b all -n 2 --blocks 6 --json -o y.json >sweep.json
    json sweep.json '{"threads", "processes", "queue"} < {r["backend"] for r in d["rows"]} and "sim" not in {r["backend"] for r in d["rows"]}'
}

@test "-1 means the simulated cores, and all leaves sim out of what is measured" {
    poolbench run null -b sim --sim cores=48 --json >run.json
    json run.json 'd["workers"] == 48'
    poolbench sweep null -N 10 -b all -n 1 --blocks 6 --json -o x.json >sweep.json
    json sweep.json '"sim" not in {r["backend"] for r in d["rows"]}'
}

@test "a case without a model is run once and keeps its answer" {
    poolbench run primes -N 12 -b sim -n 4 --json >run.json
    poolbench run primes -N 12 -b serial --json >serial.json
    [ "$(fields run.json result checksum ok)" = "$(fields serial.json result checksum ok)" ]
}

@test "costs from the machine stand in the file" {
    poolbench sweep sleep -N 16 --param duration=2ms -b threads --from-machine --sim change=0 -n 2,8 --blocks 6 -o x.json >out
    "$top/tests/schema-check" x.json
    json x.json 'd["simulated"].startswith("costs and lengths measured on this machine where not given: as=threads,cores=")'
    json x.json '"start=" in d["simulated"] and "change=" not in d["simulated"]'
}

@test "real and virtual times are never mixed" {
    refused 2 '*-b sim,threads mixes real and virtual times; *' sweep null -b sim,threads
    refused 2 '*--whole is of real time*' sweep null --sim cores=4 --whole 2
    refused 2 '*--timeout is of real time*' run null -b sim --timeout 1s
    refused 2 '*--sim does not go with --profile*' sweep --profile quick --sim cores=4
}

@test "a model that cannot be is refused in one line" {
    refused 2 '*--sim: "cores" is not of the form KEY=VALUE; `poolbench list sim` shows the keys' run null --sim cores
    refused 2 '*--sim: cores: "0" is not a whole number*' run null --sim cores=0
    refused 2 '*--sim: unknown parameter "speed"*' run null --sim speed=3
    refused 2 '*--sim: backend glib cannot be simulated; there are threads, *' run null -b glib --sim cores=2
    refused 2 '*--sim: backend nothing cannot be simulated*' run null --sim as=nothing
    refused 2 '*as=gil says what the backend sim stands for*' run null -b threads --sim as=gil
    refused 2 '*shape=1: pareto lengths have no mean*' run null --sim task=1ms,spread=pareto,shape=1
    refused 2 '*add task=TIME' run null --sim blocking=0.5
    refused 1 '*at most 65536 workers*' run null -b sim -n 70000
}

@test "list sim shows the keys of a model" {
    run --separate-stderr poolbench list sim
    [ "$status" = 0 ] && [ -z "$stderr" ]
    [[ $output == *'simulated: its times are virtual'*'cores=N'*'wake-each=TIME'*'bandwidth=X'*'available here' ]]
}

@test "the report keeps what is simulated apart, and predictions beside what was measured" {
    poolbench sweep spin -N 64 --param grain=100us -b threads -n 1,2 --blocks 6 --host here >out
    poolbench sweep spin -N 64 --param grain=100us -b threads -n 1,2 --blocks 6 --host here --label spin.sim --from-machine >out
    poolbench sweep spin --sim cores=64,task=1ms -n 1,64 --blocks 6 --host here --label other >out
    poolbench report --host here
    grep -q '^## Simulated, not measured' REPORT.md
    grep -q '^### spin.sim (simulated)' REPORT.md
    grep -q '^Median error of 2 predictions of the time a task: ' REPORT.md
    ! grep -q '^### other$' REPORT.md
    ! sed '/^## Simulated/,$d' REPORT.md | grep -q 'other\|spin.sim'
    grep -q '^"other (simulated)" ' results/here/other.speedup.dat
    [ -s results/here/other.speedup.svg ]
}

@test "a report of simulated results alone says that nothing was measured" {
    poolbench sweep spin --sim cores=64,task=1ms -n 1,64 --blocks 6 --host here >out
    poolbench report --host here --no-pictures
    grep -q '^Nothing was measured: all results are simulated.' REPORT.md
}

@test "what is fitted to simulated samples says so" {
    poolbench sweep spin -N 64000 --sim cores=64,task=10us -n 1,4,8,16,64 --blocks 8 -o x.json >out
    [[ $(poolbench fit x.json | head -n 1) == 'simulated, not measured: as=threads,cores=64,'* ]]
    poolbench fit x.json --json >fit.json
    json fit.json 'd["simulated"] is True and d["model"].startswith("as=threads,cores=64,")'
}
