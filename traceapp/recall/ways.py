"""The ways by which somebody is told, and the kinds of messages that go by each. Pure."""
from __future__ import annotations

from dataclasses import dataclass

MAIL, TEXT = "mail", "text"
_TEXT_END = ".text"


@dataclass(frozen=True, slots=True)
class Reach:
    """Where somebody can be reached: an address, a mobile number in E.164, either may be empty; `wish` is `all`,
    `mail` or `text`."""

    email: str
    mobile: str
    wish: str = "all"

    def ways(self) -> tuple[str, ...]:
        """Every way that there is, or the one that is wished for; a wish never leaves somebody untold."""
        there = tuple(way for way, address in ((MAIL, self.email), (TEXT, self.mobile)) if address)
        return (self.wish,) if self.wish in there else there


def kind_by(kind: str, way: str) -> str:
    """The kind of the messages that say the same by this way."""
    return kind + _TEXT_END if way == TEXT else kind


def way_of(kind: str) -> str:
    """By which way a message of this kind goes."""
    return TEXT if kind.endswith(_TEXT_END) else MAIL


def said_by(kind: str) -> str:
    """What a message of this kind says, whatever its way."""
    return kind.removesuffix(_TEXT_END)


def both(*kinds: str) -> tuple[str, ...]:
    """Each kind by every way."""
    return tuple(kind_by(kind, way) for kind in kinds for way in (MAIL, TEXT))
