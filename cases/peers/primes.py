"""Trial division of large numbers: the smallest factor of each."""
from peers.work import Refused, Work

KNOWN = [112272535095293, 112582705942171, 112272535095293, 115280095190773, 115797848077099, 1099726899285419]


def smallest_factor(number):
    if number < 2:
        return 0
    if number % 2 == 0:
        return 2
    divisor = 3
    while divisor * divisor <= number:
        if number % divisor == 0:
            return divisor
        divisor += 2
    return number


def prepare(parameters, tasks, seed):
    if parameters.given("from") != parameters.given("to"):
        raise Refused("from and to belong together; give both or neither")
    if parameters.given("from"):
        numbers = range(parameters.count("from", "0"), parameters.count("to", "0"))
        if tasks or not numbers:
            raise Refused("from and to make the tasks: a to that is larger than from, and no -N")
    else:
        numbers = [KNOWN[index % len(KNOWN)] for index in range(tasks or 48)]
    return Work(smallest_factor, numbers, values=list,
                answer=lambda factors: str(sum(f == n != 0 for f, n in zip(factors, numbers))))
