"""The same work in Python: cases, the pools that run them, and what these pools cost and lose. docs/python.md"""
from peers import guard  # noqa: F401: on its own
