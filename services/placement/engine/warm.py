"""`python -m services.placement.engine.warm`: compile every kernel once, for the cache.

Run when an image is built, so that the first run of a process never pays for a compiler.
"""

from services.placement.engine import Market, flow_warm, solve

SMALLEST = {
    "format": "ieum.market",
    "version": 1,
    "sessions": [
        {"id": "s", "host": "h", "district": "d", "start": 0, "end": 60, "min": 1, "max": 9}
    ],
    "applicants": [
        {
            "id": name,
            "school": "k",
            "people": people,
            "wishes": [{"stops": ["s"], "travel": 0, "rank": 0, "cost": 0}],
        }
        for name, people in (("a", 2), ("b", 3))
    ],
}


def main() -> None:
    """Compile the kernels of flow, repair, stable and prices, and run one small group market."""
    flow_warm.warm()
    groups()


def groups() -> None:
    """Run one small group market: what a process pays at its first run is paid then."""
    solve(Market.from_json(SMALLEST))


if __name__ == "__main__":
    main()
