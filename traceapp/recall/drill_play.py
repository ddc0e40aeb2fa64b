"""Playing a recall without people: each step is the use case that people have, done by players, in its own unit of
work. What consignees answer follows from the seed."""
from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from traceapp.catalog.model import Party
from traceapp.core.clock import Clock
from traceapp.core.errors import NotFound
from traceapp.trace.model import Lot
from traceapp.trace.reach import DOWN, UP
from traceapp.trace.walk import reached
from traceapp.vault.service import Vault, token_hash

from .answer import AnswerLine, RecordAnswer, consignee_actor, open_notice, write_answers
from .approval import ApproveRecall, ReturnRecall, SubmitRecall, approve_recall, return_recall, submit_recall
from .cases import lot_keys_of, recall_by_id
from .deciding import DecideRecall, decide_recall
from .drafting import OpenRecall, open_recall
from .drill_model import Direction, Drill, DrillStep
from .ending import TerminateRecall, terminate_recall
from .evaluation import (
    MEDICAL,
    QUALITY,
    AssessRecall,
    Hazard,
    SignEvaluation,
    WriteEvaluation,
    assess_recall,
    latest_evaluation,
    sign_evaluation,
    write_evaluation,
)
from .executing import (
    ConcludeChecks,
    DrawSample,
    NoteAttempt,
    RecordCheck,
    checks_of,
    conclude_checks,
    draw_sample,
    note_attempts,
    record_checks,
)
from .ledger import AnswerByStaff, record_answers_by_staff
from .model import Notice, Recall, RecallLedger
from .notices import sealed_about
from .reconciling import explain_balances, open_balances
from .rehearsing import player
from .states import NoticeState, RecallState

AT_ONCE = 500
ZERO = Decimal(0)
_CLASS = "II"
_DECISION = "Drill: decided as if the hazard were real."
_HAZARD = Hazard(
    harm_so_far="Drill: none.", conditions="Drill: none.", populations="Drill: everybody who uses it.",
    seriousness="moderate", likelihood="occasional", consequences="Drill: none.",
    conclusion="Drill: taken to be of class II.", proposed_class=_CLASS)


@dataclass(frozen=True, slots=True)
class Stage:
    """What a step works with."""

    session: Session
    clock: Clock
    vault: Vault
    drill: Drill

    @property
    def recall(self) -> Recall:
        """The case that is played. Raises NotFound."""
        return recall_by_id(self.session, self.drill.recall_id or "")


def next_step(session: Session, drill: Drill) -> str:
    """The step that comes next, by the state of the case; empty at the end. A drill that was cut off goes on here."""
    if drill.recall_id is None:
        traced = session.scalar(select(DrillStep.position).where(DrillStep.drill_id == drill.id).limit(1))
        return "open" if traced else "trace"
    recall = recall_by_id(session, drill.recall_id)
    if recall.state == RecallState.assessing:
        return "sign" if latest_evaluation(session, recall.id) else "evaluate"
    if recall.state == RecallState.planned:
        return "approve" if recall.submitted_at else "submit"
    if recall.state in (RecallState.notifying, RecallState.executing):
        return "answer" if _silent(session, recall, 1) else "sample"
    return {RecallState.draft: "assess", RecallState.decision: "decide", RecallState.effectiveness: "ask",
            RecallState.closing: "close"}.get(RecallState(recall.state), "")


def play(stage: Stage, step: str) -> int:
    """Do one step; answers how many things it was about."""
    return _STEPS[step](stage)


def _trace(stage: Stage) -> int:
    """How many lots the two ways of the genealogy lead to."""
    key = stage.drill.lot_key or ""
    both = {*_reached(stage.session, key, UP), *_reached(stage.session, key, DOWN)}
    return len(both)


def _reached(session: Session, lot_key: str, direction: str) -> Sequence[str]:
    walk = reached(lot_key, direction)
    return session.scalars(select(walk.c.lot_key)).all()


