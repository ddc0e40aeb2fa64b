"""What authorities answer to E2B(R3) and eMDR files, and the ids in those files by which they answer. Reading XML is
loaded late: a start of the service needs none."""
from __future__ import annotations

from collections.abc import Sequence

from traceapp.core.errors import Problem

from .report_desk import ReadAnswer
from .report_states import AnswerVerdict


def e2b_message_id(data: bytes) -> str:
    """The number of the batch (N.1.2)."""
    from traceapp.export.e2b_r3.reader import read_batch

    return read_batch(data).text("N.1.2")


def emdr_message_id(data: bytes) -> str:
    """The id of the batch."""
    from traceapp.export.emdr.message import read_batch

    return str(read_batch(data).head().get("batch.id", ""))


def read_e2b_answer(data: bytes) -> Sequence[ReadAnswer] | None:
    """The answers of an E2B(R3) acknowledgement; None for another file."""
    from traceapp.export.e2b_r3.acknowledgement import read_acknowledgement

    try:
        found = read_acknowledgement(data)
    except Problem:
        return None
    if not found.reports:
        verdict = AnswerVerdict.accepted if found.code == "AA" else AnswerVerdict.rejected
        return [ReadAnswer(verdict, (found.batch_number,), found.number, found.messages)]
    return [ReadAnswer(AnswerVerdict.accepted if one.is_accepted else AnswerVerdict.rejected,
                       (found.batch_number, one.report_id, *one.report_id.split()), one.local_number or found.number,
                       (*found.messages, *one.messages)) for one in found.reports]


def read_emdr_answer(data: bytes) -> Sequence[ReadAnswer] | None:
    """The answers of one of FDA's three acknowledgements; None for another file. Only the third says that a report was
    loaded; the others say no more than that it arrived, or that it failed on the way."""
    from traceapp.export.emdr.acknowledgement import AckStatus, read_acknowledgement

    try:
        found = read_acknowledgement(data)
    except Problem:
        return None
    number = found.core_id or found.message_id
    if found.reports:
        return [ReadAnswer(AnswerVerdict.accepted if one.passed else AnswerVerdict.rejected,
                           tuple(filter(None, (one.number, found.batch_id))), number,
                           tuple(f"{error.section}: {error.message} {error.value}".strip() for error in one.errors))
                for one in found.reports]
    names = tuple(filter(None, (found.batch_id, found.message_id, found.core_id)))
    verdict = AnswerVerdict.rejected if found.status == AckStatus.failed else AnswerVerdict.received
    return [ReadAnswer(verdict, names, number, (f"acknowledgement {found.level}: {found.status}",))]
