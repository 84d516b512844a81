"""Python's pools, each by the name that Python gives it and, where one name stands for several, how it is started.

A pool is made with its number of workers, is warm when it is made (each worker has run an empty task), and has
map(function, items, chunk) -> list of results in the order of items; chunk 0 is the library's default. Libraries are
imported where they are used, so that a run pays only for its own."""
from peers.guard import guard_started_anew
from peers.null import empty
from peers.work import Missing, Refused


def _chunks(items, chunk):
    items = list(items)
    return [(begin, items[begin:begin + chunk]) for begin in range(0, len(items), chunk)]


class Serial:
    def __init__(self, workers):
        pass

    def map(self, function, items, chunk=0):
        return [function(item) for item in items]

    def stop(self):
        pass


class Threads:
    """Workers made by hand: they take chunks from a queue until there is None, and fill in the results. The first
    exception is raised when all is done, as pools do."""

    def __init__(self, workers):
        import queue
        import threading
        self.pool = self
        self._tasks, self._results, self._errors = queue.Queue(), [], []
        self._threads = [threading.Thread(target=self._work) for _ in range(workers)]
        for thread in self._threads:
            thread.start()

    def _work(self):
        for function, begin, items in iter(self._tasks.get, None):
            try:
                for index, item in enumerate(items, begin):
                    self._results[index] = function(item)
            except Exception as error:
                self._errors.append(error)
            finally:
                self._tasks.task_done()

    def map(self, function, items, chunk=0):
        pieces = _chunks(items, chunk or 1)
        self._results = [None] * sum(len(items) for begin, items in pieces)
        for begin, items in pieces:
            self._tasks.put((function, begin, items))
        self._tasks.join()
        if self._errors:
            raise self._errors.pop(0)
        return self._results

    def stop(self):
        for _ in self._threads:
            self._tasks.put(None)
        for thread in self._threads:
            thread.join()


class ThreadPerTask:
    """At most so many at once."""

    def __init__(self, workers):
        import threading
        self.pool = self
        self._thread, self._free = threading.Thread, threading.BoundedSemaphore(workers)

    def _run(self, function, begin, items, results, errors):
        try:
            for index, item in enumerate(items, begin):
                results[index] = function(item)
        except Exception as error:
            errors.append(error)
        finally:
            self._free.release()

    def map(self, function, items, chunk=0):
        pieces, threads, errors = _chunks(items, chunk or 1), [], []
        results = [None] * sum(len(items) for begin, items in pieces)
        for begin, items in pieces:
            self._free.acquire()
            threads.append(self._thread(target=self._run, args=(function, begin, items, results, errors)))
            threads[-1].start()
        for thread in threads:
            thread.join()
        if errors:
            raise errors[0]
        return results

    def stop(self):
        pass


class Multiprocessing:
    def __init__(self, make, workers):
        self.pool = make(workers)
        self.pool.map(empty, range(4 * workers), chunksize=1)

    def map(self, function, items, chunk=0):
        return self.pool.map(function, items, chunksize=chunk or None)

    def stop(self):
        self.pool.close()
        self.pool.join()


class Executor:
    def __init__(self, make, workers):
        self.pool = make(workers)
        list(self.pool.map(empty, range(4 * workers)))

    def map(self, function, items, chunk=0):
        return list(self.pool.map(function, items, chunksize=chunk or 1))

    def stop(self):
        self.pool.shutdown()


class Joblib:
    def __init__(self, backend, workers):
        self._joblib = _joblib()
        self._backend = backend
        self.pool = self._parallel(workers, "auto").__enter__()
        self.map(empty, range(4 * workers))

    def _parallel(self, workers, batch):
        return self._joblib.Parallel(n_jobs=workers, backend=self._backend, batch_size=batch)

    def map(self, function, items, chunk=0):
        self.pool.batch_size = chunk or "auto"
        return self.pool(self._joblib.delayed(function)(item) for item in items)

    def stop(self):
        self.pool.__exit__(None, None, None)
        if self._backend == "loky":  # joblib keeps its processes for the next Parallel
            from joblib.externals.loky import get_reusable_executor
            get_reusable_executor().shutdown(wait=True)


def _joblib():
    try:
        import joblib
    except ImportError:
        raise Missing("joblib is not installed (apt-get install python3-joblib)")
    return joblib


def _thread_pool(workers):
    from multiprocessing.pool import ThreadPool
    return Multiprocessing(ThreadPool, workers)


def _fork_pool(workers):
    import multiprocessing
    return Multiprocessing(multiprocessing.get_context("fork").Pool, workers)


def _spawn_pool(workers):
    import multiprocessing
    context = multiprocessing.get_context("spawn")
    return Multiprocessing(lambda n: context.Pool(n, initializer=guard_started_anew), workers)


def _thread_executor(workers):
    from concurrent.futures import ThreadPoolExecutor
    return Executor(ThreadPoolExecutor, workers)


def _process_executor(workers):
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor
    context = multiprocessing.get_context("fork")
    return Executor(lambda n: ProcessPoolExecutor(n, mp_context=context), workers)


def _parallel(backend):
    return lambda workers: Joblib(backend, workers)


# name: how Python spells it, what makes it
POOLS = {
    "serial": ("[function(item) for item in items]", Serial),
    "threading.Thread": ("threading.Thread workers on a queue.Queue", Threads),
    "Thread-per-task": ("a threading.Thread a task, at most so many at once", ThreadPerTask),
    "ThreadPool": ("multiprocessing.pool.ThreadPool(workers).map", _thread_pool),
    "Pool-fork": ('multiprocessing.get_context("fork").Pool(workers).map', _fork_pool),
    "Pool-spawn": ('multiprocessing.get_context("spawn").Pool(workers).map', _spawn_pool),
    "ThreadPoolExecutor": ("concurrent.futures.ThreadPoolExecutor(workers).map", _thread_executor),
    "ProcessPoolExecutor": ("concurrent.futures.ProcessPoolExecutor(workers).map, fork", _process_executor),
    "joblib-threading": ('joblib.Parallel(workers, backend="threading")', _parallel("threading")),
    "joblib-loky": ('joblib.Parallel(workers, backend="loky")', _parallel("loky")),
    "joblib-multiprocessing": ('joblib.Parallel(workers, backend="multiprocessing")', _parallel("multiprocessing")),
}


def look_for(name):
    """Raises Missing where its library is not installed."""
    if name.startswith("joblib"):
        _joblib()


def find(name):
    if name not in POOLS:
        raise Refused(f"no pool {name}; there are {', '.join(POOLS)}")
    return POOLS[name][1]
