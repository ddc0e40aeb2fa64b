"""Naming whom units were passed on to: what is typed is looked at before anything is written. Nothing is sent here."""
from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from traceapp.catalog.model import Party, PartyContact
from traceapp.catalog.texts import required_text, short_text
from traceapp.core.errors import InvalidInput
from traceapp.core.mail_address import is_mail_address
from traceapp.core.quantity import plain
from traceapp.core.telephone import checked_text_number, text_number

from .pieces import WHOLE, is_part, lots_in_pieces
from .telling_model import PassedLine, PassedNotice

MOST_PASSED = 200
MOST_UNDER = 1000
MOST_HANDS = 5
ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class PassOn:
    """Who got units of which lots: {lot key: units}; none takes back what was said. `passed_id`: somebody who was named
    before, else one with the same contact or name is taken for the same. The address is given where it is known."""

    name: str = ""
    units: Mapping[str, Decimal] = field(default_factory=dict)
    email: str = ""
    phone: str = ""
    language: str = "zh"
    passed_id: str = ""


def kept(commands: Sequence[PassOn]) -> list[dict[str, Any]]:
    """The same as data, as a record keeps them."""
    return [{"name": one.name.strip(), "email": one.email.strip(), "phone": one.phone.strip(), "language": one.language,
             "passed_id": one.passed_id, "units": {key: plain(count) for key, count in one.units.items()}}
            for one in commands]


def from_kept(rows: Sequence[Mapping[str, Any]]) -> tuple[PassOn, ...]:
    """What `kept` wrote."""
    return tuple(PassOn(row["name"], {key: Decimal(count) for key, count in row["units"].items()}, row["email"],
                        row["phone"], row["language"], row["passed_id"]) for row in rows)


@dataclass(frozen=True, slots=True)
class Giver:
    """Who passes units on: a consignee, or (`passed`) somebody who had them from one. `got`: units it had, by lot;
    `stream`: its chain in the trail."""

    recall_id: str
    consignee_id: str
    stream: str
    got: Mapping[str, Decimal]
    passed: PassedNotice | None = None


@dataclass(frozen=True, slots=True)
class Named:
    """One of them as it is to be written: the row that is there, or None; its checked values; its units by lot."""

    there: PassedNotice | None
    values: Mapping[str, str]
    units: Mapping[str, Decimal]


@dataclass(frozen=True, slots=True)
class Naming:
    """What is to be written, and what it comes to: units passed on by lot, who has them by lot (`who`, and with their
    contacts `whom`). `errors` by place (`to-<n>-name`, `to-<n>-units:<lot key>`)."""

    entries: tuple[Named, ...]
    totals: Mapping[str, Decimal]
    who: Mapping[str, str]
    whom: Mapping[str, str]
    errors: Mapping[str, InvalidInput]
    is_new: bool


NOBODY = Naming((), {}, {}, {}, {}, is_new=False)


def givers_among(session: Session, recall_id: str, consignee_ids: Sequence[str]) -> set[str]:
    """Which of these consignees passed units on."""
    return set(session.scalars(select(PassedNotice.consignee_id).where(
        PassedNotice.recall_id == recall_id, PassedNotice.consignee_id.in_(consignee_ids)).distinct()))


def naming_of(session: Session, giver: Giver, commands: Sequence[PassOn]) -> Naming:
    """What these names come to beside those that are there already."""
    there = children_of(session, giver)
    lines = lines_of(session, [one.id for one in there])
    units = {one.id: {line.lot_key: line.units for line in lines[one.id]} for one in there}
    known = _before(session, giver) if commands else []
    errors: dict[str, InvalidInput] = {}
    entries: list[Named] = []
    for number, command in enumerate(commands):
        found = _named(command, there, known, f"to-{number}-", errors)
        if found is None:
            continue
        if any(_is_twice(one, found) for one in entries):
            errors[f"to-{number}-name"] = InvalidInput("They are named twice. Add the numbers up.", code="named-twice",
                                                       place="name")
        entries.append(found)
    fresh = sum(one.there is None for one in entries)
    if entries and (len(there) + fresh > MOST_PASSED or (fresh and _is_full(session, giver, fresh))):
        errors.setdefault("to-0-name", InvalidInput("So many were named already. Send us a list instead.",
                                                    code="too-many-passed", place="to-0-name"))
    if fresh and giver.passed is not None and giver.passed.depth >= MOST_HANDS:
        errors.setdefault("to-0-name", InvalidInput(
            "The units went through many hands already. Tell the sender of the letter who has them.",
            code="too-many-hands", place="to-0-name"))
    after = _after(there, units, entries)
    _check_units(giver, commands, after, errors)
    _check_pieces(session, commands, errors)
    return Naming(tuple(entries), _totals(after), _listed(after, is_whole=False), _listed(after, is_whole=True), errors,
                  any(_is_news(one, units) for one in entries))


