"""Reading GS1 data beside biip, on the same strings in the same run, kind by kind and in turn."""
from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterable, Sequence

import biip
from biip.gs1_digital_link_uris import GS1DigitalLinkURI
from biip.gs1_messages import GS1Message

from traceapp.gs1 import check_digit, digital_link, hri, parse, write_element_string

from .registry import Row, benchmark, median_of_ratios

STRINGS = 500
ROUNDS = 15
Read = Callable[[str], object]


def items() -> list[tuple[tuple[str, str], ...]]:
    """What the labels of the product carry: GTIN, dates, lot and serial, none of them twice."""
    found = []
    for number in range(STRINGS):
        body = f"0690123{number:06d}"
        dates = (("11", f"26{1 + number % 12:02}15"), ("17", f"28{1 + number % 12:02}00"))
        found.append((("01", body + check_digit(body)), *dates, ("10", f"L{number:05}-A"), ("21", f"{number:012}")))
    return found


def kinds() -> dict[str, tuple[list[str], str, Read]]:
    """By kind: the strings, the name of the reference and its fastest entry for them."""
    ais = items()
    elements = [write_element_string(pairs, "\x1d") for pairs in ais]
    return {
        "element string": (elements, "biip GS1Message.parse", GS1Message.parse),
        "scan data": (["]d2" + text[1:] for text in elements], "biip.parse", biip.parse),
        "in brackets": ([hri(pairs) for pairs in ais], "biip GS1Message.parse_hri", GS1Message.parse_hri),
        "Digital Link": (
            [digital_link(pairs, "https://t.example.cn") for pairs in ais],
            "biip GS1DigitalLinkURI.parse",
            GS1DigitalLinkURI.parse,
        ),
    }


def rate(read: Read, strings: Sequence[str]) -> float:
    """Strings a second of processor time."""
    begun = time.process_time()
    for text in strings:
        read(text)
    return len(strings) / (time.process_time() - begun)


@benchmark("gs1")
def gs1() -> Iterable[Row]:
    """Both read every string once a round, ours and theirs in turn; the median of the ratios counts."""
    for kind, (strings, name, reference) in kinds().items():
        ours, theirs = [], []
        for _ in range(ROUNDS):
            ours.append(rate(parse, strings))
            theirs.append(rate(reference, strings))
        yield Row(f"gs1.parse, {kind}", statistics.median(ours), "strings/s", name, statistics.median(theirs),
                  median_of_ratios(ours, theirs), 1.0, f"{STRINGS} strings with five AIs, {ROUNDS} rounds")
