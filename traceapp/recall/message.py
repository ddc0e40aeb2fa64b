"""The open recall message: one recall as data that another system can act on; what the public may know, no more. Pure.

Described in docs/recall-message.md and, for machines, in data/recall-message-<version>.schema.json.
"""
from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from traceapp.core.errors import InvalidInput

VERSIONS = (1, 2)
STATUSES = ("active", "ended", "withdrawn")
MOST_LOTS = 20_000
_GTIN, _GLN = re.compile(r"\d{14}", re.ASCII), re.compile(r"\d{13}", re.ASCII)
_TEXTS = ("title", "risk", "action")
# What is left to do with the batches of a notice that was withdrawn: they stay on hold until each is freed.
_WITHDRAWN = {
    "zh": "本召回通知已撤回，原来的要求不再有效。请继续单独存放这些批次，"
          "不要使用，直到我们通知可以使用为止。",
    "en": "This recall notice was withdrawn; what it asked for no longer applies. Still keep these batches apart and "
          "do not use them, until we tell you that they are free."}


@dataclass(frozen=True, slots=True)
class MessageLot:
    """A batch: `uri` is its EPC class, as in EPCIS events; `serials` first and last of each range that was given out
    for it. `gtin` is None for a product without one."""

    number: str
    uri: str
    gtin: str | None
    name: Mapping[str, str]
    made_on: date | None = None
    expires_on: date | None = None
    serials: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class MessageFacts:
    """What a message says. `revision` counts from 1 and grows with every change that people are told of; `withdrawal`
    says by language why the whole recall was taken back; `depth` how far down the chain people are told."""

    id: str
    reference: str
    recall_class: str
    status: str
    revision: int
    announced_at: datetime
    changed_at: datetime
    issuer: Mapping[str, str]
    title: Mapping[str, str]
    risk: Mapping[str, str]
    action: Mapping[str, str]
    remedy: Mapping[str, str]
    contact: str
    lots: Sequence[MessageLot]
    issuer_gln: str | None = None
    depth: str | None = None
    answer_by: datetime | None = None
    closed_at: datetime | None = None
    withdrawal: Mapping[str, str] = field(default_factory=dict)


def schema_name(version: int) -> str:
    """The schema that a version keeps."""
    return f"recall-message-{version}"


def schema_path(version: int) -> str:
    """Where it is served."""
    return f"/schemas/{schema_name(version)}.json"


def recall_message(facts: MessageFacts, base_url: str, version: int = 1) -> dict[str, Any]:
    """The message as JSON. A message replaces every earlier one with the same `id`. Version 1 cannot say otherwise than
    that its lots are recalled, so that who acts on it looks at `status`; version 2 says what to do."""
    is_withdrawn = facts.status == "withdrawn"
    address = f"{base_url}/recalls/{facts.reference}"
    return {
        "$schema": f"{base_url}{schema_path(version)}", "id": address, "url": f"{address}.json",
        "reference": facts.reference,
        "revision": facts.revision, "supersedes": list(range(1, facts.revision)), "status": facts.status,
        "withdraws": address if is_withdrawn else None,
        "withdrawal": dict(facts.withdrawal) or None, "class": facts.recall_class,
        "announced_at": facts.announced_at.isoformat(), "changed_at": facts.changed_at.isoformat(),
        "closed_at": facts.closed_at.isoformat() if facts.closed_at else None,
        "answer_by": facts.answer_by.isoformat() if facts.answer_by else None,
        "issuer": {"name": dict(facts.issuer), "gln": facts.issuer_gln}, "contact": facts.contact,
        "title": dict(facts.title), "risk": dict(facts.risk),
        "action": dict(_WITHDRAWN if is_withdrawn else facts.action),
        "remedy": dict(facts.remedy) if any(facts.remedy.values()) and not is_withdrawn else None,
        "depth": facts.depth, **_for_systems(facts.id, version, is_withdrawn=is_withdrawn),
        "products": list(_products(facts.lots))}


def _for_systems(recall_id: str, version: int, *, is_withdrawn: bool) -> dict[str, Any]:
    same = {"bizStep": "holding", "bizTransaction": f"urn:traceapp:recall:{recall_id}"}
    if version == 1:
        return {"epcis": {"disposition": "recalled", **same}}
    return {"instruction": "keep_apart" if is_withdrawn else "stop", "epcis": {
        "disposition": None if is_withdrawn else "recalled",
        "persistentDisposition": {"unset" if is_withdrawn else "set": ["recalled"]}, **same}}


