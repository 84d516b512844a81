"""Keeps docs/crosswalk.md true. In the top folder:

    crosswalk.py rows        the rows of `make bench` that it names, on one line
    crosswalk.py fill FILE   writes the costs from a file of `make bench` into it
    crosswalk.py check       says what it names that is not there: functions, tests, rows (from
                             `bench --list` on stdin), and what Python has that it does not name
"""
import glob
import importlib
import inspect
import json
import re
import sys

DOCUMENT = "docs/crosswalk.md"
BEGIN, END = "<!-- costs -->\n", "<!-- end of costs -->\n"
COST = re.compile(r"`([a-z0-9-]+)` (-|[0-9.]+ (?:ns|µs|ms|s))(?=,| \|)")
HEADERS = ["harness/pool/pool.h", "harness/pool/task.h", "harness/measure/cpus.h"]
COLUMNS = 5

# Old spellings that Python keeps, and what belongs to its own workings.
IGNORED = {"acquire_lock", "release_lock", "locked_lock", "getName", "setName", "isDaemon", "setDaemon",
           "notifyAll", "isSet", "currentThread", "activeCount"}

# section: module, functions and classes there beside what it exports, classes whose members and
# arguments are named as well
MODULES = {
    "joblib": ("joblib", False, {"Parallel": None}),
    "multiprocessing.pool": ("multiprocessing.pool", False, {"Pool": None, "ApplyResult": None, "IMapIterator": None}),
    "multiprocessing.dummy": ("multiprocessing.dummy", True, {}),
    "concurrent.futures": ("concurrent.futures", True, {"Executor": None, "Future": None, "ThreadPoolExecutor": "Executor",
                                                        "ProcessPoolExecutor": "Executor"}),
    "threading": ("threading", True, {"Thread": None, "Lock": None, "RLock": None, "Condition": None, "Semaphore": None,
                                      "BoundedSemaphore": None, "Event": None, "Timer": "Thread", "Barrier": None}),
    "queue": ("queue", True, {"Queue": None, "SimpleQueue": None}),
    "multiprocessing": ("multiprocessing", True, {"Process": None}),
}
ELSEWHERE = {
    "multiprocessing": {"multiprocessing.connection": ["Connection"], "multiprocessing.managers": ["SyncManager"],
                        "multiprocessing.queues": ["Queue", "SimpleQueue"]},
}
NEWEST = (3, 14)  # the last Python whose names were looked through


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def tables(text):
    """Rows of cells by section."""
    sections, rows = {}, []
    for line in text.split("\n"):
        if line.startswith("## "):
            sections[line[3:]] = rows = []
        elif line.startswith("| ") and not line.startswith(("| Python |", "| --- ")):
            rows.append([cell.strip() for cell in line[1:].removesuffix("|").split("|")])
    return sections


def code(cell):
    return re.findall(r"`([^`]+)`", cell)


# ---- costs ----

def rows_named(text):
    return sorted({row for row, _ in COST.findall(text)})


def duration(seconds):
    for unit, size in (("ns", 1e-9), ("µs", 1e-6), ("ms", 1e-3)):
        if seconds < 999.5 * size:
            break
    else:
        unit, size = "s", 1
    number = float(f"{seconds / size:.3g}")
    return f"{number:g} {unit}"


def cost(row):
    """Of one use: a task of a long region, or what the row repeats."""
    seconds = row["arms"][0]["median_s"] if row["arms"] else None
    if seconds is None or row["failure"] or row["unit"] == "kB":
        return "-"
    return duration(seconds / row["tasks"] if row["unit"] == "ns/task" else seconds)


def fill(text, measured, path):
    costs = {row["name"]: cost(row) for row in measured["rows"]}
    head, rest = text.split(BEGIN)
    body, tail = rest.split(END)
    body = COST.sub(lambda match: f"`{match[1]}` {costs.get(match[1], '-')}", body)
    source = f"Costs: {path}, {measured['started'][:10]}, {measured['machine']['cpu_model']}, {measured['verdict']}."
    return head + BEGIN + re.sub(r"^Costs: .*", lambda _: source, body, count=1) + END + tail


# ---- what must be there ----

