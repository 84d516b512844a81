"""The pure wait."""
import functools
import time

from peers.work import Work, hash_mix


def wait(duration, index):
    time.sleep(duration)
    return index


def prepare(parameters, tasks, seed):
    duration = parameters.seconds("duration", "20ms")
    return Work(functools.partial(wait, duration), range(tasks or 100),
                values=lambda indices: [hash_mix(seed, index) for index in indices])
