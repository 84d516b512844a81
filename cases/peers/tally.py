"""Tasks counted by themselves, whatever process runs them: a module, so that what is sent to a worker is its name."""
import functools
import os


class Tally:
    """A file in memory, to which each task appends a byte."""

    def __init__(self):
        self._file = os.memfd_create("poolbench-tally")
        self.path = f"/proc/{os.getpid()}/fd/{self._file}"

    def count(self):
        return os.fstat(self._file).st_size


@functools.lru_cache(maxsize=1)
def _opened(path):
    return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)


def add(path):
    os.write(_opened(path), b".")
