"""The likeliest cause on the page of a signal: `console/_causes.html` shows what is worked out here."""
from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from traceapp.attachment.model import Attachment
from traceapp.attachment.service import attachments_of_all
from traceapp.surveillance.alarm import NodeKind
from traceapp.surveillance.cause_model import CauseSample
from traceapp.surveillance.observe import Observation
from traceapp.surveillance.ranking import Likeliest, likeliest_cause
from traceapp.surveillance.samples import samples_of
from traceapp.trace.model import Lot
from traceapp.web.cause_words import (
    MARKS,
    RESULTS,
    TAKEN,
    Names,
    chance_words,
    day_words,
    names_in,
    per_cent,
    ratio_words,
    tells_words,
)
from traceapp.web.words import joined_words

if TYPE_CHECKING:
    from traceapp.signals.causes import CauseClass
    from traceapp.signals.separation import Split

_ALWAYS, _MOST, _WORTH_SHOWING = 3, 8, 0.01
_NAMED_MEMBERS, _SHOWN_LOTS = 4, 40
_LIKELY, _WORTH_TESTING = 0.7, 0.05
_MEANINGS = {"contaminated": "stop", "clean": "go", "unclear": "plain"}


@dataclass(frozen=True, slots=True)
class Member:
    """One thing of a class: its name, what it is, the lot that it is (None: no lot), and what sensors say of it."""

    name: str
    what: str
    lot_key: str | None
    marks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """One class as the table shows it, with the lots made from it, those with most reports over expected first."""

    anchor: str
    members: tuple[Member, ...]
    more: int
    chance: str
    share: str
    meaning: str
    cause: CauseClass
    ratio: str
    p: str
    units: Decimal
    since: date | None
    root: str | None
    lots: tuple[tuple[Observation, Lot, str], ...]
    hidden: int


@dataclass(frozen=True, slots=True)
class Question:
    """What cannot be told apart, and what would tell it."""

    together: str
    tests: tuple[tuple[str, str, str | None], ...]


@dataclass(frozen=True, slots=True)
class NextTest:
    """A sample worth testing: of which lot, where it is, the chance that it is bad, and how much that would tell."""

    lot: Lot
    what: str
    where: str
    chance: str
    tells: str


@dataclass(frozen=True, slots=True)
class SampleRow:
    """A result as it was entered; `is_corrected`: a later one counts in its place."""

    sample: CauseSample
    number: str
    result: str
    meaning: str
    where: str
    is_corrected: bool
    files: tuple[Attachment, ...]


@dataclass(frozen=True, slots=True)
class CauseSection:
    """Everything that the partial needs. `compared`: how many lots in use; `root` is the lot from which a recall would
    start, if the cause is a lot."""

    found: Likeliest
    verdict: str
    rows: tuple[Row, ...]
    left_out: int
    no_cause: str
    questions: tuple[Question, ...]
    tests: tuple[NextTest, ...]
    second: str
    samples: tuple[SampleRow, ...]
    silent: str
    compared: int
    root: str | None


def cause_section(session: Session, lot_keys: Iterable[str], on: date) -> CauseSection:
    """What is known of the cause of a signal about these lots."""
    found = likeliest_cause(session, lot_keys, on)
    names = names_in(session, found)
    classes = found.ranking.classes if found.ranking else ()
    shown = [one for at, one in enumerate(classes) if at < _ALWAYS or (at < _MOST and one.posterior >= _WORTH_SHOWING)]
    rows = tuple(_row(found, names, at, one) for at, one in enumerate(shown))
    root = next((row.root for row in rows[:1]), None)
    return CauseSection(
        found=found, verdict=_verdict(found, names), rows=rows, left_out=len(found.ranking.chances) - sum(
            len(one.members) for one in shown) if found.ranking else 0,
        no_cause=f"{chance_words(found.ranking.no_cause)} ({per_cent(found.ranking.no_cause)})"
        if found.ranking else "",
        questions=tuple(_question(found, names, one) for one in shown if len(one.members) > 1 and (
            one is shown[0] or one.posterior >= 0.05)),
        tests=tuple(NextTest(found.lineage.lots[one.node], names.products.get(one.node, ""),
                             str(TAKEN[found.available[one.node]]), per_cent(one.chance), tells_words(one.bits))
                    for one in found.next if one.bits >= _WORTH_TESTING),
        second=_second(found, names), samples=_samples(session, found, names),
        silent=joined_words([names(key) for key in found.silent]),
        compared=sum(one.expected > 0 for one in found.seen.values()), root=root)


