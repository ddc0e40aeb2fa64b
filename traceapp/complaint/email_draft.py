"""A pasted e-mail as a filled-in form: what the text says, held against our batches and products. Keeps nothing."""
from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from traceapp.catalog.model import Product, ProductKind
from traceapp.core.errors import InvalidInput

from .email_text import EmailText, Suggestion, names_in, read_email
from .lot_text import MatchKind
from .matching import match_lot


@dataclass(frozen=True, slots=True)
class EmailDraft:
    """`suggestions`: each with the words it comes from, the same value once."""

    narrative: str
    suggestions: tuple[Suggestion, ...]

    def first(self, name: str) -> str:
        """The first suggestion for a field, "" for none."""
        return next((one.value for one in self.suggestions if one.field == name), "")

    def all_of(self, name: str) -> list[str]:
        """Every suggestion for a field."""
        return [one.value for one in self.suggestions if one.field == name]


def draft_from_email(session: Session, text: str) -> EmailDraft:
    """What a pasted e-mail suggests for the form of a complaint. Raises InvalidInput for an empty text."""
    if not text.strip():
        raise InvalidInput("Paste the text of the e-mail.", code="required", place="text")
    read = read_email(text)
    lots = _lots(session, read)
    products = names_in(text, _product_names(session))
    if not products and lots:
        match = match_lot(session, lots[0].value)
        if match.lot is not None and match.lot.product_id:
            products = [Suggestion("product", match.lot.product_id, lots[0].words)]
    found = {(one.field, one.value): one for one in (*read.suggestions, *lots, *products)}
    return EmailDraft(read.narrative, tuple(found.values()))


def _lots(session: Session, read: EmailText) -> list[Suggestion]:
    """Batches: codes that are exactly one of ours, then what was called a batch, known or not."""
    exact = [Suggestion("lot", code, code) for code in read.codes
             if code not in {one.value for one in read.lots} and match_lot(session, code).kind is MatchKind.exact]
    return sorted([*read.lots, *exact], key=lambda one: match_lot(session, one.value).lot is None)


def _product_names(session: Session) -> list[tuple[str, str]]:
    rows = session.execute(select(Product.id, Product.name_zh, Product.name_en, Product.code).where(
        Product.kind != ProductKind.material, Product.is_active.is_(True))).all()
    return [(row.id, name) for row in rows for name in (row.name_zh, row.name_en, row.code) if name]