def children_of(session: Session, giver: Giver) -> list[PassedNotice]:
    """Whom this giver named, in the order in which they were named."""
    return list(session.scalars(select(PassedNotice).where(
        PassedNotice.recall_id == giver.recall_id, PassedNotice.consignee_id == giver.consignee_id,
        PassedNotice.parent_id.is_(None) if giver.passed is None else PassedNotice.parent_id == giver.passed.id)
        .order_by(PassedNotice.id)))


def lines_of(session: Session, passed_ids: Sequence[str]) -> dict[str, list[PassedLine]]:
    """The lots of each of them."""
    found: dict[str, list[PassedLine]] = {key: [] for key in passed_ids}
    for start in range(0, len(passed_ids), 500):
        for line in session.scalars(select(PassedLine).where(PassedLine.notice_id.in_(passed_ids[start:start + 500]))
                                    .order_by(PassedLine.notice_id, PassedLine.lot_key)):
            found[line.notice_id].append(line)
    return found


def _named(command: PassOn, there: Collection[PassedNotice], known: Sequence[_Who], place: str,
           errors: dict[str, InvalidInput]) -> Named | None:
    chosen = next((one for one in there if one.id == command.passed_id), None) if command.passed_id else None
    if command.passed_id and chosen is None:
        errors[f"{place}name"] = InvalidInput("There is no such notice.", code="unknown-notice", place="name")
        return None
    try:
        values = _checked(command, chosen)
        if chosen is None:
            _refuse_circle(values, known)
    except InvalidInput as error:
        errors[f"{place}{error.place}"] = error
        return None
    same = chosen or next((one for one in there if _is_same(one, values)), None)
    return Named(same, values, dict(command.units))


def _checked(command: PassOn, chosen: PassedNotice | None) -> dict[str, str]:
    name = short_text(command.name or (chosen.name if chosen else ""), 200, place="name")
    email = short_text(command.email, 254, place="email").strip()
    if email and not is_mail_address(email):
        raise InvalidInput("This is not an e-mail address.", code="bad-email", place="email")
    phone = short_text(command.phone, 40, place="phone").strip()
    if phone.startswith("+"):
        checked_text_number(phone, place="phone")
    if command.language not in ("zh", "en"):
        raise InvalidInput("The language is zh or en.", code="bad-language", place="language")
    return {"name": required_text(name, place="name"), "email": email, "phone": phone, "mobile": text_number(phone),
            "language": command.language}


@dataclass(frozen=True, slots=True)
class _Who:
    name: str
    email: str = ""
    phone: str = ""


def _before(session: Session, giver: Giver) -> list[_Who]:
    """Who had the units before, the giver itself among them."""
    found: list[_Who] = []
    hand = giver.passed
    while hand is not None and len(found) <= MOST_HANDS:
        found.append(_Who(hand.name, hand.email.lower(), hand.mobile or hand.phone))
        hand = session.get(PassedNotice, hand.parent_id) if hand.parent_id else None
    for chinese, english in session.execute(select(Party.name_zh, Party.name_en).where(
            Party.id == giver.consignee_id)):
        found += [_Who(chinese), _Who(english)]
    return found + [_Who("", email.lower(), mobile) for email, mobile in session.execute(select(
        PartyContact.email, PartyContact.mobile).where(PartyContact.party_id == giver.consignee_id))]


