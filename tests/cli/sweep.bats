# poolbench sweep and breakeven: the file that they write, and what they print.

load common
setup() { common_setup; }
teardown() { common_teardown; }

# A sweep of a few milliseconds; what it says goes to sweep.out and sweep.err.
sweep() {
    poolbench sweep "$@" >sweep.out 2>sweep.err
}

@test "a sweep writes a file that passes the schema, with every sample in its block" {
    sweep powersum --param n=10k -N 40 -b threads,processes -n 1,2 --blocks 7 --label mine --host here
    grep -q 'poolbench sweep: wrote results/here/mine.json$' sweep.err
    file=results/here/mine.json
    "$top/tests/schema-check" $file
    json $file 'd["label"] == "mine" and d["case"] == "powersum" and d["tasks"] == 40 and d["complete"]'
    json $file 'd["answer"] == "2499833358330000"'
    json $file '{"name": "n", "value": "10k"} in d["params"]'
    json $file '[(c["backend"], c["workers"]) for c in d["configs"]] ==
        [("serial", 1), ("threads", 1), ("threads", 2), ("processes", 1), ("processes", 2)]'
    json $file 'len(d["blocks"]) == 7 and len(d["samples"]) == 35'
    json $file 'all(sorted(s["config"] for s in d["samples"] if s["block"] == b) == [0, 1, 2, 3, 4] for b in range(7))'
    json $file 'all(sorted(s["order"] for s in d["samples"] if s["block"] == b) == [0, 1, 2, 3, 4] for b in range(7))'
    json $file 'len({tuple(s["config"] for s in d["samples"] if s["block"] == b) for b in range(7)}) > 1'
    json $file 'all(s["ok"] == 40 and not s["errors"] and not s["lost"] for s in d["samples"])'
    json $file 'all(s["wall_s"] >= 1e-3 for s in d["samples"])'
    [ "$(find . -type f | sort | tr '\n' ' ')" = "./$file ./sweep.err ./sweep.out " ]
}

@test "--split all makes every split of each size a configuration of its own" {
    sweep null -N 100 -b hybrid,threads -n 1,4 --split all --blocks 6 -o x.json
    "$top/tests/schema-check" x.json
    json x.json '[(c["backend"], c["workers"], c.get("split")) for c in d["configs"]] == [("serial", 1, None),
        ("hybrid", 1, "1x1"), ("hybrid", 4, "1x4"), ("hybrid", 4, "2x2"), ("hybrid", 4, "4x1"),
        ("threads", 1, None), ("threads", 4, None)]'
    [ "$(sed 1,2d sweep.out | awk '/^hybrid/ { print $2, $3 }' | tr '\n' ' ')" = '1x1 1 1x4 4 2x2 4 4x1 4 ' ]
    sweep null -N 100 -b hybrid,threads --split 2x2 --blocks 6 -o y.json --json
    json sweep.out '[(r["backend"], r["workers"], r.get("split")) for r in d["rows"]][1:] ==
        [("hybrid", 4, "2x2"), ("threads", 4, None)]'
}

@test "a picture's data have a curve for each number of threads where a size has several splits" {
    sweep null -N 100 -b hybrid,threads -n 1,2,4 --split all --blocks 6 -o results/here/all.json
    sweep null -N 100 -b hybrid -n 1,2,4 --blocks 6 -o results/here/one.json
    poolbench report --host here
    [ "$(grep -c '^# hybrid' results/here/all.speedup.dat)" = 3 ]
    [ "$(awk '/^"hybrid"/ { print $3, $NF }' results/here/all.speedup.dat | tr '\n' ' ')" = '1 1 2 1 4 1 2 2 4 2 4 4 ' ]
    [ "$(grep -c '^# hybrid' results/here/one.speedup.dat)" = 1 ]
}

@test "breakeven --split measures that split of hybrid" {
    poolbench breakeven -b hybrid --split 1x2 --by tasks --pairs 6 --budget 100ms --json -o x.json >breakeven.json
    json breakeven.json '[(r["backend"], r["workers"], r["split"]) for r in d["rows"]] == [("hybrid", 2, "1x2")]'
    "$top/tests/schema-check" x.json
    run --separate-stderr poolbench breakeven -b threads --split 1x2
    [ "$status" = 2 ]
    [[ $stderr == *'--split is for hybrid alone'* ]]
}

@test "the table on stdout has a row for each configuration" {
    sweep null -N 1000 -b threads,queue -n 1,2 --blocks 6 -o x.json
    [[ $(head -n 1 sweep.out) == 'null: 1000 tasks, 6 blocks, '@(TRUSTED|SUSPECT|REFUSED) ]]
    [[ $(tail -n 1 sweep.out) == 'smallest pool that beats serial (COST): threads '*', queue '* ]]
    [ "$(sed '1,2d;$d' sweep.out | awk '{ print $1 $2 }' | tr '\n' ' ')" = 'serial1 threads1 threads2 queue1 queue2 ' ]
}

