#!/usr/bin/env python3
"""Runs one case on one of Python's pools, as `poolbench run` does on ours, and prints one JSON object with keys of the
same names: run.py CASE --pool POOL -w WORKERS; run.py --list says which there are."""
import os
import sys

sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))  # this folder is the package `peers`

import argparse
import signal
import time

from peers import pools
from peers.work import Missing, Parameters, Refused, checksum, main

CASES = ("null", "powersum", "primes", "sleep", "http", "thumbnails")
SEED = 20170403  # harness/measure/workload.h


def options():
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("case", nargs="?", metavar="CASE", help=", ".join(CASES))
    parser.add_argument("--pool", default="serial", help="see --list (default serial)")
    parser.add_argument("-w", "--workers", type=int, default=2, help="the pool's size (default 2)")
    parser.add_argument("-N", "--tasks", type=int, default=0, help="number of tasks (default: the case's)")
    parser.add_argument("--chunk", type=int, default=0, help="tasks sent at once (default: the library's choice)")
    parser.add_argument("--param", action="append", default=[], metavar="NAME=VALUE", help="a parameter of the case")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--limit", type=int, default=0, help="seconds after which it is ended by SIGALRM (0: none)")
    parser.add_argument("--list", action="store_true", help="cases and pools, with why one is not available")
    return parser.parse_args()


def prepare(given):
    if given.case not in CASES:
        raise Refused(f"no case {given.case or 'given'}; there are {', '.join(CASES)}")
    if given.workers < 1 or given.tasks < 0 or given.chunk < 0:
        raise Refused("workers are at least 1, tasks and chunk not below 0")
    module = __import__(f"peers.{given.case}", fromlist=["prepare"])
    parameters = Parameters(given.param)
    work = module.prepare(parameters, given.tasks, given.seed)
    parameters.end()
    return work


def measure(given, work):
    """Results and seconds: of starting the pool, the region, stopping it."""
    times = [time.perf_counter()]
    pool = pools.find(given.pool)(given.workers)
    times.append(time.perf_counter())
    try:
        results = pool.map(work.function, work.items, given.chunk)
        times.append(time.perf_counter())
    finally:
        pool.stop()
    times.append(time.perf_counter())
    return results, [end - begin for begin, end in zip(times, times[1:])]


def versions():
    """Of the interpreter, and of what is not its own."""
    names = {"joblib": "joblib", "PIL": "Pillow"}
    return ", ".join([f"Python {sys.version.split()[0]}"] + [
        f"{name} {sys.modules[module].__version__}" for module, name in names.items() if module in sys.modules])


def report(given, work, results, seconds):
    values = work.values(results) if work.values else None
    return {
        "case": given.case, "pool": given.pool, "workers": given.workers, "tasks": len(results), "chunk": given.chunk,
        "versions": versions(), "start_s": seconds[0], "wall_s": seconds[1], "stop_s": seconds[2],
        "checksum": f"0x{checksum(values):016x}" if values is not None else None,
        "result": work.answer(results) if work.answer else None,
    }


def listed():
    print("cases")
    for name in CASES:
        try:
            __import__(f"peers.{name}")
            print(f"  {name}")
        except Missing as error:
            print(f"  {name:24} not available: {error}")
    print("pools")
    for name, (spelled, _) in pools.POOLS.items():
        try:
            pools.look_for(name)
            print(f"  {name:24} {spelled}")
        except Missing as error:
            print(f"  {name:24} not available: {error}")


def program():
    given = options()
    if given.list:
        return listed()
    signal.alarm(max(0, given.limit))
    pools.find(given.pool)
    work = prepare(given)
    results, seconds = measure(given, work)
    return report(given, work, results, seconds)


if __name__ == "__main__":
    sys.exit(main(program))
