"""What an event query asks for, once its parameters are read. Pure."""
from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime

from traceapp.core.errors import InvalidInput
from traceapp.epcis import Event as Said
from traceapp.epcis.times import parse_time

Test = Callable[[Said], bool]


@dataclass(frozen=True, slots=True)
class TermTest:
    """One of `names` has one of `keys`. `descends`: or what lies below it by the master data."""

    names: tuple[str, ...]
    keys: tuple[str, ...]
    descends: bool = False
    uris: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AttributeTest:
    """The master data of the place in `name` have `attribute`, with one of `values` where there are any."""

    name: str
    attribute: str | None
    values: tuple[str, ...]


@dataclass(slots=True)
class EventQuery:
    """All parts must hold. `columns`: column, comparison, values, in the database; `tests`: what only the event itself
    can say. `limit`: give at most so many; `most`: refuse when there are more."""

    terms: list[TermTest] = field(default_factory=list)
    attributes: list[AttributeTest] = field(default_factory=list)
    columns: list[tuple[str, str, tuple[str, ...] | datetime]] = field(default_factory=list)
    event_ids: list[tuple[str, ...]] = field(default_factory=list)
    tests: list[Test] = field(default_factory=list)
    order: str = "event_time"
    is_descending: bool = False
    is_ordered: bool = False
    limit: int | None = None
    most: int | None = None


def bad_value(name: str, value: str) -> InvalidInput:
    """The refusal of a value that a parameter cannot have."""
    return InvalidInput("“%(value)s” cannot be the value of %(name)s.", code="query-parameter", place=name[:60],
                        name=name[:60], value=value[:60])


def one(name: str, values: tuple[str, ...]) -> str:
    """The single value of a parameter. Raises InvalidInput for several."""
    if len(values) != 1:
        raise bad_value(name, "|".join(values))
    return values[0]


def moment(name: str, values: tuple[str, ...]) -> datetime:
    """The time that a parameter names; a `+` that the address turned into a space is read as one."""
    text = one(name, values)
    try:
        return parse_time(text[:10] + text[10:].replace(" ", "+") if "T" in text.upper() else text)
    except ValueError:
        raise bad_value(name, text) from None


def flag(name: str, values: Iterable[str]) -> bool:
    """True or false as a parameter says it; nothing at all is true."""
    text = one(name, tuple(values)).lower()
    if text not in ("true", "false", ""):
        raise bad_value(name, text)
    return text != "false"


def whole_number(name: str, values: tuple[str, ...]) -> int:
    """A whole number from 1 to a million."""
    text = one(name, values)
    if not (text.isascii() and text.isdigit() and len(text) <= 7 and 1 <= int(text) <= 1_000_000):
        raise bad_value(name, text)
    return int(text)
