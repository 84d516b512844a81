# A folder of photographs with three corrupt files in it: all the others are done, the three are named.

load common
teardown() { common_teardown; }

setup() {
    common_setup
    poolbench list --json >list.json
    json list.json '[e["available"] for e in d["cases"] if e["name"] == "thumbnails"] == [True]' ||
        skip 'thumbnails was not built'
    poolbench run thumbnails -N 12 >made 2>&1
    photographs=$(echo "$XDG_CACHE_HOME"/poolbench/photographs-*)
}

# corrupt FOLDER: the photographs, with three corrupt files
corrupt() {
    mkdir "$1"
    cp "$photographs"/* "$1"
    local first
    first=$(find "$1" -type f | sort | head -n 1)
    head -c "$(($(stat -c %s "$first") * 2 / 3))" "$first" >"$1/m-truncated.jpg"
    : >"$1/empty.jpg"
    echo 'no picture' >"$1/text.jpg"
}

@test "three corrupt files are three named errors and cost no other, on every backend" {
    corrupt input
    for backend in serial queue threads processes; do
        workers=$([ $backend = serial ] && echo 1 || echo 2)
        run --separate-stderr poolbench run thumbnails --param input=input --param "output=out-$backend" \
            -b $backend -n "$workers" --json
        [ "$status" = 1 ]
        echo "$output" >run.json
        json run.json '(d["tasks"], d["ok"], d["errors"], d["lost"]) == (15, 12, 3, 0)'
        json run.json '{f["name"] for f in d["failures"]} == {"m-truncated.jpg", "empty.jpg", "text.jpg"}'
        json run.json 'all(f["name"] in f["cause"] and len(f["cause"]) > len(f["name"]) + 5 for f in d["failures"])'
        json run.json 'd["result"] == "12 thumbnails, 3 failed"'
        fields run.json checksum >>checksums
        for name in m-truncated.jpg empty.jpg text.jpg; do
            [ "$(grep -c "$name" <<<"$stderr")" = 1 ]
            [ ! -e "out-$backend/$name" ]
        done
        [ "$(ls -A "out-$backend" | wc -l)" = 12 ]
        diff -r out-serial "out-$backend"
    done
    [ "$(sort -u checksums | wc -l)" = 1 ]
}

@test "without the corrupt files the same thumbnails come out with status 0" {
    corrupt input
    run poolbench run thumbnails --param input=input --param output=some -b processes -n 2
    [ "$status" = 1 ]
    poolbench run thumbnails --param "input=$photographs" --param output=all -b threads -n 2
    diff -r some all
}

@test "a full disk is each thumbnail's error and leaves no half of one" {
    mount_folder full size=12k
    run --separate-stderr poolbench run thumbnails --param "input=$photographs" --param "output=$folder" \
        -b processes -n 2 --json
    [ "$status" = 1 ]
    echo "$output" >run.json
    json run.json 'd["ok"] > 0 and d["errors"] > 0 and d["lost"] == 0'
    json run.json 'all("No space left on device" in f["cause"] for f in d["failures"])'
    [ "$(ls -A "$folder" | wc -l)" = "$(fields run.json ok)" ]
    for file in "$folder"/*; do
        [ "$(tail -c 2 "$file" | od -An -tx1 | tr -d ' ')" = ffd9 ] # the end of a JPEG
    done
}
