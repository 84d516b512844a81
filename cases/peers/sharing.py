#!/usr/bin/env python3
"""What tutorials say of sharing in Python, tried: sharing.py WHAT prints one JSON object. WHAT is

  daemon       share: the part that a daemon thread gets of the counting that it and an ordinary thread do side by side
  value        lost: updates lost per million where two processes do `Value += 1`, though the Value has a lock
  value-lock   lost: the same `with value.get_lock()`
  value-pool   works: 1 where a Value can be an argument of Pool.map"""
import os
import sys

sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))  # this folder is the package `peers`

import argparse
import multiprocessing
import threading
import time

from peers import guard  # noqa: F401: no child of ours outlives us
from peers.work import main

SECONDS = 0.3
UPDATES = 100000


def daemon():
    counts, end = [0, 0], time.perf_counter() + SECONDS

    def count(which):
        while time.perf_counter() < end:
            counts[which] += 1

    threads = [threading.Thread(target=count, args=(which,), daemon=which == 0) for which in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return {"share": counts[0] / sum(counts)}


def add(value, lock):
    for _ in range(UPDATES):
        if lock:
            with value.get_lock():
                value.value += 1
        else:
            value.value += 1


def value(lock):
    context = multiprocessing.get_context("fork")
    shared = context.Value("i", 0)
    workers = [context.Process(target=add, args=(shared, lock)) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return {"lost": (2 * UPDATES - shared.value) / (2 * UPDATES) * 1e6}


def read(shared):
    return shared.value


def value_pool():
    context = multiprocessing.get_context("fork")
    with context.Pool(2) as pool:
        try:
            pool.map(read, [context.Value("i", 7)])
        except RuntimeError as error:
            return {"works": 0, "note": str(error)}
    return {"works": 1}


def program():
    tries = {"daemon": daemon, "value": lambda: value(False), "value-lock": lambda: value(True), "value-pool": value_pool}
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", metavar="WHAT", choices=tries, help="one of " + ", ".join(tries))
    return tries[parser.parse_args().what]()


if __name__ == "__main__":
    sys.exit(main(program))
