"""GET requests, a connection a worker that is kept open. The server is not Python's: the built-in one of the case in
C, given as --param url=http://127.0.0.1:PORT/, or any, as a list of URLs in a file."""
import functools
import http.client
import threading
import urllib.parse

from peers.work import Refused, Work, hash_bytes, hash_mix

own = threading.local()  # a worker's connections, by the server's address


def get(timeout, url):
    """Status and body."""
    parts = urllib.parse.urlsplit(url)
    connections = own.__dict__.setdefault("connections", {})
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = connections.get(parts[:2])
    if connection is None:
        connection = connections[parts[:2]] = kind(parts.netloc, timeout=timeout)
    try:
        connection.request("GET", parts.path or "/")
        response = connection.getresponse()
        body = response.read()
    except (OSError, http.client.HTTPException):
        connection.close()  # the next request opens it again
        raise
    if response.status >= 400:
        raise OSError(f"GET {url}: HTTP status {response.status}")
    return response.status, body


def read_list(path):
    try:
        with open(path, encoding="utf-8") as file:
            urls = [line.strip() for line in file]
    except OSError as error:
        raise Refused(f"--param urls={path}: {error.strerror}")
    return [url for url in urls if url and not url.startswith("#")]


def answer(results):
    return f"{len(results)} requests answered, 0 failed"


def prepare(parameters, tasks, seed):
    timeout = parameters.seconds("timeout", "10s")
    server, path = parameters.text("url"), parameters.text("urls")
    if (server is None) == (path is None):
        raise Refused("http needs a server: --param url=URL of the built-in one (poolbench survey python starts it), "
                      "or --param urls=FILE, a list")
    if path is not None:
        listed = read_list(path)
        urls = [listed[index % len(listed)] for index in range(tasks or len(listed))]
        values = lambda results: [status for status, body in results]
    else:
        urls = [f"{server.rstrip('/')}/{index}" for index in range(tasks or 100)]
        values = lambda results: [hash_mix(status, hash_bytes(body)) for status, body in results]
    return Work(functools.partial(get, timeout), urls, values, answer)
