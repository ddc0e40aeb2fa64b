"""Opening a CAPA, describing it, and saying what it is about."""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TypeVar

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from traceapp.adverse_event.queries import adverse_event_by_id
from traceapp.audit import record
from traceapp.catalog.lookup import products_by_id
from traceapp.catalog.model import Party
from traceapp.catalog.texts import required_text, short_text
from traceapp.complaint.policy import one_of
from traceapp.complaint.queries import complaint_by_id
from traceapp.complaint.terms import terms
from traceapp.core.actor import Actor
from traceapp.core.clock import Clock
from traceapp.core.errors import Conflict, InvalidInput, NotFound
from traceapp.core.ids import new_id, new_reference
from traceapp.db.insert import insert_if_new
from traceapp.identity.policy import permit
from traceapp.recall.cases import note_first_capa
from traceapp.recall.model import Recall
from traceapp.surveillance.queries import signal_by_id
from traceapp.trace.model import Inspection

from .cases import Act, capa_by_id, capa_stream, for_work, known_person, note, raise_duty
from .model import Capa, CapaLink, CapaProduct
from .policy import WHOLE_DAYS, home_day
from .states import ENDED, CapaKind, CapaState, LinkKind

TITLE, TEXT = 300, 20_000
_MOST_PRODUCTS, _MOST_LINKS = 50, 200
_Given = TypeVar("_Given")


@dataclass(frozen=True, slots=True)
class LinkTo:
    """A thing that a CAPA is about; an inspection is named with its lot."""

    kind: str
    target_id: str
    lot_key: str | None = None


@dataclass(frozen=True, slots=True)
class OpenCapa:
    """The problem in words. The first of `links` is what it is opened from. `owner_id` None: whoever opens it;
    `due_on` None: ninety days from today; `problem_kind`: a term of the list of what goes wrong, or ""."""

    kind: str
    title: str
    problem: str
    links: tuple[LinkTo, ...] = ()
    product_ids: tuple[str, ...] = ()
    owner_id: str | None = None
    due_on: date | None = None
    problem_kind: str = ""


@dataclass(frozen=True, slots=True)
class ChangeCapa:
    """Title, problem, products, owner and day anew."""

    capa_id: str
    title: str
    problem: str
    owner_id: str
    due_on: date
    product_ids: tuple[str, ...] = ()
    problem_kind: str = ""
    revision: int | None = None


@dataclass(frozen=True, slots=True)
class LinkCapa:
    capa_id: str
    link: LinkTo
    revision: int | None = None


def open_capa(session: Session, actor: Actor, clock: Clock, command: OpenCapa) -> Capa:
    """A CAPA in the state `open`, with a duty to take it up.

    Raises Conflict (code `capa-runs`) when one of this kind runs already for what it is opened from: join that one by
    `link_capa`. Raises NotFound for a link or a product that is not there, InvalidInput, Forbidden.
    """
    permit(actor, "capa.write")
    kind = one_of(CapaKind, command.kind, place="kind")
    links = list({(link.kind, link.target_id): link for link in _at_most(command.links, _MOST_LINKS, "links")}.values())
    names = [name_of(session, link) for link in links]
    owner = known_person(session, command.owner_id or actor.id, "capa.write", place="owner_id")
    now = clock.now()
    origin = f"{links[0].kind}:{links[0].target_id}" if links else ""
    values = {
        "id": new_id(now), "reference": new_reference("CA", now), "kind": kind, "state": CapaState.open,
        "title": _title(command.title), "problem": _text(command.problem, "problem"),
        "problem_kind": _problem_kind(command.problem_kind), "origin": origin, "owner_id": owner.id,
        "due_on": _day(clock, command.due_on), "opened_at": now, "opened_by": actor.id, "no_cause": "", "changes": 0,
        "revision": 1}
    if not insert_if_new(session, Capa, values):
        running = running_for(session, links[0], kind)
        raise Conflict("%(reference)s runs for this already. Add to it what is new.", code="capa-runs", place="links",
                       reference=running.reference if running else "")
    capa = capa_by_id(session, str(values["id"]), lock=True)
    _write_products(session, capa, command.product_ids)
    for link, name in zip(links, names, strict=True):
        _add_link(session, actor, clock, capa, (link, name))
    record(session, actor, now, "capa.opened", capa_stream(capa.id), {
        "reference": capa.reference, "kind": capa.kind, "origin": origin, "products": list(command.product_ids)})
    raise_duty(session, actor, clock, capa, "capa.investigate")
    session.flush()
    return capa


def running_for(session: Session, link: LinkTo, kind: str | None = None) -> Capa | None:
    """The CAPA that was opened from this and has not ended; of one kind, or any, the newest."""
    found = select(Capa).where(Capa.origin == f"{link.kind}:{link.target_id}", Capa.state.not_in(ENDED))
    if kind is not None:
        found = found.where(Capa.kind == kind)
    return session.scalars(found.order_by(Capa.opened_at.desc(), Capa.id).limit(1)).first()


