"""What a case is here: one function, and the items that it is called with, one a task.

A case is one file of this folder with a function `prepare(parameters, tasks, seed)` that returns Work, or raises Refused.
It has the name, the parameters, the defaults and the results of the case in C of the same name (../NAME.c)."""
import json
import sys

MASK = (1 << 64) - 1
NOT_HERE = 4  # the status of what needs something that is not installed


class Refused(Exception):
    """What was asked for cannot be; one line that says what to do."""


class Missing(Exception):
    """Something is not installed; the line names the package."""


class Work:
    """function(item) is a task, a function of a module, so that it can be sent to another process. values(results) are
    the tasks' 64-bit values as in C, or None where they cannot be the same; answer(results) is the result as text,
    and what C's `result` has as well."""

    def __init__(self, function, items, values=None, answer=None):
        self.function, self.items = function, items
        self.values, self.answer = values, answer


class Parameters:
    """NAME=VALUE texts by name; what no case has asked for by then is refused."""

    def __init__(self, pairs):
        self._given = {}
        for pair in pairs:
            name, equals, value = pair.partition("=")
            if not (name and equals):
                raise Refused(f"--param {pair}: not NAME=VALUE")
            self._given[name] = value

    def given(self, name):
        return name in self._given

    def text(self, name, default=None):
        return self._given.pop(name, default)

    def count(self, name, default):
        return _number(name, self.text(name, default), {"": 1, "k": 10**3, "M": 10**6, "G": 10**9}, int)

    def seconds(self, name, default):
        return _number(name, self.text(name, default), {"": 1, "s": 1, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}, float)

    def end(self):
        if self._given:
            raise Refused(f"--param {next(iter(self._given))}: the case has no such parameter")


def _number(name, text, units, kind):
    digits = text.rstrip("kMGsmun")
    try:
        return kind(digits) * units[text[len(digits):]]
    except (KeyError, ValueError):
        raise Refused(f"--param {name}={text}: give a number, with one of {', '.join(filter(None, units))} if need be")


def hash_mix(a, b):
    """harness/util/hash.h"""
    z = (b + (a + 1) * 0x9E3779B97F4A7C15) & MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return z ^ (z >> 31)


def hash_bytes(data):
    value = 0xCBF29CE484222325
    for byte in data:
        value = ((value ^ byte) * 0x100000001B3) & MASK
    return value


def checksum(values):
    return sum(hash_mix(index, value) for index, value in enumerate(values)) & MASK


def main(program):
    """Runs a script's program and prints what it returns as a JSON object (None: nothing). Its errors are one line on
    stderr and a status, as poolbench's are."""
    name = sys.argv[0].rsplit("/", 1)[-1]
    try:
        found = program()
        if found is not None:
            print(json.dumps(found))
        return 0
    except Refused as error:
        print(f"{name}: {error}", file=sys.stderr)
        return 2
    except Missing as error:
        print(f"{name}: {error}", file=sys.stderr)
        return NOT_HERE
    except KeyboardInterrupt:
        return 130
    except Exception as error:  # a task's, or the pool's own
        print(f"{name}: {type(error).__name__}: {error}".replace("\n", " "), file=sys.stderr)
        return 1
