"""E2B(R3) reports a second beside lxml that builds and serialises an equal tree from ready values, in the same run, in
turn: from values by element, and the whole way from a case."""
from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from lxml import etree

from tests.e2b_cases import ROUTE, case
from traceapp.export.e2b_r3.from_case import batch_of_cases
from traceapp.export.e2b_r3.writer import write_batch

from .registry import Row, benchmark, median_of_ratios

AIM = 0.3
TURNS = 9
REPORTS = 200
# A node of a tree that is ready to be built: where its parent is in the list, its name, attributes and text.
Ready = list[tuple[int, str, dict[str, str], str | None]]


def ready(data: bytes) -> Ready:
    """The values of a tree in the order of its elements."""
    places: dict[Any, int] = {}
    found: Ready = []
    for element in etree.fromstring(data).iter():
        parent = element.getparent()
        found.append((-1 if parent is None else places[parent], element.tag, dict(element.attrib), element.text))
        places[element] = len(found) - 1
    return found


def built(values: Ready, spaces: dict[str | None, str]) -> bytes:
    """The document that lxml makes of ready values."""
    elements: list[Any] = []
    for parent, tag, attributes, text in values:
        element = (etree.SubElement(elements[parent], tag, attributes) if elements
                   else etree.Element(tag, attributes, nsmap=spaces))
        if text:
            element.text = text
        elements.append(element)
    return bytes(etree.tostring(elements[0], encoding="UTF-8", xml_declaration=True))


def _rate(act: Callable[[Any], object], things: Sequence[Any]) -> float:
    began = time.process_time()
    for thing in things:
        act(thing)
    return len(things) / (time.process_time() - began)


@benchmark("icsr_export")
def icsr_export() -> Iterator[Row]:
    """Reports a second, each a batch of its own."""
    cases = [replace(case(), head=replace(case().head, reference=f"AE-{number}")) for number in range(REPORTS)]
    batches = [batch_of_cases([one], ROUTE)[0] for one in cases]
    documents = [write_batch(batch) for batch in batches]
    trees = [ready(data) for data in documents]
    spaces: dict[str | None, str] = dict(etree.fromstring(documents[0]).nsmap)
    assert etree.tostring(etree.fromstring(built(trees[0], spaces)), method="c14n") == etree.tostring(
        etree.fromstring(documents[0]), method="c14n")
    acts: dict[str, tuple[Callable[[Any], object], Sequence[Any]]] = {
        "from values": (write_batch, batches),
        "from a case": (lambda one: write_batch(batch_of_cases([one], ROUTE)[0]), cases)}
    rates: dict[str, list[float]] = {name: [] for name in acts}
    references: list[float] = []
    for _ in range(TURNS):
        for name, (act, things) in acts.items():
            rates[name].append(_rate(act, things))
        references.append(_rate(lambda tree: built(tree, spaces), trees))
    for name, found in rates.items():
        yield Row(f"E2B(R3) export, {name}", max(found), "reports/s", "lxml, equal tree", max(references),
                  median_of_ratios(found, references), AIM, f"{len(trees[0])} elements, {len(documents[0]):,} bytes")
