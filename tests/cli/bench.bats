# The program behind `make bench`: its table, its file, and that nothing lives on. What it measures is judged in `make
# bench` only.

load common
setup() { common_setup; }
teardown() { common_teardown; }

# The program, marked as `poolbench` is.
bench() {
    env "$mark" "$(dirname "$POOLBENCH")/tests/bench/bench" "$@"
}

@test "bench prints a line a row and says what was met" {
    run --separate-stderr bench --blocks 6 -o bench.json over-4-empty-threads bare-pipes
    [ "$status" = 0 ]
    [[ ${lines[0]} == 'row '*' what '*' ours '*' peer '*' at most '*' met' ]]
    [[ ${lines[1]} == over-4-empty-threads\ *' ns/task '*' threads x 2 chunk 1: '*'['*'] '*' 1.2 '*met* ]]
    [[ ${lines[2]} == bare-pipes\ *' ns/task '*'['*'] '*' -' ]]
    [[ ${lines[3]} == [01]' of 1 targets met; '@(TRUSTED|SUSPECT|REFUSED) ]]
}

@test "bench writes each sample in order, with seed and machine" {
    bench --blocks 6 --seed 7 -o deep/er/bench.json over-4-empty-processes
    json deep/er/bench.json 'd["schema"] == "poolbench/bench/v1" and d["complete"] is True'
    json deep/er/bench.json 'd["seed"] == "0x0000000000000007" and "kernel" in d["machine"] and len(d["canaries_s"]) == 6'
    json deep/er/bench.json 'd["verdict"] in ("TRUSTED", "SUSPECT", "REFUSED") and texts(d["reasons"])'
    json deep/er/bench.json '[(r["name"], r["target"], r["met"] in (True, False)) for r in d["rows"]] == [("over-4-empty-processes", 1.2, True)]'
    json deep/er/bench.json '[a["workers"] for a in d["rows"][0]["arms"]] == [4, 2] and interval(d["rows"][0]["ratio"])'
    json deep/er/bench.json '[(s["block"], s["order"]) for s in d["rows"][0]["samples"]] == [(b, o) for b in range(6) for o in range(2)]'
    json deep/er/bench.json 'all(s["seconds"] > 0 for s in d["rows"][0]["samples"])'
    json deep/er/bench.json '{s["arm"] for s in d["rows"][0]["samples"] if s["order"] == 0} == {0, 1}'
}

@test "bench finds a row's ratio as the median of its blocks" {
    bench --blocks 7 -o bench.json over-4-spin-threads
    python3 - <<'END'
import json, statistics
row = json.load(open("bench.json"))["rows"][0]
pairs = {}
for s in row["samples"]:
    pairs.setdefault(s["block"], {})[s["arm"]] = s["seconds"]
ratios = sorted(p[0] / p[1] for p in pairs.values())
assert abs(row["ratio"]["value"] / statistics.median(ratios) - 1) < 1e-6, row["ratio"]
assert abs(row["ratio"]["lo"] / ratios[0] - 1) < 1e-6 and abs(row["ratio"]["hi"] / ratios[-1] - 1) < 1e-6
END
}

@test "bench measures what one use of a call and of a shared object costs" {
    bench --blocks 1 -o bench.json apply-\* submit-one-\* map-async-\* imap-[tpu]\* wait-all-\* as-completed-\* \
        callback-\* cancel-\* queue-\* lock semaphore value-add array-get event pipe manager-get
    json bench.json 'len(d["rows"]) == 29 and all(r["unit"] == "ns" and not r["failure"] for r in d["rows"])'
    json bench.json 'all(r["figure"]["value"] > 1 and abs(s["seconds"] * 1e9 / r["figure"]["value"] - 1) < 1e-6 for r in d["rows"] for s in r["samples"])'
}

@test "bench refuses a row that there is not" {
    run --separate-stderr bench no-such-row
    [ "$status" = 2 ] && [ -z "$output" ] && [[ $stderr == *'no row "no-such-row"'* ]]
}

@test "bench leaves its file to whole runs, and is no result of report" {
    bench --blocks 1 --host here bare-loop
    [ -e results/here/bench/some.json ]
    [ ! -e results/here/bench/bench.json ]
    run --separate-stderr poolbench report --host here
    [ "$status" != 0 ] && [[ $stderr == *'no results in results/here'* ]]
}

@test "an interrupted bench ends its children and keeps the rows that are done" {
    env "$mark" "$(dirname "$POOLBENCH")/tests/bench/bench" --blocks 100 -o bench.json bare-loop bare-pipes 2>err >out 3>&- &
    program=$!
    within 60 grep -q bare-loop err
    kill -INT "$program"
    status=0
    wait "$program" || status=$?
    [ "$status" = 130 ]
    json bench.json 'd["complete"] is False and [r["name"] for r in d["rows"]] == ["bare-loop"]'
}
