"""The two recalls of the story: one run to its end with its closing report confirmed, one on its way: told, corrected,
answered by some, with a letter that came back."""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from traceapp.attachment.store import FileStore
from traceapp.core.actor import SYSTEM
from traceapp.core.clock import FixedClock
from traceapp.outbox.delivery import Delivery, deliver_due
from traceapp.outbox.gateway import TextMessage
from traceapp.outbox.mail import Letter
from traceapp.outbox.model import MessageState, OutboxMessage
from traceapp.recall.announcing import TELL_SUBSCRIBERS
from traceapp.recall.answer import AnswerLine, RecordAnswer, note_opened, notice_of_token, record_answer
from traceapp.recall.bounces import NoteBounce, take_bounce
from traceapp.recall.cases import notice_stream
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
from traceapp.recall.reminders import remind_due
from traceapp.recall.returning import TakeBack, take_back
from traceapp.recall.revising import CorrectNotice, correct_notice
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
from traceapp.submission.recall_files import NoteStep, keep_prepared, note_step, prepare_file
from traceapp.trace.model import Lot
from traceapp.vault.service import Vault
from traceapp.worklist.legal_clocks import SetClockDay, clocks_about, set_clock_day
from traceapp.worklist.work import claim_work, finish_work

from .acts import RecallStep
from .casework import report_clocks
from .closed_capa import ClosedCapa
from .house import House
from .one_transaction import ThisTransaction
from .people import SIGN_INS
from .tables import texts

_PASSWORDS = {one.name: one.password for one in SIGN_INS}
_LOST, _SEED = 5, 20250301
# By tale: class, how grave, how likely.
_GRADES = {"recall": ("III", "limited", "occasional"), "running": ("II", "moderate", "occasional")}
_REPORT = "cn_closing"
_FACTORS = ("harm_so_far", "conditions", "populations", "consequences", "conclusion")


class _NobodysPost:
    """Takes every letter and text message and sends none: they are part of a story, their addresses are nobody's."""

    is_set = True

    def send(self, letter: Letter | TextMessage) -> Delivery:
        return Delivery("sent", "demonstration: this letter was never handed to a mail server")


# Between the result of the laboratory and the opening of the case.
_BEFORE_THE_CASE = timedelta(hours=7)


