#!/usr/bin/env python3
"""What one method of one of Python's pools costs and guarantees: methods.py POOL METHOD prints one JSON object:
wall_s of a region of so many empty tasks on a warm pool, in_order (1: results come in the order of items, though the
first ends late), blocks (1: the call returns when the results are there, not before), and memory, the bytes by which
the process's peak grew for each task. methods.py --list says which there are."""
import os
import sys

sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))  # this folder is the package `peers`

import argparse
import functools
import tempfile
import time

from peers import pools
from peers.null import empty
from peers.sleep import wait
from peers.work import Refused, main

# How long a region is to take where no number of tasks is given: one whose time counts, and the one behind it that is
# to need memory.
REGION_S, MEMORY_S = 0.1, 0.4
FEWEST, MOST = 64, 1 << 18
WAIT_S = 0.05  # of one task, where it is tried out whether the call waits
# How long the first task waits for another one where order is tried out, and then, for that one's result to arrive.
OTHER_S, BEHIND_S = 1, 0.05


# By the built-in map, which goes on behind an exception, as a loop over the handles would.
def get_all(handles):
    return map(lambda handle: handle.get(), handles)


def result_all(futures):
    return map(lambda future: future.result(), futures)


def completed(futures):
    from concurrent.futures import as_completed
    return result_all(as_completed(futures))


def keyword(chunk):
    return {"chunksize": chunk} if chunk else {}


# What the call returns, and the results from that, one after the other.
POOL_METHODS = {
    "apply": (lambda p, f, items, chunk: [p.apply(f, (item,)) for item in items], iter),
    "apply_async": (lambda p, f, items, chunk: [p.apply_async(f, (item,)) for item in items], get_all),
    "map": (lambda p, f, items, chunk: p.map(f, items, **keyword(chunk)), iter),
    "map_async": (lambda p, f, items, chunk: p.map_async(f, items, **keyword(chunk)), lambda r: iter(r.get())),
    "starmap": (lambda p, f, items, chunk: p.starmap(f, zip(items), **keyword(chunk)), iter),
    "starmap_async": (lambda p, f, items, chunk: p.starmap_async(f, zip(items), **keyword(chunk)),
                      lambda r: iter(r.get())),
    "imap": (lambda p, f, items, chunk: p.imap(f, items, **keyword(chunk)), iter),
    "imap_unordered": (lambda p, f, items, chunk: p.imap_unordered(f, items, **keyword(chunk)), iter),
}
EXECUTOR_METHODS = {
    "map": (lambda p, f, items, chunk: p.map(f, items, **keyword(chunk)), iter),
    "submit": (lambda p, f, items, chunk: [p.submit(f, item) for item in items], result_all),
    "as_completed": (lambda p, f, items, chunk: [p.submit(f, item) for item in items], completed),
}
CHUNKED = {"map", "map_async", "starmap", "starmap_async", "imap", "imap_unordered", "Parallel"}


def parallel(p, f, items, chunk):
    from joblib import delayed
    p.batch_size = chunk or "auto"
    return p(delayed(f)(item) for item in items)


METHODS = {
    "threading.Thread": {"map": (lambda p, f, items, chunk: p.map(f, items, chunk), iter)},
    "Thread-per-task": {"map": (lambda p, f, items, chunk: p.map(f, items, chunk), iter)},
    "ThreadPool": POOL_METHODS,
    "Pool-fork": POOL_METHODS,
    "Pool-spawn": POOL_METHODS,
    "ThreadPoolExecutor": EXECUTOR_METHODS,
    "ProcessPoolExecutor": EXECUTOR_METHODS,
    "joblib-threading": {"Parallel": (parallel, iter)},
    "joblib-loky": {"Parallel": (parallel, iter)},
    "joblib-multiprocessing": {"Parallel": (parallel, iter)},
}


