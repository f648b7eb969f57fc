"""Features of one service meet only through each other's operations and rules."""

from __future__ import annotations

import grimp

INSIDE_A_FEATURE = {"store", "api", "pages"}


def trespasses(graph: grimp.ImportGraph) -> list[str]:
    """Return every import by which a feature reaches into another one's store or doors."""
    found = []
    for importer in sorted(graph.modules):
        own = importer.split(".")[:3]
        for imported in sorted(graph.find_modules_directly_imported_by(importer)):
            parts = imported.split(".")
            if (
                len(importer.split(".")) > 3
                and len(parts) > 3
                and parts[0] == own[0] == "services"
                and parts[1] == own[1]
                and parts[2] != own[2]
                and parts[3] in INSIDE_A_FEATURE
            ):
                found.append(f"{importer} imports {imported}")
    return found


def test_no_feature_reaches_into_another_features_store_or_doors() -> None:
    graph = grimp.build_graph("services", cache_dir=None)
    assert trespasses(graph) == []


def test_a_feature_that_reads_another_features_store_is_found() -> None:
    graph = grimp.ImportGraph()
    for module in ("services.placement.runs.operations", "services.placement.offers.store"):
        graph.add_module(module)
    graph.add_import(
        importer="services.placement.runs.operations", imported="services.placement.offers.store"
    )
    assert trespasses(graph) == [
        "services.placement.runs.operations imports services.placement.offers.store"
    ]
