#!/usr/bin/env python3
"""Times one of Python's pools on empty tasks: `python_pools.py NAME TASKS WORKERS` prints the seconds of a region.

`make bench` runs it once a sample. The pool is warm: its workers have run a task before the clock starts.
Status 3 with one line: the library is not installed.
"""
import concurrent.futures
import multiprocessing
import multiprocessing.dummy
import sys
import time


def empty(index):
    return index


def pool_map(pool, tasks):
    return pool.map(empty, range(tasks), chunksize=1)


def timed(region, tasks, workers):
    region(4 * workers)
    start = time.perf_counter()
    done = sum(1 for _ in region(tasks))
    seconds = time.perf_counter() - start
    if done != tasks:
        sys.exit(f"{done} of {tasks} tasks came back")
    return seconds


def multiprocessing_pool(kind):
    def run(tasks, workers):
        with kind(workers) as pool:
            return timed(lambda n: pool_map(pool, n), tasks, workers)
    return run


def unordered(tasks, workers):
    with multiprocessing.Pool(workers) as pool:
        return timed(lambda n: list(pool.imap_unordered(empty, range(n))), tasks, workers)


def executor(kind):
    def run(tasks, workers):
        with kind(workers) as pool:
            return timed(lambda n: list(pool.map(empty, range(n))), tasks, workers)
    return run


def joblib_backend(backend):
    def run(tasks, workers):
        try:
            import joblib
        except ImportError:
            print("joblib is not installed (apt-get install python3-joblib)")
            sys.exit(3)
        with joblib.Parallel(n_jobs=workers, backend=backend, batch_size=1) as parallel:
            return timed(lambda n: parallel(joblib.delayed(empty)(i) for i in range(n)), tasks, workers)
    return run


POOLS = {
    "ThreadPool.map": multiprocessing_pool(multiprocessing.dummy.Pool),
    "ThreadPoolExecutor": executor(concurrent.futures.ThreadPoolExecutor),
    "Pool.map": multiprocessing_pool(multiprocessing.Pool),
    "Pool.imap_unordered": unordered,
    "ProcessPoolExecutor": executor(concurrent.futures.ProcessPoolExecutor),
    "joblib threading": joblib_backend("threading"),
    "joblib loky": joblib_backend("loky"),
}

if __name__ == "__main__":
    name, tasks, workers = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    print(f"{POOLS[name](tasks, workers):.9g}")
