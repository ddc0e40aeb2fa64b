"""The CAPA of the story, in the middle of its life: the cause is confirmed, the actions are under way."""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from traceapp.capa.model import Capa
from traceapp.capa.policy import home_day
from traceapp.capa.queries import actions_of
from traceapp.capa.service import (
    AddAction,
    AddCause,
    AskDevelopment,
    FinishAction,
    JudgeCause,
    LinkTo,
    MoveCapa,
    OpenCapa,
    StateCriterion,
    WriteWhys,
    add_action,
    add_cause,
    ask_development,
    finish_action,
    judge_cause,
    move_capa,
    open_capa,
    state_criterion,
    write_whys,
)
from traceapp.core.clock import FixedClock
from traceapp.surveillance.model import Signal
from traceapp.trace.model import Lot

from .house import House
from .tables import texts

_WHYS = 4
# Who does what is planned, and how many days later it is due.
_ACTIONS = (("quality", 1), ("operator", 14), ("quality", 21))
_VERIFIED_AFTER = timedelta(days=120)


@dataclass(frozen=True, slots=True)
class CapaStory:
    """What the case grows from: the first signal of the story, and the bad lot of material."""

    session: Session
    clock: FixedClock
    house: House
    signal: Signal
    bad_lot: Lot

    def tell(self, until: datetime) -> Capa:
        """Every step at its own moment between the signal and `until`."""
        begin = self.signal.opened_at
        pace = (until - begin) / (len(_STEPS) + 1)
        self.clock.move_to(begin + pace)
        capa = self._open()
        for number, step in enumerate(_STEPS, 2):
            self.clock.move_to(begin + pace * number)
            step(self, capa.id)
            self.session.flush()
        self.clock.move_to(until)
        return capa

    def _open(self) -> Capa:
        links = [LinkTo("signal", self.signal.id)]
        if self.bad_lot.supplier_id:
            links.append(LinkTo("supplier", self.bad_lot.supplier_id))
        return open_capa(self.session, self.house.actors["quality"], self.clock, OpenCapa(
            "corrective", texts()["capa.title"], texts()["capa.problem"], tuple(links),
            (self.signal.product_id,) if self.signal.product_id else (), problem_kind="redness"))

    def _move(self, capa_id: str, action: str) -> None:
        move_capa(self.session, self.house.actors["quality"], self.clock, MoveCapa(
            capa_id, action, texts().get(f"capa.{action}", "")))

    def _whys(self, capa_id: str) -> None:
        answers = tuple(texts()[f"capa.why.{number}"] for number in range(1, _WHYS + 1))
        write_whys(self.session, self.house.actors["quality"], self.clock, WriteWhys(capa_id, answers))

    def _causes(self, capa_id: str) -> None:
        quality = self.house.actors["quality"]
        glue = add_cause(self.session, quality, self.clock, AddCause(
            capa_id, "upstream", texts()["capa.cause.upstream"].replace("{lot}", self.bad_lot.number)))
        test = add_cause(self.session, quality, self.clock, AddCause(
            capa_id, "measurement", texts()["capa.cause.measurement"], glue.id))
        add_cause(self.session, quality, self.clock, AddCause(
            capa_id, "supplier", texts()["capa.cause.supplier"], glue.id))
        line = add_cause(self.session, quality, self.clock, AddCause(capa_id, "line", texts()["capa.cause.line"]))
        for cause, verdict, name in ((glue, "confirmed", "upstream"), (test, "confirmed", "measurement"),
                                     (line, "excluded", "line")):
            judge_cause(self.session, quality, self.clock, JudgeCause(
                capa_id, cause.id, verdict, texts()[f"capa.evidence.{name}"]))

    def _ask(self, capa_id: str) -> None:
        ask_development(self.session, self.house.actors["quality"], self.clock, AskDevelopment(
            capa_id, texts()["capa.question"], self.house.actors["manager"].id))

    def _plan(self, capa_id: str) -> None:
        today = home_day(self.clock.now())
        for number, (name, days) in enumerate(_ACTIONS, 1):
            add_action(self.session, self.house.actors["quality"], self.clock, AddAction(
                capa_id, texts()[f"capa.action.{number}"], self.house.actors[name].id, today + timedelta(days=days)))
        state_criterion(self.session, self.house.actors["quality"], self.clock, StateCriterion(
            capa_id, texts()["capa.criterion"], texts()["capa.method"], today + _VERIFIED_AFTER))

    def _finish(self, capa_id: str) -> None:
        first = actions_of(self.session, capa_id)[0]
        finish_action(self.session, self.house.actors["quality"], self.clock, FinishAction(
            capa_id, first.id, texts()["capa.done"]))


_STEPS: tuple[Callable[[CapaStory, str], None], ...] = (
    lambda story, key: story._move(key, "investigate"), CapaStory._whys, CapaStory._causes,
    lambda story, key: story._move(key, "plan"), CapaStory._ask, CapaStory._plan,
    lambda story, key: story._move(key, "begin"), CapaStory._finish)
