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
        for key in ("cases", "backends", "hazards", "labs") for e in d[key])'
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

@test "usage goes to stdout where it is asked for and to stderr where it is missed" {
    run --separate-stderr poolbench --help
    [ "$status" = 0 ] && [ -z "$stderr" ]
    for command in list run sweep breakeven report; do
        grep -q "^  $command " <<<"$output"
        poolbench "$command" --help | grep -q "^usage: poolbench $command"
    done
    run --separate-stderr poolbench
    [ "$status" = 2 ] && [ -z "$output" ]
    [[ $stderr == 'usage: '* ]]
}

@test "what cannot be printed is a failure" {
    [ -c /dev/full ] || skip 'no /dev/full here'
    run --separate-stderr sh -c '"$POOLBENCH" list >/dev/full'
    [ "$status" = 1 ]
    [[ $stderr == *'cannot write to stdout: No space left on device' ]]
}
