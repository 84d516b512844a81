"""No worker process of ours outlives the one that started it, however that one ended.

Pools of the standard library leave workers behind when their owner is killed, some of them for ever. So each worker
process looks from time to time whether its parent is still there. The package imports this module: before pools fork,
and again in workers that are started anew, which need the package for the function that they call.

The first process of a script, which a survey may have started through others, ends with the process whose id is in
POOLBENCH_GUARD."""
import os
import select
import sys
import threading
import time

LOOK_S = 0.2
_own = os.getpid()


def _watch(parent):
    while os.getppid() == parent:
        time.sleep(LOOK_S)
    os._exit(1)


def _guard(parent):
    threading.Thread(target=_watch, args=(parent,), daemon=True).start()


def _watch_over_all(process):
    """Waits at no cost, since this interpreter is what is measured."""
    try:
        watch = os.pidfd_open(process)
        select.select([watch], [], [])
    except ProcessLookupError:
        pass
    os._exit(1)


def _guard_first():
    process = os.environ.get("POOLBENCH_GUARD")
    if process:
        threading.Thread(target=_watch_over_all, args=(int(process),), daemon=True).start()


def _after_fork():
    global _own
    parent, _own = _own, os.getpid()
    _guard(parent)


def guard_started_anew():
    """In a worker that was not forked: an initializer for pools that import this before they know their parent."""
    _guard(sys.modules["multiprocessing"].parent_process().pid)


os.register_at_fork(after_in_child=_after_fork)
if "multiprocessing" in sys.modules and sys.modules["multiprocessing"].parent_process() is not None:
    guard_started_anew()
else:
    _guard_first()