def _products(lots: Sequence[MessageLot]) -> Iterator[dict[str, Any]]:
    groups: dict[tuple[str | None, tuple[tuple[str, str], ...]], list[MessageLot]] = {}
    for lot in lots:
        groups.setdefault((lot.gtin, tuple(sorted(lot.name.items()))), []).append(lot)
    for (gtin, name), found in groups.items():
        yield {"gtin": gtin, "name": dict(name), "lots": [{
            "lot": one.number, "epcClass": one.uri, "made_on": one.made_on.isoformat() if one.made_on else None,
            "expires_on": one.expires_on.isoformat() if one.expires_on else None,
            "serials": [{"first": first, "last": last} for first, last in one.serials]} for one in found]}


@dataclass(frozen=True, slots=True)
class NamedLot:
    """A batch that a message of somebody names."""

    number: str
    uri: str
    gtin: str | None
    product: str


@dataclass(frozen=True, slots=True)
class ReceivedMessage:
    """What we need of a message of somebody; title and issuer by language."""

    id: str
    reference: str
    revision: int
    status: str
    recall_class: str
    title: Mapping[str, str]
    issuer: Mapping[str, str]
    issuer_gln: str | None
    lots: tuple[NamedLot, ...]


def read_message(data: object) -> ReceivedMessage:
    """A message of somebody, as far as it is needed here. Raises InvalidInput for what is none, with its place."""
    message = _object(data, "")
    named = _text(message, "$schema", "")
    if not any(schema_name(version) in named for version in VERSIONS):
        raise InvalidInput("This is no recall message of version 1 or 2.", code="not-a-recall-message", place="$schema")
    for name in _TEXTS:
        _object(message.get(name), name)
    issuer = _object(message.get("issuer"), "issuer")
    status = _text(message, "status", "")
    if status not in STATUSES:
        raise InvalidInput("“%(status)s” is not one of: %(known)s.", code="unknown-status", place="status",
                           status=status[:20], known=", ".join(STATUSES))
    lots = tuple(_named(message.get("products")))
    if not lots or len(lots) > MOST_LOTS:
        raise InvalidInput("A message names 1 to %(most)d batches.", code="too-many-lots", place="products",
                           most=MOST_LOTS)
    return ReceivedMessage(
        _text(message, "id", "")[:300], _text(message, "reference", "")[:60], _whole(message, "revision"), status,
        _text(message, "class", "")[:4], _texts(message["title"]), _texts(_object(issuer.get("name"), "issuer/name")),
        _matched(issuer.get("gln"), _GLN), lots)


def _named(products: object) -> Iterator[NamedLot]:
    for number, value in enumerate(_list(products, "products")):
        place = f"products/{number}"
        product = _object(value, place)
        for at, one in enumerate(_list(product.get("lots"), f"{place}/lots")):
            lot = _object(one, f"{place}/lots/{at}")
            yield NamedLot(_text(lot, "lot", f"{place}/lots/{at}")[:200], _text(lot, "epcClass", f"{place}/lots/{at}")[
                :2000], _matched(product.get("gtin"), _GTIN), in_language(_texts(_object(
                product.get("name"), f"{place}/name")), "zh"))


def _object(value: object, place: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise InvalidInput("Here has to be an object.", code="not-an-object", place=place or "body")
    return value


def _list(value: object, place: str) -> Sequence[Any]:
    if not isinstance(value, list):
        raise InvalidInput("Here has to be a list.", code="not-a-list", place=place)
    return value


def _text(value: Mapping[str, Any], name: str, place: str) -> str:
    found = value.get(name)
    if not isinstance(found, str) or not found.strip():
        raise InvalidInput("Here has to be a text.", code="not-a-text", place=f"{place}/{name}".lstrip("/"))
    return found.strip()


def _whole(value: Mapping[str, Any], name: str) -> int:
    found = value.get(name)
    if isinstance(found, bool) or not isinstance(found, int) or not 0 < found < 1_000_000:
        raise InvalidInput("Here has to be a whole number above zero.", code="not-a-number", place=name)
    return found


def _matched(value: object, pattern: re.Pattern[str]) -> str | None:
    return value if isinstance(value, str) and pattern.fullmatch(value) else None


def _texts(texts: Mapping[str, Any]) -> dict[str, str]:
    return {str(language)[:8]: str(text)[:300] for language, text in list(texts.items())[:20] if text}


def in_language(texts: Mapping[str, str], language: str) -> str:
    """The text in a language, or in another where there is none."""
    return texts.get(language) or next(iter(texts.values()), "")
