"""What XML and JSON call differently: element names, orders, and which values are numbers.

Source: EPCIS 2.0, chapter 9 (XML schema) and chapter 10 (JSON).
"""
from __future__ import annotations

EPCIS_2 = "urn:epcglobal:epcis:xsd:2"
EPCIS_1 = "urn:epcglobal:epcis:xsd:1"
QUERY_2 = "urn:epcglobal:epcis-query:xsd:2"
QUERY_1 = "urn:epcglobal:epcis-query:xsd:1"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
XSD = "http://www.w3.org/2001/XMLSchema"
XML = "http://www.w3.org/XML/1998/namespace"
OWN = frozenset({EPCIS_1, EPCIS_2, QUERY_1, QUERY_2, XSI, XSD, XML})

# list element → item element
LISTS = {
    "epcList": "epc", "childEPCs": "epc", "inputEPCList": "epc", "outputEPCList": "epc",
    "quantityList": "quantityElement", "childQuantityList": "quantityElement",
    "inputQuantityList": "quantityElement", "outputQuantityList": "quantityElement",
    "bizTransactionList": "bizTransaction", "sourceList": "source", "destinationList": "destination",
    "sensorElementList": "sensorElement",
}  # fmt: skip
# kind of word by the list that the type attribute is in
TYPES = {"bizTransaction": "bizTransaction", "source": "party", "destination": "party"}
WORDS = {"bizStep": "bizStep", "disposition": "disposition"}
REPORT_WORDS = {"type": "measurement", "exception": "alert", "component": "component"}
NUMBERS = frozenset({"value", "minValue", "maxValue", "meanValue", "sDev", "percRank", "percValue"})
# 1.x wraps what came later; 2.0 does not.
WRAPPERS = frozenset({"extension", "baseExtension"})

_HEAD = ("eventTime", "recordTime", "eventTimeZoneOffset", "eventID", "errorDeclaration", "certificationInfo")
_WHY = ("bizStep", "disposition", "readPoint", "bizLocation")
_REST = ("sourceList", "destinationList", "sensorElementList", "persistentDisposition", "ilmd")
ORDER = {
    "ObjectEvent": (*_HEAD, "epcList", "action", *_WHY, "bizTransactionList", "quantityList", *_REST),
    "AggregationEvent": (*_HEAD, "parentID", "childEPCs", "action", *_WHY, "bizTransactionList", "childQuantityList",
                         *_REST),
    "TransactionEvent": (*_HEAD, "bizTransactionList", "parentID", "epcList", "action", *_WHY, "quantityList", *_REST),
    "TransformationEvent": (*_HEAD, "inputEPCList", "inputQuantityList", "outputEPCList", "outputQuantityList",
                            "transformationID", *_WHY, "bizTransactionList", *_REST),
    "AssociationEvent": (*_HEAD, "parentID", "childEPCs", "childQuantityList", "action", *_WHY, "bizTransactionList",
                         *_REST),
}
# The places of what is no element of the standard: in each of its two wrappers, and last of all on its own.
_WRAPPED_HEAD, _WRAPPED, _FOREIGN = "baseExtension", "extension", ""


def _ranks(*names: str) -> dict[str, int]:
    return {name: rank for rank, name in enumerate((*names, _WRAPPED, _FOREIGN))}


# element → what may stand in it, by its place in the sequence of the XML schema
RANKS = {kind: _ranks(*_HEAD, _WRAPPED_HEAD, *names[len(_HEAD):]) for kind, names in ORDER.items()} | {
    "quantityElement": _ranks("epcClass", "quantity", "uom"), "readPoint": _ranks("id"), "bizLocation": _ranks("id"),
    "sensorElement": _ranks("sensorMetadata", "sensorReport"), "persistentDisposition": _ranks("unset", "set"),
    "VocabularyElement": _ranks("attribute", "children"),
    "document": {"EPCISHeader": 0, "EPCISBody": 1},  # senders put what is theirs before the body, too
    "QueryResults": _ranks("queryName", "subscriptionID", "resultsBody"),
}
# lists that the XML schema wants even when they are empty
NEEDED = {"ObjectEvent": "epcList", "AggregationEvent": "childEPCs", "TransactionEvent": "epcList"}