def _row(found: Likeliest, names: Names, at: int, one: CauseClass) -> Row:
    # Upstream first: what is furthest up is what people look for.
    ordered = sorted(one.members, key=lambda node: (found.lineage.kind_of(node) != NodeKind.upstream, names(node)))
    members = tuple(Member(names(node), _what(found, names, node), node if node in found.lineage.lots else None,
                           tuple(str(MARKS[mark]) for mark in sorted(found.marks.get(node, ()))))
                    for node in ordered)
    lots = sorted((found.seen[key] for key in one.lots), key=lambda seen: (
        -(seen.observed / seen.expected if seen.expected else 0.0), -seen.observed, seen.number))
    table = tuple((seen, found.lineage.lots[seen.lot_key], names.products.get(seen.lot_key, ""))
                  for seen in lots[:_SHOWN_LOTS])
    likely = "stop" if one.posterior >= _LIKELY else "check" if one.posterior >= 0.3 else "plain"
    root = next((member.lot_key for member in members if member.lot_key), None)
    return Row(f"from-{root or at}", members[:_NAMED_MEMBERS], max(0, len(members) - _NAMED_MEMBERS),
               chance_words(one.posterior), per_cent(one.posterior), likely, one,
               ratio_words(one.rate_ratio, one.low, one.high), f"{one.p:.3f}", found.units(one),
               day_words(one.since), root, table, max(0, len(lots) - _SHOWN_LOTS))


def _what(found: Likeliest, names: Names, node: str) -> str:
    product = names.products.get(node)
    if not product:
        return names.kind(node)
    made = found.lineage.kind_of(node) == NodeKind.upstream and any(child == node and parent in found.lineage.lots
                                                                    for parent, child in found.lineage.edges)
    return f"{product} · {_('intermediate')}" if made else product


def _verdict(found: Likeliest, names: Names) -> str:
    """One sentence that says what is believed."""
    ranking = found.ranking
    if ranking is None:
        return {"circle": _("The genealogy of these batches runs in a circle, so no cause can be said. Correct the "
                            "events first."),
                "too-little": _("There is too little to compare yet: at least two batches in use and one report are "
                                "needed.")}[found.reason]
    top = ranking.classes[0]
    if ranking.no_cause > top.posterior:
        return _("No cause stands out: chance alone explains where the reports are as well as anything else.")
    if top.posterior < 0.3:
        return _("There are several possible causes, and none is likely enough to be named.")
    who = joined_words([names.with_kind(node) for node in top.members[:_NAMED_MEMBERS]])
    if len(top.members) > 1:
        return _("%(chance)s one of these, which the reports alone cannot tell apart: %(who)s.",
                 chance=chance_words(top.posterior).capitalize(), who=who)
    return _("%(chance)s %(who)s.", chance=chance_words(top.posterior).capitalize(), who=who)


def _question(found: Likeliest, names: Names, one: CauseClass) -> Question:
    together = joined_words([names.with_kind(node) for node in one.members[:12]])
    return Question(together, tuple(_test(found, names, split) for split in one.splits[:3]))


def _test(found: Likeliest, names: Names, split: Split) -> tuple[str, str, str | None]:
    """(what to test, what a bad result would point to, the lot)."""
    where = found.available.get(split.sample)
    what = names.with_kind(split.sample) + (f" ({TAKEN[where]})" if where else "")
    return what, joined_words([names.with_kind(node) for node in split.points_to[:6]]), split.sample


def _second(found: Likeliest, names: Names) -> str:
    if not found.second:
        return _("Once the likeliest cause is taken as given, nothing else stands out.")
    parts = [_("%(who)s (rate ratio %(ratio)s, p %(p)s)", p=f"{one.p:.3f}",
               who=joined_words([names.with_kind(node) for node in one.members[:_NAMED_MEMBERS]]),
               ratio=ratio_words(one.rate_ratio, one.low, one.high)) for one in found.second]
    return _("Once the likeliest cause is taken as given, this stands out as well: %(causes)s.",
             causes=joined_words(parts))


def _samples(session: Session, found: Likeliest, names: Names) -> tuple[SampleRow, ...]:
    rows = samples_of(session, found.lineage.lots)
    standing = {row.id for row in found.samples}
    files = attachments_of_all(session, [about_sample(row.id) for row in rows]) if rows else {}
    return tuple(SampleRow(row, names(row.lot_key), str(RESULTS[row.result]), _MEANINGS[row.result],
                           str(TAKEN[row.taken]), row.id not in standing, tuple(files.get(about_sample(row.id), ())))
                 for row in rows)


def about_sample(sample_id: str) -> str:
    """What a file of a result hangs on."""
    return f"sample:{sample_id}"
