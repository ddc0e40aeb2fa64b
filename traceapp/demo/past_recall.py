"""The earlier recall, run to its end: opened, signed by two, told, answered by link, accounted for, closed."""
from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, cast

from sqlalchemy import select
from sqlalchemy.orm import Session

from traceapp.core.clock import FixedClock
from traceapp.db import Database
from traceapp.outbox.delivery import Delivery, deliver_due
from traceapp.outbox.mail import Letter
from traceapp.recall.announcing import TELL_SUBSCRIBERS
from traceapp.recall.answer import AnswerLine, RecordAnswer, note_opened, notice_of_token, record_answer
from traceapp.recall.disposing import (
    ConfirmDisposition,
    ProposeDisposition,
    confirm_disposition,
    propose_disposition,
)
from traceapp.recall.evaluation import MEDICAL, QUALITY
from traceapp.recall.executing import checks_of
from traceapp.recall.ledger import AnswerByStaff, record_answer_by_staff
from traceapp.recall.model import Notice, RecallLedger
from traceapp.recall.notices import sealed_about
from traceapp.recall.returning import TakeBack, take_back
from traceapp.recall.sending import KINDS as LETTERS
from traceapp.recall.sending import NoticeSender
from traceapp.recall.service import (
    ApproveRecall,
    AssessRecall,
    ConcludeChecks,
    DecideRecall,
    DrawSample,
    Hazard,
    NoteAttempt,
    OpenRecall,
    RecordCheck,
    SettleLine,
    SignEvaluation,
    SubmitRecall,
    TerminateRecall,
    WriteEvaluation,
    approve_recall,
    assess_recall,
    conclude_checks,
    decide_recall,
    draw_sample,
    note_attempt,
    open_recall,
    record_check,
    settle_line,
    sign_evaluation,
    submit_recall,
    terminate_recall,
    write_evaluation,
)
from traceapp.recall.subscriber_mail import queue_news
from traceapp.trace.model import Lot
from traceapp.vault.service import Vault
from traceapp.worklist.legal_clocks import SetClockDay, clocks_about, set_clock_day
from traceapp.worklist.work import claim_work, finish_work

from .acts import RecallStep
from .casework import report_clocks
from .house import House
from .people import SIGN_INS
from .tables import texts

_PASSWORDS = {one.name: one.password for one in SIGN_INS}
_LOST, _SEED = 5, 20250301
_FACTORS = ("harm_so_far", "conditions", "populations", "consequences", "conclusion")


class _NobodysPost:
    """Takes every letter and sends none: these letters are part of a story, their addresses are nobody's."""

    def send(self, letter: Letter) -> Delivery:
        return Delivery("sent", "demonstration: this letter was never handed to a mail server")


class _ThisTransaction:
    """The unit of work of the whole story, in place of a database with one of its own for every letter."""

    def __init__(self, session: Session) -> None:
        self.session = session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """The story's own session."""
        self.session.flush()
        yield self.session
        self.session.flush()

    read = write