class Method:
    """A method of a pool, which is started with it and stopped by `with`."""

    def __init__(self, pool, name, workers, chunk):
        self._begin, self._results = METHODS[pool][name]
        self._chunk = chunk
        self._started = pools.find(pool)(workers)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self._started.stop()

    def begin(self, function, items):
        return self._begin(self._started.pool, function, items, self._chunk)

    def results(self, begun):
        return self._results(begun)

    def seconds(self, tasks):
        begin = time.perf_counter()
        came = sum(1 for _ in self.results(self.begin(empty, range(tasks))))
        if came != tasks:
            raise ValueError(f"{came} of {tasks} tasks came back")
        return time.perf_counter() - begin


def cost(method, tasks):
    """Seconds of a region, and its number of tasks: the one given, or as many as take long enough."""
    if tasks:
        return method.seconds(tasks), tasks
    tasks = FEWEST
    while (seconds := method.seconds(tasks)) < REGION_S and tasks < MOST:
        tasks *= 2
    return seconds, tasks


def last(chunk, mark, item):
    """The first chunk ends behind another one, if that comes to run beside it."""
    if item >= chunk:
        open(mark, "w", encoding="ascii").close()
    elif item == 0:
        end = time.monotonic() + OTHER_S
        while not os.path.exists(mark) and time.monotonic() < end:
            time.sleep(0.001)
        time.sleep(BEHIND_S)
    return item


def in_order(method, workers, chunk):
    items = range(2 * workers * chunk)
    with tempfile.TemporaryDirectory(prefix="poolbench-peers-") as folder:
        function = functools.partial(last, chunk, os.path.join(folder, "mark"))
        return int(list(method.results(method.begin(function, items))) == list(items))


def blocks(method):
    begin = time.perf_counter()
    begun = method.begin(functools.partial(wait, WAIT_S), [0])
    seconds = time.perf_counter() - begin
    for _ in method.results(begun):
        pass
    return int(seconds >= WAIT_S)


def peak():
    """Of this process, in bytes. What getrusage tells may be its parent's."""
    with open("/proc/self/status", encoding="ascii") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM:"))


def options():
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("pool", nargs="?", metavar="POOL", help=", ".join(METHODS))
    parser.add_argument("method", nargs="?", metavar="METHOD", help="of that pool")
    parser.add_argument("-w", "--workers", type=int, default=2, help="the pool's size (default 2)")
    parser.add_argument("-N", "--tasks", type=int, default=0, help="only the time of a region of so many tasks")
    parser.add_argument("--chunk", type=int, default=0, help="tasks sent at once (default: the library's choice)")
    parser.add_argument("--list", action="store_true", help="pools and their methods")
    return parser.parse_args()


def check(given):
    """Refuses what cannot be; a library that is missing, too."""
    pools.find(given.pool)
    methods = METHODS.get(given.pool, {})
    if given.method not in methods:
        raise Refused(f"{given.pool} has no method {given.method}; it has {', '.join(methods) or 'none'}")
    if given.workers < 1 or given.tasks < 0 or given.chunk < 0:
        raise Refused("workers are at least 1, tasks and chunk not below 0")
    if given.chunk and given.method not in CHUNKED:
        raise Refused(f"{given.pool}.{given.method} has no chunks; leave --chunk out")
    pools.look_for(given.pool)


def memory(method, tasks, before):
    """Bytes a task."""
    method.seconds(tasks)
    return (peak() - before) / tasks


def measure(given):
    check(given)
    with Method(given.pool, given.method, given.workers, given.chunk) as method:
        before = peak()
        seconds, tasks = cost(method, given.tasks)
        found = {"pool": given.pool, "method": given.method, "workers": given.workers, "chunk": given.chunk,
                 "tasks": tasks, "wall_s": seconds}
        if not given.tasks:
            many = min(MOST, int(tasks * max(1, MEMORY_S / seconds)))
            found.update(memory=memory(method, many, before), blocks=blocks(method),
                         in_order=in_order(method, given.workers, given.chunk or 1))
    return found


def program():
    given = options()
    if given.list:
        for pool, methods in METHODS.items():
            print(f"{pool:24} {' '.join(methods)}")
        return None
    return measure(given)


if __name__ == "__main__":
    sys.exit(main(program))
