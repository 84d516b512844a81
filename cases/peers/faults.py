#!/usr/bin/env python3
"""What becomes of a region when something goes wrong in it: faults.py POOL METHOD FAULT prints one JSON object. FAULT is
`kill` (the task in the middle sends SIGKILL to its own process) or `fail` (it raises an exception). results is how many
came to the caller, ran how many tasks have begun, by their own count, hang is 1 where it was still waiting at the time limit, seconds when it ended, and note its own words."""
import os
import sys

sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))  # this folder is the package `peers`

import argparse
import functools
import mmap
import select
import signal
import struct
import time

from peers.methods import Method, check
from peers.tally import Tally, add
from peers.work import main

TASK_S = 0.001


def task(fault, middle, tally, index):
    add(tally)
    time.sleep(TASK_S)
    if index == middle:
        if fault == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        raise ValueError(f"task {index} fails")
    return index


class Told:
    """What the process that has the pool tells, in memory that stays when it is killed: how many results came, when the
    region began and ended (0: not yet), and a note."""

    LAYOUT = struct.Struct("qdd160s")

    def __init__(self):
        self._memory = mmap.mmap(-1, self.LAYOUT.size)

    def read(self):
        results, begin, end, note = self.LAYOUT.unpack(self._memory)
        return results, begin, end, note.rstrip(b"\0").decode(errors="replace")

    def tell(self, **news):
        results, begin, end, note = self.read()
        new = {"results": results, "begin": begin, "end": end, "note": note, **news}
        note = " ".join(new["note"].split()).encode()[:160]
        self._memory[:] = self.LAYOUT.pack(new["results"], new["begin"], new["end"], note)


def collect(results, told, tasks):
    """One by one. An exception is passed over where the method goes on behind it."""
    came = errors = 0
    while came + errors <= tasks:
        try:
            next(results)
        except StopIteration:
            return
        except Exception as error:
            errors += 1
            if errors == 1:
                told.tell(note=f"{type(error).__name__}: {error}")
            continue
        came += 1
        told.tell(results=came)


def region(given, told, tally):
    function = functools.partial(task, given.fault, given.tasks // 2, tally)
    with Method(given.pool, given.method, given.workers, given.chunk) as method:
        told.tell(begin=time.monotonic())
        try:
            collect(method.results(method.begin(function, range(given.tasks))), told, given.tasks)
        except Exception as error:  # of the call itself
            told.tell(note=f"{type(error).__name__}: {error}")
        told.tell(end=time.monotonic())


def become(given, told, tally):
    """The process that has the pool. It says no more than what it tells."""
    os.setpgid(0, 0)
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in range(3):
        os.dup2(null, descriptor)
    try:
        region(given, told, tally)
    except BaseException as error:
        told.tell(note=f"{type(error).__name__}: {error}")
        os._exit(1)
    os._exit(0)


def watch(given):
    """Runs the region in a process of its own, which is killed at the limit with all that it has started."""
    told, tally = Told(), Tally()
    pid = os.fork()
    if pid == 0:
        become(given, told, tally.path)
    ended, _, _ = select.select([os.pidfd_open(pid)], [], [], given.limit)
    now = time.monotonic()
    for group in (os.killpg, os.kill):
        try:
            group(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    _, status = os.waitpid(pid, 0)
    return told.read(), tally.count(), not ended, status, now


def outcome(given):
    (results, begin, end, note), ran, hang, status, now = watch(given)
    if begin == 0:
        raise RuntimeError(note or "the pool has not started within the limit")
    if hang:
        note = " ".join(filter(None, [note, "(stopping the pool hangs)" if end else "(waiting for results hangs)"]))
    elif os.WIFSIGNALED(status):
        note = "the whole process was killed: its workers are threads"
    return {"pool": given.pool, "method": given.method, "fault": given.fault, "workers": given.workers,
            "tasks": given.tasks, "results": results, "ran": ran, "hang": int(hang), "seconds": (end or now) - begin, "note": note}


def program():
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("pool", metavar="POOL", help="see methods.py --list")
    parser.add_argument("method", metavar="METHOD", help="of that pool")
    parser.add_argument("fault", choices=("kill", "fail"), metavar="FAULT", help="kill or fail")
    parser.add_argument("-w", "--workers", type=int, default=2, help="the pool's size (default 2)")
    parser.add_argument("-N", "--tasks", type=int, default=1000, help="how many, of 1 ms (default 1000)")
    parser.add_argument("--chunk", type=int, default=0, help="tasks sent at once (default: the library's choice)")
    parser.add_argument("--limit", type=float, default=5, help="seconds after which it hangs (default 5)")
    given = parser.parse_args()
    check(given)
    return outcome(given)


if __name__ == "__main__":
    sys.exit(main(program))
