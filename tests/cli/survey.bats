#!/usr/bin/env bats
# survey: figures that are no speed-up, read in rounds.

load common

setup() { common_setup; }
teardown() { common_teardown; }

@test "a survey prints a row a figure, and writes a file that the schema knows" {
    run -0 --separate-stderr poolbench survey queues --rounds 1 --only FIFO,LIFO -o q.json
    [[ $output == *"FIFO"*"put and get, alone"*"LIFO"*"room for 1"* ]]
    [[ $output != *priority* ]]
    "$top/tests/schema-check" q.json
}

@test "--json gives each figure's median, interval and count" {
    poolbench survey queues --rounds 6 --only FIFO --json -o q.json >said.json
    json said.json 'd["schema"] == "poolbench/survey/v1" and d["rounds"] == 6 and d["complete"] and len(d["rows"]) == 5'
    json said.json 'd["rows"][0]["subject"] == "FIFO" and d["rows"][0]["unit"] == "s" and d["rows"][0]["failed"] == 0'
    json said.json 'all(interval(r["median"]) and 0 < r["median"]["lo"] <= r["median"]["value"] for r in d["rows"])'
}

@test "an unknown survey or subject is refused with what there is" {
    run -2 --separate-stderr poolbench survey quues
    [[ $stderr == *'unknown survey "quues"'* ]]
    run -2 --separate-stderr poolbench survey queues --only FIFO,LILO -o q.json
    [[ $stderr == *'no subject "LILO"; there are FIFO, LIFO, priority'* ]]
    [ ! -e q.json ]
}

@test "list shows surveys, and list NAME what one reads" {
    run -0 poolbench list
    [[ $output == *SURVEY*locks*queues* ]]
    run -0 poolbench list locks
    [[ $output == *"Each kind of lock guards one counter."* ]]
}

@test "Ctrl-C keeps what was read, and leaves nothing running" {
    start survey locks --rounds 1000 -o l.json
    sleep 1
    kill -INT "$program"
    status=0
    wait "$program" || status=$?
    [ "$status" = 130 ]
    grep -q incomplete err
    "$top/tests/schema-check" l.json
}

@test "a survey whose program is killed leaves nothing running" {
    start survey locks --rounds 1000 -o l.json
    sleep 0.5
    kill -KILL "$program"
    wait "$program" || true
    nothing_left
}

@test "a budget ends it after a round" {
    run -0 --separate-stderr poolbench survey locks --rounds 1000 --budget 1ms --only 'atomic addition' -o l.json
    [[ $output == *"locks: 1 round,"* ]]
}

@test "latency has the median and the 99th percentile for each number of computing workers" {
    poolbench survey latency --rounds 1 --only threads,gil --json -o l.json >said.json
    json said.json '[(r["subject"], r["x"], r["figure"]) for r in d["rows"]] ==
        [(s, x, f) for s in ("threads", "gil") for x in (1, 2, 4) for f in ("p50", "p99")]'
    json said.json 'all(r["failed"] == 0 and r["median"]["value"] > 0 for r in d["rows"])'
}

@test "a result says what is not available on the machine, and a survey without its program ends with 4" {
    export POOLBENCH_PYTHON=/nowhere/python3
    poolbench survey locks --rounds 1 --only 'atomic addition' -o l.json
    "$top/tests/schema-check" l.json
    json l.json 'any(t.startswith("survey python: ") for t in d["machine"]["unavailable"])'
    refused 4 '*survey python: needs python3 (apt-get install python3)' survey python --rounds 1 -o p.json
    [ ! -e p.json ]
}
