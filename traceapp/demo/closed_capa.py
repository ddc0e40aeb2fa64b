"""The CAPA of the recall of the past, from its problem to the signed end: the machine was mended, and it helped."""
from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy.orm import Session

from traceapp.capa.model import Capa
from traceapp.capa.policy import home_day
from traceapp.capa.queries import actions_of, capas_about
from traceapp.capa.service import (
    AddAction,
    AddCause,
    CloseCapa,
    ConcludeCheck,
    FinishAction,
    JudgeCause,
    LinkTo,
    MoveCapa,
    OpenCapa,
    StateCriterion,
    WriteWhys,
    add_action,
    add_cause,
    close_capa,
    conclude_check,
    finish_action,
    judge_cause,
    move_capa,
    open_capa,
    state_criterion,
    write_whys,
)
from traceapp.core.clock import FixedClock

from .house import House
from .people import SIGN_INS
from .tables import texts

_WHYS, _ACTIONS = 3, 2
_WORK, _PROOF = timedelta(days=20), timedelta(days=92)
_PASSWORDS = {one.name: one.password for one in SIGN_INS}


@dataclass(frozen=True, slots=True)
class ClosedCapa:
    """Begun while the recall ran, ended some four months later."""

    session: Session
    clock: FixedClock
    house: House

    def begin(self, recall_id: str, product_id: str) -> None:
        """The cause is found and the work begins, all at the present moment of the story."""
        quality, begun = self.house.actors["quality"], self.clock.now()
        capa = open_capa(self.session, quality, self.clock, OpenCapa(
            "corrective", texts()["sealing.title"], texts()["sealing.problem"],
            (LinkTo("recall", recall_id),), (product_id,), problem_kind="packaging"))
        self._move(capa, "investigate")
        self._find_cause(capa)
        self._move(capa, "plan")
        for number in range(1, _ACTIONS + 1):
            add_action(self.session, quality, self.clock, AddAction(
                capa.id, texts()[f"sealing.action.{number}"], self.house.actors["operator"].id,
                home_day(begun + _WORK)))
        state_criterion(self.session, quality, self.clock, StateCriterion(
            capa.id, texts()["sealing.criterion"], texts()["sealing.method"], home_day(begun + _WORK + _PROOF)))
        self._move(capa, "begin")

    def finish(self, recall_id: str) -> Capa:
        """The work is done, it helped, and somebody else signs the end."""
        capa = capas_about(self.session, "recall", recall_id)[0]
        quality, begun = self.house.actors["quality"], capa.opened_at
        self.clock.move_to(begun + _WORK)
        for action in actions_of(self.session, capa.id):
            finish_action(self.session, self.house.actors["operator"], self.clock, FinishAction(
                capa.id, action.id, texts()["sealing.done"]))
        self._move(capa, "verify")
        self.clock.move_to(begun + _WORK + _PROOF)
        conclude_check(self.session, quality, self.clock, ConcludeCheck(
            capa.id, "effective", texts()["sealing.result"]))
        return close_capa(self.session, self.house.actors["manager"], self.clock, CloseCapa(
            capa.id, _PASSWORDS["manager"], texts()["sealing.closed"]))

    def _find_cause(self, capa: Capa) -> None:
        quality = self.house.actors["quality"]
        write_whys(self.session, quality, self.clock, WriteWhys(
            capa.id, tuple(texts()[f"sealing.why.{number}"] for number in range(1, _WHYS + 1))))
        cause = add_cause(self.session, quality, self.clock, AddCause(capa.id, "machine", texts()["sealing.cause"]))
        judge_cause(self.session, quality, self.clock, JudgeCause(
            capa.id, cause.id, "confirmed", texts()["sealing.evidence"]))

    def _move(self, capa: Capa, action: str) -> None:
        move_capa(self.session, self.house.actors["quality"], self.clock, MoveCapa(
            capa.id, action, texts().get(f"sealing.{action}", "")))
        self.session.flush()
