"""The form of a consignee's answer: what was typed, what it means, and what is wrong with it."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from flask_babel import gettext

from traceapp.core.errors import InvalidInput
from traceapp.core.quantity import plain
from traceapp.recall.answer import (
    FIELDS,
    NO_NAME,
    NO_REASON,
    NO_RECEIVER,
    AnswerLine,
    NoticeLine,
    NoticeView,
    RecordAnswer,
    none_left,
    parse_units,
)
from traceapp.recall.policy import PLACES
from traceapp.web.problems import translated

# Asked behind “more”: most consignees have nothing to say here.
FURTHER = ("passed_on", "destroyed", "corrected")


@dataclass(slots=True)
class Filled:
    """`values` and `errors` by field name (`on_hand:<lot key>`, `answered_by`, …); `none` holds the keys of lots that
    were ticked as used up; `missing` the units per lot that the typed numbers leave open."""

    seen: int | None
    values: dict[str, str] = field(default_factory=dict)
    none: set[str] = field(default_factory=set)
    errors: dict[str, str] = field(default_factory=dict)
    missing: dict[str, Decimal] = field(default_factory=dict)
    lines: tuple[AnswerLine, ...] = ()
    may_be_nameless: bool = False

    def command(self, token: str, own_name: str) -> RecordAnswer:
        """What is to be recorded; one tap needs no name, then the consignee itself answers."""
        name = self.values.get("answered_by", "").strip()
        return RecordAnswer(token, self.lines, name or (own_name if self.may_be_nameless else ""),
                            self.values.get("explanation", ""), self.seen)

    def error_list(self, view: NoticeView, labels: Mapping[str, str]) -> list[tuple[str | None, str]]:
        """For the summary at the top: (field or none, text), a number's text with its batch and label before it."""
        numbers = {line.lot_key: line.number for line in view.lines}
        found: list[tuple[str | None, str]] = []
        for name, text in self.errors.items():
            kind, _, key = name.partition(":")
            found.append((None if name == "lines" else name,
                          f"{numbers[key]} · {labels[kind]}: {text}" if key in numbers and kind in labels else text))
        return found


def shown_form(view: NoticeView) -> Filled:
    """The form as it is first seen: what was shipped, or what was answered before."""
    values: dict[str, str] = {}
    for line in view.lines:
        values[f"received:{line.lot_key}"] = plain(line.shipped)
        if line.counted is not None:
            values |= {f"{name}:{line.lot_key}": plain(getattr(line.counted, name)) for name in FIELDS
                       if name not in FURTHER or getattr(line.counted, name)}
            values[f"passed_to:{line.lot_key}"] = line.passed_to
        if line.explanation:
            values["explanation"] = line.explanation
    return Filled(seen=view.answers, values=values)


def one_tap(view: NoticeView, sent: Mapping[str, str]) -> Filled:
    """ "We have none left" for every lot that has no answer yet."""
    return Filled(seen=_seen(sent), lines=none_left(view), may_be_nameless=True)


def fill(view: NoticeView, sent: Mapping[str, str]) -> Filled:
    """What was typed, lot by lot. A lot of which nothing was typed is left for later; an empty field beside others is
    zero."""
    names = [f"{name}:{line.lot_key}" for line in view.lines for name in FIELDS]
    receivers = [f"passed_to:{line.lot_key}" for line in view.lines]
    filled = Filled(seen=_seen(sent), values={name: sent.get(name, "")[:40] for name in names} | {
        name: sent.get(name, "")[:1000] for name in receivers} | {
        "answered_by": sent.get("answered_by", "")[:200], "explanation": sent.get("explanation", "")[:2000]})
    filled.none = {line.lot_key for line in view.lines if sent.get(f"none:{line.lot_key}")}
    found = (_line(filled, line) for line in view.lines)
    filled.lines = tuple(line for line in found if line is not None)
    if not filled.errors and not filled.lines:
        filled.errors["lines"] = gettext("Fill in the numbers of at least one batch.")
    if not filled.values["answered_by"].strip():
        filled.errors["answered_by"] = gettext(NO_NAME)
    if not filled.values["explanation"].strip() and _has_gap(filled, view):
        filled.errors["explanation"] = gettext(NO_REASON)
    return filled


def _has_gap(filled: Filled, view: NoticeView) -> bool:
    """Whether a batch without a mistake in it leaves something to explain."""
    shipped = {line.lot_key: line.shipped for line in view.lines}
    return any(filled.missing.values()) or any(
        line.received != shipped[line.lot_key] for line in filled.lines
        if f"received:{line.lot_key}" not in filled.errors)


def _seen(sent: Mapping[str, str]) -> int | None:
    text = sent.get("seen", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else None


def _line(filled: Filled, line: NoticeLine) -> AnswerLine | None:
    typed = {name: filled.values[f"{name}:{line.lot_key}"].strip() for name in FIELDS}
    if line.lot_key not in filled.none and not any(typed[name] for name in PLACES):
        return None
    numbers = {name: _number(filled, name, line, text) for name, text in typed.items()}
    said = numbers.pop("received")
    received = said if typed["received"] else line.shipped
    counts = {name: value or Decimal(0) for name, value in numbers.items()}
    if line.lot_key in filled.none:
        if any(value for name, value in counts.items() if name != "used"):
            filled.errors[f"none:{line.lot_key}"] = gettext(
                "You ticked “none left” and wrote numbers too. Take one of them away.")
        return AnswerLine(line.lot_key, Decimal(0), received or Decimal(0), Decimal(0), received)
    if received is not None and None not in numbers.values():
        filled.missing[line.lot_key] = line.shipped - sum((counts[name] for name in PLACES), Decimal(0))
    receiver = filled.values[f"passed_to:{line.lot_key}"].strip()
    if counts["passed_on"] and not receiver:
        filled.errors[f"passed_to:{line.lot_key}"] = gettext(NO_RECEIVER)
    return AnswerLine(line.lot_key, received=received, passed_to=receiver, **{
        name: counts[name] for name in PLACES})


def _number(filled: Filled, name: str, line: NoticeLine, text: str) -> Decimal | None:
    """What was typed as a number, zero for nothing; None after noting why it is none."""
    place = f"{name}:{line.lot_key}"
    try:
        return parse_units(text, place=place) if text else Decimal(0)
    except InvalidInput as error:
        filled.errors[place] = translated(error)
        return None
