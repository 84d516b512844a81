# The programs of examples/, built and run by the commands that README.md shows.

load common
setup() { common_setup; }
teardown() { common_teardown; }

# The README's section, without its markers.
section() {
    sed -n '/^## As a library/,/^## Cases/p' "$top/README.md"
}

# Beside links to the tree, so that paths are those of the README and the program stays here.
link_tree() {
    local objects
    objects=$(dirname "$POOLBENCH")
    [[ $(basename "$objects") != *-* ]] || skip 'the commands are not for objects with a sanitizer'
    mkdir build
    ln -s "$objects" build/gcc
    ln -s "$top/harness" "$top/examples" .
}

@test "map squares numbers, built by the commands of the README" {
    link_tree
    command=$(section | grep '^gcc ')
    run bash -c "$command"
    [ "$status" = 0 ]
    [ -z "$output" ]
    said=$(section | sed -n 's/^\.\/map *# //p')
    run --separate-stderr env "$mark" ./map
    [ "$status" = 0 ] && [ "$output" = "$said" ] && [ "$output" = '1 and so on to 998001' ] && [ -z "$stderr" ]
}

@test "map works the same with processes" {
    link_tree
    sed 's/pool_threads/pool_processes/g' examples/map.c >map_processes.c
    run bash -c "$(section | grep '^gcc ' | sed 's|examples/map.c|map_processes.c|')"
    [ "$status" = 0 ]
    run --separate-stderr env "$mark" ./map
    [ "$status" = 0 ] && [ "$output" = '1 and so on to 998001' ]
}

# built FILE: a program of one's own, made as the README says
built() {
    run bash -c "$(section | grep '^gcc ' | sed "s|examples/map.c|$1|")"
    [ "$status" = 0 ] && [ -z "$output" ]
}

@test "map works the same with processes that are started anew, where main says so first" {
    link_tree
    sed 's/pool_threads/pool_spawn/g; s/main(void)/main(int argc, char **argv)/
        s/^    uint64_t squares.*/    pool_worker_main(argc, argv);\n&/' examples/map.c >map_spawn.c
    built map_spawn.c
    run --separate-stderr env "$mark" ./map
    [ "$status" = 0 ] && [ "$output" = '1 and so on to 998001' ] && [ -z "$stderr" ]
}

@test "where main does not, spawn is refused with that advice and starts nothing" {
    link_tree
    sed 's/pool_threads/pool_spawn/g; s/    uint64_t squares.*/    fputs("main\\n", stderr);\n&/' examples/map.c >map_spawn.c
    built map_spawn.c
    run --separate-stderr env "$mark" ./map
    [ "$status" = 1 ]
    [ -z "$output" ]
    [ "${stderr_lines[0]}" = main ]
    [ "${#stderr_lines[@]}" = 2 ]
    [[ ${stderr_lines[1]} == *'call pool_worker_main(argc, argv) first in main'* ]]
}

@test "the README shows the program as it is" {
    section | sed -n '/^```c/,/^```$/p' | sed '1d;$d' >shown
    sed '1,/\*\//d' "$top/examples/map.c" >program
    diff shown program
}

# ---- a case of one's own ----

# The command in the example's first comment, without what runs it; plugin.so stays here.
built_plugin() {
    ln -sfn "$top/cases" cases
    ln -sfn "$top/harness" harness
    mkdir -p examples
    cp "${1:-$top/examples/plugin.c}" examples/plugin.c
    command=$(sed -n 's/^ \* *\(gcc .*\) && .*/\1/p' "$top/examples/plugin.c")
    [[ $command == gcc* ]]
    run bash -c "$command -Wall"
    echo "$output"
    [ "$status" = 0 ] && [ -z "$output" ]
}

@test "a plug-in of at most 25 lines is built by the one command that it shows" {
    [ "$(wc -l <"$top/examples/plugin.c")" -le 25 ]
    built_plugin
    [ -s plugin.so ]
}