@dataclass(slots=True)
class RecallTale:
    """The steps of one recall, in the order in which the plan brings them. `tale` begins the names of its texts."""

    session: Session
    clock: FixedClock
    vault: Vault
    house: House
    store: FileStore
    tale: str
    recall_id: str = ""

    def step(self, act: RecallStep, lot_key: str) -> None:
        """Do one step; `lot_key` is the recalled lot."""
        _STEPS[act.step](self, act, lot_key)

    def _open(self, act: RecallStep, lot_key: str) -> None:
        fields: tuple[str, ...] = (
            "title_zh", "title_en", "reason", "risk_zh", "risk_en", "action_zh", "action_en", "contact",
            "remedy_zh", "remedy_en")
        self.recall_id = open_recall(self.session, self.house.actors["quality"], self.clock, OpenRecall(
            recall_class=_GRADES[self.tale][0], root_lot_keys=(lot_key,), trigger_kind="inspection",
            awareness_at=self.clock.now() - _BEFORE_THE_CASE,
            **dict[str, Any]({name: self._said(name) for name in fields}))).id
        self._evaluate()

    def _evaluate(self) -> None:
        quality, manager = self.house.actors["quality"], self.house.actors["manager"]
        grade, seriousness, likelihood = _GRADES[self.tale]
        assess_recall(self.session, quality, self.clock, AssessRecall(self.recall_id))
        write_evaluation(self.session, quality, self.clock, WriteEvaluation(self.recall_id, Hazard(
            seriousness=seriousness, likelihood=likelihood, proposed_class=grade,
            **dict[str, Any]({name: self._said(f"hazard.{name}") for name in _FACTORS}))))
        for who, name, meaning in ((quality, "quality", QUALITY), (manager, "manager", MEDICAL)):
            sign_evaluation(self.session, who, self.clock, SignEvaluation(self.recall_id, meaning, _PASSWORDS[name]))
        decide_recall(self.session, manager, self.clock, DecideRecall(
            self.recall_id, grade, self._said("decided"), _PASSWORDS["manager"]))

    def _submit(self, act: RecallStep, lot_key: str) -> None:
        submit_recall(self.session, self.house.actors["quality"], self.clock, SubmitRecall(
            self.recall_id, _PASSWORDS["quality"], self._said("submitted")))

    def _approve(self, act: RecallStep, lot_key: str) -> None:
        approve_recall(self.session, self.house.actors["manager"], self.clock, ApproveRecall(
            self.recall_id, _PASSWORDS["manager"], self._said("approved")), vault=self.vault)

    def _letters(self, act: RecallStep, lot_key: str) -> None:
        self._deliver()
        self._tell_public()
        report_clocks(self.session, self.house.actors["quality"], self.clock, f"recall:{self.recall_id}",
                      self._said("action_en"))

    def _deliver(self) -> None:
        # Links in these letters lead nowhere: nobody gets them.
        sender = NoticeSender(post=_NobodysPost(), vault=self.vault, base_url="https://qinghe.example",
                              clock=self.clock, texts=_NobodysPost())
        here = ThisTransaction(self.session).as_database
        while deliver_due(here, self.clock, sender.send, sender.settled, kinds=LETTERS):
            continue

    def _tell_public(self) -> None:
        for row in claim_work(self.session, self.clock, TELL_SUBSCRIBERS, 10, 60):
            queue_news(self.session, self.clock, row.subject_key)
            finish_work(self.session, self.clock, row)

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
        self._report(texts()["recall.plan"])
        terminate_recall(self.session, self.house.actors["manager"], self.clock, TerminateRecall(
            self.recall_id, texts()["recall.closed"], _PASSWORDS["manager"]))
        self._close_report()
        self._report(texts()["recall.closed"])

    def _report(self, said: str) -> None:
        """What was due until now was reported and confirmed; where the law names no day a person did."""
        for one in clocks_about(self.session, f"recall:{self.recall_id}"):
            if not one.has_limit:
                set_clock_day(self.session, self.house.actors["manager"], self.clock, SetClockDay(
                    one.id, self.clock.now().date(), texts()["recall.plan"]))
        report_clocks(self.session, self.house.actors["quality"], self.clock, f"recall:{self.recall_id}", said)

    def _close_report(self) -> None:
        """The closing report: made, sent by the national system, its number received."""
        quality, store, now = self.house.actors["quality"], self.store, self.clock.now()
        prepared = prepare_file(self.session, self.clock, self.recall_id, _REPORT, (
            lambda write: store.stage(self.recall_id, write), lambda _lines: None))
        file = keep_prepared(self.session, quality, self.clock, prepared, store=store)
        for step, more in (("sent", {"authority": texts()["receiver.recall"], "channel": texts()["report.channel"],
                                     "proof": ("receipt.txt", texts()["recall.receipt"].encode())}),
                           ("confirmed", {"number": "DEMO-ZJ-2026-0031"})):
            note_step(self.session, quality, self.clock, NoteStep(
                self.recall_id, _REPORT, file.version, step, now, **dict[str, Any](more)), store=store)

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

    def _remind(self, act: RecallStep, lot_key: str) -> None:
        """What the scheduler does with those who are silent."""
        remind_due(self.session, self.clock)
        self._deliver()

    def _bounce(self, act: RecallStep, lot_key: str) -> None:
        """The mail server of one consignee gives a letter back."""
        letter = self.session.scalars(select(OutboxMessage).where(
            OutboxMessage.subject_key == notice_stream(self._notice(self.house.parties[act.consignee].id).id),
            OutboxMessage.state == MessageState.sent, OutboxMessage.kind.not_like("%text%"))).first()
        if letter is not None:
            take_bounce(self.session, SYSTEM, self.clock, NoteBounce(letter.message_id, texts()["running.bounced"]))

    def _call(self, act: RecallStep, lot_key: str) -> None:
        note_attempt(self.session, self.house.actors["quality"], self.clock, NoteAttempt(
            self.recall_id, self.house.parties[act.consignee].id, "telephone",
            act.outcome == "reached", texts()[f"running.called.{act.outcome}"]))

    def _capa(self, act: RecallStep, lot_key: str) -> None:
        product_id = self.house.products[act.lot.product].id
        ClosedCapa(self.session, self.clock, self.house).begin(self.recall_id, product_id)

    def _correct(self, act: RecallStep, lot_key: str) -> None:
        """What people are asked to do is said more clearly, after some asked."""
        said = {name: texts()[f"running.corrected.{name}"] for name in (
            "action_zh", "action_en", "said_zh", "said_en", "reason")}
        correct_notice(self.session, self.house.actors["manager"], self.clock, CorrectNotice(
            self.recall_id, {name: said[name] for name in ("action_zh", "action_en")}, said["said_zh"],
            said["said_en"], said["reason"], _PASSWORDS["manager"]))
        self._tell_public()

    def _said(self, name: str) -> str:
        return texts()[f"{self.tale}.{name}"]

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


_STEPS: dict[str, Callable[[RecallTale, RecallStep, str], None]] = {
    "open": RecallTale._open, "submit": RecallTale._submit, "approve": RecallTale._approve,
    "letters": RecallTale._letters, "answer": RecallTale._answer, "return": RecallTale._return,
    "settle": RecallTale._settle, "destroy": RecallTale._destroy, "close": RecallTale._close,
    "remind": RecallTale._remind, "bounce": RecallTale._bounce, "call": RecallTale._call,
    "correct": RecallTale._correct, "capa": RecallTale._capa}
