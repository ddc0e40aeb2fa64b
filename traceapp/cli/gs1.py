"""`gs1 parse`, `gs1 uri`, `gs1 scan`, `gs1 epc`."""
from __future__ import annotations

import argparse
import sys
from collections.abc import Callable

from .text_input import items


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the commands about GS1 identification."""
    group = commands.add_parser("gs1", help="read and write GS1 identification")
    acts = group.add_subparsers(dest="act", required=True, metavar="ACT")
    parse = acts.add_parser("parse", help="a Digital Link URI, element string (^ is FNC1), bracketed string, scan data "
                            "or the code of another issuing agency → one JSON line each")
    parse.add_argument("--legacy", action="store_true", help="in URIs, also GTINs of 8, 12 or 13 digits and the old "
                       "names such as /gtin/")
    parse.add_argument("--unknown-ais", action="store_true", help="take AIs that GS1 has not given out as text")
    parse.add_argument("--complete", action="store_true", help="refuse an AI that needs another one which is missing")
    parse.set_defaults(run=_parse)
    uri = acts.add_parser("uri", help="bracketed AIs → canonical Digital Link URI")
    uri.add_argument("--stem", default=None, help="begin with this address instead of https://id.gs1.org")
    uri.add_argument("--keep-order", action="store_true", help="leave the query in the order given, predefined lengths "
                     "first, instead of sorting it")
    uri.set_defaults(run=_uri)
    scan = acts.add_parser("scan", help="bracketed AIs and a symbology identifier → what a scanner sends")
    scan.add_argument("--symbology", default="]d2", help="such as ]C1, ]d2, ]Q3, ]Q1 (default ]d2)")
    scan.set_defaults(run=_scan)
    epc = acts.add_parser("epc", help="bracketed AIs → EPC binary string (eh…) or EPC URN")
    epc.add_argument("--scheme", default="", help="such as SGTIN-96, SGTIN+, SGTIN++ (default: the one of TDS 2 for "
                     "the key)")
    epc.add_argument("--prefix-length", type=int, default=0, metavar="N", help="digits of the company prefix; needed "
                     "for --urn and for the schemes with a number of bits, such as SGTIN-96")
    epc.add_argument("--filter", type=int, default=0, choices=range(8), metavar="N", help="filter value, 0 to 7")
    epc.add_argument("--host", default="", help="host name for the schemes that end in ++")
    forms = epc.add_mutually_exclusive_group()
    forms.add_argument("--base64", action="store_true", help="ex… instead of eh…")
    forms.add_argument("--urn", action="store_true", help="urn:epc:… instead of eh…")
    epc.set_defaults(run=_epc)
    for act in (parse, uri, scan, epc):
        act.add_argument("text", nargs="*", help="- or nothing: standard input, one item a line")


def _parse(options: argparse.Namespace) -> int:
    from traceapp.gs1.lines import parse_line

    from . import show

    good = True
    chosen = {"legacy": options.legacy, "unknown_ais": options.unknown_ais, "complete": options.complete}
    for text in items(options.text):
        line = parse_line(text, **chosen)
        good = good and bool(line["ok"])
        show(line)
    return 0 if good else 1


def _each(options: argparse.Namespace, convert: Callable[[str], str]) -> int:
    from traceapp.gs1.errors import Gs1Error

    good = True
    for text in items(options.text):
        try:
            print(convert(text))
        except Gs1Error as error:
            good = False
            print()
            print(f"traceapp: {error.text} [{error.code}, at {error.start}, length {error.length}]: {text}",
                  file=sys.stderr)
    return 0 if good else 1


def _uri(options: argparse.Namespace) -> int:
    from traceapp.gs1.lines import uri_line
    from traceapp.gs1.parsed import STEM

    return _each(options, lambda text: uri_line(text, options.stem or STEM, sort=not options.keep_order))


def _scan(options: argparse.Namespace) -> int:
    from traceapp.gs1.lines import scan_line

    return _each(options, lambda text: scan_line(text, options.symbology))


def _epc(options: argparse.Namespace) -> int:
    from traceapp.gs1 import digital_link, encode_epc_binary, parse, uri_to_epc_urn

    def binary(text: str) -> str:
        return encode_epc_binary(parse(text), options.scheme, prefix_length=options.prefix_length,
                                 filter_value=options.filter, host=options.host, base64=options.base64)

    def urn(text: str) -> str:
        return uri_to_epc_urn(digital_link(parse(text).ai, complete=False), options.prefix_length)

    return _each(options, urn if options.urn else binary)