@dataclass(slots=True)
class PastRecall:
    """The steps of the one recall of the past, in the order in which the plan brings them."""

    session: Session
    clock: FixedClock
    vault: Vault
    house: House
    recall_id: str = ""

    def step(self, act: RecallStep, lot_key: str) -> None:
        """Do one step; `lot_key` is the recalled lot."""
        _STEPS[act.step](self, act, lot_key)

    def _open(self, act: RecallStep, lot_key: str) -> None:
        fields: tuple[str, ...] = (
            "title_zh", "title_en", "reason", "risk_zh", "risk_en", "action_zh", "action_en", "contact",
            "remedy_zh", "remedy_en")
        self.recall_id = open_recall(self.session, self.house.actors["quality"], self.clock, OpenRecall(
            recall_class="III", root_lot_keys=(lot_key,), trigger_kind="inspection",
            **dict[str, Any]({name: texts()[f"recall.{name}"] for name in fields}))).id
        self._evaluate()

    def _evaluate(self) -> None:
        quality, manager = self.house.actors["quality"], self.house.actors["manager"]
        assess_recall(self.session, quality, self.clock, AssessRecall(self.recall_id))
        write_evaluation(self.session, quality, self.clock, WriteEvaluation(self.recall_id, Hazard(
            seriousness="limited", likelihood="occasional", proposed_class="III",
            **dict[str, Any]({name: texts()[f"hazard.{name}"] for name in _FACTORS}))))
        for who, name, meaning in ((quality, "quality", QUALITY), (manager, "manager", MEDICAL)):
            sign_evaluation(self.session, who, self.clock, SignEvaluation(self.recall_id, meaning, _PASSWORDS[name]))
        decide_recall(self.session, manager, self.clock, DecideRecall(
            self.recall_id, "III", texts()["recall.decided"], _PASSWORDS["manager"]))

    def _submit(self, act: RecallStep, lot_key: str) -> None:
        submit_recall(self.session, self.house.actors["quality"], self.clock, SubmitRecall(
            self.recall_id, _PASSWORDS["quality"], texts()["recall.submitted"]))

    def _approve(self, act: RecallStep, lot_key: str) -> None:
        approve_recall(self.session, self.house.actors["manager"], self.clock, ApproveRecall(
            self.recall_id, _PASSWORDS["manager"], texts()["recall.approved"]), vault=self.vault)

    def _letters(self, act: RecallStep, lot_key: str) -> None:
        # Links in these letters lead nowhere: nobody gets them.
        sender = NoticeSender(post=_NobodysPost(), vault=self.vault, base_url="https://qinghe.example",
                              clock=self.clock)
        here = cast(Database, _ThisTransaction(self.session))
        while deliver_due(here, self.clock, sender.send, sender.settled, kinds=LETTERS):
            continue
        for row in claim_work(self.session, self.clock, TELL_SUBSCRIBERS, 10, 60):
            queue_news(self.session, self.clock, row.subject_key)
            finish_work(self.session, self.clock, row)
        self._report()

    def _answer(self, act: RecallStep, lot_key: str) -> None:
        party = self.house.parties[act.consignee]
        notice = self._notice(party.id)
        shipped = self._ledger(lot_key, party.id).shipped
        line = _counted(lot_key, shipped, act.outcome)
        explanation = texts()["recall.short"] if act.outcome == "short" else ""
        if notice.sent_at is None:
            # Nobody there has an e-mail address: the answer came by telephone.
            record_answer_by_staff(self.session, self.house.actors["quality"], self.clock, AnswerByStaff(
                self.recall_id, party.id, (line,), "质量负责人", explanation=explanation))
            return
        token = self.vault.open_text(notice.sealed_token, sealed_about(notice.id))
        note_opened(self.session, self.clock, token)
        seen = notice_of_token(self.session, token).answers
        record_answer(self.session, self.clock, RecordAnswer(token, (line,), "质量负责人", explanation, seen))

    def _return(self, act: RecallStep, lot_key: str) -> None:
        party_id = self.house.parties[act.consignee].id
        units = self._ledger(lot_key, party_id).returned
        if units:
            take_back(self.session, self.house.actors["operator"], self.clock, TakeBack(
                self.recall_id, party_id, lot_key, units, f"RMA-RC-{act.consignee}"))

    def _settle(self, act: RecallStep, lot_key: str) -> None:
        settle_line(self.session, self.house.actors["quality"], self.clock, SettleLine(
            self.recall_id, self.house.parties[act.consignee].id, lot_key,
            texts()["recall.settled"]))

    def _destroy(self, act: RecallStep, lot_key: str) -> None:
        lot = self.session.get_one(Lot, lot_key)
        if lot.stock > 0:
            row = propose_disposition(self.session, self.house.actors["quality"], self.clock, ProposeDisposition(
                self.recall_id, lot_key, "destroy", lot.stock, texts()["recall.destroyed"], _PASSWORDS["quality"]))
            confirm_disposition(self.session, self.house.actors["manager"], self.clock, ConfirmDisposition(
                self.recall_id, row.id, _PASSWORDS["manager"], "XH-2025-031"))

    def _close(self, act: RecallStep, lot_key: str) -> None:
        self._check()
        terminate_recall(self.session, self.house.actors["manager"], self.clock, TerminateRecall(
            self.recall_id, texts()["recall.closed"], _PASSWORDS["manager"]))
        for one in clocks_about(self.session, f"recall:{self.recall_id}"):
            if not one.has_limit:
                set_clock_day(self.session, self.house.actors["manager"], self.clock, SetClockDay(
                    one.id, self.clock.now().date(), texts()["recall.plan"]))
        self._report()

    def _check(self) -> None:
        quality = self.house.actors["quality"]
        for notice in self.session.scalars(select(Notice).where(
                Notice.recall_id == self.recall_id, Notice.answered_at.is_(None)).order_by(Notice.consignee_id)).all():
            for way in ("telephone", "telephone", "visit"):
                note_attempt(self.session, quality, self.clock, NoteAttempt(
                    self.recall_id, notice.consignee_id, way, way == "visit", texts()["recall.tried"]))
        recall = draw_sample(self.session, quality, self.clock, DrawSample(self.recall_id, _SEED))
        for row in checks_of(self.session, recall):
            record_check(self.session, quality, self.clock, RecordCheck(
                self.recall_id, row.consignee_id, "telephone", True, True, True, texts()["recall.asked"]))
        conclude_checks(self.session, quality, self.clock, ConcludeChecks(self.recall_id, texts()["recall.checked"]))

    def _report(self) -> None:
        report_clocks(self.session, self.house.actors["quality"], self.clock, f"recall:{self.recall_id}",
                      texts()["recall.closed"])

    def _notice(self, party_id: str) -> Notice:
        return self.session.scalars(select(Notice).where(Notice.recall_id == self.recall_id,
                                                         Notice.consignee_id == party_id)).one()

    def _ledger(self, lot_key: str, party_id: str) -> RecallLedger:
        return self.session.get_one(RecallLedger, (lot_key, self.recall_id, party_id))


def _counted(lot_key: str, shipped: Decimal, outcome: str) -> AnswerLine:
    """What a consignee says: all used, all sent back, two thirds used, or a few boxes short."""
    zero = Decimal(0)
    if outcome == "used":
        return AnswerLine(lot_key, zero, shipped, zero)
    if outcome == "returned":
        return AnswerLine(lot_key, zero, zero, shipped)
    if outcome == "short":
        return AnswerLine(lot_key, zero, shipped - _LOST, zero)
    used = (shipped * 2 / 3).to_integral_value()
    return AnswerLine(lot_key, zero, used, shipped - used)


_STEPS: dict[str, Callable[[PastRecall, RecallStep, str], None]] = {
    "open": PastRecall._open, "submit": PastRecall._submit, "approve": PastRecall._approve,
    "letters": PastRecall._letters, "answer": PastRecall._answer, "return": PastRecall._return,
    "settle": PastRecall._settle, "destroy": PastRecall._destroy, "close": PastRecall._close}
