"""The verifier: checks a published answer from its files alone.

A small program of its own. It uses the standard library and numpy, and shares no code with the
engine that made the answer; `docs/verifier.md` says what it checks and how to read its words.
"""
