"""A gap that a drill showed, taken up: the CAPA of the drill is opened by the first, and gets the others added."""
from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from traceapp.core.actor import Actor
from traceapp.core.clock import Clock
from traceapp.core.errors import Conflict

from .model import Capa
from .opening import ChangeCapa, LinkTo, OpenCapa, change_capa, open_capa, running_for
from .queries import products_of
from .states import CapaKind, LinkKind


@dataclass(frozen=True, slots=True)
class TakeUpGap:
    """`recall_id`: the case that the drill played; `title` and `gap` in the words of whoever takes it up."""

    recall_id: str | None
    title: str
    gap: str


def take_up_gap(session: Session, actor: Actor, clock: Clock, command: TakeUpGap) -> Capa:
    """The CAPA of the drill with this gap among its problems; twice is as once. Raises Conflict for a drill that played
    no case, Forbidden."""
    if command.recall_id is None:
        raise Conflict("This drill has not ended yet.", code="not-ended")
    link = LinkTo(LinkKind.recall, command.recall_id)
    running = running_for(session, link, CapaKind.corrective)
    if running is None:
        return open_capa(session, actor, clock, OpenCapa(CapaKind.corrective, command.title, command.gap, (link,)))
    if command.gap in running.problem.splitlines():
        return running
    return change_capa(session, actor, clock, ChangeCapa(
        running.id, running.title, f"{running.problem}\n{command.gap}", running.owner_id, running.due_on,
        tuple(one.id for one in products_of(session, running.id)), running.problem_kind))