def check_shape(sections):
    for section, rows in sections.items():
        for cells in rows:
            name = f"{section}: {cells[0]}"
            if len(cells) != COLUMNS:
                yield f"{name}: {len(cells)} columns"
            elif cells[1] != "none" and not code(cells[1]):
                yield f"{name}: neither a function nor none"
            elif cells[1] == "none" and not cells[2]:
                yield f"{name}: does not say what to use instead"
            elif cells[1] != "none" and cells[3] == "-":
                yield f"{name}: no test"
            elif cells[4] != "-" and COST.sub("", cells[4] + " |").strip(", |"):
                yield f"{name}: no cost: {cells[4]}"


def check_functions(rows):
    known = set()
    for path in HEADERS + glob.glob("harness/share/*.h"):
        known |= set(re.findall(r"\w+", re.sub(r"/\*.*?\*/", "", read(path), flags=re.S)))
    for cells in rows:
        for name in code(cells[1]):
            if not set(name.split(".")) <= known:
                yield f"no {name} in the headers"


def check_tests(rows):
    for cells in rows:
        file = None
        for word, test in re.findall(r"(\w+):|`([^`]+)`", cells[3]):
            file = word or file
            # defined, and listed to be run
            if test and len(re.findall(rf"\b{test}\b", read(f"tests/unit/{file}.c"))) < 2:
                yield f"no test {test} in {file}"


def check_rows(text, listed):
    for row in rows_named(text):
        if row not in listed:
            yield f"no row {row} in make bench"


def public(names):
    return {name for name in names if not name.startswith("_") and name not in IGNORED}


def python_names(module_name, exported, classes):
    module = importlib.import_module(module_name)
    prefix = "dummy." if module_name.endswith("dummy") else ""
    if exported:
        names = getattr(module, "__all__", None) or [
            name for name in dir(module) if not inspect.ismodule(getattr(module, name))]
        yield from (prefix + name for name in public(names))
    for name, base in classes.items():
        thing = getattr(module, name, None)
        if not inspect.isclass(thing):
            thing = type(thing()) if name in ("Lock", "RLock") else thing
        inherited = set(dir(getattr(module, base))) if base else set()
        yield from (f"{name}.{member}" for member in public(dir(thing)) - inherited)
        if name in ("Parallel", "Pool", "ThreadPoolExecutor", "ProcessPoolExecutor"):
            yield from (f"{name}({argument})" for argument in inspect.signature(thing).parameters)


def check_python(sections):
    if sys.version_info[:2] > NEWEST:
        return
    for section, (module, exported, classes) in MODULES.items():
        named = {name for cells in sections[section] for name in code(cells[0])}
        if section == "multiprocessing":
            named |= {name for cells in sections["multiprocessing.pool"] for name in code(cells[0])}
        try:
            wanted = set(python_names(module, exported, classes))
        except ModuleNotFoundError:
            continue  # joblib need not be there
        for other, names in ELSEWHERE.get(section, {}).items():
            wanted |= set(python_names(other, False, dict.fromkeys(names)))
        for name in sorted(wanted - named):
            if not any(given.startswith(f"{name[:-1]}=") for given in named):  # an argument by its values
                yield f"{section}: Python has {name}"


def check(text, listed):
    sections = tables(text)
    rows = [cells for rows in sections.values() for cells in rows]
    yield from check_shape(sections)
    yield from check_functions(rows)
    yield from check_tests(rows)
    yield from check_rows(text, listed)
    yield from check_python(sections)


def main(arguments):
    text = read(DOCUMENT)
    if arguments == ["rows"]:
        print(*rows_named(text))
    elif arguments == ["check"]:
        wrong = list(check(text, {line.split()[0] for line in sys.stdin if line.strip()}))
        print(*wrong, sep="\n", end="\n" if wrong else "")
        return 1 if wrong else 0
    elif len(arguments) == 2 and arguments[0] == "fill":
        filled = fill(text, json.loads(read(arguments[1])), arguments[1])
        with open(DOCUMENT, "w", encoding="utf-8") as file:
            file.write(filled)
    else:
        print(__doc__, file=sys.stderr)
        return 2
    return 0


sys.exit(main(sys.argv[1:]))
