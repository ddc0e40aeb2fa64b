"""Documents made up from a seed: all five event types with everything that the standard lets them carry."""
from __future__ import annotations

import random
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from traceapp.epcis import EPCIS_CONTEXT
from traceapp.epcis.vocabulary import (
    BIZ_STEPS,
    DISPOSITIONS,
    ERROR_REASONS,
    MEASUREMENTS,
    PARTY_TYPES,
    TRANSACTION_TYPES,
)

Json = dict[str, Any]
CONTEXT = [EPCIS_CONTEXT, {"ext": "https://ns.example/"}, {"other": "https://other.example/ns#"}]
URIS = (
    "urn:epc:id:sgtin:0614141.107346.2018", "https://id.gs1.org/00/340123450000003338", "urn:x-own:thing:7",
    "https://id.gs1.org/01/09521141012345/21/A%2Fb", "urn:uuid:404d95fc-9457-4a51-bd6a-0bba133845a8",
)  # fmt: skip
_NAMES = ("ext:a", "ext:b", "other:long-name_1", "cbvmda:lotNumber", "ext:ü", "ext:extension")
_INNER_NAMES = (*_NAMES, "plain", "extension", "epcList", "sensorReport", "type", "id")
_TEXTS = ("", "a", "中文", "<&>\"'", "007", "1.50", "true", "a\tb", "urn:epcglobal:cbv:bizstep:shipping", "gs1:x", "é\u0301🙂")
_NUMBERS = ("value", "minValue", "maxValue", "meanValue", "sDev", "percRank", "percValue")
_DEVICE = ("deviceID", "deviceMetadata", "rawData", "dataProcessingMethod", "bizRules")
Part = Callable[[], Any]


