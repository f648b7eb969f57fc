"""Runs: a campaign's market is frozen, solved under a fenced attempt, and released in two steps."""
