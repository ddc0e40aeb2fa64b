"""What a letter says, read from the records: for a consignee, for whom it passed units on to, for a consumer."""
from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from traceapp.catalog.lookup import own_party
from traceapp.catalog.model import Party, Product
from traceapp.core.clock import Clock
from traceapp.trace.model import Lot
from traceapp.vault.service import Vault

from . import naming, passing_on
from .cases import told_lines
from .goods import gtin_of
from .letter_templates import PRESENT
from .letters import LetterFacts, LetterLot
from .model import Notice, Recall, RecallLedger, RecallLot
from .notices import sealed_about
from .policy import answer_due
from .telling_model import PassedNotice

_PART = 500


def consignee_facts(session: Session, recall: Recall, notices: Sequence[Notice], *, vault: Vault,
                    base_url: str) -> list[LetterFacts]:
    """The first letter to each of these consignees; a fixed number of statements. Raises VaultError for a link that
    cannot be opened."""
    keys = [notice.consignee_id for notice in notices]
    parties = _parties(session, keys)
    lots = _ledger_lots(session, recall, keys)
    common = recall_facts(session, recall)
    return [replace(
        common, consignee=_name(parties.get(notice.consignee_id), notice.consignee_id),
        lots=tuple(lots.get(notice.consignee_id, ())),
        link=f"{base_url}/r/{vault.open_text(notice.sealed_token, sealed_about(notice.id))}",
        answer_by=notice.answer_by) for notice in notices]


def passed_facts(session: Session, recall: Recall, passed: PassedNotice, *, vault: Vault, base_url: str) -> LetterFacts:
    """The letter to somebody who got units from a consignee."""
    units = {line.lot_key: line.units for line in naming.lines_of(session, [passed.id])[passed.id] if line.units}
    token = vault.open_text(passed.sealed_token, passing_on.sealed_about(passed.id))
    return replace(
        recall_facts(session, recall), consignee={"zh": passed.name, "en": passed.name},
        giver=passing_on.giver_name(session, passed), lots=_lots(session, recall.id, units, units),
        link=f"{base_url}/r/p/{token}", answer_by=passed.answer_by)


def consumer_facts(session: Session, recall: Recall, lot_keys: Collection[str], *, base_url: str) -> LetterFacts:
    """The letter to a consumer who told us about these lots."""
    return replace(recall_facts(session, recall), lots=_lots(session, recall.id, lot_keys), is_to_consumer=True,
                   link=f"{base_url}/recalls/{recall.reference}")


def sample_facts(session: Session, clock: Clock, recall: Recall, words: Mapping[str, str], *,
                 base_url: str) -> LetterFacts:
    """What a letter will look like, to nobody: the lots of the scope that left the house (where none did, every lot),
    at most 20, and a link that leads nowhere. `words` names the reader by language."""
    lots = (select(RecallLot.lot_key).join(Lot, Lot.lot_key == RecallLot.lot_key)
            .where(RecallLot.recall_id == recall.id).order_by(RecallLot.lot_key).limit(20))
    keys = list(session.scalars(lots.where(Lot.shipped > 0))) or list(session.scalars(lots))
    return replace(recall_facts(session, recall), consignee=words, lots=_lots(session, recall.id, keys),
                   link=f"{base_url}/r/SAMPLE",
                   answer_by=recall.answer_by or answer_due(recall.recall_class, clock.now()))


def recall_facts(session: Session, recall: Recall) -> LetterFacts:
    """What every letter of a recall says; until it is submitted, in the words of the present templates."""
    def text(name: str) -> dict[str, str]:
        return {language: getattr(recall, f"{name}_{language}") for language in ("zh", "en")}

    maker = own_party(session)
    return LetterFacts(
        reference=recall.reference, recall_class=recall.recall_class, title=text("title"), risk=text("risk"),
        action=text("action"), remedy=text("remedy"), contact=recall.contact, consignee={"zh": "", "en": ""}, lots=(),
        link="", answer_by=answer_due(recall.recall_class, recall.approved_at or recall.opened_at),
        maker=_name(maker, ""), version=recall.letter_version
        if recall.submitted_at or recall.approved_at else PRESENT)


def _name(party: Party | None, unknown: str) -> dict[str, str]:
    return {"zh": party.name_zh, "en": party.name_en} if party else {"zh": unknown, "en": unknown}


def _parties(session: Session, keys: Sequence[str]) -> dict[str, Party]:
    found: dict[str, Party] = {}
    for start in range(0, len(keys), _PART):
        found.update({party.id: party for party in session.scalars(
            select(Party).where(Party.id.in_(keys[start:start + _PART])))})
    return found


def _ledger_lots(session: Session, recall: Recall, consignee_ids: Sequence[str]) -> dict[str, list[LetterLot]]:
    found: dict[str, list[LetterLot]] = {}
    for start in range(0, len(consignee_ids), _PART):
        rows = session.execute(
            select(RecallLedger.consignee_id, RecallLedger.shipped, Lot, Product, RecallLedger.scope_number)
            .join(Lot, Lot.lot_key == RecallLedger.lot_key).outerjoin(Product, Product.id == Lot.product_id)
            .where(told_lines(recall),
                   RecallLedger.consignee_id.in_(consignee_ids[start:start + _PART]))).all()
        numbers: dict[str, set[int]] = {}
        for row in rows:
            numbers.setdefault(row[0], set()).add(row[4])
        for consignee_id, shipped, lot, product, number in _sorted(rows):
            told = numbers[consignee_id]
            found.setdefault(consignee_id, []).append(replace(
                _lot(lot, product, shipped), is_new=len(told) > 1 and number == max(told)))
    return found


def _lots(session: Session, recall_id: str, keys: Collection[str],
          units: Mapping[str, Decimal] | None = None) -> tuple[LetterLot, ...]:
    wanted, rows = list(keys), list[Any]()
    for start in range(0, len(wanted), _PART):
        rows += session.execute(
            select(Lot.lot_key, RecallLot.recall_id, Lot, Product).join(RecallLot, RecallLot.lot_key == Lot.lot_key)
            .outerjoin(Product, Product.id == Lot.product_id)
            .where(RecallLot.recall_id == recall_id, Lot.lot_key.in_(wanted[start:start + _PART]))).all()
    return tuple(_lot(lot, product, (units or {}).get(key)) for key, _recall, lot, product in _sorted(rows))


def _sorted(rows: Iterable[Any]) -> list[Any]:
    return sorted(rows, key=lambda row: (row[3].code if row[3] else "", row[2].number, row[2].lot_key))


def _lot(lot: Lot, product: Product | None, units: Decimal | None) -> LetterLot:
    return LetterLot(
        number=lot.number, units=units, unit=lot.unit, expires_on=lot.expires_on, gtin=gtin_of(lot.uri),
        name={"zh": product.name_zh, "en": product.name_en} if product else {"zh": lot.name, "en": lot.name})