class Maker:
    """Makes one document; XML cannot tell a list of one from its item, nor nothing from {}, so neither is made."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.pick = self.random.choice

    def some(self, members: dict[str, Part], chance: float = 0.4) -> Json:
        return {name: part() for name, part in members.items() if self.random.random() < chance}

    def listed(self, part: Part, least: int = 1) -> list[Any]:
        return [part() for _ in range(self.random.randint(least, 3))]

    def uri(self) -> str:
        return self.pick(URIS)

    def uris(self) -> list[str]:
        return self.random.sample(URIS, self.random.randint(1, 3))

    def text(self) -> str:
        return self.pick(_TEXTS)

    def number(self) -> int | Decimal:
        whole = self.random.randint(-(10**12), 10**12)
        return self.pick([whole, Decimal(whole).scaleb(-3), 0, Decimal("0.00000000000000000001")])

    def time(self) -> str:
        seconds, tail = self.random.randint(0, 59), self.pick(["", ".5", ".9996", ".123456789"])
        return f"20{self.random.randint(10, 39)}-02-28T23:59:{seconds:02}{tail}{self.pick(['Z', '+08:00', '-05:30'])}"

    def word(self, words: frozenset[str]) -> str:
        return self.pick([*sorted(words), "https://ns.example/words/own"])

    def value(self, depth: int = 0) -> Any:
        kind = self.random.randint(0, 5 if depth < 4 else 3)
        if kind == 4:
            return {name: self.value(depth + 1) for name in self.random.sample(_INNER_NAMES, self.random.randint(1, 3))}
        if kind == 5:
            return [item for item in self.listed(lambda: self.value(depth + 1), 3) if not isinstance(item, list)] + [1, "2"]
        return self.pick([self.text(), self.number(), self.pick([True, False, None])])

    def extended(self, *members: Json) -> Json:
        names = self.random.sample(_NAMES, self.pick([0, 0, 1, 2]))
        found = {name: self.value() for name in names}
        for known in members:
            found = known | found
        return found

    def ilmd(self) -> Json:
        return self.extended() | {"cbvmda:lotNumber": self.text()}

    def quantity(self) -> Json:
        amount = {"quantity": abs(self.number())} | self.some({"uom": lambda: self.pick(["KGM", "EA", "4H"])})
        return {"epcClass": self.uri()} | self.pick([{}, amount])

    def quantities(self) -> list[Json]:
        return self.listed(self.quantity)

    def place(self) -> Json:
        return self.extended({"id": self.uri()})

    def transactions(self) -> list[Json]:
        return self.listed(lambda: {"bizTransaction": self.uri()} | self.some({"type": lambda: self.word(TRANSACTION_TYPES)}))

    def parties(self, kind: str) -> list[Json]:
        return self.listed(lambda: {"type": self.word(PARTY_TYPES), kind: self.uri()})

    def sensor(self) -> Json:
        devices: dict[str, Part] = dict.fromkeys(_DEVICE, self.uri)
        times: dict[str, Part] = dict.fromkeys(("time", "startTime", "endTime"), self.time)
        others: dict[str, Part] = {
            "time": self.time, "uom": lambda: "CEL", "stringValue": self.text, "hexBinaryValue": lambda: "f0F0",
            "booleanValue": lambda: self.pick([True, False]), "exception": lambda: "ALARM_CONDITION",
            "component": lambda: "latitude", **dict.fromkeys(("microorganism", "uriValue"), self.uri),
            "coordinateReferenceSystem": self.uri, **dict.fromkeys(_NUMBERS, self.number),
        }  # fmt: skip
        reports = self.listed(lambda: self.extended({"type": self.word(MEASUREMENTS)}, self.some(devices | others)))
        metadata: dict[str, Part] = {"sensorMetadata": lambda: self.extended({"time": self.time()}, self.some(devices | times))}
        return self.extended({"sensorReport": reports}, self.some(metadata))

    def persistent(self) -> Json:
        words = self.random.sample(sorted(DISPOSITIONS), 4)
        return self.pick([{"set": words[:2]}, {"unset": words[2:]}, {"set": words[:1], "unset": words[2:]}])

    def error(self) -> Json:
        return self.extended({"declarationTime": self.time()}, self.some(
            {"reason": lambda: self.word(ERROR_REASONS), "correctiveEventIDs": self.uris}))

    def event(self) -> Json:
        action: Json = {"action": self.pick(["OBSERVE", "ADD", "DELETE"])}
        children = action | {"parentID": "urn:x-own:pallet:1", "childEPCs": self.uris()} | self.some(
            {"childQuantityList": self.quantities})
        own = self.pick([
            {"type": "ObjectEvent", "epcList": self.uris(), "action": "ADD"} | self.some(
                {"quantityList": self.quantities, "ilmd": self.ilmd}),
            {"type": "AggregationEvent", **children}, {"type": "AssociationEvent", **children},
            {"type": "TransactionEvent", "bizTransactionList": self.transactions(), "epcList": self.uris(), **action}
            | self.some({"parentID": self.uri, "quantityList": self.quantities}),
            {"type": "TransformationEvent", "inputEPCList": self.uris(), "outputQuantityList": self.quantities()}
            | self.some({"inputQuantityList": self.quantities, "outputEPCList": self.uris,
                         "transformationID": self.uri, "ilmd": self.ilmd}),
            {"type": "ext:OwnEvent"},
        ])  # fmt: skip
        offset = self.pick(["+08:00", "-05:30", "+14:00"])
        common = self.some({
            "recordTime": self.time, "eventID": self.uri, "certificationInfo": lambda: self.pick([self.uri(), [*URIS]]),
            "errorDeclaration": self.error, "bizStep": lambda: self.word(BIZ_STEPS), "readPoint": self.place,
            "disposition": lambda: self.word(DISPOSITIONS), "bizLocation": self.place,
            "bizTransactionList": self.transactions, "sourceList": lambda: self.parties("source"),
            "destinationList": lambda: self.parties("destination"),
            "sensorElementList": lambda: self.listed(self.sensor), "persistentDisposition": self.persistent,
            "@context": lambda: [{"mine": "https://mine.example/"}], "mine:note": self.value,
        })  # fmt: skip
        if "mine:note" in common:
            common["@context"] = [{"mine": "https://mine.example/"}]
        return self.extended({"eventTime": self.time(), "eventTimeZoneOffset": offset}, common, own)

    def vocabularies(self) -> list[Json]:
        def attribute() -> Json:
            return {"id": self.uri(), "attribute": self.pick([self.text(), self.number(), self.ilmd()])}

        def element() -> Json:
            return self.extended({"id": self.uri()}, self.some(
                {"attributes": lambda: self.listed(attribute), "children": self.uris}))

        return self.listed(lambda: self.extended({"type": self.uri()}, self.some(
            {"vocabularyElementList": lambda: self.listed(element)})))

    def document(self) -> Json:
        """A document or a query document."""
        events = self.extended({"eventList": self.listed(self.event)})
        head = {"@context": CONTEXT, "schemaVersion": "2.0", "creationDate": self.time()}
        if self.random.random() < 0.3:
            body = self.extended(events, self.some({"vocabularyList": self.vocabularies}))
            results = self.extended({"queryName": "q", "resultsBody": body}, self.some({"subscriptionID": lambda: "s"}))
            return self.extended(head, {"type": "EPCISQueryDocument", "epcisBody": self.extended({"queryResults": results})})
        more: dict[str, Part] = {
            "id": self.uri, "instanceIdentifier": self.text, "sender": self.text, "receiver": self.text,
            "epcisHeader": lambda: self.extended(self.some(
                {"epcisMasterData": lambda: self.extended(self.some({"vocabularyList": self.vocabularies}))})),
        }  # fmt: skip
        return self.extended(head, {"type": "EPCISDocument", "epcisBody": events}, self.some(more))


MADE = st.integers(0, 2**40).map(lambda seed: Maker(seed).document())


def plain(value: Any) -> Any:
    """`value` without its contexts, which XML has in other places."""
    if isinstance(value, dict):
        return {name: plain(inner) for name, inner in value.items() if name != "@context"}
    return [plain(item) for item in value] if isinstance(value, list) else value
