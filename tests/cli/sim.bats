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
    refused 2 '*--max-mem is of real time or memory*' tune null -b sim --max-mem 1G
    refused 2 '*-b sim,threads mixes real and virtual times; *' tune null -b sim,threads
    refused 2 '*--sim is for cases, not for commands' tune --sim cores=4 -- true '{n}'
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
    [ "$status" = 0 ]
    [ -z "$stderr" ]
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
    run ! grep -q '^### other$' REPORT.md
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

# On one machine of 4096 cores a region of N tasks of length g, in equal parts, costs R + (n - 1) w + N g / n: throughput
# is the USL with lambda = N / (R + N g), sigma = lambda R / N and kappa = lambda w / N. Here that is 1 us, 0.01 and 1e-6.
costs=cores=4096,task=990ns,call=0,dispatch=0,claim=0,region=4.096ms

@test "fit finds in simulated samples, up to 4096 workers, the coefficients that the costs give" {
    poolbench sweep spin -b openmp-static --sim $costs,wake=409.6ns,wake-each=409.6ns -N 409600 \
        -n 1,4,16,64,256,1024,4096 --blocks 9 -o usl.json >out
    poolbench fit usl.json --at 2048 --json >fit.json 2>err
    json fit.json '(lambda m: d["chosen"] == "usl" and abs(m["lambda"]["value"] / 1e6 - 1) < 1e-6 and
        abs(m["sigma"]["value"] / 0.01 - 1) < 1e-6 and abs(m["kappa"]["value"] / 1e-6 - 1) < 1e-6 and
        abs(m["peak_n"] / (0.99 / 1e-6) ** 0.5 - 1) < 1e-6 and
        abs(m["predictions"][0]["x"]["value"] / (2048e6 / (1 + 2047 * (0.01 + 2048e-6))) - 1) < 1e-6)(d["models"][2])'
    poolbench sweep spin -b openmp-static --sim $costs,wake=0,wake-each=0 -N 409600 \
        -n 1,4,16,64,256,1024,4096 --blocks 9 -o amdahl.json >out
    poolbench fit amdahl.json --json >fit.json 2>err
    json fit.json 'd["chosen"] == "amdahl" and abs(d["models"][0]["sigma"]["value"] - 0.01) < 1e-8 and
        abs(d["models"][0]["limit"] / 1e8 - 1) < 1e-6 and d["models"][2]["peak_n"] is None'
}

@test "tune finds on simulated machines, up to 4096 workers, a size within 2 % of the true best" {
    poolbench tune spin -b openmp-static --sim $costs,wake=409.6ns,wake-each=409.6ns -N 409600 --max 4096 --json >usl.json
    json usl.json '(lambda x: x(d["recommended"]) >= 0.98 * x(995))(lambda n: n / (1 + (n - 1) * (0.01 + n * 1e-6)))'
    json usl.json 'd["recommended"] < 995 and abs(d["predictions"]["usl"]["answer"] - 995) < 1'
    json usl.json 'd["simulated"] is True and d["model"].startswith("as=openmp-static") and d["verdict"] == "TRUSTED"'
    # tasks that wait for three quarters of their time on 64 cores: 64 (1 + 3) workers
    poolbench tune spin --sim cores=64,task=1ms,blocking=0.75,resume=0,call=0,change=0 -N 25600 --max 512 --json >wait.json
    json wait.json '251 <= d["recommended"] <= 256 and abs(d["predictions"]["goetz"]["answer"] - 256) < 1e-6'
    json wait.json 'abs(d["predictions"]["little"]["answer"] / 256 - 1) < 0.03'
    # a lock for 1 % of a task, and 0.01 % more for each other worker: n (0.01 + k (n - 1)) = 1 + k (n - 1) at n = 62.3
    poolbench tune spin --sim as=queue,cores=128,task=100us,critical=0.01,coherence=0.0001,call=0,dispatch=0,claim=0 \
        --chunk 1 -N 12800 --json >lock.json
    json lock.json '61 <= d["recommended"] <= 64 and d["complete"] and d["seconds"] < 10'
}

@test "tune simulates the same bytes, says so, keeps them, and gives a line that runs" {
    for i in 1 2; do
        poolbench tune sleep --sim cores=4,noise=0.02 -N 64 --max 64 --seed 7 -o "$i.json" >"$i.out" 2>"$i.err"
    done
    cmp 1.out 2.out
    [[ $(head -n 1 1.out) == 'simulated, not measured: as=threads,cores=4,'* ]]
    grep -q ' virtual s' 1.out
    "$top/tests/schema-check" 1.json
    json 1.json 'd["simulated"].startswith("as=threads,cores=4,") and d["usable_cpus"] == 4'
    line=$(tail -n 1 1.out)
    [[ $line == 'poolbench run sleep -b sim -n '*' -N 64 --seed 7 --sim cores=4,noise=0.02' ]]
    # shellcheck disable=SC2086 # words
    poolbench ${line#poolbench } --json >run.json
    json run.json 'd["simulated"] is True and d["ok"] == 64'
}