@test "sweep --json gives every configuration its intervals" {
    poolbench sweep sleep -N 4 --param duration=5ms -b threads -n 4 --blocks 6 --json -o x.json >sweep.json
    json sweep.json 'd["case"] == "sleep" and d["tasks"] == 4 and d["blocks"] == 6 and d["complete"]'
    json sweep.json 'len(d["rows"]) == 2 and d["verdict"] in ("TRUSTED", "SUSPECT", "REFUSED") and texts(d["reasons"])'
    json sweep.json 'all(interval(r[k]) for r in d["rows"] for k in ("speedup", "efficiency", "tasks_per_s"))'
    json sweep.json 'd["rows"][0]["backend"] == "serial" and d["rows"][0]["speedup"]["value"] == 1'
    json sweep.json '[(c["backend"], c["workers"], c["largest"]) for c in d["cost"]] in ([("threads", 4, 4)], [("threads", None, 4)])'
    json sweep.json '[s["lo"] <= s["value"] <= s["hi"] and 1.5 < s["value"] < 6 for s in [d["rows"][1]["speedup"]]] == [True]'
}

@test "the order within the blocks follows the seed" {
    for seed in 1 1 2; do
        sweep null -N 10 -b threads -n 1,2,3 --blocks 6 --seed $seed -o x.json
        python3 -c 'import json; print([s["config"] for s in json.load(open("x.json"))["samples"]])' >>orders
    done
    [ "$(sed -n 1p orders)" = "$(sed -n 2p orders)" ]
    [ "$(sed -n 1p orders)" != "$(sed -n 3p orders)" ]
}

@test "serial runs a random subset where all of an even case would take too long" {
    sweep sleep -N 100 --param duration=20ms -b threads -n 100 --blocks 6 -o x.json
    "$top/tests/schema-check" x.json
    json x.json 'd["even"] and all(4 <= s["tasks"] <= 30 for s in d["samples"] if s["config"] == 0)'
    json x.json 'all(s["tasks"] == 100 for s in d["samples"] if s["config"] == 1)'
}

@test "a sweep goes on with a configuration that fails, once, and says why" {
    sweep null -N 10 -b threads -n 1,100000000 --blocks 6 -o x.json || status=$?
    [ "$status" = 1 ]
    "$top/tests/schema-check" x.json
    json x.json '[s["failure"] != "" for s in d["samples"] if s["config"] == 2] == [True]'
    json x.json 'len([s for s in d["samples"] if s["config"] == 1 and s["failure"] == ""]) == 6'
    grep -qE '  10 lost; 1 failed; more' sweep.out
}

@test "a sweep in which everything fails ends after its first block" {
    printf '%s\n' '#include "cases/case.h"' '#include <stdlib.h>' \
        'static int crash(const void *c, void *l, uint64_t i, struct task_result *r) { (void)c, (void)l, (void)i, (void)r; abort(); }' \
        'static int setup(struct case_run *run) { run->tasks = 4; return 0; }' \
        'const struct bench_case case_x = {.name = "x", .summary = "x", .task = crash, .setup = setup};' 'BENCH_PLUGIN(case_x);' >x.c
    cc -shared -fPIC -I"$top" x.c -o x.so
    sweep ./x.so -b threads -n 2 --blocks 1000 -o x.json || status=$?
    [ "$status" = 1 ]
    json x.json 'len(d["blocks"]) == 1 and [s["failure"] != "" for s in d["samples"]] == [True, True] and not d["complete"]'
}

@test "a budget ends a sweep after six blocks and says that it is incomplete" {
    sweep sleep -N 2 --param duration=1ms -b threads -n 2 --blocks 1000 --budget 1ms -o x.json
    json x.json 'len(d["blocks"]) == 6 and not d["complete"]'
    grep -q '(incomplete)' sweep.err
}

@test "--half-width takes a pilot and then fresh blocks, and only those are reported" {
    sweep sleep -N 2 --param duration=2ms -b threads -n 2 --half-width 20% --json -o results/here/x.json
    file=results/here/x.json
    "$top/tests/schema-check" $file
    json $file '[b.get("pilot", False) for b in d["blocks"]][:11] == 10 * [True] + [False] and d["complete"]'
    json $file '"alpha" not in d'
    json sweep.out 'd["pilot_blocks"] == 10 and d["blocks"] >= 6 and d["half_width"]["asked"] == 0.2'
    [ "$(grep -c canary_s $file)" = "$(python3 -c 'import json; d = json.load(open("sweep.out")); print(d["blocks"] + 10)')" ]
    poolbench report --host here
    grep -q ' blocks after a pilot of 10' REPORT.md
}

