"""The CAPA of the recall of the past, from its problem to the signed end: the machine was mended, and it helped."""
from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy.orm import Session

from traceapp.capa.model import Capa
from traceapp.capa.policy import home_day
from traceapp.capa.queries import actions_of, capas_about
from traceapp.capa.service import (
    AddCause,
    CloseCapa,
    ConcludeCheck,
    JudgeCause,
    LinkTo,
    add_cause,
    close_capa,
    conclude_check,
    judge_cause,
)
from traceapp.core.clock import FixedClock

from .capa_acts import CapaActs
from .house import House
from .people import SIGN_INS

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
        acts, begun = self._acts(), self.clock.now()
        capa = acts.open((LinkTo("recall", recall_id),), (product_id,), "packaging")
        acts.move(capa.id, "investigate")
        acts.ask_why(capa.id, _WHYS)
        cause = add_cause(self.session, acts.quality, self.clock, AddCause(capa.id, "machine", acts.text("cause")))
        judge_cause(self.session, acts.quality, self.clock, JudgeCause(
            capa.id, cause.id, "confirmed", acts.text("evidence")))
        acts.move(capa.id, "plan")
        acts.plan(capa.id, [("operator", home_day(begun + _WORK))] * _ACTIONS, home_day(begun + _WORK + _PROOF))
        acts.move(capa.id, "begin")

    def finish(self, recall_id: str) -> Capa:
        """The work is done, it helped, and somebody else signs the end."""
        capa = capas_about(self.session, "recall", recall_id)[0]
        acts, begun = self._acts(), capa.opened_at
        self.clock.move_to(begun + _WORK)
        for action in actions_of(self.session, capa.id):
            acts.finish("operator", action)
        acts.move(capa.id, "verify")
        self.clock.move_to(begun + _WORK + _PROOF)
        conclude_check(self.session, acts.quality, self.clock, ConcludeCheck(capa.id, "effective", acts.text("result")))
        return close_capa(self.session, self.house.actors["manager"], self.clock, CloseCapa(
            capa.id, _PASSWORDS["manager"], acts.text("closed")))

    def _acts(self) -> CapaActs:
        return CapaActs(self.session, self.clock, self.house, "sealing")
