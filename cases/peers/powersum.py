"""Exact sum of i + i² + i³ for i < n, a range a task."""
import functools

from peers.work import MASK, Work, hash_mix


def add_up(repeat, limits):
    total = 0
    for _ in range(repeat):
        for i in range(*limits):
            total += i + i * i + i * i * i
    return total


def ranges(n, tasks):
    """The first n % tasks are longer by one."""
    length, longer = divmod(n, tasks)
    begins = [index * length + min(index, longer) for index in range(tasks + 1)]
    return list(zip(begins, begins[1:]))


def prepare(parameters, tasks, seed):
    n, repeat = parameters.count("n", "500M"), parameters.count("repeat", "1")
    return Work(functools.partial(add_up, repeat), ranges(n, tasks or 100),
                values=lambda sums: [hash_mix(total >> 64, total & MASK) for total in sums],
                answer=lambda sums: str(sum(sums)))