@test "--quick looks after 8, 16, ... blocks, and its file keeps the level of a look" {
    sweep sleep -N 2 --param duration=2ms -b threads -n 2 --quick --half-width 50% --json -o x.json
    "$top/tests/schema-check" x.json
    json x.json 'len(d["blocks"]) in (8, 16, 32, 64, 128) and d["alpha"] == 0.01 and d["complete"]'
    json x.json 'not any("pilot" in b for b in d["blocks"])'
    json sweep.out 'd["half_width"]["asked"] == 0.5 and d["half_width"]["reached"] <= 0.5 and d["pilot_blocks"] == 0'
}

@test "a half-width that the budget does not allow is said, and the file is incomplete" {
    for mode in '' --quick; do
        least=$([ "$mode" ] && echo 8 || echo 6) # what an interval needs
        sweep sleep -N 2 --param duration=1ms -b threads -n 2 --half-width 0.01% $mode --budget 1ms -o x.json
        "$top/tests/schema-check" x.json
        json x.json "len([b for b in d['blocks'] if not b.get('pilot')]) == $least and not d['complete']"
        grep -q "half-width 0.01 % not reached, but [0-9.]* %, with $least blocks: stopped early; a longer --budget" sweep.err
        grep -q '(incomplete)' sweep.err
    done
}

@test "progress on a terminal shows budget and half-width" {
    TERM=xterm script -qec "env $mark $POOLBENCH sweep sleep -N 2 --param duration=1ms -b threads -n 2 \
        --half-width 30% --budget 60s -o x.json" log >script.out
    grep -q '± ? of 30 %  0 of 60 s' log
    tr '\r' '\n' <log | grep -q '^\[#.*± [0-9.]* % of 30 %  [0-9]* of 60 s'
}

@test "a half-width is a percentage, and no company for --blocks" {
    refused 2 '*: --half-width: "0.05" is not a percentage (5%) from 0.01% to 100%; the % is missing' \
        sweep null -N 10 --half-width 0.05 -o x.json
    for given in '--half-width=0%' '--half-width=200%' '--half-width=x'; do
        refused 2 '*: --half-width: "*" is not a percentage (5%) from 0.01% to 100%' sweep null -N 10 "$given" -o x.json
    done
    for given in '--half-width=5%' --quick; do
        refused 2 '*: --blocks is a fixed number; leave it out, or --half-width and --quick' \
            sweep null -N 10 "$given" --blocks 9 -o x.json
    done
    [ -z "$(ls -A)" ]
}

@test "sizes are marked faster or slower than serial, judged together" {
    sweep sleep -N 8 --param duration=2ms -b threads -n 1,8 --blocks 8 -o x.json
    [ "$(awk '$1 == "threads" && $2 == 8 { print $6 }' sweep.out)" = faster ]
    sweep sleep -N 8 --param duration=2ms -b threads -n 1,8 --blocks 8 --json -o x.json
    json sweep.out '[r["against_serial"] for r in d["rows"]][::2] == [None, "faster"] and d["blocks_min"] == 7'
    json sweep.out 'd["rows"][2]["p"] == 2 * 2**-7 and d["rows"][0]["p"] is None'
    json sweep.out 'all(interval({k: r["speedup_of_means"][k] for k in ("value", "lo", "hi")}) for r in d["rows"])'
    json sweep.out 'not any(r["speedup_of_means"]["unbounded"] for r in d["rows"])'
    json sweep.out 'all(r["mean_tasks_per_s"] > 0 and r["far_out"] >= 0 for r in d["rows"])'
    ! grep -q 'cannot show' sweep.err
}

@test "too few blocks for so many comparisons are said in one line" {
    sweep sleep -N 8 --param duration=1ms -b threads -n 1,2,4,8 --blocks 6 -o x.json
    [ "$(grep -c 'sweep: 6 blocks cannot show a difference in 4 comparisons with serial at once; take 8 or more$' sweep.err)" = 1 ]
    [ "$(awk '$1 == "threads" && $2 == 8 { print $6 }' sweep.out)" = tied ]
}

@test "failing tasks are counted in the file and make the status 1" {
    poolbench list http >list.out 2>&1 || skip 'http was not built'
    sweep http -N 20 --param latency=0 --param error_rate=0.3 -b threads -n 2 --blocks 6 -o x.json || status=$?
    [ "$status" = 1 ]
    "$top/tests/schema-check" x.json
    json x.json 'len({(s["ok"], s["errors"], s["checksum"]) for s in d["samples"] if s["tasks"] == 20}) == 1'
    json x.json 'all(s["errors"] > 0 and not s["lost"] for s in d["samples"] if s["config"] == 1)'
}

