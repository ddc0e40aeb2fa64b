"""Loading the demonstration data, whole or not at all."""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from traceapp.catalog.model import Party, Product
from traceapp.core.clock import Clock, FixedClock
from traceapp.core.errors import Conflict, InvalidInput
from traceapp.core.process import collecting_seldom
from traceapp.db import Database
from traceapp.outbox.model import MessageState, OutboxMessage
from traceapp.submission.report_desk import ReportDesk
from traceapp.surveillance.drifting import look_for_drifts, suppliers_to_look_at
from traceapp.trace.identity import lot_key
from traceapp.trace.model import Lot
from traceapp.vault.service import Vault

from .acts import Landmarks, LotName
from .closed_capa import ClosedCapa
from .corrective import CapaStory
from .house import MAKER, House, found_house
from .one_transaction import ThisTransaction
from .rehearsal import rehearse
from .story import plan_story
from .tables import items
from .telling import Narrator

Progress = Callable[[int, int], None]
_FOUNDED_BEFORE = timedelta(days=60)
LARGEST_SCALE = 50


@dataclass(frozen=True, slots=True)
class LoadDemo:
    """`scale` 1 is about 160 finished lots and 110 consignees; the same seed tells the same story."""

    scale: float = 1.0
    seed: int = 1


@dataclass(frozen=True, slots=True)
class Loaded:
    """How much was told, which lots to look at, and how many signals were opened on the way."""

    acts: int
    signals: int
    landmarks: Landmarks


def is_empty(session: Session) -> bool:
    """Whether nobody has made a product here yet."""
    return session.scalar(select(Product.id).limit(1)) is None


def is_demo(session: Session) -> bool:
    """Whether this database holds the demonstration data."""
    return session.scalar(select(Party.id).where(Party.code == MAKER)) is not None


def load_demo(database: Database, clock: Clock, command: LoadDemo, *, vault: Vault, reports: ReportDesk,
              progress: Progress = lambda done, total: None) -> Loaded:
    """Tell the whole story in one transaction, so that an interrupted load leaves nothing behind and no half-told
    story has to be recognised later. Raises Conflict when there are products already.

    On SQLite other writers wait meanwhile; the data is for a database that nobody works in yet.
    """
    if not 0 < command.scale <= LARGEST_SCALE:
        raise InvalidInput("The scale is a number above 0, at most %(most)s.", place="--scale", most=LARGEST_SCALE)
    now = clock.now()
    plan = plan_story(now, command.seed, command.scale)
    with collecting_seldom(), database.write() as session:
        if not is_empty(session):
            raise Conflict("There are products in this database already. Demonstration data goes into an empty one "
                           "(set TRACEAPP_VAR_DIR or TRACEAPP_DATABASE_URL to another place).", code="not-empty")
        story_clock = FixedClock(plan.acts[0].at - _FOUNDED_BEFORE)
        house = found_house(session, story_clock, plan.consignees)
        marks = plan.landmarks
        narrator = Narrator(session, story_clock, vault, house, reports, now=now, story_keys=frozenset(
            _key(house, lot) for lot in (*marks.suspicious, *marks.other_batches)))
        for number, act in enumerate(plan.acts, 1):
            narrator.tell(act)
            progress(number, len(plan.acts))
        narrator.finish()
        _tell_rest(narrator, marks, now)
        # Calls, corrections and mail to subscribers are part of the story: they never go out.
        session.execute(update(OutboxMessage).where(OutboxMessage.state == MessageState.pending).values(
            state=MessageState.sent, done_at=now))
    return Loaded(len(plan.acts), len(narrator.signals), marks)


def _tell_rest(narrator: Narrator, marks: Landmarks, now: datetime) -> None:
    """What does not stand in the plan: both CAPAs, the drill, and the nightly look at suppliers' results."""
    session, clock, house = narrator.session, narrator.clock, narrator.house
    ClosedCapa(session, clock, house).finish(narrator.recalls["recall"].recall_id)
    rehearse(ThisTransaction(session), clock, narrator.vault, house, now)
    _tell_capa(narrator, _key(house, marks.bad_glue), now)
    look_for_drifts(session, clock, suppliers_to_look_at(session, clock))


def _tell_capa(narrator: Narrator, bad_key: str, now: datetime) -> None:
    """The CAPA of the first signal of the story, when there is one."""
    mine = [one for one in narrator.signals if narrator.is_of_the_story(one)]
    if mine:
        CapaStory(narrator.session, narrator.clock, narrator.house, min(mine, key=lambda one: one.opened_at),
                  narrator.session.get_one(Lot, bad_key)).tell(now)


def _key(house: House, lot: LotName) -> str:
    return lot_key(house.products[lot.product].identity_uri, lot.number)


def code_address(base_url: str, lot: LotName) -> str:
    """What the code of a finished lot says."""
    return f"{base_url}/01/{items()[lot.product].gtin('unit')}/10/{lot.number}"
