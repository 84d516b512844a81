# docs/crosswalk.md: what it names is there, what Python has is named, and its costs come from a file of `make bench`.

load common
teardown() { common_teardown; }

setup() {
    common_setup
    ln -s "$top/harness" "$top/tests" .
    cp -r "$top/docs" .
}

bench() {
    # shellcheck disable=SC2154 # set by common_setup
    env "$mark" "$(dirname "$POOLBENCH")/tests/bench/bench" "$@"
}

# Debian's joblib is there for Debian's own Python.
crosswalk() {
    "$([ -x /usr/bin/python3 ] && echo /usr/bin/)python3" tests/bench/crosswalk.py "$@"
}

check() {
    bench --list >rows
    run crosswalk check <rows
}

@test "the crosswalk names functions, tests and rows that are there, and all that Python has" {
    check
    [ "$status" = 0 ] && [ -z "$output" ]
}

@test "the crosswalk cannot be wrong unseen: a name that is not there is told, and one of Python's that is left out" {
    sed -i 's/`pool_apply`/`pool_aply`/; s/`join_waits_until/`joins_wait_until/; s/`lock` /`locket` /
        s/^| `Pool.starmap` /| /; s/^| `Timer`\(.*\)| none |[^|]*|/| `Timer`\1| none | |/' docs/crosswalk.md
    check
    [ "$status" = 1 ]
    for wrong in 'no pool_aply in the headers' 'no test joins_wait_until_every_task_is_done in test_share_queue' \
        'no row locket in make bench' 'multiprocessing.pool: Python has Pool.starmap' \
        'threading: `Timer`, `Timer.cancel`: does not say what to use instead'; do
        grep -Fx "$wrong" <<<"$output"
    done
}

@test "costs are filled in from a file of make bench, and nothing else changes" {
    bench --blocks 1 -o bench.json lock event empty-default-threads
    crosswalk fill bench.json
    grep -E '^\| `Lock.acquire` .*\| `lock` [0-9.]+ ns \|$' docs/crosswalk.md
    grep -E '^\| `Event.wait` .*\| `event` [0-9.]+ (ns|µs) \|$' docs/crosswalk.md
    grep -E '^\| `Pool.map` .*\| `empty-default-threads` [0-9.]+ ns, `empty-default-processes` - \|$' docs/crosswalk.md
    grep -E '^Costs: bench.json, [0-9]{4}-[0-9]{2}-[0-9]{2}, .*, (TRUSTED|SUSPECT|REFUSED)\.$' docs/crosswalk.md
    check
    [ "$status" = 0 ]
    sed -i 's/"name": "\(lock\|event\|empty-default-threads\)", "what"/"name": "other", "what"/' bench.json
    crosswalk fill bench.json # an old cost does not stay
    run grep -E '`(lock|event|empty-default-threads)` [0-9]' docs/crosswalk.md
    [ "$status" = 1 ]
    sed -Ei 's/(`[a-z0-9-]+`) [0-9.]+ (ns|µs|ms)/\1 -/g; s/^Costs: .*//' docs/crosswalk.md
    sed -E 's/(`[a-z0-9-]+`) [0-9.]+ (ns|µs|ms)/\1 -/g; s/^Costs: .*//' "$top/docs/crosswalk.md" >before
    diff before docs/crosswalk.md
}
