# poolbench breakeven: its axes, what tasks carry, chunks, the map, and the pictures of them.

load common
setup() { common_setup; }
teardown() { common_teardown; }

# A search that ends soon, whatever it has found; the file is x.json, the JSON breakeven.json.
breakeven() {
    poolbench breakeven --resolution 4 --pairs 6 --budget 50ms -o x.json --json "$@" >breakeven.json 2>breakeven.err
    "$top/tests/schema-check" x.json
}

@test "by grain and by tasks a row has every crossing and cost" {
    breakeven -b threads -n 2
    json x.json '{(s["axis"], s["cold"], s["target"]) for s in d["searches"]} >=
        {("grain", False, 1), ("tasks", False, 1), ("tasks", True, 1), ("region", False, 1)}'
    json breakeven.json 'd["maps"] == [] and len(d["rows"]) == 1'
    json breakeven.json 'all(r[k]["lo"] <= r[k]["value"] <= r[k]["hi"] for r in d["rows"] for k in ("overhead_ns", "region_ns"))'
    json breakeven.json '[c["backend"] for c in d["cost"]] == ["threads"]'
}

@test "the machine's speed is watched between the pairs, and not where time is simulated" {
    breakeven -b threads -n 2 --by grain
    json x.json 'd["blocks"] != [] and d["samples"] == [] and all(b["canary_s"] > 0 for b in d["blocks"])'
    json x.json 'all(y["at_s"] - x["at_s"] >= 0.05 for x, y in zip(d["blocks"], d["blocks"][1:]))'
    breakeven --sim dispatch=90ns -n 2 --by grain
    json x.json 'd["blocks"] == [] and d["pairs"] != []'
}

@test "METG(50) and METG(90) are searched where they are not break-even" {
    export POOLBENCH_CPUS=2
    breakeven -b threads -n 1,2,4 --by grain
    json x.json '[s["target"] for s in d["searches"] if s["workers"] == 1] == [1, 0.5, 0.9]'
    json x.json '[s["target"] for s in d["searches"] if s["workers"] == 2] == [1, 1.8]'
    json x.json '[s["target"] for s in d["searches"] if s["workers"] == 4] == [1, 1.8]'
}

@test "every chunk of the list has rows, auto being guided" {
    breakeven -b threads,queue --chunk 1,16,auto,16 --by grain
    json breakeven.json 'sorted((r["backend"], r["chunk"]) for r in d["rows"]) ==
        [("queue", 0), ("queue", 1), ("queue", 16), ("threads", 0), ("threads", 1), ("threads", 16)]'
}

@test "a search by tasks ends where a region of its pool takes too long" {
    breakeven -b process-per-task --by tasks
    json x.json 'all(s["to"] < 10000 for s in d["searches"] if s["axis"] == "tasks")'
}

@test "bytes travel both ways or one, and each number of them has a row" {
    breakeven -b threads,processes --bytes 0,1k
    json breakeven.json '[(r["backend"], r["payload_bytes"], r["result_bytes"]) for r in d["rows"]] ==
        [("threads", 0, 0), ("threads", 1000, 1000), ("processes", 0, 0), ("processes", 1000, 1000)]'
    json breakeven.json 'all(r["overhead_ns"]["lo"] <= r["overhead_ns"]["hi"] for r in d["rows"])'
    breakeven -b spawn --bytes 2k --carry payload
    json breakeven.json '[(r["payload_bytes"], r["result_bytes"]) for r in d["rows"]] == [(2000, 0)]'
    breakeven -b hybrid --bytes 2k --carry result
    json breakeven.json '[(r["payload_bytes"], r["result_bytes"]) for r in d["rows"]] == [(0, 2000)]'
}

@test "of all backends those without calls are left out by name where bytes travel" {
    breakeven -b all --bytes 10
    grep -q '^poolbench breakeven: queue, 2 workers, left out: it has no calls$' breakeven.err
    json breakeven.json '{r["backend"] for r in d["rows"]} == {"threads", "gil", "processes", "hybrid", "spawn"}'
}

@test "the map has serial beside every cell, and both are drawn with what bytes cost" {
    breakeven -b threads -n 2 --map
    json breakeven.json 'd["rows"] == [] and [(m["backend"], m["workers"]) for m in d["maps"]] == [("threads", 2)]'
    json breakeven.json 'all(c["pairs"] == 6 and c["speedup"]["lo"] <= c["speedup"]["hi"] for c in d["maps"][0]["cells"])'
    json breakeven.json 'len({c["tasks"] for c in d["maps"][0]["cells"]}) >= 8'
    mkdir -p results/here
    mv x.json results/here/map.json
    breakeven -b threads --bytes 0,1k
    mv x.json results/here/bytes.json
    poolbench report results/here
    [ -s results/here/map.map.png ]
    [ -s results/here/bytes.bytes.svg ]
    grep -q 'map.map.svg' REPORT.md
    grep -q '^| threads | 2 | 1,000 | 1,000 |' REPORT.md
}

@test "the table of grains and that of tasks are there where they were searched" {
    poolbench breakeven --sim cores=16,dispatch=90ns,claim=30ns -n 2 --by grain -o x.json >grain.out
    grep -q 'BREAK-EVEN .*METG(50) .*METG(90) .*A TASK ADDS$' grain.out
    grep -qE '^sim +2 +1 +120 \[[0-9]+, [0-9]+\] ns ' grain.out
    run ! grep -q 'A REGION ADDS' grain.out
    poolbench breakeven --sim cores=16 -n 2 --by tasks -o x.json >tasks.out
    grep -q 'TASKS, WARM .*TASKS, COLD .*A REGION ADDS$' tasks.out
    run ! grep -q 'METG' tasks.out
}

@test "a crossing at a round number is drawn" {
    mkdir -p results/here
    poolbench breakeven --sim cores=16,dispatch=90ns,claim=30ns -n 4 --chunk auto -o results/here/x.json >out
    grep -qE '^sim .* \[30, [0-9]+\] ns' out
    poolbench report results/here
    [ -s results/here/x.grain.svg ]
}

@test "with --strict a refused search ends with status 3" {
    local status=0
    timeout 20 sh -c 'while :; do :; done' 3>&- &
    local load=$!
    timeout 20 sh -c 'while :; do :; done' 3>&- &
    poolbench breakeven -b threads --by tasks --resolution 4 --pairs 6 --budget 500ms --strict -o x.json >out || status=$?
    kill $load $!
    grep -q '^break-even: REFUSED' out
    [ "$status" = 3 ]
}

@test "lists and options that do not fit are refused with what is accepted" {
    refused 2 '*--chunk: "0" is not a number of tasks from 1, or auto (1,16,auto)' breakeven --chunk 1,0
    refused 2 '*--chunk: "" is not a number of tasks*' breakeven --chunk 1,
    refused 2 '*--chunk: "guided" is not a number of tasks*' breakeven --chunk guided
    refused 2 '*--bytes: "-1" is not a number of bytes from 0 to 1G (0,1k,64k,1M)' breakeven --bytes 0,-1
    refused 2 '*--bytes: "2G" is not a number of bytes*' breakeven --bytes 2G
    refused 2 '*--bytes: "" is not a number of bytes*' breakeven --bytes ''
    refused 2 '*--chunk does not go with --bytes, *' breakeven --bytes 1k --chunk 1
    refused 2 '*--carry says which way --bytes go; give how many (0,1k,64k,1M)' breakeven --carry result
    refused 2 '*backend queue runs regions only, so that no bytes travel with its tasks; *' breakeven -b queue --bytes 1k
}
