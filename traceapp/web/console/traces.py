"""The page of a trace: from anything that has a name, as a picture, as tables, as files."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from flask import Response, request
from flask_babel import gettext, ngettext
from sqlalchemy.orm import Session

from traceapp.catalog.lookup import products_by_id
from traceapp.core.errors import Conflict, NotFound
from traceapp.trace.genealogy import Node, Trace, trace_from
from traceapp.trace.model import Lot
from traceapp.trace.receivers import PARTY, suppliers_of
from traceapp.trace.starting import Start, StartKind, others_called, party_called, start_of
from traceapp.web.asked_trace import AskedTrace
from traceapp.web.context import world
from traceapp.web.listings_trace import trace_table, trace_text
from traceapp.web.problems import translated
from traceapp.web.tables import send_table, send_text
from traceapp.web.ui import graph

from . import trace_page as shown
from .finding import lots_meant
from .layout import blueprint, page, today
from .listing import address, choice, sort_link, wished
from .lot_picture import said_of, thing_url
from .trace_picture import SUPPLIER, PictureWish, TracePicture, trace_picture
from .words import named, options

# endpoint -> permission (see traceapp.web.permissions)
PERMISSIONS: dict[str, str] = {"console.trace": "trace.read", "console.trace_export": "trace.read"}

_WISHES = ("name", "kind", "direction", "times", "since", "at", "find", "part", "sort", "page")
_ASKED = _WISHES[:5]
_MOST_OPEN = 7000
_LONGEST_OPEN = 2000


@dataclass(frozen=True, slots=True)
class Choice:
    """Something that the name can mean: its kind in words, its own name, what it is, and the address of its trace."""

    kind: str
    title: str
    text: str
    url: str


@blueprint.get("/trace")
def trace() -> Response:
    """The page; without a name it asks for one."""
    values = wished(*_WISHES)
    if not values["name"]:
        return _page(values, None, [], "")
    asked = shown.asked_trace(values)
    with world().database.read() as session:
        try:
            start = asked.start(session)
        except (NotFound, Conflict) as error:
            choices = _choices(session, asked, values)
            return _page(values, None, choices, translated(error) if not choices else "", 200 if choices else 404)
        found = trace_from(session, start.keys, asked.wish)
        suppliers = suppliers_of(session, {node.lot_key for node in found.nodes})
        name, title = _names(session, start, found.root)
    if len(found.roots) > 1:
        title = f"{title} · {ngettext('%(num)d lot', '%(num)d lots', len(found.roots))}"
    picture = trace_picture(found, suppliers, _picture_wish(values, len(found.nodes) + len(found.receivers)))
    return _page(values, Shown(found, start, title, picture), [], "", box=name)


@dataclass(frozen=True, slots=True)
class Shown:
    """What a page with a trace is made of; `title` is what it begins from in words."""

    trace: Trace
    start: Start
    title: str
    picture: TracePicture


def _page(values: Mapping[str, str], found: Shown | None, choices: list[Choice], wrong: str, status: int = 200, *,
          box: str = "") -> Response:
    part = choice(values["part"], shown.PARTS) or "lots"
    more: dict[str, Any] = {}
    if found is not None:
        kept = {name: values[name] for name in (*_ASKED, "part", "sort")}

        def heads(key: str) -> dict[str, Any]:
            return sort_link("console.trace", kept, key, shown.DEFAULT_SORT[part])

        rows = {"lots": shown.lot_rows, "consignees": shown.party_rows, "places": shown.place_rows}.get(part)
        more = {"rows": rows(found.trace, values, heads) if rows is not None else None, "said": said_of(found.trace),
                "tiles": shown.tiles_of(found.trace), "detail": _detail(found, values), "opened": bool(_opened()),
                "whole_url": f"{_query(values, open=graph.ALL)}#picture", "folded_url": f"{_query(values)}#picture",
                "may_open": len(found.trace.nodes) + len(found.trace.receivers) <= _MOST_OPEN,
                "page_url": lambda number: f"{address('console.trace', kept, page=str(number))}#table",
                "find_url": lambda key: f"{_query(values, at=key)}#picture", "tab_links": _tabs(values, found.trace),
                "exports": [(form.upper(), address("console.trace_export", _only(values), format=form))
                            for form in shown.FORMS]}
    return page("console/trace.html", status, values=values, box=box or values["name"], found=found, choices=choices,
                wrong=wrong, part=part, kinds=options(shown.KINDS), ways=options(shown.WAYS), open=sorted(_opened()),
                **more)


def _only(values: Mapping[str, str]) -> dict[str, str]:
    return {name: values[name] for name in _ASKED}


def _opened() -> frozenset[str]:
    return frozenset(name for name in request.args.get("open", "")[:_LONGEST_OPEN].split(",") if name)


def _query(values: Mapping[str, str], **changes: str) -> str:
    """The same page with these changes, as short as can be: it stands on every node."""
    kept = {name: value for name, value in {**_only(values), **changes}.items() if value}
    return f"?{urlencode(kept, safe=',:/')}"


def _picture_wish(values: Mapping[str, str], size: int) -> PictureWish:
    opened = _opened()
    if size > _MOST_OPEN:
        opened -= {graph.ALL}
    stays = _query(values, open=",".join(sorted(opened)))

    def open_url(name: str) -> str:
        return f"{_query(values, open=','.join(sorted(opened | {name})), at=values['at'])}#picture"

    return PictureWish(today(), lambda key: f"{stays}&at={key}#picture", values["at"], values["find"],
                       graph.FoldWish(opened=opened, url=open_url))


def _tabs(values: Mapping[str, str], found: Trace) -> list[dict[str, Any]]:
    labels = {"lots": (gettext("Lots"), len(found.nodes)), "consignees": (gettext("Consignees"), len(found.receivers)),
              "places": (gettext("Places"), len(found.positions)),
              "balance": (gettext("Mass balance of the start"), None)}
    if not found.positions:
        del labels["places"]
    present = choice(values["part"], shown.PARTS) or "lots"
    return [{"label": label, "count": None if count is None else f"{count:,}", "current": name == present,
             "url": f"{address('console.trace', _only(values), part='' if name == 'lots' else name)}#table"}
            for name, (label, count) in labels.items()]


def _names(session: Session, start: Start, root: Node) -> tuple[str, str]:
    """What stands in the box, and what the trace begins from in words."""
    kind = str(shown.KINDS[start.kind])
    if start.kind in (StartKind.supplier, StartKind.consignee):
        party = party_called(session, start.name)
        return (party.code, f"{kind} · {named(party)}") if party is not None else (start.name, f"{kind} · {start.name}")
    if start.kind != StartKind.item:
        return start.name, f"{kind} · {start.name}"
    if start.name != root.lot_key:
        return start.name, f"{root.number} · {named(root)}"
    try:
        is_alone = start_of(session, root.number, StartKind.item).keys == (root.lot_key,)
    except Conflict:
        is_alone = False
    return root.number if is_alone else root.uri, f"{root.number} · {named(root)}"


def _choices(session: Session, asked: AskedTrace, values: Mapping[str, str]) -> list[Choice]:
    """What the name can mean, each with its trace."""
    def leading(kind: StartKind, name: str) -> str:
        return address("console.trace", _only(values), kind=str(kind), name=name)

    found: list[Choice] = []
    if asked.kind in (None, StartKind.item):
        lots: list[Lot] = lots_meant(session, asked.name)
        products = products_by_id(session, (lot.product_id for lot in lots))
        found += [Choice(gettext("Lot"), lot.number, named(products.get(lot.product_id or "")) or lot.name or lot.uri,
                         leading(StartKind.item, lot.lot_key)) for lot in lots]
    if asked.kind is None:
        found += [Choice(str(shown.KINDS[one.kind]), one.name, gettext("%(count)s lots", count=len(one.keys)),
                         leading(one.kind, one.name)) for one in others_called(session, asked.name)]
    return found


@dataclass(frozen=True, slots=True)
class Detail:
    """All about the node that is asked about: its own page, the trace from it, and facts as (term, text)."""

    title: str
    text: str
    url: str
    trace_url: str
    facts: list[tuple[str, str]]


def _detail(found: Shown, values: Mapping[str, str]) -> Detail | None:
    node = found.picture.chosen
    if node is None:
        return None
    lot = found.trace.node(node.key)
    if lot is not None:
        return Detail(lot.number, named(lot), thing_url(node.key),
                      address("console.trace", {"kind": "item", "name": lot.lot_key}), shown.lot_facts(lot))
    receiver = next((one for one in found.trace.receivers if f"{PARTY}{one.consignee_id}" == node.key), None)
    kind = StartKind.supplier if node.key.startswith(SUPPLIER) else StartKind.consignee
    party_id = node.key.removeprefix(SUPPLIER).removeprefix(PARTY)
    return Detail(node.label, node.sub, thing_url(node.key),
                  address("console.trace", {"kind": str(kind), "name": party_id}),
                  shown.party_facts(receiver) if receiver is not None else [])


@blueprint.get("/trace/export")
def trace_export() -> Response:
    """The trace with the filters of the address as a file."""
    asked, form = shown.asked_trace(wished(*_WISHES)), request.args.get("format", "")
    if form not in ("epcis", "dot"):
        return send_table(trace_table(asked), form)
    return send_text("trace", form, *trace_text(asked, form), asked.told())