def _open(stage: Stage) -> int:
    drill = stage.drill
    lot = stage.session.get_one(Lot, drill.lot_key or "")
    way = {"zh": "向前" if drill.direction == Direction.forward else "向后", "en": str(drill.direction)}
    recall = open_recall(stage.session, player("quality"), stage.clock, OpenRecall(
        recall_class=_CLASS, title_zh=f"模拟召回：批次 {lot.number}（{way['zh']}）",
        title_en=f"mock recall of batch {lot.number} ({way['en']})",
        reason=f"Drill with seed {drill.seed}; nobody outside is told, nothing is stopped.",
        risk_zh="演练：没有风险。", risk_en="Drill: there is none.", action_zh="演练：无需处理。",
        action_en="Drill: nothing has to be done.", contact="–", root_lot_keys=(lot.lot_key,),
        trigger_text=f"Drill, seed {drill.seed}", is_drill=True))
    drill.recall_id = recall.id
    return len(lot_keys_of(stage.session, recall))


def _assess(stage: Stage) -> int:
    assess_recall(stage.session, player("quality"), stage.clock, AssessRecall(stage.recall.id))
    return 1


def _evaluate(stage: Stage) -> int:
    write_evaluation(stage.session, player("quality"), stage.clock, WriteEvaluation(stage.recall.id, _HAZARD))
    return 1


def _sign(stage: Stage) -> int:
    for part, meaning in (("quality", QUALITY), ("medical", MEDICAL)):
        sign_evaluation(stage.session, player(part), stage.clock, SignEvaluation(
            stage.recall.id, meaning, "", _DECISION))
    return 2


def _decide(stage: Stage) -> int:
    decide_recall(stage.session, player("manager"), stage.clock, DecideRecall(stage.recall.id, _CLASS, _DECISION, ""))
    return len(lot_keys_of(stage.session, stage.recall))


def _submit(stage: Stage) -> int:
    submit_recall(stage.session, player("quality"), stage.clock, SubmitRecall(
        stage.recall.id, "", "played"))
    return len(lot_keys_of(stage.session, stage.recall))


def _approve(stage: Stage) -> int:
    recall = stage.recall
    approve_recall(stage.session, player("manager"), stage.clock, ApproveRecall(recall.id, ""), vault=stage.vault)
    return stage.session.scalar(select(func.count()).select_from(Notice).where(Notice.recall_id == recall.id)) or 0


def _return(stage: Stage) -> int:
    return_recall(stage.session, player("manager"), stage.clock, ReturnRecall(
        stage.recall.id, "Drill: units have moved."))
    return 1


def _answer(stage: Stage) -> int:
    """The next consignees: some answer by their link, some late and by telephone, some miscount first."""
    recall = stage.recall
    notices = _silent(stage.session, recall, AT_ONCE)
    keys = [notice.consignee_id for notice in notices]
    codes = {key: code for key, code in stage.session.execute(select(Party.id, Party.code).where(Party.id.in_(keys)))}
    ledger: dict[str, list[RecallLedger]] = {}
    for row in stage.session.scalars(select(RecallLedger).where(
            RecallLedger.recall_id == recall.id, RecallLedger.consignee_id.in_(keys)).order_by(RecallLedger.lot_key)):
        ledger.setdefault(row.consignee_id, []).append(row)
    late, linked = [], []
    for notice in notices:
        dice = random.Random(f"{stage.drill.seed}:{codes.get(notice.consignee_id, notice.consignee_id)}")
        lines = tuple(_line(row, dice) for row in ledger.get(notice.consignee_id, ()))
        if notice.state == NoticeState.not_sent or dice.random() < 0.15:
            late.append((notice, lines))
        else:
            linked.append((notice, lines, dice.random() < 0.1 and lines[0].used >= 1))
    _answer_late(stage, late)
    _answer_by_link(stage, linked)
    return len(notices)


def _answer_late(stage: Stage, late: Sequence[tuple[Notice, tuple[AnswerLine, ...]]]) -> None:
    """Telephoned twice, reached by a visit, and written down by staff."""
    if late:
        note_attempts(stage.session, player("quality"), stage.clock, [
            NoteAttempt(notice.recall_id, notice.consignee_id, way, way == "visit", "Drill")
            for notice, _lines in late for way in ("telephone", "telephone", "visit")])
        record_answers_by_staff(stage.session, player("quality"), stage.clock, [
            AnswerByStaff(notice.recall_id, notice.consignee_id, lines, "Drill", "visit") for notice, lines in late])


