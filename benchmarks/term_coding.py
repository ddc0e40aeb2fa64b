"""Coding of free texts: how many a second by the dictionary alone and with misspellings, and how right: on texts that
were read when the list of words was made (seen, training), and on texts that were written before and not looked at
since (held out; wide: as consumers and nurses write). The wide ones were written right before the words by the same
hand, so that they flatter; the held out ones are the fairer judge."""
from __future__ import annotations

import csv
import statistics
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from traceapp.complaint.coding import Found, Stance, code_text

from .registry import Row, benchmark

AIM = 50_000
_ROUNDS = 5
_AT_ONCE = 5_000


FILES = ("complaint_texts.csv", "complaint_texts_wide.csv")


def texts() -> list[dict[str, str]]:
    """Rows with `half` (seen, held_out; training and wide), `text`, and the codes that it states and denies."""
    found: list[dict[str, str]] = []
    for name in FILES:
        with Path(__file__).with_name(name).open(encoding="utf-8", newline="") as file:
            found += csv.DictReader(file)
    return found


def _codes(found: Iterable[Found], *stances: Stance) -> set[str]:
    return {code for one in found if one.stance in stances for code in one.codes}


def measured(half: str, *, with_negation: bool) -> tuple[float, float, int]:
    """Precision, recall and number of texts. Without negation everything that is mentioned counts as stated."""
    right = given = wanted = count = 0
    for row in texts():
        if row["half"] != half:
            continue
        count += 1
        stances = (Stance.stated,) if with_negation else tuple(Stance)
        found, truth = _codes(code_text(row["text"]), *stances), set(row["stated"].split())
        right, given, wanted = right + len(found & truth), given + len(found), wanted + len(truth)
    return right / given, right / wanted, count


@benchmark("term_coding")
def term_coding() -> Iterator[Row]:
    """Texts a second, and precision and recall."""
    every = [row["text"] for row in texts()]
    many = (every * (_AT_ONCE // len(every) + 1))[:_AT_ONCE]
    for fuzzy, name in ((False, "coding, dictionary stage"), (True, "coding, with misspellings")):
        rates = []
        for _ in range(_ROUNDS):
            begun = time.process_time()
            for text in many:
                code_text(text, fuzzy=fuzzy)
            rates.append(len(many) / (time.process_time() - begun))
        rate = statistics.median(rates)
        yield Row(name, rate, "texts/s of processor time", "aim", AIM, rate / AIM, None if fuzzy else 1.0,
                  f"{statistics.mean(map(len, every)):.0f} characters a text")
    for half in ("seen", "training", "held_out", "wide"):
        for with_negation in (True, False):
            precision, recall, count = measured(half, with_negation=with_negation)
            yield Row(f"coding, {half.replace('_', ' ')}, {'with' if with_negation else 'without'} negation",
                      precision * 100, "% precise", "recall", recall * 100, precision, None, f"{count} texts")
