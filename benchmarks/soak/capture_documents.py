"""The documents of the soak run of captures: each follows from its mark, so that what must be stored of it is known."""
from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass
from typing import Any

from benchmarks import event_mix

Json = dict[str, Any]
KINDS = ("sound", "overlapping", "declares an error", "faulty, proceeds", "reuses a name, proceeds", "reuses a name")
TAKEN = "urn:soak:taken"
_MOST_CYCLES = 12
_SHARED = 40


@dataclass(frozen=True, slots=True)
class Sent:
    """A document: `own` says how many events of each of its own identifiers are stored once it is captured."""

    content: bytes
    proceeds: bool
    own: Counter[str]


def first_document() -> bytes:
    """What takes the identifier that others reuse."""
    return event_mix.document([_named(event_mix.cycle(0, 0)[0], TAKEN)])


def document_of(mark: str, seed: int) -> Sent:
    """The document of a mark such as `soak writer-3 000017`."""
    writer, number = (int(part) for part in mark.removeprefix("soak writer-").split())
    chance = random.Random(f"{seed} {mark}")
    kind = KINDS[(writer + number) % len(KINDS)]
    start = (1 + writer) * 1_000_000 + number * _MOST_CYCLES
    cycles = range(start, start + chance.randint(1, _MOST_CYCLES))
    events = [_named(event, f"urn:soak:{writer}:{number}:{place}") for place, event in enumerate(
        event for cycle in cycles for event in event_mix.cycle(cycle, seed))]
    own = Counter(event["eventID"] for event in events)
    if kind == "declares an error":
        events.append(events[3] | {"errorDeclaration": {"declarationTime": "2026-11-09T00:00:00Z",
                                                        "reason": "did_not_occur"}})
        own[events[3]["eventID"]] += 1
    events = [*events, *_extra(kind, chance, seed, f"urn:soak:{writer}:{number}:unsound")]
    chance.shuffle(events)
    return Sent(event_mix.document(events), kind.endswith("proceeds"), Counter() if kind == "reuses a name" else own)


def _extra(kind: str, chance: random.Random, seed: int, name: str) -> list[Json]:
    if kind == "overlapping":
        pool = [(cycle, place) for cycle in range(_SHARED) for place in range(event_mix.EVENTS_OF_A_CYCLE)]
        return [_named(event_mix.cycle(cycle, seed)[place], f"urn:soak:shared:{cycle}:{place}")
                for cycle, place in chance.sample(pool, 6)]
    if kind.startswith("reuses"):
        return [_named(event_mix.cycle(900_000, seed)[4], TAKEN)]
    if kind.startswith("faulty"):
        return [_named(event_mix.cycle(900_000, seed)[0], name) | {"bizStep": "no_such_step"}]
    return []


def _named(event: Json, name: str) -> Json:
    return event | {"eventID": name}