def change_capa(session: Session, actor: Actor, clock: Clock, command: ChangeCapa) -> Capa:
    """Describe it anew, hand it to another owner, or move its day. Raises as `open_capa`, and Stale."""
    capa = for_work(session, actor, Act(command.capa_id, command.revision, "describe"))
    owner = known_person(session, command.owner_id, "capa.write", place="owner_id")
    before = {"owner": capa.owner_id, "due_on": capa.due_on}
    capa.title, capa.problem = _title(command.title), _text(command.problem, "problem")
    capa.problem_kind = _problem_kind(command.problem_kind)
    capa.owner_id, capa.due_on = owner.id, command.due_on
    session.execute(delete(CapaProduct).where(CapaProduct.capa_id == capa.id))
    _write_products(session, capa, command.product_ids)
    note(session, actor, clock, capa, ("described", {
        "before": before, "after": {"owner": capa.owner_id, "due_on": capa.due_on}}))
    session.flush()
    return capa


def link_capa(session: Session, actor: Actor, clock: Clock, command: LinkCapa) -> Capa:
    """Say of one thing more that the CAPA is about it; twice is as once. Raises NotFound, Conflict, Stale."""
    capa = for_work(session, actor, Act(command.capa_id, command.revision, "link"))
    name = name_of(session, command.link)
    if session.get(CapaLink, (capa.id, command.link.kind, command.link.target_id)) is None:
        _add_link(session, actor, clock, capa, (command.link, name))
        note(session, actor, clock, capa, ("linked", {"kind": command.link.kind, "target": command.link.target_id}))
    session.flush()
    return capa


def _add_link(session: Session, actor: Actor, clock: Clock, capa: Capa, named: tuple[LinkTo, str]) -> None:
    link, name = named
    session.add(CapaLink(capa_id=capa.id, kind=link.kind, target_id=link.target_id, lot_key=link.lot_key, name=name,
                         added_at=clock.now(), added_by=actor.id))
    if link.kind == LinkKind.recall:
        note_first_capa(session, link.target_id, capa.id)


def _write_products(session: Session, capa: Capa, product_ids: tuple[str, ...]) -> None:
    wanted = list(dict.fromkeys(_at_most(product_ids, _MOST_PRODUCTS, "product_ids")))
    if len(products_by_id(session, wanted)) != len(wanted):
        raise NotFound("There is no such product.", code="unknown-product", place="product_ids")
    session.add_all(CapaProduct(capa_id=capa.id, product_id=one) for one in wanted)


def _at_most(given: tuple[_Given, ...], most: int, place: str) -> tuple[_Given, ...]:
    if len(given) > most:
        raise InvalidInput("Name at most %(most)s.", code="too-many", place=place, most=most)
    return given


def _title(text: str) -> str:
    return short_text(required_text(text, place="title"), TITLE, place="title")


def _text(text: str, place: str) -> str:
    return short_text(required_text(text, place=place), TEXT, place=place)


def _problem_kind(code: str) -> str:
    if code and code not in terms():
        raise InvalidInput("“%(term)s” is not in the list of what can go wrong.", code="unknown-term",
                           place="problem_kind", term=code[:40])
    return code


def _day(clock: Clock, due_on: date | None) -> date:
    today = home_day(clock.now())
    if due_on is None:
        return today + timedelta(days=WHOLE_DAYS)
    if due_on < today:
        raise InvalidInput("This day is past.", code="past", place="due_on")
    return due_on


def name_of(session: Session, link: LinkTo) -> str:
    """What people call the linked thing. Raises InvalidInput for an unknown kind, NotFound."""
    kind = one_of(LinkKind, link.kind, place="kind")
    name = _NAMES[kind](session, link)
    if name is None:
        raise NotFound("What the CAPA is to be linked to is not there.", code="unknown-target", place="target_id")
    return name[:200]


def _reference(find: Callable[[Session, str], object]) -> Callable[[Session, LinkTo], str | None]:
    return lambda session, link: getattr(find(session, link.target_id), "reference", None)


def _supplier(session: Session, link: LinkTo) -> str | None:
    party = session.get(Party, link.target_id)
    return party.name_zh or party.name_en if party is not None else None


def _inspection(session: Session, link: LinkTo) -> str | None:
    found = session.get(Inspection, (link.lot_key or "", link.target_id))
    return found.report_number if found is not None else None


_NAMES: dict[LinkKind, Callable[[Session, LinkTo], str | None]] = {
    LinkKind.signal: _reference(signal_by_id), LinkKind.complaint: _reference(complaint_by_id),
    LinkKind.adverse_event: _reference(adverse_event_by_id),
    LinkKind.recall: _reference(lambda session, key: session.get(Recall, key)),
    LinkKind.supplier: _supplier, LinkKind.inspection: _inspection}
