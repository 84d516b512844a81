# poolbench list, and the program's own usage.

load common
setup() { common_setup; }
teardown() { common_teardown; }

@test "list shows every case and backend with what it is" {
    run --separate-stderr poolbench list
    [ "$status" = 0 ]
    [ -z "$stderr" ]
    for name in files http null powersum primes sleep spin thumbnails serial queue threads processes; do
        grep -Eq "^$name +.* .*" <<<"$output"
    done
}

@test "list --json names everything with kind, availability and reason" {
    poolbench list --json >list.json
    json list.json 'set(d) >= {"schema", "cases", "backends", "hazards", "labs"}'
    json list.json 'all(set(e) == {"name", "summary", "kind", "available", "reason"}
        for key in ("cases", "backends", "surveys", "hazards", "labs") for e in d[key])'
    json list.json 'all(e["available"] is (e["reason"] is None) for e in d["cases"] + d["backends"])'
    json list.json '{"spin", "null", "powersum", "primes", "sleep", "files"} <= {e["name"] for e in d["cases"] if e["available"]}'
    json list.json '[e["name"] for e in d["backends"]][0] == "serial"'
    json list.json 'all(e["kind"] in ("cpu", "memory", "io", "mixed", "sync", "overhead") for e in d["cases"] if e["available"])'
}

@test "list CASE describes it and its parameters with their defaults" {
    run --separate-stderr poolbench list spin
    [ "$status" = 0 ]
    [[ $output == 'spin (cpu): '* ]]
    [[ $output == *'grain=TIME'*'(default 10us)'* ]]
    [[ $output == *'shape=even|uniform|exponential|straggler'*'(default even)'* ]]
}

@test "list BACKEND describes it and what it can do" {
    run --separate-stderr poolbench list processes
    [ "$status" = 0 ]
    [ -z "$stderr" ]
    [[ $output == 'processes (processes): '* ]]
    [[ $output == *'a worker that has died is replaced'*'owner_works'*'available here' ]]
    run --separate-stderr poolbench list serial
    [ "$status" = 0 ]
    [[ $output != *'is replaced'* ]]
}

@test "list NAME of a backend that is missing says what it needs" {
    missing=$(poolbench list --json | python3 -c 'import json, sys
print(next((e["name"] for e in json.load(sys.stdin)["backends"] if not e["available"]), ""))')
    [ -n "$missing" ] || skip 'every backend is available'
    run --separate-stderr poolbench list "$missing"
    [ "$status" = 4 ]
    [[ $output == "$missing ("*'not available here' ]]
    [[ $stderr == "poolbench list: backend $missing: "* ]]
}

@test "list says what there is where a name is unknown" {
    run --separate-stderr poolbench list nothing
    [ "$status" = 2 ]
    [ -z "$output" ]
    [[ $stderr == *'unknown name "nothing"'*'spin'*'the backends serial'*'threads'* ]]
}

@test "usage goes to stdout where it is asked for and to stderr where it is missed" {
    run --separate-stderr poolbench --help
    [ "$status" = 0 ]
    [ -z "$stderr" ]
    for command in list run sweep breakeven report; do
        grep -q "^  $command " <<<"$output"
        poolbench "$command" --help | grep -q "^usage: poolbench $command"
    done
    run --separate-stderr poolbench
    [ "$status" = 2 ]
    [ -z "$output" ]
    [[ $stderr == 'usage: '* ]]
}

@test "no table or usage has a line of more than 120 characters, or one that ends in blanks" {
    local command
    for command in run sweep breakeven tune fit compare list report doctor cpus; do
        poolbench "$command" --help
    done >said
    { poolbench list; poolbench cpus --explain; poolbench doctor; } >>said 2>/dev/null
    poolbench sweep null -N 100 -n 1,2 --blocks 6 -o x.json >>said 2>/dev/null
    poolbench breakeven --sim cores=16 -n 2,4 --chunk 1,auto -o x.json 2>/dev/null | grep -v '^simulated' >>said
    LC_ALL=C.UTF-8 run grep -nE '^.{121}|[^ ] +$' said
    [ "$status" = 1 ]
}

@test "what cannot be printed is a failure" {
    [ -c /dev/full ] || skip 'no /dev/full here'
    run --separate-stderr sh -c '"$POOLBENCH" list >/dev/full'
    [ "$status" = 1 ]
    [[ $stderr == *'cannot write to stdout: No space left on device' ]]
}
