"""The tree of a stage as the verifier reads it: boxes, and the multipliers that bound each leaf."""

from __future__ import annotations

from typing import Any

from services.placement.engine.groups_tree import Search


def evidence(search: Search, target: int) -> dict[str, Any]:
    """The tree as the certificate file carries it; every leaf proves `target`."""
    names, columns = search.master.names, search.master.column_names
    nodes: list[dict[str, Any]] = []
    for node in search.nodes:
        if node.down >= 0:
            column = columns[node.column]
            nodes.append({"column": column, "at": node.at, "down": node.down, "up": node.up})
            continue
        leaf: dict[str, Any] = {
            "scale": node.bound.scale,
            "rows": {names[i]: y for i, y in sorted(node.bound.rows.items())},
        }
        if node.empty:
            leaf["infeasible"] = True
        nodes.append(leaf)
    return {"kind": "tree", "target": target, "nodes": nodes}
