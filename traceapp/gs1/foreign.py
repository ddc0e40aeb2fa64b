"""Identifiers that other people wrote: brought to the canonical form where that is possible, never refused."""
from __future__ import annotations

from urllib.parse import urlsplit

from .digital_link import parse_uri
from .epc_urn import epc_urn_to_uri, is_without_link
from .errors import Gs1Error

_EPC = "urn:epc:"
_EPC_KINDS = ("urn:epc:id:", "urn:epc:class:", "urn:epc:idpat:")
# a URI with an accidental /01/ in its path is somebody else's business, unless it is on GS1's own host
_GS1_HOST = "id.gs1.org"


def loose_canonical(uri: str) -> tuple[str, list[Gs1Error]]:
    """The canonical form of a Digital Link URI or an EPC URN, and what is wrong with it.

    A wrong check digit or date does not stop it; short GTINs and the old names (/gtin/, /lot/) are understood.
    A URI that is not GS1 at all comes back as it is with no flags; one that claims to be and cannot be read comes
    back as it is with the reason.
    """
    if uri.startswith(_EPC):
        return _from_urn(uri) if uri.startswith(_EPC_KINDS) else (uri, [])
    flags: list[Gs1Error] = []
    try:
        parsed = parse_uri(uri, legacy=True, flags=flags)
    except Gs1Error as error:
        return uri, [error] if _claims_to_be_gs1(uri) else []
    return (parsed.uri or uri), flags


def _from_urn(urn: str) -> tuple[str, list[Gs1Error]]:
    if is_without_link(urn):
        return urn, []
    try:
        return epc_urn_to_uri(urn), []
    except Gs1Error as error:
        return urn, [error]


def _claims_to_be_gs1(uri: str) -> bool:
    try:
        return urlsplit(uri).hostname == _GS1_HOST
    except ValueError:
        return False
