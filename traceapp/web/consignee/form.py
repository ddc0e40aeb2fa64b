"""The form of a consignee's answer: what was typed, what it means, and what is wrong with it."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal

from flask_babel import gettext

from traceapp.core.errors import InvalidInput
from traceapp.core.quantity import plain
from traceapp.recall.answer import AnswerLine, NoticeLine, NoticeView, RecordAnswer, none_left
from traceapp.recall.answer_said import FAR_MORE, FIELDS, NO_NAME, NO_REASON, far_said, parse_units
from traceapp.recall.naming import PassOn
from traceapp.recall.policy import PLACES
from traceapp.web.problems import translated
from traceapp.web.receivers import Receiver, commands_of, given_of, labels_of, rows_of, typed_rows, waiting_rows

# Asked behind “more”: most consignees have nothing to say here.
FURTHER = ("destroyed", "corrected")
# What is typed lot by lot; what was passed on follows from the rows of those who got it.
TYPED = tuple(name for name in FIELDS if name != "passed_on")


@dataclass(slots=True)
class Filled:
    """`values` and `errors` by field name (`on_hand:<lot key>`, `answered_by`, …); `none` holds the keys of lots that
    were ticked as used up; `missing` the units per lot that the typed numbers leave open, `far` what they come to where
    it is far more than was shipped; `receivers` the rows of those whom units were passed on to, `passed` what they
    say."""

    seen: int | None
    values: dict[str, str] = field(default_factory=dict)
    none: set[str] = field(default_factory=set)
    errors: dict[str, str] = field(default_factory=dict)
    missing: dict[str, Decimal] = field(default_factory=dict)
    far: dict[str, str] = field(default_factory=dict)
    lines: tuple[AnswerLine, ...] = ()
    receivers: tuple[Receiver, ...] = ()
    passed: tuple[PassOn, ...] = ()
    may_be_nameless: bool = False

    def command(self, token: str, own_name: str) -> RecordAnswer:
        """What is to be recorded; one tap needs no name, then the consignee itself answers."""
        name = self.values.get("answered_by", "").strip()
        return RecordAnswer(token, self.lines, name or (own_name if self.may_be_nameless else ""),
                            self.values.get("explanation", ""), self.seen, passed=self.passed)

    def passed_on(self, lot_key: str) -> Decimal:
        """Units of a lot that the rows come to."""
        return given_of(self.passed, lot_key)

    def says_more(self, line: NoticeLine) -> bool:
        """Whether something was written about a batch where it is asked behind “more”, or has to be looked at there."""
        places = [f"{name}:{line.lot_key}" for name in ("received", *FURTHER)]
        received = self.values.get(places[0], "")
        is_other = received not in ("", plain(line.shipped)) or bool(self.missing.get(line.lot_key))
        return is_other or any(self.errors.get(place) for place in places) or any(
            self.values.get(place) for place in places[1:])

    def error_list(self, view: NoticeView, labels: Mapping[str, str]) -> list[tuple[str | None, str]]:
        """For the summary at the top: (field or none, text), a number's text with its batch and label before it."""
        numbers = {line.lot_key: line.number for line in view.lines}
        labels = {**labels, **labels_of(len(self.receivers))}
        found: list[tuple[str | None, str]] = []
        for name, text in self.errors.items():
            kind, _, key = name.partition(":")
            place = f"{numbers[key]} · {labels.get(kind, '')}" if key in numbers else labels.get(kind, "")
            is_named = kind in labels and (key in numbers or kind.startswith("to-"))
            found.append((None if name == "lines" else name, f"{place}: {text}" if is_named else text))
        return found


def shown_form(view: NoticeView) -> Filled:
    """The form as it is first seen: what was shipped, or what was answered before; after the end what waits."""
    values: dict[str, str] = {}
    for line in view.lines:
        values[f"received:{line.lot_key}"] = plain(line.shipped)
        if line.counted is not None:
            values |= {f"{name}:{line.lot_key}": plain(getattr(line.counted, name)) for name in TYPED
                       if name not in FURTHER or getattr(line.counted, name)}
        if line.explanation:
            values["explanation"] = line.explanation
    for answer in view.waiting:
        values |= {f"{name}:{key}": text for key, said in answer.lines.items() for name, text in said.items()
                   if name in TYPED and (name not in FURTHER or text != "0")} | {"explanation": answer.explanation}
    return Filled(seen=view.answers, values=values,
                  receivers=waiting_rows(view.named, [answer.passed for answer in view.waiting]))


