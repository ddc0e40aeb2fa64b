"""What people call the start of a scope, as keys of a rule: batch numbers, partners by code or name."""
from __future__ import annotations

import re

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from traceapp.catalog.model import Party, Site
from traceapp.core.errors import InvalidInput
from traceapp.trace.model import Lot, Shipment

from .scope_rule import MOST_KEYS, RuleKind
from .scope_seeds import MADE_ON

_BETWEEN = re.compile(r"[,，、;；\n]+")
_MOST_NAMED = 200
# Whose key is a name that stands in some record, and in which column.
RECORDED = {**MADE_ON, RuleKind.lane: Shipment.lane}
# Between the nodes of a cause, and between excursions: names of lines may hold a comma.
BAR = " | "


def keys_of(session: Session, kind: RuleKind, text: str) -> tuple[str, ...]:
    """The keys that a person means. Raises InvalidInput for a name that nothing, or more than one thing, has."""
    if kind == RuleKind.lots:
        return _lots(session, [name.strip() for name in _BETWEEN.split(text) if name.strip()])
    if kind in (RuleKind.supplier, RuleKind.consignee):
        return (_party(session, text.strip()),)
    if kind in (RuleKind.cause, RuleKind.excursion):
        return tuple(one.strip() for one in text.split(BAR.strip()) if one.strip())[:MOST_KEYS]
    if kind == RuleKind.site:
        return (_site(session, text.strip()),)
    return (_named(session, kind, text.strip()),)


def _lots(session: Session, names: list[str]) -> tuple[str, ...]:
    if len(names) > _MOST_NAMED:
        raise InvalidInput("At most %(most)s at once.", code="too-many", place="keys", most=_MOST_NAMED)
    found: dict[str, list[str]] = {}
    for key, number in session.execute(select(Lot.lot_key, Lot.number).where(
            or_(Lot.number.in_(names), Lot.lot_key.in_(names))).order_by(Lot.lot_key)):
        for name in {key, number} & set(names):
            found.setdefault(name, []).append(key)
    for name in names:
        if name not in found:
            raise InvalidInput("There is no batch “%(number)s” of ours.", code="unknown-lot", place="keys",
                               number=name)
        if len(found[name]) > 1:
            raise InvalidInput("Several products have a batch “%(number)s”. Open the one that you mean and start from "
                               "there.", code="ambiguous-lot", place="keys", number=name)
    return tuple(dict.fromkeys(found[name][0] for name in names))


def _site(session: Session, name: str) -> str:
    found = session.scalars(select(Site.id).where(or_(
        Site.id == name, Site.code == name, Site.name_zh == name, Site.name_en == name)).limit(2)).all()
    if len(found) != 1:
        raise InvalidInput("There is no site “%(name)s”, or more than one. Write its code.", code="unknown-site",
                           place="keys", name=name)
    return found[0]


def _named(session: Session, kind: RuleKind, name: str) -> str:
    """A name that stands in some record. A slip of the pen must not look like a scope in which nothing is."""
    column = RECORDED[kind]
    first = name.partition(" · ")[0] if kind == RuleKind.line else name
    if session.scalar(select(column).where(column == first).limit(1)) is None:
        raise InvalidInput("No record of making or sending names “%(name)s”. Write it as the records do.",
                           code="unknown-name", place="keys", name=name)
    return name


def _party(session: Session, name: str) -> str:
    rows = session.scalars(select(Party.id).where(or_(
        Party.id == name, Party.code == name, Party.name_zh == name, Party.name_en == name)).limit(2)).all()
    if len(rows) == 1:
        return rows[0]
    if rows:
        raise InvalidInput("Several partners are called “%(name)s”. Write the code of the one that you mean.",
                           code="ambiguous-party", place="keys", name=name)
    raise InvalidInput("There is no partner “%(name)s”. Write its code or its name.", code="unknown-party",
                       place="keys", name=name)
