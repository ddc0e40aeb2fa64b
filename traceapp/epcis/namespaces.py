"""What a prefix means: the `@context` of a document and the prefixes that the EPCIS context always brings."""
from __future__ import annotations

from collections.abc import Iterable
from typing import Any

EPCIS_CONTEXT = "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"
CBVMDA = "urn:epcglobal:cbv:mda:"
TA = "urn:traceapp:ns:"
OUR_CONTEXT: list[Any] = [EPCIS_CONTEXT, {"cbvmda": CBVMDA}, {"ta": TA}]

# Source: EPCIS 2.0 JSON-LD context.
STANDARD_PREFIXES = {
    "epcis": "https://ref.gs1.org/epcis/",
    "cbv": "https://ref.gs1.org/cbv/",
    "cbvmda": CBVMDA,
    "gs1": "https://gs1.org/voc/",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "owl": "http://www.w3.org/2002/07/owl#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
    "dcterms": "http://purl.org/dc/terms/",
}
SCHEMES = frozenset({"http", "https", "urn", "ni", "did", "tag", "data", "file", "geo", "mailto", "tel", "ftp"})


def as_list(context: Any) -> list[Any]:
    """An `@context` as the list that it stands for."""
    if context is None:
        return []
    return list(context) if isinstance(context, list) else [context]


def joined(outer: Iterable[Any], inner: Any) -> list[Any]:
    """`outer` with what `inner` adds to it, each entry once, later ones last."""
    result = list(outer)
    result += [entry for entry in as_list(inner) if entry not in result]
    return result


def prefixes(context: Iterable[Any]) -> dict[str, str]:
    """prefix → namespace of everything that `context` declares in place, later entries over earlier ones."""
    found: dict[str, str] = {}
    for entry in context:
        if not isinstance(entry, dict):
            continue
        for name, meaning in entry.items():
            if isinstance(meaning, dict):
                meaning = meaning.get("@id")
            if isinstance(meaning, str) and meaning and not name.startswith("@"):
                found[name] = meaning
    return found


def namespace_of(prefix: str, declared: dict[str, str]) -> str | None:
    """What `prefix` stands for, by the document first and the standard's own context then."""
    return declared.get(prefix) or STANDARD_PREFIXES.get(prefix)