def one_tap(view: NoticeView, sent: Mapping[str, str]) -> Filled:
    """ "We have none left" for every lot that has no answer yet."""
    return Filled(seen=_seen(sent), lines=none_left(view), receivers=rows_of(view.named), may_be_nameless=True)


def fill(view: NoticeView, sent: Mapping[str, str]) -> Filled:
    """What was typed, lot by lot. A lot of which nothing was typed is left for later; an empty field beside others is
    zero."""
    names = [f"{name}:{line.lot_key}" for line in view.lines for name in TYPED]
    filled = Filled(seen=_seen(sent), values={name: sent.get(name, "")[:40] for name in names} | {
        f"sure:{line.lot_key}": sent.get(f"sure:{line.lot_key}", "")[:40] for line in view.lines} | {
        "answered_by": sent.get("answered_by", "")[:200], "explanation": sent.get("explanation", "")[:2000]})
    filled.none = {line.lot_key for line in view.lines if sent.get(f"none:{line.lot_key}")}
    rows = typed_rows(sent, view.named, [line.lot_key for line in view.lines])
    filled.passed = commands_of(rows, view.named, filled.errors)
    filled.receivers = (*rows, Receiver())
    found = (_line(filled, line, view.passed_on(line.lot_key)) for line in view.lines)
    filled.lines = tuple(line for line in found if line is not None)
    if not filled.errors and not filled.lines and not any(one.units for one in filled.passed):
        filled.errors["lines"] = gettext("Fill in the numbers of at least one batch.")
    if not filled.values["answered_by"].strip():
        filled.errors["answered_by"] = gettext(NO_NAME)
    if not filled.values["explanation"].strip() and _has_gap(filled, view):
        filled.errors["explanation"] = gettext(NO_REASON)
    if filled.errors:  # else it is refused together with what else is found
        filled.errors |= {f"sure:{line.lot_key}": gettext(FAR_MORE) for line in filled.lines
                          if line.lot_key in filled.far and line.sure is None}
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


def _line(filled: Filled, line: NoticeLine, known: Decimal) -> AnswerLine | None:
    """One lot; `known`: units that were named as passed on before."""
    typed = {name: filled.values[f"{name}:{line.lot_key}"].strip() for name in TYPED}
    passed_on = filled.passed_on(line.lot_key)
    if line.lot_key not in filled.none and passed_on == known and not any(typed.get(name) for name in PLACES):
        return None
    numbers = {name: _number(filled, name, line, text) for name, text in typed.items()}
    said = numbers.pop("received")
    received = said if typed["received"] else line.shipped
    counts = {name: value or Decimal(0) for name, value in numbers.items()}
    if line.lot_key in filled.none:
        if any(value for name, value in counts.items() if name != "used"):
            filled.errors[f"none:{line.lot_key}"] = gettext(
                "You ticked “none left” and wrote numbers too. Take one of them away.")
        used = max(Decimal(0), (received or Decimal(0)) - passed_on)
        return _confirmed(filled, line, AnswerLine(line.lot_key, Decimal(0), used, Decimal(0), received), passed_on)
    if received is not None and None not in numbers.values():
        filled.missing[line.lot_key] = line.shipped - passed_on - sum(counts.values(), Decimal(0))
    return _confirmed(filled, line, AnswerLine(line.lot_key, received=received, **counts), passed_on)


def _confirmed(filled: Filled, line: NoticeLine, said: AnswerLine, passed_on: Decimal) -> AnswerLine:
    """The same, confirmed where it is far more than was shipped, and known or ticked with its very number."""
    units = far_said(said, line.shipped, passed_on)
    if units is None:
        return said
    filled.far[line.lot_key] = plain(units)
    is_known = said.counted(line.shipped, passed_on) == line.counted
    is_sure = is_known or filled.values.get(f"sure:{line.lot_key}") == filled.far[line.lot_key]
    return replace(said, sure=units) if is_sure else said


def _number(filled: Filled, name: str, line: NoticeLine, text: str) -> Decimal | None:
    """What was typed as a number, zero for nothing; None after noting why it is none."""
    place = f"{name}:{line.lot_key}"
    try:
        return parse_units(text, place=place) if text else Decimal(0)
    except InvalidInput as error:
        filled.errors[place] = translated(error)
        return None
