# tests/run.sh, by which `make check` counts: its last line must be true, whatever a test program does.

# program NAME LINE...: a program that runs these lines of shell
program() {
    local file=$BATS_TEST_TMPDIR/$1
    shift
    printf '%s\n' '#!/bin/sh' "$@" >"$file"
    chmod +x "$file"
    echo "$file"
}

# expect STATUS LAST-LINE FILE...
expect() {
    local wanted=$1 last=$2
    shift 2
    run "$BATS_TEST_DIRNAME/../run.sh" "$@"
    [ "$status" = "$wanted" ] && [ "${lines[-1]}" = "$last" ]
}

@test "passed and skipped tests are counted, through noise and repeated lines" {
    file=$(program good 'echo 1..3' 'printf noise' 'echo noiseok 1 - one' 'echo ok 1 - one' \
        'echo "not ok 2 # SKIP two"' 'echo ok 3 - three' 'echo 1..1' 'echo ok 1 - of another group')
    expect 0 '3 passed, 0 failed, 1 skipped' "$file"
}

@test "a failed test is shown with all that its program printed" {
    file=$(program bad 'echo 1..2' 'echo ok 1 - one' 'echo not ok 2 - two' 'echo the reason >&2' 'exit 1')
    expect 1 '1 passed, 1 failed' "$file"
    [[ $output == *'the reason'* ]]
}

@test "a program that dies fails with the tests that it did not get to" {
    expect 1 '1 passed, 2 failed' "$(program dies 'echo 1..3' 'echo ok 1 - one' 'kill -SEGV $$')"
    [[ $output == *'died of signal 11'* ]]
}

@test "a program that dies before its first test is one failure" {
    expect 1 '0 passed, 1 failed' "$(program dies 'kill -KILL $$')"
}

@test "a program without a test is a failure" {
    expect 1 '0 passed, 1 failed' "$(program empty 'exit 0')"
    expect 1 '0 passed, 1 failed' "$(program none 'echo 1..0')"
}

@test "an exit status that contradicts the lines is a failure" {
    expect 1 '1 passed, 1 failed' "$(program liar 'echo 1..1' 'echo ok 1 - one' 'exit 3')"
}

@test "a program that hangs is stopped and is a failure" {
    TEST_TIMEOUT=0.5 expect 1 '1 passed, 1 failed' "$(program hangs 'echo 1..1' 'echo ok 1 - one' 'exec sleep 20')"
}

@test "a bats file is a test program too" {
    file=$BATS_TEST_TMPDIR/x.bats
    printf '@%s\n' 'test "one" { true; }' 'test "two" { skip "why"; }' 'test "three" { false; }' >"$file"
    PATH=${PATH//"$BATS_LIBEXEC:"/} # where bats finds its own parts, and where another bats must not begin
    expect 1 '1 passed, 1 failed, 1 skipped' "$file"
}

@test "no file at all is status 2" {
    run "$BATS_TEST_DIRNAME/../run.sh"
    [ "$status" = 2 ]
}
