"""Which earlier complaint may tell of the same event: looked for among those of the lot and of the same contact."""
from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, CompoundSelect, bindparam, select, union_all
from sqlalchemy.orm import Session

from traceapp.vault.model import Person

from .likeness import Facts, Likeness, likeness
from .model import UNKNOWN_LOT, Complaint
from .neighbours import EACH_WAY, WITHIN, Known, Neighbours, most_alike

_MOST_HELD = 20_000_000
"""Characters of the lots that an import keeps in memory."""
_COLUMNS = (Complaint.id, Complaint.lot_key, Person.contact_hash, Complaint.awareness_at, Complaint.happened_on,
            Complaint.consignee_id, Complaint.place, Complaint.age_band, Complaint.sex, Complaint.terms,
            Complaint.narrative)
_AT_ONCE = 500


def suspect_alike(session: Session, complaint: Complaint) -> None:
    """Note the earlier complaint that most likely tells of the same event, if one is likely enough. Only a suspicion;
    staff decide."""
    if complaint.person_id:
        session.flush()  # the person may be new too
    contact = _contacts_of(session, [complaint]).get(complaint.person_id or "")
    connection = session.connection()
    known = [_known(row) for wanted in candidates(complaint, contact) for row in connection.execute(*wanted)]
    found = most_alike(facts_of(complaint, contact), known)
    if found is not None:
        complaint.possible_duplicate_of = found


_complaint, _person = Complaint.__table__.c, Person.__table__.c


def _alike(which: ColumnElement[bool]) -> CompoundSelect[Any]:
    """Those learned of before and those learned of after, the nearest of each."""
    joined = Complaint.__table__.outerjoin(Person.__table__, _person.id == _complaint.person_id)
    wanted = select(*(column.__clause_element__() for column in _COLUMNS)).select_from(joined).where(
        which, _complaint.id != bindparam("own"), _complaint.master_id.is_(None)).limit(EACH_WAY)
    learned = _complaint.awareness_at
    before = wanted.where(learned.between(bindparam("since"), bindparam("at"))).order_by(learned.desc())
    after = wanted.where(learned > bindparam("at"), learned <= bindparam("until")).order_by(learned)
    return union_all(*(select(side.subquery()) for side in (before, after)))


# Made once: making and recognising them again for each report took longer than the database needs.
_OF_LOT = _alike(_complaint.lot_key == bindparam("lot"))
_OF_CONTACT = _alike(_complaint.person_id.in_(select(_person.id).where(_person.contact_hash == bindparam("contact"))))


def candidates(complaint: Complaint, contact: str | None) -> list[tuple[CompoundSelect[Any], dict[str, Any]]]:
    """The statements that find who is compared, with their values: those of the lot and those of the contact, each by
    an index; the nearest before and after."""
    at = complaint.awareness_at
    values = {"own": complaint.id, "since": at - WITHIN, "at": at, "until": at + WITHIN, "lot": complaint.lot_key,
              "contact": contact}
    wanted = [*([_OF_LOT] if complaint.lot_key != UNKNOWN_LOT else ()), *([_OF_CONTACT] if contact else ())]
    return [(statement, values) for statement in wanted]


class Suspecting:
    """Complaints of an import, each compared with those that are there and those before it in the file. Lots are read
    once; those that were asked for longest ago are forgotten when too much is held."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._lots: OrderedDict[str, Neighbours] = OrderedDict()
        self._sizes: dict[str, int] = {}

    def suspect_each(self, complaints: Sequence[Complaint], contacts: Mapping[str, str]) -> None:
        """Note for each of these new complaints, none of which is stored yet, which earlier one it may repeat.
        `contacts`: the keyed hash by the complaint, for those that left one."""
        with self._session.no_autoflush:
            by_contact = self._of_contacts(set(contacts.values()))
            self._read_lots({complaint.lot_key for complaint in complaints} - {UNKNOWN_LOT})
        for complaint in complaints:
            contact = contacts.get(complaint.id)
            facts = facts_of(complaint, contact)
            known = Known(complaint.awareness_at.date(), complaint.id, facts)
            places = [place for place in (self._lots.get(complaint.lot_key), by_contact.get(contact or "")) if place]
            complaint.possible_duplicate_of = most_alike(
                facts, [other for place in places for other in place.near(known.learned)])
            for place in places:
                place.add(known)
            if complaint.lot_key in self._sizes:
                self._sizes[complaint.lot_key] += _size(facts)
        self._forget()

    def _of_contacts(self, contacts: set[str]) -> dict[str, Neighbours]:
        found: dict[str, list[Known]] = {contact: [] for contact in contacts}
        wanted = select(*_COLUMNS).join(Person, Person.id == Complaint.person_id).where(
            Person.contact_hash.in_(contacts), Complaint.master_id.is_(None))
        for row in self._session.execute(wanted) if contacts else ():
            found[row.contact_hash].append(_known(row))
        return {contact: Neighbours.of(known) for contact, known in found.items()}

    def _read_lots(self, keys: set[str]) -> None:
        for key in keys & self._lots.keys():
            self._lots.move_to_end(key)
        missing = sorted(keys - self._lots.keys())
        found: dict[str, list[Known]] = {key: [] for key in missing}
        wanted = select(*_COLUMNS).outerjoin(Person, Person.id == Complaint.person_id).where(
            Complaint.lot_key.in_(missing), Complaint.master_id.is_(None))
        for row in self._session.execute(wanted.execution_options(yield_per=_AT_ONCE)) if missing else ():
            found[row.lot_key].append(_known(row))
        for key, known in found.items():
            self._lots[key] = Neighbours.of(known)
            self._sizes[key] = sum(_size(one.facts) for one in known)

    def _forget(self) -> None:
        held = sum(self._sizes.values())
        while held > _MOST_HELD and len(self._lots) > 1:
            key, _known_reports = self._lots.popitem(last=False)
            held -= self._sizes.pop(key)


def likeness_of(session: Session, one: Complaint, other: Complaint) -> Likeness:
    """How likely the two tell of one event, and why, as it stands now."""
    contacts = _contacts_of(session, [one, other])
    return likeness(facts_of(one, contacts.get(one.person_id or "")),
                    facts_of(other, contacts.get(other.person_id or "")), EACH_WAY)


def facts_of(complaint: Complaint, contact: str | None) -> Facts:
    """What can be compared of a complaint."""
    return Facts(None if complaint.lot_key == UNKNOWN_LOT else complaint.lot_key, contact, complaint.happened_on,
                 complaint.consignee_id, complaint.place, complaint.age_band, complaint.sex,
                 frozenset(complaint.terms), complaint.narrative, complaint.awareness_at.date())


def _known(row: Any) -> Known:
    """A row of `_COLUMNS`."""
    key, lot_key, contact, awareness_at, happened_on, consignee_id, place, age_band, sex, terms, narrative = row
    learned = awareness_at.date()
    return Known(learned, key, Facts(None if lot_key == UNKNOWN_LOT else lot_key, contact, happened_on, consignee_id,
                                     place, age_band, sex, frozenset(terms), narrative, learned))


def _size(facts: Facts) -> int:
    return 500 + len(facts.text)


def _contacts_of(session: Session, complaints: Iterable[Complaint]) -> dict[str, str]:
    """The keyed hash of the contact by the person, for those who left one."""
    persons = [complaint.person_id for complaint in complaints if complaint.person_id]
    if not persons:
        return {}
    rows = session.execute(select(Person.id, Person.contact_hash).where(
        Person.id.in_(persons), Person.contact_hash.is_not(None)))
    return {person: contact for person, contact in rows if contact}
