#!/usr/bin/env python3
"""Times what else makes thumbnails: `thumbnails.py NAME TASKS SIZE QUALITY SEED` prints {"wall_s": seconds} for TASKS of them.

`make bench` runs it once a sample, on the photographs that the case `thumbnails` has made for SEED. One thread; files
to files, in the page cache. All of them decode at a reduced scale and write baseline JPEG of the same quality, with
colour at half the resolution (4:2:0), libjpeg's own Huffman tables and no metadata but what libjpeg writes.

Pillow makes a first pass over some files before the clock starts. vipsthumbnail is a program: what it takes for one
file, which is nearly all start, is taken off. Status 4 with one line on stderr: it is not installed.
"""
import os
import shutil
import subprocess
import sys
import tempfile
import time

WARM_UP = 20


def photographs(seed, count):
    cache = os.environ.get("XDG_CACHE_HOME", "")
    base = cache if cache.startswith("/") else os.path.join(os.environ["HOME"], ".cache")
    folder = os.path.join(base, "poolbench", f"photographs-v1-{seed}")
    return [os.path.join(folder, name) for name in sorted(os.listdir(folder))[:count]]


def not_installed(what, package):
    print(f"{what} is not installed (apt-get install {package})", file=sys.stderr)
    sys.exit(4)


def seconds_of(work):
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def pillow(files, size, quality, output):
    try:
        from PIL import Image
    except ImportError:
        not_installed("Pillow", "python3-pil")

    def work(some):
        for file in some:
            with Image.open(file) as image:
                image.thumbnail((size, size))
                image.save(os.path.join(output, os.path.basename(file)), quality=quality)

    work(files[:WARM_UP])
    return seconds_of(lambda: work(files))


def vipsthumbnail(files, size, quality, output):
    if not shutil.which("vipsthumbnail"):
        not_installed("vipsthumbnail", "libvips-tools")
    command = ["vipsthumbnail", "--size", f"{size}x{size}", "--output", f"{output}/%s.jpg[Q={quality},strip]"]
    environment = dict(os.environ, VIPS_CONCURRENCY="1")

    def work(some):
        subprocess.run(command + some, env=environment, check=True)

    start = seconds_of(lambda: work(files[:1]))
    whole = seconds_of(lambda: work(files))
    return (whole - start) * len(files) / (len(files) - 1)


PEERS = {"Pillow": pillow, "vipsthumbnail": vipsthumbnail}

if __name__ == "__main__":
    peer, tasks, size, quality, seed = sys.argv[1], *map(int, sys.argv[2:])
    files = photographs(seed, tasks)
    with tempfile.TemporaryDirectory() as output:
        seconds = PEERS[peer](files, size, quality, output)
        made = len(os.listdir(output))
    if made != tasks:
        sys.exit(f"{made} of {tasks} thumbnails were made")
    print(f'{{"wall_s": {seconds:.9g}}}')
