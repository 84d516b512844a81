#!/usr/bin/env python3
"""From which task grain on one of Python's pools wins: breakeven.py POOL -w WORKERS prints one JSON object with
breakeven_s, the seconds of a task in a serial loop at which a warm pool takes as long as that loop; null where it does not
win with the longest tasks tried. A task counts, so that it holds the interpreter lock."""
import os
import sys

sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))  # this folder is the package `peers`

import argparse
import math
import statistics
import time

from peers import pools
from peers.work import Refused, main

SHORTEST, LONGEST = 1e-6, 0.02  # seconds a task
REGION_S = 0.03                 # of the serial loop
TASKS_MAX = 4000
PAIRS = 3
CLEARLY = 1.1                   # the speedup with the longest tasks below which there is no gain to look for
CLOSE = 1.3                     # the search ends when its bounds are within this factor


def count(turns):
    for _ in range(turns):
        pass


def turns_a_second():
    fastest = 0.0
    for _ in range(5):
        begin = time.perf_counter()
        count(100000)
        fastest = max(fastest, 100000 / (time.perf_counter() - begin))
    return fastest


def timed(pool, items, chunk):
    begin = time.perf_counter()
    pool.map(count, items, chunk)
    return time.perf_counter() - begin


def pair(pool, grain, rate, chunk, workers):
    """Speedup of the pool, median of pairs, and the seconds of a task as the loop has taken them."""
    tasks = int(min(TASKS_MAX, max(4 * workers, REGION_S / grain)))
    items, loop = [max(1, round(grain * rate))] * tasks, pools.find("serial")(1)
    times = [(timed(loop, items, 0), timed(pool, items, chunk)) for _ in range(PAIRS)]
    return statistics.median(a / b for a, b in times), statistics.median(a for a, b in times) / tasks


def search(pool, chunk, workers):
    rate, low, high = turns_a_second(), SHORTEST, LONGEST
    speedup, grain = pair(pool, high, rate, chunk, workers)
    if speedup < CLEARLY:  # about 1 under the interpreter lock: noise would cross it anywhere
        return None
    lost, won = low, grain  # as measured
    while high / low > CLOSE:
        middle = math.sqrt(low * high)
        speedup, grain = pair(pool, middle, rate, chunk, workers)
        if speedup > 1:
            high, won = middle, grain
        else:
            low, lost = middle, grain
    return math.sqrt(lost * won)


def program():
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("pool", metavar="POOL", help="see run.py --list")
    parser.add_argument("-w", "--workers", type=int, default=2, help="the pool's size (default 2)")
    parser.add_argument("--chunk", type=int, default=1, help="tasks sent at once; 0: the library's choice (default 1)")
    given = parser.parse_args()
    if given.workers < 1 or given.chunk < 0:
        raise Refused("workers are at least 1, the chunk not below 0")
    pool = pools.find(given.pool)(given.workers)
    try:
        crossing = search(pool, given.chunk, given.workers)
    finally:
        pool.stop()
    return {"pool": given.pool, "workers": given.workers, "chunk": given.chunk, "longest_s": LONGEST,
            "breakeven_s": crossing}


if __name__ == "__main__":
    sys.exit(main(program))
