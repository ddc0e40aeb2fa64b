"""The notices of a recall as they are read: in a preview, and as letters on paper."""
from __future__ import annotations

from dataclasses import dataclass, replace
from typing import BinaryIO

from flask import Response
from sqlalchemy.orm import Session

from traceapp.core.errors import Conflict, InvalidInput
from traceapp.export.notice_pdf import letters_pdf
from traceapp.export.spreadsheet import Counted, Written, told
from traceapp.recall.cases import is_running, recall_by_id
from traceapp.recall.letter_facts import sample_facts
from traceapp.recall.letter_html import body_of
from traceapp.recall.letter_templates import LANGUAGES
from traceapp.recall.letters import LetterFacts, PostalLetter, subject_of, text_of
from traceapp.recall.model import Recall
from traceapp.recall.printing import Printed, Whom, postal_letters
from traceapp.recall.texting import Length, length_of, message_of
from traceapp.recall.wording import softening_words

from .context import world
from .i18n import language
from .tables import NewFile, send_file

PDF = "application/pdf"
_READER = {"zh": "（收货单位）", "en": "(consignee)"}


@dataclass(frozen=True, slots=True)
class ShownText:
    """A text message in one language, with how it is sent."""

    language: str
    text: str
    length: Length


@dataclass(frozen=True, slots=True)
class ShownNotice:
    """One kind of notice: subject, each language as a page, the whole as text, the text messages."""

    subject: str
    pages: dict[str, str]
    text: str
    messages: tuple[ShownText, ...]


@dataclass(frozen=True, slots=True)
class Preview:
    """What consignees and consumers will read. `softeners`: words in it that nobody may use."""

    version: str
    consignee: ShownNotice
    consumer: ShownNotice
    softeners: tuple[str, ...]


def preview_of(db: Session, recall: Recall) -> Preview:
    """The notices as they would go out now; once submitted, those that were signed."""
    facts = _facts(db, recall)
    public = f"{world().settings.base_url}/recalls/{recall.reference}"
    consignee = _shown(facts)
    consumer = _shown(replace(facts, is_to_consumer=True, consignee={"zh": "", "en": ""}, link=public))
    words = [found.word for shown in (consignee, consumer)
             for text in (shown.subject, shown.text, *(one.text for one in shown.messages))
             for found in softening_words(text)]
    return Preview(facts.version or "1", consignee, consumer, tuple(dict.fromkeys(words)))


def _facts(db: Session, recall: Recall) -> LetterFacts:
    here = world()
    return sample_facts(db, here.clock, recall, _READER, base_url=here.settings.base_url)


def _shown(facts: LetterFacts) -> ShownNotice:
    first = language()
    messages = tuple(ShownText(tongue, text, length_of(text)) for tongue, text in (
        (tongue, message_of(facts, tongue)) for tongue in LANGUAGES))
    return ShownNotice(subject_of(facts, first), {tongue: body_of(facts, tongue) for tongue in LANGUAGES},
                       text_of(facts, first), messages)


def send_specimen(recall_id: str) -> Response:
    """One letter on paper, to nobody, marked as a specimen."""
    with world().database.read() as db:
        recall = recall_by_id(db, recall_id)
        letter = PostalLetter(_facts(db, recall), (_READER[language()],), language(), is_specimen=True)
        reference = recall.reference

    def write(file: BinaryIO) -> Written:
        file.writelines(letters_pdf([letter], reference))
        return told(file, 1, PDF)

    return send_file(NewFile(f"recall-notice-{reference}", "pdf", {"recall": reference}), write)


def send_letters(recall_id: str, whom: str, consignee_id: str | None, number: str = "1") -> Response:
    """Letters of a running recall in a file, whose record is committed first: it holds the secret links. `number`:
    which of several files. Raises InvalidInput for another choice, Conflict before people are told."""
    if not (number.isascii() and number.isdigit() and 0 < len(number) < 6 and int(number)):
        raise InvalidInput("“%(form)s” is not one of: %(known)s.", code="unknown-choice", place="file",
                           form=number[:20], known="1, 2, …")
    if whom not in set(Whom):
        raise InvalidInput("“%(form)s” is not one of: %(known)s.", code="unknown-choice", place="whom", form=whom[:20],
                           known=", ".join(Whom))
    here = world()

    def write(file: BinaryIO) -> Written:
        with here.database.read() as db:
            letters = Counted(postal_letters(db, recall_by_id(db, recall_id), Printed(
                Whom(whom), consignee_id, int(number)), vault=here.vault, base_url=here.settings.base_url))
            file.writelines(letters_pdf(letters, reference))
        return told(file, letters.number, PDF)

    with here.database.read() as db:
        recall = recall_by_id(db, recall_id)
        reference = recall.reference
        if not is_running(recall):
            raise Conflict("Letters are printed while a recall is running; look at the specimen until then.",
                           code="wrong-state")
    return send_file(NewFile(f"recall-letters-{reference}", "pdf", {
        "recall": reference, "whom": whom, "consignee": consignee_id or "", "file": number}), write)
