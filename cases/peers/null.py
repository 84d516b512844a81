"""The empty task."""
from peers.work import Work


def empty(index):
    return index


def prepare(parameters, tasks, seed):
    return Work(empty, range(tasks or 1000000), values=list)