@test "whole commands are timed by hyperfine in every block, in random order" {
    sweep powersum --param n=100k -N 10 -n 2 --blocks 6 --whole 2 -o x.json
    "$top/tests/schema-check" x.json
    json x.json '[c["config"] for c in d["commands"]] == [0, 1, 2]'
    json x.json 'all(c["text"].startswith("poolbench run powersum -b ") and "n=100k" in c["text"] for c in d["commands"])'
    json x.json 'len(d["runs"]) == 18 and all(r["exit_code"] == 0 and r["wall_s"] > 0 for r in d["runs"])'
    json x.json 'all(sorted(r["command"] for r in d["runs"] if r["block"] == b) == [0, 1, 2] for b in range(6))'
    json x.json 'len({tuple(r["command"] for r in d["runs"] if r["block"] == b) for b in range(6)}) > 1'
}

@test "a failing whole command is kept with its exit status" {
    mkdir 'in put'
    echo 'no picture' >'in put/text.jpg'
    poolbench list thumbnails >list.out 2>&1 || skip 'thumbnails was not built'
    sweep thumbnails --param 'input=in put' -b threads -n 1 --blocks 6 --whole 1 -o x.json || status=$?
    [ "$status" = 1 ]
    "$top/tests/schema-check" x.json
    json x.json 'len(d["runs"]) == 12 and all(r["exit_code"] == 1 for r in d["runs"])'
}

@test "a full disk leaves the file as it was and nothing half-written" {
    mount_folder full size=8k
    echo old >"$folder/x.json"
    run --separate-stderr poolbench sweep null -N 10 -n 1,2 --blocks 6 -o "$folder/x.json"
    [ "$status" = 1 ]
    [[ $stderr == *"$folder/x.json: cannot be written: No space left on device"* ]]
    [ "$(ls -A "$folder")" = x.json ]
    [ "$(cat "$folder/x.json")" = old ]
}

@test "a limit on file sizes is an error and nothing half-written" {
    run --separate-stderr sh -c 'ulimit -f 1; exec env "$1" "$POOLBENCH" sweep null -N 10 -n 1 --blocks 6 -o x.json' sh "$mark"
    [ "$status" = 1 ]
    [[ $stderr == *'x.json: cannot be written: File too large'* ]]
    [ -z "$(ls -A)" ]
}

@test "a reader that has gone costs no clean-up" {
    mkdir input
    for i in $(seq 100); do echo 'no picture' >"input/$i.jpg"; done
    poolbench list thumbnails >list.out 2>&1 || skip 'thumbnails was not built'
    sh -c 'env "$1" "$POOLBENCH" run thumbnails --param input=input --json 2>err | true' sh "$mark"
    grep -q 'cannot write to stdout: Broken pipe' err
}

@test "with --strict a refused sweep ends with status 3" {
    spin() { while :; do :; done; }
    spin 3>&- & first=$!
    spin 3>&- & second=$!
    sweep sleep -N 20 --param duration=10ms -b threads -n 2 --blocks 6 --strict -o x.json || status=$?
    kill $first $second
    [ "$status" = 3 ]
    grep -q 'REFUSED: ' sweep.err
    [ -s x.json ]
}

@test "breakeven writes a file that passes the schema, and rows with intervals" {
    poolbench breakeven -b threads,processes -n 2 --resolution 4 --pairs 6 --budget 500ms --json -o x.json >breakeven.json
    "$top/tests/schema-check" x.json
    json x.json 'd["case"] == "" and len(d["searches"]) >= 6 and d["pairs"]'
    json x.json 'all(p["serial_s"] > 0 and p["pool_s"] > 0 and p["tasks"] > 0 for p in d["pairs"])'
    json breakeven.json '[(r["backend"], r["workers"], r["chunk"]) for r in d["rows"]] == [("threads", 2, 1), ("processes", 2, 1)]'
    json breakeven.json 'all(interval(r[k]) for r in d["rows"]
        for k in ("overhead_ns", "region_ns", "breakeven_ns", "metg50_ns", "metg90_ns"))'
    json breakeven.json 'all(set(r["breakeven_tasks"]) == {"warm", "cold"} and all(map(interval, r["breakeven_tasks"].values())) for r in d["rows"])'
    poolbench breakeven -b threads -n 2 --by grain --resolution 4 --pairs 6 --budget 500ms -o y.json >breakeven.out 2>breakeven.err
    grep -q '^threads  *2 ' breakeven.out
    "$top/tests/schema-check" y.json
}
