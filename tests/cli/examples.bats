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
    [ "$status" = 0 ] && [ -z "$output" ]
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
    [ "$status" = 1 ] && [ -z "$output" ] && [ "${stderr_lines[0]}" = main ] && [ "${#stderr_lines[@]}" = 2 ]
    [[ ${stderr_lines[1]} == *'call pool_worker_main(argc, argv) first in main'* ]]
}

@test "the README shows the program as it is" {
    section | sed -n '/^```c/,/^```$/p' | sed '1d;$d' >shown
    sed '1,/\*\//d' "$top/examples/map.c" >program
    diff shown program
}