def _refuse_circle(values: Mapping[str, str], known: Sequence[_Who]) -> None:
    name, email = values["name"].casefold().strip(), values["email"].lower()
    phone = values["mobile"] or values["phone"]
    for one in known:
        if one.name.casefold() == name or (email and one.email == email) or (phone and one.phone == phone):
            raise InvalidInput("They had the units before you, or it is you. Name who got them from you.",
                               code="circle", place="name")


def _is_same(one: PassedNotice, values: Mapping[str, str]) -> bool:
    if values["email"]:
        return one.email.lower() == values["email"].lower()
    if values["phone"]:
        return not one.email and one.phone == values["phone"]
    return one.name.casefold() == values["name"].casefold()


def _is_twice(one: Named, other: Named) -> bool:
    if one.there is not None or other.there is not None:
        return one.there is other.there
    return any(one.values[name] and one.values[name].casefold() == other.values[name].casefold()
               for name in ("email", "mobile", "name"))


def _is_full(session: Session, giver: Giver, fresh: int) -> bool:
    count = session.scalar(select(func.count()).select_from(PassedNotice).where(
        PassedNotice.recall_id == giver.recall_id, PassedNotice.consignee_id == giver.consignee_id)) or 0
    return count + fresh > MOST_UNDER


_After = list[tuple[str, str, dict[str, Decimal]]]


def _after(there: Sequence[PassedNotice], units: Mapping[str, Mapping[str, Decimal]], entries: Sequence[Named]
           ) -> _After:
    """(name, contact, units by lot) of each, as they will be."""
    by_id = {one.id: (one.name, one.email or one.phone, dict(units[one.id])) for one in there}
    found = list(by_id.values())
    for entry in entries:
        if entry.there is not None:
            by_id[entry.there.id][2].update(entry.units)
        else:
            found.append((entry.values["name"], entry.values["email"] or entry.values["phone"], dict(entry.units)))
    return found


def _totals(after: _After) -> dict[str, Decimal]:
    found: dict[str, Decimal] = {}
    for _name, _contact, units in after:
        for key, count in units.items():
            found[key] = found.get(key, ZERO) + count
    return found


def _listed(after: _After, *, is_whole: bool) -> dict[str, str]:
    found: dict[str, list[str]] = {}
    for name, contact, units in after:
        for key, count in units.items():
            if count:
                found.setdefault(key, []).append(f"{name} ({contact})" if is_whole and contact else name)
    return {key: ", ".join(names)[:1000] for key, names in found.items()}


def _check_units(giver: Giver, commands: Sequence[PassOn], after: _After, errors: dict[str, InvalidInput]) -> None:
    totals = _totals(after)
    for number, command in enumerate(commands):
        place = f"to-{number}-units"
        if not command.units:
            errors.setdefault(place, InvalidInput("Write how many units of at least one batch were passed on.",
                                                  code="missing", place="units"))
        for key, count in command.units.items():
            at = f"units:{key}"
            if key not in giver.got:
                errors[f"{place}:{key}"] = InvalidInput("This lot was not sent to you by this recall's records.",
                                                        code="unknown-lot", place=at)
            elif count < 0 or (count == 0 and not command.passed_id):
                errors[f"{place}:{key}"] = InvalidInput("Write a number above zero.", code="not-positive", place=at)
            elif totals.get(key, ZERO) > giver.got[key]:
                errors[f"{place}:{key}"] = InvalidInput("More would be passed on than came in.",
                                                        code="passed-too-many", place=at)


def _check_pieces(session: Session, commands: Sequence[PassOn], errors: dict[str, InvalidInput]) -> None:
    parts = [(number, key) for number, command in enumerate(commands) for key, count in command.units.items()
             if is_part(count)]
    pieces = lots_in_pieces(session, [key for _number, key in parts])
    for number, key in parts:
        if key in pieces:
            errors.setdefault(f"to-{number}-units:{key}", InvalidInput(WHOLE, code="not-whole", place=f"units:{key}"))


def _is_news(entry: Named, units: Mapping[str, Mapping[str, Decimal]]) -> bool:
    if entry.there is None:
        return True
    has_contact = bool(entry.there.email or entry.there.phone)
    return any(units[entry.there.id].get(key, ZERO) != count for key, count in entry.units.items()) or (
        not has_contact and bool(entry.values["email"] or entry.values["phone"]))
