"""Thumbnails of photographs by Pillow. Two libraries never make the same bytes of a picture, so what is compared with
C is how many there are and, with --param against=DIR, the size in pixels of each."""
import functools
import os
import tempfile

from peers.work import Missing, Refused, Work

try:
    from PIL import Image, ImageOps
except ImportError:
    raise Missing("thumbnails needs Pillow (apt-get install python3-pil)")


def make(source, target, size, quality, name):
    with Image.open(os.path.join(source, name)) as picture:
        picture.thumbnail((size, size))  # decodes at reduced scale
        upright = ImageOps.exif_transpose(picture)
        upright.save(os.path.join(target, name), "JPEG", quality=quality)
        return upright.size


def made_folder(parameters, seed):
    """Where the case in C keeps the photographs that it makes."""
    cache = parameters.text("cache") or os.path.join(
        os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "poolbench")
    return os.path.join(cache, f"photographs-v1-{seed}")


def photographs(folder, tasks):
    try:
        names = sorted(name for name in os.listdir(folder) if not name.startswith("."))
    except OSError as error:
        raise Refused(f"no photographs in {folder}: {error.strerror}; give --param input=DIR, or have some made: "
                      f"poolbench run thumbnails -N {tasks or 6000}")
    if not names or tasks > len(names):
        raise Refused(f"{len(names)} photographs in {folder}; have more made: "
                      f"poolbench run thumbnails -N {tasks or 6000}")
    return names[:tasks or None]


def compare(against, names, sizes):
    for name, size in zip(names, sizes):
        with Image.open(os.path.join(against, name)) as other:
            if other.size != size:
                raise ValueError(f"{name}: {size} pixels, {other.size} in {against}")


def prepare(parameters, tasks, seed):
    size, quality = parameters.count("size", "75"), parameters.count("quality", "75")
    source = parameters.text("input") or made_folder(parameters, seed)
    names = photographs(source, tasks)
    target, against = parameters.text("output"), parameters.text("against")
    temporary = None if target else tempfile.TemporaryDirectory(prefix="poolbench-peers-")
    if target:
        os.makedirs(target, exist_ok=True)

    def answer(sizes):
        if against:
            compare(against, names, sizes)
        if temporary:
            temporary.cleanup()
        return f"{len(sizes)} thumbnails"

    return Work(functools.partial(make, source, target or temporary.name, size, quality), names, answer=answer)
