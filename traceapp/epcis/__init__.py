"""EPCIS 2.0, pure: read, check, write, build and hash events. See `Event` for what an event says."""
from .build import (
    More,
    Packing,
    What,
    When,
    Where,
    Why,
    aggregation_event,
    error_declared,
    exact_number,
    object_event,
    transformation_event,
    with_event_id,
)  # fmt: skip
from .checker import check, check_json
from .event_hash import event_hash, event_hashes, pre_hash
from .json_form import document_from, dumps, event_from, json_pieces, load_json, write_json, write_query_json
from .model import ClassQuantity, Document, EpcisErrors, Event, Finding, MasterItem
from .namespaces import CBVMDA, EPCIS_CONTEXT, OUR_CONTEXT, TA
from .reader import read, read_in_part, read_json, read_with_findings, read_xml
from .xml_form import write_xml

__all__ = [
    "CBVMDA", "EPCIS_CONTEXT", "OUR_CONTEXT", "TA", "ClassQuantity", "Document", "EpcisErrors", "Event", "Finding",
    "MasterItem", "More", "Packing", "What", "When", "Where", "Why", "aggregation_event", "check", "check_json",
    "document_from", "dumps", "error_declared", "event_from", "event_hash", "event_hashes", "exact_number",
    "json_pieces", "load_json",
    "object_event", "pre_hash", "read", "read_in_part", "read_json", "read_with_findings", "read_xml",
    "transformation_event", "with_event_id", "write_json", "write_query_json", "write_xml",
]  # fmt: skip
