"""The genealogy of a lot on its page: a small picture and its table twin."""
from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from flask import url_for
from flask_babel import gettext
from markupsafe import Markup

from traceapp.catalog.model import Party
from traceapp.trace.genealogy import Node, Trace
from traceapp.trace.receivers import PARTY
from traceapp.web.ui import current_locale, graph
from traceapp.web.ui.display import number, unit

from .trace_picture import SUPPLIER, PictureWish, trace_picture
from .words import named

_MOST_DRAWN = 60


@dataclass(frozen=True, slots=True)
class GenealogyView:
    """`picture` is None where the lot has neither ancestors nor descendants nor consignees; `rows` for the table."""

    picture: Markup | None
    rows: list[dict[str, Any]]
    said: str


def amount_text(value: Decimal | None, unit_code: str | None) -> str:
    """A quantity that may not be stated, in the reader's language."""
    if value is None:
        return ""
    locale = current_locale()
    return f"{number(value, locale)} {unit(unit_code, locale)}" if unit_code else number(value, locale)


def thing_url(key: str) -> str:
    """The page of a node of a picture: a lot, a supplier, a consignee."""
    for prefix in (PARTY, SUPPLIER):
        if key.startswith(prefix):
            return url_for("console.partner", party_id=key.removeprefix(prefix))
    return url_for("console.lot", lot_key=key)


def genealogy_view(trace: Trace, suppliers: Mapping[str, Party], today: date) -> GenealogyView:
    """The trace as the page of its lot shows it; what is folded opens on the page of the trace."""
    whole = url_for("console.trace", name=trace.root.lot_key, kind="item")
    found = trace_picture(trace, suppliers, PictureWish(today, thing_url, folds=graph.FoldWish(
        most=_MOST_DRAWN, url=lambda name: f"{whole}&open={name}#picture")))
    picture = found.picture.svg if found.picture is not None else None
    return GenealogyView(picture, [_row(node) for node in trace.nodes], said_of(trace))


def said_of(trace: Trace) -> str:
    """The trace in one sentence."""
    sides = Counter(node.side for node in trace.nodes)
    up, down, consignees = (number(count, current_locale()) for count in (
        sides["up"], sides["down"], trace.totals.consignees))
    text = gettext("%(up)s lots upstream, %(down)s downstream, %(consignees)s consignees.", up=up, down=down,
                   consignees=consignees)
    return f"{text} {gettext('There is more than is shown here; the files hold more.')}" if trace.truncated else text


def _row(node: Node) -> dict[str, Any]:
    return {"url": url_for("console.lot", lot_key=node.lot_key), "cells": {
        "number": node.number, "name": named(node), "side": side_word(node.side), "depth": node.depth,
        "quantity": amount_text(node.quantity, node.quantity_unit), "share": percent_text(node.share),
        "made": amount_text(node.made, node.unit) if node.is_own else "",
        "stock": amount_text(node.stock, node.unit), "shipped": amount_text(node.shipped, node.unit)}}


def side_word(side: str) -> str:
    """On which side of the start a lot of a trace is."""
    return {"root": gettext("Start"), "up": gettext("Upstream"), "down": gettext("Downstream")}[side]


def percent_text(share: Decimal | None) -> str:
    """A share in per cent; empty where it is not known, and never nothing where there is something."""
    if share is None:
        return ""
    percent = (share * 100).quantize(Decimal("0.01"))
    return number(percent, current_locale()) if percent or not share else "< 0.01"
