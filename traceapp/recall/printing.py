"""Letters on paper: to whom, and that they were posted."""
from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from babel import Locale
from sqlalchemy import ColumnElement, func, insert, select, true
from sqlalchemy.orm import Session

from traceapp.audit import record
from traceapp.catalog.lookup import own_party
from traceapp.catalog.model import Party, PartyContact
from traceapp.catalog.queries import recall_contacts
from traceapp.catalog.texts import short_text
from traceapp.core.actor import Actor
from traceapp.core.clock import Clock
from traceapp.core.errors import Conflict, NotFound
from traceapp.identity.policy import permit
from traceapp.vault.service import Vault

from .cases import is_running, recall_by_id, recall_stream
from .letter_facts import consignee_facts
from .letters import PostalLetter
from .model import Notice, NoticeAttempt, Recall
from .states import NoticeState, RecallState

# So many letters are one file, which takes some seconds to make.
MOST_IN_A_FILE = 2000
_AT_ONCE = 200
_CHINESE = re.compile("[\u4e00-\u9fff]")
# Where an address in Chinese begins with the largest part; a party without a country is at home.
_LARGE_FIRST = ("", "CN", "HK", "MO", "TW")


class Whom(StrEnum):
    """Which consignees a letter is printed for: all, who has not answered, who was not reached by mail or message."""

    all = "all"
    silent = "silent"
    unreached = "unreached"


@dataclass(frozen=True, slots=True)
class Printed:
    """Which letters: of whom, or of one consignee; which file of them, the first is 1."""

    whom: Whom = Whom.silent
    consignee_id: str | None = None
    file: int = 1


@dataclass(frozen=True, slots=True)
class PostLetters:
    """That letters were put into the post; one consignee's where it is named. `note`: how, with which number."""

    recall_id: str
    whom: Whom = Whom.silent
    consignee_id: str | None = None
    note: str = ""


def chosen(recall_id: str, whom: Whom, consignee_id: str | None) -> ColumnElement[bool]:
    """The notices that are meant, as a condition."""
    if consignee_id is not None:
        which: ColumnElement[bool] = Notice.consignee_id == consignee_id
    elif whom == Whom.silent:
        which = Notice.answered_at.is_(None)
    elif whom == Whom.unreached:
        which = Notice.state.in_((NoticeState.not_sent, NoticeState.uncertain))
    else:
        which = true()
    return (Notice.recall_id == recall_id) & which


def letter_counts(session: Session, recall_id: str) -> dict[Whom, int]:
    """How many letters each choice makes."""
    return {whom: session.scalar(select(func.count()).select_from(Notice).where(chosen(recall_id, whom, None))) or 0
            for whom in Whom}


def postal_letters(session: Session, recall: Recall, wanted: Printed, *, vault: Vault,
                   base_url: str) -> Iterator[PostalLetter]:
    """The letters of one file by consignee, some hundred at a time. Raises VaultError for a link that cannot be
    opened."""
    which = chosen(recall.id, wanted.whom, wanted.consignee_id)
    before = (wanted.file - 1) * MOST_IN_A_FILE
    after = session.scalar(select(Notice.consignee_id).where(which).order_by(Notice.consignee_id)
                           .offset(before - 1).limit(1)) if before else ""
    left = MOST_IN_A_FILE if after is not None else 0
    while left > 0:
        notices = session.scalars(select(Notice).where(which, Notice.consignee_id > after)
            .order_by(Notice.consignee_id).limit(min(_AT_ONCE, left))).all()
        if not notices:
            return
        after, left = notices[-1].consignee_id, left - len(notices)
        yield from _letters(session, recall, notices, vault, base_url)


def _letters(session: Session, recall: Recall, notices: Sequence[Notice], vault: Vault,
             base_url: str) -> Iterator[PostalLetter]:
    keys = tuple(notice.consignee_id for notice in notices)
    parties = {party.id: party for party in session.scalars(select(Party).where(Party.id.in_(keys)))}
    contacts = recall_contacts(session, keys)
    own = own_party(session)
    for facts, key in zip(consignee_facts(session, recall, notices, vault=vault, base_url=base_url), keys, strict=True):
        contact = next(iter(contacts.get(key, ())), None)
        language = contact.language if contact else "zh"
        party = parties.get(key)
        lines = (*_address(party, contact, facts.consignee, language), *_abroad(party, own))
        yield PostalLetter(facts, lines, language, is_specimen=recall.is_drill)


def _address(party: Party | None, contact: PartyContact | None, name: Mapping[str, str],
             language: str) -> tuple[str, ...]:
    """An address that is written in Chinese and lies where people write so begins with the large and ends with the
    person: the postcode, province with city and street, then the names. Any other begins with the names."""
    tongue = "en" if language == "en" else "zh"
    person = " ".join(filter(None, (contact.duty, contact.name))) if contact else ""
    if party is None:
        return tuple(filter(None, (name[tongue], person)))
    place = f"{party.region}{party.city}{party.address}"
    if party.country in _LARGE_FIRST and (_CHINESE.search(place) or (tongue == "zh" and not place)):
        return tuple(filter(None, (party.postcode, _street(party), name["zh"] or name[tongue], person)))
    return tuple(filter(None, (name[tongue], person, party.address, " ".join(filter(None, (
        party.postcode, party.city, party.region))))))


def _street(party: Party) -> str:
    """Province, city and street in a row; what the street begins with already is said once."""
    found = party.address
    for larger in (party.city, party.region):
        if not found.startswith(larger) and not (party.region and found.startswith(party.region)):
            found = larger + found
    return found


def _abroad(party: Party | None, own: Party | None) -> tuple[str, ...]:
    """The country in the last line, in our language and in English, where it is not our own.

    Source: Universal Postal Convention, Letter Post Regulations (designation of the country of destination).
    """
    if party is None or own is None or party.country in ("", own.country):
        return ()
    names = (Locale(language).territories.get(party.country, party.country) for language in ("zh", "en"))
    return (" ".join(dict.fromkeys(names)).upper(),)


def post_letters(session: Session, actor: Actor, clock: Clock, command: PostLetters) -> int:
    """Write down that letters were posted, as a try of each consignee: told is who answers or is reached. Answers how
    many. Raises Conflict when the recall is not running, NotFound when nobody fits."""
    permit(actor, "recall.write")
    recall = recall_by_id(session, command.recall_id)
    if not is_running(recall):
        raise Conflict("Tries are noted while a recall is running; this one is “%(state)s”.", code="wrong-state",
                       state=RecallState(recall.state))
    keys = list(session.scalars(select(Notice.consignee_id).where(
        chosen(recall.id, command.whom, command.consignee_id)).order_by(Notice.consignee_id).with_for_update()))
    if not keys:
        raise NotFound("There is no letter to anybody here.", code="unknown-notice")
    note = short_text(command.note, 2000, place="note")
    last: dict[str, int] = {key: position for key, position in session.execute(
        select(NoticeAttempt.consignee_id, func.max(NoticeAttempt.position))
        .where(NoticeAttempt.recall_id == recall.id).group_by(NoticeAttempt.consignee_id))}
    session.execute(insert(NoticeAttempt), [
        {"recall_id": recall.id, "consignee_id": key, "position": last.get(key, 0) + 1, "way": "letter",
         "reached": False, "note": note, "at": clock.now(), "by": actor.id} for key in keys])
    record(session, actor, clock.now(), "recall.letters_posted", recall_stream(recall), {
        "count": len(keys), "whom": str(command.whom), "consignee": command.consignee_id, "note": note})
    session.flush()
    return len(keys)
