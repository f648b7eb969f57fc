"""The whole system on one Linux machine without Docker: see `python -m deploy.local --help`.

`stack.Stack` is the way in for programs: the demo, the tests and the benches.
"""
