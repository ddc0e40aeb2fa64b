"""What the CAPAs of the demonstration have in common: quality takes each step, in words that begin with the name of
the case."""
from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from sqlalchemy.orm import Session

from traceapp.capa.model import Capa, CapaAction
from traceapp.capa.service import (
    AddAction,
    FinishAction,
    LinkTo,
    MoveCapa,
    OpenCapa,
    StateCriterion,
    WriteWhys,
    add_action,
    finish_action,
    move_capa,
    open_capa,
    state_criterion,
    write_whys,
)
from traceapp.core.actor import Actor
from traceapp.core.clock import FixedClock

from .house import House
from .tables import texts


@dataclass(frozen=True, slots=True)
class CapaActs:
    """`name`: with what the texts of this case begin."""

    session: Session
    clock: FixedClock
    house: House
    name: str

    @property
    def quality(self) -> Actor:
        return self.house.actors["quality"]

    def text(self, of: str) -> str:
        return texts()[f"{self.name}.{of}"]

    def open(self, links: Iterable[LinkTo], product_ids: Iterable[str], problem_kind: str) -> Capa:
        return open_capa(self.session, self.quality, self.clock, OpenCapa(
            "corrective", self.text("title"), self.text("problem"), tuple(links), tuple(product_ids),
            problem_kind=problem_kind))

    def move(self, capa_id: str, action: str) -> None:
        """To the next state, with a word where there is one."""
        move_capa(self.session, self.quality, self.clock, MoveCapa(
            capa_id, action, texts().get(f"{self.name}.{action}", "")))
        self.session.flush()

    def ask_why(self, capa_id: str, times: int) -> None:
        write_whys(self.session, self.quality, self.clock, WriteWhys(
            capa_id, tuple(self.text(f"why.{number}") for number in range(1, times + 1))))

    def plan(self, capa_id: str, actions: Iterable[tuple[str, date]], verified_on: date) -> None:
        """Actions (who, until when), and by what and when it is seen whether they helped."""
        for number, (who, until) in enumerate(actions, 1):
            add_action(self.session, self.quality, self.clock, AddAction(
                capa_id, self.text(f"action.{number}"), self.house.actors[who].id, until))
        state_criterion(self.session, self.quality, self.clock, StateCriterion(
            capa_id, self.text("criterion"), self.text("method"), verified_on))

    def finish(self, who: str, action: CapaAction) -> None:
        finish_action(self.session, self.house.actors[who], self.clock, FinishAction(
            action.capa_id, action.id, self.text("done")))
