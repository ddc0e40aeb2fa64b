"""The CAPA of the story, in the middle of its life: the cause is confirmed, the actions are under way."""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from traceapp.capa.model import Capa
from traceapp.capa.policy import home_day
from traceapp.capa.queries import actions_of
from traceapp.capa.service import AddCause, AskDevelopment, JudgeCause, LinkTo, add_cause, ask_development, judge_cause
from traceapp.core.clock import FixedClock
from traceapp.surveillance.model import Signal
from traceapp.trace.model import Lot

from .capa_acts import CapaActs
from .house import House

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

    @property
    def acts(self) -> CapaActs:
        return CapaActs(self.session, self.clock, self.house, "capa")

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
        return self.acts.open(links, (self.signal.product_id,) if self.signal.product_id else (), "redness")

    def _causes(self, capa_id: str) -> None:
        acts = self.acts

        def add(kind: str, text: str, parent: str | None = None) -> str:
            return add_cause(self.session, acts.quality, self.clock, AddCause(capa_id, kind, text, parent)).id

        glue = add("upstream", acts.text("cause.upstream").replace("{lot}", self.bad_lot.number))
        test = add("measurement", acts.text("cause.measurement"), glue)
        add("supplier", acts.text("cause.supplier"), glue)
        line = add("line", acts.text("cause.line"))
        for cause, verdict, name in ((glue, "confirmed", "upstream"), (test, "confirmed", "measurement"),
                                     (line, "excluded", "line")):
            judge_cause(self.session, acts.quality, self.clock, JudgeCause(
                capa_id, cause, verdict, acts.text(f"evidence.{name}")))

    def _ask(self, capa_id: str) -> None:
        ask_development(self.session, self.acts.quality, self.clock, AskDevelopment(
            capa_id, self.acts.text("question"), self.house.actors["manager"].id))

    def _plan(self, capa_id: str) -> None:
        today = home_day(self.clock.now())
        self.acts.plan(capa_id, [(name, today + timedelta(days=days)) for name, days in _ACTIONS],
                       today + _VERIFIED_AFTER)

    def _finish(self, capa_id: str) -> None:
        self.acts.finish("quality", actions_of(self.session, capa_id)[0])


_STEPS: tuple[Callable[[CapaStory, str], None], ...] = (
    lambda story, key: story.acts.move(key, "investigate"), lambda story, key: story.acts.ask_why(key, _WHYS),
    CapaStory._causes, lambda story, key: story.acts.move(key, "plan"), CapaStory._ask, CapaStory._plan,
    lambda story, key: story.acts.move(key, "begin"), CapaStory._finish)