@test "a plug-in runs, is swept, tuned and listed by its path" {
    built_plugin
    poolbench run ./plugin.so -b threads -n 2 -N 50 --json >run.json
    json run.json 'd["case"] == "plugin" and d["ok"] == 50 and d["errors"] == 0'
    poolbench sweep plugin.so -b threads -n 2 -N 50 --blocks 6 --whole 2 -o x.json >sweep.out 2>sweep.err
    "$top/tests/schema-check" x.json
    json x.json 'd["case"] == "plugin" and not any(r["exit_code"] for r in d["runs"]) and len(d["runs"]) == 12'
    poolbench tune ./plugin.so -N 50 --max 4 --blocks 3 --json >tune.json 2>err
    json tune.json 'd["line"] == f"""poolbench run ./plugin.so -b threads -n {d["recommended"]} -N 50"""'
    poolbench list ./plugin.so | grep -q '^plugin (cpu): primes, counted$'
}

@test "a plug-in works with every kind of process, those that load it anew too" {
    built_plugin
    poolbench run ./plugin.so -b serial -N 40 --json >serial.json
    for backend in processes spawn hybrid process-per-task; do
        poolbench run ./plugin.so -b $backend -n 2 -N 40 --json >run.json
        [ "$(fields run.json checksum ok)" = "$(fields serial.json checksum ok)" ]
    done
    poolbench tune ./plugin.so -b spawn -N 40 --max 2 --blocks 2 --json >tune.json 2>err
    json tune.json 'd["recommended"] in (1, 2) and d["backend"] == "spawn"'
}

@test "a plug-in that does not fit is refused with one line" {
    refused 2 'poolbench run: ./none.so: No such file or directory; *' run ./none.so
    echo 'no object' >text.so
    refused 2 'poolbench run: ./text.so cannot be loaded: *' run ./text.so
    refused 2 'poolbench tune: / cannot be loaded: *' tune /
    built_plugin
    cp plugin.so good.so
    sed '/^BENCH_PLUGIN/d' "$top/examples/plugin.c" >bad.c && built_plugin bad.c
    refused 2 'poolbench run: ./plugin.so is no plug-in: it has no symbol bench_plugin; *' run ./plugin.so
    sed '$d' "$top/examples/plugin.c" >bad.c
    echo 'extern const struct bench_plugin bench_plugin;
const struct bench_plugin bench_plugin = {99, sizeof(struct bench_case), &case_plugin};' >>bad.c
    built_plugin bad.c
    refused 2 'poolbench run: ./plugin.so was built for version 99 of cases/case.h, and this program has *' \
        run ./plugin.so
    sed -i 's/99, sizeof(struct bench_case)/BENCH_PLUGIN_VERSION, 24/' bad.c && built_plugin bad.c
    refused 2 'poolbench run: ./plugin.so has a struct bench_case of 24 bytes, and this program one of *' run ./plugin.so
    sed 's/, .task = count_primes//; s/static int count/int count/' "$top/examples/plugin.c" >bad.c && built_plugin bad.c
    refused 2 'poolbench sweep: ./plugin.so: case plugin has no task function' sweep ./plugin.so
    sed 's/"plugin"/"a name"/' "$top/examples/plugin.c" >bad.c && built_plugin bad.c
    refused 2 "poolbench tune: ./plugin.so: the case's name is not of letters, *" tune ./plugin.so
    sed 's/"primes, counted"/""/' "$top/examples/plugin.c" >bad.c && built_plugin bad.c
    refused 2 'poolbench run: ./plugin.so: case plugin has no summary of one line' run ./plugin.so
    sed 's/^const struct bench_case.*/static const struct param params[] = {{.name = "n", .type = PARAM_COUNT, .value = "many"}, {.name = NULL}};\n&\n    .params = params,/' \
        "$top/examples/plugin.c" >bad.c && built_plugin bad.c
    refused 2 'poolbench run: ./plugin.so: n: its default "many" is not of its type or range' run ./plugin.so
    refused 2 'poolbench run: case plugin: unknown parameter "x"; *list ./good.so*' run ./good.so --param x=1
}
