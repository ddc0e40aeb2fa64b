"""Times as forms carry them: local time of our own place."""
from __future__ import annotations

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from traceapp.catalog.model import Site
from traceapp.web.context import world

from .layout import ZONE


def default_zone(places: Sequence[Site]) -> str:
    """The zone of our first site; China's where none is known."""
    return places[0].time_zone if places else ZONE


def now_text(zone: str) -> str:
    """The present minute as a date-and-time field holds it."""
    return f"{world().clock.now().astimezone(ZoneInfo(zone)):%Y-%m-%dT%H:%M}"