def _answer_by_link(stage: Stage, linked: Sequence[tuple[Notice, tuple[AnswerLine, ...], bool]]) -> None:
    """Opened and answered; who miscounted is a unit short the first time. Raises NotFound for a link that leads
    elsewhere."""
    session, clock, recall = stage.session, stage.clock, stage.recall
    for notice, _lines, _is_short in linked:
        if token_hash(stage.vault.open_text(notice.sealed_token, sealed_about(notice.id))) != notice.token_hash:
            raise NotFound("The link of a letter does not lead to its notice.", code="unknown-link")
        open_notice(session, clock, notice)
    first = [(notice, consignee_actor(notice), RecordAnswer("", (
        replace(lines[0], used=lines[0].used - 1),), "Drill", "Drill: counted again later"))
        for notice, lines, is_short in linked if is_short]
    write_answers(session, clock, recall, first)
    write_answers(session, clock, recall, [
        (notice, consignee_actor(notice), RecordAnswer("", lines, "Drill", seen=notice.answers))
        for notice, lines, _is_short in linked])


def _line(row: RecallLedger, dice: random.Random) -> AnswerLine:
    """Where the units of one line are: nothing left, all of it left, or some of each."""
    kind = dice.random()
    if kind < 0.3:
        return AnswerLine(row.lot_key, ZERO, row.shipped, ZERO)
    if kind < 0.45 or row.shipped != row.shipped.to_integral_value():
        return AnswerLine(row.lot_key, row.shipped, ZERO, ZERO)
    first, second = sorted((dice.randint(0, int(row.shipped)), dice.randint(0, int(row.shipped))))
    return AnswerLine(row.lot_key, Decimal(first), Decimal(second - first), row.shipped - second)


def _sample(stage: Stage) -> int:
    recall = draw_sample(stage.session, player("quality"), stage.clock, DrawSample(
        stage.recall.id, stage.drill.seed % 2**31))
    return len(checks_of(stage.session, recall))


def _ask(stage: Stage) -> int:
    """Ask the next of the sample; after the last one the checks end."""
    recall = stage.recall
    rows = [row for row in checks_of(stage.session, recall) if row.checked_at is None]
    asked = rows[:AT_ONCE]
    if asked:
        record_checks(stage.session, player("quality"), stage.clock, [RecordCheck(
            recall.id, row.consignee_id, "telephone", True, True, True, "Drill") for row in asked])
    if len(asked) == len(rows):
        conclude_checks(stage.session, player("quality"), stage.clock,
                        ConcludeChecks(recall.id, "Drill: all followed it."))
    return len(asked)


def _close(stage: Stage) -> int:
    """What does not add up is explained as a gap, which the report names."""
    session, recall = stage.session, recall_by_id(stage.session, stage.drill.recall_id or "", lock=True)
    odd = [one for one in open_balances(session, recall.id) if not one.is_explained]
    explain_balances(session, player("quality"), stage.clock, recall, (odd, "Drill: a gap, named in the report."))
    terminate_recall(session, player("manager"), stage.clock, TerminateRecall(
        recall.id, "Drill: every line is accounted for.", ""))
    return 1


def _silent(session: Session, recall: Recall, limit: int) -> Sequence[Notice]:
    """Consignees that have not answered for every lot."""
    return session.scalars(select(Notice).where(Notice.recall_id == recall.id, Notice.answered_at.is_(None))
                           .order_by(Notice.consignee_id).limit(limit)).all()


_STEPS: dict[str, Callable[[Stage], int]] = {
    "trace": _trace, "open": _open, "assess": _assess, "evaluate": _evaluate, "sign": _sign, "decide": _decide,
    "submit": _submit, "approve": _approve, "return": _return, "answer": _answer, "sample": _sample, "ask": _ask,
    "close": _close}
