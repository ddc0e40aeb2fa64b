"""The picture of a trace of five thousand lots, folded and all open: processor time beside the limit of a second."""
from __future__ import annotations

import random
import time
from collections.abc import Iterator
from decimal import Decimal

from traceapp.web.ui.graph import ALL, Edge, FoldWish, GraphWords, Node, drawn

from .registry import Row, benchmark

LOTS, ROUNDS, LIMIT_SECONDS = 5000, 5, 1.0
WORDS = GraphWords("Genealogy", lambda count, kind: f"and {count} more {kind}")


def made() -> tuple[list[Node], list[Edge]]:
    """A bad lot in 150 intermediates, those in batches, two each, and these at 66 consignees."""
    chance = random.Random(1)
    between, batches = range(1, 151), range(151, LOTS)
    nodes = [Node("0", "BAD", "Adhesive", "material", "stop", "Recalled", "?at=0", focus=True, stage=0)]
    nodes += [Node(str(n), f"MX-{n}", "Mass", "material", "go", "Released", f"?at={n}", stage=1) for n in between]
    nodes += [Node(str(n), f"FG-{n}", "Plaster", "lot", "go", "Released", f"?at={n}", stage=2, like=str(n % 4),
                   amount=(Decimal(1000), "EA"), part=(Decimal("0.5"), "KGM")) for n in batches]
    nodes += [Node(f"c{n}", f"Clinic {n}", "Region", "party", url=f"?at=c{n}", stage=3) for n in range(66)]
    edges = [Edge("0", str(n), amount=(Decimal(20), "KGM")) for n in between]
    edges += [Edge(str(n), str(batch), amount=(Decimal(5), "KGM")) for batch in batches
              for n in chance.sample(between, 2)]
    edges += [Edge(str(batch), f"c{chance.randrange(66)}", amount=(Decimal(200), "EA")) for batch in batches]
    return nodes, edges


@benchmark("picture")
def picture() -> Iterator[Row]:
    """Laying out and drawing, folded and open."""
    nodes, edges = made()
    for name, opened in (("folded", frozenset[str]()), ("all open", frozenset({ALL}))):
        seconds, found = [], None
        for _ in range(ROUNDS):
            start = time.process_time()
            found = drawn(nodes, edges, WORDS, FoldWish(opened=opened, url=lambda fold: f"?open={fold}"))
            seconds.append(time.process_time() - start)
        assert found is not None
        best = min(seconds)
        yield Row(f"picture of {LOTS} lots, {name}", best, "s", "limit", LIMIT_SECONDS, LIMIT_SECONDS / best, 1.0,
                  f"{found.drawn} nodes drawn, {len(found.svg) // 1000} KB")
