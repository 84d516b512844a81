"""No process of ours outlives the one that started it, however that one ended.

Pools of the standard library leave workers behind when their owner is killed, some of them for ever. So each worker
process looks from time to time whether its parent is still there. The package imports this module: before pools fork,
and again in workers that are started anew, which need the package for the function that they call."""
import os
import sys
import threading
import time

LOOK_S = 0.2


def _watch(parent):
    while os.getppid() == parent:
        time.sleep(LOOK_S)
    os._exit(1)


def _guard():
    threading.Thread(target=_watch, args=(os.getppid(),), daemon=True).start()


os.register_at_fork(after_in_child=_guard)
if "multiprocessing" in sys.modules and sys.modules["multiprocessing"].parent_process() is not None:
    _guard()
