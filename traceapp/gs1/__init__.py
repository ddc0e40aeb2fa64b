"""GS1 identification, pure: text in, AIs or `Gs1Error` out."""
from __future__ import annotations

from .agencies import Field, Identified
from .dates import format_date, parse_date
from .digital_link import constrained, digital_link, parse_path, parse_uri
from .epc_binary import EpcBinary, decode_epc_binary, encode_epc_binary, is_epc_binary
from .epc_urn import epc_urn_to_uri, uri_to_epc_urn
from .errors import Gs1Error
from .foreign import loose_canonical
from .issuing import identify, lot_number_in
from .keys import gln, gtin14, is_gln, is_gtin, is_sscc, sscc
from .linters import LINTERS, check_digit
from .parsed import STEM, Parsed, bracketed, hri, write_element_string
from .reading import parse, parse_anything
from .scan import parse_scan, scan_data
from .scanner import bare_text, readings
from .table import TABLE, missing_companions

__all__ = [
    "LINTERS",
    "STEM",
    "TABLE",
    "EpcBinary",
    "Field",
    "Gs1Error",
    "Identified",
    "Parsed",
    "bare_text",
    "bracketed",
    "check_digit",
    "constrained",
    "decode_epc_binary",
    "digital_link",
    "encode_epc_binary",
    "epc_urn_to_uri",
    "format_date",
    "gln",
    "gtin14",
    "hri",
    "identify",
    "is_epc_binary",
    "is_gln",
    "is_gtin",
    "is_sscc",
    "loose_canonical",
    "lot_number_in",
    "missing_companions",
    "parse",
    "parse_anything",
    "parse_date",
    "parse_path",
    "parse_scan",
    "parse_uri",
    "readings",
    "scan_data",
    "sscc",
    "uri_to_epc_urn",
    "write_element_string",
]
