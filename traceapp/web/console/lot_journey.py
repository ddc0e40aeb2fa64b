"""The journey of a lot: where it is now, and its events in plain words, as a timeline and as a table."""
from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask import url_for
from flask_babel import gettext, lazy_gettext, ngettext
from sqlalchemy.orm import Session

from traceapp.trace.journey import Journey, Stop, journey_of
from traceapp.trace.model import PositionState
from traceapp.trace.overview import LotHead
from traceapp.trace.position_query import MOST_PLACES, PlaceName, Whereabouts, named_places, positions_at
from traceapp.web.reading import ZONE
from traceapp.web.ui import current_locale
from traceapp.web.ui.display import day, moment
from traceapp.web.words import own_name

from .lot_picture import amount_text
from .words import step_word

Names = Mapping[str, PlaceName]
# Business step and disposition of our own decisions about a lot.
_DECISIONS = {
    ("storing", "available"): lazy_gettext("Released"), ("holding", "non_conformant"): lazy_gettext("Rejected"),
    ("holding", "unavailable"): lazy_gettext("Put on hold"), ("holding", "recalled"): lazy_gettext("Recalled"),
    ("holding", "available"): lazy_gettext("Hold lifted")}
_MEANINGS = {"destroying": "stop", "decommissioning": "stop", "holding": "check"}


def journey_part(session: Session, head: LotHead) -> dict[str, Any]:
    """What the page of the journey shows."""
    journey = journey_of(session, head.lot.lot_key, lambda at: at.astimezone(ZONE))
    positions = positions_at(session, head.lot.lot_key, None)
    uris = [uri for stop in journey.stops for uri in (stop.place, stop.source, stop.destination, stop.via)]
    uris += [uri for one in positions for uri in (one.place, one.owner, one.possessor, *one.inside)]
    names = named_places(session, uris)
    return {"places": [_place_row(one, names) for one in positions], "is_cut_off": len(positions) >= MOST_PLACES,
            "stops": [_entry(stop, journey, names) for stop in journey.stops],
            "stop_rows": [_table_row(stop, journey, names) for stop in journey.stops], "journey": journey}


def name_of(uri: str, names: Names) -> str:
    """What a place, party or container is called in the reader's language; its URI where nobody said."""
    return own_name(names.get(uri), uri)


def where_text(one: Whereabouts, names: Names) -> str:
    """Where so much of a lot is, in words."""
    place = name_of(one.place, names)
    if one.state is PositionState.at:
        text = gettext("Our stock: %(place)s", place=place or gettext("no place named")) if one.is_stock else place
    elif one.state is PositionState.transit:
        text = (gettext("Sent to %(place)s; arrival not told", place=place) if place
                else gettext("Sent off; nobody says where to"))
    else:
        text = gettext("Nobody says where")
    if one.inside:
        text += " · " + gettext("in %(container)s", container=name_of(one.inside[0], names))
    return text


def _place_row(one: Whereabouts, names: Names) -> dict[str, Any]:
    party = names.get(one.place)
    url = url_for("console.partner", party_id=party.party_id) if party is not None and party.party_id else None
    ours = gettext("we") if one.is_stock else ""
    return {"where": where_text(one, names), "url": url,
            "quantity": amount_text(one.quantity, one.unit) or gettext("not known"),
            "owner": ours or name_of(one.owner, names), "possessor": ours or name_of(one.possessor, names),
            "since": one.since}


def _title(stop: Stop) -> str:
    if stop.role == "input":
        return gettext("Used in a batch")
    if stop.role == "output":
        return gettext("Made")
    if stop.role == "child":
        return gettext("Taken out") if stop.action == "DELETE" else gettext("Packed")
    if stop.disposition == "returned":
        return gettext("Returned")
    decision = _DECISIONS.get((stop.step, stop.disposition))
    return str(decision) if decision else step_word(stop.step)


def _where(stop: Stop, names: Names) -> str:
    """From whom, where, to whom."""
    parts = []
    if stop.source and stop.source != stop.place:
        parts.append(gettext("from %(party)s", party=name_of(stop.source, names)))
    if stop.place:
        parts.append(gettext("at %(place)s", place=name_of(stop.place, names)))
    if stop.destination and stop.destination != stop.place:
        parts.append(gettext("to %(party)s", party=name_of(stop.destination, names)))
    if stop.via:
        parts.append(gettext("with %(container)s", container=name_of(stop.via, names)))
    return " · ".join(parts)


def _when(stop: Stop, folded: str) -> str:
    locale = current_locale()
    if not folded or stop.count == 1:
        return moment(stop.at, locale)
    first, last = (day(at.astimezone(ZONE).date(), locale) for at in (stop.at, stop.until))
    return first if first == last else f"{first} – {last}"


def _entry(stop: Stop, journey: Journey, names: Names) -> dict[str, Any]:
    amount = amount_text(stop.quantity, stop.unit) if stop.quantity else ""
    times = ngettext("%(num)d time", "%(num)d times", stop.count) if stop.count > 1 else ""
    return {"when": _when(stop, journey.folded), "iso": _iso(stop.at), "meaning": _MEANINGS.get(stop.step, "plain"),
            "title": " · ".join(part for part in (_title(stop), amount, times) if part), "text": _where(stop, names)}


def _iso(at: datetime) -> str:
    return at.isoformat(timespec="seconds")


def _table_row(stop: Stop, journey: Journey, names: Names) -> dict[str, Any]:
    return {"cells": {
        "when": _when(stop, journey.folded), "what": _title(stop), "count": stop.count,
        "quantity": amount_text(stop.quantity, stop.unit) if stop.quantity else "–",
        "place": name_of(stop.place, names), "source": name_of(stop.source, names),
        "destination": name_of(stop.destination, names), "via": name_of(stop.via, names)}}
